"""What the bundle says about pictures that may be shown, for the model card."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from mm_lab.evaluate.runtime import Picture, Runtime, Said


@dataclass(frozen=True)
class Example:
    """A picture, what it shows, what was said; ``answers`` come with their questions, ``comment`` is a person's."""

    picture: str
    truth: str
    caption: Said
    answers: tuple[tuple[str, Said], ...]
    comment: str


def run_examples(listing: Path, root: Path, runtime: Runtime) -> list[Example]:
    """Asks ``runtime`` about ``[{"picture", "truth", "questions"?, "comment"?}]``; paths are relative to ``root``."""
    found = []
    for record in json.loads(listing.read_text(encoding="utf-8")):
        picture = Picture(record["picture"], (root / record["picture"]).read_bytes())
        questions = record.get("questions", [])
        answers = runtime.answers([(picture, q) for q in questions])
        found.append(
            Example(
                record["picture"],
                record["truth"],
                runtime.captions([picture], 3)[0],
                tuple(zip(questions, answers, strict=True)),
                record.get("comment", ""),
            )
        )
    return found
