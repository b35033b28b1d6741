"""Parameters of an ONNX file are counted in branches too."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from ferspec.subjects.models.onnx.cost import cost_of


def values(name, *shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def test_weights_in_a_branch_are_parameters():
    weights = [numpy_helper.from_array(np.ones((3, 7), np.float32), "w")]
    branch = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["o"])], "b", [], [values("o", 1, 7)], weights)
    node = helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)
    stored = [numpy_helper.from_array(np.ones(5, np.float32), "x")]
    graph = helper.make_graph([node], "g", [values("image", 1, 3, 8, 8)], [values("y", 1, 7)], stored)
    assert cost_of(helper.make_model(graph), (3, 8, 8)).parameters == 5 + 2 * 21
