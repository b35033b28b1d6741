"""Hold a running program of a sandbox, say why it ended, and end it."""

from __future__ import annotations

import signal
import subprocess
import weakref
from dataclasses import dataclass

from ferspec.subjects.sandbox.ending import end
from ferspec.subjects.sandbox.policy import Isolation, Policy
from ferspec.subjects.sandbox.scratch import Scratch
from ferspec.subjects.sandbox.secrecy import Secrecy
from ferspec.subjects.sandbox.watchdog import Watchdog

GRACE = 1.0
# a wrapper passes on the signal that ended the program as its number above this exit status
KILLED_BY = 128
# signals between SIGRTMIN and SIGRTMAX have no name
SIGNALS = {number.value: number.name for number in signal.Signals}


@dataclass(frozen=True)
class Launched:
    """Hold what was started: the process, its mark, and the number of extra processes of the sandbox."""

    process: subprocess.Popen[bytes]
    mark: str
    scratch: Scratch
    extra: int = 0
    guarded: bool = False

    def kill(self) -> None:
        """Kill the process and its descendants."""
        end(self.process, self.mark, self.guarded)


class Sandboxed:
    """Hold a running program: requests go to its standard input, answers come from its standard output.

    Its standard error is captured; the caller reads and closes its streams. ``end`` kills it with everything it
    started, and removes its scratch folder; this also happens when the object is no longer used.
    """

    def __init__(self, launched: Launched, isolation: Isolation, policy: Policy) -> None:
        self.process = launched.process
        self.isolation = isolation
        # holds no reference to this object, so that it can be collected while a thread may still call it
        self.kill = launched.kill
        self._is_wrapped = launched.extra > 0
        self._watchdog = Watchdog(launched.process.pid, launched.extra, policy, launched.scratch.folder, launched.kill)
        self._end = weakref.finalize(self, _end, launched, self._watchdog, Secrecy())

    def end(self) -> None:
        """Kill the process and its descendants, wait for them, and remove all they wrote."""
        self._end()
        # another thread may be ending it at this moment
        self.process.wait()

    def why_ended(self) -> str:
        """Return in a few words why no answer can come: a limit, a signal, an exit status, or a closed output."""
        try:
            code = self.process.wait(GRACE)
        except subprocess.TimeoutExpired:
            return "closed its output"
        if self._watchdog.reason is not None:
            return self._watchdog.reason
        if self._is_wrapped and code > KILLED_BY:
            code = KILLED_BY - code
        return _killed_by(-code) if code < 0 else f"ended with exit status {code}"


def _killed_by(number: int) -> str:
    name = SIGNALS.get(number, f"signal {number}")
    return "wrote a file above the size limit" if name == "SIGXFSZ" else f"was killed by {name}"


def _end(launched: Launched, watchdog: Watchdog, secrecy: Secrecy) -> None:
    watchdog.stop()
    launched.kill()
    secrecy.end()
    launched.scratch.remove()
