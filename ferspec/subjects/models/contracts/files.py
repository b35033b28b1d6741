"""Read, write and infer contracts, and apply them to model outputs."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ValidationError

from ferspec import spec
from ferspec.errors import SubjectError, UserError
from ferspec.files import parse_toml, read_bounded, write_whole
from ferspec.reference.distributions import allowed, excess
from ferspec.subjects.models.base import COLOUR_CHANNELS, Model, Signature
from ferspec.subjects.models.contracts.class_set import problem_of
from ferspec.subjects.models.contracts.contract import Contract, Input, Output
from ferspec.subjects.models.contracts.labels import classes_of

LARGEST = 4096
# a contract with a comment for each key has 2 KiB
LARGEST_FILE = 1 << 16
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
    "input.batch": "images per batch, if the model accepts only one batch size",
    "output.classes": "one name per column of the output, in its order; '-' for a column outside the seven",
    "output.extra": 'how an answer outside the seven counts: wrong, drop, or merged as in { contempt = "Disgust" }',
    "output.kind": "probabilities or logits",
    "output.name": "name of the output to judge, if the model has several",
    "output.index": "position of that output, counted from 0, instead of its name",
    "output.columns": "position of the first class column, and of the column after the last",
}
MEAN_NOTE = "assumed: none; model files do not state it, and models from torchvision or timm usually need one"
PREPARED = "the preprocessor beside the model"
NO_DISTRIBUTION = "each value is in [0, 1], but rows do not sum to 1, so FER-B-04 fails; logits would be wrong too"
ASSUMED = {
    "input.mean": MEAN_NOTE,
    "input.std": MEAN_NOTE,
    "input.resize": "assumed: model files do not state it",
    "input.antialias": "assumed: false; model files do not state it, and Pillow and torchvision shrink images with it",
}


def load_contract(path: str | Path) -> Contract:
    """Read a contract from a TOML file.

    Raise ``UserError`` with the file and the key for a file that is missing or not TOML, unknown keys, wrong types,
    wrong classes, a mean or std of the wrong length, or an empty range or size.
    """
    path = Path(path)
    if not path.exists():
        raise UserError(f"{path}: no such contract file")
    content = read_bounded(path, LARGEST_FILE, "a contract")
    try:
        document = parse_toml(content)
    except ValueError as error:
        raise UserError(f"{path} is not valid TOML: {error}") from error
    try:
        contract = Contract.model_validate(_with_tuples(document), strict=True)
    except ValidationError as error:
        raise UserError(f"{path}: {first_mistake(error)}") from error
    require_sound(contract, str(path))
    return contract


def begun_contract(path: Path) -> Contract | None:
    """Read a contract that holds only the name of a network; None for any other file."""
    if not path.exists():
        return None
    try:
        document = parse_toml(read_bounded(path, LARGEST_FILE, "a contract"))
    except ValueError:
        return None
    if set(document) != {"architecture"} or not isinstance(document["architecture"], str):
        return None
    known = spec.load()
    size = min(known.integers("FER-G-02", "resolutions"))
    return Contract(input=Input(size=(size, size)), output=Output(classes=known.classes), **document)


def require_sound(contract: Contract, origin: str) -> None:
    """Raise ``UserError``, prefixed with ``origin``, for a contract with invalid values."""
    problem = _problem(contract)
    if problem:
        raise UserError(f"{origin}: {problem}")


def save_contract(contract: Contract, path: str | Path, notes: Mapping[str, str] | None = None) -> None:
    """Write a contract atomically as TOML with a comment for every key.

    ``notes`` maps keys such as ``input.size`` to the origin of their value, which is added to the comment.
    """
    write_whole(Path(path), contract_text(contract, notes or {}))


def contract_text(contract: Contract, notes: Mapping[str, str]) -> str:
    """Format a contract as TOML; a key without a value is commented out."""
    lines = ["# The model's input and output."]
    if contract.assumed:
        lines += [
            "# Entries that the model file does not state. Check each one below, then remove its name here.",
            f"assumed = {_toml(contract.assumed)}",
        ]
    if contract.architecture is not None:
        lines += ["", f"# {Contract.model_fields['architecture'].description}"]
        lines.append(f"architecture = {_toml(contract.architecture)}")
    for table in TABLES:
        lines += ["", f"[{table}]"]
        for key, value in dict(getattr(contract, table)).items():
            name = f"{table}.{key}"
            lines.append(f"# {MEANINGS[name]}" + (f" ({notes[name]})" if name in notes else ""))
            lines.append(f"# {key} =" if value is None else f"{key} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def infer_contract(model: Model) -> tuple[Contract, dict[str, str]]:
    """Infer a contract from a model's file, with a note on each key; ``assumed`` lists what was assumed.

    A note says whether a value was inferred or assumed, and why. Unknown values are assumed to be the protocol's: the
    smaller size, RGB, range [0, 1], bilinear, its class order. If the last activation or the width of the output is
    unknown, two noise images are predicted: rows that sum to 1 are probabilities. Columns without labels are
    named ``-``, unless there are seven.
    """
    known = model.signature
    if known.channels not in (None, *COLOUR_CHANNELS):
        raise UserError(
            f"{model.name} takes images of {known.channels} channels: only 1 (gray) and 3 (rgb, bgr) are supported"
        )
    sizes = spec.load().integers("FER-G-02", "resolutions")
    size = (known.height, known.width) if known.height and known.width else None
    usual_layout = "channels_first" if model.format == "onnx" else "channels_last"
    shape, unknown = "the shape of the input", "not in the file"
    # each value: as inferred and its source, as assumed and the reason
    choices: dict[str, tuple[Any, str, Any, str]] = {
        "size": (size, shape, (min(sizes), min(sizes)), f"{unknown}; the protocol has {_listed(sizes)}"),
        "channels": (known.channels, shape, 3, unknown),
        "range": (_usual_range(known), _why_range(known), (0.0, 1.0), _why_no_range(known)),
        "layout": (known.layout, "the file", usual_layout, f"{unknown}; usual for {model.format}"),
    }
    values: dict[str, Any] = {}
    notes = dict(ASSUMED)
    for key, (inferred, source, assumed, reason) in choices.items():
        values[key] = assumed if inferred is None else inferred
        notes[f"input.{key}"] = f"assumed: {reason}" if inferred is None else f"inferred: {source}"
        if key in known.guessed:
            notes[f"input.{key}"] = f"assumed: {known.guessed[key]}"
    gray = values["channels"] == 1
    notes["input.colour"] = "inferred: one channel" if gray else "assumed: three channels can be rgb or bgr"
    prepared = Input(colour="gray" if gray else "rgb", **values)
    if known.prepared is not None:
        prepared = known.prepared
        filled = [key for key, value in prepared.model_dump().items() if value is not None]
        inferred = {f"input.{key}": f"inferred: {PREPARED}" for key in filled}
        notes |= inferred | {f"input.{key}": f"assumed: {origin}" for key, origin in known.guessed.items()}
    if problem := _problem_of_input(prepared):
        raise UserError(f"{model.name}: {problem}")
    answered = _answer_to_noise(model, prepared)
    classes, notes["output.classes"] = classes_of(known, answered)
    kind, notes["output.kind"] = _kind(known, answered)
    output = Output(classes=classes, kind=kind, name=known.output)
    if known.output is not None:
        alike = [sink.width for sink in known.outputs or ()].count(known.output_width)
        columns = f"{known.output_width} columns"
        only, first = f"inferred: the only output with {columns}", f"assumed: the first of {alike} with {columns}"
        notes["output.name"] = only if alike == 1 else first
    if output.outside:
        notes["output.extra"] = "assumed: an answer outside the seven counts as wrong"
    assumed = tuple(name for name in MEANINGS if notes.get(name, "").startswith("assumed"))
    return Contract(input=prepared, output=output, assumed=assumed), notes


def apply_contract(model: Model, contract: Contract) -> Model:
    """Return the model with the contract's values where the file declares none.

    Raise ``UserError`` if size, channels, layout or batch of the contract contradict the file.
    """
    signature, declared = model.signature, contract.input
    height, width = declared.size
    batch = declared.batch or signature.batch
    compared: dict[str, tuple[object, object]] = {
        "size": (declared.size, (signature.height or height, signature.width or width)),
        "channels": (declared.channels, signature.channels or declared.channels),
        "batch": (batch, signature.batch or batch),
    }
    if "layout" in declared.model_fields_set:
        compared["layout"] = (declared.layout, signature.layout or declared.layout)
    for key, (in_contract, in_file) in compared.items():
        if in_contract != in_file and key not in signature.guessed:
            raise UserError(
                f"the contract says {key} = {_shown(in_contract)}, but {model.name} takes {_shown(in_file)}"
            )
    layout = declared.layout if "layout" in compared else signature.layout or declared.layout
    return replace(model, signature=signature.model_copy(update={"layout": layout, "batch": batch}))


def _with_tuples(value: Any) -> Any:
    # TOML has arrays where a contract has tuples.
    if isinstance(value, dict):
        return {key: _with_tuples(item) for key, item in value.items()}
    return tuple(map(_with_tuples, value)) if isinstance(value, list) else value


def first_mistake(error: ValidationError) -> str:
    """Return the first mistake in a contract: the key and what was expected, and how many more there are."""
    # Unknown keys first, since a misspelt key also causes a missing one.
    first, *others = sorted(error.errors(), key=lambda details: details["type"] != "extra_forbidden")
    *tables, key = [str(part) for part in first["loc"]]
    name = ".".join([*tables, key])
    if first["type"] == "extra_forbidden":
        known = list(TABLES[tables[0]].model_fields if tables and tables[0] in TABLES else Contract.model_fields)
        near = difflib.get_close_matches(key, known, n=1)
        text = f"unknown key {name}" + (f": did you mean {near[0]}?" if near else f": known keys: {', '.join(known)}")
    elif first["type"] == "missing":
        text = f"{name} is missing"
    else:
        text = f"{name}: {first['msg'].removeprefix('Value error, ')}"
    return text + (f" (and {len(others)} more)" if others else "")


def _problem(contract: Contract) -> str | None:
    """Return what is wrong with the values of a contract, or None."""
    if unknown := [name for name in contract.assumed if name not in MEANINGS]:
        return f"assumed: {unknown[0]!r} is not an entry of the contract: expected {', '.join(MEANINGS)}"
    problem = problem_of(contract.output)
    return _problem_of_input(contract.input) or (problem and f"output.{problem}")


def _problem_of_input(declared: Input) -> str | None:
    low, high = declared.range
    if min(declared.size) <= 0:
        return f"input.size: height and width must be above 0, not {list(declared.size)}"
    if max(declared.size) > LARGEST:
        return f"input.size: height and width must be at most {LARGEST}, not {list(declared.size)}"
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        return f"input.range: the first value must be below the second, not {list(declared.range)}"
    for key in ("mean", "std"):
        values = getattr(declared, key)
        if values is None:
            continue
        if len(values) != declared.channels:
            return f"input.{key}: {len(values)} values for {declared.channels} channel{'s' * (declared.channels > 1)}"
        if not all(map(math.isfinite, values)) or (key == "std" and min(values) <= 0):
            return f"input.{key}: {list(values)} {'must be above 0' if key == 'std' else 'is not finite'}"
    prepared = [
        abs((edge - mean) / std)
        for edge in declared.range
        for mean in declared.mean or (0.0,)
        for std in declared.std or (1.0,)
    ]
    if max(prepared) > float(np.finfo(np.float32).max):
        return f"input.range, mean and std: they map pixels to {max(prepared):.3g}, which is not a float32 number"
    return None


def _usual_range(signature: Signature) -> tuple[float, float] | None:
    if signature.range is None:
        return (0.0, 255.0) if signature.dtype == "uint8" else None
    low, high = signature.range
    for usual in ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)):
        if max(abs(low - usual[0]), abs(high - usual[1])) <= 0.05 * (usual[1] - usual[0]):
            return usual
    return None


def _why_range(signature: Signature) -> str:
    if signature.preprocessing:
        return f"{signature.preprocessing[0]} inside the model"
    return "the scale of its quantised input" if signature.range else "its input is uint8"


def _why_no_range(signature: Signature) -> str:
    if signature.range is None:
        return "not in the file; [-1, 1] and [0, 255] are equally common"
    low, high = signature.range
    return f"the quantised input spans {low:.3g} to {high:.3g}, so that a mean and std may be needed"


def _answer_to_noise(model: Model, prepared: Input) -> np.ndarray | str:
    """Return the outputs for two noise images without missing rows, or why there are none."""
    known = model.signature
    if known.activation != "unknown" and known.output_width is not None:
        return "not needed"
    noise = np.random.default_rng(0).uniform(*prepared.range, (2, *prepared.size, prepared.channels))
    try:
        rows = apply_contract(model, Contract(input=prepared, output=Output(classes=spec.load().classes))).predict(
            noise.astype(np.float32)
        )
    except SubjectError as error:
        return str(error)
    if rows.ndim != 2:
        return f"two noise images give an output of shape {rows.shape}"
    rows = rows[~np.isnan(rows).all(axis=1)]
    return rows if len(rows) else "no answer to two noise images"


def _kind(known: Signature, answered: np.ndarray | str) -> tuple[Literal["probabilities", "logits"], str]:
    if known.activation == "softmax":
        return "probabilities", "inferred: the last activation is softmax"
    if known.activation == "sigmoid":
        return "probabilities", f"inferred: the last activation is sigmoid; {NO_DISTRIBUTION}"
    if known.activation == "linear":
        return "logits", "inferred: the last layer has no activation"
    if isinstance(answered, str):
        return "probabilities", f"assumed: {answered}"
    if np.isfinite(answered).all() and answered.ndim == 2 and excess(answered) <= allowed(answered):
        return "probabilities", "inferred: the outputs for two noise images sum to 1"
    if answered.min() >= 0 and answered.max() <= 1:
        return "probabilities", f"assumed: the outputs for two noise images are in [0, 1]; {NO_DISTRIBUTION}"
    return "logits", "inferred: the outputs for two noise images do not sum to 1"


def _listed(numbers: tuple[int, ...]) -> str:
    return " and ".join(map(str, numbers))


def _toml(value: Any) -> str:
    # JSON and TOML share the syntax of numbers, strings, booleans and arrays.
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_toml(key)} = {_toml(item)}' for key, item in value.items())} }}"
    return json.dumps(value, ensure_ascii=False)


def _shown(value: Any) -> str:
    return " x ".join(map(str, value)) if isinstance(value, tuple) else str(value)
