"""Any set of graphs as a runtime: the Python counterpart of the Rust core's caption and answer tasks."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mm_lab.data.questions import question_kind
from mm_lab.data.views import plain_view
from mm_lab.data.vocabulary import ANSWER, CAPTION, END, PAD, SEPARATOR
from mm_lab.evaluate.bundle_graphs import Graphs
from mm_lab.evaluate.calibration import Confidence
from mm_lab.evaluate.decoding import DecodeSettings, Echoes, Text, score, search
from mm_lab.evaluate.runtime import Picture, Said

NO_REPEAT = 3
"""Captions say no three words twice, as the Rust core's default."""
_TEXT_BATCH = 64


class GraphRuntime:
    """Runs captions, answers and embeddings on :class:`Graphs`."""

    name = "reference"

    def __init__(self, graphs: Graphs) -> None:
        self.graphs = graphs
        self._decoder: dict[str, Any] = graphs.settings["decoder"]
        self._confidence: dict[str, Any] = graphs.settings.get("confidence", {})
        self._last: tuple[bytes, tuple[NDArray[Any], ...]] | None = None

    def captions(self, pictures: Sequence[Picture], beams: int) -> list[Said]:
        """See :class:`Runtime`."""
        longest, alpha = self._decoder["max_caption_tokens"], self._decoder["length_alpha"]
        settings = DecodeSettings(longest, beams, alpha, NO_REPEAT, Echoes.of(self.graphs.vocabulary))
        return [self._timed(lambda p=p: self._say(p, [CAPTION], settings, "caption")) for p in pictures]

    def answers(self, asked: Sequence[tuple[Picture, str]]) -> list[Said]:
        """See :class:`Runtime`."""
        settings = DecodeSettings(self._decoder["max_answer_tokens"])
        out = []
        for picture, question in asked:
            encoded = self.graphs.vocabulary.encode(question)[: self._decoder["max_question_words"]]
            prefix = [ANSWER, *encoded, SEPARATOR]
            kind = question_kind(question)
            out.append(self._timed(lambda p=picture, x=prefix, k=kind: self._say(p, x, settings, k)))
        return out

    def embed_images(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """See :class:`Runtime`."""
        return np.concatenate([self.see(p)[0] for p in pictures]).astype(np.float32)

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See :class:`Runtime`."""
        return self._embed([[*self.graphs.vocabulary.encode(t), END] for t in texts])

    def _embed(self, texts: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Embeddings of tokens; words beyond the encoder's limit are left out, and with them the end."""
        longest: int = self.graphs.settings["text"]["max_words"]
        rows = [[CAPTION, *t[:longest], *[token for token in t[longest : longest + 1] if token == END]] for t in texts]
        parts = []
        for start in range(0, len(rows), _TEXT_BATCH):
            group = rows[start : start + _TEXT_BATCH]
            width = max(map(len, group))
            parts.append(self.graphs.text(np.array([[*r, *[PAD] * (width - len(r))] for r in group], np.int64)))
        return np.concatenate(parts).astype(np.float32)

    def see(self, picture: Picture) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Embedding (1,E), picture keys and values; the last picture's are kept for its questions."""
        if self._last is None or self._last[0] != picture.data:
            pixels = np.asarray(Image.open(io.BytesIO(picture.data)).convert("RGB"))
            image = plain_view(pixels, self.graphs.settings["vision"]["size"])[None]
            self._last = (picture.data, self.graphs.vision(image))
        embedding, keys, values = self._last[1]
        return embedding, keys, values

    def text(self, picture: Picture, prefix: list[int], settings: DecodeSettings) -> tuple[Text, float | None]:
        """The decoded text after ``prefix``; of several, the one that is most like the picture (manifest).

        With the cosine of a caption and its picture, where the manifest asks for it.
        """
        embedding, picture_keys, picture_values = self.see(picture)
        layers, heads, size = (self._decoder[k] for k in ("layers", "heads", "head_size"))
        past = [np.zeros((layers, 1, heads, 0, size), np.float32) for _ in range(2)]
        said = 0

        def step(tokens: NDArray[np.int64], parents: NDArray[np.int64]) -> NDArray[np.float32]:
            nonlocal past, said
            logits, keys, values = self.graphs.decoder(
                tokens, said, past[0][:, parents], past[1][:, parents], picture_keys, picture_values
            )
            past, said = [keys, values], said + tokens.shape[1]
            return logits

        found = search(step, prefix, settings)
        weight = self._decoder.get("similarity_weight", 0.0)
        judged = prefix == [CAPTION] and "caption_compared" in self._confidence
        if not judged and (len(found) == 1 or not weight):
            return found[0], None
        alike = self._embed([text.tokens for text in found]) @ embedding[0]
        values = [score(text, settings.alpha) + weight * a for text, a in zip(found, alike, strict=True)]
        best = int(np.argmax(values))
        return found[best], float(alike[best])

    def _say(self, picture: Picture, prefix: list[int], settings: DecodeSettings, kind: str) -> Said:
        text, similarity = self.text(picture, prefix, settings)
        curve = self._curve(kind, similarity is not None)
        known = np.array(text.mean), np.array(text.least), similarity or 0.0
        confidence = float(curve(*known)) if curve else float(np.exp(text.mean))
        sure = kind == "caption" or confidence >= self._confidence.get("unsure_below", 0.0)
        decoded = self.graphs.vocabulary.decode(text.tokens)
        return Said(decoded, confidence, curve is not None, sure)

    def _curve(self, kind: str, compared: bool) -> Confidence | None:
        if not self._confidence:
            return None
        if kind == "caption":
            judged = compared and "caption_compared" in self._confidence
            return Confidence(**self._confidence["caption_compared" if judged else "caption"])
        curves = self._confidence["answer"]
        return Confidence(**curves.get(kind, curves["default"]))

    def _timed(self, call: Callable[[], Said]) -> Said:
        started = time.perf_counter()
        said = call()
        return replace(said, ms=(time.perf_counter() - started) * 1000)
