"""Tiny ONNX files, also with weights in another file or an operator of a third party."""

import numpy as np
import pytest


def onnx_file(path, domain="", location=None):
    onnx = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
    pytest.importorskip("onnxruntime", reason="the extra 'onnx' is not installed")
    from onnx import TensorProto, helper, numpy_helper

    weight = numpy_helper.from_array(np.full((1, 3, 1, 1), 2, np.float32), "weight")
    if location is not None:
        onnx.external_data_helper.set_external_data(weight, location)
        (path.parent / location).write_bytes(weight.raw_data)
        weight.ClearField("raw_data")
        weight.data_location = TensorProto.EXTERNAL
    nodes = [
        helper.make_node("Mul", ["images", "weight"], ["doubled"], domain=domain),
        helper.make_node("GlobalAveragePool", ["doubled"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["scores"]),
    ]
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, 4, 4])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 3])
    graph = helper.make_graph(nodes, "g", [images], [scores], [weight])
    opsets = [helper.make_opsetid(name, 1 if name else 17) for name in {"", domain}]
    path.write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())
    return path
