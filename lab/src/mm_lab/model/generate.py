"""Greedy, sampled and beam decoding in PyTorch: the reference for the Rust runtime."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mm_lab.data.corpus import MAX_CAPTION_WORDS
from mm_lab.data.vocabulary import CAPTION, END, PAD, SPECIALS
from mm_lab.model.layers import KeyValue
from mm_lab.model.network import Network

_NEVER = -1e9


@dataclass(frozen=True)
class BeamSettings:
    """Beam search. Scores are divided by length**alpha (Wu et al., 2016, without the offset).

    Of the captions found, the one with the largest ``score + similarity_weight * cosine`` of its embedding and the
    picture's is said (:func:`most_alike`).
    """

    width: int = 3
    max_tokens: int = 19
    alpha: float = 1.0
    similarity_weight: float = 4.0


def _forbid_specials(scores: Tensor) -> Tensor:
    scores = scores.clone()
    for special in range(len(SPECIALS)):
        if special != END:
            scores[:, special] = _NEVER
    return scores


@torch.no_grad()
def generate(
    network: Network, memory: Tensor, prefix: Tensor, max_tokens: int, *, samples: int = 1, temperature: float = 0.0
) -> Tensor:
    """Tokens (B*samples, <=max_tokens) that follow ``prefix`` (B,T); PAD after the end token.

    Temperature 0 is greedy; otherwise each of ``samples`` rows per picture is drawn at random.
    """
    picture = network.picture_keys_values(memory)
    rows = prefix.to(memory.device).repeat_interleave(samples, 0)
    past: list[KeyValue] | None = None
    tokens, start, out = rows, 0, []
    done = torch.zeros(len(rows), dtype=torch.bool, device=memory.device)
    for _ in range(max_tokens):
        scores, past = network.step(tokens, start, picture, past)
        start += tokens.shape[1]
        scores = _forbid_specials(scores)
        if temperature > 0:
            chosen = torch.multinomial((scores / temperature).softmax(-1), 1)[:, 0]
        else:
            chosen = scores.argmax(-1)
        chosen = torch.where(done, PAD, chosen)
        out.append(chosen)
        done |= chosen.eq(END)
        if bool(done.all()):
            break
        tokens = chosen[:, None]
    return torch.stack(out, 1)


@torch.no_grad()
def beam_search(network: Network, memory: Tensor, prefix: Tensor, settings: BeamSettings) -> tuple[Tensor, Tensor]:
    """Token rows (B,width,<=max_tokens) after ``prefix`` (B,T), PAD after the end, and their scores (B,width)."""
    width = settings.width
    picture = network.picture_keys_values(memory)
    batch, device = len(prefix), memory.device
    tokens, start = prefix.to(device).repeat_interleave(width, 0), 0
    past: list[KeyValue] | None = None
    total = torch.full((batch, width), _NEVER, device=device)
    total[:, 0] = 0
    length = torch.zeros(batch * width, device=device)
    done = torch.zeros(batch * width, dtype=torch.bool, device=device)
    history = torch.zeros(batch * width, 0, dtype=torch.long, device=device)
    first_rows = torch.arange(batch, device=device) * width
    for _ in range(settings.max_tokens):
        scores, past = network.step(tokens, start, picture, past)
        start += tokens.shape[1]
        gain = _forbid_specials(scores).log_softmax(-1)
        gain[done] = _NEVER
        gain[done, PAD] = 0
        words = gain.shape[1]
        candidates = (total.view(-1, 1) + gain).view(batch, -1)
        lengths = (length + (~done)).view(batch, width, 1).expand(-1, -1, words).reshape(batch, -1)
        best = (candidates / lengths.clamp(min=1) ** settings.alpha).topk(width, 1).indices
        total, length = candidates.gather(1, best), lengths.gather(1, best).flatten()
        parent = (best // words + first_rows[:, None]).flatten()
        chosen = (best % words).flatten()
        done = done[parent] | chosen.eq(END)
        history = torch.cat([history[parent], chosen[:, None]], 1)
        past = [(key[parent], value[parent]) for key, value in past]
        if bool(done.all()):
            break
        tokens = chosen[:, None]
    return history.view(batch, width, -1), total / length.view(batch, width).clamp(min=1) ** settings.alpha


def most_likely(texts: Tensor, scores: Tensor) -> Tensor:
    """The row (B,T) of ``texts`` (B,width,T) with the largest of ``scores`` (B,width)."""
    return texts[torch.arange(len(texts), device=texts.device), scores.argmax(1)]


@torch.no_grad()
def most_alike(network: Network, texts: Tensor, scores: Tensor, pictures: Tensor, weight: float) -> Tensor:
    """As :func:`most_likely` of ``scores + weight * cosine`` of the captions and ``pictures`` (B,E), unit embeddings.

    The decoder knows how likely words follow each other; the embeddings, trained to tell pictures apart, which
    text is about this one.
    """
    rows = texts.flatten(0, 1)
    # The text encoder saw captions of so many words in training; what is cut has no end.
    over = rows[:, MAX_CAPTION_WORDS:]
    rows = torch.cat([rows[:, :MAX_CAPTION_WORDS], over.where(over.eq(END), PAD)], 1)
    start = torch.full_like(rows[:, :1], CAPTION)
    alike = network.embed_text(torch.cat([start, rows], 1)).view(*scores.shape, -1) @ pictures.unsqueeze(-1)
    return most_likely(texts, scores + weight * alike.squeeze(-1))
