"""Read the operators of an ONNX graph, and the types of its weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ferspec.subjects.models.base import shown
from ferspec.subjects.models.content import CUSTOM, MOST_NAMES, Content
from ferspec.subjects.models.onnx.operators import COMPUTING, RUNTIME, STANDARD


def content_of(proto: Any) -> Content:
    """Return the content of a model: operators of all its graphs and functions, and the types of its weights."""
    import onnx

    graphs = [*_graphs(proto.graph)]
    nodes = [node for graph in graphs for node in graph.node]
    nodes += [node for function in proto.functions for node in function.node]
    own = {(function.domain, function.name) for function in proto.functions}
    operators: Counter[str] = Counter()
    for node in nodes:
        if (node.domain, node.op_type) in own:
            continue
        is_known = node.domain in STANDARD or (node.domain == RUNTIME and node.op_type in COMPUTING)
        operators[shown(node.op_type if is_known else f"{CUSTOM}{node.op_type}")] += 1
    names = {number: name for name, number in onnx.TensorProto.DataType.items()}
    types = {names.get(weights.data_type, "unknown") for graph in graphs for weights in graph.initializer}
    return Content(operators=dict(sorted(operators.most_common(MOST_NAMES))), types=tuple(sorted(types)))


def _graphs(graph: Any) -> Iterator[Any]:
    """Yield a graph and those inside it, such as the branches of a condition."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                if inner.node:
                    yield from _graphs(inner)
