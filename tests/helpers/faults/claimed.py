"""Faults in the claims of a run: an impossible contract, start, history, interval or declaration.

As those of ``faults``, they recompute the digests of the record.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ferspec.subjects.runs.artifacts.history import read_history
from ferspec.subjects.runs.artifacts.manifest import read_manifest
from ferspec.subjects.runs.artifacts.record import CONTRACT, HISTORY, MANIFEST, MODEL, REPORT, RUN
from helpers.faults.planted import Fault, edit, put_history, put_manifest, sign

# ---- what the network is


def contract_with(old: str, new: str) -> Fault:
    """Return the fault that a line of the contract says something else."""

    def changed(folder: Path) -> None:
        text = (folder / CONTRACT).read_text()
        assert old in text
        (folder / CONTRACT).write_text(text.replace(old, new))
        sign(folder)

    return changed


other_range = contract_with("range = [0.0, 1.0]", "range = [-1.0, 1.0]")
other_mean = contract_with("# mean =", "mean = [9.0, 9.0, 9.0]")
other_filter = contract_with('resize = "nearest"', 'resize = "lanczos"')
other_layout = contract_with('layout = "channels_last"', 'layout = "channels_first"')
logits = contract_with('kind = "probabilities"', 'kind = "logits"')


def empty_network(folder: Path) -> None:
    (folder / MODEL).write_bytes(b"")
    sign(folder)


def network_without_weights(folder: Path) -> None:
    """An archive, but none of Keras."""
    import zipfile

    with zipfile.ZipFile(folder / MODEL, "w") as archive:
        archive.writestr("config.json", "{}")
    sign(folder)


def started_with(**fields: str | None) -> Fault:
    return lambda folder: edit(folder, RUN, lambda run: run["start"].update(fields))


scratch_from_a_file = started_with(file="pretrained.h5", sha256="0" * 64)
scratch_with_a_digest = started_with(sha256="0" * 64)
faces_for_objects = started_with(file="rcmalli_vggface_tf_notop_vgg16.h5")
no_starting_file = started_with(file=None, sha256=None)
no_digest_of_the_start = started_with(sha256="unknown")


# ---- its images


def drawn_training_images(folder: Path) -> None:
    drawn = {"counts": [1] * 7, "drawn_at": 160, "size": 100, "seed": 1}
    edit(folder, RUN, lambda run: run["data"]["training"].update(drawn=drawn))


def entries_with(name: str, **fields: Any) -> Fault:
    """Return the fault that every image of a part says something else of itself."""

    def changed(folder: Path) -> None:
        parts = read_manifest(folder / MANIFEST)
        put_manifest(folder, parts | {name: tuple(entry.model_copy(update=fields) for entry in parts[name])})

    return changed


small_training_images = entries_with("training", height=48, width=48)
training_images_of_no_pixels = entries_with("training", height=0, width=0)
one_file_for_all_pictures = entries_with("training", bytes_sha256="0" * 64)


# ---- its history


def history_with(change: Callable[[Any], dict[str, float]]) -> Fault:
    """Return the fault that epochs have other figures."""

    def changed(folder: Path) -> None:
        put_history(folder, [row.model_copy(update=change(row)) for row in read_history(folder / HISTORY)])

    return changed


accuracy_above_1 = history_with(lambda row: {"accuracy": 5.0})
negative_loss = history_with(lambda row: {"loss": -row.loss})
negative_validation_loss = history_with(lambda row: {"val_loss": row.val_loss - 100})
# the best epoch keeps its accuracy
negative_validation_accuracy = history_with(lambda row: {"val_accuracy": row.val_accuracy if row.epoch > 10 else -7.0})
constant_loss = history_with(lambda row: {"loss": 2.3})


# ---- its report


def report_with(name: str, **fields: Any) -> Fault:
    """Return the fault that a figure of the validation part says something else of itself."""

    def changed(folder: Path) -> None:
        def figure(report: dict[str, Any]) -> None:
            *way, last = name.split(".")
            within = report["parts"]["validation"]["metrics"]
            for key in way:
                within = within[key]
            within[last].update(fields)

        edit(folder, REPORT, figure)
        sign(folder)

    return changed


other_interval = report_with("accuracy", low=0.999, high=0.0001)
other_method = report_with("accuracy", method="made up")
drawn_for_computed = report_with("accuracy", method="bootstrap over images (10,000 replicates)")
interval_beside_its_value = report_with("f1.weighted", low=0.99, high=0.999)


# ---- what it declares


def declaring(clause: str, effect: str = "as asked for") -> Fault:
    entry = {"clause": clause, "option": "", "effect": effect}
    return lambda folder: edit(folder, RUN, lambda run: run.update(deviations=[entry]))


no_such_clause = declaring("banana")
a_cap_that_ended_nothing = declaring("FER-S-05", "the cap ended a phase")
