"""Query an implementation, in any language, that runs in another process and speaks JSON lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from types import TracebackType
from typing import Any

from ferspec.errors import NotEvaluable, SubjectError, UserError
from ferspec.spec.names import nearest
from ferspec.subjects.implementations.capabilities import CATALOGUE
from ferspec.subjects.implementations.processes.access import Access
from ferspec.subjects.implementations.processes.channel import Channel
from ferspec.subjects.implementations.processes.messages import (
    Misbehaviour,
    read_answer,
    request_line,
    value_of,
)
from ferspec.subjects.sandbox.reading import excerpt
from ferspec.subjects.time_limit import OF_IMPLEMENTATIONS

OFFERED = "capabilities"
# in an answer: a module of ferspec's own reference that the implementation has loaded
REFERENCE = "reference"
# seconds to wait for output after an answer; an implementation receives about 2,000 requests
PAUSE = 0.002
# limits, so that one broken capability does not stop the others, and a dead subject does not take hours
MOST_FAULTS_OF_ONE, MOST_FAULTS = 3, 6


class Process:
    """Answer requests with a process that is restarted after every fault.

    A *fault* is a missing answer within ``seconds``, the end of the process, or output that is not an answer. After
    three consecutive faults of one capability, its further requests fail at once; after six consecutive faults, all
    further requests fail.

    An earlier request may have caused the fault of a process that has answered before. If a new process answers the
    same request, the fault belongs to no request and is listed in ``strays``, like output at the end of a process.
    After six stray faults, all further requests fail.
    """

    def __init__(self, words: Sequence[str], name: str, access: Access, seconds: float = OF_IMPLEMENTATIONS) -> None:
        self.name = name
        # the module of ferspec's own reference that the process is, or was seen to load
        self.reference = access.reference
        self._access = access
        self._words = tuple(words)
        self.seconds = seconds
        self.strays: list[str] = []
        self._channel: Channel | None = None
        self._asked = 0
        # the capability that the running process answered last
        self._last_answered = OFFERED
        self._faults: Counter[str] = Counter()
        self._consecutive_faults = 0
        self._last_fault = ""

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @cached_property
    def offered(self) -> frozenset[str]:
        """The capabilities of the process.

        Raise ``UserError`` if it cannot be started, does not list its capabilities, or lists an unknown one.
        """
        try:
            self._channel, names = self._started()
        except OSError as error:
            raise UserError(f"cannot start {self.name}: {error.strerror or error}") from None
        except (Misbehaviour, NotEvaluable) as fault:
            raise UserError(f"{self.name} does not list its capabilities: {fault}") from None
        except SubjectError as error:
            raise UserError(f"{self.name}: {error}") from None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise UserError(f"{self.name} answered {OFFERED} with {excerpt(names)}: expected a list of names")
        for name in names:
            if name not in CATALOGUE:
                near = nearest(name, CATALOGUE)
                hint = f"did you mean {near[0]}?" if near else "'ferspec conform --list' lists them"
                raise UserError(f"{self.name} offers {excerpt(name)!r}, which is not a capability: {hint}")
        return frozenset(names)

    @property
    def pid(self) -> int | None:
        """The id of the running process, or None."""
        return None if self._channel is None else self._channel.pid

    def answer(self, capability: str, arguments: dict[str, Any]) -> Any:
        """Return the answer to one request as a JSON value with finite numbers.

        Raise ``SubjectError`` for a fault or a reported error, and ``NotEvaluable`` for an answer with ``missing``.
        """
        faults = max(self._consecutive_faults, len(self.strays))
        if self._faults[capability] >= MOST_FAULTS_OF_ONE or faults >= MOST_FAULTS:
            raise SubjectError(f"{capability}: not asked again after repeated faults; last fault: {self._last_fault}")
        try:
            answer = self._request(capability, arguments)
        except Misbehaviour as fault:
            self._drop()
            self._faults[capability] += 1
            self._consecutive_faults += 1
            self._last_fault = f"{capability}: {fault}"
            raise SubjectError(self._last_fault) from fault
        self._faults[capability] = self._consecutive_faults = 0
        self._last_answered = capability
        try:
            return value_of(answer)
        except SubjectError as error:
            raise SubjectError(f"{capability} answered with an error: {error}") from None
        except NotEvaluable as lack:
            raise NotEvaluable(f"{capability} {lack}") from None

    def close(self) -> None:
        """End the process if it is running."""
        if self._channel is not None:
            channel, self._channel = self._channel, None
            try:
                channel.close()
            except Misbehaviour as fault:
                self.strays.append(f"after its last answer, to {self._last_answered}: {fault}")

    def _request(self, capability: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the answer. After a fault of a process that has answered before, ask a new process."""
        try:
            return self._ask(capability, arguments)
        except Misbehaviour as fault:
            if self._last_answered == OFFERED:
                raise
            stray = f"asked for {capability} after {self._last_answered}: {fault}; a new process answers"
        self._drop()
        answer = self._ask(capability, arguments)
        self.strays.append(stray)
        self._last_fault = stray
        return answer

    def _ask(self, capability: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if self._channel is None:
            try:
                self._channel, _ = self._started()
            except OSError as error:
                raise Misbehaviour(f"cannot be restarted: {error.strerror or error}") from None
            except (SubjectError, NotEvaluable) as fault:
                raise Misbehaviour(f"fails to restart: {fault}") from None
        return self._exchange(self._channel, capability, arguments)

    def _started(self) -> tuple[Channel, Any]:
        """Start a process and return it with the capabilities it lists. Starting counts as answering time."""
        self._last_answered = OFFERED
        channel = Channel(self._words, self._access)
        try:
            return channel, value_of(self._exchange(channel, OFFERED, {}))
        except BaseException:
            channel.kill()
            raise

    def _exchange(self, channel: Channel, capability: str, arguments: dict[str, Any]) -> dict[str, Any]:
        self._asked += 1
        line = request_line(self._asked, capability, arguments)
        answer = read_answer(self._asked, channel.exchange(line, self.seconds))
        channel.settle(PAUSE)
        if self.reference is None and isinstance(answer.get(REFERENCE), str):
            self.reference = excerpt(answer[REFERENCE])
        return answer

    def _drop(self) -> None:
        if self._channel is not None:
            self._channel.kill()
            self._channel = None
