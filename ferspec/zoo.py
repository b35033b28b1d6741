"""The model zoo as users meet it: build a network, save it with its contract, show and fuse networks."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ferspec import spec
from ferspec.errors import UserError
from ferspec.records import Record
from ferspec.reference.models import Built, Cost, Row, build, catalogue, cost, errata_of, outline, rows, table_of
from ferspec.reference.models import fuse as fuse_model
from ferspec.reference.models.building import preprocessing_of
from ferspec.spec.layers import Layer, Pooling
from ferspec.spec.records import DEFAULT_PROFILE, Profile
from ferspec.subjects.contract import Contract, Input, Output
from ferspec.subjects.contracts import load_contract, save_contract

KERAS, CONTRACT = ".keras", ".contract.toml"


class Listed(Record):
    """One row of the protocol's tables: which network, how it started, and what it counts."""

    name: str
    resolution: int
    weights: str
    parameters: int
    trainable_parameters: int
    place: str


class Shown(Record):
    """All that is known of a network before it is trained; figures are for one image and seven classes."""

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
    classes: int = 7,
    profile: Profile = DEFAULT_PROFILE,
    pooling: Pooling | None = None,
    weights_dir: str | Path | None = None,
) -> Any:
    """Return a network of the protocol as a Keras model, built and started as ``reference.models.build`` describes."""
    return build(name, resolution, weights, classes, profile, pooling, weights_dir).model


def contract_of(built: Built, classes: int = 7) -> Contract:
    """Return the contract of a built network: its size, and the preprocessing that its profile chose (FER-P-07).

    ``UserError`` for another number of classes than the protocol's seven, for which there is no contract.
    """
    order = spec.load().classes
    if classes != len(order) or built.model.output_shape[-1] != len(order):
        raise UserError(f"a contract is for the {len(order)} classes of the protocol, not for {classes}")
    size = (built.resolution, built.resolution)
    return Contract(input=Input(size=size, **asdict(built.preprocessing)), output=Output(classes=order))


def save(built: Built, path: str | Path) -> Path:
    """Write a built network as ``.keras`` and its contract beside it; return the contract's path.

    The contract notes what the network started from, with the sha256 of the weights.
    """
    target = Path(path)
    contract = contract_of(built, built.model.output_shape[-1])
    with _replacing(target) as temporary:
        built.model.save(temporary)
    started = built.start.kind if built.start.file is None else f"{built.start.file}, sha256 {built.start.sha256}"
    notes = {
        "input.range": f"{built.network}, profile {built.profile}",
        "input.mean": f"started from {started}",
    }
    beside = Path(f"{target}{CONTRACT}")
    save_contract(contract, beside, notes)
    return beside


def fuse(source: str | Path, target: str | Path) -> Cost:
    """Write a trained three-branch RepVGG as one 3×3 convolution a block, and return what the fused network costs.

    A contract beside the trained network goes along. ``UserError`` for a file that is no such network.
    """
    from ferspec.subjects.models.keras import load_checked

    if not Path(source).is_file():
        raise UserError(f"{source}: no such model file")
    fused = fuse_model(load_checked(Path(source)))
    with _replacing(Path(target)) as temporary:
        fused.save(temporary)
    contract = Path(f"{source}{CONTRACT}")
    if contract.is_file():
        save_contract(load_contract(contract), Path(f"{target}{CONTRACT}"))
    return cost(fused)


def listed() -> tuple[Listed, ...]:
    """Return the 43 rows of Tables 2 and 3 and MediaPipe + VGGNet, as run; no network is built."""
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
    weights: str | None = None,
    profile: Profile = DEFAULT_PROFILE,
    pooling: Pooling | None = None,
) -> Shown:
    """Return all that is known of a network at a resolution; it is built without weights."""
    network = catalogue.find(name)
    start = weights or catalogue.weights_of(network.name)[0]
    model = outline(name, resolution, start, profile=profile, pooling=pooling)
    table = table_of(model)
    section = "3.3" if network.origin == "self-designed" else "3.2"
    places = {row.place: None for row in rows() if row.network == network.name}
    return Shown(
        name=network.name,
        resolution=resolution,
        weights=start,
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
        preprocessing=asdict(preprocessing_of(network.name, start, profile)),
        errata=errata_of(network.name),
        layers=table,
    )


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """Yield a temporary path that becomes ``target`` once it is written whole."""
    if target.suffix != KERAS:
        raise UserError(f"{target} must end in {KERAS}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}.", suffix=KERAS)
    except OSError as error:
        raise UserError(f"cannot write {target}: {error.strerror}") from None
    os.close(handle)
    try:
        yield Path(name)
        os.chmod(name, 0o644)
        os.replace(name, target)
    except OSError as error:
        raise UserError(f"cannot write {target}: {error.strerror or error}") from None
    finally:
        Path(name).unlink(missing_ok=True)


__all__ = ["Listed", "Row", "Shown", "build_model", "contract_of", "describe", "fuse", "listed", "save"]
