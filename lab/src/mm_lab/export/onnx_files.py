"""Writes the graphs as ONNX files, small enough to ship."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from mm_lab import onnx_graph
from mm_lab.data.vocabulary import CAPTION
from mm_lab.export.graphs import build_graphs
from mm_lab.model.network import NetworkConfig
from mm_lab.train.checkpoint import Model
from mm_lab.weight_only import store_int8

OPSET = 18


@dataclass(frozen=True)
class Signature:
    """Names of a graph's ends, its free dimensions and an example."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    free: dict[str, dict[int, str]]
    example: tuple[Tensor, ...]


def signatures(config: NetworkConfig) -> dict[str, Signature]:
    """The contract of the three graphs; see graphs.py for shapes."""
    layers, heads, size = config.layers, config.heads, config.width // config.heads
    tokens = config.grid_side**2 + (5 if config.class_tokens else 0)
    cache, picture = torch.zeros(layers, 2, heads, 3, size), torch.zeros(layers, heads, tokens, size)
    past = {1: "texts", 3: "past"}
    grown = {1: "texts", 3: "positions"}
    return {
        "vision": Signature(
            ("image",),
            ("embedding", "picture_keys", "picture_values"),
            {},
            (torch.zeros(1, 3, config.image_size, config.image_size),),
        ),
        "decoder": Signature(
            ("tokens", "start", "past_keys", "past_values", "picture_keys", "picture_values"),
            ("logits", "keys", "values"),
            {
                "tokens": {0: "texts", 1: "new"},
                "past_keys": past,
                "past_values": past,
                "logits": {0: "texts"},
                "keys": grown,
                "values": grown,
            },
            (torch.full((2, 2), CAPTION), torch.tensor([3]), cache, cache.clone(), picture, picture.clone()),
        ),
        "text": Signature(
            ("tokens",),
            ("embedding",),
            {"tokens": {0: "texts", 1: "words"}, "embedding": {0: "texts"}},
            (torch.full((2, 5), CAPTION),),
        ),
    }


def export_graphs(model: Model) -> dict[str, onnx.ModelProto]:
    """The three ONNX models by role: two-bit linears where trained so, every other large weight as int8."""
    trunk = model.open_trunk()
    graphs = build_graphs(trunk, model.network)
    contract = signatures(model.network.config)
    return {role: export_graph(role, graph, contract[role]) for role, graph in graphs.items()}


def export_graph(role: str, graph: nn.Module, signature: Signature) -> onnx.ModelProto:
    """``graph`` as an ONNX model in the form of the bundle's."""
    buffer = io.BytesIO()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracing exporter is deprecated; the new one has no custom domains here
        torch.onnx.export(
            graph,
            signature.example,
            buffer,  # type: ignore[arg-type]
            dynamo=False,
            opset_version=OPSET,
            input_names=list(signature.inputs),
            output_names=list(signature.outputs),
            dynamic_axes=signature.free,
            custom_opsets={"com.microsoft": 1},
        )
    proto = onnx.load_from_string(buffer.getvalue())
    onnx_graph.constants_to_initializers(proto)
    onnx_graph.remove_identities(proto)
    store_int8(proto)
    onnx_graph.strip(proto, doc=f"{role} graph of Mobile Multimodal")
    return proto


def weight_table(proto: onnx.ModelProto) -> list[tuple[str, str, int]]:
    """Name, element type and bytes of every stored tensor, largest first."""
    rows = [
        (t.name, onnx.TensorProto.DataType.Name(t.data_type), numpy_helper.to_array(t).nbytes)
        for t in proto.graph.initializer
    ]
    return sorted(rows, key=lambda r: (-r[2], r[0]))
