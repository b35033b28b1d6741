"""The command ``ferspec audit``: output, files, exit statuses and notes."""

import io
import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest
from rich.console import Console

from ferspec.api.audit import audit
from ferspec.checks.run.schedule.notes import same_validation, schedule_notes
from ferspec.commands.tables.audit import print_audit
from ferspec.subjects.runs.logs.logged_run import Kept
from helpers.made.logs import trained, write_log
from mutants.runs import cut, head, run, whole


@pytest.fixture
def logs(tmp_path, monkeypatch):
    """A folder with a right log, one of another patience and one without rates."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "logs").mkdir()
    write_log(tmp_path / "logs" / "right.csv", [head(20), whole()])
    write_log(tmp_path / "logs" / "patient.csv", [trained(plateau={"patience": 11})])
    write_log(tmp_path / "logs" / "unrated.csv", [whole()], rate="")
    return tmp_path / "logs"


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["right.csv", "--weights", "imagenet"], 0),
        (["patient.csv"], 1),
        (["right.csv", "--weights", "scratch"], 1),
        (["right.csv", "--weights", "imagenet", "--profile", "paper"], 1),
        (["unrated.csv", "-k", "FER-S-03"], 2),
        (["absent.csv"], 2),
        (["early.csv"], 3),
    ],
)
def test_the_exit_status_is_that_of_the_verdict(ferspec, logs, words, status):
    write_log(logs / "early.csv", [cut(whole(), 0, len(whole()) - 1)])
    assert ferspec("audit", logs / words[0], *words[1:])[0] == status


def test_one_run_is_reported_phase_by_phase_and_clause_by_clause(ferspec, logs):
    status, out, err = ferspec("audit", logs / "patient.csv")
    assert (status, err) == (1, "")
    assert out.startswith("FAIL  ")
    for text in (
        "depart: phase 1, epoch 25",
        "early stopping",
        "FER-S-03 the learning rate is multiplied by 0.5 on a plateau of the validation loss   FAIL",
        "observed rate 0.0001, expected 5e-05, which follows from the validation losses before it (+5e-05)",
        "likely: a patience of 11",
        "FER-S-07 pre-trained networks are trained in 2 phases   NOT EVALUATED",
        "0 of 1 phases that log a learning rate replay",
    ):
        assert text in out
    assert f"reproduce: ferspec audit {logs / 'patient.csv'} -k FER-S-03" in out


def test_many_runs_are_a_line_each_with_totals(ferspec, logs):
    (logs / "labels.csv").write_text("path,label\n")
    status, out, _ = ferspec("audit", logs)
    assert status == 1
    lines = {line.split()[0]: line for line in out.splitlines() if ".csv  " in line}
    assert lines.keys() == {"right.csv", "patient.csv", "unrated.csv"}
    assert lines["patient.csv"].split()[1:4] == ["1", "67", "fail"]
    assert "FER-S-03: phase 1, epoch 25" in lines["patient.csv"]
    assert lines["right.csv"].split()[1:] == ["2", "87", "pass"]
    assert "2 of 3 phases that log a learning rate replay; 1 log none" in out
    assert "skipped: " in out
    assert "labels.csv is not a training log" in out


def test_a_narrow_terminal_cuts_no_name(logs):
    names = [f"{'resnet-' * 5}{end}.csv" for end in ("simple", "conservative")]
    for name in names:
        write_log(logs / name, [whole()])
    file = io.StringIO()
    print_audit(audit([logs]), console=Console(file=file, width=80, force_terminal=True, no_color=True))
    table = re.sub(r"\x1b\[[0-9;]*m", "", file.getvalue()).partition("reason")[2]
    folded = "".join(line.split("  ")[0].rstrip() for line in table.splitlines())
    assert all(name in folded for name in names)


def test_the_json_output_is_one_document(ferspec, logs):
    status, out, _ = ferspec("audit", logs, "--json")
    document = json.loads(out)
    assert (status, document["verdict"]) == (1, "fail")
    assert document["phases"] == {"logged": 4, "with_rates": 3, "replayed": 2}
    patient = next(entry for entry in document["runs"] if entry["path"].endswith("patient.csv"))
    assert patient["phases"] == [
        {
            "epochs": 67,
            "first_epoch": 0,
            "first_rate": pytest.approx(1e-4),
            "last_rate": pytest.approx(1.25e-5),
            "replays": False,
            "departs_at_epoch": 25,
            "stopping_epoch": 66,
            "ends_by_early_stopping": True,
        }
    ]
    counts = document["counts"]
    assert counts["planned"] == sum(len(entry["outcomes"]) for entry in document["runs"]) == 21


def test_rates_that_are_not_numbers_are_null_in_json(ferspec, logs):
    text = (logs / "right.csv").read_text().splitlines()
    (logs / "na.csv").write_text("\n".join([text[0], "0,0.5,NA,2.0,0.5,1.5", ""]))
    document = json.loads(ferspec("audit", logs / "na.csv", "--json")[1], parse_constant=pytest.fail)
    assert document["runs"][0]["phases"][0]["first_rate"] is None


def test_the_page_shows_every_run_and_marks_reductions_and_stops(ferspec, logs):
    ferspec("audit", logs, "--out", "page")
    folder = logs.parent / "page"
    page = (folder / "audit.html").read_text()
    curves = sorted((folder / "curves").iterdir())
    assert [path.name for path in curves] == ["001-patient.svg", "002-right.svg", "003-unrated.svg"]
    assert all(f"curves/{path.name}" in page for path in curves)
    assert page.count('<details class="run entry') == 3
    assert page.index('id="summary"') < page.index('<details class="run entry')
    assert "learning rate from" not in curves[2].read_text().lower()
    lines = [line.get("class") for line in ElementTree.parse(curves[1]).iter("{http://www.w3.org/2000/svg}line")]
    # three panels and the legend: the rate is halved three times, and the second phase is stopped
    assert (lines.count("reduction"), lines.count("stop")) == (9 + 1, 3 + 1)
    words = [text.text for text in ElementTree.parse(curves[1]).iter("{http://www.w3.org/2000/svg}text")]
    assert {"learning rate reduced", "early stopping"} <= set(words)


def test_curves_of_an_earlier_audit_are_removed(ferspec, logs):
    ferspec("audit", logs, "--out", "page")
    (logs.parent / "page" / "curves" / "mine.svg").write_text("")
    ferspec("audit", logs / "right.csv", "--out", "page")
    assert sorted(path.name for path in (logs.parent / "page" / "curves").iterdir()) == ["001-right.svg", "mine.svg"]


def test_the_page_of_many_runs_can_be_filtered_by_verdict(ferspec, logs):
    """The sheet hides what is not chosen, since pages run no scripts; a right and an unrated run pass."""
    ferspec("audit", logs, "--out", "page")
    page = (logs.parent / "page" / "audit.html").read_text()
    filters = dict(re.findall(r'id="show-(\w+)"(?: checked)?> [a-z ]+ <b>(\d)</b>', page))
    assert filters == {"all": "3", "fail": "1", "inconclusive": "0", "not_evaluated": "0", "pass": "2"}
    assert page.count("entry is-fail") == 2
    assert "main:has(#show-fail:checked) .entry:not(.is-fail)" in page
    assert "1 of 3 runs depart from the schedule" in page


def test_the_page_of_one_run_gives_its_reason_beside_the_verdict(ferspec, logs):
    ferspec("audit", logs / "patient.csv", "--out", "page")
    page = (logs.parent / "page" / "audit.html").read_text()
    assert page.index("FER-S-03: phase 1, epoch 25") < page.index("<main>")
    assert "<details" not in page


def test_names_that_are_code_stay_text_on_the_page(ferspec, logs):
    write_log(logs / "<script>alert(1)<script>.csv", [whole()])
    ferspec("audit", logs, "--out", "page")
    assert "<script>" not in (logs.parent / "page" / "audit.html").read_text()


def test_a_page_that_cannot_be_written_is_refused_before_the_work(ferspec, logs):
    (logs.parent / "taken").write_text("")
    status, out, err = ferspec("audit", logs, "--out", "taken")
    assert (status, out) == (2, "")
    assert "taken is a file" in err


# Notes


def test_the_choice_of_the_best_epoch_is_noted_with_its_size():
    (note,) = schedule_notes(run(whole(), validated=4544))
    assert "the best epoch (0.6000) was selected on the images that are reported" in note
    assert "chance in 4,544 images explains about" in note
    (note,) = schedule_notes(run(cut(whole(), 0, 32)))
    assert "too few epochs around it, or on one side of it, to estimate the selection bias" in note


def test_percentages_are_not_compared_as_shares():
    phase = whole()
    percent = replace(
        phase,
        accuracy=tuple(100 * value for value in phase.accuracy),
        val_accuracy=tuple(100 * value for value in phase.val_accuracy),
    )
    (note,) = schedule_notes(run(percent, kept=Kept(0.6)))
    assert note == "accuracies outside 0 to 1 were skipped"


def test_an_accuracy_that_no_epoch_reached_is_noted():
    assert any(
        "0.7 is reported, but no logged epoch reached it: 0.6000 at best" in note
        for note in schedule_notes(run(whole(), kept=Kept(0.7)))
    )
    assert not any("no logged epoch" in note for note in schedule_notes(run(whole(), kept=Kept(0.6))))


OVERLAPS = {
    "validation losses equal training losses": lambda phase: {"loss": phase.val_loss},
    "validation losses equal test losses": lambda phase: {"test_loss": phase.val_loss},
    "validation accuracies equal test accuracies": lambda phase: {"test_accuracy": phase.val_accuracy},
    "validation accuracy exceeds training accuracy by more than 15 points": lambda phase: {
        "accuracy": tuple(value - 0.2 for value in phase.val_accuracy)
    },
    "training and validation images are both memorised": lambda phase: {
        "accuracy": (0.99,) * len(phase),
        "val_accuracy": (0.99,) * len(phase),
    },
}


@pytest.mark.parametrize("overlap", OVERLAPS)
def test_a_validation_that_may_overlap_is_noted(overlap):
    assert not any(overlap in note for note in schedule_notes(run(whole())))
    assert any(overlap in note for note in schedule_notes(run(replace(whole(), **OVERLAPS[overlap](whole())))))


def test_a_validation_curve_that_two_runs_share_is_noted_at_both():
    first, second, other = run(head(20), whole()), run(whole()), run(trained(rate=1e-3, stopping={"patience": 21}))
    assert same_validation([first, second, other]).keys() == {0, 1}
