"""Count parameters and multiply-adds of a TFLite graph, by its tensors."""

from __future__ import annotations

import re
from math import prod
from types import ModuleType
from typing import Any

from ferspec.subjects.models.cost import Cost, Image

COUNTED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "BATCH_MATMUL"})
# a graph of other operators that multiply has an unknown cost
OTHERS = re.compile(
    r"\w*(LSTM|RNN)|SVDF|WHILE|IF|CALL_ONCE|CUSTOM|DELEGATE|TRANSPOSE_CONV|CONV_3D\w*"
    r"|STABLEHLO_(DOT_GENERAL|CONVOLUTION|CUSTOM_CALL|WHILE)"
)


def cost_of(graph: Any, schema: ModuleType, image: Image) -> Cost:
    """Return the cost of one image; the multiply-adds only of images of the declared size."""
    main = graph.Subgraphs(0)
    stored = [tensor for tensor in _tensors(main) if _is_stored(graph, tensor) and not _is_index(tensor, schema)]
    parameters = sum(prod(_shape(tensor)) for tensor in stored)
    return Cost(parameters=parameters or None, multiply_adds=_multiply_adds(graph, schema, image))


def _tensors(subgraph: Any) -> list[Any]:
    return [subgraph.Tensors(index) for index in range(subgraph.TensorsLength())]


def _shape(tensor: Any) -> tuple[int, ...]:
    return tuple(int(size) for size in tensor.ShapeAsNumpy()) if tensor.ShapeLength() else ()


def _is_stored(graph: Any, tensor: Any) -> bool:
    buffer = graph.Buffers(tensor.Buffer())
    return bool(_shape(tensor)) and (buffer.DataLength() > 0 or buffer.Size() > 0)


def _is_index(tensor: Any, schema: ModuleType) -> bool:
    """Return whether a tensor holds shapes or places: integers without a scale."""
    kinds = schema.TensorType
    scaled = tensor.Quantization() is not None and tensor.Quantization().ScaleLength() > 0
    return tensor.Type() in (kinds.INT32, kinds.INT64, kinds.BOOL, kinds.STRING) and not scaled


def _multiply_adds(graph: Any, schema: ModuleType, image: Image) -> int | None:
    main = graph.Subgraphs(0)
    tensors = _tensors(main)
    names = {value: key for key, value in vars(schema.BuiltinOperator).items() if not key.startswith("_")}
    batch, *declared = _shape(tensors[main.Inputs(0)])
    if tuple(declared) != image:
        return None
    total = 0
    for index in range(main.OperatorsLength()):
        operator = main.Operators(index)
        code = graph.OperatorCodes(operator.OpcodeIndex())
        kind = names[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        if OTHERS.fullmatch(kind):
            return None
        if kind not in COUNTED:
            continue
        shapes = [_shape(tensors[operator.Inputs(place)]) for place in (0, 1)]
        places = prod(_shape(tensors[operator.Outputs(0)]))
        if kind == "BATCH_MATMUL":
            total += places * shapes[0][-1]
        elif kind == "DEPTHWISE_CONV_2D":
            total += places * prod(shapes[1][:-1])
        else:
            # output channels come first among the axes of the weights
            total += places * prod(shapes[1][1:])
    return total // max(1, batch)
