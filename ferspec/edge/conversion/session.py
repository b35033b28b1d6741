"""Converts one model in a sandboxed process, which is started again after it ended."""

from __future__ import annotations

import json
import math

import numpy as np

from ferspec.edge.conversion.job import NotConvertible
from ferspec.errors import UserError
from ferspec.subjects.models.base import LARGEST, Layout
from ferspec.subjects.models.contracts.contract import Contract
from ferspec.subjects.models.source import Source
from ferspec.subjects.models.worker.client import load_in, with_files
from ferspec.subjects.models.worker.loaded import Loaded
from ferspec.subjects.sandbox.channel import Channel, Fault
from ferspec.subjects.sandbox.messages import MOST_TEXT, Header, Kind, Malformed, plain_text

SERVE = "ferspec.edge.conversion.serve"
# seconds that one conversion may take, on a slow machine
LONGEST_CONVERSION = 1800.0
# bytes of calibration images in one message
PORTION = 64 << 20


class Session:
    """Hold a model in a sandboxed process that converts it.

    The process reads the model's files and nothing else of the user's, has no network, and cannot write outside its
    own scratch folder; memory and time are limited. Some converters start programs of their packages.
    """

    def __init__(self, source: Source, trust_code: bool, contract: Contract, calibration: np.ndarray) -> None:
        self._source = source
        self._trust_code = trust_code
        self._contract = contract
        self._calibration = calibration
        self._channel: Channel | None = None
        self.loaded: Loaded | None = None

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *ending: object) -> None:
        self.close()

    @property
    def layout(self) -> Layout:
        """The layout of the images that the loaded model takes: the declared one, else that of its file."""
        declared = self._contract.input
        if "layout" in declared.model_fields_set or self.loaded is None:
            return declared.layout
        return self.loaded.signature.layout or declared.layout

    def close(self) -> None:
        """End the process."""
        if self._channel is not None:
            self._channel.close()
        self._channel = None

    def convert(self, function: str) -> bytes:
        """Return the file that a converter makes of the model.

        Raise ``NotConvertible`` if it cannot, or its process ends; ``UserError`` if the model itself is refused.
        """
        request = {"function": function, "contract": self._contract.model_dump(mode="json", exclude_unset=True)}
        channel = self._opened()
        try:
            header, content = channel.exchange(
                Kind.CONVERT, json.dumps(request).encode(), LONGEST_CONVERSION, _accept_file
            )
        except Fault as fault:
            self.close()
            raise NotConvertible(f"the converter's process {fault}") from None
        if header.kind is Kind.FAILED:
            raise NotConvertible(plain_text(content))
        return bytes(content)

    def _opened(self) -> Channel:
        """Return a channel to a process that has the model and the images."""
        if self._channel is not None:
            return self._channel
        channel, loaded = load_in(SERVE, self._source, self._trust_code, LONGEST_CONVERSION, may_start_processes=True)
        if set(loaded.files) - set(self._source.files):
            channel.close()
            if self._source.files:
                raise UserError(f"{self._source.name} needs other files each time it is loaded: refused")
            self._source = with_files(self._source, loaded.files)
            return self._opened()
        self._channel, self.loaded = channel, loaded
        try:
            for images in _portions(self._calibration):
                channel.exchange(Kind.CALIBRATE, images, LONGEST_CONVERSION, _accept_file)
        except Fault as fault:
            self.close()
            raise NotConvertible(f"the converter's process {fault}") from None
        return channel


def _portions(images: np.ndarray) -> list[np.ndarray]:
    size = max(1, PORTION // max(1, math.prod(images.shape[1:]) * images.itemsize))
    return [images[start : start + size] for start in range(0, len(images), size)]


def _accept_file(header: Header) -> None:
    longest = {Kind.CONVERTED: LARGEST, Kind.FAILED: MOST_TEXT}
    if header.kind not in longest or header.dtype is not None:
        raise Malformed(f"answered with an unexpected message ({header.kind.name.lower()})")
    if header.length > longest[header.kind]:
        raise Malformed(f"answered with {header.length:,} bytes: at most {longest[header.kind]:,} are read")
