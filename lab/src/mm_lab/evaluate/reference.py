"""All task metrics of the PyTorch network on cached features."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mm_lab.data.corpus import MAX_ANSWER_WORDS, MAX_CAPTION_WORDS, Corpus, Photo
from mm_lab.data.samples import Question
from mm_lab.data.vocabulary import CAPTION
from mm_lab.evaluate.captions import CaptionScorer
from mm_lab.evaluate.questions import BlindGuesser, score_answers
from mm_lab.evaluate.retrieval import recall
from mm_lab.model.generate import BeamSettings, beam_search, generate, most_alike
from mm_lab.model.network import Network, pool_grid

Metrics = dict[str, float]
_BATCH = 125


@dataclass(frozen=True)
class Group:
    """The dev photos of one source, with their rows in the grid lookup."""

    name: str
    photos: list[Photo]
    rows: NDArray[np.int64]
    scorer: CaptionScorer


class ReferenceEvaluator:
    """Caption, question and retrieval metrics per dev source."""

    def __init__(self, corpus: Corpus, grids: Callable[[NDArray[np.int64]], Tensor]) -> None:
        """``grids`` maps indices into ``corpus.dev`` to trunk grids (n, tokens, 1280)."""
        self._corpus = corpus
        self._grids = grids
        self._blind = BlindGuesser(q for p in corpus.train for q in p.written)
        sources: dict[str, list[int]] = defaultdict(list)
        for row, photo in enumerate(corpus.dev):
            sources[photo.source].append(row)
        self._groups = []
        for name, rows in sources.items():
            photos = [corpus.dev[r] for r in rows]
            scorer = CaptionScorer([p.captions for p in photos])
            self._groups.append(Group(name, photos, np.array(rows), scorer))

    @torch.no_grad()
    def __call__(self, network: Network, beam: bool = False) -> tuple[Metrics, dict[str, list[str]]]:
        """Metrics named ``source/metric``, and the captions by source."""
        training = network.training
        network.eval()
        metrics: Metrics = {}
        said: dict[str, list[str]] = {}
        for group in self._groups:
            memory, embedding = self._encode(network, group)
            captions = self.captions(network, memory)
            metrics |= _named(f"{group.name}/greedy", group.scorer(captions).__dict__)
            if beam:
                captions = self.captions(network, memory, embedding)
                metrics |= _named(f"{group.name}/beam3", group.scorer(captions).__dict__)
            said[group.name] = captions
            metrics |= _named(group.name, self._recall(network, group, embedding))
            questions = [(i, q) for i, p in enumerate(group.photos) for q in p.written]
            if questions:
                answers = self.answers(network, memory, questions)
                scored = score_answers([q for _, q in questions], answers, self._blind)
                for kind, values in scored.items():
                    metrics |= _named(f"{group.name}/vqa-{kind}", values)
        network.train(training)
        return metrics, said

    def _encode(self, network: Network, group: Group) -> tuple[Tensor, Tensor]:
        memories, embeddings = [], []
        for start in range(0, len(group.rows), _BATCH):
            grid = self._grids(group.rows[start : start + _BATCH])
            memories.append(network.picture(grid))
            embeddings.append(network.embed_pooled(pool_grid(grid)))
        return torch.cat(memories), torch.cat(embeddings)

    def captions(self, network: Network, memory: Tensor, embeddings: Tensor | None = None) -> list[str]:
        """One caption per picture memory: greedy, or with beams that are compared with the pictures' embeddings."""
        out: list[str] = []
        settings = BeamSettings(max_tokens=MAX_CAPTION_WORDS + 1)
        for start in range(0, len(memory), _BATCH):
            part = memory[start : start + _BATCH]
            prefix = torch.full((len(part), 1), CAPTION)
            if embeddings is None:
                tokens = generate(network, part, prefix, settings.max_tokens)
            else:
                texts, scores = beam_search(network, part, prefix, settings)
                pictures = embeddings[start : start + _BATCH]
                tokens = most_alike(network, texts, scores, pictures, settings.similarity_weight)
            out += [self._corpus.vocabulary.decode(row) for row in tokens.tolist()]
        return out

    def answers(self, network: Network, memory: Tensor, questions: Sequence[tuple[int, Question]]) -> list[str]:
        """Greedy answers; each question comes with the index of its picture in ``memory``."""
        by_length: dict[int, list[int]] = defaultdict(list)
        prefixes = [self._corpus.question_tokens(q)[0] for _, q in questions]
        for number, prefix in enumerate(prefixes):
            by_length[len(prefix)].append(number)
        out = [""] * len(questions)
        for numbers in by_length.values():
            for start in range(0, len(numbers), _BATCH):
                part = numbers[start : start + _BATCH]
                pictures = memory[torch.tensor([questions[n][0] for n in part], device=memory.device)]
                tokens = generate(network, pictures, torch.tensor([prefixes[n] for n in part]), MAX_ANSWER_WORDS + 1)
                for number, row in zip(part, tokens.tolist(), strict=True):
                    out[number] = self._corpus.vocabulary.decode(row)
        return out

    def _recall(self, network: Network, group: Group, images: Tensor) -> Metrics:
        owner = [i for i, p in enumerate(group.photos) for _ in p.captions]
        rows = [self._corpus.caption_tokens(c) for p in group.photos for c in p.captions]
        parts = [pad_rows(rows[s : s + 500]).to(images.device) for s in range(0, len(rows), 500)]
        texts = torch.cat([network.embed_text(p) for p in parts])
        return recall(images.cpu().numpy(), texts.cpu().numpy(), owner)


def pad_rows(rows: Sequence[Sequence[int]], length: int | None = None) -> Tensor:
    """Token rows as one tensor, padded with PAD (0) at the end."""
    longest = length or max(map(len, rows))
    return torch.tensor([[*r[:longest], *[0] * (longest - len(r))] for r in rows])


def _named(prefix: str, values: dict[str, float]) -> Metrics:
    return {f"{prefix}/{k}": v for k, v in values.items()}
