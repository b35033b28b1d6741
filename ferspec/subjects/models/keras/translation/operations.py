"""Translate operations of TensorFlow in networks of Keras 2 (``TFOpLambda``) to Keras 3."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

LAMBDAS = frozenset({"TFOpLambda", "SlicingOpLambda"})
NUMPY, NN, CORE = "keras.src.ops.numpy", "keras.src.ops.nn", "keras.src.ops.core"


class Operation(NamedTuple):
    """Name an operation of Keras 3; ``operands`` after the first and ``settings`` by their names in TensorFlow.

    ``neutral`` holds arguments that have no equal, with the values that change nothing.
    """

    kind: str
    module: str = NUMPY
    operands: tuple[str, ...] = ()
    settings: Mapping[str, str] = MappingProxyType({})
    neutral: Mapping[str, tuple[Any, ...]] = MappingProxyType({})


REDUCED = {"axis": "axis", "keepdims": "keepdims"}
ALONG = {"axis": "axis"}
OPERATIONS: dict[str, Operation] = {
    "__operators__.add": Operation("Add", operands=("y",)),
    "__operators__.getitem": Operation("GetItem", operands=("slice_spec",)),
    "cast": Operation("Cast", CORE, settings={"dtype": "dtype"}),
    "compat.v1.squeeze": Operation("Squeeze", settings=ALONG),
    "compat.v1.transpose": Operation("Transpose", settings={"perm": "axes"}, neutral={"conjugate": (False,)}),
    "concat": Operation("Concatenate", settings=ALONG),
    "expand_dims": Operation("ExpandDims", settings=ALONG),
    "math.abs": Operation("Absolute"),
    "math.add": Operation("Add", operands=("y",)),
    "math.divide": Operation("TrueDivide", operands=("y",)),
    "math.exp": Operation("Exp"),
    "math.log": Operation("Log"),
    "math.maximum": Operation("Maximum", operands=("y",)),
    "math.minimum": Operation("Minimum", operands=("y",)),
    "math.multiply": Operation("Multiply", operands=("y",)),
    "math.negative": Operation("Negative"),
    "math.pow": Operation("Power", operands=("y",)),
    "math.reduce_max": Operation("Max", settings=REDUCED),
    "math.reduce_mean": Operation("Mean", settings=REDUCED),
    "math.reduce_sum": Operation("Sum", settings=REDUCED),
    "math.sigmoid": Operation("Sigmoid", NN),
    "math.sqrt": Operation("Sqrt"),
    "math.square": Operation("Square"),
    "math.subtract": Operation("Subtract", operands=("y",)),
    "math.tanh": Operation("Tanh"),
    "math.truediv": Operation("TrueDivide", operands=("y",)),
    "nn.bias_add": Operation("Add", operands=("bias",), neutral={"data_format": ("NHWC",)}),
    "nn.relu": Operation("Relu", NN),
    "nn.relu6": Operation("Relu6", NN),
    "nn.sigmoid": Operation("Sigmoid", NN),
    "nn.softmax": Operation("Softmax", NN, settings=ALONG),
    "nn.tanh": Operation("Tanh"),
    "reshape": Operation("Reshape", settings={"shape": "newshape"}),
    "reverse": Operation("Flip", settings=ALONG),
}


def operation(layer: dict[str, Any], calls: list[tuple[Any, dict[str, Any]]]) -> dict[str, Any]:
    """Return the operation of Keras 3 that computes the same as a layer.

    Raise ``ValueError`` for an argument without an equal.
    """
    function = layer["config"]["function"]
    known = OPERATIONS[function]
    ((first, kwargs),) = calls
    for key, value in kwargs.items():
        if key not in (*known.operands, *known.settings, "name") and value not in (None, *known.neutral.get(key, ())):
            raise ValueError(f"tf.{function} has the argument {key}, which is not translated")
    settings = {known.settings[key]: value for key, value in kwargs.items() if key in known.settings}
    operands = [first, *(_operand(kwargs[key]) for key in known.operands)]
    return {
        "module": known.module,
        "class_name": known.kind,
        "config": {"name": layer["name"]} | {key: value for key, value in settings.items() if value is not None},
        "registered_name": None,
        "name": layer["name"],
        "inbound_nodes": [{"args": operands, "kwargs": {}}],
    }


def _operand(value: Any) -> Any:
    """Return a constant of Keras 2 as Keras 3 reads it: slices, the ellipsis and lists of numbers."""
    if not isinstance(value, list):
        return value
    if all(isinstance(item, int | float) for item in value):
        return {"class_name": "__numpy__", "config": {"value": value, "dtype": "float32"}}
    return [_index(item) for item in value]


def _index(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {"start", "stop", "step"}:
        return {"class_name": "__slice__", "config": value}
    return {"config": {}} | value if isinstance(value, dict) else value
