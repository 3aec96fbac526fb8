"""Settings of a search, read from a JSON file by ``mm_lab.train.config.read_config``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mm_lab.data.corpus import Source
from mm_lab.data.packing import PackSettings
from mm_lab.data.questions import RuleSettings
from mm_lab.search.evolve import EvolutionSettings
from mm_lab.search.space import Choices, Space, Stem
from mm_lab.search.table import Statistic
from mm_lab.train.config import LossWeights


@dataclass(frozen=True)
class StemConfig:
    """A trunk at an input size, and the folder ``mm-lab features`` wrote for it."""

    trunk: int
    image_size: int
    cache: Path

    @property
    def stem(self) -> Stem:
        """Its place in the space."""
        return Stem(self.trunk, self.image_size)


@dataclass(frozen=True)
class LatencySettings:
    """How blocks are timed: ``rounds`` times over all of them, ``runs`` runs each.

    ``statistic``: the median suits a quiet device; the least of all runs is what other work on the machine
    disturbs least. ``clock``: "cpu" counts only the time the thread ran, for one thread on a machine that does other
    work; "wall" is what a person waits. A caption takes ``caption_steps`` greedy decoder
    steps; those of the dev photos have 10.9 words in the mean, and an end.
    """

    threads: int = 1
    runs: int = 100
    rounds: int = 3
    statistic: Statistic = "median"
    clock: Literal["wall", "cpu"] = "wall"
    caption_steps: int = 12
    checked: int = 6

    def __post_init__(self) -> None:
        """The processor's clock sees the calling thread only."""
        if self.clock == "cpu" and self.threads != 1:
            raise ValueError('latency.clock: "cpu" needs one thread')


@dataclass(frozen=True)
class SupernetSettings:
    """Training of the shared weights. It ends at ``steps`` or ``minutes``, whichever comes first.

    ``start_from``: a trained float checkpoint no larger than the largest architecture, for everything behind the
    stems. Stems always start anew, so that no trunk is ahead of the others. ``shared_rate_share`` scales the learning
    rate of what does not belong to a stem.
    """

    start_from: Path | None = None
    shared_rate_share: float = 1.0
    steps: int = 4000
    minutes: float = 1e9
    batch: int = 16
    retrieval_batch: int = 48
    random_subnets: int = 2
    word_vectors: bool = True
    learning_rate: float = 1e-3
    weight_decay: float = 0.03
    warmup: int = 40
    ema: float = 0.99
    clip: float = 2.0
    losses: LossWeights = field(default_factory=LossWeights)
    checkpoint_minutes: float = 4.0


@dataclass(frozen=True)
class SearchConfig:
    """One search. Every stage keeps what it has done in ``output`` and goes on from there."""

    sources: tuple[Source, ...]
    stems: tuple[StemConfig, ...]
    output: Path
    max_latency_ms: float = 25.0
    max_bytes: int = 29_000_000
    choices: Choices = field(default_factory=Choices)
    latency: LatencySettings = field(default_factory=LatencySettings)
    supernet: SupernetSettings = field(default_factory=SupernetSettings)
    evolution: EvolutionSettings = field(default_factory=EvolutionSettings)
    dev_photos: int = 128
    min_caption_count: int = 4
    rules: RuleSettings = field(default_factory=RuleSettings)
    pack: PackSettings = field(default_factory=PackSettings)
    seed: int = 1
    threads: int = 1

    def space(self) -> Space:
        """What the settings allow."""
        return Space(tuple(s.stem for s in self.stems), self.choices)
