"""All checks on what one training left (FER-R); here those on its files, its images and its predictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ferspec import spec
from ferspec.checks.run.artifacts.cell import CELL_CHECKS
from ferspec.checks.run.artifacts.deviations import DEVIATION_CHECKS
from ferspec.checks.run.artifacts.metrics import REPORT_CHECKS
from ferspec.checks.run.artifacts.training import TRAINING_CHECKS
from ferspec.checks.run.departures import Departure, finding
from ferspec.engine import Check
from ferspec.outcomes import CheckResult
from ferspec.subjects.datasets.manifest import Entry, support
from ferspec.subjects.runs.artifacts.folder import FINISHED, RunFolder, RunImages
from ferspec.subjects.runs.artifacts.predictions import RunPredictions
from ferspec.subjects.runs.artifacts.record import FINISHED_FILES, MANIFEST, PREDICTIONS, RUN, PartName

SHOWN = 3


def is_whole(folder: RunFolder) -> CheckResult:
    """Every artifact is there, with the sha256 that the record names."""
    return finding(_not_whole(folder), f"{len(FINISHED_FILES)} artifacts with the sha256 of {RUN}")


def is_readable(folder: RunFolder) -> CheckResult:
    """Every file that is there has its form."""
    departures = [Departure(why, f"{name} in its form") for name, why in folder.unreadable.items()]
    return finding(departures, "every artifact is in its form")


def lists_the_images(folder: RunFolder) -> CheckResult:
    """Digests and counts of the record follow from the manifest."""
    return finding(_miscounted(folder), f"{_listed(folder.images.digests)} as in {RUN}")


def keeps_parts_apart(folder: RunFolder) -> CheckResult:
    """No image is in two parts, and none twice in one; of equal pictures no more than a dataset has by itself."""
    images = folder.images
    repeated = [f"{count:,} {name} images" for name, count in images.repeated.items() if count]
    if images.trained_under_other_names:
        repeated.append(f"{images.trained_under_other_names:,} validation images that are trained on")
    equal = f"; under other names the same picture: {', '.join(repeated)}" if repeated else ""
    return finding(_shared(folder), f"no image is there twice{equal}")


def predicts_every_image(folder: RunFolder) -> CheckResult:
    """Predictions are of the manifest's images, in order, with their labels."""
    return finding(_mispredicted(folder), "a prediction of every image, with its label")


def gives_probabilities(folder: RunFolder) -> CheckResult:
    """Rows are probabilities, and the predicted class is the most probable."""
    departures = [each for name, part in folder.predictions.items() for each in _improbable(name, part)]
    return finding(departures, "rows sum to 1, and the class is that of the highest")


ARTIFACT_CHECKS = (
    Check("FER-R-01", is_whole, needs=(FINISHED,)),
    Check("FER-R-02", is_readable),
    *CELL_CHECKS,
    Check("FER-R-04", lists_the_images, needs=(RUN, MANIFEST)),
    Check("FER-R-05", keeps_parts_apart, needs=(MANIFEST,)),
    Check("FER-R-06", predicts_every_image, needs=(PREDICTIONS, MANIFEST)),
    Check("FER-R-07", gives_probabilities, needs=(PREDICTIONS,)),
    *REPORT_CHECKS,
    *TRAINING_CHECKS,
    *DEVIATION_CHECKS,
)


def _not_whole(folder: RunFolder) -> Iterator[Departure]:
    for name in FINISHED_FILES:
        stated, found = folder.run.files.get(name), folder.digests.get(name)
        if found is None:
            yield Departure(f"{name} is missing", f"{name} in the folder", "the folder was not copied whole")
        elif found != stated:
            yield Departure(
                f"{name} has the sha256 {found[:12]}…",
                "none in the record" if stated is None else f"{stated[:12]}…, as {RUN} says",
                f"{name} was damaged, changed since, or is that of another run",
            )


def _miscounted(folder: RunFolder) -> Iterator[Departure]:
    record, listed = folder.run.data, folder.images
    if record.keys() != listed.parts.keys():
        yield Departure(f"{MANIFEST} lists {_listed(listed.parts)}", f"{_listed(record)}, as {RUN} says")
    for name in (name for name in record if name in listed.parts):
        part, entries = record[name], listed.parts[name]
        if part.n != len(entries):
            yield Departure(
                f"{len(entries):,} {name} images in {MANIFEST}",
                f"{part.n:,}, as {RUN} says",
                difference=float(len(entries) - part.n),
            )
        elif part.support != support(entries):
            yield Departure(f"{name}: {_counts(support(entries))}", f"{_counts(part.support)}, as {RUN} says")
        elif part.manifest_digest != listed.digests[name]:
            yield Departure(
                f"the {name} manifest has the digest {listed.digests[name][:12]}…",
                f"{part.manifest_digest[:12]}…, as {RUN} says",
                "these are other images, or other labels, than the run had",
            )
    if listed.bytes_of_several_pictures:
        yield Departure(
            f"{listed.bytes_of_several_pictures:,} sha256 of files have several pictures",
            "one picture for the same bytes",
            "the manifest was made up",
        )


def _shared(folder: RunFolder) -> Iterator[Departure]:
    for name, paths in folder.images.listed_twice.items():
        yield Departure(f"{len(paths):,} {name} images are listed twice ({_some(paths)})", "every image once")
    seen = folder.images.trained_and_validated
    if seen:
        yield Departure(
            f"{len(seen):,} validation images are also trained on ({_some(seen)})",
            "none",
            "leakage: training images stand in the validation part",
        )
    yield from _same_pictures(folder.images)


def _same_pictures(images: RunImages) -> Iterator[Departure]:
    """Yield where more images have equal pixels than the duplicates of a dataset explain."""
    most = spec.load().number("FER-R-05", "same_pictures")
    validated, seen = len(images.parts.get("validation", ())), images.trained_under_other_names
    if seen > most * validated:
        yield Departure(
            f"{seen:,} of {validated:,} validation images have the pixels of training images",
            f"at most {most:.0%}, as datasets hold some pictures twice",
            "leakage: training images stand in the validation part under other names",
            seen / validated - most,
        )
    for name, count in images.repeated.items():
        whole = len(images.parts[name])
        if count > most * whole:
            yield Departure(
                f"{count:,} of {whole:,} {name} images repeat a picture of the part",
                f"at most {most:.0%}, as datasets hold some pictures twice",
                "a few pictures were copied to make up the number",
                count / whole - most,
            )


def _mispredicted(folder: RunFolder) -> Iterator[Departure]:
    listed = {name: part for name, part in folder.images.parts.items() if name != "training"}
    if listed.keys() != folder.predictions.keys():
        yield Departure(f"predictions of {_listed(folder.predictions)}", f"of {_listed(listed)}")
    for name in (name for name in listed if name in folder.predictions):
        yield from _other_images(folder, name, listed[name], folder.predictions[name])


def _other_images(
    folder: RunFolder, name: PartName, entries: tuple[Entry, ...], part: RunPredictions
) -> Iterator[Departure]:
    paths = tuple(entry.path for entry in entries)
    missing, added = set(paths) - set(part.images), set(part.images) - set(paths)
    if missing or added:
        yield Departure(
            f"{name}: {len(missing):,} images without a prediction, {len(added):,} predictions of other images",
            f"predictions of the {len(paths):,} images of the manifest",
            _whose(folder, name, added) if added else "the file was cut off, or images were left out",
            float(len(part) - len(paths)),
        )
        return
    if part.images != paths:
        yield Departure(f"{name}: the images come in another order", "the order of the manifest")
        return
    if part.pixels_sha256 != tuple(entry.pixels_sha256 for entry in entries):
        yield Departure(f"{name}: predictions of other pixels", "the pixels that the manifest names")
    index = {label: number for number, label in enumerate(spec.load().classes)}
    differ = int((part.labels != [index[entry.label] for entry in entries]).sum())
    if differ:
        yield Departure(
            f"{name}: {differ:,} of {len(part):,} labels are not those of the manifest",
            "every label as in the manifest",
            "the labels were shuffled, or corrected after training",
            float(differ),
        )


def _whose(folder: RunFolder, name: PartName, added: set[str]) -> str | None:
    """Return which part the images belong to that a part's predictions should not have."""
    for other, entries in folder.images.parts.items():
        if other != name and added <= {entry.path for entry in entries}:
            return f"these are {other} images: {name} and {other} were exchanged"
    return None


def _improbable(name: PartName, part: RunPredictions) -> Iterator[Departure]:
    rows, tolerance = part.probabilities.astype(np.float64), spec.load().number("FER-B-04", "tolerance")
    if not np.isfinite(rows).all():
        yield Departure(f"{name}: numbers that float32 cannot hold", "probabilities")
        return
    if rows.min() < 0:
        yield Departure(f"{name}: a probability of {rows.min():.4g}", "none below 0", "these are logits, or altered")
    excess = float(np.abs(rows.sum(axis=1) - 1).max())
    if excess > tolerance:
        likely = "the probabilities were rounded, or are logits"
        yield Departure(f"{name}: rows off by up to {excess:.4g}", f"at most {tolerance:g}", likely, excess - tolerance)
    others = int((part.probabilities.argmax(axis=1) != part.predicted).sum())
    if others:
        yield Departure(
            f"{name}: {others:,} of {len(part):,} predicted classes are not that of the highest probability",
            "the first of the highest",
            "the probabilities were rounded, so that classes tie, or the classes were altered",
            float(others),
        )


def _counts(counted: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counted.items())


def _listed(names: Any) -> str:
    return " and ".join(names) or "nothing"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
