"""The ``mm`` command as a runtime: pictures go in as files, one JSON object per result comes out."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mm_lab.evaluate.runtime import Picture, Said


class CliRuntime:
    """Runs ``mm``; a failing picture ends the evaluation, since a figure over fewer photos would mislead."""

    name = "cli"

    def __init__(self, bundle: Path, *, mm: Path, threads: int | None = None) -> None:
        self._mm = mm
        self._options = ["--json", "--model", str(bundle.resolve())]
        self._options += ["--threads", str(threads)] if threads else []

    def captions(self, pictures: Sequence[Picture], beams: int) -> list[Said]:
        """See :class:`Runtime`."""
        with tempfile.TemporaryDirectory() as folder:
            files = _write(pictures, Path(folder))
            return [_said(r, "caption") for r in self._run(["caption", "--beams", str(beams), *files], len(files))]

    def answers(self, asked: Sequence[tuple[Picture, str]]) -> list[Said]:
        """See :class:`Runtime`."""
        if not asked:
            return []
        with tempfile.TemporaryDirectory() as folder:
            files = _write([picture for picture, _ in asked], Path(folder))
            lines = [
                json.dumps({"image": file, "question": question})
                for file, (_, question) in zip(files, asked, strict=True)
            ]
            batch = Path(folder) / "questions.jsonl"
            batch.write_text("\n".join(lines) + "\n", encoding="utf-8")
            return [_said(r, "answer") for r in self._run(["ask", "--batch", str(batch)], len(asked))]

    def embed_images(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """See :class:`Runtime`."""
        with tempfile.TemporaryDirectory() as folder:
            files = _write(pictures, Path(folder))
            return _rows(self._run(["embed", *files], len(files)))

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See :class:`Runtime`."""
        return _rows(self._run(["embed", *(f"--text={text}" for text in texts)], len(texts)))

    def _run(self, words: list[str], expected: int) -> list[dict[str, Any]]:
        command = [str(self._mm), *words[:1], *self._options, *words[1:]]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        records = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
        failed = next((r for r in records if "error" in r), None)
        if failed:
            raise RuntimeError(f"mm {words[0]}: {failed['error'].get('code')}: {failed['error'].get('message')}")
        if done.returncode or len(records) != expected:
            raise RuntimeError(
                f"mm {words[0]} ended with {done.returncode} and {len(records)} of {expected} results: "
                f"{done.stderr.strip()[-500:]}"
            )
        return records


def _write(pictures: Sequence[Picture], folder: Path) -> list[str]:
    """Each picture once, however often it is asked about."""
    paths: dict[str, str] = {}
    for picture in pictures:
        if picture.key not in paths:
            path = folder / f"{len(paths):05d}.jpg"  # the decoder goes by content, not by the ending
            path.write_bytes(picture.data)
            paths[picture.key] = str(path)
    return [paths[p.key] for p in pictures]


def _said(record: dict[str, Any], field: str) -> Said:
    sure = bool(record.get("sure", True))
    ms = record.get("ms", 0.0)
    return Said(
        text=record[field] if sure else record.get("guess") or record[field],
        confidence=float(record["confidence"]),
        calibrated=bool(record.get("calibrated", False)),
        sure=sure,
        ms=float(sum(v for k, v in ms.items() if k != "total") if isinstance(ms, dict) else ms),
    )


def _rows(records: list[dict[str, Any]]) -> NDArray[np.float32]:
    return np.array([r["embedding"] for r in records], np.float32)
