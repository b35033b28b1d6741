"""Share a few decoder processes among threads, and replace each one that ends."""

from __future__ import annotations

import os
import queue
import threading
from types import TracebackType

import numpy as np

from ferspec.errors import UserError
from ferspec.subjects.datasets.decoders.decoder import Decoder, Fault, Refused

SECONDS = 60.0
# starting one more process takes about as long as decoding this many images
FEW = 64
TICK = 0.5


class Decoders:
    """Decode image files in processes: at most one for each core, and fewer for few images.

    Use it as a context, which ends the processes. ``seconds`` limits each image. A process that crashes, hangs or
    exceeds its memory costs one image; the next image goes to a new process.
    """

    def __init__(self, images: int, seconds: float = SECONDS) -> None:
        self.count = max(1, min(os.cpu_count() or 1, images // FEW))
        self._seconds = seconds
        # the last one used comes first, so that a single thread starts one process only
        self._idle: queue.LifoQueue[Decoder | None] = queue.LifoQueue()
        for _ in range(self.count):
            self._idle.put(None)
        self._running: set[Decoder] = set()
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
        for decoder in tuple(self._running):
            decoder.end()

    def decode(self, data: bytes, name: str, turned: bool = True) -> np.ndarray:
        """Decode an image file as ``decode.decode`` does, in any thread.

        Raise ``UserError`` also where the decoder ends or misbehaves. Raise ``OSError`` or ``RuntimeError`` where no
        decoder can be started.
        """
        decoder = self._idle.get()
        try:
            if decoder is None:
                decoder = Decoder(self._seconds)
                self._running.add(decoder)
            return decoder.ask(data, turned)
        except Refused as refusal:
            raise UserError(f"{name}: {refusal}") from None
        except Fault as fault:
            self._running.discard(decoder)
            decoder = None
            raise UserError(f"{name}: the image cannot be decoded (the decoder {fault})") from None
        finally:
            self._idle.put(decoder)

    def _end_late_ones(self) -> None:
        while not self._closed.wait(TICK):
            for decoder in tuple(self._running):
                decoder.end_if_late()
