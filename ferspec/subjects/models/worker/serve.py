"""Load one model and answer batches with it, inside the sandbox. The judge trusts no answer."""

from __future__ import annotations

import json
import os
import random
import select
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np

from ferspec.errors import SubjectError, UserError, one_line
from ferspec.subjects.models.base import MissingFiles, Model, real_values
from ferspec.subjects.models.callables.imports import import_from
from ferspec.subjects.models.cost import UNKNOWN
from ferspec.subjects.models.formats import load_model
from ferspec.subjects.models.outputs import Choice
from ferspec.subjects.models.timing import memory_now, timed
from ferspec.subjects.models.worker.loaded import Loaded
from ferspec.subjects.models.worker.settings import SEED
from ferspec.subjects.sandbox.messages import (
    HEADER,
    MOST_AXES,
    Header,
    Kind,
    fill,
    pack,
    plain_text,
    send,
    unpack,
    values_of,
)
from ferspec.subjects.started import ORPHANED, take_streams


def main() -> None:
    """Answer requests from standard input until it ends."""
    requests, answers = take_streams()
    end_with_judge(requests)
    before = memory_now()
    model: Model | None = None
    answer: bytes | np.ndarray
    while (request := next_request(requests)) is not None:
        header, content = request
        if header.kind is Kind.LOAD:
            model, kind, answer = loaded_by(json.loads(content))
        elif model is None:
            kind, answer = Kind.FAILED, b"no model is loaded"
        elif header.kind is Kind.COUNT:
            kind, answer = _counted(model, json.loads(content))
        elif header.kind is Kind.TIME:
            kind, answer = _timed(model, values_of(header, content), before)
        else:
            kind, answer = _values(model, values_of(header, content))
        send(answers, pack(kind, header.number, answer))


def end_with_judge(requests: IO[bytes]) -> None:
    """End this process when the judge closes its requests, even during an endless answer."""
    if not hasattr(select, "poll"):
        return
    closed = select.poll()
    closed.register(requests, 0)

    def watch() -> None:
        closed.poll()
        os._exit(ORPHANED)

    threading.Thread(target=watch, daemon=True).start()


def loaded_by(request: dict[str, Any]) -> tuple[Model | None, Kind, bytes]:
    """Load the model of a request, or name files that it lacks."""
    random.seed(SEED)
    np.random.seed(SEED)
    if request["own"] is not None:
        import_from(**request["own"])
    try:
        choice = Choice.model_validate(request["choice"])
        beside = None if request["beside"] is None else Path(request["beside"])
        model = load_model(request["reference"], request["trust_code"], choice, beside)
    except MissingFiles as missing:
        return None, Kind.NEEDS, json.dumps([str(path) for path in missing.files]).encode()
    except UserError as error:
        return None, Kind.REFUSED, plain_text(str(error)).encode()
    _seed_frameworks()
    loaded = Loaded(
        format=model.format,
        signature=model.signature,
        files=model.files,
        devices=_devices(),
        content=model.content,
    )
    return model, Kind.LOADED, loaded.model_dump_json().encode()


def _values(model: Model, batch: np.ndarray) -> tuple[Kind, bytes | np.ndarray]:
    try:
        values = real_values(model.run(batch))
        if values.ndim > MOST_AXES:
            raise SubjectError(f"answered {len(batch)} images with an output of shape {values.shape}")
        return Kind.VALUES, values
    except SubjectError as error:
        return Kind.FAILED, plain_text(str(error)).encode()
    except UserError as error:
        return Kind.REFUSED, plain_text(str(error)).encode()
    except BaseException as crash:  # sys.exit() in a model fails this batch only
        text = f"crashed on a batch of shape {batch.shape}: {one_line(crash)}"
        return Kind.FAILED, plain_text(text).encode()


def _timed(model: Model, batch: np.ndarray, before: int | None) -> tuple[Kind, bytes]:
    """Run a model once, and report what it took."""
    try:
        return Kind.TIMED, timed(model.run, batch, before).model_dump_json().encode()
    except BaseException as crash:  # sys.exit() in a model fails this run only
        text = f"crashed on a batch of shape {batch.shape}: {one_line(crash)}"
        return Kind.FAILED, plain_text(text).encode()


def _counted(model: Model, image: list[int]) -> tuple[Kind, bytes]:
    """Count what an image costs; unknown if the format does not show it, or the count fails."""
    try:
        cost = UNKNOWN if model.count_cost is None else model.count_cost((image[0], image[1], image[2]))
    except BaseException as crash:  # sys.exit() in a model must not end the worker
        return Kind.FAILED, plain_text(one_line(crash)).encode()
    return Kind.COUNTED, cost.model_dump_json().encode()


def _seed_frameworks() -> None:
    """Seed the generators of the frameworks that the model has loaded."""
    seeders: dict[str, Callable[[Any], object]] = {
        "tensorflow": lambda tensorflow: tensorflow.random.set_seed(SEED),
        "torch": lambda torch: torch.manual_seed(SEED),
    }
    for name, seed in seeders.items():
        if name in sys.modules:
            seed(sys.modules[name])


def _devices() -> tuple[str, ...]:
    """Return the GPUs that TensorFlow sees, if the model has loaded it."""
    tensorflow = sys.modules.get("tensorflow")
    return () if tensorflow is None else tuple(gpu.name for gpu in tensorflow.config.list_physical_devices("GPU"))


def next_request(stream: IO[bytes]) -> tuple[Header, bytearray] | None:
    """Return the next request, or None at the end of the stream."""
    if not fill(stream, head := bytearray(HEADER.size)):
        return None
    header = unpack(bytes(head))
    content = bytearray(header.length)
    return (header, content) if fill(stream, content) else None
