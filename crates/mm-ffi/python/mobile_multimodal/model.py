"""The model: opening a bundle, and one method per task."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from . import _convert, _finetune, _locate, _native
from .errors import translated
from .images import ImageInput, to_source
from .picture import CancelToken, Picture, to_array
from .results import Answer, Caption, ModelInfo, TextPage, TextRegion

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

DEFAULT_BUNDLE = "mobile-mm-llm-int2"
"""The bundle that comes with this package."""


class MobileMultiModalLLM:
    """Captions, answers, text and embeddings of pictures, all on this device.

    Pictures may be a path, the bytes of a file, a PIL image, a NumPy array of uint8 as OpenCV reads it (height x width
    x 3 BGR, x 4 BGRA, or grey), or a `Picture` from `open`. Every failure is a `MobileMultiModalError` with a stable
    `code`. Methods may be called from several threads; other Python threads run meanwhile.
    """

    def __init__(self, native: _native.MobileMultiModalModel) -> None:
        self._native = native

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | os.PathLike[str] = DEFAULT_BUNDLE,
        *,
        provider: str = "auto",
        threads: int | None = None,
    ) -> MobileMultiModalLLM:
        """Opens a bundle: a folder, or a name looked up in `$MM_MODELS`, the user's data folder and this package.

        Quick: each task's models are verified and loaded when it is first used.

        Args:
            name_or_path: Name of a bundle, or path of its folder.
            provider: `auto`, `cpu`, `qnn` (Qualcomm NPUs) or `coreml` (Apple); see `info().notices` for fallbacks.
            threads: Threads within one operator; all cores by default.

        Raises:
            MobileMultiModalError: `bundle.*`, or `runtime.provider_unavailable` for a name that is no provider.
        """
        _locate.use_installed_runtime()
        options = _native.OpenOptions(
            provider=provider,
            threads=threads,
            app_data=_locate.app_data(),
            model_folders=_locate.packed_models(),
        )
        with translated():
            return cls(_native.MobileMultiModalModel.from_pretrained(os.fsdecode(name_or_path), options))

    def open(self, image: ImageInput) -> Picture:
        """Decodes a picture once for several tasks, which then also share the vision pass.

        Raises:
            MobileMultiModalError: `image.*`, `frame.invalid` or `file.unreadable`.
        """
        if isinstance(image, Picture):
            return image
        source = to_source(image)
        with translated():
            return Picture(self._native.open(cast("_native.ImageSource", source)))

    def generate_caption(self, image: ImageInput, *, beams: int | None = None) -> str:
        """What the picture shows, as a sentence."""
        return self.caption(image, beams=beams).sentence

    def caption(self, image: ImageInput, *, beams: int | None = None, cancel: CancelToken | None = None) -> Caption:
        """What the picture shows, with confidence and times.

        Args:
            image: The picture.
            beams: Texts kept during the search, 1 (fastest) to 16; the bundle's setting by default.
            cancel: Stops the work from another thread.
        """
        return self.open(image).caption(beams=beams, cancel=cancel)

    def extract_text(self, image: ImageInput) -> list[TextRegion]:
        """The lines of text in reading order, each with `text`, `bbox`, `confidence` and `words`."""
        return self.open(image).extract_text()

    def read_text(self, image: ImageInput) -> TextPage:
        """All text of the picture, with the lines' places and times."""
        return self.open(image).read_text()

    def answer_question(self, image: ImageInput, question: str) -> str:
        """The answer to a question about the picture, or `not sure`."""
        return self.answer(image, question).text

    def answer(
        self,
        image: ImageInput,
        question: str,
        *,
        unsure_below: float | None = None,
        cancel: CancelToken | None = None,
    ) -> Answer:
        """The answer to a question about the picture, with confidence, alternatives and times.

        Args:
            image: The picture.
            question: One short question in English, at most 1,000 characters.
            unsure_below: Answers less sure than this, 0 to 1, are given as `not sure`; the bundle's by default.
            cancel: Stops the work from another thread.

        Raises:
            MobileMultiModalError: `question.empty` or `question.too_long`, besides what all tasks raise.
        """
        return self.open(image).answer(question, unsure_below=unsure_below, cancel=cancel)

    def embed_image(self, image: ImageInput) -> NDArray[float32]:
        """The picture as a point on the unit sphere; its product with `embed_text` says how well the two match."""
        return self.open(image).embed()

    def embed_text(self, text: str) -> NDArray[float32]:
        """A text as a point on the same sphere; `text.empty` if it has no words."""
        with translated():
            return to_array(self._native.embed_text(text))

    def info(self) -> ModelInfo:
        """Name, version, licence, size and tasks of the bundle, and what runs it."""
        with translated():
            return _convert.info(self._native.info())

    def finetune(
        self,
        train_data: str | os.PathLike[str],
        tasks: Sequence[str] = ("captioning", "vqa", "retrieval"),
        epochs: int = 10,
        learning_rate: float = 1e-4,
        *,
        output: str | os.PathLike[str] | None = None,
        progress: _finetune.Progress | None = None,
    ) -> Path:
        """Trains this base checkpoint further on a folder of your own pictures, with the lab's package `mm_lab`.

        Gives back the trained checkpoint; `mm-lab` quantizes it and makes a bundle of it. The task `ocr` is left out
        with a message: the text reader is not trained here.

        Args:
            train_data: Folder with pictures and `train.csv`, or another form that the lab's README lists.
            tasks: Of `captioning`, `vqa`, `retrieval` and `ocr`.
            epochs: Times that every picture is looked at.
            learning_rate: Of the optimiser, AdamW.
            output: Folder of checkpoints and result, where a stopped run goes on; the lab's default is
                `runs/finetune`.
            progress: Called after every step with the steps done, the steps in all, and the loss.

        Raises:
            MobileMultiModalError: `lab.missing` where `mm_lab` is not installed (the text says how to install it),
                `finetune.not_a_base`, `finetune.no_data` or `finetune.invalid`.
        """
        base = Path(self.info().path)
        return _finetune.run(base, train_data, tasks, epochs, learning_rate, output=output, progress=progress)
