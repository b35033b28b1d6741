"""Checks that contract, initial weights and images of a training belong to its cell (FER-R-03)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from ferspec import spec
from ferspec.checks.run.mismatches import Mismatch, result_of
from ferspec.engine import Check
from ferspec.outcomes import CheckResult
from ferspec.reference.models import preprocessing_of
from ferspec.reference.models.weights import published
from ferspec.required import required
from ferspec.spec.records import Cell
from ferspec.subjects.models.contracts.contract import Contract, Input
from ferspec.subjects.runs.artifacts.folder import RunFolder
from ferspec.subjects.runs.artifacts.manifest import SHA256
from ferspec.subjects.runs.artifacts.record import CONTRACT, REPORT, RUN, SYNTHETIC, RunRecord, SplitName, Start

BTFER = "BTFER"
SCRATCH = "scratch"


def belongs_to_one_cell(folder: RunFolder) -> CheckResult:
    """Record, report, contract, initial weights and images belong to one cell."""
    return result_of(_cell_mismatches(folder), f"all artifacts belong to {required(folder.run).cell}")


CELL_CHECKS = (Check("FER-R-03", belongs_to_one_cell, needs=(RUN,)),)


def _cell_mismatches(folder: RunFolder) -> Iterator[Mismatch]:
    run, cell, report = required(folder.run), folder.cell, folder.report
    if cell is None:
        yield Mismatch(f"{RUN} names the cell {run.cell}", "a cell that 'ferspec grid list' shows")
        return
    if report is not None and (report.cell, report.profile) != (run.cell, run.settings.profile):
        yield Mismatch(
            f"{REPORT} is of {report.cell}, profile {report.profile}",
            f"{run.cell}, profile {run.settings.profile}, as {RUN} says",
            "the files of two runs were mixed, or a record was renamed to another cell",
        )
    if folder.contract is not None:
        yield from _contract_mismatches(folder.contract, run, cell)
    yield from _start_mismatches(run.start, cell)
    yield from _dataset_mismatches(run, cell)


def _contract_mismatches(contract: Contract, run: RunRecord, cell: Cell) -> Iterator[Mismatch]:
    """Yield where images, class order or outputs of a contract differ from the cell's network."""
    stated, size = contract.input, (cell.resolution, cell.resolution)
    if stated.size != size:
        height, width = stated.size
        yield Mismatch(
            f"{CONTRACT} has images of {width}×{height}",
            f"{cell.resolution}×{cell.resolution}, the cell's resolution",
            "the network was trained at another resolution",
        )
    trained = _trained_input(run, cell)
    if stated.colour != trained.colour:
        yield Mismatch(f"{CONTRACT} has images in {stated.colour}", f"{trained.colour}, as in training")
    for name in sorted(Input.model_fields.keys() - {"size", "colour"}):
        value, expected = getattr(stated, name), getattr(trained, name)
        if value != expected:
            yield Mismatch(
                f"{CONTRACT} has {name} {value}",
                f"{expected}, as in training",
                "the contract was edited, or the network was trained with other inputs",
            )
    book = spec.load()
    declared = zip(contract.output.classes, contract.output.declared, strict=True)
    order = tuple(name if index is None else book.classes[index] for name, index in declared)
    if order != book.classes:
        yield Mismatch(
            f"{CONTRACT} has the classes {', '.join(order)}",
            f"{', '.join(book.classes)}, in this order (FER-C-01)",
            "classes were swapped",
        )
    if contract.output.kind != "probabilities":
        yield Mismatch(f"{CONTRACT} has outputs that are {contract.output.kind}", "probabilities")


def _trained_input(run: RunRecord, cell: Cell) -> Input:
    """Return the input that the network of a cell is trained with."""
    preprocessing = preprocessing_of(cell.architecture, cell.weights, run.settings.profile)
    return Input(size=(cell.resolution, cell.resolution), **asdict(preprocessing))


def _start_mismatches(start: Start, cell: Cell) -> Iterator[Mismatch]:
    """Yield where the initial weights are not the published ones of the cell."""
    if start.kind != cell.weights:
        yield Mismatch(f"the network started from {start.kind}", f"{cell.weights}, the cell's weights")
        return
    expected = None if start.kind == SCRATCH else published(cell.architecture, start.kind).name
    if start.file != expected:
        yield Mismatch(
            f"the network started from {start.file or 'no file'}",
            f"{expected or 'no file'}, as {cell.weights} says",
            "other weights were loaded",
        )
        return
    valid = start.sha256 is None if expected is None else SHA256.fullmatch(start.sha256 or "") is not None
    if not valid:
        yield Mismatch(
            f"initial weights with the sha256 {start.sha256}",
            f"that of {expected}" if expected else "none, without a file",
        )


def _dataset_mismatches(run: RunRecord, cell: Cell) -> Iterator[Mismatch]:
    expected: dict[SplitName, str] = {"training": cell.dataset, "validation": cell.dataset}
    if "btfer" in run.data:
        expected["btfer"] = SYNTHETIC if cell.dataset == SYNTHETIC else BTFER
    for name, dataset in expected.items():
        part, label = run.data.get(name), BTFER if name == "btfer" else name
        if part is None or part.dataset != dataset:
            yield Mismatch(
                f"no {label} images" if part is None else f"{label} images of {part.dataset}",
                dataset if name == "btfer" else f"{name} images of {dataset}",
                "the dataset was swapped",
            )
        elif part.drawn is not None and dataset != SYNTHETIC:
            yield Mismatch(f"{label} images that were rendered", f"images of {dataset}", "these are synthetic faces")
