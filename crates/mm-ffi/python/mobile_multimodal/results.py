"""Results: immutable records that also read like dictionaries, so that `r.text` and `r["text"]` are the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

Quad = list[list[float]]
"""Four corners `[x, y]` in pixels of the upright picture, clockwise from the top left of the text."""


class Record(Mapping[str, Any]):
    """Makes a dataclass readable as a dictionary of its fields."""

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401  (as many types as there are fields)
        """The field called `key`; `KeyError` if there is none."""
        if key in self._names():
            return getattr(self, key)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        """The names of the fields."""
        return iter(self._names())

    def __len__(self) -> int:
        """The number of fields."""
        return len(self._names())

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionaries and lists all the way down, ready for `json.dumps`."""
        return {name: _plain(getattr(self, name)) for name in self._names()}

    def _names(self) -> tuple[str, ...]:
        return tuple(field.name for field in fields(self))  # type: ignore[arg-type]  (every subclass is a dataclass)


def _plain(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, Record):
        return value.as_dict()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


@dataclass(frozen=True)
class WordBox(Record):
    """A word and where it stands."""

    text: str
    """The word, without spaces."""
    bbox: Quad
    """Its corners."""
    confidence: float
    """Mean character probability, 0 to 1."""


@dataclass(frozen=True)
class TextRegion(Record):
    """A line of text and where it stands."""

    text: str
    """The line, words separated by spaces."""
    bbox: Quad
    """Its corners."""
    confidence: float
    """Mean character probability, 0 to 1."""
    words: list[WordBox]
    """Its words from start to end."""


@dataclass(frozen=True)
class TextPage(Record):
    """All text of a picture."""

    text: str
    """The text as a person would type it, one row per line."""
    width: int
    """Width of the picture in pixels."""
    height: int
    """Height of the picture in pixels."""
    regions: list[TextRegion]
    """Lines in reading order."""
    ms: dict[str, float]
    """Milliseconds: `detect`, `recognize`, `total`."""


@dataclass(frozen=True)
class Caption(Record):
    """What a picture shows."""

    text: str
    """Lower-case words, as the model says them."""
    sentence: str
    """The same with a capital first letter."""
    confidence: float
    """How likely it is right, 0 to 1."""
    calibrated: bool
    """Whether `confidence` was fitted to measured correctness; if not, it is the mean word probability."""
    words: list[tuple[str, float]]
    """Each word with the natural logarithm of its probability."""
    ms: dict[str, float]
    """Milliseconds: `preprocess`, `vision`, `decode`, `total`."""


@dataclass(frozen=True)
class Answer(Record):
    """The answer to a question about a picture."""

    text: str
    """The answer, or `not sure` where `sure` is false."""
    sure: bool
    """Whether the confidence reaches the threshold."""
    guess: str | None
    """The best answer where it is not sure; None where it is."""
    confidence: float
    """How likely the best answer is right, 0 to 1."""
    calibrated: bool
    """As of a caption."""
    kind: str
    """What was asked for: `yes/no`, `count`, `color`, `place`, `action` or `object`."""
    alternatives: list[tuple[str, float]]
    """The most probable answers, best first, with their probabilities."""
    ms: dict[str, float]
    """Milliseconds: `preprocess`, `vision`, `decode`, `total`."""


@dataclass(frozen=True)
class Notice(Record):
    """Something to know though work goes on, such as a provider that could not start."""

    code: str
    """Stable, as of errors."""
    message: str
    """For people."""


@dataclass(frozen=True)
class ModelInfo(Record):
    """What a model is and what runs it."""

    name: str
    """Name of the bundle."""
    version: str
    """Version of the bundle."""
    license: str
    """SPDX expression over all files of the bundle."""
    description: str
    """One line for people."""
    path: str
    """The bundle's folder."""
    bundle_bytes: int
    """Size of its files, without the manifest."""
    tasks: list[str]
    """What it can do, of `caption`, `answer`, `embed_image`, `embed_text` and `read_text`."""
    provider: str
    """The provider asked for."""
    threads: int
    """Threads that one operator uses."""
    runtime: str
    """Build of ONNX Runtime in use."""
    library: str
    """Version of the library."""
    notices: list[Notice]
    """Providers that could not start; grows as tasks load their models."""
