"""Writes what the PyTorch network says about two drawn pictures, for the app's own decoding to be held against.

The record holds, per picture: samples of the network's input, of the picture's keys and values and of the scores at
every greedy step, the embedding, and the tokens of greedy and beam decoding and of answers; and embeddings of texts.
Pictures lie beside the record as PNG. It says nothing of how good the model is. The trunk's weights are rounded as the
bundle stores them: what rounding costs is ``mm-lab verify``'s to say, and would hide what the app does differently.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor, nn

from mm_lab.data.corpus import MAX_ANSWER_WORDS, MAX_CAPTION_WORDS, MAX_QUESTION_WORDS
from mm_lab.data.views import plain_view
from mm_lab.data.vocabulary import ANSWER, CAPTION, END, PAD, SEPARATOR, SPECIALS, Vocabulary
from mm_lab.model.generate import BeamSettings, beam_search, generate, most_likely
from mm_lab.model.layers import KeyValue
from mm_lab.model.network import Network, pool_grid
from mm_lab.model.trunk import convolutions_and_gains
from mm_lab.train.checkpoint import load_model
from mm_lab.weight_only import MIN_SIZE, quantize_int8

TEXTS = ("a dog runs on the beach", "two people", "The man's red hat!")
QUESTIONS = ("is there a dog", "what color is the sky", "how many people are there", "what is the man doing")
_SAMPLES = 96
_BEST = 8


def draw_shore() -> Image.Image:
    """Sky, sea, sand and a ball: 200 x 150 pixels."""
    picture = Image.new("RGB", (200, 150), (120, 180, 240))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 70, 200, 105), fill=(20, 90, 160))
    draw.rectangle((0, 105, 200, 150), fill=(225, 200, 140))
    draw.ellipse((120, 95, 150, 125), fill=(210, 30, 40))
    return picture


def draw_house() -> Image.Image:
    """A house on grass: 120 x 180 pixels."""
    picture = Image.new("RGB", (120, 180), (200, 220, 250))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 130, 120, 180), fill=(60, 140, 50))
    draw.rectangle((30, 80, 90, 140), fill=(240, 240, 230))
    draw.polygon(((22, 80), (60, 45), (98, 80)), fill=(150, 50, 30))
    draw.rectangle((52, 110, 68, 140), fill=(90, 60, 30))
    return picture


DRAWINGS = {"shore": draw_shore, "house": draw_house}


def write_reference(checkpoint: Path, out: Path) -> None:
    """Entry point of ``mm-lab reference-caption``."""
    model = load_model(checkpoint)
    trunk = model.open_trunk().eval()
    round_convolutions(trunk)
    write_record(out, model.network.eval(), trunk, model.vocabulary)


@torch.no_grad()
def round_convolutions(trunk: nn.Module) -> None:
    """Gives convolutions the values they have in the bundle, where the normalisation behind them is folded in."""
    for _, convolution, gain in convolutions_and_gains(trunk):
        folded = (convolution.weight * gain).numpy()
        if folded.size >= MIN_SIZE:
            codes, scale = quantize_int8(folded, 0)
            convolution.weight.copy_(torch.from_numpy(codes * scale) / gain)


def write_record(out: Path, network: Network, trunk: nn.Module, vocabulary: Vocabulary) -> None:
    """Writes the record and its pictures, named after it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    cases = []
    for name, draw in DRAWINGS.items():
        picture = draw()
        file = f"{out.stem}-{name}.png"
        picture.save(out.with_name(file), optimize=True)
        cases.append({"image": file} | _case(network, trunk, vocabulary, np.asarray(picture)))
    texts = [_text(network, vocabulary, text) for text in TEXTS]
    record = {"beams": BeamSettings().width, "length_alpha": BeamSettings().alpha, "pictures": cases, "texts": texts}
    out.write_text(json.dumps(record, separators=(",", ":")) + "\n", encoding="utf-8")


@torch.no_grad()
def _case(network: Network, trunk: nn.Module, vocabulary: Vocabulary, pixels: NDArray[np.uint8]) -> dict[str, Any]:
    image = torch.from_numpy(plain_view(pixels, network.config.image_size))[None]
    grid = trunk(image)
    memory = network.picture(grid)
    pairs = network.picture_keys_values(memory)
    settings = BeamSettings(max_tokens=MAX_CAPTION_WORDS + 1)
    prefix = torch.tensor([[CAPTION]])
    greedy = _said(generate(network, memory, prefix, settings.max_tokens)[0])
    beam = _said(most_likely(*beam_search(network, memory, prefix, settings))[0])
    return {
        "input": _samples(image),
        "embedding": _numbers(network.embed_pooled(pool_grid(grid))[0]),
        "keys": _samples(torch.cat([key for key, _ in pairs])),
        "values": _samples(torch.cat([value for _, value in pairs])),
        "greedy": greedy,
        "steps": _steps(network, pairs, [CAPTION], greedy),
        "beam": beam,
        "beam_score": _score(network, pairs, [CAPTION], beam, settings.alpha),
        "answers": [_answer(network, memory, pairs, vocabulary, question) for question in QUESTIONS],
    }


def _answer(
    network: Network, memory: Tensor, pairs: list[KeyValue], vocabulary: Vocabulary, question: str
) -> dict[str, Any]:
    prefix = [ANSWER, *vocabulary.encode(question)[:MAX_QUESTION_WORDS], SEPARATOR]
    said = _said(generate(network, memory, torch.tensor([prefix]), MAX_ANSWER_WORDS + 1)[0])
    return {"question": question, "prefix": prefix, "said": said, "steps": _steps(network, pairs, prefix, said)}


def _text(network: Network, vocabulary: Vocabulary, text: str) -> dict[str, Any]:
    tokens = [CAPTION, *vocabulary.encode(text), END]
    with torch.no_grad():
        embedding = network.embed_text(torch.tensor([tokens]))[0]
    return {"text": text, "tokens": tokens, "embedding": _numbers(embedding)}


def _rows(network: Network, pairs: list[KeyValue], prefix: Sequence[int], said: Sequence[int]) -> list[Tensor]:
    """Scores over the vocabulary before each token said."""
    past: list[KeyValue] | None = None
    tokens, start, out = torch.tensor([list(prefix)]), 0, []
    for token in said:
        scores, past = network.step(tokens, start, pairs, past)
        start += tokens.shape[1]
        out.append(scores[0])
        tokens = torch.tensor([[token]])
    return out


def _steps(network: Network, pairs: list[KeyValue], prefix: Sequence[int], said: Sequence[int]) -> list[dict[str, Any]]:
    steps = []
    for row in _rows(network, pairs, prefix, said):
        best = row.topk(_BEST)
        steps.append(
            {
                "tokens": best.indices.tolist(),
                "logits": _numbers(best.values),
                "normaliser": round(float(row.logsumexp(0)), 4),
                "spread": round(float(row.std()), 4),
            }
        )
    return steps


def _score(network: Network, pairs: list[KeyValue], prefix: Sequence[int], said: Sequence[int], alpha: float) -> float:
    """What beam search compares: log-probabilities over the tokens that may be said, by length**alpha."""
    total = 0.0
    for token, row in zip(said, _rows(network, pairs, prefix, said), strict=True):
        allowed = row.clone()
        for special in range(len(SPECIALS)):
            if special != END:
                allowed[special] = -1e9
        total += float(allowed.log_softmax(-1)[token])
    return round(total / len(said) ** alpha, 4)


def _said(row: Tensor) -> list[int]:
    return [t for t in row.tolist() if t != PAD]


def _samples(tensor: Tensor) -> dict[str, Any]:
    """Values at equal steps through the whole, and their root mean square."""
    flat = tensor.flatten()
    step = max(1, len(flat) // _SAMPLES)
    return {
        "shape": list(tensor.shape),
        "step": step,
        "values": _numbers(flat[::step]),
        "size": round(float(flat.square().mean().sqrt()), 5),
    }


def _numbers(tensor: Tensor) -> list[float]:
    return [round(float(v), 4) for v in tensor]
