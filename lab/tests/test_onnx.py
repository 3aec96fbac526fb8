import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from mm_lab import onnx_graph
from mm_lab.ocr.prune import characters_of, latin_classes, prune_classes
from mm_lab.weight_only import WeightForm, quantize_int8, store_int8

CLASSES = "ab\N{CJK UNIFIED IDEOGRAPH-4E00}\N{LATIN SMALL LETTER E WITH ACUTE}a"  # a repeated on purpose
FULL, WIDTH = len(CLASSES) + 2, 24


def recognizer(dictionary: str = CLASSES) -> onnx.ModelProto:
    """x [n, 24, 1, t] -> convolution -> linear layer -> probabilities [n, t, classes], as exporters leave graphs."""
    rng = np.random.default_rng(7)
    tensors = {
        "conv.w": rng.normal(0, 0.2, (WIDTH, WIDTH, 1, 1)).astype(np.float32),
        "linear.w": rng.normal(0, 0.2, (WIDTH, FULL)).astype(np.float32),
        "linear.b": rng.standard_normal(FULL).astype(np.float32),
        "unused": np.zeros(3, np.float32),
    }
    nodes = [
        helper.make_node("Constant", [], ["axes"], value=numpy_helper.from_array(np.array([2]), "v")),
        helper.make_node("Conv", ["x", "conv.w"], ["c0"]),
        helper.make_node("Identity", ["c0"], ["c1"]),
        helper.make_node("Identity", ["c1"], ["c2"]),
        helper.make_node("Squeeze", ["c2", "axes"], ["s"]),
        helper.make_node("Transpose", ["s"], ["t"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["t", "linear.w"], ["m"]),
        helper.make_node("Add", ["m", "linear.b"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["y"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", WIDTH, 1, "t"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "t", FULL])],
        [numpy_helper.from_array(array, name) for name, array in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    helper.set_model_props(model, {"character": "\n".join(dictionary)})
    return model


def run(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": x})[0])


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(3).standard_normal((2, WIDTH, 1, 5)).astype(np.float32)


def test_cleaning_a_graph_changes_its_size_and_not_its_answer(x):
    model = recognizer()
    before, size = run(model, x), model.ByteSize()
    onnx_graph.constants_to_initializers(model)
    onnx_graph.remove_identities(model)
    onnx_graph.strip(model, doc="Modified.")
    assert model.ByteSize() < size
    assert [node.op_type for node in model.graph.node] == ["Conv", "Squeeze", "Transpose", "MatMul", "Add", "Softmax"]
    assert "unused" not in onnx_graph.initializers(model)
    np.testing.assert_array_equal(run(model, x), before)


def test_pruning_keeps_the_scores_of_the_kept_characters(x):
    model = recognizer()
    characters = characters_of(model)
    keep = latin_classes(characters)
    assert [characters[index] for index in keep] == ["", "a", "b", "\N{LATIN SMALL LETTER E WITH ACUTE}", " "]
    before = run(model, x)[..., keep]
    prune_classes(model, keep)
    after = run(model, x)
    assert after.shape == (2, 5, len(keep))
    np.testing.assert_allclose(after, before / before.sum(axis=-1, keepdims=True), rtol=1e-5)


def test_a_dictionary_of_another_length_is_refused():
    with pytest.raises(ValueError, match="8 characters, the output layer 7 classes"):
        characters_of(recognizer(CLASSES + "z"))


def test_rounding_error_is_at_most_half_a_step_per_channel():
    spread = np.array([1, 9, 0, 0.01], np.float32).reshape(4, 1, 1)
    weight = np.random.default_rng(1).standard_normal((4, 3, 5)).astype(np.float32) * spread
    q, scale = quantize_int8(weight, axis=0)
    assert scale.shape == (4, 1, 1)
    assert np.all(np.abs(weight - q * scale) <= scale / 2 * 1.0001)
    assert np.abs(q[0]).max() == 127


@pytest.mark.parametrize("form", list(WeightForm))
def test_both_int8_forms_compute_the_same_and_stay_near_float(form, x):
    model = recognizer()
    before = run(model, x)
    onnx_graph.constants_to_initializers(model)
    onnx_graph.remove_identities(model)
    assert store_int8(model, form=form, min_size=100) == WIDTH * WIDTH + WIDTH * FULL
    onnx_graph.strip(model, doc="")
    names = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    assert names["conv.w.int8"] == names["linear.w.int8"] == TensorProto.INT8
    np.testing.assert_allclose(run(model, x), before, atol=0.03)


def test_small_weights_stay_float():
    model = recognizer()
    assert store_int8(model, min_size=10_000) == 0
