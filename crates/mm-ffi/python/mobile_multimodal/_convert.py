"""Records of the bindings as the package's own."""

from __future__ import annotations

from . import _native
from .results import Answer, Caption, ModelInfo, Notice, Quad, TextPage, TextRegion, WordBox


def page(native: _native.TextPage) -> TextPage:
    """All text of a picture."""
    timings = native.timings
    return TextPage(
        text=native.text,
        width=native.width,
        height=native.height,
        regions=[_region(region) for region in native.regions],
        ms={"detect": timings.detect_ms, "recognize": timings.recognize_ms, "total": timings.total_ms},
    )


def _region(native: _native.TextRegion) -> TextRegion:
    words = [WordBox(word.text, _quad(word.quad), word.confidence) for word in native.words]
    return TextRegion(native.text, _quad(native.quad), native.confidence, words)


def _quad(points: list[_native.Point]) -> Quad:
    return [[point.x, point.y] for point in points]


def caption(native: _native.Caption) -> Caption:
    """A caption."""
    return Caption(
        text=native.text,
        sentence=native.sentence,
        confidence=native.confidence,
        calibrated=native.calibrated,
        words=[(word.text, word.score) for word in native.words],
        ms=_ms(native.timings),
    )


def answer(native: _native.Answer) -> Answer:
    """An answer."""
    return Answer(
        text=native.spoken,
        sure=native.sure,
        guess=None if native.sure else native.text,
        confidence=native.confidence,
        calibrated=native.calibrated,
        kind=native.kind,
        alternatives=[(other.text, other.score) for other in native.alternatives],
        ms=_ms(native.timings),
    )


def _ms(timings: _native.Timings) -> dict[str, float]:
    return {
        "preprocess": timings.preprocess_ms,
        "vision": timings.vision_ms,
        "decode": timings.decode_ms,
        "total": timings.total_ms,
    }


def info(native: _native.ModelInfo) -> ModelInfo:
    """What a model is."""
    return ModelInfo(
        name=native.name,
        version=native.version,
        license=native.license,
        description=native.description,
        path=native.path,
        bundle_bytes=native.bundle_bytes,
        tasks=native.tasks,
        provider=native.provider,
        threads=native.threads,
        runtime=native.runtime,
        library=native.library,
        notices=[Notice(notice.code, notice.reason) for notice in native.notices],
    )
