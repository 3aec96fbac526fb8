"""One loader interface for every data set: an iterator of :class:`Sample`.

Forms read: webdataset shards (``KEY.jpg`` + ``KEY.json`` in tar files), COCO caption
JSON, VQA v2 JSON and a folder with a CSV file.
"""

from __future__ import annotations

import csv
import io
import json
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image


@dataclass(frozen=True)
class Question:
    """A question about a photo and its short answer, as written."""

    text: str
    answer: str


@dataclass(frozen=True)
class Sample:
    """An encoded photo and the words that belong to it."""

    key: str
    source: str
    image: bytes
    captions: tuple[str, ...] = ()
    questions: tuple[Question, ...] = field(default=())

    def pixels(self) -> NDArray[np.uint8]:
        """Decoded photo, RGB, shape (height, width, 3)."""
        return np.asarray(Image.open(io.BytesIO(self.image)).convert("RGB"))


def read_samples(form: str, location: Path, split: str, name: str | None = None) -> Iterator[Sample]:
    """Samples of ``split`` from ``location``, stored as ``form``, in a stable order."""
    readers = {"shards": _shards, "coco": _coco_captions, "vqa": _vqa, "csv": _folder_csv}
    if form not in readers:
        raise ValueError(f"unknown data form {form!r}; known: {', '.join(sorted(readers))}")
    return readers[form](location, split, name or location.name)


def _shards(root: Path, split: str, source: str) -> Iterator[Sample]:
    """``root/SPLIT-NNN.tar`` with members ``KEY.jpg`` and ``KEY.json``."""
    shards = sorted(root.glob(f"{split}-*.tar"))
    if not shards:
        raise FileNotFoundError(f"no {split}-*.tar in {root}")
    for shard in shards:
        parts: dict[str, dict[str, bytes]] = defaultdict(dict)
        with tarfile.open(shard) as tar:
            for member in tar:
                handle = tar.extractfile(member)
                if handle is not None:
                    key, _, suffix = member.name.rpartition(".")
                    parts[key][suffix] = handle.read()
        for key in sorted(parts):
            record = json.loads(parts[key]["json"])
            questions = tuple(Question(q["question"], q["answer"]) for q in record.get("qa", ()))
            yield Sample(key, source, parts[key]["jpg"], tuple(record["captions"]), questions)


def _coco_captions(root: Path, split: str, source: str) -> Iterator[Sample]:
    """``annotations/captions_SPLIT.json`` beside the image folder ``SPLIT/``."""
    record = json.loads((root / "annotations" / f"captions_{split}.json").read_text())
    captions: dict[int, list[str]] = defaultdict(list)
    for note in record["annotations"]:
        captions[note["image_id"]].append(note["caption"])
    for image in sorted(record["images"], key=lambda i: i["id"]):
        data = (root / split / image["file_name"]).read_bytes()
        yield Sample(str(image["id"]), source, data, tuple(captions[image["id"]]))


def _vqa(root: Path, split: str, source: str) -> Iterator[Sample]:
    """VQA v2: ``questions_SPLIT.json``, ``annotations_SPLIT.json`` and COCO-named images in ``SPLIT/``."""
    asked = json.loads((root / f"questions_{split}.json").read_text())["questions"]
    notes = json.loads((root / f"annotations_{split}.json").read_text())["annotations"]
    answers = {n["question_id"]: n["multiple_choice_answer"] for n in notes}
    by_image: dict[int, list[Question]] = defaultdict(list)
    for q in asked:
        by_image[q["image_id"]].append(Question(q["question"], answers[q["question_id"]]))
    for image_id in sorted(by_image):
        data = (root / split / f"COCO_{split}_{image_id:012d}.jpg").read_bytes()
        yield Sample(str(image_id), source, data, (), tuple(by_image[image_id]))


def _folder_csv(root: Path, split: str, source: str) -> Iterator[Sample]:
    """``SPLIT.csv`` with columns image, and caption or question and answer; one row per text."""
    captions: dict[str, list[str]] = defaultdict(list)
    questions: dict[str, list[Question]] = defaultdict(list)
    with (root / f"{split}.csv").open(newline="") as handle:
        for row in csv.DictReader(handle):
            captions[row["image"]] += [row["caption"]] if row.get("caption") else []
            questions[row["image"]] += [Question(row["question"], row["answer"])] if row.get("question") else []
    for image in sorted(set(captions) | set(questions)):
        path = (root / image).resolve()
        if not path.is_relative_to(root.resolve()):
            raise ValueError(f"{split}.csv names {image}, which is outside {root}")
        yield Sample(image, source, path.read_bytes(), tuple(captions[image]), tuple(questions[image]))
