"""Converts a model to each format, and writes every file with its contract."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np

from ferspec.edge.conversion.job import NotConvertible
from ferspec.edge.conversion.routes import Route, refusal_of, route_to
from ferspec.edge.conversion.session import Session
from ferspec.edge.records import FORMATS, Conversion
from ferspec.errors import UserError
from ferspec.files.writing import write_whole
from ferspec.progress import Progress, silent
from ferspec.subjects.models.contracts.contract import Contract
from ferspec.subjects.models.contracts.files import save_contract
from ferspec.subjects.models.detect import detect
from ferspec.subjects.models.from_names import contract_path
from ferspec.subjects.models.outputs import choice_of
from ferspec.subjects.models.predictions import is_predictions_file
from ferspec.subjects.models.source import Source, source_of

STEP = "converting"
CALLABLE = "callable"
NO_IMAGES = "needs calibration images: give a folder of images like those that the model will see"


def convert(
    subject_path: Path,
    contract: Contract,
    folder: Path,
    calibration: Iterable[np.ndarray],
    *,
    formats: Collection[str] | None = None,
    trust_code: bool = False,
    progress: Progress = silent,
) -> list[Conversion]:
    """Convert a model to each format, and return a file or a reason for each.

    ``calibration`` are float32 batches (n, height, width, channels), as ``prepare_batch`` makes them by the contract;
    only the calibrated formats use them. ``formats`` are names of ``FORMATS`` (default: all). Files are named
    ``MODEL.FORMAT.SUFFIX``, and the contract of each lies beside it. The model is loaded by the checks of
    certification, in a sandboxed process that also converts it. Raise ``UserError`` for a model that certification
    would refuse, an unknown format, and images that do not fit the contract.
    """
    wanted = _wanted(formats)
    if is_predictions_file(subject_path):
        raise UserError(f"{subject_path} holds predictions, not a model: give the model that made them")
    source = source_of(subject_path, choice_of(contract))
    kind = CALLABLE if source.located is not None else detect(source.path)
    images = _joined(calibration, contract)
    with tempfile.TemporaryDirectory() as unwanted:
        work = _Work(source, kind, contract, images, folder, Path(unwanted), wanted, trust_code)
        try:
            for done, name in enumerate(wanted):
                progress(STEP, done, len(wanted))
                work.conversion(name)
            progress(STEP, len(wanted), len(wanted))
            return [work.done[name] for name in wanted]
        finally:
            work.close()


class _Work:
    """Hold the finished conversions, and the processes that convert."""

    def __init__(
        self,
        source: Source,
        kind: str,
        contract: Contract,
        images: np.ndarray,
        folder: Path,
        unwanted: Path,
        wanted: Collection[str],
        trust_code: bool,
    ) -> None:
        self.done: dict[str, Conversion] = {}
        self._source, self._kind, self._contract, self._images = source, kind, contract, images
        self._folder, self._unwanted, self._wanted, self._trust_code = folder, unwanted, wanted, trust_code
        self._sessions: dict[str | None, Session] = {}

    def close(self) -> None:
        """End all processes."""
        for session in self._sessions.values():
            session.close()

    def conversion(self, target: str) -> Conversion:
        """Return the conversion to a format, which is made if it is not done."""
        if target not in self.done:
            self.done[target] = self._converted(target)
        return self.done[target]

    def _converted(self, target: str) -> Conversion:
        route = route_to(target, self._kind)
        base = None if route is None or self._kind in route.sources else route.base
        if route is None or (base is not None and route_to(base, self._kind) is None):
            return Conversion(format=target, reason=refusal_of(self._kind))
        if FORMATS[target].calibrated and not len(self._images):
            return _failed(target, route, NO_IMAGES)
        if missing := route.missing():
            return Conversion(format=target, reason=missing, converter=route.converter)
        if base is None:
            return self._written(target, route, self._source, self._contract, None)
        first = self.conversion(base)
        if first.path is None or first.contract is None:
            return Conversion(format=target, reason=f"needs the file {base}: {first.reason}", converter=route.converter)
        return self._written(target, route, source_of(first.path, choice_of(first.contract)), first.contract, base)

    def _written(self, target: str, route: Route, source: Source, contract: Contract, base: str | None) -> Conversion:
        session = self._sessions.setdefault(base, Session(source, self._trust_code, contract, self._images))
        try:
            content = session.convert(route.function)
        except NotConvertible as error:
            return _failed(target, route, str(error))
        folder = self._folder if target in self._wanted else self._unwanted
        path = folder / f"{_stem(self._source.path)}.{target}{FORMATS[target].suffix}"
        converted = contract if route.layout is None else _of_new_file(contract, session, route)
        write_whole(path, content)
        save_contract(converted, contract_path(path))
        return Conversion(format=target, path=path, contract=converted, converter=route.converter)


def _failed(target: str, route: Route, reason: str) -> Conversion:
    return Conversion(format=target, reason=reason, converter=route.converter)


def _wanted(formats: Collection[str] | None) -> list[str]:
    """Return the formats in their order. Raise ``UserError`` for an unknown one."""
    chosen = FORMATS if formats is None else formats
    if unknown := sorted(set(chosen) - set(FORMATS)):
        raise UserError(f"{unknown[0]} is not a format: expected {', '.join(FORMATS)}")
    return [name for name in FORMATS if name in chosen]


def _joined(calibration: Iterable[np.ndarray], contract: Contract) -> np.ndarray:
    """Return all calibration images as one array. Raise ``UserError`` if they do not fit the contract."""
    shape = (*contract.input.size, contract.input.channels)
    batches = [np.asarray(batch, np.float32) for batch in calibration]
    for batch in batches:
        if batch.shape[1:] != shape:
            raise UserError(f"the calibration images have shape {batch.shape[1:]}, but the contract says {shape}")
    return np.concatenate(batches) if batches else np.empty((0, *shape), np.float32)


def _stem(path: Path) -> str:
    return path.name if path.is_dir() else path.stem


def _of_new_file(contract: Contract, session: Session, route: Route) -> Contract:
    """Return the contract of a file with one output and the route's layout."""
    layout = session.layout if route.layout == "source" else route.layout
    given = contract.input.model_copy(update={"layout": layout, "batch": None})
    output = contract.output.model_copy(update={"name": None, "index": None})
    return contract.model_copy(update={"architecture": None, "input": given, "output": output})
