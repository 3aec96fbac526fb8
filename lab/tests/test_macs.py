import numpy as np
from onnx import TensorProto, helper, numpy_helper

from mm_lab.macs import count_macs


def test_macs_of_a_small_network_counted_by_hand():
    weights = {
        "depthwise": np.zeros((4, 1, 3, 3), np.float32),
        "pointwise": np.zeros((8, 4, 1, 1), np.float32),
        "up": np.zeros((8, 2, 2, 2), np.float32),
        "linear": np.zeros((16, 5), np.float32),
        "shape": np.array([0, 2, -1], np.int64),
    }
    nodes = [
        helper.make_node("Conv", ["x", "depthwise"], ["a"], group=4, pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Conv", ["a", "pointwise"], ["b"]),
        helper.make_node("ConvTranspose", ["b", "up"], ["c"], strides=[2, 2]),
        helper.make_node("Reshape", ["c", "shape"], ["d"]),
        helper.make_node("MatMul", ["d", "linear"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4, "h", "w"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2, 5])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    count = count_macs(model, {"x": (1, 4, 4, 4)})
    assert count.by_operator == {
        "Conv": 4 * 2 * 2 * 9 + 8 * 2 * 2 * 4,
        "ConvTranspose": 8 * 2 * 2 * 2 * 2 * 2,
        "MatMul": 2 * 5 * 16,
    }
    assert count.total == sum(count.by_operator.values())
