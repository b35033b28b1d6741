"""Converts TensorFlow's models to float32 TFLite."""

from __future__ import annotations

from typing import Any

from ferspec.edge.conversion.converters.graphs import frozen
from ferspec.edge.conversion.job import Job, NotConvertible, operators_in, require_float, require_supported
from ferspec.files import read_bounded
from ferspec.subjects.models.base import LARGEST
from ferspec.subjects.models.quiet import quiet, tensorflow

# how TensorFlow's converter lists what LiteRT cannot run
LISTS = (r"error: 'tf\.(\w+)' op is neither a custom op nor a flex op", r"(?:TF Select|Custom) ops: ([\w, ]+)")


def from_tensorflow(job: Job) -> bytes:
    """Convert a Keras network or SavedModel; the file takes one image at a time, with channels last."""
    require_float(job.model.signature.dtype, job.path)
    if job.channels_first:
        raise NotConvertible("LiteRT takes images with channels last: build the network with channels_last")
    tf = tensorflow()
    function = frozen(job, batch=1)
    with quiet():
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function], tf.Module())
        try:
            return bytes(converter.convert())
        except Exception as error:  # the class of the converter's error is private
            require_supported(operators_in(str(error), LISTS), "LiteRT")
            raise


def copied(job: Job) -> bytes:
    """Return a TFLite file as it is. Raise ``NotConvertible`` for one that is quantised already."""
    from ai_edge_litert import schema_py_generated as schema

    require_float(job.model.signature.dtype, job.path)
    content = read_bounded(job.path, LARGEST, "a TFLite model")
    graph = schema.Model.GetRootAsModel(content, 0)
    kinds = {value: name for name, value in vars(schema.TensorType).items() if not name.startswith("_")}
    reduced = {kinds[tensor.Type()] for tensor in _stored(graph)} & {"FLOAT16", "INT4", "INT8", "INT16", "UINT8"}
    if reduced:
        raise NotConvertible(
            f"it holds weights as {', '.join(sorted(reduced)).lower()}: give the float32 model that it was made from"
        )
    return content


def _stored(graph: Any) -> list[Any]:
    """Return the tensors whose values are in the file."""
    main = graph.Subgraphs(0)
    tensors = [main.Tensors(index) for index in range(main.TensorsLength())]
    return [
        tensor
        for tensor in tensors
        if graph.Buffers(tensor.Buffer()).DataLength() or graph.Buffers(tensor.Buffer()).Size()
    ]
