"""Lists the checks on artifacts (FER-R), and defines those on files, images and predictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ferspec import spec
from ferspec.checks.run.artifacts.cell import CELL_CHECKS
from ferspec.checks.run.artifacts.deviations import DEVIATION_CHECKS
from ferspec.checks.run.artifacts.metrics import REPORT_CHECKS
from ferspec.checks.run.artifacts.training import TRAINING_CHECKS
from ferspec.checks.run.mismatches import Mismatch, result_of
from ferspec.engine import Check
from ferspec.outcomes import CheckResult
from ferspec.required import required
from ferspec.subjects.datasets.manifest import Entry, support
from ferspec.subjects.runs.artifacts.folder import FINISHED, RunFolder, RunImages
from ferspec.subjects.runs.artifacts.predictions import RunPredictions
from ferspec.subjects.runs.artifacts.record import FINISHED_FILES, MANIFEST, PREDICTIONS, RUN, SplitName

SHOWN = 3


def is_complete(folder: RunFolder) -> CheckResult:
    """Every artifact exists and has the sha256 that the record names."""
    return result_of(_file_mismatches(folder), f"{len(FINISHED_FILES)} artifacts with the sha256 of {RUN}")


def is_readable(folder: RunFolder) -> CheckResult:
    """Every existing artifact has a valid format."""
    mismatches = [Mismatch(error, f"{name} in its format") for name, error in folder.unreadable.items()]
    return result_of(mismatches, "every artifact has a valid format")


def counts_its_images(folder: RunFolder) -> CheckResult:
    """Digests and counts of the record follow from the manifest."""
    return result_of(_count_mismatches(folder), f"{_listed(required(folder.images).digests)} as in {RUN}")


def has_disjoint_splits(folder: RunFolder) -> CheckResult:
    """Every image is listed once, in one split. Equal pictures are no more than datasets contain by themselves."""
    images = required(folder.images)
    repeated = [f"{count:,} {name} images" for name, count in images.repeated.items() if count]
    if images.trained_under_other_names:
        repeated.append(f"{images.trained_under_other_names:,} validation images that are also training images")
    equal = f"; the same picture under another name: {', '.join(repeated)}" if repeated else ""
    return result_of(_overlaps(images), f"no image is listed twice{equal}")


def predicts_every_image(folder: RunFolder) -> CheckResult:
    """Predictions are of the manifest's images, in the same order, with their labels."""
    return result_of(_prediction_mismatches(folder), "a prediction of every image, with its label")


def gives_probabilities(folder: RunFolder) -> CheckResult:
    """Every row holds probabilities, and the predicted class has the highest."""
    predictions = required(folder.predictions)
    mismatches = [mismatch for name, part in predictions.items() for mismatch in _invalid_probabilities(name, part)]
    return result_of(mismatches, "rows sum to 1, and the predicted class has the highest probability")


ARTIFACT_CHECKS = (
    Check("FER-R-01", is_complete, needs=(FINISHED,)),
    Check("FER-R-02", is_readable),
    *CELL_CHECKS,
    Check("FER-R-04", counts_its_images, needs=(RUN, MANIFEST)),
    Check("FER-R-05", has_disjoint_splits, needs=(MANIFEST,)),
    Check("FER-R-06", predicts_every_image, needs=(PREDICTIONS, MANIFEST)),
    Check("FER-R-07", gives_probabilities, needs=(PREDICTIONS,)),
    *REPORT_CHECKS,
    *TRAINING_CHECKS,
    *DEVIATION_CHECKS,
)


def _file_mismatches(folder: RunFolder) -> Iterator[Mismatch]:
    for name in FINISHED_FILES:
        stated, sha256 = required(folder.run).files.get(name), folder.digests.get(name)
        if sha256 is None:
            yield Mismatch(f"{name} is missing", f"{name} in the folder", "the folder was copied incompletely")
        elif sha256 != stated:
            yield Mismatch(
                f"{name} has the sha256 {sha256[:12]}…",
                "none in the record" if stated is None else f"{stated[:12]}…, as {RUN} says",
                f"{name} was damaged, changed later, or belongs to another run",
            )


def _count_mismatches(folder: RunFolder) -> Iterator[Mismatch]:
    record, listed = required(folder.run).data, required(folder.images)
    if record.keys() != listed.parts.keys():
        yield Mismatch(f"{MANIFEST} lists {_listed(listed.parts)}", f"{_listed(record)}, as {RUN} says")
    for name in (name for name in record if name in listed.parts):
        part, entries = record[name], listed.parts[name]
        if part.n != len(entries):
            yield Mismatch(
                f"{len(entries):,} {name} images in {MANIFEST}",
                f"{part.n:,}, as {RUN} says",
                difference=float(len(entries) - part.n),
            )
        elif part.support != support(entries):
            yield Mismatch(f"{name}: {_counts(support(entries))}", f"{_counts(part.support)}, as {RUN} says")
        elif part.manifest_digest != listed.digests[name]:
            yield Mismatch(
                f"the {name} manifest has the digest {listed.digests[name][:12]}…",
                f"{part.manifest_digest[:12]}…, as {RUN} says",
                "these are not the images or labels of the run",
            )
    if listed.bytes_of_several_pictures:
        yield Mismatch(
            f"{listed.bytes_of_several_pictures:,} sha256 of files have several pictures",
            "one picture for the same bytes",
            "the manifest was fabricated",
        )


def _overlaps(images: RunImages) -> Iterator[Mismatch]:
    for name, paths in images.listed_twice.items():
        yield Mismatch(f"{len(paths):,} {name} images are listed twice ({_some(paths)})", "every image once")
    shared = images.trained_and_validated
    if shared:
        yield Mismatch(
            f"{len(shared):,} validation images are also training images ({_some(shared)})",
            "none",
            "leakage: the validation split contains training images",
        )
    yield from _equal_pictures(images)


def _equal_pictures(images: RunImages) -> Iterator[Mismatch]:
    """Yield where more images have equal pixels than the duplicates of a dataset explain."""
    most = spec.load().number("FER-R-05", "same_pictures")
    expected = f"at most {most:.0%}, as datasets contain some pictures twice"
    validated, shared = len(images.parts.get("validation", ())), images.trained_under_other_names
    if shared > most * validated:
        yield Mismatch(
            f"{shared:,} of {validated:,} validation images have the pixels of training images",
            expected,
            "leakage: the validation split contains training images under other names",
            shared / validated - most,
        )
    for name, count in images.repeated.items():
        n = len(images.parts[name])
        if count > most * n:
            yield Mismatch(
                f"{count:,} of {n:,} {name} images repeat a picture of the split",
                expected,
                "a few pictures were copied to reach the number of images",
                count / n - most,
            )


def _prediction_mismatches(folder: RunFolder) -> Iterator[Mismatch]:
    images, predictions = required(folder.images), required(folder.predictions)
    listed = {name: part for name, part in images.parts.items() if name != "training"}
    if listed.keys() != predictions.keys():
        yield Mismatch(f"predictions of {_listed(predictions)}", f"of {_listed(listed)}")
    for name in (name for name in listed if name in predictions):
        yield from _image_mismatches(images, name, listed[name], predictions[name])


def _image_mismatches(
    images: RunImages, name: SplitName, entries: tuple[Entry, ...], part: RunPredictions
) -> Iterator[Mismatch]:
    paths = tuple(entry.path for entry in entries)
    missing, added = set(paths) - set(part.images), set(part.images) - set(paths)
    if missing or added:
        yield Mismatch(
            f"{name}: {len(missing):,} images without a prediction, {len(added):,} predictions of other images",
            f"predictions of the {len(paths):,} images of the manifest",
            _owner(images, name, added) if added else "the file was truncated, or images were skipped",
            float(len(part) - len(paths)),
        )
        return
    if part.images != paths:
        yield Mismatch(f"{name}: the images are in another order", "the order of the manifest")
        return
    if part.pixels_sha256 != tuple(entry.pixels_sha256 for entry in entries):
        yield Mismatch(f"{name}: predictions of other pixels", "the pixels that the manifest names")
    index = {label: number for number, label in enumerate(spec.load().classes)}
    wrong = int((part.labels != [index[entry.label] for entry in entries]).sum())
    if wrong:
        yield Mismatch(
            f"{name}: {wrong:,} of {len(part):,} labels are not those of the manifest",
            "every label as in the manifest",
            "the labels were shuffled, or corrected after training",
            float(wrong),
        )


def _owner(images: RunImages, name: SplitName, added: set[str]) -> str | None:
    """Return the likely cause if all ``added`` images of a split belong to another split."""
    for other, entries in images.parts.items():
        if other != name and added <= {entry.path for entry in entries}:
            return f"these are {other} images: {name} and {other} were swapped"
    return None


def _invalid_probabilities(name: SplitName, part: RunPredictions) -> Iterator[Mismatch]:
    rows, tolerance = part.probabilities.astype(np.float64), spec.load().number("FER-B-04", "tolerance")
    if not np.isfinite(rows).all():
        yield Mismatch(f"{name}: numbers that float32 cannot hold", "probabilities")
        return
    if rows.min() < 0:
        yield Mismatch(f"{name}: a probability of {rows.min():.4g}", "none below 0", "these are logits, or edited")
    excess = float(np.abs(rows.sum(axis=1) - 1).max())
    if excess > tolerance:
        likely = "the probabilities were rounded, or are logits"
        yield Mismatch(f"{name}: rows off by up to {excess:.4g}", f"at most {tolerance:g}", likely, excess - tolerance)
    wrong = int((part.probabilities.argmax(axis=1) != part.predicted).sum())
    if wrong:
        yield Mismatch(
            f"{name}: {wrong:,} of {len(part):,} predicted classes do not have the highest probability",
            "the first class with the highest probability",
            "the probabilities were rounded, so that classes tie, or the classes were edited",
            float(wrong),
        )


def _counts(counted: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counted.items())


def _listed(names: Any) -> str:
    return " and ".join(names) or "nothing"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
