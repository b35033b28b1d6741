"""What changed images cost a model: counts, intervals that hold together, and what cannot be measured."""

import math
from random import Random
from statistics import NormalDist

import numpy as np
import pytest

from ferspec.checks.model.robustness import losses, measure
from ferspec.checks.model.robustness.losses import Counts, Step, robustness_of
from ferspec.checks.model.robustness.measure import REASONS, robustness_on, without_effect
from ferspec.checks.model.robustness.pixels import CHANGES
from ferspec.errors import SubjectError
from ferspec.spec import conditions as data
from ferspec.spec.conditions import Condition, conditions
from ferspec.spec.reading import SpecError
from ferspec.subjects.models import Model, Signature
from ferspec.subjects.models.contracts.contract import Input
from ferspec.subjects.models.subject import ModelSubject
from helpers.miniatures import (
    colour_patches,
    contract,
    model,
    named,
    nearest_centre,
    right,
    right_with_some_noise,
    subject,
)

STEPS = tuple(dict.fromkeys(Step(one.change, amount) for one in conditions() for amount in one.levels))


@pytest.fixture(scope="module")
def patches(tmp_path_factory):
    return colour_patches(tmp_path_factory.mktemp("patches"))


@pytest.fixture(scope="module")
def measured(patches):
    """The losses of a model that is right of most images."""
    return robustness_on(subject(patches, right_with_some_noise))


def level(robustness, id, place=0):
    (found,) = [one for one in robustness.conditions if one.id == id]
    return found.levels[place]


def test_the_loss_of_unchanged_images_is_exactly_0(measured):
    control = level(measured, "control")
    assert (control.only_unchanged, control.only_changed, control.loss.value) == (0, 0, 0.0)
    assert control.loss.low < 0 < control.loss.high


@pytest.mark.parametrize(("change", "amount"), [("noise", 0), ("roll", 0), ("crop", 0), ("expose", 0), ("occlude", 0)])
def test_severity_0_of_a_condition_costs_exactly_0(patches, monkeypatch, change, amount):
    nothing = Condition(
        id="zero", kind="condition", title="none", change=change, levels=(amount,), label="{}", place="", why=""
    )
    for module in (measure, losses):
        monkeypatch.setattr(module, "conditions", lambda: (nothing,))
    found = level(robustness_on(subject(patches, right_with_some_noise)), "zero")
    assert (found.only_unchanged, found.only_changed, found.loss.value) == (0, 0, 0.0)


def test_where_not_all_images_were_asked_the_losses_are_of_those_that_were(patches, monkeypatch):
    kept = tuple(one for one in conditions() if one.id in ("control", "dark"))
    for module in (measure, losses):
        monkeypatch.setattr(module, "conditions", lambda: kept)
    asked = subject(patches, right).only(np.arange(20, 60))
    found = robustness_on(asked)
    assert (found.n, found.statements) == (40, 5)
    assert level(found, "dark", -1).only_unchanged <= 40


@pytest.mark.parametrize("id", ["bgr", "noise", "dark", "gray"])
def test_counts_are_those_of_asking_the_model_by_hand(patches, measured, id):
    (condition,) = [one for one in conditions() if one.id == id]
    images = [patches.image(index) for index in range(len(patches))]
    changed = [CHANGES[condition.change](image, condition.levels[0]) for image in images]
    before, after = (
        right_with_some_noise(np.stack(batch).astype(np.float32) / 255).argmax(axis=1) == patches.labels
        for batch in (images, changed)
    )
    found = level(measured, id)
    assert found.only_unchanged == sum(before & ~after)
    assert found.only_changed == sum(after & ~before)
    assert found.loss.value == pytest.approx(before.mean() - after.mean())


def test_the_intervals_of_all_measured_changes_hold_together(measured):
    losses = [one.loss for condition in measured.conditions for one in condition.levels]
    shared = 2  # the crops of 20 pixels belong to two conditions
    assert measured.statements == sum(loss.value is not None for loss in losses) - shared
    assert measured.level == pytest.approx(0.95 ** (1 / measured.statements))
    found, n = level(measured, "bgr"), measured.n
    first, second = ((count + 1) / (n + 2) for count in (found.only_unchanged, found.only_changed))
    reach = NormalDist().inv_cdf((1 + measured.level) / 2) * math.sqrt(
        (first + second - (first - second) ** 2) / (n + 2)
    )
    assert (found.loss.low, found.loss.high) == pytest.approx((first - second - reach, first - second + reach))


def test_simultaneous_intervals_fail_together_in_at_most_5_of_100_draws():
    rng, misses, n = np.random.default_rng(0), 0, 500
    for _ in range(400):
        only_unchanged, only_changed = (rng.binomial(n, 0.1, len(STEPS)) for _ in range(2))
        found = {
            step: Counts(int(one), int(other))
            for step, one, other in zip(STEPS, only_unchanged, only_changed, strict=True)
        }
        losses = [one.loss for condition in robustness_of(found, n).conditions for one in condition.levels]
        misses += any(loss.low > 0 or loss.high < 0 for loss in losses)
    assert misses <= 0.05 * 400 + 2 * math.sqrt(400 * 0.05 * 0.95)


def test_two_measurements_are_equal_and_send_images_in_other_orders(patches):
    sent = []

    def watching(batch):
        sent.append(nearest_centre(batch).argmax(axis=1))
        return right_with_some_noise(batch)

    watched = (ModelSubject(patches, subject(patches, watching).model, contract(), chance=Random(n)) for n in (1, 2))
    first, second = map(robustness_on, watched)
    assert first == second
    calls = len(sent) // (2 * (first.statements + 1))
    unchanged, control, shrunk = (np.concatenate(sent[calls * k : calls * (k + 1)]) for k in (0, 1, 2))
    assert len(unchanged) >= len(patches)
    # class by class, neighbours would nearly always be of one class
    assert all(np.mean(order[1:] == order[:-1]) < 0.5 for order in (unchanged, control, shrunk))
    assert all(np.mean(unchanged == other) < 0.5 for other in (control, shrunk))


def test_a_model_that_counts_images_gains_nothing(patches):
    asked = [0]

    def counting(batch):
        places = (asked[0] + np.arange(len(batch))) % len(patches)
        asked[0] += len(batch)
        return np.eye(7, dtype=np.float32)[places * 7 // len(patches)]

    found = robustness_on(subject(patches, counting))
    changed = [one for condition in found.conditions for one in condition.levels if one.loss.value is not None]
    right_after = [1 / 7 - one.loss.value for one in changed]
    assert np.mean(right_after) < 0.3


def test_a_model_of_a_fixed_batch_size_and_of_gray_input_is_measured(patches):
    def gray_of_five(batch):
        assert batch.shape == (5, 8, 8, 1)
        return right(np.repeat(batch, 3, axis=3))

    fixed = Model(
        name="fixed", format="callable", digest="0" * 64, signature=Signature(batch=5), run=named(gray_of_five)
    )
    found = robustness_on(ModelSubject(patches, fixed, contract(colour="gray", channels=1)))
    assert level(found, "gray").loss.undefined == measure.GRAY_INPUT
    assert level(found, "noise").loss.value is not None


def test_a_model_that_fails_on_changed_images_has_an_undefined_loss_there_alone(patches):
    def fragile(batch):
        return np.where(batch.mean() < 0.3, np.inf, right(batch)).astype(np.float32)

    found = robustness_on(subject(patches, fragile))
    assert level(found, "dark", -1).loss.undefined == measure.FAILS
    assert level(found, "control").loss.value == 0.0


def test_a_model_whose_process_ends_on_gray_images_is_asked_about_the_others_in_a_new_one(patches):
    def opened():
        ended = []

        def mortal(batch):
            if np.ptp(batch, axis=3).max() < 1e-6:
                ended.append(True)
            if ended:
                raise SubjectError("its process ended")
            return right(batch)

        return named(mortal)

    judged = ModelSubject(patches, model(opened(), opened), contract())
    assert judged.predicted is not None
    with pytest.raises(SubjectError):
        judged.run(alter=lambda image: image[..., :1].repeat(3, axis=2))
    found = robustness_on(judged)
    assert level(found, "gray").loss.undefined == measure.FAILS
    assert [level(found, id).loss.undefined for id in ("control", "blur", "crop-margin")] == [None] * 3


@pytest.mark.parametrize(
    ("step", "size", "declared", "reason"),
    [
        (Step("shrink", 8), 8, {}, measure.NOT_LARGER),
        (Step("shrink", 7), 8, {}, None),
        (Step("bottleneck", 48), 8, {}, measure.NOT_LARGER),
        (Step("resize", "nearest"), 8, {}, measure.ITS_SIZE),
        (Step("resize", "nearest"), 6, {}, None),
        (Step("resize", "bilinear"), 6, {}, measure.DECLARED),
        (Step("resize", "bilinear with antialias"), 6, {}, None),
        (Step("resize", "bilinear with antialias"), 12, {}, measure.NOT_SHRUNK),
        (Step("resize", "bilinear"), 6, {"antialias": True}, None),
        (Step("gray", 1), 8, {"colour": "gray", "channels": 1}, measure.GRAY_INPUT),
        (Step("exchange", 1), 8, {"colour": "gray", "channels": 1}, None),
        (Step("gray", 1), 8, {}, None),
        (Step("blur", 2), 8, {}, None),
    ],
)
def test_a_change_without_effect_is_said_to_be_so(patches, step, size, declared, reason):
    assert without_effect(step, patches, Input(size=(size, size), **declared)) == reason
    assert reason is None or reason in REASONS


def test_gray_images_have_no_colours_to_lose(tmp_path):
    from helpers.miniatures import save_and_open

    grey = np.random.default_rng(0).uniform(0, 255, (14, 8, 8, 1)).repeat(3, axis=3)
    images = save_and_open(tmp_path, grey, np.arange(14) % 7)
    for change in ("gray", "exchange"):
        assert without_effect(Step(change, 1), images, Input(size=(8, 8))) == measure.GRAY_IMAGES


# ---- the data


def test_every_condition_is_there_with_its_place():
    named_ones = {one.id for one in conditions() if one.kind == "condition"}
    assert named_ones == {
        *("low-resolution", "blur", "jpeg", "dark", "bright", "side-light", "noise", "occlusion"),
        *("tight-crop", "wide-crop", "roll"),
    }
    preparations = {one.id: one.levels for one in conditions() if one.kind == "preprocessing"}
    assert set(preparations) == {"bgr", "gray", "resize-filter", "crop-margin", "bottleneck"}
    assert (len(preparations["resize-filter"]), preparations["crop-margin"]) == (6, (-20, 20))
    assert preparations["bottleneck"] == (48,)
    assert all(one.place.startswith("paper") and one.why for one in conditions() if one.kind != "control")


def test_the_page_lists_the_conditions_as_they_are():
    from robustness_table import INTRODUCTION, PAGE, condition_rows

    assert PAGE.read_text(encoding="utf-8").startswith("\n".join([INTRODUCTION, *condition_rows(), ""]))


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (('change = "jpeg"', 'change = "jpg"'), "jpeg: change"),
        (('label = "quality {}"', 'label = "quality {1}"'), "jpeg: the label does not fit the levels"),
        (('label = "quality {}"', 'label = "quality"'), "jpeg: two levels have one label"),
        (("levels = [60, 40, 20, 10]", "levels = []"), "jpeg: levels"),
    ],
)
def test_data_that_are_not_well_formed_are_refused(tmp_path, monkeypatch, edit, said):
    text = (data.DATA / data.FILE).read_text(encoding="utf-8")
    (tmp_path / data.FILE).write_text(text.replace(*edit), encoding="utf-8")
    monkeypatch.setattr(data, "DATA", tmp_path)
    with pytest.raises(SpecError, match=said):
        data.conditions.__wrapped__()
