"""Build the three bases of keras-vggface 0.6, written for Keras 2, under Keras 3."""

from __future__ import annotations

import sys
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from ferspec.extras import require_package
from ferspec.reference.models.preprocessing import Preprocessing

PACKAGE = "keras_vggface"
NAMED_LAYERS = ("Activation", "BatchNormalization", "Conv2D")

# The means of the two VGGFace sets, blue, green, red, as keras-vggface's preprocess_input subtracts them.
FIRST = Preprocessing(colour="bgr", range=(0.0, 255.0), mean=(93.5940, 104.7624, 129.1863))
SECOND = Preprocessing(colour="bgr", range=(0.0, 255.0), mean=(91.4953, 103.8827, 131.0912))


@dataclass(frozen=True)
class Base:
    """A base of keras-vggface: function, preprocessing, first layer, and least side."""

    function: str
    preprocessing: Preprocessing
    first: str
    smallest: int


NETWORKS = {
    "VGG16": Base("VGG16", FIRST, "conv1_1", 32),
    "ResNet50": Base("RESNET50", SECOND, "conv1/7x7_s2", 197),
    "SENet50": Base("SENET50", SECOND, "conv1/7x7_s2", 197),
}


def build_base(network: str, resolution: int) -> Any:
    """Return a base of keras-vggface without its classifier and without weights.

    Layer names are the library's with ``_`` for ``/``, which Keras 3 refuses. ``UserError`` where keras-vggface is not
    installed.
    """
    function = getattr(_models(), NETWORKS[network].function)
    return function(include_top=False, weights=None, input_shape=(resolution, resolution, 3))


def require_vggface() -> None:
    """Raise ``UserError`` if keras-vggface is not installed."""
    require_package("building a VGGFace network", PACKAGE)


@cache
def _models() -> ModuleType:
    require_vggface()
    with _keras_2_modules():
        models = import_module(f"{PACKAGE}.models")
    for name in NAMED_LAYERS:
        setattr(models, name, _with_plain_name(getattr(models, name)))
    return models


def _with_plain_name(layer: Callable[..., Any]) -> Callable[..., Any]:
    def build(*args: Any, name: str | None = None, **options: Any) -> Any:
        return layer(*args, name=None if name is None else name.replace("/", "_"), **options)

    return build


@contextmanager
def _keras_2_modules() -> Iterator[None]:
    """Provide modules that Keras 3 no longer has while keras-vggface is imported.

    Afterwards ``sys.modules`` is restored, without the library's modules: another import gets the unmodified library.
    """
    stands_in: dict[str, dict[str, Any]] = {
        "keras_applications": {},
        "keras_applications.imagenet_utils": {"_obtain_input_shape": lambda input_shape, **_: input_shape},
        "keras.utils.layer_utils": {},
        "keras.utils.data_utils": {"get_file": _refuse_download},
        "keras.engine": {},
        "keras.engine.topology": {"get_source_inputs": None},
    }
    before = {name: module for name, module in sys.modules.items() if _is_replaced(name, stands_in)}
    for name in before:
        del sys.modules[name]
    for name, content in stands_in.items():
        module = ModuleType(name)
        vars(module).update(content)
        sys.modules[name] = module
    try:
        yield
    finally:
        for name in [name for name in sys.modules if _is_replaced(name, stands_in)]:
            del sys.modules[name]
        sys.modules.update(before)


def _is_replaced(name: str, stands_in: Container[str]) -> bool:
    return name in stands_in or name.partition(".")[0] == PACKAGE


def _refuse_download(*args: Any, **options: Any) -> None:
    raise RuntimeError("keras-vggface is used for its networks only: its files are loaded by ferspec")
