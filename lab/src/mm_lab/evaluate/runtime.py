"""What an evaluation asks of a runtime, so that the same figures can be taken through any of them.

``sdk``        the Python package ``mobile_multimodal`` on the Rust core
``cli``        the ``mm`` command on the Rust core
``reference``  the bundle's ONNX graphs decoded in Python, for comparison and for fitting the confidence
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

RUNTIMES = ("sdk", "cli", "reference")


@dataclass(frozen=True)
class Picture:
    """An encoded photo under the name it has in its data set."""

    key: str
    data: bytes


@dataclass(frozen=True)
class Said:
    """One caption or answer.

    ``text`` is the best guess even when ``sure`` is false; ``ms`` is the whole call, the vision pass included.
    """

    text: str
    confidence: float
    calibrated: bool = False
    sure: bool = True
    ms: float = 0.0


class Runtime(Protocol):
    """Runs a bundle. Results come in the order of what was asked."""

    @property
    def name(self) -> str:
        """One of ``RUNTIMES``."""
        ...

    def captions(self, pictures: Sequence[Picture], beams: int) -> list[Said]:
        """One caption per picture; ``beams`` 1 is greedy."""
        ...

    def answers(self, asked: Sequence[tuple[Picture, str]]) -> list[Said]:
        """One answer per picture and question."""
        ...

    def embed_images(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Unit rows (n, dimensions)."""
        ...

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows (n, dimensions)."""
        ...


def open_runtime(kind: str, bundle: Path, *, mm: Path, threads: int | None = None) -> Runtime:
    """The runtime called ``kind`` on the bundle folder; ``mm`` is the command that ``cli`` runs."""
    if kind == "cli":
        from mm_lab.evaluate.cli_runtime import CliRuntime  # noqa: PLC0415 - only the chosen one is imported

        return CliRuntime(bundle, mm=mm, threads=threads)
    if kind == "sdk":
        from mm_lab.evaluate.sdk_runtime import SdkRuntime  # noqa: PLC0415

        return SdkRuntime(bundle, threads=threads)
    if kind == "reference":
        from mm_lab.evaluate.bundle_graphs import open_bundle_graphs  # noqa: PLC0415
        from mm_lab.evaluate.graph_runtime import GraphRuntime  # noqa: PLC0415

        return GraphRuntime(open_bundle_graphs(bundle, threads=threads))
    raise ValueError(f"unknown runtime {kind!r}; known: {', '.join(RUNTIMES)}")
