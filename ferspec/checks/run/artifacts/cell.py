"""Checks that what one training left is of the cell it names: its contract, its start, its images (FER-R-03)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from ferspec import spec
from ferspec.checks.run.departures import Departure, finding
from ferspec.engine import Check
from ferspec.outcomes import CheckResult
from ferspec.reference.models import preprocessing_of
from ferspec.reference.models.weights import published
from ferspec.spec.records import Cell
from ferspec.subjects.models.contracts.contract import Contract, Input
from ferspec.subjects.runs.artifacts.folder import RunFolder
from ferspec.subjects.runs.artifacts.manifest import SHA256
from ferspec.subjects.runs.artifacts.record import CONTRACT, REPORT, RUN, SYNTHETIC, RunRecord, Start

BTFER = "BTFER"
SCRATCH = "scratch"


def speaks_of_one_cell(folder: RunFolder) -> CheckResult:
    """Record, report, contract, starting weights and images are of one cell."""
    return finding(_of_another_cell(folder), f"all artifacts speak of {folder.run.cell}")


CELL_CHECKS = (Check("FER-R-03", speaks_of_one_cell, needs=(RUN,)),)


def _of_another_cell(folder: RunFolder) -> Iterator[Departure]:
    run, cell, report = folder.run, folder.cell, folder.report
    if cell is None:
        yield Departure(f"{RUN} names the cell {run.cell}", "one that 'ferspec grid list' shows")
        return
    if report is not None and (report.cell, report.profile) != (run.cell, run.settings.profile):
        yield Departure(
            f"{REPORT} is of {report.cell}, profile {report.profile}",
            f"{run.cell}, profile {run.settings.profile}, as {RUN} says",
            "the files of two runs were mixed, or a record was renamed to another cell",
        )
    if folder.contract is not None:
        yield from _of_another_contract(folder.contract, run, cell)
    yield from _of_another_start(run.start, cell)
    yield from _of_another_dataset(run, cell)


def _of_another_contract(contract: Contract, run: RunRecord, cell: Cell) -> Iterator[Departure]:
    """Yield where a contract has other images, another order of classes or other outputs than the cell's network."""
    stated, size = contract.input, (cell.resolution, cell.resolution)
    if stated.size != size:
        height, width = stated.size
        yield Departure(
            f"{CONTRACT} has images of {width}×{height}",
            f"{cell.resolution}×{cell.resolution}, the cell's resolution",
            "the network was trained at another resolution",
        )
    if stated.colour != (fed := _fed(run, cell)).colour:
        yield Departure(f"{CONTRACT} has images in {stated.colour}", f"{fed.colour}, which the network was fed")
    for name in sorted(Input.model_fields.keys() - {"size", "colour"}):
        told, right = getattr(stated, name), getattr(fed, name)
        if told != right:
            yield Departure(
                f"{CONTRACT} has {name} {told}",
                f"{right}, as the network was fed",
                "the contract was edited, or the network was fed otherwise",
            )
    book = spec.load()
    order = tuple(book.classes[book.class_index(name)] for name in contract.output.classes)
    if order != book.classes:
        yield Departure(
            f"{CONTRACT} has the classes {', '.join(order)}",
            f"{', '.join(book.classes)}, in this order (FER-C-01)",
            "classes were exchanged",
        )
    if contract.output.kind != "probabilities":
        yield Departure(f"{CONTRACT} has outputs that are {contract.output.kind}", "probabilities")


def _fed(run: RunRecord, cell: Cell) -> Input:
    preprocessing = preprocessing_of(cell.architecture, cell.weights, run.settings.profile)
    return Input(size=(cell.resolution, cell.resolution), **asdict(preprocessing))


def _of_another_start(start: Start, cell: Cell) -> Iterator[Departure]:
    """Yield where a network did not start as its cell does: from nothing, or from the file that is published."""
    if start.kind != cell.weights:
        yield Departure(f"the network started from {start.kind}", f"{cell.weights}, the cell's weights")
        return
    wanted = None if start.kind == SCRATCH else published(cell.architecture, start.kind).name
    if start.file != wanted:
        yield Departure(
            f"the network started from {start.file or 'no file'}",
            f"{wanted or 'no file'}, as {cell.weights} says",
            "other weights were loaded",
        )
        return
    known = start.sha256 is None if wanted is None else SHA256.fullmatch(start.sha256 or "") is not None
    if not known:
        yield Departure(
            f"starting weights with the sha256 {start.sha256}",
            f"that of {wanted}" if wanted else "none, without a file",
        )


def _of_another_dataset(run: RunRecord, cell: Cell) -> Iterator[Departure]:
    tested = run.data.get("btfer")
    right = {"training": cell.dataset, "validation": cell.dataset}
    if tested is not None:
        right["btfer"] = SYNTHETIC if cell.dataset == SYNTHETIC else BTFER
    for name, dataset in right.items():
        part, whose = run.data.get(name), "BTFER" if name == "btfer" else name
        if part is None or part.dataset != dataset:
            yield Departure(
                f"no {whose} images" if part is None else f"{whose} images of {part.dataset}",
                dataset if name == "btfer" else f"{name} images of {dataset}",
                "the dataset was swapped",
            )
        elif part.drawn is not None and dataset != SYNTHETIC:
            yield Departure(f"{whose} images that were drawn", f"images of {dataset}", "these are synthetic faces")
