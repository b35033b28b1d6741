"""Open a model in a worker, and send batches to it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from ferspec.errors import SubjectError, UserError
from ferspec.subjects.models.base import Model, Signature
from ferspec.subjects.models.callables.discovery import discover
from ferspec.subjects.models.callables.trial import IMPORT_ONLY, Trial
from ferspec.subjects.models.cost import UNKNOWN, Cost, Image
from ferspec.subjects.models.source import Source
from ferspec.subjects.models.timing import Timed
from ferspec.subjects.models.worker.loaded import MOST_FILES, Loaded, usable
from ferspec.subjects.models.worker.settings import environment_of
from ferspec.subjects.sandbox.channel import Channel, Fault
from ferspec.subjects.sandbox.messages import MOST_TEXT, TYPES, Header, Kind, Malformed, plain_text, values_of
from ferspec.subjects.sandbox.policy import Policy
from ferspec.subjects.sandbox.python import library_folders, python_words
from ferspec.subjects.time_limit import LOADING, LONGEST

SERVE = "ferspec.subjects.models.worker.serve"
FLOAT32 = TYPES[1]
MOST_COLUMNS = 1 << 16
MOST_JSON = 1 << 20
# what a callable's process must say: its digest covers what it read, and no file that it names itself
CALLABLE = "callable"
PATHS = TypeAdapter(tuple[Path, ...])


def open_in_worker(source: Source, trust_code: bool, seconds: float, trial: Trial = IMPORT_ONLY) -> Model:
    """Load a model in a fresh worker, where each batch may take ``seconds``.

    If it names files beside it, such as external weights, start again with these: only files that count in the digest
    can be read. For a callable, a first worker shows which files it reads. Raise ``UserError`` if the worker refuses
    the model, or ends.
    """
    if (located := source.located) is not None and source.covered is None:
        source = replace(source, hidden=trial.hidden)
        attempt = partial(_attempt, source, trust_code, seconds, trial.batch)
        source = source.limited_to(discover(located, trial.hidden, attempt))
    coverage = source.coverage()
    digest = source.digest() if coverage is None else coverage.digest
    channel, loaded = load_in(SERVE, source, trust_code, seconds)
    if located is not None and (loaded.files or loaded.format != CALLABLE):
        channel.close()
        raise UserError(f"{source.name} cannot be loaded: its process did not describe it as a callable without files")
    if coverage is not None and not channel.isolation.files:
        coverage = coverage.model_copy(update={"complete": False})
    if set(loaded.files) - set(source.files):
        channel.close()
        if source.files:
            raise UserError(f"{source.name} needs other files each time it is loaded: refused")
        return open_in_worker(with_files(source, loaded.files), trust_code, seconds)
    return Model(
        name=source.name,
        format=loaded.format,
        digest=digest,
        signature=loaded.signature,
        run=WorkerRun(channel, source.name, seconds),
        files=source.files,
        coverage=coverage,
        isolation=channel.isolation,
        runs_code=source.located is not None or trust_code,
        devices=loaded.devices,
        close=channel.close,
        reopened=partial(open_in_worker, source, trust_code, seconds),
        digest_now=source.digest,
        count_cost=partial(_count_cost, channel, seconds),
        time=partial(_time, channel, seconds),
        content=loaded.content,
        file_bytes=source.size(),
    )


class WorkerRun:
    """Send batches to a worker. Its end is a mistake of the user before its first answer, and a failure afterwards."""

    def __init__(self, channel: Channel, name: str, seconds: float) -> None:
        self._channel = channel
        self._name = name
        self._seconds = seconds
        self._has_answered = False

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        try:
            accept = partial(_accept_values, len(batch), may_refuse=not self._has_answered)
            header, content = self._channel.exchange(Kind.RUN, batch, self._seconds, accept)
        except Fault as fault:
            if self._has_answered:
                raise SubjectError(str(fault)) from None
            raise UserError(f"{self._name} {fault}") from None
        if header.kind is Kind.REFUSED:
            raise UserError(plain_text(content))
        if header.kind is Kind.FAILED:
            raise SubjectError(plain_text(content))
        self._has_answered = True
        return values_of(header, content)


def _count_cost(channel: Channel, seconds: float, image: Image) -> Cost:
    """Ask a worker what an image costs; unknown if it does not answer as it should."""
    try:
        header, content = channel.exchange(Kind.COUNT, json.dumps(image).encode(), seconds, _accept_counted)
        return UNKNOWN if header.kind is Kind.FAILED else Cost.model_validate_json(content)
    except (Fault, ValidationError):
        return UNKNOWN


def _time(channel: Channel, seconds: float, batch: np.ndarray) -> Timed:
    """Have a worker run its model once. Raise ``SubjectError`` if it crashes, or does not answer as it should."""
    try:
        header, content = channel.exchange(Kind.TIME, batch, seconds, _accept_timed)
        if header.kind is Kind.FAILED:
            raise SubjectError(plain_text(content))
        return Timed.model_validate_json(content)
    except Fault as fault:
        raise SubjectError(str(fault)) from None
    except ValidationError:
        raise SubjectError("described its run incorrectly") from None


def _attempt(source: Source, trust_code: bool, seconds: float, batch: np.ndarray | None) -> bool:
    """Import a callable and ask it once; return whether its process could read its own folder only.

    Its answer, or its failure to answer, does not matter: it is judged in another process.
    """
    channel, _ = load_in(SERVE, source, trust_code, seconds)
    try:
        if batch is not None:
            with suppress(Fault):
                channel.exchange(Kind.RUN, batch, seconds, partial(_accept_values, len(batch)))
        return channel.isolation.files
    finally:
        channel.close()


def load_in(
    module: str, source: Source, trust_code: bool, seconds: float, may_start_processes: bool = False
) -> tuple[Channel, Loaded]:
    """Start a worker that runs a module, and load a model in it.

    Of a model that lacks files, return only their names. Raise ``UserError`` if the worker refuses it, or ends.
    """
    readable = (*source.readable, *source.files, *library_folders())
    policy = Policy(readable, source.hidden, may_start_processes=may_start_processes)
    try:
        channel = Channel(python_words(module), policy, environment_of(os.environ, source.threads), LONGEST)
    except OSError as error:
        raise UserError(f"cannot start a process for {source.name}: {error.strerror or error}") from None
    located = source.located
    own = None if located is None or located.installed else {"root": str(located.root), "first": located.first}
    request = {
        "reference": source.reference,
        "trust_code": trust_code,
        "own": own,
        "choice": source.choice.model_dump(),
        "beside": None if source.beside is None else str(source.beside),
    }
    try:
        asked = json.dumps(request).encode()
        header, content = channel.exchange(Kind.LOAD, asked, max(seconds, LOADING), _accept_loaded)
        if header.kind is Kind.REFUSED:
            raise UserError(plain_text(content).replace(source.reference, source.shown))
        return channel, _described(header, content)
    except Fault as fault:
        raise UserError(f"{source.name} cannot be loaded: its process {fault}") from None
    except ValueError as error:
        channel.close()
        raise UserError(f"{source.name} cannot be loaded: its process {error}") from None
    except UserError:
        channel.close()
        raise


def _described(header: Header, content: bytearray) -> Loaded:
    """Parse a worker's description of its model. Raise ``ValueError`` for an unusable one."""
    try:
        if header.kind is Kind.NEEDS:
            return Loaded(format="", signature=Signature(), files=PATHS.validate_json(content))
        loaded = Loaded.model_validate_json(content)
    except ValidationError:
        raise ValueError("described the model incorrectly") from None
    return usable(loaded)


def with_files(source: Source, files: Iterable[Path]) -> Source:
    """Add files beside a model to its source. Raise ``UserError`` for a missing file, or one outside its folder."""
    folder = source.path.parent
    found = []
    for file in sorted(set(files))[: MOST_FILES + 1]:
        inside = os.path.normpath(file)
        if not Path(inside).is_relative_to(folder) or not Path(inside).resolve().is_relative_to(folder.resolve()):
            raise UserError(
                f"{source.name} reads {plain_text(str(file))}, outside its own folder: refused; copy it there"
            )
        if not Path(inside).is_file():
            missing = plain_text(str(Path(inside).relative_to(folder)))
            raise UserError(f"{source.name} needs weights in {missing}, which is missing from its folder")
        found.append(Path(inside))
    return replace(source, files=tuple(found))


def _accept_loaded(header: Header) -> None:
    longest = {Kind.LOADED: MOST_JSON, Kind.NEEDS: MOST_JSON, Kind.REFUSED: MOST_TEXT}
    _require_plain(header, longest)


def _accept_counted(header: Header) -> None:
    _require_plain(header, {Kind.COUNTED: MOST_TEXT, Kind.FAILED: MOST_TEXT})


def _accept_timed(header: Header) -> None:
    _require_plain(header, {Kind.TIMED: MOST_TEXT, Kind.FAILED: MOST_TEXT})


def _accept_values(rows: int, header: Header, may_refuse: bool = False) -> None:
    if header.kind is not Kind.VALUES:
        kinds = (Kind.FAILED, Kind.REFUSED) if may_refuse else (Kind.FAILED,)
        return _require_plain(header, dict.fromkeys(kinds, MOST_TEXT))
    if header.dtype != FLOAT32:
        raise Malformed(f"answered {rows} images with an output of type {header.dtype or 'bytes'}")
    if len(header.shape) != 2 or header.shape[0] != rows:
        raise Malformed(f"answered {rows} images with an output of shape {header.shape}")
    if header.shape[1] > MOST_COLUMNS:
        raise Malformed(f"answered with {header.shape[1]:,} columns: at most {MOST_COLUMNS:,} are read")


def _require_plain(header: Header, longest: dict[Kind, int]) -> None:
    if header.kind not in longest or header.dtype is not None:
        raise Malformed(f"answered with an unexpected message ({header.kind.name.lower()})")
    if header.length > longest[header.kind]:
        raise Malformed(f"answered with {header.length:,} bytes: at most {longest[header.kind]:,} are read")
