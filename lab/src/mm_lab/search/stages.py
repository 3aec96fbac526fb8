"""Names of the stages of ``mm-lab search``."""

from enum import StrEnum


class Stage(StrEnum):
    """What to run."""

    ALL = "all"
    """``table``, ``supernet`` and ``evolve``."""
    TABLE = "table"
    """Time the blocks."""
    CHECK = "check"
    """Compare sums of blocks with whole graphs."""
    BLOCKS = "blocks"
    """Write the blocks and an empty table, to be timed elsewhere."""
    SUPERNET = "supernet"
    """Train the shared weights."""
    EVOLVE = "evolve"
    """Search with the shared weights as they are."""
