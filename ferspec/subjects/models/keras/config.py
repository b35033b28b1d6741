"""Inspect a Keras configuration before building it: refuse code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ferspec.errors import UserError
from ferspec.subjects.models.base import shown
from ferspec.subjects.models.keras.classes import CLASSES, FUNCTIONS
from ferspec.subjects.models.keras.translation.operations import LAMBDAS, OPERATIONS

# Objects that are named in the message, though anything that is not in ``classes`` is refused.
CODE = {
    "Lambda": "a Lambda layer, Python code stored in the file",
    "__lambda__": "a Python function stored in the file",
    "TFSMLayer": "a TFSMLayer, which loads another model",
    "TorchModuleWrapper": "a pickled PyTorch module",
    "FlaxLayer": "a Flax layer with functions of its own",
    "JaxLayer": "a JAX layer with functions of its own",
    "__typespec__": "a type built from Python code",
    "StringLookup": "a StringLookup layer, which can read any file",
    "IntegerLookup": "an IntegerLookup layer, which can read any file",
    "TextVectorization": "a TextVectorization layer, which can read any file",
}
# Layers of Keras 2 that Keras 3 dropped.
GONE = frozenset({"LocallyConnected1D", "LocallyConnected2D"})
NUMBERS = re.compile(r"bool|(u?int|b?float|complex)\d+")
SPLITS = (
    "activations",
    "constraints",
    "dtype_policies",
    "engine",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "ops",
    "optimizers",
    "quantizers",
    "random",
    "regularizers",
)
ROOTS = ("keras", "keras.src", "keras.api", "tf_keras", "tf_keras.src")
MODULES = frozenset(f"{root}.{part}" for root in ROOTS for part in SPLITS)

# Custom layers of the suite's own networks; their code comes from the suite, never from a file.
OWN = tuple(
    ("ferspec.reference.models.repvgg_layers", kind, f"ferspec>{kind}")
    for kind in ("RepVGGBlock", "GradientCheckpointing")
)


def refuse_code(config: Any, name: str) -> None:
    """Raise ``UserError`` for a configuration with objects that are not known to only compute.

    Every object must be a class or function of Keras listed in ``classes``, looked up in one of Keras' modules of
    building blocks, or a layer of the suite's own (``OWN``). ``name`` is the file's name in the message.
    """
    for node in _objects(config):
        kind, module, registered = node["class_name"], node.get("module"), node.get("registered_name")
        if not isinstance(kind, str):
            raise _refused(name, "an object whose class is not named")
        if (module, kind, registered) in OWN:
            continue
        if module is not None and not _is_keras(module, node):
            raise _refused(name, f"{shown(kind)} of the module {shown(str(module))!r}, which is not part of Keras")
        if kind in LAMBDAS or kind in GONE:
            _refuse_untranslated(node, name)
            continue
        _refuse_unknown(kind, CLASSES | {"function"}, name)
        if kind == "function":
            _refuse_unknown(node.get("config"), FUNCTIONS, name)
        if registered is not None and str(registered) not in (kind, node.get("config")):
            _refuse_unknown(registered, CLASSES | FUNCTIONS, name)
        if kind in {"__numpy__", "__tensor__"}:
            _require_numbers(node.get("config"), name)


def _refuse_unknown(identifier: Any, known: frozenset[str], name: str) -> None:
    """Raise ``UserError`` for a class or function that is not among those that only compute."""
    text = shown(str(identifier))
    last = re.split(r"[.>]", text)[-1]
    if last in CODE:
        raise _refused(name, CODE[last])
    if "." in text:
        raise _refused(name, f"the name {text!r}, which reaches into a module")
    if ">" in text and not text.startswith("keras>"):
        raise _refused(name, f"the custom object {text!r}, whose code is not in the file")
    if not isinstance(identifier, str) or identifier.removeprefix("keras>") not in known:
        raise _refused(name, f"{text!r}, which may not be safe")


def _refuse_untranslated(layer: dict[str, Any], name: str) -> None:
    """Raise ``UserError`` for a layer of Keras 2 that has no equivalent in Keras 3."""
    kind, inner = layer["class_name"], layer.get("config")
    function = inner.get("function") if isinstance(inner, dict) else None
    if kind in LAMBDAS and isinstance(function, str) and function in OPERATIONS:
        return
    what = f"tf.{shown(str(function))} ({kind})" if kind in LAMBDAS else kind
    raise UserError(
        f"{name} holds {what} of Keras 2, which Keras 3 cannot read: "
        "load it with Keras 2, and save it as a SavedModel (model.save(FOLDER)) or export it to TFLite"
    )


def _require_numbers(array: Any, name: str) -> None:
    dtype = array.get("dtype") if isinstance(array, dict) else None
    if not isinstance(dtype, str) or not NUMBERS.fullmatch(dtype):
        raise _refused(name, f"an array of {shown(str(dtype))}, not of numbers")


def _objects(config: Any) -> Iterator[dict[str, Any]]:
    waiting = [config]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if "class_name" in node:
                yield node
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node


def _is_keras(module: Any, node: dict[str, Any]) -> bool:
    if module == "builtins":
        return node["class_name"] == "function"
    if module in ROOTS:
        return True
    return isinstance(module, str) and any(module == known or module.startswith(f"{known}.") for known in MODULES)


def _refused(name: str, content: str) -> UserError:
    return UserError(f"{name} holds {content}: refused, it may run code; export to ONNX, or add --trust-code")
