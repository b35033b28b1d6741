"""Prints networks: tables on a terminal, lines of text elsewhere, or JSON."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from ferspec.reference.models import Built, Cost
from ferspec.report.tables import print_table
from ferspec.zoo import Listed, Shown

PLAIN_WIDTH = 200
NUMBERS = ("parameters", "trainable", "resolution")


def print_list(networks: Iterable[Listed], as_json: bool = False) -> None:
    """Print one line for each row of the protocol's tables."""
    if as_json:
        print(json.dumps([network.model_dump(mode="json") for network in networks], indent=2))
        return
    columns = ("network", "resolution", "weights", "parameters", "trainable", "in")
    rows = []
    for network in networks:
        counts = f"{network.parameters:,}", f"{network.trainable_parameters:,}"
        rows.append((network.name, str(network.resolution), network.weights, *counts, network.place))
    print_table(_console(), columns, rows, whole=columns, right=NUMBERS, dropped=("trainable", "in", "parameters"))


def print_network(shown: Shown, as_json: bool = False) -> None:
    """Print one network layer by layer."""
    if as_json:
        print(shown.model_dump_json(indent=2))
        return
    console = _console()
    title = f"{shown.name} at {shown.resolution}x{shown.resolution}, profile {shown.profile}"
    console.print(title, style="bold", markup=False)
    fed = {key: value for key, value in shown.preprocessing.items() if value not in (None, False)}
    facts = {
        "place": f"{shown.place}; {shown.clause}",
        "parameters": f"{shown.parameters:,}, {shown.trainable_parameters:,} of them trainable",
        "operations": f"{shown.flops / 1e9:,.3f} GFLOPs for a forward pass of one image",
        "activations": f"{shown.activation_bytes / 2**20:,.1f} MiB for one image in float32",
        "shapes": f"input {_shape(shown.input_shape)}, first {_shape(shown.first_shape)}, "
        f"last {_shape(shown.last_shape)}, output {_shape(shown.output_shape)}",
        "weights": f"{shown.weights}; available are {', '.join(shown.weights_available)}, or a file",
        "is fed": ", ".join(f"{key} {value}" for key, value in fed.items()),
        "errata": ", ".join(shown.errata),
    }
    for name, fact in facts.items():
        console.print(f"  {name:<12}{fact}", markup=False, highlight=False)
    rows = []
    for layer in shown.layers:
        settings = " ".join(f"{key}={value}" for key, value in layer.settings.items())
        reads = " ".join(map(str, layer.inputs))
        rows.append((str(layer.number), layer.type, _shape(layer.shape), f"{layer.parameters:,}", reads, settings))
    columns = ("layer", "type", "shape", "parameters", "reads", "settings")
    print_table(console, columns, rows, whole=columns[:4], right=NUMBERS, dropped=("reads",))


def print_built(built: Built, out: Path, contract: Path, as_json: bool = False) -> None:
    """Print the built network, its initial weights and its path."""
    start = asdict(built.start)
    if as_json:
        data = {"network": built.network, "resolution": built.resolution, "profile": built.profile, "start": start}
        data |= {"parameters": built.model.count_params(), "path": str(out), "contract": str(contract)}
        print(json.dumps(data, indent=2))
        return
    print(f"wrote {out} and {contract.name}: {built.network}, {built.model.count_params():,} parameters")
    if built.start.file:
        print(f"  started from {built.start.file} ({built.start.arrays} arrays, sha256 {built.start.sha256})")


def print_fused(cost: Cost, model: str, out: Path, as_json: bool = False) -> None:
    """Print the cost of the fused network."""
    if as_json:
        print(json.dumps({"model": model, "path": str(out), **asdict(cost)}, indent=2))
        return
    print(f"wrote {out}: {cost.parameters:,} parameters, {cost.flops / 1e9:,.3f} GFLOPs")


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(width=PLAIN_WIDTH, highlight=False)
