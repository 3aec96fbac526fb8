"""The float copy computes what the bundle computes; the peers have the shapes they claim."""

import importlib
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from mm_lab.quantize.matmul_nbits import ACCURACY_LEVEL, BITS, pack_codes
from mm_lab.speed.float_copy import float_copy
from mm_lab.weight_only import store_int8


def value(name: str, columns: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, columns])


def two_layers() -> onnx.ModelProto:
    rng = np.random.default_rng(0)
    values = {
        "codes": pack_codes(rng.integers(0, 4, (32, 64)).astype(np.uint8), 64),
        "scales": rng.random((32, 1)).astype(np.float32),
        "bias": rng.standard_normal(32).astype(np.float32),
    }
    tensors = [numpy_helper.from_array(array, name) for name, array in values.items()]
    attributes: dict[str, Any] = {"K": 64, "N": 32, "bits": BITS, "block_size": 64, "accuracy_level": ACCURACY_LEVEL}
    inputs = ["x", "codes", "scales", "", "", "bias"]
    nodes = [helper.make_node("MatMulNBits", inputs, ["h"], domain="com.microsoft", **attributes)]
    tensors.append(numpy_helper.from_array(rng.standard_normal((32, 32)).astype(np.float32), "w"))
    nodes.append(helper.make_node("MatMul", ["h", "w"], ["y"]))
    graph = helper.make_graph(nodes, "g", [value("x", 64)], [value("y", 32)], tensors)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    store_int8(model)
    return model


def test_the_float_copy_gives_the_same_numbers_from_float_weights():
    packed = two_layers()
    plain = float_copy(packed)
    assert {n.op_type for n in plain.graph.node} == {"MatMul", "Add"}
    assert all(t.data_type == TensorProto.FLOAT for t in plain.graph.initializer)
    x = np.random.default_rng(1).standard_normal((1, 64)).astype(np.float32)
    got = [
        np.asarray(
            ort.InferenceSession(m.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
        )
        for m in (packed, plain)
    ]
    # The packed kernel rounds activations to int8 (accuracy level 4).
    assert np.abs(got[0] - got[1]).max() < 0.02 * np.abs(got[1]).max()


def test_peers_have_the_parameters_of_the_published_models():
    torch = pytest.importorskip("torch", reason="the peers are made with torch")
    shapes, compare = (importlib.import_module(f"mm_lab.speed.{name}") for name in ("shapes", "compare"))
    # Published: 256 M with its token table, 224 M for captions (BLIP), 232 M; lookups and text-only parts are left out.
    least = {"SmolVLM-256M shape": 220e6, "BLIP-base shape": 210e6, "Florence-2-base shape": 190e6}
    for peer in compare.PEERS:
        with torch.device("meta"):
            modules = [peer.vision(), shapes.Step(peer.decoder, peer.vocabulary)]
            if peer.decoder.cross:
                modules.append(shapes.Prefill(peer.encoder, peer.decoder, peer.picture_width))
        total = sum(p.numel() for m in modules for p in m.parameters())
        assert least[peer.name] < total < 1.15 * 256e6, (peer.name, total)
