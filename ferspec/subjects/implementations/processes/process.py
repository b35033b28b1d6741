"""An implementation that another process answers for, in any language, over JSON lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from types import TracebackType
from typing import Any

from ferspec.errors import NotEvaluable, SubjectError, UserError
from ferspec.spec.names import nearest
from ferspec.subjects.implementations.capabilities import CATALOGUE
from ferspec.subjects.implementations.processes.channel import Channel
from ferspec.subjects.implementations.processes.messages import (
    Misbehaviour,
    excerpt,
    read_answer,
    request_line,
    value_of,
)

TIME_LIMIT = 60.0
OFFERED = "capabilities"
# what follows an answer at once shows within it; an implementation is asked some 2,000 times
PAUSE = 0.002
# one capability that never answers must not take the others down, nor a dead subject hours
MOST_FAULTS_OF_ONE, MOST_FAULTS = 3, 6


class Process:
    """Answers with a process that is started anew after every fault, and ended with this object.

    A *fault* is no answer within ``seconds``, an end, or anything but an answer. After three in a row of one
    capability that one is not asked again, after six in a row of any nothing is; those requests fail at once.

    A process that has answered before may be at fault for what it was asked then: where a new one answers the same
    request, the fault is no request's and listed in ``strays``, as is what a process writes at its end. After six of
    these nothing is asked either.
    """

    def __init__(self, words: Sequence[str], name: str, seconds: float = TIME_LIMIT) -> None:
        self.name = name
        self._words = tuple(words)
        self.seconds = seconds
        self.strays: list[str] = []
        self._channel: Channel | None = None
        self._asked = 0
        # what the running process has answered last
        self._before = OFFERED
        self._faults: Counter[str] = Counter()
        self._in_a_row = 0
        self._last_fault = ""

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @cached_property
    def offered(self) -> frozenset[str]:
        """The capabilities it has; ``UserError`` where it cannot be started, does not say, or names an unknown one."""
        try:
            self._channel, names = self._started()
        except OSError as error:
            raise UserError(f"cannot start {self.name}: {error.strerror or error}") from None
        except (Misbehaviour, NotEvaluable) as fault:
            raise UserError(f"{self.name} does not say what it offers: {fault}") from None
        except SubjectError as error:
            raise UserError(f"{self.name}: {error}") from None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise UserError(f"{self.name} answered {OFFERED} with {excerpt(names)}: write a list of names")
        for name in names:
            if name not in CATALOGUE:
                near = nearest(name, CATALOGUE)
                hint = f"did you mean {near[0]}?" if near else "'ferspec conform --list' lists them"
                raise UserError(f"{self.name} offers {excerpt(name)!r}, which is no capability: {hint}")
        return frozenset(names)

    @property
    def pid(self) -> int | None:
        """The process that runs now, if one does."""
        return None if self._channel is None else self._channel.pid

    def answer(self, capability: str, arguments: dict[str, Any]) -> Any:
        """Return the answer to one request, made of what JSON can carry, its numbers finite.

        ``SubjectError`` for a fault and for an error the process tells of, ``NotEvaluable`` where it says that it
        lacks this.
        """
        if self._faults[capability] >= MOST_FAULTS_OF_ONE or max(self._in_a_row, len(self.strays)) >= MOST_FAULTS:
            raise SubjectError(f"{capability}: not asked again after repeated faults, the last: {self._last_fault}")
        try:
            answer = self._request(capability, arguments)
        except Misbehaviour as fault:
            self._drop()
            self._faults[capability] += 1
            self._in_a_row += 1
            self._last_fault = f"{capability}: {fault}"
            raise SubjectError(self._last_fault) from fault
        self._faults[capability] = self._in_a_row = 0
        self._before = capability
        try:
            return value_of(answer)
        except SubjectError as error:
            raise SubjectError(f"{capability} answered with an error: {error}") from None
        except NotEvaluable as lack:
            raise NotEvaluable(f"{capability} {lack}") from None

    def close(self) -> None:
        """End the process, if one runs."""
        if self._channel is not None:
            channel, self._channel = self._channel, None
            try:
                channel.close()
            except Misbehaviour as fault:
                self.strays.append(f"asked nothing more after {self._before}: {fault}")

    def _request(self, capability: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the answer, of a new process where one that has answered before is at fault."""
        try:
            return self._ask(capability, arguments)
        except Misbehaviour as fault:
            if self._before == OFFERED:
                raise
            stray = f"asked for {capability} after {self._before}: {fault}; a new process answers"
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
                raise Misbehaviour(f"cannot be started again: {error.strerror or error}") from None
            except (SubjectError, NotEvaluable) as fault:
                raise Misbehaviour(f"does not start again: {fault}") from None
        return self._exchange(self._channel, capability, arguments)

    def _started(self) -> tuple[Channel, Any]:
        """Return a new process and what it says it offers; its time to start counts as time to answer."""
        self._before = OFFERED
        channel = Channel(self._words)
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
        return answer

    def _drop(self) -> None:
        if self._channel is not None:
            self._channel.kill()
            self._channel = None
