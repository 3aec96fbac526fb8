"""``mm-lab bundle``: checks the parts, measures nothing itself, writes figures, description and card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mm_lab.bundle import (
    BundleInfo,
    BundlePart,
    bundle_digest,
    check_files,
    join_licenses,
    read_manifest,
    write_manifest,
    write_part,
)
from mm_lab.evaluate.runtime import Runtime
from mm_lab.release.card import CardFacts, write_card
from mm_lab.release.examples import run_examples
from mm_lab.release.figures import bundle_metrics, read_evaluation, read_figures
from mm_lab.release.training_log import read_training_log

MAX_BYTES = 35_000_000
CARD = "MODEL_CARD.md"
_CARD_LICENSE = "MIT"
NEEDED = (
    "ocr-detector",
    "ocr-recognizer",
    "ocr-characters",
    "vision",
    "decoder",
    "text",
    "tokenizer",
    "license",
    "notice",
)
INFO = BundleInfo(
    name="mobile-mm-llm-int2",
    version="0.5.0",
    description="Captions, answers, photo search and text reading on the device; two-bit linears, int8 elsewhere.",
)


def finish_bundle(
    bundle: Path,
    card: Path,
    *,
    evaluation: Path | None = None,
    figures: Sequence[Path] = (),
    training_log: Path | None = None,
    examples: Path | None = None,
    root: Path = Path(),
    base: Path | None = None,
    runtime_on: Callable[[Path], Runtime] | None = None,
    info: BundleInfo = INFO,
) -> dict[str, Any]:
    """Writes the card beside and into the bundle, the figures into its manifest; returns the manifest.

    A missing part, a damaged file, figures of another bundle or more than ``MAX_BYTES`` are errors. ``examples`` are
    asked through ``runtime_on``. ``card`` links pictures relative to ``root``.
    """
    check_files(bundle)
    before = read_manifest(bundle)
    roles = {entry["role"] for entry in before["files"]}
    missing = [role for role in NEEDED if role not in roles]
    if missing:
        raise ValueError(f"{bundle} has no {missing[0]}; run mm-lab import-ocr and mm-lab export onnx first")
    digest = bundle_digest(bundle)
    measured = read_evaluation(evaluation, digest) if evaluation else None
    others = read_figures(figures)
    shown = run_examples(examples, root, runtime_on(bundle)) if examples and runtime_on else []
    facts = CardFacts(
        before
        | {"name": info.name, "version": info.version, "license": join_licenses([before["license"], _CARD_LICENSE])},
        bundle,
        measured,
        others,
        read_training_log(training_log),
        shown,
        read_manifest(base) if base and base.exists() else None,
    )
    inside = write_card(facts, pictures=None).encode()
    write_part(
        bundle, info, BundlePart("card", _CARD_LICENSE, {CARD: ("card", inside)}, {}, {"command": "mm-lab bundle"})
    )
    manifest = read_manifest(bundle)
    manifest["metrics"] = bundle_metrics(measured, others)
    write_manifest(bundle, manifest)
    total = sum(path.stat().st_size for path in bundle.iterdir())
    if total >= MAX_BYTES:
        raise ValueError(f"the bundle has {total:,} bytes, the limit is {MAX_BYTES:,}")
    up = "/".join([".."] * len(card.resolve().parent.relative_to(root.resolve()).parts)) or "."
    card.write_text(write_card(facts, pictures=up), encoding="utf-8", newline="\n")
    return manifest
