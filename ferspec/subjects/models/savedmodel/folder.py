"""Load TensorFlow SavedModel folders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ferspec.errors import UserError
from ferspec.subjects.models.base import (
    Model,
    Signature,
    cast,
    folder_digest,
    image_axes,
    loading,
    require_image_input,
    require_one_output,
)
from ferspec.subjects.models.quiet import quiet, tensorflow
from ferspec.subjects.models.savedmodel.operations import CHECKPOINT, effect_of

SERVING = "serving_default"


def load(path: Path, trust_code: bool = False) -> Model:
    """Load the serving signature of a SavedModel.

    Safe to load: every operation of the graphs and functions is classified before loading. Allowed are stateless
    operations without file access and, of the stateful ones, variables, hash tables, control flow and random numbers.
    All others (``operations.effect_of``) are refused unless ``trust_code`` is set. Every export has ``SaveV2``,
    ``RestoreV2`` and ``MergeV2Checkpoints`` for its variables, and they write and read the paths they are given; they
    are refused in every function that loading or a signature can call.

    Not covered: these three operations outside functions, in a SavedModel of TensorFlow 1 or of several graphs;
    running time and memory; defects of TensorFlow that a crafted file exploits.
    """
    name = path.name or str(path)
    tf = tensorflow()
    if not trust_code:
        _refuse_effects(path, name)
    with loading(name, "a SavedModel"), quiet():
        loaded = tf.saved_model.load(str(path))
    signature = _serving(name, loaded.signatures)
    specs = signature.structured_input_signature[1]
    outputs = signature.structured_outputs
    rank = next(iter(specs.values())).shape.rank if specs else None
    require_image_input(name, len(specs), 4 if rank is None else rank)
    require_one_output(name, len(outputs))
    (argument, spec), (key, sink) = next(iter(specs.items())), next(iter(outputs.items()))
    shape = [None] * 4 if rank is None else spec.shape.as_list()
    if not (spec.dtype.is_floating or spec.dtype.is_integer):
        raise UserError(f"{name} has an input of type {spec.dtype.name}, which cannot represent images")
    return Model(
        name=name,
        format="savedmodel",
        digest=folder_digest(path),
        signature=Signature(
            **image_axes(shape, None),
            dtype=spec.dtype.name,
            batch=shape[0],
            output_width=sink.shape[-1] if sink.shape.rank else None,
        ),
        run=_Runner(loaded, signature, argument, key, spec.dtype.as_numpy_dtype),
    )


@dataclass(frozen=True)
class _Runner:
    """Call a signature, and keep a reference to the loaded model, which owns its variables."""

    loaded: Any
    signature: Any
    argument: str
    key: str
    dtype: type

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        tensor = tensorflow().constant(cast(batch, self.dtype))
        return self.signature(**{self.argument: tensor})[self.key].numpy()


def _refuse_effects(path: Path, name: str) -> None:
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    proto = SavedModel()
    with loading(name, "a SavedModel"):
        proto.ParseFromString((path / "saved_model.pb").read_bytes())
    for graph in proto.meta_graphs:
        bodies = {function.signature.name: function.node_def for function in graph.graph_def.library.function}
        everything = _operations([graph.graph_def.node, *bodies.values()]) - CHECKPOINT
        for operation in sorted(everything | _operations(_callable(graph, bodies))):
            effect = None if operation in bodies and not _registered(operation) else effect_of(operation)
            if effect is not None:
                raise UserError(
                    f"{name} {effect} when it is loaded or run (operation {operation}): refused; "
                    "add --trust-code to run it anyway"
                )


def _operations(bodies: Iterable[Any]) -> set[str]:
    return {node.op for nodes in bodies for node in nodes}


def _registered(operation: str) -> bool:
    from tensorflow.python.framework import op_def_registry

    return op_def_registry.get(operation) is not None


def _callable(graph: Any, bodies: dict[str, Any]) -> list[Any]:
    """Return the bodies of all functions that can be called from the SavedModel's objects.

    This excludes the checkpoint functions: only the graph calls them, and TensorFlow 2 does not run it.
    """
    objects = graph.object_graph_def
    waiting, called = list(objects.concrete_functions), set()
    for node in objects.nodes:
        waiting += [*node.function.concrete_functions, node.bare_concrete_function.concrete_function_name]
    while waiting:
        function = waiting.pop()
        if function in called or function not in bodies:
            continue
        called.add(function)
        for node in bodies[function]:
            waiting.append(node.op)
            for attribute in node.attr.values():
                waiting += [attribute.func.name, *(callee.name for callee in attribute.list.func)]
    return [bodies[function] for function in called]


def _serving(name: str, signatures: Any) -> Any:
    if SERVING in signatures:
        return signatures[SERVING]
    if len(signatures) == 1:
        return next(iter(signatures.values()))
    known = ", ".join(sorted(signatures)) or "none"
    raise UserError(f"{name} has no signature {SERVING!r}: its signatures are: {known}; export it with model.export()")
