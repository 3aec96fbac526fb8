"""The blocks an architecture is made of: what is timed once and added up for every candidate."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from mm_lab.search.space import Architecture, Space


class Kind(StrEnum):
    """Parts of the three graphs; ``mm_lab.search.onnx_blocks`` holds their modules."""

    TRUNK = "trunk"
    MEMORY = "memory"
    KEYS = "keys"
    RETRIEVAL = "retrieval"
    SELF = "self"
    CROSS = "cross"
    WORDS = "words"
    TEXT_LAYER = "text-layer"
    TEXT_ENDS = "text-ends"


@dataclass(frozen=True)
class Block:
    """A block by its kind and shape; settings a kind does not depend on stay 0."""

    kind: Kind
    trunk: int = 0
    image_size: int = 0
    side: int = 0
    width: int = 0
    heads: int = 0
    ratio: int = 0
    bits: int = 0

    @property
    def key(self) -> str:
        """Its name in a latency table, e.g. ``cross side=7 width=256 heads=4 bits=2``."""
        names = ("trunk", "image_size", "side", "width", "heads", "ratio", "bits")
        # Trunk 0 is a value, not an absence.
        shown = [f"{n}={getattr(self, n)}" for n in names if getattr(self, n) or (n, self.kind) == ("trunk", "trunk")]
        return " ".join([self.kind, *shown])


@dataclass(frozen=True)
class Parts:
    """Blocks of the three graphs, with how often one run goes through each."""

    vision: Counter[Block]
    step: Counter[Block]
    text: Counter[Block]


def parts_of(architecture: Architecture) -> Parts:
    """The blocks of ``architecture``."""
    a, side = architecture, architecture.stem.side
    shape = {"width": a.width, "heads": a.heads}
    vision = [
        Block(Kind.TRUNK, trunk=a.stem.trunk, image_size=a.stem.image_size),
        Block(Kind.MEMORY, side=side, width=a.width, bits=a.picture_bits),
        Block(Kind.RETRIEVAL, side=side, bits=a.retrieval_bits),
        # Heads only split what is computed; the products are the same.
        *(Block(Kind.KEYS, side=side, width=a.width, bits=bits) for bits in a.layer_bits),
    ]
    step = [Block(Kind.WORDS, width=a.width)]
    for bits in a.layer_bits:
        step += [
            Block(Kind.SELF, ratio=a.ratio, bits=bits, **shape),
            Block(Kind.CROSS, side=side, bits=bits, **shape),
        ]
    text = [
        Block(Kind.TEXT_ENDS, width=a.width, bits=a.retrieval_bits),
        *(Block(Kind.TEXT_LAYER, ratio=a.ratio, bits=bits, **shape) for bits in a.text_bits),
    ]
    return Parts(Counter(vision), Counter(step), Counter(text))


def blocks_of(space: Space) -> list[Block]:
    """Every block that some architecture of ``space`` has, each once."""
    c = space.choices
    sides = sorted({s.side for s in space.stems})
    shapes = [{"width": w, "heads": h} for w, h in itertools.product(c.width, c.heads)]
    blocks = [Block(Kind.TRUNK, trunk=s.trunk, image_size=s.image_size) for s in space.stems]
    blocks += [Block(Kind.WORDS, width=w) for w in c.width]
    for bits in c.bits:
        blocks += [Block(Kind.RETRIEVAL, side=s, bits=bits) for s in sides]
        blocks += [
            Block(kind, side=s, width=w, bits=bits) for kind in (Kind.MEMORY, Kind.KEYS) for s in sides for w in c.width
        ]
        blocks += [Block(Kind.TEXT_ENDS, width=w, bits=bits) for w in c.width]
        for shape in shapes:
            blocks += [Block(Kind.CROSS, side=s, bits=bits, **shape) for s in sides]
            blocks += [
                Block(kind, ratio=r, bits=bits, **shape) for kind in (Kind.SELF, Kind.TEXT_LAYER) for r in c.ratio
            ]
    return blocks
