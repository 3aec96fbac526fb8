"""Photo by photo: what the two models compute, and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mm_lab.data.samples import Sample
from mm_lab.data.vocabulary import CAPTION
from mm_lab.evaluate.bundle_graphs import Array
from mm_lab.evaluate.graph_runtime import GraphRuntime
from mm_lab.evaluate.results import PhotoResult
from mm_lab.evaluate.runtime import Picture
from mm_lab.verify.tensors import signal_to_noise


@dataclass(frozen=True)
class OutputDifference:
    """Means over photos: SNR in dB, cosine in [-1,1], shares in percent."""

    keys_snr: float
    values_snr: float
    embedding_cosine: float
    logits_snr: float
    same_next_word: float


def compare_outputs(original: GraphRuntime, quantized: GraphRuntime, samples: Sequence[Sample]) -> OutputDifference:
    """The vision outputs, and the next-word scores along the first written caption."""
    rows = [_photo(original, quantized, sample) for sample in samples]
    means = np.mean(rows, axis=0)
    return OutputDifference(*(round(float(v), 3) for v in means))


def _photo(original: GraphRuntime, quantized: GraphRuntime, sample: Sample) -> tuple[float, ...]:
    picture = Picture(sample.key, sample.image)
    truth, found = original.see(picture), quantized.see(picture)
    cosine = float((truth[0] * found[0]).sum())
    text = sample.captions[0] if sample.captions else "a photo"
    wanted, given = (_logits(side, picture, text) for side in (original, quantized))
    same = float((wanted.argmax(-1) == given.argmax(-1)).mean())
    return (
        signal_to_noise(truth[1], found[1]),
        signal_to_noise(truth[2], found[2]),
        cosine,
        signal_to_noise(wanted, given),
        100 * same,
    )


def _logits(side: GraphRuntime, picture: Picture, text: str) -> Array:
    """Scores after every word of ``text`` (words+1, vocabulary), each centred: a constant changes no probability."""
    _, picture_keys, picture_values = side.see(picture)
    settings = side.graphs.settings["decoder"]
    words = side.graphs.vocabulary.encode(text)[: settings["max_caption_tokens"] - 1]
    shape = (settings["layers"], 1, settings["heads"], 0, settings["head_size"])
    keys, values = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    rows = []
    for position, token in enumerate([CAPTION, *words]):
        tokens = np.array([[token]], np.int64)
        logits, keys, values = side.graphs.decoder(tokens, position, keys, values, picture_keys, picture_values)
        rows.append(logits[0] - logits[0].mean())
    return np.stack(rows)


def same_texts(original: Sequence[PhotoResult], quantized: Sequence[PhotoResult]) -> dict[str, float]:
    """Percent of captions and answers that are the same word for word."""
    pairs = list(zip(original, quantized, strict=True))
    found = {
        f"same-{name}": [a.captions[name].text == b.captions[name].text for a, b in pairs]
        for name in original[0].captions
    }
    found["same-answers"] = [x.text == y.text for a, b in pairs for x, y in zip(a.answers, b.answers, strict=True)]
    return {name: round(100 * float(np.mean(hits)), 1) for name, hits in found.items() if hits}
