"""Refuse OpenVINO networks that declare more than operations of OpenVINO's own sets."""

from __future__ import annotations

import re
from pathlib import Path
from xml.parsers.expat import ExpatError, ParserCreate

from ferspec.errors import UserError
from ferspec.files import read_bounded
from ferspec.subjects.models.base import shown

LARGEST_NETWORK = 64 * 2**20
OWN_SET = re.compile(r"opset\d{1,2}")


def refuse_foreign_operations(path: Path) -> None:
    """Raise ``UserError`` for a layer of another set than OpenVINO's own.

    The network is parsed here before OpenVINO reads it. It has no document type, which could declare entities that grow
    without measure: ``detect`` does not take such a file for OpenVINO's.
    """
    parser = ParserCreate()

    def inspect(tag: str, attributes: dict[str, str]) -> None:
        version = attributes.get("version", "")
        if tag == "layer" and not OWN_SET.fullmatch(version):
            kind = shown(f"{attributes.get('type', '')} of {version or 'no set'}")
            raise UserError(f"{path.name} has the operation {kind}, which an extension of OpenVINO would run")

    parser.StartElementHandler = inspect
    try:
        parser.Parse(read_bounded(path, LARGEST_NETWORK, "a network of OpenVINO"), True)
    except ExpatError as error:
        raise UserError(f"{path.name} cannot be loaded as OpenVINO: {error}") from error
