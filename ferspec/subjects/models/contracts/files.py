"""Contracts on disk and in use: read, written, inferred from a model's file, applied to what a model answers."""

from __future__ import annotations

import difflib
import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ValidationError

from ferspec import spec
from ferspec.errors import SubjectError, UserError
from ferspec.files import write_whole
from ferspec.subjects.models.base import Model, Signature
from ferspec.subjects.models.contracts.contract import Contract, Input, Output

LARGEST = 4096
TABLES: dict[str, type[BaseModel]] = {"input": Input, "output": Output}
MEANINGS = {
    "input.size": "height and width in pixels",
    "input.colour": "rgb, bgr or gray",
    "input.channels": "1 or 3; gray with 3 is repeated",
    "input.range": "the values that grey levels 0 and 255 are mapped to",
    "input.mean": "subtracted after the range, per channel",
    "input.std": "divided by after the mean, per channel",
    "input.resize": "nearest, bilinear, bicubic, area or lanczos",
    "input.antialias": "true shrinks as Pillow and torchvision do",
    "input.layout": "channels_last or channels_first",
    "output.classes": "one name per column of the output, in its order",
    "output.kind": "probabilities or logits",
}


def load_contract(path: str | Path) -> Contract:
    """Return the contract that a TOML file declares.

    ``UserError``, in one line with the file and the key, for a file that is missing or no TOML, for unknown keys,
    wrong types, classes that are not the seven, a mean or std that does not fit the channels, an empty range or size.
    """
    path = Path(path)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such contract file") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # of TOML and of UTF-8, numbers too long, arrays too deep
        raise UserError(f"{path} is not valid TOML: {error}") from error
    try:
        contract = Contract.model_validate(_with_tuples(document), strict=True)
    except ValidationError as error:
        raise UserError(f"{path}: {_first_error(error)}") from error
    require_sound(contract, str(path))
    return contract


def require_sound(contract: Contract, where: str) -> None:
    """Raise ``UserError``, naming where the contract stands, for what its types alone do not rule out."""
    problem = _problem(contract)
    if problem:
        raise UserError(f"{where}: {problem}")


def save_contract(contract: Contract, path: str | Path, notes: Mapping[str, str] | None = None) -> None:
    """Write a contract as TOML with every key explained, whole or not at all.

    ``notes`` says of a key (``input.size``) where its value comes from; it stands beside the key's meaning.
    """
    write_whole(Path(path), contract_text(contract, notes or {}))


def contract_text(contract: Contract, notes: Mapping[str, str]) -> str:
    """Return a contract as TOML; keys without a value stand there as comments."""
    lines = ["# What the model expects of its input, and what its output means. Check every line marked 'assumed'."]
    for table in TABLES:
        lines += ["", f"[{table}]"]
        for key, value in getattr(contract, table).model_dump(mode="json").items():
            name = f"{table}.{key}"
            lines.append(f"# {MEANINGS[name]}" + (f" ({notes[name]})" if name in notes else ""))
            lines.append(f"# {key} =" if value is None else f"{key} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def infer_contract(model: Model) -> tuple[Contract, dict[str, str]]:
    """Return the contract a model's own file suggests, and of each key whether it was inferred or assumed, and why.

    What the file leaves open is assumed as the protocol has it: the smaller size, RGB, range [0, 1], bilinear, its
    class order.
    Where the file does not tell its last activation, two images of noise are run: rows that sum to 1 are probabilities.
    """
    told = model.signature
    notes: dict[str, str] = {}

    def choose(key: str, inferred: Any, assumed: Any, why: str, otherwise: str) -> Any:
        notes[key] = f"inferred: {why}" if inferred is not None else f"assumed: {otherwise}"
        return assumed if inferred is None else inferred

    unsaid = "the file does not tell"
    sizes = spec.load().integers("FER-G-02", "resolutions")
    size = (told.height, told.width) if told.height and told.width else None
    least = (min(sizes), min(sizes))
    size = choose("input.size", size, least, "the shape of the input", f"{unsaid}; the protocol has {_listed(sizes)}")
    channels = choose("input.channels", told.channels, 3, "the shape of the input", unsaid)
    colour = "gray" if channels == 1 else "rgb"
    notes["input.colour"] = "inferred: one channel" if channels == 1 else "assumed: three channels can be rgb or bgr"
    usual = "channels_first" if model.format == "onnx" else "channels_last"
    layout = choose("input.layout", told.layout, usual, "the file", f"{unsaid}; usual for {model.format}")
    values = choose("input.range", _told_range(told), (0.0, 1.0), _why_range(told), _why_no_range(told))
    usual_mean = "assumed: none; no file tells, and models from torchvision or timm usually have one"
    notes |= {"input.mean": usual_mean, "input.std": usual_mean, "input.resize": "assumed: no file tells"}
    notes["input.antialias"] = "assumed: false; no file tells, and Pillow and torchvision shrink with it"
    order = spec.load().classes
    classes = choose("output.classes", _told_classes(told), order, "the labels in the file", _why_no_classes(told))
    prepared = Input(size=size, colour=colour, channels=channels, range=values, layout=layout)
    contract = Contract(input=prepared, output=Output(classes=classes))
    require_sound(contract, model.name)
    kind, notes["output.kind"] = _kind(settle(model, contract), prepared)
    return Contract(input=prepared, output=Output(classes=classes, kind=kind)), notes


def settle(model: Model, contract: Contract) -> Model:
    """Return the model with what its file leaves open (the layout) taken from its contract.

    ``UserError`` where the contract contradicts the file: another size, number of channels or layout.
    """
    told, declared = model.signature, contract.input
    compared = {
        "size": (declared.size, (told.height or declared.size[0], told.width or declared.size[1])),
        "channels": (declared.channels, told.channels or declared.channels),
    }
    if "layout" in declared.model_fields_set:
        compared["layout"] = (declared.layout, told.layout or declared.layout)
    for key, (says, file_says) in compared.items():
        if says != file_says:
            raise UserError(f"the contract says {key} = {_shown(says)}, but {model.name} takes {_shown(file_says)}")
    return replace(model, signature=told.model_copy(update={"layout": told.layout or declared.layout}))


def output_to_classes(raw: np.ndarray, contract: Contract) -> np.ndarray:
    """Return a model's outputs (n, 7) as float64 probabilities (n, 7) in the order of the seven classes.

    Logits go through a softmax; probabilities are taken as they are. ``SubjectError`` for another width.
    """
    raw = np.asarray(raw, np.float64)
    classes = contract.output.classes
    if raw.ndim != 2 or raw.shape[1] != len(classes):
        raise SubjectError(f"the output has shape {raw.shape}, but the contract names {len(classes)} classes")
    if contract.output.kind == "logits":
        raw = np.exp(raw - raw.max(axis=1, keepdims=True))
        raw /= raw.sum(axis=1, keepdims=True)
    known = spec.load()
    ordered = np.empty_like(raw)
    ordered[:, [known.class_index(name) for name in classes]] = raw
    return ordered


def _with_tuples(value: Any) -> Any:
    # TOML has arrays only, where a contract has tuples.
    if isinstance(value, dict):
        return {key: _with_tuples(item) for key, item in value.items()}
    return tuple(map(_with_tuples, value)) if isinstance(value, list) else value


def _first_error(error: ValidationError) -> str:
    # An unknown key comes first: a mistyped one is missing too.
    first, *others = sorted(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
    *tables, key = [str(part) for part in first["loc"]]
    name = ".".join([*tables, key])
    if first["type"] == "extra_forbidden":
        known = list(TABLES[tables[0]].model_fields if tables and tables[0] in TABLES else TABLES)
        near = difflib.get_close_matches(key, known, n=1)
        text = f"unknown key {name}" + (f": did you mean {near[0]}?" if near else f": known are {', '.join(known)}")
    elif first["type"] == "missing":
        text = f"{name} is missing"
    else:
        text = f"{name}: {first['msg'].removeprefix('Value error, ')}"
    return text + (f" (and {len(others)} more)" if others else "")


def _problem(contract: Contract) -> str | None:
    """Return what is wrong with a contract whose keys and types are right."""
    given = contract.input
    low, high = given.range
    if min(given.size) <= 0:
        return f"input.size: height and width must be above 0, not {list(given.size)}"
    if max(given.size) > LARGEST:
        return f"input.size: height and width must be at most {LARGEST}, not {list(given.size)}"
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        return f"input.range: the first value must be below the second, not {list(given.range)}"
    for key in ("mean", "std"):
        values = getattr(given, key)
        if values is None:
            continue
        if len(values) != given.channels:
            return f"input.{key}: {len(values)} values for {given.channels} channel{'s' * (given.channels > 1)}"
        if not all(map(math.isfinite, values)) or (key == "std" and min(values) <= 0):
            return f"input.{key}: {list(values)} {'must be above 0' if key == 'std' else 'is not finite'}"
    return _problem_of_classes(contract.output.classes)


def _problem_of_classes(names: tuple[str, ...]) -> str | None:
    known, places = spec.load(), {}
    for name in names:
        try:
            index = known.class_index(name)
        except UserError as error:
            return f"output.classes: {error}"
        if index in places:
            return f"output.classes: {places[index]!r} and {name!r} are the same class"
        places[index] = name
    if len(places) != len(known.classes):
        missing = [name for index, name in enumerate(known.classes) if index not in places]
        return f"output.classes: {len(places)} of seven classes are named; missing: {', '.join(missing)}"
    return None


def _told_classes(told: Signature) -> tuple[str, ...] | None:
    return told.labels if told.labels is not None and _problem_of_classes(told.labels) is None else None


def _why_no_classes(told: Signature) -> str:
    if told.labels is None:
        return "the file does not tell; this is the protocol's order, which few models have"
    return f"the protocol's order; the labels in the file are not the seven classes: {', '.join(told.labels[:8])}"


def _told_range(told: Signature) -> tuple[float, float] | None:
    if told.range is None:
        return (0.0, 255.0) if told.dtype == "uint8" else None
    low, high = told.range
    for usual in ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)):
        if max(abs(low - usual[0]), abs(high - usual[1])) <= 0.05 * (usual[1] - usual[0]):
            return usual
    return None


def _why_range(told: Signature) -> str:
    if told.preprocessing:
        return f"{told.preprocessing[0]} inside the model"
    return "the scale of its quantised input" if told.range else "its input is uint8"


def _why_no_range(told: Signature) -> str:
    if told.range is None:
        return "no file tells; [-1, 1] and [0, 255] are as common"
    low, high = told.range
    return f"the quantised input spans {low:.3g} to {high:.3g}, so a mean and std may be wanted"


def _kind(model: Model, prepared: Input) -> tuple[str, str]:
    if model.signature.activation in {"softmax", "sigmoid"}:
        return "probabilities", f"inferred: the last activation is {model.signature.activation}"
    if model.signature.activation == "linear":
        return "logits", "inferred: the last layer has no activation"
    noise = np.random.default_rng(0).uniform(*prepared.range, (2, *prepared.size, prepared.channels))
    try:
        rows = model.predict(noise.astype(np.float32))
    except SubjectError as error:
        return "probabilities", f"assumed: {error}"
    if np.all(rows >= 0) and np.allclose(rows.sum(axis=-1), 1, atol=1e-3):
        return "probabilities", "inferred: on two images of noise the outputs sum to 1"
    return "logits", "inferred: on two images of noise the outputs do not sum to 1"


def _listed(numbers: tuple[int, ...]) -> str:
    return " and ".join(map(str, numbers))


def _toml(value: Any) -> str:
    # JSON and TOML write numbers, strings, booleans and arrays of them alike.
    return json.dumps(value, ensure_ascii=False)


def _shown(value: Any) -> str:
    return " x ".join(map(str, value)) if isinstance(value, tuple) else str(value)
