"""``ferspec dataset build`` and ``ferspec dataset queries`` on the command line."""

import csv
import json

import pytest

from helpers.photo_sources import STAND_INS, encoded, faces, on_wall


@pytest.fixture
def source(tmp_path):
    for label, number, face in faces(2):
        (tmp_path / "in" / label).mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / label / f"{number}.png").write_bytes(encoded(on_wall(face)))
    return tmp_path / "in"


@pytest.fixture
def stand_ins(monkeypatch):
    from ferspec.api.dataset import build

    monkeypatch.setattr(build, "installed_detectors", lambda: STAND_INS)


def test_a_set_is_built_and_the_next_command_is_named(ferspec, source, stand_ins, tmp_path):
    out = tmp_path / "faces"
    status, printed, shown = ferspec("dataset", "build", out, "--from", source, "--per-class", 2)
    assert status == 0
    assert printed.startswith("COMPLETE")
    assert f"next: ferspec certify MODEL --dataset {out}/set" in printed
    assert "drawn with seed 0: Angry 2, Disgust 2" in printed
    assert [line.partition(":")[0] for line in shown.splitlines()] == ["collect", "clean", "crop", "sample"]


def test_json_says_how_far_the_set_is_and_the_status_is_3_where_faces_lack(ferspec, source, stand_ins, tmp_path):
    status, printed, _ = ferspec("dataset", "build", tmp_path / "faces", "--from", source, "--json")
    document = json.loads(printed)
    assert status == 3
    assert document["state"] == "lacks faces"
    assert document["lacking"]["Happy"] == 298
    assert document["stages"]["crop"] == {"kept": 14, "dropped": 0, "review": 0}


def test_a_stage_can_be_the_last_one(ferspec, source, tmp_path):
    status, printed, _ = ferspec("dataset", "build", tmp_path / "faces", "--from", source, "--until", "collect")
    assert status == 0
    assert printed.startswith("STOPPED")
    assert not (tmp_path / "faces" / "2-clean").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "name a source of pictures"),
        (["--from", "missing.csv"], "there is no such list"),
        (["--from", ".", "--until", "crops"], "'crops' is not one of the stages"),
        (["--from", ".", "--licence", "mine"], "the licence 'mine' is not known"),
        (["--from", ".", "--language", "fi"], "the language 'fi' is not one of en, es"),
        (["--provider", "google"], "known are bing, baidu"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(ferspec, stand_ins, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    status, printed, shown = ferspec("dataset", "build", "faces", *words)
    assert (status, printed) == (2, "")
    assert message in shown
    assert len(shown.splitlines()) == 1
    assert not (tmp_path / "faces").exists()


def test_ctrl_c_says_what_was_kept_and_the_same_command_continues(ferspec, source, stand_ins, tmp_path, monkeypatch):
    from ferspec.api.dataset import build

    def interrupted(*_):
        raise KeyboardInterrupt

    words = ("dataset", "build", tmp_path / "faces", "--from", source, "--per-class", 2)
    with monkeypatch.context() as patched:
        patched.setattr(build, "crop", interrupted)
        status, _, shown = ferspec(*words)
    assert status == 130
    assert f"is kept in {tmp_path / 'faces'}; the same command continues" in shown
    assert ferspec(*words)[0] == 0


def test_the_missing_extra_is_named_before_any_work(ferspec, source, tmp_path, monkeypatch):
    from ferspec import extras

    monkeypatch.setattr(extras, "find_spec", lambda package: None)
    status, _, shown = ferspec("dataset", "build", tmp_path / "faces", "--from", source)
    assert status == 2
    assert "pip install 'ferspec[faces]'" in shown
    assert not (tmp_path / "faces").exists()


def test_the_query_plan_is_a_table(ferspec):
    _, printed, _ = ferspec("dataset", "queries", "--language", "es")
    rows = list(csv.DictReader(printed.splitlines()))
    assert len(rows) == 750
    assert rows[-1] == {
        "query": "anciano indio asombrado",
        "language": "es",
        "label": "Surprise",
        "ethnicity": "indian",
        "gender": "male",
        "age": "elderly",
    }
    assert len(json.loads(ferspec("dataset", "queries", "--json")[1])) == 1500
