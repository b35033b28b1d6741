"""Faults planted into a right run: each function returns a copy of the folder with one fault.

Unless it says otherwise, a fault hides itself: the digests of the record are recomputed, so that no sha256 differs.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ferspec.reference.weighting import simple_weights
from ferspec.subjects.datasets.manifest import Entry, digest, support
from ferspec.subjects.models.base import file_digest
from ferspec.subjects.runs.artifacts.history import history_text, read_history
from ferspec.subjects.runs.artifacts.manifest import manifest_text, read_manifest
from ferspec.subjects.runs.artifacts.metrics import report_of
from ferspec.subjects.runs.artifacts.predictions import RunPredictions, predictions_text, read_run_predictions
from ferspec.subjects.runs.artifacts.record import (
    CONTRACT,
    FINISHED_FILES,
    HISTORY,
    MANIFEST,
    MODEL,
    PREDICTIONS,
    REPORT,
    RUN,
)
from helpers.made import runs as made_runs

Fault = Callable[[Path], None]


def copy(run: Path, folder: Path) -> Path:
    """Return a copy of a run that may be changed."""
    return shutil.copytree(run, folder)


def edit(folder: Path, name: str, change: Callable[[Any], None]) -> None:
    """Change a JSON artifact in place."""
    document = json.loads((folder / name).read_text())
    change(document)
    (folder / name).write_text(json.dumps(document))


def sign(folder: Path) -> None:
    """Let the record name the artifacts as they are now."""
    found = {name: file_digest(folder / name) for name in FINISHED_FILES if (folder / name).exists()}
    edit(folder, RUN, lambda run: run.update(files=found))


def put_predictions(folder: Path, change: Callable[[str, RunPredictions], RunPredictions], report: bool = True) -> None:
    """Change the predictions of each part, and unless told otherwise the report that follows from them."""
    parts = {name: change(name, part) for name, part in read_run_predictions(folder / PREDICTIONS).items()}
    (folder / PREDICTIONS).write_text(predictions_text(parts), newline="")
    if report:
        run = json.loads((folder / RUN).read_text())
        follows = report_of(parts, run["cell"], run["settings"]["profile"], made_runs.FEW)
        (folder / REPORT).write_text(follows.model_dump_json())
    sign(folder)


def put_manifest(folder: Path, parts: Mapping[str, tuple[Entry, ...]]) -> None:
    """Write another manifest, and let the record name it."""
    (folder / MANIFEST).write_text(manifest_text(parts), newline="")

    def recorded(run: dict[str, Any]) -> None:
        for name, entries in parts.items():
            run["data"][name] |= {
                "n": len(entries),
                "support": support(entries),
                "manifest_digest": digest(entries),
            }

    edit(folder, RUN, recorded)
    sign(folder)


def put_history(folder: Path, rows: list[Any]) -> None:
    """Write another history, with its epochs counted from 0."""
    counted = [row.model_copy(update={"epoch": epoch}) for epoch, row in enumerate(rows)]
    (folder / HISTORY).write_text(history_text(counted), newline="")
    sign(folder)


def taken(part: RunPredictions, chosen: np.ndarray) -> RunPredictions:
    """Return the predictions of some images."""
    return RunPredictions(
        tuple(part.images[row] for row in chosen),
        tuple(part.pixels_sha256[row] for row in chosen),
        part.labels[chosen],
        part.predicted[chosen],
        part.probabilities[chosen],
    )


def of_validation(
    change: Callable[[RunPredictions], RunPredictions],
) -> Callable[[str, RunPredictions], RunPredictions]:
    return lambda name, part: change(part) if name == "validation" else part


# ---- files


def truncated_predictions(folder: Path) -> None:
    """Cut off in the middle of a line, and not signed."""
    whole = (folder / PREDICTIONS).read_bytes()
    (folder / PREDICTIONS).write_bytes(whole[: len(whole) // 2])


def truncated_predictions_signed(folder: Path) -> None:
    lines = (folder / PREDICTIONS).read_bytes().splitlines(keepends=True)
    (folder / PREDICTIONS).write_bytes(b"".join(lines[:-100]))
    sign(folder)


def model_of_another_run(folder: Path) -> None:
    """Copied over, and not signed."""
    made_runs.write_network(folder / MODEL, "another run")


def model_missing(folder: Path) -> None:
    (folder / MODEL).unlink()


def not_a_number(folder: Path) -> None:
    lines = (folder / PREDICTIONS).read_text().splitlines()
    cells = lines[7].split(",")
    lines[7] = ",".join([*cells[:-1], "NaN"])
    (folder / PREDICTIONS).write_text("\n".join(lines) + "\n")
    sign(folder)


# ---- which cell


def dataset_swapped(folder: Path) -> None:
    """The record calls a training on RAF-DB one on FER2013; report and record agree."""
    other = made_runs.CELL.replace("rafdb", "fer2013")
    for name in (RUN, REPORT):
        edit(folder, name, lambda document: document.update(cell=other))
    sign(folder)


def another_cell(folder: Path) -> None:
    edit(folder, RUN, lambda run: run.update(cell=made_runs.CELL.replace("resnet18", "vggnet")))


def no_cell(folder: Path) -> None:
    edit(folder, RUN, lambda run: run.update(cell="resnet18-scratch-96-rafdb-conservative"))


def other_resolution(folder: Path) -> None:
    text = (folder / CONTRACT).read_text()
    assert "48" in text
    (folder / CONTRACT).write_text(text.replace("48", "224"))
    sign(folder)


def other_start(folder: Path) -> None:
    edit(folder, RUN, lambda run: run["start"].update(kind="imagenet"))


# ---- images and predictions


def parts_exchanged(folder: Path) -> None:
    """What was predicted of BTFER stands under validation, and the other way round."""
    parts = read_run_predictions(folder / PREDICTIONS)
    turned = {"validation": parts["btfer"], "btfer": parts["validation"]}
    put_predictions(folder, lambda name, _: turned[name])


def labels_shuffled(folder: Path) -> None:
    rng = np.random.default_rng(5)
    put_predictions(folder, of_validation(lambda part: replace(part, labels=rng.permutation(part.labels))))


def image_missing(folder: Path) -> None:
    put_predictions(folder, of_validation(lambda part: taken(part, np.arange(len(part))[1:])))


def image_twice(folder: Path) -> None:
    def doubled(part: RunPredictions) -> RunPredictions:
        return taken(part, np.array([0, *range(len(part))]))

    put_predictions(folder, of_validation(doubled))


def image_twice_in_the_manifest(folder: Path) -> None:
    parts = read_manifest(folder / MANIFEST)
    put_manifest(folder, parts | {"btfer": (parts["btfer"][0], *parts["btfer"][:-1])})


def training_images_as_validation(folder: Path) -> None:
    """The manifest still knows better."""
    trained = read_manifest(folder / MANIFEST)["training"]

    def easy(part: RunPredictions) -> RunPredictions:
        rows = trained[: len(part)]
        labels = np.array([made_runs.CLASSES.index(entry.label) for entry in rows])
        named = tuple(entry.path for entry in rows), tuple(entry.pixels_sha256 for entry in rows)
        return RunPredictions(*named, labels, part.predicted, part.probabilities)

    put_predictions(folder, of_validation(easy))


def training_images_in_the_validation_part(folder: Path) -> None:
    parts = read_manifest(folder / MANIFEST)
    seen = {entry.label: entry for entry in parts["training"]}
    first = parts["validation"][0]
    put_manifest(folder, parts | {"validation": (seen[first.label], *parts["validation"][1:])})


def btfer_trained_on(folder: Path) -> None:
    """Under another name, so that only the pixels tell."""
    parts = read_manifest(folder / MANIFEST)
    tested = {entry.label: entry.pixels_sha256 for entry in parts["btfer"]}
    leaked = [entry.model_copy(update={"pixels_sha256": tested[entry.label]}) for entry in parts["training"][:5]]
    put_manifest(folder, parts | {"training": (*leaked, *parts["training"][5:])})


def counted_otherwise(folder: Path) -> None:
    """One image of another class than the record counts."""
    parts = read_manifest(folder / MANIFEST)
    first = parts["training"][0]
    other = next(name for name in made_runs.CLASSES if name != first.label)
    changed = parts | {"training": (first.model_copy(update={"label": other}), *parts["training"][1:])}
    (folder / MANIFEST).write_text(manifest_text(changed), newline="")
    sign(folder)


def rounded(folder: Path) -> None:
    """To two digits, so that classes tie; the recorded classes stay."""

    def two_digits(_: str, part: RunPredictions) -> RunPredictions:
        return replace(part, probabilities=part.probabilities.round(2))

    put_predictions(folder, two_digits)


def classes_of_ties_changed(folder: Path) -> None:
    """Two classes are equally probable, and the second of them was taken; rows still sum to one."""

    def tied(part: RunPredictions) -> RunPredictions:
        probabilities, predicted = part.probabilities.copy(), part.predicted.copy()
        probabilities[:50] = np.float32(0.5) * np.eye(7, dtype=np.float32)[[1]]
        probabilities[:50, 4] = 0.5
        predicted[:50] = 4
        return replace(part, probabilities=probabilities, predicted=predicted)

    put_predictions(folder, of_validation(tied))


def negative_probability(folder: Path) -> None:
    def lowered(part: RunPredictions) -> RunPredictions:
        probabilities = part.probabilities.copy()
        lowest = probabilities[3].argmin()
        probabilities[3, part.predicted[3]] += probabilities[3, lowest] + 0.01
        probabilities[3, lowest] = -0.01
        return replace(part, probabilities=probabilities)

    put_predictions(folder, of_validation(lowered))


# ---- report


def report_of_other_predictions(folder: Path) -> None:
    """Every hundredth image is now right, and the report is left as it was."""

    def better(part: RunPredictions) -> RunPredictions:
        probabilities, predicted = part.probabilities.copy(), part.predicted.copy()
        for row in range(0, len(part), 100):
            probabilities[row] = np.eye(7)[part.labels[row]]
            predicted[row] = part.labels[row]
        return replace(part, probabilities=probabilities, predicted=predicted)

    put_predictions(folder, of_validation(better), report=False)


def macro_for_weighted(folder: Path) -> None:
    def macro(report: dict[str, Any]) -> None:
        metrics = report["parts"]["validation"]["metrics"]
        for name in ("precision", "recall", "f1"):
            metrics[name]["weighted"]["value"] = metrics[name]["macro"]["value"]

    edit(folder, REPORT, macro)
    sign(folder)


def report_exchanged(folder: Path) -> None:
    def turned(report: dict[str, Any]) -> None:
        parts = report["parts"]
        parts["validation"], parts["btfer"] = parts["btfer"], parts["validation"]

    edit(folder, REPORT, turned)
    sign(folder)


def over_all_images(folder: Path) -> None:
    """The figures as the runs took them are those over all images."""

    def whole(report: dict[str, Any]) -> None:
        part = report["parts"]["btfer"]
        part["as_run"]["accuracy"] = part["metrics"]["accuracy"]["value"]

    edit(folder, REPORT, whole)
    sign(folder)


# ---- training


def epoch_cut(folder: Path) -> None:
    rows = list(read_history(folder / HISTORY))
    put_history(folder, rows[:3] + rows[4:])


def rate_not_replayed(folder: Path) -> None:
    """Halved one epoch before the losses ask for it."""
    rows = list(read_history(folder / HISTORY))
    halved = next(place for place, row in enumerate(rows) if row.learning_rate < rows[0].learning_rate)
    rows[halved - 1] = rows[halved - 1].model_copy(update={"learning_rate": rows[halved].learning_rate})
    put_history(folder, rows)


def capped_as_full(folder: Path) -> None:
    """Three epochs before early stopping, which the record gives as the reason all the same."""
    put_history(folder, list(read_history(folder / HISTORY))[:-3])
    edit(folder, RUN, lambda run: run["phases"][0].update(epochs=run["phases"][0]["epochs"] - 3))


def capped_undeclared(folder: Path) -> None:
    """The record contains the cap, but not as a deviation."""
    capped_as_full(folder)

    def capped(run: dict[str, Any]) -> None:
        run["phases"][0]["ended"] = "epochs cap"
        run["settings"]["epochs_cap"] = run["phases"][0]["epochs"]

    edit(folder, RUN, capped)


def trained_on(folder: Path) -> None:
    """Two epochs more than early stopping allows."""
    rows = list(read_history(folder / HISTORY))
    more = rows[-1].model_copy(update={"learning_rate": rows[-1].learning_rate / 2})
    put_history(folder, [*rows, more, more])
    edit(folder, RUN, lambda run: run["phases"][0].update(epochs=run["phases"][0]["epochs"] + 2))


def best_is_not_best(folder: Path) -> None:
    """The record keeps the last epoch."""
    last = read_history(folder / HISTORY)[-1]
    edit(folder, RUN, lambda run: run["best"].update(epoch=last.epoch, val_accuracy=last.val_accuracy))


def record_edited(folder: Path) -> None:
    edit(folder, RUN, lambda run: run["best"].update(val_accuracy=run["best"]["val_accuracy"] + 0.05))


def history_of_another_run(folder: Path) -> None:
    """Its best epoch reached two points more than the network does; the record agrees with it."""
    rows = [row.model_copy(update={"val_accuracy": row.val_accuracy + 0.02}) for row in read_history(folder / HISTORY)]
    put_history(folder, rows)
    edit(folder, RUN, lambda run: run["best"].update(val_accuracy=max(row.val_accuracy for row in rows)))


def other_balancing(folder: Path) -> None:
    counts = [*support(read_manifest(folder / MANIFEST)["training"]).values()]
    weights = dict(zip(made_runs.CLASSES, map(float, simple_weights(counts)), strict=True))
    edit(folder, RUN, lambda run: run.update(class_weights=weights))


def other_batch(folder: Path) -> None:
    edit(folder, RUN, lambda run: run["settings"].update(global_batch=32))


def subset_as_full(folder: Path) -> None:
    """A tenth of the training images, in the manifest and everywhere, but not declared."""
    parts = read_manifest(folder / MANIFEST)
    put_manifest(folder, parts | {"training": parts["training"][::10]})
    counts = [*support(parts["training"][::10]).values()]
    weights = dict(zip(made_runs.CLASSES, map(float, np.minimum(simple_weights(counts), 3)), strict=True))
    edit(folder, RUN, lambda run: run.update(class_weights=weights))
