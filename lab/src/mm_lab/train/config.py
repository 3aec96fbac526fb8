"""Settings of a training run, read from a JSON file."""

from __future__ import annotations

import dataclasses
import json
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mm_lab.data.corpus import Source
from mm_lab.data.packing import PackSettings
from mm_lab.data.questions import RuleSettings
from mm_lab.data.views import ViewSettings


@dataclass(frozen=True)
class DataConfig:
    """What to train on. Features come from ``cache``; see data/features.py."""

    sources: tuple[Source, ...]
    cache: Path
    min_caption_count: int = 4
    rules: RuleSettings = field(default_factory=RuleSettings)
    pack: PackSettings = field(default_factory=PackSettings)
    views: ViewSettings = field(default_factory=ViewSettings)


@dataclass(frozen=True)
class LossWeights:
    """Weights of the terms; ``words`` is the cross-entropy of captions and answers, 0 leaves it out."""

    words: float = 1.0
    contrast: float = 0.3
    teacher: float = 1.0
    label_smoothing: float = 0.1


@dataclass(frozen=True, kw_only=True)
class StageConfig:
    """What every stage is told. Its schedule ends at ``steps`` or ``minutes``, whichever comes first.

    ``image_size`` is the photo side in pixels from this stage on; None keeps that of ``start_from``.
    With pixels the trunk trains from its stage ``trunk_from`` (0 to 5) on: the lowest ones see edges, which need no
    captions, and cost the most.
    """

    data: DataConfig
    output: Path
    pictures: str = "grids"
    image_size: int | None = None
    trunk_rate_share: float = 0.05
    trunk_from: int = 0
    device: str = "cpu"
    seed: int = 1
    threads: int = 1
    steps: int = 4000
    minutes: float = 1e9
    batch: int = 32
    learning_rate: float = 2e-4
    warmup: int = 20
    ema: float = 0.98
    clip: float = 1.0
    evaluate_every: int = 200
    checkpoint_minutes: float = 4.0


@dataclass(frozen=True, kw_only=True)
class TrainConfig(StageConfig):
    """One cross-entropy run.

    ``only`` names the parameters to train by the start of their names; empty trains all. ``regions_kept`` is as in
    :class:`SelfCriticalConfig`, and so is a two-bit checkpoint in ``start_from``.
    """

    network: dict[str, Any] = field(default_factory=dict)
    start_from: Path | None = None
    only: tuple[str, ...] = ()
    word_vectors: bool = True
    regions_kept: float = 1.0
    batch: int = 40
    retrieval_batch: int = 160
    extra_negatives: int = 1024
    learning_rate: float = 1e-3
    weight_decay: float = 0.03
    warmup: int = 150
    ema: float = 0.997
    clip: float = 2.0
    scale_rate_share: float = 0.1
    losses: LossWeights = field(default_factory=LossWeights)
    evaluate_every: int = 500


@dataclass(frozen=True, kw_only=True)
class SelfCriticalConfig(StageConfig):
    """One self-critical run from a finished checkpoint (Rennie et al., 2017).

    Against overfitting, a picture's features can pass the network's dropout (``picture_dropout``), and only
    a random share ``regions_kept`` of its grid is shown at each step. A two-bit checkpoint stays on its grid.
    ``decoder_dropout`` drops in the decoder too while it learns (not while it samples). ``even_sources`` divides the
    advantages of each source by their usual size, so that one with fewer references, whose rewards vary more, does not
    outweigh the others.
    ``contrast`` weighs the pictures' embeddings against those of all captions, for a trunk that changes below them;
    at 0 embeddings are left alone.
    """

    start_from: Path
    seed: int = 2
    steps: int = 1000
    samples: int = 5
    temperature: float = 0.6
    cross_entropy: float = 0.1
    picture_dropout: bool = False
    regions_kept: float = 1.0
    decoder_dropout: bool = False
    even_sources: bool = False
    scale_rate_share: float = 0.1
    contrast: float = 0.0
    losses: LossWeights = field(default_factory=LossWeights)


@dataclass(frozen=True, kw_only=True)
class QuantizeConfig(StageConfig):
    """Two-bit training against the float model in ``start_from``.

    ``answers`` weighs the written answers themselves, beside what the float model would say.
    """

    start_from: Path
    grid: str = "integer"
    block: int = 64
    scale_rate_share: float = 0.1
    said_share: float = 0.5
    temperature: float = 0.6
    embedding: float = 1.0
    answers: float = 0.0
    trunk_rate_share: float = 0.0
    seed: int = 3
    steps: int = 800
    ema: float = 0.99


def read_config(kind: type, path: Path) -> Any:  # noqa: ANN401 - the dataclass asked for
    """The dataclass ``kind`` from JSON. Unknown keys are errors; paths are relative to the working folder."""
    return _build(kind, json.loads(path.read_text()), kind.__name__)


def _build(kind: Any, value: Any, where: str) -> Any:  # noqa: ANN401
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        unknown = set(value) - set(hints)
        if unknown:
            raise ValueError(f"{where}: unknown setting {', '.join(sorted(unknown))}")
        return kind(**{k: _build(hints[k], v, f"{where}.{k}") for k, v in value.items()})
    if typing.get_origin(kind) is tuple:
        return tuple(_build(typing.get_args(kind)[0], v, where) for v in value)
    if kind is Path or (Path in typing.get_args(kind) and value is not None):
        return Path(value)
    return value
