"""A bundle's captioning graphs in ONNX Runtime, with the tokenizer and settings they come with."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from mm_lab.bundle import read_manifest
from mm_lab.data.vocabulary import Vocabulary

Array = NDArray[Any]


@dataclass(frozen=True)
class Graphs:
    """The three graphs as functions; shapes as in ``mm_lab.export.graphs``.

    ``settings`` are those of the manifest's ``models``: decoder, vision, text and, where fitted, confidence.
    """

    vision: Callable[[Array], tuple[Array, Array, Array]]
    decoder: Callable[[Array, int, Array, Array, Array, Array], tuple[Array, Array, Array]]
    text: Callable[[Array], Array]
    vocabulary: Vocabulary
    settings: dict[str, Any]


def open_bundle_graphs(bundle: Path, *, threads: int | None = None) -> Graphs:
    """Opens the graphs of a bundle folder; a bundle without captioning is an error."""
    manifest = read_manifest(bundle)
    paths = {entry["role"]: bundle / entry["path"] for entry in manifest["files"]}
    missing = [role for role in ("vision", "decoder", "text", "tokenizer") if role not in paths]
    if missing:
        raise ValueError(f"{bundle} has no {missing[0]}: it holds no captioning model")
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or 0
    sessions = {
        role: ort.InferenceSession(str(paths[role]), options, providers=["CPUExecutionProvider"])
        for role in ("vision", "decoder", "text")
    }

    def vision(image: Array) -> tuple[Array, Array, Array]:
        embedding, keys, values = _run(sessions["vision"], image=image)
        return embedding, keys, values

    def decoder(
        tokens: Array, start: int, past_keys: Array, past_values: Array, picture_keys: Array, picture_values: Array
    ) -> tuple[Array, Array, Array]:
        logits, keys, values = _run(
            sessions["decoder"],
            tokens=tokens,
            start=np.array([start], np.int64),
            past_keys=past_keys,
            past_values=past_values,
            picture_keys=picture_keys,
            picture_values=picture_values,
        )
        return logits, keys, values

    words = json.loads(paths["tokenizer"].read_text(encoding="utf-8"))["words"]
    return Graphs(
        vision=vision,
        decoder=decoder,
        text=lambda tokens: _run(sessions["text"], tokens=tokens)[0],
        vocabulary=Vocabulary(words),
        settings=manifest["models"],
    )


def _run(session: ort.InferenceSession, **inputs: Array) -> list[Array]:
    return [np.asarray(output) for output in session.run(None, inputs)]
