"""Intervals that allow for clusters: images that are right or wrong together, such as copies of a picture."""

import json

import numpy as np
import pytest

import ferspec
from ferspec.errors import UserError
from ferspec.reference.bootstrap import Resampling, protocol_resampling
from ferspec.reference.clusters import resample_clusters
from ferspec.reference.evaluation import evaluate, figures
from ferspec.reference.intervals import wilson
from helpers.layouts import CLASSES
from helpers.made.sets import pictures

ROUGH = Resampling(level=0.95, replicates=400, seed=1)


def answers(labels, share, rng):
    """Predictions that are right for about a share of the labels, else those of the next class."""
    return np.where(rng.random(len(labels)) < share, labels, (labels + 1) % 7)


def width(metric):
    return metric.high - metric.low


def test_without_twins_nothing_changes_except_the_number_of_clusters():
    rng = np.random.default_rng(0)
    labels = rng.integers(7, size=210)
    predicted = answers(labels, 0.7, rng)
    found = evaluate(labels, predicted, resampling=ROUGH, clusters=np.arange(210))
    assert found.clusters == 210
    assert found.model_copy(update={"clusters": None}) == evaluate(labels, predicted, resampling=ROUGH)


def test_twins_widen_every_interval_and_change_no_value():
    rng = np.random.default_rng(1)
    labels = rng.integers(7, size=350)
    predicted = answers(labels, 0.7, rng)
    labels, predicted, clusters = (np.repeat(one, 4) for one in (labels, predicted, np.arange(350)))
    plain, found = evaluate(labels, predicted), evaluate(labels, predicted, clusters=clusters)
    wider = [name for name, one in figures(found).items() if one.value is not None]
    assert len(wider) == 28
    for name in wider:
        before, after = figures(plain)[name], figures(found)[name]
        assert after.value == before.value
        assert width(after) > 1.5 * width(before)
    low, high = wilson(int((labels == predicted).sum()) // 4, 350, 0.95)
    assert (found.accuracy.low, found.accuracy.high) == pytest.approx((low, high), abs=0.01)
    assert found.rank.best_position <= plain.rank.best_position


@pytest.mark.parametrize("together", ["right", "wrong"])
def test_no_choice_of_clusters_makes_an_interval_narrower(together):
    rng = np.random.default_rng(2)
    labels = rng.integers(7, size=140)
    predicted = answers(labels, 0.7, rng)
    joined = (labels == predicted) == (together == "right")
    clusters = np.where(joined, 0, np.arange(1, 141))
    plain = evaluate(labels, predicted, resampling=ROUGH)
    found = evaluate(labels, predicted, resampling=ROUGH, clusters=clusters)
    for name, one in figures(plain).items():
        if one.value is not None:
            assert figures(found)[name].low <= one.low
            assert figures(found)[name].high >= one.high


def test_the_interval_covers_the_true_accuracy_as_often_as_it_says_where_images_come_in_fours():
    rng, clusters = np.random.default_rng(3), np.repeat(np.arange(100), 4)
    labels = clusters % 7
    covered = {"images": 0, "clusters": 0}
    for _ in range(100):
        predicted = np.repeat(answers(np.arange(100) % 7, 0.6, rng), 4)
        for name, given in (("images", None), ("clusters", clusters)):
            one = evaluate(labels, predicted, resampling=Resampling(0.95, 200, 1), clusters=given).accuracy
            covered[name] += one.low <= 0.6 <= one.high
    assert covered["clusters"] >= 90
    assert covered["images"] < 80


def test_whole_clusters_are_drawn():
    tables = resample_clusters(np.array([0, 0, 1, 1, 1, 2]), np.array([5, 5, 3, 3, 3, 9]), 4, ROUGH)
    assert set(tables[:, 0]) == {0, 2, 4, 6}
    assert set(tables[:, 1]) == {0, 3, 6, 9}
    assert not tables[:, 3].any()


@pytest.fixture(scope="module")
def certified(tmp_path_factory):
    """A certification of recorded predictions of 28 images, every fourth the copy of the one before; and its folder."""
    folder = tmp_path_factory.mktemp("certified")
    labels = np.arange(28) % 7
    np.savez(folder / "set.npz", images=np.stack(pictures(28)), labels=np.array(CLASSES)[labels])
    rows = [
        [number, *(0.7 if name == (label + number // 20) % 7 else 0.05 for name in range(7))]
        for number, label in enumerate(labels)
    ]
    lines = [",".join(map(str, row)) for row in (["image", *CLASSES], *rows)]
    (folder / "p.csv").write_text("\n".join(lines) + "\n")
    clusters = (f"{number},{number // 4 if number % 4 > 1 else ''}" for number in range(28))
    (folder / "clusters.csv").write_text("\n".join(["image,picture", *clusters]) + "\n")
    found = ferspec.certify(
        folder / "p.csv", folder / "set.npz", clusters=folder / "clusters.csv", claims=["accuracy>=0.3"]
    )
    found.write(folder / "out")
    return folder


def edited(certified, path, change):
    document = json.loads((certified / "out" / "certificate.json").read_text())
    change(document)
    path.write_text(json.dumps(document))
    return [one.clause for one in ferspec.verify(path).outcomes if one.status == "fail"]


def test_a_certificate_records_the_clusters_and_their_intervals_are_recomputed(certified, tmp_path):
    document = json.loads((certified / "out" / "certificate.json").read_text())
    assert document["clusters"][:8] == [0, 1, 2, 2, 3, 4, 5, 5]
    assert (document["metrics"]["clusters"], document["metrics"]["n"]) == (21, 28)
    assert document["metrics"]["accuracy"]["method"].startswith("bootstrap over clusters (10,000 replicates)")
    assert ferspec.verify(certified / "out" / "certificate.json").verdict == "pass"
    assert "28 images in 21 clusters" in (certified / "out" / "report.html").read_text()


def test_edited_clusters_or_limits_are_found(certified, tmp_path):
    assert "FER-X-03" in edited(certified, tmp_path / "a.json", lambda one: one.update(clusters=[*range(28)]))
    assert "FER-X-11" in edited(certified, tmp_path / "b.json", lambda one: one["metrics"]["accuracy"].update(low=0.6))
    removed = edited(certified, tmp_path / "c.json", lambda one: (one.pop("clusters"), one["metrics"].pop("clusters")))
    assert "FER-X-03" in removed


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"claims": ["ece<=0.5"]}, "the interval of ece does not allow for clusters"),
        ({"claims": ["accuracy>=0.3"], "sequential": True}, "does not allow for clusters"),
    ],
    ids=["a claim about calibration", "a sequential test"],
)
def test_what_does_not_allow_for_clusters_is_refused(certified, options, said):
    with pytest.raises(UserError, match=said):
        ferspec.certify(certified / "p.csv", certified / "set.npz", clusters=certified / "clusters.csv", **options)


def test_the_drawn_tables_have_the_spread_of_the_protocols_bootstrap_where_clusters_are_images():
    cells = np.arange(300) % 3
    tables = resample_clusters(cells, np.arange(300), 3, protocol_resampling())
    assert tables.sum(axis=1).tolist() == [300] * len(tables)
    assert tables[:, 0].std() == pytest.approx((300 * (1 / 3) * (2 / 3)) ** 0.5, rel=0.03)
