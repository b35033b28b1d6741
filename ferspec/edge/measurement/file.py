"""Measures one converted file on the test images, and on this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ferspec.edge.devices import devices, fit
from ferspec.edge.document import EdgeFile
from ferspec.edge.measurement.answers import compared
from ferspec.edge.measurement.speed import Speed, measured
from ferspec.edge.records import FORMATS, Conversion
from ferspec.errors import SubjectError, UserError
from ferspec.progress import Progress
from ferspec.required import required
from ferspec.subjects.datasets.subject import Dataset
from ferspec.subjects.models import Model
from ferspec.subjects.models.contracts.contract import Contract
from ferspec.subjects.models.contracts.files import apply_contract, save_contract
from ferspec.subjects.models.from_names import contract_path, open_source, open_subject
from ferspec.subjects.models.preprocess import prepare_batch
from ferspec.subjects.models.subject import ModelSubject
from ferspec.subjects.models.worker.settings import available_cores

# test images that are sent in turn while a model is timed
TIMED = 32


@dataclass(frozen=True)
class Bench:
    """What every file is measured with: the test images, the original's predicted classes, and the margin.

    ``require`` raises an error for a model that cannot be evaluated. ``seconds`` limit the answer to one batch.
    """

    images: Dataset
    predicted: np.ndarray
    max_drop: float
    require: Callable[[ModelSubject], None]
    seconds: float
    progress: Progress


def measured_file(conversion: Conversion, bench: Bench) -> EdgeFile:
    """Return what was measured of a conversion; its contract is written beside its file."""
    known = FORMATS[conversion.format]
    file = EdgeFile(
        format=conversion.format, title=known.title, converter=conversion.converter, reason=conversion.reason
    )
    if conversion.path is None:
        return file
    path, contract = conversion.path, required(conversion.contract)
    save_contract(contract, contract_path(path))
    size = path.stat().st_size
    file = file.model_copy(update={"name": path.name, "bytes": size})
    try:
        subject = open_subject(path, bench.images, seconds=bench.seconds, progress=bench.progress)
    except UserError as error:
        return _with_fits(file.model_copy(update={"failed": str(error)}), path.suffix)
    model = required(subject.model)
    file = file.model_copy(update={"bytes": model.file_bytes or size, "digest": model.digest, "content": model.content})
    try:
        bench.require(subject)
        answers = compared(subject.labels, bench.predicted, subject.predicted, bench.max_drop)
        speed = timed(path, contract, bench)
        file = file.model_copy(update={"answers": answers, "speed": speed})
    except (SubjectError, UserError) as error:
        file = file.model_copy(update={"failed": str(error), "crashed": True})
    finally:
        model.close()
    return _with_fits(file, path.suffix)


def timed(path: str | Path, contract: Contract, bench: Bench, trust_code: bool = False) -> Speed:
    """Time a model on one thread and on all; ``SubjectError`` if it crashes."""

    def opened(threads: int) -> Model:
        found = open_source(path, trust_code, bench.seconds, contract=contract, threads=threads)
        if not isinstance(found, Model):
            raise UserError(f"{path} holds predictions, which cannot be timed")
        return apply_contract(found, contract)

    images = _images(bench.images, contract)
    return measured(opened, images, (*dict.fromkeys((1, available_cores())),), partial(bench.progress, "timing"))


def _images(dataset: Dataset, contract: Contract) -> Sequence[np.ndarray]:
    chosen = np.linspace(0, len(dataset) - 1, min(TIMED, len(dataset))).astype(int)
    return [*prepare_batch([dataset.image(int(index)) for index in chosen], contract.input)]


def _with_fits(file: EdgeFile, suffix: str) -> EdgeFile:
    fits = (fit(device, suffix, required(file.bytes), file.content) for device in devices().values())
    return file.model_copy(update={"fits": tuple(fits)})
