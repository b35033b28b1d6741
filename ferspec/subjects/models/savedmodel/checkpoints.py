"""Find out what can run the checkpoint operations of a SavedModel of TensorFlow 1."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from ferspec.subjects.models.savedmodel.operations import CHECKPOINT

RESTORE = "RestoreV2"
SAVERS = "savers"


def reachable_checkpoint_operation(graph: Any, bodies: dict[str, Any]) -> str | None:
    """Return a checkpoint operation that anything but the saver can run, or None.

    TensorFlow runs what a fetched node depends on, so it runs a checkpoint operation where the node that it fetches is
    among those that depend on that operation. It fetches the outputs of signatures, the nodes that collections name
    (initialisers, tables, variables) and the saver's ``restore_op_name``. Only the last may depend on ``RestoreV2``,
    and only where that takes its path straight from the saver's ``filename_tensor_name``, which TensorFlow feeds with
    the folder's own checkpoint. Nothing fetches ``save_tensor_name``.
    """
    nodes = graph.graph_def.node
    restore, source = _node(graph.saver_def.restore_op_name), _node(graph.saver_def.filename_tensor_name)
    operations = {node.name: operation for node in nodes if (operation := _checkpoint_operation(node, bodies))}
    restoring = {node.name for node in nodes if node.op == RESTORE and node.input and _node(node.input[0]) == source}
    consumers = defaultdict(list)
    for node in nodes:
        for name in node.input:
            consumers[_node(name)].append(node.name)
    for start, allowed in ((restoring, {restore}), (set(operations) - restoring, set[str]())):
        if _is_fetched(_closure(start, consumers) - allowed, graph, restore):
            return min(operations[name] for name in start)
    return None


def _checkpoint_operation(node: Any, bodies: dict[str, Any]) -> str | None:
    """Return the checkpoint operation that a node is, or that a called function may run."""
    waiting, seen = [node], set()
    while waiting:
        node = waiting.pop()
        if node.op in CHECKPOINT:
            return node.op
        for function in functions_of(node):
            if function in bodies and function not in seen:
                seen.add(function)
                waiting += bodies[function]
    return None


def functions_of(node: Any) -> Iterator[str]:
    """Yield the names of the functions that a node may call."""
    yield node.op
    for attribute in node.attr.values():
        yield attribute.func.name
        yield from (callee.name for callee in attribute.list.func)


def _closure(start: set[str], consumers: dict[str, list[str]]) -> set[str]:
    reached, waiting = set(start), list(start)
    while waiting:
        for name in consumers.get(waiting.pop(), ()):
            if name not in reached:
                reached.add(name)
                waiting.append(name)
    return reached


def _is_fetched(names: set[str], graph: Any, restore: str) -> bool:
    fetched = {restore, *_signature_nodes(graph)}
    texts: list[bytes] = []
    for key, collection in graph.collection_def.items():
        fetched.update(_node(name) for name in collection.node_list.value)
        texts += [] if key == SAVERS else collection.bytes_list.value
        texts += [] if key == SAVERS else [entry.value for entry in collection.any_list.value]
    # Serialised variables, loops and tables name nodes: any mention counts.
    return bool(names & fetched) or any(name.encode() in text for text in texts for name in names)


def _signature_nodes(graph: Any) -> Iterator[str]:
    for signature in graph.signature_def.values():
        for info in (*signature.inputs.values(), *signature.outputs.values()):
            yield _node(info.name)
            yield from (_node(part.name) for part in info.composite_tensor.components)
            sparse = info.coo_sparse
            yield from map(
                _node, (sparse.values_tensor_name, sparse.indices_tensor_name, sparse.dense_shape_tensor_name)
            )


def _node(name: str) -> str:
    """Return the node of a tensor or of a control input."""
    return name.removeprefix("^").partition(":")[0]
