"""Latency of one image: the median and the 95th percentile, after runs that do not count."""

import numpy as np
import pytest

from ferspec.edge.measurement import speed
from ferspec.progress import silent
from ferspec.subjects.models import Model, Signature
from ferspec.subjects.models.timing import Timed

IMAGES = [np.zeros((2, 2, 3), np.float32)]


def model(nanoseconds, batch=None):
    """Return a model whose runs take the given times, one after the other, the last one for ever."""
    left = list(nanoseconds)

    def time(images):
        assert images.shape == (batch or 1, 2, 2, 3)
        return Timed(nanoseconds=left.pop(0) if len(left) > 1 else left[0], peak=7_000, before=5_000)

    return Model("m", "tflite", "0" * 64, Signature(batch=batch), run=np.asarray, time=time)


def measured(nanoseconds, threads=(1,), batch=None):
    return speed.measured(lambda count: model(nanoseconds, batch), IMAGES, threads, lambda done, total: None)


def test_runs_for_warming_up_do_not_count():
    slow_first = [90_000_000] * speed.WARM_UP + [2_000_000]
    (timing,) = measured(slow_first).timings
    assert (timing.median, timing.p95, timing.runs, timing.warm_up) == (2.0, 2.0, speed.MOST_RUNS, speed.WARM_UP)


def test_the_95th_percentile_is_above_19_of_20_runs():
    times = [1_000_000] * speed.WARM_UP + [*range(1_000_000, 201_000_000, 1_000_000)]
    (timing,) = measured(times).timings
    assert timing.median == pytest.approx(100.5)
    assert timing.p95 == pytest.approx(190.05)


def test_a_slow_model_is_run_20_times(monkeypatch):
    monkeypatch.setattr(speed, "SECONDS", 0.0)
    assert measured([1_000_000]).timings[0].runs == 20


def test_a_fixed_batch_shares_its_time():
    assert measured([8_000_000], batch=4).timings[0].median == 2.0


def test_memory_is_that_of_the_first_number_of_threads():
    found = measured([1_000_000], threads=(1, 8))
    assert [timing.threads for timing in found.timings] == [1, 8]
    assert (found.memory.peak, found.memory.before) == (7_000, 5_000)


def test_every_process_is_ended():
    ended = []

    def opened(count):
        one = model([1_000_000])
        object.__setattr__(one, "close", lambda: ended.append(count))
        return one

    speed.measured(opened, IMAGES, (1, 2), lambda done, total: silent("timing", done, total))
    assert ended == [1, 2]
