"""Reads which converter writes which format from which source."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from ferspec.edge.records import FORMATS
from ferspec.extras import EXTRA_OF
from ferspec.records import Record
from ferspec.spec.reading import read_toml, to_records
from ferspec.subjects.models.base import Layout

FILE = Path(__file__).with_name("routes.toml")
ANY = "*"


class Route(Record):
    """Name a function that converts some sources to a target, and its packages.

    ``layout`` is that of the written file's input, or that of the source's; None for a file with the contract and
    outputs of the source.
    """

    function: str
    sources: tuple[str, ...]
    target: str
    packages: tuple[str, ...]
    layout: Layout | Literal["source"] | None = None

    @property
    def base(self) -> str | None:
        """The format that must be written first; None for a route from a model's file."""
        return next((source for source in self.sources if source in FORMATS), None)

    @property
    def converter(self) -> str:
        """Name and version of the package that converts; only its name where it is not installed."""
        name = self.packages[0].replace("_", "-")
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            return name

    def missing(self) -> str | None:
        """Return which package is missing and how to install it; None if all are installed."""
        package = next((package for package in self.packages if find_spec(package) is None), None)
        if package is None:
            return None
        return f"needs {package.replace('_', '-')}: {HOW.get(package) or f'pip install {_extra(package)}'}"


class Refusal(Record):
    """Why a source, or any other, has no converter."""

    source: str
    reason: str


# packages that an extra cannot name, since they pin exact versions of others
HOW = {
    "onnx2tf": "it pins exact versions of other packages: docs/edge.md says how to install it beside ferspec",
}


def _extra(package: str) -> str:
    return f"'ferspec[{EXTRA_OF[package]}]'"


@cache
def _routes() -> tuple[Route, ...]:
    data = read_toml(FILE)
    return tuple(to_records(Route, {"route": data["route"]}, FILE.name, "route", "function"))


@cache
def _refusals() -> dict[str, str]:
    data = read_toml(FILE)
    found = to_records(Refusal, {"refusal": data["refusal"]}, FILE.name, "refusal", "source")
    return {refusal.source: refusal.reason for refusal in found}


def route_to(target: str, source: str) -> Route | None:
    """Return the route from a source to a target, if any.

    A direct one goes before one by another format."""
    fitting = [route for route in _routes() if route.target == target]
    direct = next((route for route in fitting if source in route.sources), None)
    return direct or next((route for route in fitting if route.base is not None), None)


def refusal_of(source: str) -> str:
    """Return why there is no route from a source."""
    return _refusals().get(source, _refusals()[ANY])
