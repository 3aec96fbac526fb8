"""One picture, decoded once and passed through the vision part once, whatever is asked about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _convert, _native
from .errors import translated
from .results import Answer, Caption, TextPage, TextRegion

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray


class CancelToken:
    """Stops a caption or an answer from another thread; it then ends with the code `task.cancelled`."""

    def __init__(self) -> None:
        self._native = _native.CancelToken()

    def cancel(self) -> None:
        """Asks the work to stop after the word it is at. Cannot be taken back."""
        self._native.cancel()

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._native.is_cancelled()


class Picture:
    """A picture opened by a model. Made by `MobileMultiModalLLM.open`; may be used from several threads."""

    def __init__(self, native: _native.Picture) -> None:
        self._native = native

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, upright."""
        return self._native.width(), self._native.height()

    def caption(self, *, beams: int | None = None, cancel: CancelToken | None = None) -> Caption:
        """Says in a sentence what the picture shows; see `MobileMultiModalLLM.caption`."""
        options = _native.CaptionOptions(beams=beams)
        with translated():
            return _convert.caption(self._native.caption(options, cancel._native if cancel else None))

    def answer(self, question: str, *, unsure_below: float | None = None, cancel: CancelToken | None = None) -> Answer:
        """Answers a question about the picture; see `MobileMultiModalLLM.answer`."""
        options = _native.AnswerOptions(unsure_below=unsure_below)
        with translated():
            return _convert.answer(self._native.answer(question, options, cancel._native if cancel else None))

    def read_text(self) -> TextPage:
        """All text of the picture, with the lines' places."""
        with translated():
            return _convert.page(self._native.read_text())

    def extract_text(self) -> list[TextRegion]:
        """The lines of text in reading order; empty if there is none."""
        return self.read_text().regions

    def embed(self) -> NDArray[float32]:
        """The picture as a point on the unit sphere, near texts that say what it shows."""
        with translated():
            return to_array(self._native.embed())


def to_array(values: list[float]) -> NDArray[float32]:
    """`values` as NumPy has them."""
    import numpy as np  # noqa: PLC0415  (onnxruntime brings it; importing it takes longer than this package)

    return np.asarray(values, dtype=np.float32)
