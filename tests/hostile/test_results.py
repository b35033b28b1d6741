"""Hostile result files are reported as problems and crash nothing."""

import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferspec.grid.judging.reading import read_results
from ferspec.grid.judging.results import Result
from ferspec.grid.judging.tables import results_text
from ferspec.reference.measured import Evaluation, Rank
from ferspec.spec.records import CellMetrics
from ferspec.subjects.runs.artifacts.metrics import AsRun, SplitReport
from ferspec.subjects.runs.artifacts.record import (
    FINISHED_FILES,
    PREDICTIONS,
    RUN,
    Best,
    Phase,
    RunRecord,
    Settings,
    SplitRecord,
)
from helpers.faults import planted as faults
from helpers.made import runs as made_runs


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    """The folder of a right run; not to be changed."""
    return made_runs.made().write(tmp_path_factory.mktemp("right") / "run")


@pytest.fixture
def run(right, tmp_path):
    return faults.copy(right, tmp_path / "run")


@pytest.mark.parametrize("name", [RUN, *FINISHED_FILES])
@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff" * 99, b"{}", b"[" * 5000, b"null\n"], ids=["empty", "binary", "{}", "deep", "null"]
)
def test_an_artifact_of_another_kind_is_a_problem_and_no_crash(run, name, content):
    (run / name).write_bytes(content)
    if name != RUN:
        faults.sign(run)
    [result] = read_results([run])
    assert result.problems


def test_a_folder_or_a_pipe_in_place_of_an_artifact_is_a_problem_and_no_crash(run):
    (run / PREDICTIONS).unlink()
    (run / PREDICTIONS).mkdir()
    (run / "report.json").unlink()
    os.mkfifo(run / "report.json")
    [result] = read_results([run])
    assert "FER-R-01" in {problem.clause for problem in result.problems}


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.sampled_from([10**400, -(10**400), str(10**400)]),
    st.floats(),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
)


NAMED = {
    *RunRecord.model_fields,
    *Settings.model_fields,
    *SplitRecord.model_fields,
    *Phase.model_fields,
    *Best.model_fields,
} | {
    *SplitReport.model_fields,
    *AsRun.model_fields,
    *Evaluation.model_fields,
    *Rank.model_fields,
}


def leaf(document, way):
    for key in way:
        document = document[key]
    return document


def leaves(document, path=()):
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from leaves(value, (*path, key))


@pytest.mark.parametrize("name", [RUN, "report.json"])
@pytest.mark.parametrize("far", [10**400, str(10**400)], ids=["a number", "digits"])
def test_a_count_beyond_any_float_is_a_problem_and_no_crash(small, name, far):
    folder, whole = small
    counts = [way for way in leaves(json.loads(whole[name])) if type(leaf(json.loads(whole[name]), way)) is int]
    # of lists and classes the last stands for all
    for way in {tuple(key for key in way if key in NAMED): way for way in counts}.values():
        document = json.loads(whole[name])
        leaf(document, way[:-1])[way[-1]] = far
        (folder / name).write_text(json.dumps(document))
        faults.sign(folder)
        assert "FER-R-02" in {problem.clause for problem in read_results([folder])[0].problems}, way
        for written, text in whole.items():
            (folder / written).write_text(text)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from([RUN, "report.json"]), data=st.data())
def test_any_value_anywhere_in_a_record_or_report_is_judged_without_a_crash(small, name, data):
    folder, whole = small
    document = json.loads(whole[name])
    *way, last = data.draw(st.sampled_from(list(leaves(document))))
    within = document
    for key in way:
        within = within[key]
    within[last] = data.draw(ODD)
    (folder / name).write_text(json.dumps(document))
    if name != RUN:
        (folder / RUN).write_text(whole[RUN])
        faults.sign(folder)
    else:
        (folder / "report.json").write_text(whole["report.json"])
    [result] = read_results([folder])
    assert isinstance(result, Result)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A run of a few images, so that it is read quickly, and its record and report as they were."""
    whole = made_runs.made()
    few = {name: entries[:150] for name, entries in whole.manifest.items()}
    whole.predictions = {name: made_runs.predicted(few[name], 0.6, "released", 0) for name in ("validation", "btfer")}
    whole.manifest = few
    folder = whole.write(tmp_path_factory.mktemp("small") / "run")
    return folder, {name: (folder / name).read_text() for name in (RUN, "report.json")}


@pytest.mark.parametrize(
    ("figures", "n", "observed"),
    [
        ({"val_precision": 0.1, "val_recall": 0.8, "val_f1": 0.8}, {}, "validation: weighted F1 0.800"),
        ({}, {"val_n": 7}, "validation: an accuracy of 0.800 over 7 images"),
        ({}, {"val_n": 5000}, "validation: 5,000 images"),
        ({}, {"btfer_n": 3}, "BTFER: an accuracy of 0.550 over 3 images"),
        ({}, {"btfer_n": 2101}, "BTFER: 2,101 images"),
    ],
)
def test_an_impossible_row_contradicts_itself(tmp_path, figures, n, observed):
    metrics = CellMetrics(**{"val_accuracy": 0.8, "btfer_accuracy": 0.55} | figures)
    path = tmp_path / "row.csv"
    path.write_text(results_text([Result(cell=made_runs.CELL, source="a lab", figures=metrics, **n)]), newline="")
    [problem] = read_results([path])[0].problems
    assert (problem.clause, problem.observed) == ("FER-R-14", observed)
