"""Load one model and convert it, inside the sandbox: the process of a conversion.

A model is loaded by the same checks as when it is certified. The judge trusts no answer.
"""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ferspec.edge.conversion.job import Job, NotConvertible
from ferspec.errors import UserError, one_line
from ferspec.subjects.models.base import Model
from ferspec.subjects.models.contracts.contract import Contract
from ferspec.subjects.models.contracts.files import apply_contract
from ferspec.subjects.models.worker.serve import end_with_judge, loaded_by, next_request
from ferspec.subjects.sandbox.messages import Kind, pack, plain_text, send, values_of
from ferspec.subjects.started import take_streams

CONVERTERS = "ferspec.edge.conversion.converters"


def main() -> None:
    """Answer requests from standard input until it ends."""
    requests, answers = take_streams()
    end_with_judge(requests)
    model: Model | None = None
    reference = ""
    images: list[np.ndarray] = []
    while (request := next_request(requests)) is not None:
        header, content = request
        if header.kind is Kind.LOAD:
            reference = json.loads(content)["reference"]
            model, kind, answer = loaded_by(json.loads(content))
        elif header.kind is Kind.CALIBRATE:
            images.append(values_of(header, content))
            kind, answer = Kind.CONVERTED, b""
        elif model is None:
            kind, answer = Kind.FAILED, b"no model is loaded"
        else:
            kind, answer = _converted(model, Path(reference), images, json.loads(content))
        send(answers, pack(kind, header.number, answer))


def _converted(model: Model, path: Path, images: list[np.ndarray], request: dict[str, Any]) -> tuple[Kind, bytes]:
    """Return the bytes of the converted file, or why there is none."""
    module, _, function = request["function"].partition(".")
    contract = Contract.model_validate(request["contract"])
    try:
        shape = (0, *contract.input.size, contract.input.channels)
        calibration = np.concatenate(images) if images else np.empty(shape, np.float32)
        job = Job(apply_contract(model, contract), path, contract, calibration)
        return Kind.CONVERTED, getattr(import_module(f"{CONVERTERS}.{module}"), function)(job)
    except (NotConvertible, UserError) as error:
        return Kind.FAILED, plain_text(str(error)).encode()
    except BaseException as crash:  # sys.exit() in a converter fails this conversion only
        return Kind.FAILED, plain_text(f"the converter failed: {one_line(crash)}").encode()
