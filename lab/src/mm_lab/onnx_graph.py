"""Small edits on ONNX graphs: drop what does not compute, store compactly, save the same bytes every time."""

from collections.abc import Iterable

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

PRODUCER = "mm-lab"


def initializers(model: onnx.ModelProto) -> dict[str, onnx.TensorProto]:
    """Weights of `model` by name."""
    return {tensor.name: tensor for tensor in model.graph.initializer}


def constants_to_initializers(model: onnx.ModelProto) -> None:
    """Turn `Constant` nodes into initializers, so that weights are found in one place."""
    kept: list[onnx.NodeProto] = []
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            tensor = node.attribute[0].t
            tensor.name = node.output[0]
            model.graph.initializer.append(tensor)
        else:
            kept.append(node)
    _replace_nodes(model, kept)


def remove_identities(model: onnx.ModelProto) -> None:
    """Remove `Identity` nodes by rewiring their readers; one that feeds a graph output stays."""
    outputs = {output.name for output in model.graph.output}
    alias: dict[str, str] = {}
    kept: list[onnx.NodeProto] = []
    for node in model.graph.node:
        if node.op_type == "Identity" and node.output[0] not in outputs:
            alias[node.output[0]] = alias.get(node.input[0], node.input[0])
            continue
        for index, name in enumerate(node.input):
            node.input[index] = alias.get(name, name)
        kept.append(node)
    _replace_nodes(model, kept)


def strip(model: onnx.ModelProto, *, doc: str) -> None:
    """Remove everything inference does not read (shapes of inner values, doc strings, metadata, unused weights).

    `doc` replaces the model's documentation: the place for the notice that the file was modified.
    """
    graph = model.graph
    del graph.value_info[:]
    del model.metadata_props[:]
    used = {name for node in graph.node for name in node.input} | {output.name for output in graph.output}
    _replace_initializers(model, (tensor for tensor in graph.initializer if tensor.name in used))
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    del graph.input[:]
    graph.input.extend(inputs)
    for node in graph.node:
        node.doc_string = ""
    for tensor in graph.initializer:
        tensor.doc_string = ""
    graph.doc_string = ""
    model.doc_string = doc
    model.producer_name = PRODUCER
    model.producer_version = ""


def rename_dimensions(value: onnx.ValueInfoProto, names: tuple[str, ...]) -> None:
    """Name the free dimensions of a graph input or output, e.g. ("batch", "", "height", "width"); "" keeps one."""
    dims = value.type.tensor_type.shape.dim
    if len(dims) != len(names):
        raise ValueError(f"{value.name} has {len(dims)} dimensions, {len(names)} names were given")
    for dim, name in zip(dims, names, strict=True):
        if name and not dim.HasField("dim_value"):
            dim.dim_param = name


def set_tensor(tensor: onnx.TensorProto, array: NDArray[np.generic]) -> None:
    """Replace a weight's value, keeping its name."""
    tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(array), tensor.name))


def serialize(model: onnx.ModelProto) -> bytes:
    """Check the model and return its bytes, the same on every run."""
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def _replace_nodes(model: onnx.ModelProto, nodes: Iterable[onnx.NodeProto]) -> None:
    nodes = list(nodes)
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _replace_initializers(model: onnx.ModelProto, tensors: Iterable[onnx.TensorProto]) -> None:
    tensors = list(tensors)
    del model.graph.initializer[:]
    model.graph.initializer.extend(tensors)
