"""The environment of a judgement or a training: versions, hardware and durations."""

import platform
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import Field

from ferspec.records import Record

PACKAGES = (
    "ferspec",
    "numpy",
    "opencv-python",
    "tensorflow",
    "keras",
    "pillow",
    "ai-edge-litert",
    "onnxruntime",
    "torch",
    "scipy",
)


class Environment(Record):
    """The time, software, hardware and durations (seconds by step) of a judgement or a training."""

    created: str
    python: str
    platform: str
    processor: str
    accelerators: tuple[str, ...]
    packages: dict[str, str]
    seconds: dict[str, float]
    settings: dict[str, str] = Field(default_factory=dict, description="of the process of the model")
    milliseconds: float | None = Field(
        default=None, ge=0, description="of the model for an image of a batch, the median"
    )


def environment(
    seconds: dict[str, float],
    settings: Mapping[str, str] | None = None,
    devices: Iterable[str] = (),
    milliseconds: float | None = None,
) -> Environment:
    """Return the current environment; accelerators are those that an already loaded framework sees.

    ``settings`` and ``devices`` are those of the process of a model, ``milliseconds`` its time for an image.
    """
    return Environment(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        python=platform.python_version(),
        platform=platform.platform(),
        processor=_processor(),
        accelerators=(*_accelerators(), *devices),
        packages={name: found for name in PACKAGES if (found := _version(name))},
        seconds={name: round(value, 2) for name, value in seconds.items()},
        settings=dict(settings or {}),
        milliseconds=milliseconds,
    )


@cache
def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    if described.is_file():
        for line in described.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _accelerators() -> tuple[str, ...]:
    """Return the GPUs that TensorFlow sees, if it is loaded."""
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is None:
        return ()
    return tuple(device.name for device in tensorflow.config.list_physical_devices("GPU"))
