"""Define the settings of a model's process, whatever the user's environment and configuration say."""

from __future__ import annotations

import os
from collections.abc import Mapping

SEED = 0
FLOATX = "float32"
LAYOUT = "channels_last"
# how many threads compute one answer: read by TensorFlow, PyTorch, and the adapters of other formats
LIMIT = "FERSPEC_THREADS"
THREADS = (LIMIT, "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
# the user's choice of devices, which changes the speed
PASSED_ON = ("CUDA_VISIBLE_DEVICES",)


def settings() -> dict[str, str]:
    """Return the environment variables of a model's process, which the report records."""
    cores = str(available_cores())
    return {
        "KERAS_BACKEND": "tensorflow",
        # no folder: neither a keras.json nor a cache is read or written
        "KERAS_HOME": os.devnull,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "NVIDIA_TF32_OVERRIDE": "0",
        "TF_NUM_INTRAOP_THREADS": cores,
        "OMP_NUM_THREADS": cores,
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
    }


def environment_of(user: Mapping[str, str], threads: int | None = None) -> dict[str, str]:
    """Return the variables of a model's process: the settings, and the user's choice of devices.

    With ``threads``, one answer is computed on this number of threads.
    """
    limited = {} if threads is None else dict.fromkeys(THREADS, str(threads))
    return settings() | {name: user[name] for name in PASSED_ON if name in user} | limited


def recorded_settings() -> dict[str, str]:
    """Return all settings of a model's process, as the report records them."""
    return settings() | {"floatx": FLOATX, "image_data_format": LAYOUT, "seed": str(SEED)}


def threads_or(usual: int) -> int:
    """Return how many threads the judge wants for an answer, in a model's process; ``usual`` where it does not say."""
    return int(os.environ.get(LIMIT, usual))


def available_cores() -> int:
    """Return the number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
