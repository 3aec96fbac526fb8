"""What `mm ocr --json` printed, brought together with a data set."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from mm_lab.ocr.dataset import Dataset, Sample
from mm_lab.ocr.score import CropScore, PageScore, score_crops, score_pages
from mm_lab.ocr.types import Region, Word


@dataclass(frozen=True)
class Prediction:
    """What was read in one picture; `error` is the code of the failure, when it failed."""

    regions: list[Region] = field(default_factory=list[Region])
    ms: dict[str, float] = field(default_factory=dict[str, float])
    error: str | None = None

    @property
    def words(self) -> list[Word]:
        """All words of all regions; a region that lists none counts as one word."""
        return [word for r in self.regions for word in (r.words or [Word(r.text, r.quad)])]

    @property
    def text(self) -> str:
        """The texts of all regions."""
        return " ".join(region.text for region in self.regions)


def parse_predictions(lines: Sequence[str], samples: Sequence[Sample]) -> list[Prediction]:
    """Predictions in the order of `samples`; each sample needs one, found by the end of its path."""
    by_path: dict[tuple[str, ...], Prediction] = {}
    for line in lines:
        if line.strip():
            entry: dict[str, Any] = json.loads(line)
            by_path[PurePath(entry["image"]).parts] = _prediction(entry)
    found: list[Prediction] = []
    for sample in samples:
        tail = PurePath(sample.image).parts
        same = [prediction for parts, prediction in by_path.items() if parts[-len(tail) :] == tail]
        if len(same) != 1:
            raise ValueError(f"{len(same)} predictions for {sample.image}, expected one")
        found += same
    return found


def score(dataset: Dataset, predictions: Sequence[Prediction]) -> PageScore | CropScore:
    """Score a data set of pages or of word crops; a picture that failed counts as read empty."""
    if dataset.is_crops:
        return score_crops(dataset.samples, [prediction.text for prediction in predictions])
    return score_pages(dataset.samples, [prediction.words for prediction in predictions])


def _prediction(entry: dict[str, Any]) -> Prediction:
    if "error" in entry:
        return Prediction(error=entry["error"]["code"])
    ms = {stage: float(value) for stage, value in entry.get("ms", {}).items()}
    return Prediction([Region.from_json(region) for region in entry["regions"]], ms)
