"""Ends a command in order when a signal stops it: processes and temporary folders do not stay behind."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

# Windows has no SIGHUP, which a closed terminal sends
ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
# shells expect this exit status, plus the number of the signal that ended a program
STOPPED = 128


@contextmanager
def ended_in_order() -> Iterator[None]:
    """End the processes, and remove the temporary files, if SIGTERM or SIGHUP ends the command."""

    def stop(number: int, frame: object) -> NoReturn:
        # a closed terminal may send it twice, and the processes are being ended already
        signal.signal(number, signal.SIG_IGN)
        raise SystemExit(STOPPED + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # nohup makes a program ignore SIGHUP
    heard = {number: signal.getsignal(number) for number in ENDING if signal.getsignal(number) != signal.SIG_IGN}
    for number in heard:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, before in heard.items():
            signal.signal(number, before)
