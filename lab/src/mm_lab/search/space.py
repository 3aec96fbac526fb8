"""What may be searched: trunks and input sizes, width, heads, FFN ratio, depths, and bits per block."""

from __future__ import annotations

import dataclasses
import math
import random
from dataclasses import dataclass
from typing import Any

# Scales are shared by 64 weights along a linear's inputs, and widths are multiples of it.
QUANTIZATION_BLOCK = 64
SUPPORTED_BITS = (2, 4, 8)
CLASS_TOKENS = 5


@dataclass(frozen=True, order=True)
class Stem:
    """EfficientNet-Lite ``trunk`` (0, 1 or 2) on square pictures of ``image_size`` pixels."""

    trunk: int
    image_size: int

    @property
    def name(self) -> str:
        """For file names and tables, e.g. ``lite1-224``."""
        return f"lite{self.trunk}-{self.image_size}"

    @property
    def side(self) -> int:
        """Rows (and columns) of its grid: five halvings, rounded up."""
        return math.ceil(self.image_size / 32)

    @property
    def tokens(self) -> int:
        """Picture tokens a decoder block attends to: the grid and five named regions."""
        return self.side**2 + CLASS_TOKENS

    @classmethod
    def parse(cls, name: str) -> Stem:
        """The inverse of :attr:`name`."""
        trunk, _, size = name.removeprefix("lite").partition("-")
        return cls(int(trunk), int(size))


@dataclass(frozen=True)
class Architecture:
    """One point of the space. A linear's bits go with the block it stands in."""

    stem: Stem
    width: int
    heads: int
    ratio: int
    picture_bits: int
    retrieval_bits: int
    layer_bits: tuple[int, ...]
    text_bits: tuple[int, ...]

    def network(self) -> dict[str, Any]:
        """The ``network`` settings of a training run (``mm_lab.model.network.NetworkConfig``)."""
        return {
            "trunk": self.stem.trunk,
            "image_size": self.stem.image_size,
            "width": self.width,
            "heads": self.heads,
            "layers": len(self.layer_bits),
            "text_layers": len(self.text_bits),
            "ratio": self.ratio,
        }

    def bits_of(self, linear: str) -> int | None:
        """Bits of the network's linear of this name; None for those that stay int8 per channel."""
        head, _, rest = linear.partition(".")
        if head in ("blocks", "text_blocks"):
            bits = self.layer_bits if head == "blocks" else self.text_bits
            return bits[int(rest.partition(".")[0])]
        if head in ("image_out", "text_out"):
            return self.retrieval_bits
        return self.picture_bits if head == "grid_in" else None

    def record(self) -> dict[str, Any]:
        """JSON form."""
        return dataclasses.asdict(self) | {
            "stem": self.stem.name,
            "layer_bits": list(self.layer_bits),
            "text_bits": list(self.text_bits),
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Architecture:
        """The inverse of :meth:`record`."""
        settings = dict(record)
        settings |= {name: tuple(record[name]) for name in ("layer_bits", "text_bits")}
        settings["stem"] = Stem.parse(record["stem"])
        return cls(**settings)


@dataclass(frozen=True)
class Choices:
    """Values each setting may take."""

    width: tuple[int, ...] = (128, 192, 256, 320)
    heads: tuple[int, ...] = (4, 8)
    ratio: tuple[int, ...] = (2, 3, 4)
    layers: tuple[int, ...] = (1, 2, 3, 4)
    text_layers: tuple[int, ...] = (1, 2)
    bits: tuple[int, ...] = SUPPORTED_BITS

    def __post_init__(self) -> None:
        """Refuses what no layer can be built from."""
        for name, values in dataclasses.asdict(self).items():
            if not values or min(values) < 1:
                raise ValueError(f"choices.{name}: at least one positive value")
        if any(w % QUANTIZATION_BLOCK for w in self.width):
            raise ValueError(f"choices.width: multiples of {QUANTIZATION_BLOCK} only")
        if any(w % h for w in self.width for h in self.heads):
            raise ValueError("choices.heads: every one must divide every width")
        if not set(self.bits) <= set(SUPPORTED_BITS):
            raise ValueError(f"choices.bits: any of {SUPPORTED_BITS}")


class Space:
    """The architectures made of ``stems`` and ``choices``, and moves between them."""

    def __init__(self, stems: tuple[Stem, ...], choices: Choices) -> None:
        if not stems:
            raise ValueError("stems: at least one trunk with its input size")
        self.stems, self.choices = stems, choices

    def count(self) -> int:
        """How many architectures there are."""
        c, bits = self.choices, len(self.choices.bits)
        outer = len(self.stems) * len(c.width) * len(c.heads) * len(c.ratio) * bits**2
        return outer * sum(bits**n for n in c.layers) * sum(bits**n for n in c.text_layers)

    def sample(self, rng: random.Random) -> Architecture:
        """Uniform over every setting."""
        c = self.choices
        return Architecture(
            stem=rng.choice(self.stems),
            width=rng.choice(c.width),
            heads=rng.choice(c.heads),
            ratio=rng.choice(c.ratio),
            picture_bits=rng.choice(c.bits),
            retrieval_bits=rng.choice(c.bits),
            layer_bits=self._bits(rng, rng.choice(c.layers)),
            text_bits=self._bits(rng, rng.choice(c.text_layers)),
        )

    def largest(self, stem: Stem) -> Architecture:
        """The one every other is cut from."""
        return self._end(stem, max)

    def smallest(self, stem: Stem) -> Architecture:
        """The least of every setting."""
        return self._end(stem, min)

    def mutate(self, parent: Architecture, rng: random.Random, rate: float) -> Architecture:
        """Every setting is drawn anew with probability ``rate``; depth changes keep the lower layers' bits."""
        fresh = self.sample(rng)
        settings = {
            f.name: getattr(fresh if rng.random() < rate else parent, f.name)
            for f in dataclasses.fields(Architecture)
            if not f.name.endswith(("layer_bits", "text_bits"))
        }
        for name, depths in (("layer_bits", self.choices.layers), ("text_bits", self.choices.text_layers)):
            old: tuple[int, ...] = getattr(parent, name)
            depth = rng.choice(depths) if rng.random() < rate else len(old)
            kept = [rng.choice(self.choices.bits) if rng.random() < rate else b for b in old[:depth]]
            settings[name] = (*kept, *self._bits(rng, depth - len(kept)))
        return Architecture(**settings)

    def cross(self, one: Architecture, other: Architecture, rng: random.Random) -> Architecture:
        """Every setting from either parent; a layer that only the deeper one has comes from it."""
        settings: dict[str, Any] = {}
        for field in dataclasses.fields(Architecture):
            pair = [getattr(one, field.name), getattr(other, field.name)]
            value = rng.choice(pair)
            if field.name in ("layer_bits", "text_bits"):
                value = tuple(rng.choice([p[i] for p in pair if i < len(p)]) for i in range(len(value)))
            settings[field.name] = value
        return Architecture(**settings)

    def _bits(self, rng: random.Random, count: int) -> tuple[int, ...]:
        return tuple(rng.choice(self.choices.bits) for _ in range(count))

    def _end(self, stem: Stem, pick: Any) -> Architecture:  # noqa: ANN401 - min or max
        c = self.choices
        bits = pick(c.bits)
        return Architecture(
            stem, pick(c.width), pick(c.heads), pick(c.ratio), bits, bits,
            (bits,) * pick(c.layers), (bits,) * pick(c.text_layers),
        )  # fmt: skip
