"""What a runtime said about every photo, kept line by line so that a stopped evaluation goes on."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from mm_lab.data.samples import Sample
from mm_lab.evaluate.runtime import Picture, Runtime, Said

BEAMS = {"greedy": 1, "beam3": 3}
_CHUNK = 16


@dataclass(frozen=True)
class PhotoResult:
    """Everything said about one photo; ``texts`` are the embeddings of its written captions, row by row."""

    captions: dict[str, Said]
    answers: list[Said]
    embedding: NDArray[np.float32]
    texts: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))


class ResultsFile:
    """``results.jsonl``: a first line that names model (by its digest) and runtime, then one line per photo."""

    def __init__(self, path: Path, digest: str, runtime: str) -> None:
        self._path = path
        self._head = {"bundle": digest, "runtime": runtime}
        self._done: dict[tuple[str, str], PhotoResult] = {}
        if path.exists():
            self._read()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(self._head) + "\n", encoding="utf-8")

    def _read(self) -> None:
        lines = self._path.read_bytes().splitlines(keepends=True)
        if not lines or json.loads(lines[0]) != self._head:
            raise ValueError(f"{self._path} is of another model or runtime; delete it or choose another folder")
        whole = [line for line in lines if line.endswith(b"\n")]
        if len(whole) < len(lines):  # stopped while writing
            self._path.write_bytes(b"".join(whole))
        for line in whole[1:]:
            record = json.loads(line)
            self._done[record["source"], record["key"]] = _from_record(record)

    def get(self, sample: Sample) -> PhotoResult | None:
        """The result of a photo, if it is there."""
        return self._done.get((sample.source, sample.key))

    def add(self, sample: Sample, result: PhotoResult) -> None:
        """Appends the result of a photo."""
        self._done[sample.source, sample.key] = result
        record = {"source": sample.source, "key": sample.key} | _to_record(result)
        with self._path.open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(record) + "\n")


def run_photos(
    runtime: Runtime, samples: Sequence[Sample], file: ResultsFile, *, embed: bool = True
) -> list[PhotoResult]:
    """Results of every photo, in order; those that ``file`` has are not asked for again.

    Without ``embed`` there are captions and answers only.
    """
    missing = [s for s in samples if file.get(s) is None]
    bar = tqdm(total=len(samples), initial=len(samples) - len(missing), unit="photo", disable=None)
    for start in range(0, len(missing), _CHUNK):
        chunk = missing[start : start + _CHUNK]
        for sample, result in zip(chunk, _ask(runtime, chunk, embed), strict=True):
            file.add(sample, result)
        bar.update(len(chunk))
    bar.close()
    return [result for s in samples if (result := file.get(s)) is not None]


def _ask(runtime: Runtime, samples: Sequence[Sample], embed: bool) -> Iterator[PhotoResult]:
    pictures = [Picture(s.key, s.image) for s in samples]
    captions = {name: runtime.captions(pictures, beams) for name, beams in BEAMS.items()}
    asked = [(p, q.text) for p, s in zip(pictures, samples, strict=True) for q in s.questions]
    answers = iter(runtime.answers(asked))
    images = runtime.embed_images(pictures) if embed else np.zeros((len(pictures), 0), np.float32)
    written = [c for s in samples for c in s.captions] if embed else []
    rows = iter(runtime.embed_texts(written)) if written else iter(())
    for number, sample in enumerate(samples):
        own = [next(rows) for _ in sample.captions] if embed else []
        yield PhotoResult(
            {name: said[number] for name, said in captions.items()},
            [next(answers) for _ in sample.questions],
            images[number],
            np.stack(own) if own else np.zeros((0, images.shape[1]), np.float32),
        )


def _to_record(result: PhotoResult) -> dict[str, Any]:
    return {
        "captions": {name: asdict(said) for name, said in result.captions.items()},
        "answers": [asdict(said) for said in result.answers],
        "embedding": _pack(result.embedding),
        "texts": [_pack(row) for row in result.texts],
    }


def _from_record(record: dict[str, Any]) -> PhotoResult:
    embedding = _unpack(record["embedding"])
    texts = [_unpack(row) for row in record["texts"]]
    return PhotoResult(
        {name: Said(**said) for name, said in record["captions"].items()},
        [Said(**said) for said in record["answers"]],
        embedding,
        np.stack(texts) if texts else np.zeros((0, len(embedding)), np.float32),
    )


def _pack(row: NDArray[np.float32]) -> str:
    return base64.b64encode(row.astype("<f4").tobytes()).decode("ascii")


def _unpack(text: str) -> NDArray[np.float32]:
    return np.frombuffer(base64.b64decode(text), "<f4").astype(np.float32)
