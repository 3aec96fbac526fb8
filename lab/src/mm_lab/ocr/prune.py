"""Cuts a CTC recogniser's last layer down to the characters one wants to read."""

import numpy as np
import onnx
from onnx import numpy_helper

from mm_lab import onnx_graph

BLANK = ""  # CTC's "no character here", always class 0


def characters_of(model: onnx.ModelProto) -> list[str]:
    """Characters by class index of a PaddleOCR recogniser: blank, the dictionary of its metadata, the space."""
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    characters = [BLANK, *metadata["character"].split("\n"), " "]
    width = class_count(model)
    if len(characters) != width:
        raise ValueError(f"the dictionary has {len(characters)} characters, the output layer {width} classes")
    return characters


def class_count(model: onnx.ModelProto) -> int:
    """Width of the model's output layer."""
    return model.graph.output[0].type.tensor_type.shape.dim[-1].dim_value


def is_latin(character: str) -> bool:
    """Whether a character belongs to Latin-script text.

    Basic Latin to Latin Extended-A, general punctuation, currency signs and a few marks found on labels and signs.
    """
    if len(character) != 1:
        return False
    code = ord(character)
    return (
        0x20 <= code < 0x180
        or 0x2010 <= code <= 0x203A
        or 0x20A0 <= code <= 0x20BF
        or character
        in "\N{TRADE MARK SIGN}\N{DEGREE CELSIUS}\N{DEGREE FAHRENHEIT}\N{NUMERO SIGN}\N{BULLET}\N{CHECK MARK}"
    )


def latin_classes(characters: list[str]) -> list[int]:
    """Class indices to keep, in order, each character once; blank first, space last as PaddleOCR has them."""
    kept, seen = [0], set[str]()
    for index, character in enumerate(characters[1:-1], start=1):
        if character != " " and is_latin(character) and character not in seen:
            seen.add(character)
            kept.append(index)
    return [*kept, len(characters) - 1]


def prune_classes(model: onnx.ModelProto, keep: list[int]) -> None:
    """Keep only the classes `keep` of the output layer, in that order.

    The output layer is found by its width, which no other layer shares; a model where that is not so is refused.
    """
    width = class_count(model)
    axes: list[tuple[onnx.TensorProto, int]] = []
    for tensor in model.graph.initializer:
        for axis, size in enumerate(tensor.dims):
            if size == width:
                axes.append((tensor, axis))
    shapes = sorted(len(tensor.dims) for tensor, _ in axes)
    if shapes != [1, 2]:
        raise ValueError(f"expected one weight and one bias with {width} classes, found {len(axes)} tensors")
    for tensor, axis in axes:
        onnx_graph.set_tensor(tensor, np.take(numpy_helper.to_array(tensor), keep, axis=axis))
    model.graph.output[0].type.tensor_type.shape.dim[-1].dim_value = len(keep)
