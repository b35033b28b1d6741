"""Converts models to ONNX by tf2onnx, and quantises ONNX files by ONNX Runtime."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ferspec.edge.conversion.converters.graphs import INPUT, frozen
from ferspec.edge.conversion.job import Job, NotConvertible, require_float, require_supported
from ferspec.files import read_bounded
from ferspec.subjects.models.onnx.file import LARGEST
from ferspec.subjects.models.quiet import quiet, tensorflow

# read by ONNX Runtime since 1.16, and quantised by it
OPSET = 17
QUANTISED = ("QuantizeLinear", "DequantizeLinear", "QLinear", "ConvInteger", "MatMulInteger", "DynamicQuantize")


def from_tensorflow(job: Job) -> bytes:
    """Convert a Keras network or SavedModel for any number of images, in the source's layout."""
    require_float(job.model.signature.dtype, job.path)
    tf = tensorflow()
    import tf2onnx

    function = frozen(job, batch=None)
    with quiet():
        given = [tf.TensorSpec([None, *job.shape], tf.float32, name=INPUT)]
        proto, _ = tf2onnx.convert.from_function(
            tf.function(lambda image: function(image)[0], autograph=False), input_signature=given, opset=OPSET
        )
    return _checked(proto)


def from_tflite(job: Job) -> bytes:
    """Convert a float32 TFLite file, with the outputs of the source."""
    require_float(job.model.signature.dtype, job.path)
    tensorflow()
    import tf2onnx

    with quiet():
        proto, _ = tf2onnx.convert.from_tflite(str(job.path), opset=OPSET)
    return _checked(proto)


def copied(job: Job) -> bytes:
    """Return an ONNX file as one file."""
    proto = require_float_weights(job)
    return read_bounded(job.path, LARGEST, "an ONNX model") if not job.model.files else bytes(proto.SerializeToString())


def require_float_weights(job: Job) -> Any:
    """Return the parsed file with its weights. Raise ``NotConvertible`` for one that is quantised already."""
    import onnx

    require_float(job.model.signature.dtype, job.path)
    proto = onnx.load_model(str(job.path))
    if quantised := sorted({node.op_type for node in proto.graph.node if node.op_type.startswith(QUANTISED)}):
        raise NotConvertible(f"it is quantised ({', '.join(quantised)}): give the float32 model that it was made from")
    if any(tensor.data_type == onnx.TensorProto.FLOAT16 for tensor in proto.graph.initializer):
        raise NotConvertible("it holds weights as float16: give the float32 model that it was made from")
    return proto


def int8(job: Job) -> bytes:
    """Quantise weights and activations to int8.

    Weights have a scale for each channel, activations the least and largest value of the calibration images."""
    import onnxruntime.quantization as quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    reader = _reader(job, quantization.CalibrationDataReader)
    with tempfile.TemporaryDirectory() as folder, quiet():
        prepared, written = Path(folder) / "prepared.onnx", Path(folder) / "int8.onnx"
        # folds batch normalisation into convolutions
        quant_pre_process(str(job.path), str(prepared), skip_symbolic_shape=True)
        quantization.quantize_static(
            str(prepared),
            str(written),
            reader,
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=quantization.QuantType.QInt8,
            weight_type=quantization.QuantType.QInt8,
        )
        return read_bounded(written, LARGEST, "an ONNX model")


def _reader(job: Job, kind: Any) -> Any:
    """Return ONNX Runtime's reader of the calibration images."""
    import onnx

    graph = onnx.load_model(str(job.path), load_external_data=False).graph
    stored = {tensor.name for tensor in graph.initializer}
    given = next(given for given in graph.input if given.name not in stored)
    # 0 for a file that takes any number
    count = given.type.tensor_type.shape.dim[0].dim_value or 1
    images: Iterator[dict[str, np.ndarray]] = ({given.name: batch} for batch in list(job.images(count)))

    class Reader(kind):  # type: ignore[misc]
        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(images, None)

    return Reader()


def _checked(proto: Any) -> bytes:
    """Return the bytes of a model whose operators all exist in ONNX; tf2onnx passes on those that it lacks."""
    import onnx

    unknown = {node.op_type for node in proto.graph.node if not node.domain and not onnx.defs.has(node.op_type)}
    require_supported(unknown | {node.op_type for node in proto.graph.node if node.domain}, "tf2onnx")
    return bytes(proto.SerializeToString())
