"""The benchmarks: each has a kind, and none runs unless its kind is requested."""

import re

import pytest

from helpers.places import ROOT
from helpers.processes import run_pytest

KINDS = ("artifacts", "gpu", "learning", "smoke", "speed")


@pytest.mark.parametrize("words", [(), ("-m", "not slow"), ("-m", "cell(resolution=48)")], ids=str)
def test_without_a_kind_none_is_run_and_the_kinds_are_named(words):
    ended = run_pytest("benchmarks", *words, cwd=ROOT)
    assert ended.returncode == pytest.ExitCode.NO_TESTS_COLLECTED
    assert f"-m {', -m '.join(KINDS)}" in ended.stdout


def test_every_benchmark_is_of_a_kind():
    ended = run_pytest("benchmarks", "-m", " or ".join(KINDS), "--collect-only", "-q", cwd=ROOT)
    assert ended.returncode == 0
    assert re.search(r"\n\d+ tests collected in ", ended.stdout), ended.stdout[-300:]
