"""Faults planted into a right run are detected and named, and unusual right runs pass."""

import json
import shutil

import pytest

from ferspec.checks.generator import checks_for_artifacts
from ferspec.grid.cells import find_cell
from ferspec.grid.judging.judge import judge
from ferspec.grid.judging.reading import read
from ferspec.subjects.runs.artifacts.folder import open_run_folder
from ferspec.subjects.runs.artifacts.manifest import manifest_text, read_manifest
from ferspec.subjects.runs.artifacts.predictions import CLASSES
from ferspec.subjects.runs.artifacts.record import FINISHED_FILES, HISTORY, PREDICTIONS, REPORT, RUN
from helpers.faults import planted as faults
from helpers.faults import posing as faults_posing
from helpers.made import runs as made_runs

CELL = find_cell(made_runs.CELL)


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    """The folder of a right run; not to be changed."""
    return made_runs.made().write(tmp_path_factory.mktemp("right") / "run")


@pytest.fixture
def run(right, tmp_path):
    """A copy of the right run."""
    return faults.copy(right, tmp_path / "run")


def judged(folder):
    found = read([folder])
    return judge([CELL], found.results), found


def problems(folder):
    [result] = read([folder]).results
    return {problem.clause: problem for problem in result.problems}


def test_a_right_run_is_within_its_band(right):
    judgement, found = judged(right)
    [cell] = judgement.cells
    assert (cell.status, cell.problems, judgement.verdict) == ("within", (), "pass")
    assert found.checks.passed == found.checks.planned == 13


@pytest.mark.parametrize(
    ("cell", "profile"),
    [
        pytest.param("vgg16-imagenet-48-rafdb-simple", "released", id="fine-tuned in two phases"),
        pytest.param("vgg16-vggface-224-rafdb-simple", "paper", id="by the text, nothing dropped"),
    ],
)
def test_right_runs_of_other_kinds_are_within_their_bands(tmp_path, cell, profile):
    folder = made_runs.made(cell, profile, seed=4).write(tmp_path / "run")
    found = read([folder])
    [judgement] = judge([find_cell(cell)], found.results, profile).cells
    assert (judgement.status, judgement.problems) == ("within", ())


FAULTS = {
    "a predictions file cut off": (faults.truncated_predictions, "FER-R-01", "predictions.csv", "damaged"),
    "a predictions file cut off, by its form": (faults.truncated_predictions, "FER-R-02", "values for 12", None),
    "a predictions file cut off at a line and signed": (
        faults.truncated_predictions_signed,
        "FER-R-06",
        "btfer: 100 images without a prediction",
        "truncated",
    ),
    "the network of another run": (faults.model_of_another_run, "FER-R-01", "model.keras", "belongs to another run"),
    "no network": (faults.model_missing, "FER-R-01", "model.keras is missing", "copied incompletely"),
    "a probability that is not a number": (faults.not_a_number, "FER-R-02", "'NaN' is not a finite number", None),
    "a swapped dataset": (faults.dataset_swapped, "FER-R-03", "training images of RAF-DB", "dataset was swapped"),
    "the run of another cell": (faults.another_cell, "FER-R-03", f"report.json is of {made_runs.CELL}", "two runs"),
    "the run of no cell": (faults.no_cell, "FER-R-03", "names the cell resnet18-scratch-96", None),
    "another resolution": (faults.other_resolution, "FER-R-03", "images of 224×224", "another resolution"),
    "other starting weights": (faults.other_start, "FER-R-03", "started from imagenet", None),
    "a manifest that the record does not count": (faults.counted_otherwise, "FER-R-04", "training: Angry", None),
    "an image twice in the manifest": (faults.image_twice_in_the_manifest, "FER-R-05", "1 btfer images", None),
    "training images in the validation part": (
        faults.training_images_in_the_validation_part,
        "FER-R-05",
        "1 validation images are also training images",
        "leakage",
    ),
    "training images in the validation part under other names": (
        faults_posing.validated_on_training_pixels,
        "FER-R-05",
        "4,606 of 4,606 validation images have the pixels of training images",
        "under other names",
    ),
    "BTFER of seven pictures": (
        faults_posing.btfer_of_seven_pictures,
        "FER-R-05",
        "2,093 of 2,100 btfer images repeat a picture",
        "copied",
    ),
    "another dataset in place of BTFER": (
        faults_posing.btfer_of_another_dataset,
        "FER-R-03",
        "BTFER images of FER2013",
        "swapped",
    ),
    "classes exchanged in the contract": (
        faults_posing.classes_exchanged,
        "FER-R-03",
        "Fear, Neutral, Happy",
        "classes were swapped",
    ),
    "other colours in the contract": (faults_posing.colours_exchanged, "FER-R-03", "images in bgr", None),
    "another initial rate in the record": (
        faults_posing.other_initial_rate,
        "FER-R-11",
        "initial rate of 0.01",
        "edited",
    ),
    "a subset asked for and not declared": (
        faults_posing.subset_asked_for,
        "FER-R-13",
        "a subset of 1,074",
        "presented",
    ),
    "a cap asked for and not declared": (faults_posing.cap_asked_for, "FER-R-13", "a cap of 3 epochs", "presented"),
    "validation and BTFER exchanged": (
        faults.parts_exchanged,
        "FER-R-06",
        "4,606 images without a prediction, 2,100 predictions of other images",
        "validation and btfer were swapped",
    ),
    "labels shuffled against the manifest": (faults.labels_shuffled, "FER-R-06", "of 4,606 labels", "shuffled"),
    "an image without a prediction": (faults.image_missing, "FER-R-06", "1 images without", "images were skipped"),
    "an image predicted twice": (faults.image_twice, "FER-R-02", "already occurs in line 2", None),
    "training images predicted as validation": (
        faults.training_images_as_validation,
        "FER-R-06",
        "4,606 predictions of other images",
        "these are training images",
    ),
    "probabilities rounded to two digits": (faults.rounded, "FER-R-07", "rows off by up to 0.0", "rounded"),
    "another class taken where two tie": (
        faults.classes_of_ties_changed,
        "FER-R-07",
        "50 of 4,606 predicted classes",
        "classes tie",
    ),
    "a negative probability": (faults.negative_probability, "FER-R-07", "a probability of -0.01", "logits"),
    "a report that does not follow from its predictions": (
        faults.report_of_other_predictions,
        "FER-R-08",
        "parts.validation.metrics",
        "other predictions",
    ),
    "macro for weighted averages": (
        faults.macro_for_weighted,
        "FER-R-08",
        "precision.weighted.value",
        "the macro average",
    ),
    "a report with validation and BTFER exchanged": (faults.report_exchanged, "FER-R-08", "metrics.n", "swapped"),
    "figures over all images instead of whole batches": (
        faults.over_all_images,
        "FER-R-08",
        "parts.btfer.as_run.accuracy",
        "over all images",
    ),
    "a history with an epoch cut out": (faults.epoch_cut, "FER-R-09", "31 epochs", "removed from the history"),
    "a best epoch that is not the best": (
        faults.best_is_not_best,
        "FER-R-09",
        "best epoch 31",
        "another epoch's weights",
    ),
    "an edited record": (faults.record_edited, "FER-R-09", "validation accuracy 0.84", "edited"),
    "the history of another run": (
        faults.history_of_another_run,
        "FER-R-10",
        "validation accuracy 0.79",
        "another network",
    ),
    "a learning rate that does not replay": (faults.rate_not_replayed, "FER-R-11", "rate 5e-05", "patience"),
    "a capped run that poses as a full one": (faults.capped_as_full, "FER-R-11", "29 epochs, ended by early", "capped"),
    "a run that continued after early stopping": (faults.trained_on, "FER-R-11", "34 epochs", None),
    "class weights of the other balancing": (faults.other_balancing, "FER-R-12", "Fear 16.8", "the simple weights"),
    "a cap that is not declared": (faults.capped_undeclared, "FER-R-13", "a cap ended phase 1 after 29", "presented"),
    "a subset that is not declared": (faults.subset_as_full, "FER-R-13", "1,074 training", "presented"),
    "another batch size that is not declared": (faults.other_batch, "FER-R-13", "batches of 32", "presented"),
    "training on BTFER that is not declared": (
        faults.btfer_trained_on,
        "FER-R-13",
        "pictures of BTFER are also",
        "presented",
    ),
}


@pytest.mark.parametrize(("plant", "clause", "observed", "likely"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found_by_its_name(run, plant, clause, observed, likely):
    plant(run)
    found = problems(run)
    assert clause in found, {problem.clause: problem.observed for problem in found.values()}
    assert observed in found[clause].observed
    assert likely is None or likely in found[clause].likely
    assert found[clause].expected


@pytest.mark.parametrize(
    "plant",
    [
        faults.model_of_another_run,
        faults.report_of_other_predictions,
        faults.rate_not_replayed,
        faults.other_balancing,
        faults.subset_as_full,
        faults.record_edited,
        faults.other_resolution,
        faults_posing.validated_on_training_pixels,
        faults_posing.btfer_of_seven_pictures,
        faults_posing.other_initial_rate,
        faults_posing.classes_exchanged,
    ],
)
def test_a_fault_breaks_only_its_own_clause(run, plant):
    plant(run)
    expected = next(clause for planted, clause, *_ in FAULTS.values() if planted is plant)
    # an accuracy of the record that is not the history's is not the network's either
    also = {"FER-R-10"} if plant is faults.record_edited else set()
    assert set(problems(run)) == {expected} | also


def test_a_faulty_run_fails_its_cell_and_is_contradictory(run):
    faults.report_of_other_predictions(run)
    judgement, _ = judged(run)
    [cell] = judgement.cells
    assert (cell.status, cell.outcome.status, judgement.verdict) == ("contradictory", "fail", "fail")
    assert "FER-R-08" in cell.outcome.message
    assert cell.figures == ()


@pytest.mark.parametrize(
    ("shift", "status", "verdict", "likely"),
    [(0.15, "above", "inconclusive", "look for test images"), (-0.15, "below", "fail", None)],
    ids=["0.15 too high", "0.15 too low"],
)
@pytest.mark.parametrize("part", ["val", "btfer"])
def test_an_accuracy_that_is_far_off_is_outside_its_band(tmp_path, part, shift, status, verdict, likely):
    judgement, _ = judged(made_runs.made(**{part: shift}).write(tmp_path / "run"))
    [cell] = judgement.cells
    assert (cell.status, judgement.verdict, cell.problems) == (status, verdict, ())
    assert f"{part}_accuracy" in {figure.figure for figure in cell.outside}
    assert likely is None or likely in " ".join(cell.likely)


# ---- right variations


def as_crlf(folder):
    for name in (HISTORY, PREDICTIONS):
        text = (folder / name).read_bytes().replace(b"\r\n", b"\n")
        (folder / name).write_bytes(text.replace(b"\n", b"\r\n"))
    faults.sign(folder)


def as_lf(folder):
    for name in (HISTORY, PREDICTIONS):
        (folder / name).write_bytes((folder / name).read_bytes().replace(b"\r\n", b"\n"))
    faults.sign(folder)


def more_digits(folder):
    """Probabilities in float64, of which float32 keeps seven digits."""
    header, *lines = (folder / PREDICTIONS).read_text().splitlines()
    rows = [line.split(",") for line in lines]
    text = [",".join([*row[:5], *(f"{float(value) * (1 + 1e-9):.17f}" for value in row[5:])]) for row in rows]
    (folder / PREDICTIONS).write_text("\n".join([header, *text]) + "\n")
    faults.sign(folder)


def as_spreadsheets_quote(folder):
    lines = (folder / PREDICTIONS).read_text().splitlines()
    quoted = [",".join(f'"{value}"' for value in line.split(",")) for line in lines]
    (folder / PREDICTIONS).write_text("\n".join(quoted) + "\n")
    faults.sign(folder)


def keys_in_another_order(folder):
    for name in (RUN, REPORT):
        document = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps(dict(reversed(document.items()))))
    faults.sign(folder)


def files_that_are_nobodys(folder):
    (folder / "notes.txt").write_text("a fine run")
    (folder / ".lock").touch()
    (folder / "logs").mkdir()


def parts_in_another_order(folder):
    """The training images come last; within each part nothing moves."""
    path = folder / "manifest.csv"
    parts = read_manifest(path)
    path.write_text(manifest_text(dict(reversed(parts.items()))), newline="")
    faults.sign(folder)


def few_images_predicted_otherwise(folder):
    """As another machine does: within the tolerance of FER-R-10."""

    def flipped(part):
        probabilities, predicted = part.probabilities.copy(), part.predicted.copy()
        for row in (predicted == part.labels).nonzero()[0][:20]:
            other = (part.labels[row] + 1) % len(CLASSES)
            probabilities[row] = [0.1] * 7
            probabilities[row, other] = 0.4
            predicted[row] = other
        return faults.replace(part, probabilities=probabilities, predicted=predicted)

    faults.put_predictions(folder, faults.of_validation(flipped))


def some_pictures_under_two_names(folder):
    """As many as a dataset has by itself: a tenth of the validation images."""
    trained = [entry.pixels_sha256 for entry in read_manifest(folder / "manifest.csv")["training"]]
    faults_posing.put_pictures(folder, "validation", trained, 460)


def a_subset_larger_than_any_part(folder):
    faults.edit(folder, RUN, lambda run: run["settings"].update(subset=20_000))


def a_cap_that_was_not_reached(folder):
    faults.edit(folder, RUN, lambda run: run["settings"].update(epochs_cap=500))


def test_a_few_images_under_two_names_are_listed(run):
    some_pictures_under_two_names(run)
    [check] = [check for check in checks_for_artifacts() if check.clause == "FER-R-05"]
    found = check.run(open_run_folder(run, {CELL.id: CELL}))
    assert (found.status, found.observed) == (
        "pass",
        "no image is listed twice; the same picture under another name: 460 validation images that are also training "
        "images",
    )


@pytest.mark.parametrize(
    "vary",
    [
        some_pictures_under_two_names,
        a_subset_larger_than_any_part,
        a_cap_that_was_not_reached,
        as_crlf,
        as_lf,
        more_digits,
        as_spreadsheets_quote,
        keys_in_another_order,
        files_that_are_nobodys,
        parts_in_another_order,
        few_images_predicted_otherwise,
    ],
)
def test_a_right_run_in_another_form_passes(run, vary):
    vary(run)
    judgement, _ = judged(run)
    [cell] = judgement.cells
    assert (cell.status, cell.problems) == ("within", ())


def test_a_run_with_a_declared_deviation_is_consistent_but_not_a_protocol_run(run):
    faults.subset_as_full(run)
    declared = {"clause": "FER-D-01", "option": "--subset 1074", "effect": "training 1,074 of 10,733 images"}
    faults.edit(run, RUN, lambda record: record.update(deviations=[declared]))
    judgement, _ = judged(run)
    [cell] = judgement.cells
    assert (cell.status, cell.outcome.status, cell.problems) == ("not a protocol run", "not_evaluated", ())
    assert cell.deviations == ("FER-D-01 --subset 1074: training 1,074 of 10,733 images",)


def test_an_unfinished_training_is_incomplete(run):
    for name in FINISHED_FILES:
        (run / name).unlink()
    shutil.rmtree(run / "state", ignore_errors=True)
    faults.edit(run, RUN, lambda record: record.update(status="running", files={}, phases=[], best=None))
    judgement, found = judged(run)
    assert judgement.cells[0].status == "incomplete"
    assert judgement.verdict == "not_evaluated"
    assert found.checks.fail == 0
