"""The model zoo: build a network, save it with its contract, show and fuse networks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from ferspec import spec
from ferspec.errors import UserError
from ferspec.files import replacing, require_regular_file
from ferspec.records import Record
from ferspec.reference.models import (
    Built,
    Cost,
    Preprocessing,
    Row,
    build,
    catalogue,
    cost,
    errata_of,
    outline,
    rows,
    table_of,
)
from ferspec.reference.models import fuse as fuse_model
from ferspec.reference.models.building import preprocessing_for
from ferspec.spec.layers import Layer, Pooling
from ferspec.spec.records import DEFAULT_PROFILE, Profile
from ferspec.subjects.models.contracts.contract import Contract, Input, Output
from ferspec.subjects.models.contracts.files import load_contract, save_contract
from ferspec.subjects.models.quiet import keras

KERAS, CONTRACT = ".keras", ".contract.toml"


class Listed(Record):
    """One row of the protocol's tables: network, resolution, initial weights and parameters."""

    name: str
    resolution: int
    weights: str
    parameters: int
    trainable_parameters: int
    place: str


class Shown(Record):
    """A network before training; operations and memory are for one image and the protocol's classes."""

    name: str
    resolution: int
    weights: str
    profile: str
    origin: str
    clause: str
    place: str
    parameters: int
    trainable_parameters: int
    flops: int
    activation_bytes: int
    input_shape: tuple[int, ...]
    first_shape: tuple[int, ...]
    last_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    weights_available: tuple[str, ...]
    preprocessing: dict[str, Any]
    errata: tuple[str, ...]
    layers: tuple[Layer, ...]


def build_model(
    name: str,
    resolution: int | tuple[int, ...],
    weights: str | Path | None = None,
    classes: int | None = None,
    profile: Profile = DEFAULT_PROFILE,
    pooling: Pooling | None = None,
    weights_dir: str | Path | None = None,
) -> Any:
    """Return a network of the protocol as a Keras model, with its initial weights.

    ``reference.models.build`` describes the arguments.
    """
    return build_network(name, resolution, weights, classes, profile, pooling, weights_dir).model


def build_network(
    name: str,
    resolution: int | tuple[int, ...],
    weights: str | Path | None = None,
    classes: int | None = None,
    profile: Profile = DEFAULT_PROFILE,
    pooling: Pooling | None = None,
    weights_dir: str | Path | None = None,
) -> Built:
    """Return a built network with all that its contract needs.

    Under ``paper`` the preprocessing of weights from a file is that of the contract beside the file.
    """
    keras()
    fed = _fed(weights, weights_dir)
    return build(name, resolution, weights, classes, profile, pooling, weights_dir, fed)


def contract_of(built: Built, classes: int | None = None) -> Contract:
    """Return the contract of a built network: its input size, and the preprocessing of its profile (FER-P-07).

    ``UserError`` for another number of classes than the protocol's: a contract needs their names.
    """
    order = spec.load().classes
    classes = len(order) if classes is None else classes
    if classes != len(order) or built.model.output_shape[-1] != len(order):
        raise UserError(f"a contract is for the {len(order)} classes of the protocol, not for {classes}")
    size = (built.resolution, built.resolution)
    return Contract(input=Input(size=size, **asdict(built.preprocessing)), output=Output(classes=order))


def require_target(path: str | Path, force: bool = False, source: str | Path | None = None) -> Path:
    """Return the path to write a network to; call it before long work.

    ``UserError`` for another suffix than ``.keras``, a folder, the ``source`` itself, a path that cannot be written,
    and, without ``force``, for an existing network or contract.
    """
    target = Path(path)
    if target.suffix != KERAS:
        raise UserError(f"{target} must end in {KERAS}")
    if source is not None and target.resolve() == Path(source).resolve():
        raise UserError(f"{target} is also the input: write to another file")
    for file in (target, _contract_beside(target)):
        if file.is_dir():
            raise UserError(f"cannot write {file}: it is a folder")
        if file.exists() and not force:
            raise UserError(f"{file} already exists: choose another name, or replace it with --force")
    above = next(folder for folder in target.absolute().parents if folder.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise UserError(f"cannot write {target}: {above} is not a writable folder")
    return target


def save(built: Built, path: str | Path, force: bool = False) -> Path:
    """Write a built network as ``.keras`` and its contract beside it; return the contract's path.

    The contract notes the initial weights and their sha256. Both files are written, or neither. ``UserError`` as for
    ``require_target``.
    """
    target = require_target(path, force)
    contract = contract_of(built, built.model.output_shape[-1])
    started = built.start.kind if built.start.file is None else f"{built.start.file}, sha256 {built.start.sha256}"
    notes = {
        "input.range": f"{built.network}, profile {built.profile}",
        "input.mean": f"started from {started}",
    }
    _write(built.model, target, contract, notes)
    return _contract_beside(target)


def fuse(source: str | Path, target: str | Path, force: bool = False) -> Cost:
    """Fuse each block of a trained three-branch RepVGG into one 3×3 convolution; return the cost.

    A contract beside the trained network is copied. ``UserError`` for a file that is not such a network, and as for
    ``require_target``.
    """
    from ferspec.subjects.models.keras.archive import load_checked

    if not Path(source).exists():
        raise UserError(f"{source}: no such model file")
    require_regular_file(source)
    path = require_target(target, force, source)
    beside = _contract_beside(Path(source))
    contract = load_contract(beside) if beside.exists() else None
    fused = fuse_model(load_checked(Path(source)))
    _write(fused, path, contract)
    return cost(fused)


def listed() -> tuple[Listed, ...]:
    """Return the rows of Tables 2 and 3 and MediaPipe + VGGNet, as run."""
    return tuple(
        Listed(
            name=row.network,
            resolution=row.resolution,
            weights=row.weights,
            parameters=row.parameters,
            trainable_parameters=row.trainable_parameters,
            place=row.place,
        )
        for row in rows()
    )


def describe(
    name: str,
    resolution: int,
    weights: str | Path | None = None,
    profile: Profile = DEFAULT_PROFILE,
    pooling: Pooling | None = None,
) -> Shown:
    """Describe a network at a resolution; it is built without weights."""
    keras()
    network = catalogue.find(name)
    start = weights or catalogue.weights_of(network.name)[0]
    model = outline(name, resolution, start, profile=profile, pooling=pooling)
    table = table_of(model)
    section = "3.3" if network.origin == "self-designed" else "3.2"
    places = {row.place: None for row in rows() if row.network == network.name}
    return Shown(
        name=network.name,
        resolution=resolution,
        weights=str(start),
        profile=profile,
        origin=network.origin,
        clause=network.clause,
        place=", ".join((f"paper {section}", *places)),
        **asdict(cost(model)),
        input_shape=table[0].shape,
        first_shape=table[1].shape,
        last_shape=table[-2].shape,
        output_shape=table[-1].shape,
        weights_available=catalogue.weights_of(network.name),
        preprocessing=asdict(preprocessing_for(network.name, start, profile, _fed(start))),
        errata=errata_of(network.name),
        layers=table,
    )


def _fed(weights: str | Path | None, folder: str | Path | None = None) -> Preprocessing | None:
    """Return the preprocessing in the contract beside a network's file, None if there is none."""
    path = Path(folder or "", weights or "")
    beside = _contract_beside(path)
    if not path.is_file() or not beside.exists():
        return None
    declared = load_contract(beside).input
    return Preprocessing(**{field.name: getattr(declared, field.name) for field in fields(Preprocessing)})


def _contract_beside(path: Path) -> Path:
    return Path(f"{path}{CONTRACT}")


def _write(model: Any, target: Path, contract: Contract | None, notes: Mapping[str, str] | None = None) -> None:
    """Write a network and its contract, both or neither; remove the contract of an earlier network."""
    beside = _contract_beside(target)
    before = beside.read_bytes() if beside.exists() else None
    try:
        with replacing(target) as temporary:
            model.save(temporary)
            beside.unlink(missing_ok=True)
            if contract is not None:
                save_contract(contract, beside, notes)
    except BaseException:
        beside.unlink(missing_ok=True)
        if before is not None:
            beside.write_bytes(before)
        raise


__all__ = [
    "Listed",
    "Row",
    "Shown",
    "build_model",
    "build_network",
    "contract_of",
    "describe",
    "fuse",
    "listed",
    "require_target",
    "save",
]
