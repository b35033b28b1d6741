"""Share a few decoder processes among threads, and replace each one that ends."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

import numpy as np

from ferspec.errors import UserError
from ferspec.subjects.datasets.decoders.decoder import Decoder, Fault, Interrupted, Refused

SECONDS = 60.0
# starting one more process takes about as long as decoding this many images
FEW = 64
# files of one process at a time: it decodes one while the next is sent
AHEAD = 2
TICK = 0.5

T = TypeVar("T")


class Decoders:
    """Decode image files in processes: at most one for each core, and fewer for few images.

    Use it as a context, which ends the processes. ``seconds`` limits each image. A process that crashes, hangs or
    exceeds its memory costs one image; the next image goes to a new process.
    """

    def __init__(self, images: int, seconds: float = SECONDS) -> None:
        places = [_Place(seconds) for _ in range(max(1, min(os.cpu_count() or 1, images // FEW)))]
        self._places = tuple(places)
        # the last one used comes first, so that a single thread starts one process only
        self._free: queue.LifoQueue[_Place] = queue.LifoQueue()
        for place in places * AHEAD:
            self._free.put(place)
        self._closed = threading.Event()
        self._watch = threading.Thread(target=self._end_late_ones, daemon=True)

    def __enter__(self) -> Decoders:
        self._watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closed.set()
        self._watch.join()
        for place in self._places:
            place.end()

    def decode(self, data: bytes, name: str, turned: bool = True) -> np.ndarray:
        """Decode an image file as ``decode.decode`` does, in any thread.

        Raise ``UserError`` also where the decoder ends or misbehaves. Raise ``OSError`` or ``RuntimeError`` where no
        decoder can be started.
        """
        return self._answered(name, lambda decoder: decoder.ask(data, turned))

    def describe(self, data: bytes, name: str) -> bytes:
        """Return the JSON of ``facts.described`` on an image file. Raise the exceptions of ``decode``."""
        return self._answered(name, lambda decoder: decoder.describe(data))

    def _answered(self, name: str, ask: Callable[[Decoder], T]) -> T:
        place = self._free.get()
        try:
            while True:
                try:
                    return ask(place.decoder())
                except Interrupted:
                    continue
        except Refused as refusal:
            raise UserError(f"{name}: {refusal}") from None
        except Fault as fault:
            raise UserError(f"{name}: the image cannot be decoded (the decoder {fault})") from None
        finally:
            self._free.put(place)

    def _end_late_ones(self) -> None:
        while not self._closed.wait(TICK):
            for place in self._places:
                place.end_if_late()


class _Place:
    """Hold the current decoder, and replace it when it has ended."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._decoder: Decoder | None = None
        self._starting = threading.Lock()

    def decoder(self) -> Decoder:
        """Return the running decoder; start one if there is none."""
        with self._starting:
            if self._decoder is None or self._decoder.has_ended:
                self._decoder = Decoder(self._seconds)
                self._decoder.ready()
            return self._decoder

    def end_if_late(self) -> None:
        if self._decoder is not None:
            self._decoder.end_if_late()

    def end(self) -> None:
        if self._decoder is not None and not self._decoder.has_ended:
            self._decoder.end()
