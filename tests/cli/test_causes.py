"""``ferspec conform`` groups failures by cause, and says what they depart from."""

import json
from pathlib import Path

import pytest

from helpers.implementations import MINIATURE

WHOLE = "def evaluated_images(images, batch_size):\n    return images\n\nLIMIT = 1000\n"


@pytest.fixture
def whole(tmp_path, monkeypatch):
    """An implementation without the cap, which evaluates all images."""
    monkeypatch.chdir(tmp_path)
    Path("whole.py").write_text(MINIATURE + WHOLE)


def test_failures_have_causes_and_say_what_they_depart_from(ferspec, whole):
    document = json.loads(ferspec("conform", "whole", "--json")[1])
    assert [cause["clauses"] for cause in document["causes"]] == [["FER-V-02"], ["FER-W-02"]]
    of_the_runs, of_the_paper = (cause["checks"] for cause in document["causes"])
    assert document["origins"] == {"paper": len(of_the_paper), "runs": len(of_the_runs)}
    assert document["other_profile"] == of_the_runs
    said = " ".join(ferspec("conform", "whole")[1].split())
    assert f"with 2 causes: {len(of_the_paper)} from the paper's text, {len(of_the_runs)} from the released" in said
    assert f"{len(of_the_runs)} of them would pass under --profile paper" in said


def test_the_text_alone_is_asked_by_its_own_profile(ferspec, whole):
    document = json.loads(ferspec("conform", "whole", "--source", "paper", "--json")[1])
    found = {outcome["clause"]: outcome["status"] for outcome in document["outcomes"]}
    assert (document["profile"], found["FER-V-02"], found["FER-W-02"]) == ("paper", "pass", "fail")
    assert {"FER-Z-01", "FER-S-10"}.isdisjoint(found)
