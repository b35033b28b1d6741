"""Names input and outputs of TFLite files, which a quantiser refers to."""

from __future__ import annotations

from typing import Any

from ferspec.edge.conversion.job import NotConvertible

KEY = "serving_default"


def with_signature(content: bytes, name: str) -> bytes:
    """Return a TFLite file with one signature: its own, or one that names the tensors of its first graph.

    Files of frozen graphs, and those written before TensorFlow 2.5, have no signature. Raise ``NotConvertible`` for
    several.
    """
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.tools import flatbuffer_utils

    count = schema.Model.GetRootAsModel(content, 0).SignatureDefsLength()
    if count == 1:
        return content
    if count:
        raise NotConvertible(f"{name} has {count} signatures: save it again with one")
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    signature, graph = schema.SignatureDefT(), model.subgraphs[0]
    signature.signatureKey, signature.subgraphIndex = KEY, 0
    signature.inputs = [_named(schema, "image", graph.inputs[0])]
    signature.outputs = [_named(schema, f"output_{place}", tensor) for place, tensor in enumerate(graph.outputs)]
    model.signatureDefs = [signature]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _named(schema: Any, name: str, tensor: int) -> Any:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name, tensor
    return entry
