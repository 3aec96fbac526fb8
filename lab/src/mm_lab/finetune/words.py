"""Makes room in a trained network for words it does not know."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from mm_lab.data.samples import Sample
from mm_lab.data.vocabulary import Vocabulary, words
from mm_lab.model.network import Network
from mm_lab.train.checkpoint import Model

# New words have everything to learn, the others almost nothing: their rows move so many times as fast.
_GAIN = 10.0


def unknown_words(samples: Iterable[Sample], vocabulary: Vocabulary, least: int) -> list[str]:
    """Words that the texts use at least ``least`` times and the vocabulary lacks, commonest first; none if 0."""
    if not least:
        return []
    texts = [t for s in samples for t in (*s.captions, *(x for q in s.questions for x in (q.text, q.answer)))]
    counts = Counter(word for text in texts for word in words(text) if word not in vocabulary.ids)
    return [word for word, count in sorted(counts.items(), key=lambda c: (-c[1], c[0])) if count >= least]


def with_words(model: Model, added: Sequence[str]) -> Model:
    """The model with ``added`` words at the end of its vocabulary; it hardly says them until it is trained."""
    if not added:
        return model
    old = model.network
    vocabulary = Vocabulary([*model.vocabulary.entries, *added])
    network = Network(dataclasses.replace(old.config, vocabulary=len(vocabulary)))
    state = dict(old.state_dict())
    state["embedding.weight"] = _grown(state["embedding.weight"], len(added))
    bias = state["output_bias"]
    state["output_bias"] = torch.cat([bias, bias.median().expand(len(added))])
    network.load_state_dict(state)
    return dataclasses.replace(model, network=network, vocabulary=vocabulary)


def _grown(table: Tensor, count: int) -> Tensor:
    """New rows near the mean word, with a tenth of the usual spread."""
    noise = torch.randn(count, table.shape[1], generator=torch.Generator().manual_seed(count)) * table.std(0) * 0.1
    return torch.cat([table, table.mean(0) + noise])


class _FastRows(nn.Module):
    """Parametrization that adds a separately trained part to the last rows of a tensor."""

    def __init__(self, whole: Tensor, count: int) -> None:
        super().__init__()
        self.extra = nn.Parameter(torch.zeros_like(whole[len(whole) - count :]))

    def forward(self, whole: Tensor) -> Tensor:
        """``whole`` with the part added, times the gain."""
        old = whole[: len(whole) - len(self.extra)]
        return torch.cat([old, whole[len(old) :] + _GAIN * self.extra])


def quicken(network: Network, count: int) -> list[nn.Parameter]:
    """Lets the last ``count`` words learn faster than the rest; returns what trains of them. See :func:`settle`."""
    parts = []
    for module, name in _places(network) if count else ():
        part = _FastRows(getattr(module, name).detach(), count)
        parametrize.register_parametrization(module, name, part)
        parts.append(part.extra)
    return parts


def settle(network: Network) -> None:
    """Folds what the new words learned into plain parameters."""
    for module, name in _places(network):
        if parametrize.is_parametrized(module, name):
            parametrize.remove_parametrizations(module, name)


def _places(network: Network) -> tuple[tuple[nn.Module, str], ...]:
    return ((network.embedding, "weight"), (network, "output_bias"))
