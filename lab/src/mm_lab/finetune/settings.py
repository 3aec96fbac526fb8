"""What a person may choose when fine-tuning, and what of it is possible."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TASKS = ("captioning", "vqa", "retrieval")
"""What can be fine-tuned."""
PARTS = {
    "trunk": (),
    "picture": ("grid_", "class_", "picture_"),
    "decoder": ("position", "blocks.", "norm.", "output_bias"),
    "words": ("embedding.",),
    "search": ("text_", "image_out", "log_scale"),
}
"""Parts that may be frozen, with how their parameters' names start; the trunk is apart from the network."""
READER = (
    '"ocr" is left out: text is read by PP-OCRv6 (PaddleOCR), which is not trained here. '
    "The fine-tuned model reads text as before."
)
_FORMS = {"shards": "train-*.tar", "coco": "annotations/captions_train.json", "vqa": "questions_train.json"}


@dataclass(frozen=True)
class FinetuneSettings:
    """Settings beside data, tasks, epochs and rate. The schedule of :class:`mm_lab.train.run.Run` reads the last ones.

    ``freeze`` names ``PARTS``; ``views`` are random views per photo beside the plain one; ``new_words`` adds words
    that the training texts use at least so many times, 0 adds none.
    """

    freeze: tuple[str, ...] = ("trunk",)
    views: int = 4
    new_words: int = 2
    batch: int = 16
    seed: int = 1
    threads: int = 1
    retrieval_weight: float = 0.3
    label_smoothing: float = 0.1
    trunk_rate_share: float = 0.2
    weight_decay: float = 0.01
    steps: int = 0
    minutes: float = 1e9
    warmup: int = 10
    learning_rate: float = 1e-4
    clip: float = 1.0
    ema: float = 0.98
    checkpoint_minutes: float = 2.0

    def __post_init__(self) -> None:
        """A misspelt part is an error."""
        unknown = sorted(set(self.freeze) - set(PARTS))
        if unknown:
            raise ValueError(f"unknown part {unknown[0]!r}; known: {', '.join(PARTS)}")


def chosen_tasks(tasks: Sequence[str], say: list[str]) -> tuple[str, ...]:
    """The tasks that can be trained; ``say`` gets a message about those that cannot."""
    unknown = [task for task in tasks if task not in (*TASKS, "ocr")]
    if unknown:
        raise ValueError(f"unknown task {unknown[0]!r}; known: {', '.join(TASKS)}")
    if "ocr" in tasks:
        say.append(READER)
    chosen = tuple(task for task in TASKS if task in tasks)
    if not chosen:
        raise ValueError(f"nothing is left to train: {READER}" if "ocr" in tasks else "name at least one task")
    return chosen


def form_of(folder: Path) -> str:
    """The form of a data folder, by the files of its train split (see mm_lab.data.samples)."""
    for form, pattern in _FORMS.items():
        if any(folder.glob(pattern)):
            return form
    if (folder / "train.csv").exists():
        return "csv"
    raise FileNotFoundError(
        f"{folder} holds no training data: expected train.csv with columns image, caption, question, answer, "
        "or train-*.tar shards, or COCO or VQA JSON files"
    )


def fingerprint(settings: FinetuneSettings, data: Path, tasks: Sequence[str], base: str) -> str:
    """Tells runs apart, so that a run is only continued with what it was started with."""
    record = [dataclasses.asdict(settings), str(data.resolve()), list(tasks), base]
    return hashlib.sha256(json.dumps(record).encode()).hexdigest()
