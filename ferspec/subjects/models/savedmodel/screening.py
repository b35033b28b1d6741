"""Inspect the graphs of a SavedModel before TensorFlow loads it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ferspec.errors import UserError
from ferspec.subjects.models.base import loading, shown
from ferspec.subjects.models.expansion import refuse_expansion
from ferspec.subjects.models.savedmodel.checkpoints import functions_of, reachable_checkpoint_operation
from ferspec.subjects.models.savedmodel.operations import CHECKPOINT, effect_of

GRAPH = "saved_model.pb"
LARGEST_GRAPH = 2**30


def refuse_outside_links(folder: Path, name: str) -> None:
    """Raise ``UserError`` for a link that leads out of a SavedModel's folder."""
    inside = folder.resolve()
    for path in folder.rglob("*"):
        if not path.resolve().is_relative_to(inside):
            link = shown(path.relative_to(folder).as_posix())
            raise UserError(f"{name} has a link that leads out of its folder ({link}): refused; copy it with cp -rL")


def refuse_effects(folder: Path, name: str) -> None:
    """Raise ``UserError`` where a SavedModel could act outside itself, or fill memory."""
    graph = _graph(folder / GRAPH, name)
    with loading(name, "a SavedModel"):
        bodies = {function.signature.name: function.node_def for function in graph.graph_def.library.function}
        everything = [graph.graph_def.node, *bodies.values()]
        refuse_expansion(sum(_declared(node) for nodes in everything for node in nodes), folder / GRAPH)
        used = _operations(everything) - CHECKPOINT
        used |= _operations(_callable(graph, bodies))
        if not graph.HasField("object_graph_def"):
            used |= {operation for operation in [reachable_checkpoint_operation(graph, bodies)] if operation}
    for operation in sorted(used):
        effect = None if operation in bodies and not _registered(operation) else effect_of(operation)
        if effect is not None:
            raise UserError(
                f"{name} {effect} when it is loaded or run (operation {shown(operation)}): refused; "
                "add --trust-code to run it anyway"
            )


def _graph(path: Path, name: str) -> Any:
    """Parse the one graph of a SavedModel. TensorFlow loads a SavedModel of several only by their tags."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    size = path.stat().st_size
    if size > LARGEST_GRAPH:
        raise UserError(f"{name} has a {GRAPH} of {size:,} bytes; at most {LARGEST_GRAPH:,} are read")
    proto = SavedModel()
    with loading(name, "a SavedModel"):
        proto.ParseFromString(path.read_bytes())
    if len(proto.meta_graphs) != 1:
        raise UserError(f"{name} has {len(proto.meta_graphs)} graphs: export the one for serving alone")
    return proto.meta_graphs[0]


def _declared(node: Any) -> int:
    """Return the bytes that the constant of a node takes in memory: one stored value may fill a huge shape."""
    from tensorflow import dtypes

    tensor = node.attr["value"].tensor if "value" in node.attr else None
    if tensor is None or not tensor.dtype:
        return 0
    return math.prod(max(dim.size, 0) for dim in tensor.tensor_shape.dim) * dtypes.as_dtype(tensor.dtype).size


def _operations(bodies: Iterable[Any]) -> set[str]:
    return {node.op for nodes in bodies for node in nodes}


def _registered(operation: str) -> bool:
    from tensorflow.python.framework import op_def_registry

    return op_def_registry.get(operation) is not None


def _callable(graph: Any, bodies: dict[str, Any]) -> list[Any]:
    """Return the bodies of all functions that can be called from the SavedModel's objects.

    This excludes the checkpoint functions: only the graph calls them, and TensorFlow 2 does not run it. TensorFlow may
    replace a function by any other that claims to implement the same interface, so all of these count as called.
    """
    objects = graph.object_graph_def
    waiting, called = list(objects.concrete_functions), set()
    for node in objects.nodes:
        waiting += [*node.function.concrete_functions, node.bare_concrete_function.concrete_function_name]
    waiting += [body.signature.name for body in graph.graph_def.library.function if "api_implements" in body.attr]
    while waiting:
        function = waiting.pop()
        if function in called or function not in bodies:
            continue
        called.add(function)
        waiting += [name for node in bodies[function] for name in functions_of(node)]
    return [bodies[function] for function in called]
