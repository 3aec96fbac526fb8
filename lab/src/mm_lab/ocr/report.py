"""Tables of scores and costs."""

from collections.abc import Sequence

import numpy as np

from mm_lab.ocr.dataset import Dataset
from mm_lab.ocr.peers import Run
from mm_lab.ocr.predictions import score
from mm_lab.ocr.score import CropScore, PageScore
from mm_lab.tables import markdown

PAGE_COLUMNS = ["word F1", "precision", "recall", "bag of words F1", "1-NED"]
CROP_COLUMNS = ["accuracy"]


def score_columns(dataset: Dataset) -> list[str]:
    """Names of the scores a data set has."""
    return CROP_COLUMNS if dataset.is_crops else PAGE_COLUMNS


def score_cells(result: PageScore | CropScore) -> list[str]:
    """A score in the order of `score_columns`."""
    if isinstance(result, CropScore):
        return [f"{result.accuracy:.3f}"]
    values = (result.precision, result.recall, result.bag_of_words_f1, result.one_minus_ned)
    return [f"{result.word_f1:.3f}", *(f"{value:.3f}" for value in values)]


def scores_table(dataset: Dataset, result: PageScore | CropScore) -> str:
    """The scores of one data set."""
    header = [f"{dataset.name} ({len(dataset.samples)} pictures)", *score_columns(dataset)]
    return markdown(header, [["", *score_cells(result)]])


def runs_table(dataset: Dataset, runs: Sequence[Run]) -> str:
    """Scores and costs of several programs; ratios say how many times the first one's cost each took."""
    header = [f"{dataset.name} ({len(dataset.samples)} pictures)", *score_columns(dataset)]
    header += ["median ms", "p95 ms", "CPU ms", "time ratio", "CPU ratio"]
    first = runs[0]
    rows: list[list[str]] = []
    for run in runs:
        median = float(np.median(run.ms))
        rows.append(
            [
                run.name,
                *score_cells(score(dataset, run.predictions)),
                f"{median:.0f}",
                f"{np.percentile(run.ms, 95):.0f}",
                f"{run.cpu_ms:.0f}",
                f"{median / float(np.median(first.ms)):.2f}",
                f"{run.cpu_ms / first.cpu_ms:.2f}",
            ]
        )
    notes = [f"{run.name}: {run.note}." for run in runs if run.note]
    return "\n".join([markdown(header, rows), "", *notes])
