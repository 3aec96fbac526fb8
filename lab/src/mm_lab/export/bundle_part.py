"""The captioning part of the bundle: three graphs, the tokenizer, and how to use them."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from typing import Any

from mm_lab import onnx_graph
from mm_lab.bundle import BundleInfo, BundlePart, write_part
from mm_lab.data.corpus import MAX_ANSWER_WORDS, MAX_CAPTION_WORDS, MAX_QUESTION_WORDS
from mm_lab.data.vocabulary import ANSWER, CAPTION, END, PAD, SEPARATOR, SPELLINGS, UNKNOWN, WORD_PATTERN, Vocabulary
from mm_lab.export.onnx_files import export_graphs, signatures
from mm_lab.model.generate import BeamSettings
from mm_lab.release.licences import LICENSE, licence_files
from mm_lab.train.checkpoint import Model, load_model

PART = "vision-language"


def export_bundle_part(checkpoint: Path, folder: Path, info: BundleInfo) -> dict[str, Any]:
    """Entry point of ``mm-lab export onnx``: writes the part into ``folder`` and returns its manifest."""
    model = load_model(checkpoint)
    return write_part(folder, info, vision_language_part(model))


def vision_language_part(model: Model) -> BundlePart:
    """Files and settings of a trained model."""
    graphs = export_graphs(model)
    files = {f"{role}.onnx": (role, onnx_graph.serialize(graph)) for role, graph in graphs.items()}
    files |= licence_files()
    files["tokenizer.json"] = ("tokenizer", _tokenizer(model.vocabulary))
    provenance = {
        "command": "mm-lab export onnx",
        "training": {k: v for k, v in model.notes.items() if isinstance(v, str | int | float)},
        "weights": _weight_forms(model),
        "tools": {name: metadata.version(name) for name in ("onnx", "torch")},
    }
    return BundlePart(PART, LICENSE, files, model_settings(model), provenance)


def model_settings(model: Model) -> dict[str, dict[str, Any]]:
    """How the graphs are fed and decoded, by role, as the manifest says it."""
    config, beam = model.network.config, BeamSettings()
    ends = {
        role: {"inputs": list(s.inputs), "outputs": list(s.outputs)}
        for role, s in signatures(model.network.config).items()
    }
    return {
        "vision": ends["vision"]
        | {
            "size": config.image_size,
            "color_order": "RGB",
            "resize": "bicubic-antialias",
            "keep_aspect": False,
            "scale": 1 / 255,
            "mean": [0.5] * 3,
            "std": [0.5] * 3,
            "embedding": config.embedding,
        },
        "decoder": ends["decoder"]
        | {
            "layers": config.layers,
            "heads": config.heads,
            "head_size": config.width // config.heads,
            "vocabulary": config.vocabulary,
            "max_positions": config.positions,
            "max_caption_tokens": MAX_CAPTION_WORDS + 1,
            "max_question_words": MAX_QUESTION_WORDS,
            "max_answer_tokens": MAX_ANSWER_WORDS + 1,
            "beam_width": beam.width,
            "length_alpha": beam.alpha,
            "similarity_weight": beam.similarity_weight,
        },
        "text": ends["text"] | {"max_words": MAX_CAPTION_WORDS, "embedding": config.embedding},
    }


def _tokenizer(vocabulary: Vocabulary) -> bytes:
    record = {
        "pattern": WORD_PATTERN,
        "lowercase": True,
        "spellings": SPELLINGS,
        "specials": {
            "pad": PAD, "caption": CAPTION, "answer": ANSWER, "end": END, "separator": SEPARATOR, "unknown": UNKNOWN,
        },
        "words": vocabulary.entries,
    }  # fmt: skip
    return (json.dumps(record, ensure_ascii=True, separators=(",", ":")) + "\n").encode()


def _weight_forms(model: Model) -> dict[str, Any]:
    two_bit = model.two_bit
    if two_bit is None:
        return {"linears": "int8 per output channel", "trunk": "int8 per output channel"}
    return {
        "linears": f"2 bits, {two_bit['grid']} grid, block {two_bit['block']}, {len(two_bit['linears'])} linears",
        "embedding": "8 bits per row",
        "trunk": "int8 per output channel",
    }
