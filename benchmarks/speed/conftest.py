"""How the speed benchmarks measure: with pytest-benchmark, and against something else in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

Work = Callable[[], Any]


def seconds(work: Work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@pytest.fixture
def in_turns(benchmark: Any) -> Callable[[Work, Work, int], list[tuple[float, float]]]:
    """A function that times two works in turns and returns their seconds; pytest-benchmark keeps those of the first.

    What is judged is the ratio of a turn, so that neither the machine nor its load matters.
    """

    def timed(ours: Work, theirs: Work, turns: int) -> list[tuple[float, float]]:
        others = []
        benchmark.pedantic(ours, setup=lambda: others.append(seconds(theirs)), rounds=turns)
        return list(zip(benchmark.stats.stats.data, others, strict=True))

    return timed


@pytest.fixture
def note(benchmark: Any, capsys: pytest.CaptureFixture, request: pytest.FixtureRequest) -> Callable[..., None]:
    """A function that prints numbers and keeps them as ``extra_info`` of the benchmark."""

    def noted(**measured: float) -> None:
        benchmark.extra_info.update(measured)
        with capsys.disabled():
            print(f"\n{request.node.name}: " + ", ".join(f"{name} {value:,.4g}" for name, value in measured.items()))

    return noted
