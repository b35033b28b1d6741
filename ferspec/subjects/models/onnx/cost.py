"""Count parameters and multiply-adds of an ONNX graph, by its initialisers and inferred shapes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from typing import Any

from ferspec.subjects.models.cost import Cost, Image

# the place of the weights among the inputs
CONVOLUTIONS = {"Conv": 1, "ConvInteger": 1, "QLinearConv": 3, "FusedConv": 1}
PRODUCTS = {"MatMul": 0, "MatMulInteger": 0, "QLinearMatMul": 0, "FusedMatMul": 0}
# these multiply in ways that are not counted here
UNCOUNTED = frozenset(
    (
        "Attention",
        "DeformConv",
        "Einsum",
        "GRU",
        "If",
        "LSTM",
        "Loop",
        "MultiHeadAttention",
        "QAttention",
        "RNN",
        "Scan",
    )
)
# elements of a tensor that shape inference may read, such as a shape
SMALL = 1024

Shapes = dict[str, tuple[int, ...]]


def cost_of(proto: Any, image: Image) -> Cost:
    """Return the cost of one image. ``proto`` loses its weights, so that shapes are inferred without a copy of them."""
    parameters = sum(_stored_in(proto.graph)) + sum(_stored_by(node for each in proto.functions for node in each.node))
    return Cost(parameters=parameters or None, multiply_adds=_multiply_adds(proto, image))


def _indices() -> frozenset[int]:
    """Return the types of tensors that hold shapes, places and texts."""
    from onnx import TensorProto

    return frozenset({TensorProto.INT64, TensorProto.BOOL, TensorProto.STRING})


def _stored_in(graph: Any) -> Iterator[int]:
    """Yield how many numbers each tensor of a graph holds, sparse ones without their zeros."""
    for tensor in (*graph.initializer, *(sparse.values for sparse in graph.sparse_initializer)):
        yield _size(tensor)
    yield from _stored_by(graph.node)


def _stored_by(nodes: Iterable[Any]) -> Iterator[int]:
    """Yield how many numbers nodes hold: constants, and those in the branches of If and the bodies of loops."""
    for node in nodes:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _stored_in(inner)
            if node.op_type == "Constant":
                yield _size(attribute.t) + _size(attribute.sparse_tensor.values) + len(attribute.floats)


def _size(tensor: Any) -> int:
    return prod(tensor.dims) if tensor.dims and tensor.data_type not in _indices() else 0


def _multiply_adds(proto: Any, image: Image) -> int | None:
    graph, functions = proto.graph, {function.name for function in proto.functions}
    if any(node.op_type in UNCOUNTED or node.op_type in functions for node in graph.node):
        return None
    batch = _fix_input(graph, image)
    shapes = _shapes(proto)
    try:
        return sum(_of_node(node, shapes) for node in graph.node) // batch
    except (KeyError, IndexError):
        return None  # a shape that cannot be inferred


def _fix_input(graph: Any, image: Image) -> int:
    """Give the input the size of an image, and return the size of its batch: that of the file, else 1."""
    weights = {tensor.name for tensor in graph.initializer}
    (source,) = (value for value in graph.input if value.name not in weights)
    axes = source.type.tensor_type.shape.dim
    batch = max(1, axes[0].dim_value)
    for axis, size in zip(axes, (batch, *image), strict=True):
        axis.dim_value = size
    return batch


def _shapes(proto: Any) -> Shapes:
    from onnx.shape_inference import infer_shapes

    graph = proto.graph
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for tensor in graph.initializer:
        if prod(tensor.dims) > SMALL:
            for field in ("raw_data", "float_data", "int32_data", "int64_data", "double_data", "external_data"):
                tensor.ClearField(field)
            tensor.ClearField("data_location")
    del graph.value_info[:]
    for value in graph.output:
        value.type.tensor_type.ClearField("shape")
    inferred = infer_shapes(proto, data_prop=True).graph
    for value in (*inferred.input, *inferred.value_info, *inferred.output):
        axes = value.type.tensor_type.shape.dim
        if value.type.tensor_type.HasField("shape") and all(axis.dim_value > 0 for axis in axes):
            shapes[value.name] = tuple(axis.dim_value for axis in axes)
    return shapes


def _of_node(node: Any, shapes: Shapes) -> int:
    kind = node.op_type
    if kind in CONVOLUTIONS:
        return prod(shapes[node.output[0]]) * prod(shapes[node.input[CONVOLUTIONS[kind]]][1:])
    if kind == "ConvTranspose":
        return prod(shapes[node.input[0]]) * prod(shapes[node.input[1]][1:])
    if kind in PRODUCTS:
        return prod(shapes[node.output[0]]) * shapes[node.input[PRODUCTS[kind]]][-1]
    if kind == "Gemm":
        transposed = any(attribute.name == "transA" and attribute.i for attribute in node.attribute)
        return prod(shapes[node.output[0]]) * shapes[node.input[0]][0 if transposed else -1]
    return 0
