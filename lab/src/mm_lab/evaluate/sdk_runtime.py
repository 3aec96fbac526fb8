"""The Python package ``mobile_multimodal`` as a runtime."""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mm_lab.evaluate.runtime import Picture, Said


class SdkRuntime:
    """Calls the SDK with encoded bytes, as an app would."""

    name = "sdk"

    def __init__(self, bundle: Path, *, threads: int | None = None) -> None:
        try:
            package: Any = import_module("mobile_multimodal")
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "the Python package mobile_multimodal is not installed here; install it, or use --runtime cli"
            ) from error
        self._model = package.MobileMultiModalLLM.from_pretrained(str(bundle.resolve()), threads=threads)

    def captions(self, pictures: Sequence[Picture], beams: int) -> list[Said]:
        """See :class:`Runtime`."""
        return [_said(*_timed(lambda p=p: self._model.caption(p.data, beams=beams))) for p in pictures]

    def answers(self, asked: Sequence[tuple[Picture, str]]) -> list[Said]:
        """See :class:`Runtime`."""
        return [_said(*_timed(lambda p=p, q=q: self._model.answer(p.data, q))) for p, q in asked]

    def embed_images(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """See :class:`Runtime`."""
        return np.stack([np.asarray(self._model.embed_image(p.data), np.float32) for p in pictures])

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See :class:`Runtime`."""
        return np.stack([np.asarray(self._model.embed_text(t), np.float32) for t in texts])


def _timed(call: Any) -> tuple[Any, float]:  # noqa: ANN401 - the package has no types to import here
    started = time.perf_counter()
    return call(), (time.perf_counter() - started) * 1000


def _said(result: Any, ms: float) -> Said:  # noqa: ANN401
    sure = bool(getattr(result, "sure", True))
    guess = getattr(result, "guess", None)
    return Said(
        text=result.text if sure else guess or result.text,
        confidence=float(result.confidence),
        calibrated=bool(getattr(result, "calibrated", False)),
        sure=sure,
        ms=ms,
    )
