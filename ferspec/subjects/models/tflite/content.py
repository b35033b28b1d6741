"""Read the operators and types of a TFLite graph, and the memory they need."""

from __future__ import annotations

from collections import Counter
from math import prod
from types import ModuleType
from typing import Any

from ferspec.subjects.models.base import shown
from ferspec.subjects.models.content import CUSTOM, Content

# operators whose second input is weights
WEIGHTED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "BATCH_MATMUL"})
# a 16-bit value with 8-bit weights is a kernel of its own
ALIKE = frozenset({("INT16", "INT8")})
BITS = {
    "FLOAT64": 64, "INT64": 64, "UINT64": 64, "COMPLEX64": 64, "COMPLEX128": 128, "FLOAT32": 32, "INT32": 32,
    "UINT32": 32, "FLOAT16": 16, "BFLOAT16": 16, "INT16": 16, "UINT16": 16, "INT8": 8, "UINT8": 8, "BOOL": 8,
    "INT4": 4, "UINT4": 4, "INT2": 2,
}  # fmt: skip


def content_of(graph: Any, schema: ModuleType) -> Content:
    """Return the content of a graph.

    The memory is that of the first subgraph, for a batch of the declared size.
    """
    kinds, types = _names(schema.BuiltinOperator), _names(schema.TensorType)
    operators: Counter[str] = Counter()
    used: set[str] = set()
    hybrid: set[str] = set()
    most = 0
    for number in range(graph.SubgraphsLength()):
        subgraph = graph.Subgraphs(number)
        tensors = [subgraph.Tensors(index) for index in range(subgraph.TensorsLength())]
        used |= {types[tensor.Type()] for tensor in tensors}
        for index in range(subgraph.OperatorsLength()):
            operator = subgraph.Operators(index)
            name = _name(graph.OperatorCodes(operator.OpcodeIndex()), kinds)
            operators[name] += 1
            inputs = [tensors[operator.Inputs(at)] for at in range(operator.InputsLength()) if operator.Inputs(at) >= 0]
            outputs = [tensors[operator.Outputs(at)] for at in range(operator.OutputsLength())]
            if name in WEIGHTED and len(inputs) > 1:
                pair = types[inputs[0].Type()], types[inputs[1].Type()]
                if pair[0] != pair[1] and pair not in ALIKE:
                    hybrid.add(name)
            if number == 0:
                computed = [tensor for tensor in inputs if not _is_stored(graph, tensor)] + outputs
                most = max(most, sum(_bytes(tensor, types) for tensor in computed))
    return Content(
        operators=dict(sorted(operators.items())),
        types=tuple(sorted(used)),
        hybrid=tuple(sorted(hybrid)),
        least_memory=most or None,
    )


def _names(enumeration: Any) -> dict[int, str]:
    return {value: key for key, value in vars(enumeration).items() if not key.startswith("_")}


def _name(code: Any, kinds: dict[int, str]) -> str:
    if code.CustomCode():
        return CUSTOM + shown(code.CustomCode().decode(errors="replace"))
    return kinds[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]


def _is_stored(graph: Any, tensor: Any) -> bool:
    buffer = graph.Buffers(tensor.Buffer())
    return bool(buffer.DataLength() > 0 or buffer.Size() > 0)


def _bytes(tensor: Any, types: dict[int, str]) -> int:
    """Return the size of a tensor; 0 for one of unknown type."""
    shape = [max(tensor.Shape(axis), 1) for axis in range(tensor.ShapeLength())]
    return prod(shape) * BITS.get(types[tensor.Type()], 0) // 8
