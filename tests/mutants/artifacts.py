"""Artifacts of trainings that break FER-R, one fault planted in each, and unusual ones that keep it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from ferspec.checks.generator import checks_for_artifacts, checks_for_result_row
from ferspec.checks.run.result_row import ResultRow
from ferspec.grid.cells import all_cells
from ferspec.outcomes import CheckResult
from ferspec.spec.records import CellMetrics
from ferspec.subjects.runs.artifacts.folder import open_run_folder
from ferspec.subjects.runs.artifacts.manifest import manifest_text, read_manifest
from ferspec.subjects.runs.artifacts.record import HISTORY, MANIFEST, PREDICTIONS, REPORT, RUN
from helpers.faults import claimed as faults_claimed
from helpers.faults import planted as faults
from helpers.faults import posing as faults_posing
from helpers.made import runs as made_runs
from mutants.kinds import Mutant, Right
from mutants.scratch import fresh

(ROW_CHECK,) = checks_for_result_row()
ROW = ROW_CHECK.clause
SOUND = {"val_recall": 0.81, "val_accuracy": 0.81, "btfer_recall": 0.56, "btfer_accuracy": 0.55}
PRETRAINED, AFFECTNET = "vgg16-imagenet-48-rafdb-simple", "vgg16-imagenet-224-affectnet-simple"


@cache
def right_run() -> Path:
    """Return the folder of a right run; not to be changed."""
    return made_runs.made().write(fresh("right") / "run")


def findings_on(run: Path, clause: str | None = None) -> tuple[CheckResult, ...]:
    folder = open_run_folder(run, all_cells())
    return tuple(check.run(folder) for check in checks_for_artifacts() if clause in (None, check.clause))


def row(images: dict[str, int] | None = None, **figures: float) -> tuple[CheckResult, ...]:
    return (ROW_CHECK.run(ResultRow(CellMetrics(**SOUND | figures), all_cells()[made_runs.CELL], images or {})),)


def unmutated(clause: str) -> tuple[CheckResult, ...]:
    """Return what the check of a clause finds on a right run, or on a right row."""
    return row() if clause == ROW else findings_on(right_run(), clause)


def copy_with(change: Callable[[Path], None]) -> Path:
    run = faults.copy(right_run(), fresh("run") / "run")
    change(run)
    return run


def planted(clause: str, name: str, fault: faults.Fault) -> Mutant:
    return Mutant(clause, name, lambda: findings_on(copy_with(fault), clause))


def planted_in(cell: str, clause: str, name: str, fault: faults.Fault) -> Mutant:
    """Return a fault planted into a right run of another cell."""

    def found() -> tuple[CheckResult, ...]:
        run = made_runs.made(cell).write(fresh("other") / "run")
        fault(run)
        return findings_on(run, clause)

    return Mutant(clause, name, found)


def kept(clause: str, name: str, change: Callable[[Path], None]) -> Right:
    """Return a right variation that all checks on artifacts judge."""
    return Right(clause, name, lambda: findings_on(copy_with(change)))


def of_another_kind(clause: str, name: str, cell: str, profile: str = "released", seed: int = 0) -> Right:
    """Return a right run of another cell, profile or seed, which all checks on artifacts judge."""

    def judged() -> Sequence[CheckResult]:
        return findings_on(made_runs.made(cell, profile, seed).write(fresh("other") / "run"))

    return Right(clause, name, judged)


# ---- faults beside those of ``faults``


def unsigned_report(run: Path) -> None:
    """A figure of the report is edited, and its digest in the record is not updated."""
    run.joinpath(REPORT).write_text((run / REPORT).read_text().replace("0.8", "0.9", 1))


def column_renamed(run: Path) -> None:
    (run / HISTORY).write_text((run / HISTORY).read_text().replace("val_loss", "validation_loss", 1))
    faults.sign(run)


def predictions_in_another_order(run: Path) -> None:
    faults.put_predictions(run, faults.of_validation(lambda part: faults.taken(part, part.labels.argsort())))


def weights_not_applied(run: Path) -> None:
    ones = dict.fromkeys(made_runs.CLASSES, 1.0)
    faults.edit(run, RUN, lambda record: record.update(class_weights=ones))


def another_selection(run: Path) -> None:
    """As many images as the runs had, but not of the classes that Table 1 counts."""
    parts = read_manifest(run / MANIFEST)
    happy = [entry.path for entry in parts["training"] if entry.label == "Happy"][:1000]
    swapped = dict.fromkeys(happy, "Sad")
    labelled = (entry.model_copy(update={"label": swapped.get(entry.path, entry.label)}) for entry in parts["training"])
    faults.put_manifest(run, parts | {"training": tuple(labelled)})


def hardly_any_disgust(run: Path) -> None:
    """As many images as the runs had, but so few of one class that the balancings differ."""
    parts = read_manifest(run / MANIFEST)
    kept = [entry.path for entry in parts["training"] if entry.label == "Disgust"][:100]
    few = (
        entry.model_copy(update={"label": "Sad"}) if entry.label == "Disgust" and entry.path not in kept else entry
        for entry in parts["training"]
    )
    faults.put_manifest(run, parts | {"training": tuple(few)})


# ---- right variations


def declared_elsewhere(run: Path) -> None:
    """What no artifact shows can be declared: other augmentation."""
    faults_claimed.declaring("FER-A-03")(run)


def windows_line_ends(run: Path) -> None:
    for name in (HISTORY, PREDICTIONS):
        text = (run / name).read_bytes().replace(b"\r\n", b"\n")
        (run / name).write_bytes(text.replace(b"\n", b"\r\n"))
    faults.sign(run)


def keys_in_another_order(run: Path) -> None:
    for name in (RUN, REPORT):
        document = json.loads((run / name).read_text())
        (run / name).write_text(json.dumps(dict(reversed(document.items()))))
    faults.sign(run)


def more_digits(run: Path) -> None:
    """Probabilities as float64 writes them, of which float32 keeps seven digits."""
    header, *lines = (run / PREDICTIONS).read_text().splitlines()
    rows = [line.split(",") for line in lines]
    text = [",".join([*cells[:5], *(f"{float(value) * (1 + 1e-9):.17f}" for value in cells[5:])]) for cells in rows]
    (run / PREDICTIONS).write_text("\n".join([header, *text]) + "\n")
    faults.sign(run)


def parts_in_another_order(run: Path) -> None:
    """The training images come last; within each part nothing moves."""
    path = run / "manifest.csv"
    path.write_text(manifest_text(dict(reversed(read_manifest(path).items()))), newline="")
    faults.sign(run)


MUTANTS: tuple[Mutant | Right, ...] = (
    planted("FER-R-01", "a predictions file cut off", faults.truncated_predictions),
    planted("FER-R-01", "the network of another run", faults.model_of_another_run),
    planted("FER-R-01", "no network", faults.model_missing),
    planted("FER-R-01", "a report edited and not signed", unsigned_report),
    planted("FER-R-02", "a predictions file cut off in a line", faults.truncated_predictions),
    planted("FER-R-02", "a probability that is not a number", faults.not_a_number),
    planted("FER-R-02", "an image predicted twice", faults.image_twice),
    planted("FER-R-02", "a column of the history under another name", column_renamed),
    planted("FER-R-02", "an empty file for the network", faults_claimed.empty_network),
    planted("FER-R-02", "an archive without weights for the network", faults_claimed.network_without_weights),
    planted("FER-R-02", "training images of no pixels", faults_claimed.training_images_of_no_pixels),
    planted("FER-R-03", "a swapped dataset", faults.dataset_swapped),
    planted("FER-R-03", "the record of another cell", faults.another_cell),
    planted("FER-R-03", "a cell that there is not", faults.no_cell),
    planted("FER-R-03", "another resolution", faults.other_resolution),
    planted("FER-R-03", "other starting weights", faults.other_start),
    planted("FER-R-03", "another dataset in place of BTFER", faults_posing.btfer_of_another_dataset),
    planted("FER-R-03", "two classes exchanged in the contract", faults_posing.classes_exchanged),
    planted("FER-R-03", "other colours in the contract", faults_posing.colours_exchanged),
    planted("FER-R-03", "another value range in the contract", faults_claimed.other_range),
    planted("FER-R-03", "a mean in the contract", faults_claimed.other_mean),
    planted("FER-R-03", "another filter in the contract", faults_claimed.other_filter),
    planted("FER-R-03", "logits in the contract", faults_claimed.logits),
    planted("FER-R-03", "weights of a file under a network from scratch", faults_claimed.scratch_from_a_file),
    planted_in(PRETRAINED, "FER-R-03", "weights of faces for those of objects", faults_claimed.faces_for_objects),
    planted_in(PRETRAINED, "FER-R-03", "published weights without a file", faults_claimed.no_starting_file),
    planted("FER-R-03", "training images that were drawn", faults_claimed.drawn_training_images),
    planted("FER-R-04", "a manifest that the record does not count", faults.counted_otherwise),
    planted("FER-R-04", "one file for all pictures", faults_claimed.one_file_for_all_pictures),
    planted("FER-R-05", "a test image listed twice", faults.image_twice_in_the_manifest),
    planted("FER-R-05", "training images in validation", faults.training_images_in_the_validation_part),
    planted("FER-R-05", "training images in validation, renamed", faults_posing.validated_on_training_pixels),
    planted("FER-R-05", "BTFER of seven pictures", faults_posing.btfer_of_seven_pictures),
    planted("FER-R-06", "a predictions file cut off between lines", faults.truncated_predictions_signed),
    planted("FER-R-06", "validation and BTFER exchanged", faults.parts_exchanged),
    planted("FER-R-06", "labels shuffled against the manifest", faults.labels_shuffled),
    planted("FER-R-06", "an image without a prediction", faults.image_missing),
    planted("FER-R-06", "training images predicted as validation", faults.training_images_as_validation),
    planted("FER-R-06", "predictions in another order than the manifest", predictions_in_another_order),
    planted("FER-R-07", "probabilities rounded to two digits", faults.rounded),
    planted("FER-R-07", "the second of two classes that tie", faults.classes_of_ties_changed),
    planted("FER-R-07", "a negative probability", faults.negative_probability),
    planted("FER-R-08", "a report of other predictions", faults.report_of_other_predictions),
    planted("FER-R-08", "macro for weighted averages", faults.macro_for_weighted),
    planted("FER-R-08", "a report with validation and BTFER exchanged", faults.report_exchanged),
    planted("FER-R-08", "figures over all images instead of whole batches", faults.over_all_images),
    planted("FER-R-08", "an interval that does not follow", faults_claimed.other_interval),
    planted("FER-R-08", "an unknown method", faults_claimed.other_method),
    planted("FER-R-08", "a bootstrap in place of a computed interval", faults_claimed.drawn_for_computed),
    planted("FER-R-08", "an interval that leaves out its value", faults_claimed.interval_beside_its_value),
    planted("FER-R-09", "an accuracy above 1", faults_claimed.accuracy_above_1),
    planted("FER-R-09", "a negative loss", faults_claimed.negative_loss),
    planted("FER-R-09", "a negative validation loss", faults_claimed.negative_validation_loss),
    planted("FER-R-09", "a negative validation accuracy", faults_claimed.negative_validation_accuracy),
    planted("FER-R-09", "the same loss in every epoch", faults_claimed.constant_loss),
    planted("FER-R-09", "a history with an epoch cut out", faults.epoch_cut),
    planted("FER-R-09", "the last epoch kept for the best", faults.best_is_not_best),
    planted("FER-R-09", "an edited record", faults.record_edited),
    planted("FER-R-10", "the history of another run", faults.history_of_another_run),
    planted("FER-R-11", "a learning rate halved an epoch early", faults.rate_not_replayed),
    planted("FER-R-11", "a capped run that poses as a full one", faults.capped_as_full),
    planted("FER-R-11", "a run that continued after early stopping", faults.trained_on),
    planted("FER-R-11", "another initial rate in the record", faults_posing.other_initial_rate),
    planted("FER-R-12", "class weights of the other balancing", faults.other_balancing),
    planted("FER-R-12", "class weights not applied", weights_not_applied),
    planted("FER-R-13", "a cap that is not declared", faults.capped_undeclared),
    planted("FER-R-13", "a subset that is not declared", faults.subset_as_full),
    planted("FER-R-13", "another batch size that is not declared", faults.other_batch),
    planted("FER-R-13", "training on BTFER that is not declared", faults.btfer_trained_on),
    planted("FER-R-13", "a subset asked for and not declared", faults_posing.subset_asked_for),
    planted("FER-R-13", "a cap asked for and not declared", faults_posing.cap_asked_for),
    planted("FER-R-13", "images of another size that are not declared", faults_claimed.small_training_images),
    planted("FER-R-13", "a deviation from a clause that there is not", faults_claimed.no_such_clause),
    planted("FER-R-13", "a declared cap that ended nothing", faults_claimed.a_cap_that_ended_nothing),
    planted_in(AFFECTNET, "FER-R-13", "AffectNet of other classes than Table 1's", another_selection),
    planted_in(AFFECTNET.replace("224", "48"), "FER-R-13", "AffectNet with hardly any Disgust", hardly_any_disgust),
    Mutant(ROW, "the macro recall of validation", lambda: row(val_recall=0.74)),
    Mutant(ROW, "a misprint on BTFER", lambda: row(btfer_recall=0.65)),
    Mutant(ROW, "an F1 above precision and recall", lambda: row(val_precision=0.1, val_recall=0.8, val_f1=0.8)),
    Mutant(ROW, "an accuracy that seven images cannot have", lambda: row({"val": 7}, val_accuracy=0.8, val_recall=0.8)),
    Mutant(ROW, "more images of BTFER than there are", lambda: row({"btfer": 21_000})),
    of_another_kind("FER-R-13", "AffectNet of the runs at 224×224", AFFECTNET),
    of_another_kind("FER-R-13", "AffectNet of the runs at 48×48", AFFECTNET.replace("224", "48")),
    of_another_kind("FER-R-11", "fine-tuned in two phases, another seed", "vgg16-imagenet-48-rafdb-simple", seed=4),
    of_another_kind("FER-R-10", "by the text, nothing dropped", "vgg16-vggface-224-rafdb-simple", "paper"),
    kept("FER-R-02", "Windows line ends", windows_line_ends),
    kept("FER-R-07", "probabilities in float64", more_digits),
    kept("FER-R-08", "JSON keys in another order", keys_in_another_order),
    kept("FER-R-04", "parts in another order", parts_in_another_order),
    kept("FER-R-13", "another augmentation, declared", declared_elsewhere),
    Right(ROW, "F1 above precision and recall by rounding", lambda: row(val_precision=0.8, val_f1=0.81)),
    Right(ROW, "six of seven images", lambda: row({"val": 7}, val_accuracy=0.86, val_recall=0.86)),
    Right(ROW, "recall and accuracy apart by rounding", lambda: row(val_recall=0.82)),
    Right(ROW, "figures that are illegible", lambda: (ROW_CHECK.run(ResultRow(CellMetrics(val_accuracy=0.81))),)),
)
