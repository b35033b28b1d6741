"""Converts ONNX files to float32 TFLite by onnx2tf."""

from __future__ import annotations

import tempfile
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np

from ferspec.edge.conversion.converters.onnx import require_float_weights
from ferspec.edge.conversion.job import Job, operators_in, require_supported
from ferspec.files import read_bounded
from ferspec.subjects.models.base import LARGEST
from ferspec.subjects.models.quiet import quiet, tensorflow

# the images by which it compares its layers with those of the file, and which it would download
SAMPLE = "calibration_image_sample_data_20x128x128x3_float32.npy"
SAMPLE_SHAPE = (20, 128, 128, 3)
LISTS = (r"(\w+) OP is not yet implemented",)


def to_tflite(job: Job) -> bytes:
    """Convert to float32 TFLite, for one image at a time with channels last."""
    import onnx

    proto = require_float_weights(job)
    tensorflow()
    chosen = proto.graph.output[job.place(job.model.run)]
    del proto.graph.output[:]
    proto.graph.output.append(chosen)
    stored = {tensor.name for tensor in proto.graph.initializer}
    name = next(given.name for given in proto.graph.input if given.name not in stored)
    printed = StringIO()
    with (
        tempfile.TemporaryDirectory() as folder,
        chdir(folder),
        quiet(),
        redirect_stdout(printed),
        redirect_stderr(printed),
    ):
        np.save(SAMPLE, np.random.default_rng(0).random(SAMPLE_SHAPE, np.float32))
        source = Path(folder) / "model.onnx"
        onnx.save(proto, str(source))
        import onnx2tf

        try:
            onnx2tf.convert(
                input_onnx_file_path=str(source),
                output_folder_path=str(Path(folder) / "out"),
                batch_size=1,
                keep_nwc_or_nhwc_or_ndhwc_input_names=None if job.channels_first else [name],
                not_use_onnxsim=True,
                non_verbose=True,
            )
        except (Exception, SystemExit):
            require_supported(operators_in(printed.getvalue(), LISTS), "onnx2tf")
            raise
        return read_bounded(Path(folder) / "out" / "model_float32.tflite", LARGEST, "a TFLite model")
