"""Parameters of an ONNX file are counted wherever it can hold them."""

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


def test_numbers_in_constants_sparse_tensors_and_functions_are_parameters():
    sparse = helper.make_sparse_tensor(
        numpy_helper.from_array(np.ones(3, np.float32), "s"), numpy_helper.from_array(np.arange(3), "places"), [50]
    )
    inside = helper.make_node("Constant", [], ["c"], value_floats=[1.0] * 4)
    function = helper.make_function("own", "F", [], ["c"], [inside], [helper.make_opsetid("", 17)])
    nodes = [
        helper.make_node("Constant", [], ["a"], value_floats=[1.0] * 5),
        helper.make_node("Constant", [], ["shape"], value_ints=[1] * 9),
        helper.make_node("F", [], ["y"], domain="own"),
    ]
    graph = helper.make_graph(nodes, "g", [values("image", 1, 3, 8, 8)], [values("y", 4)], sparse_initializer=[sparse])
    assert cost_of(helper.make_model(graph, functions=[function]), (3, 8, 8)).parameters == 3 + 4 + 5
