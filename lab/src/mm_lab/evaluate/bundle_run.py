"""``mm-lab evaluate``: a bundle through a runtime, on data sets by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

from mm_lab.bundle import bundle_digest, read_manifest
from mm_lab.data.corpus import Source
from mm_lab.data.samples import Sample, read_samples
from mm_lab.evaluate.bundle_metrics import ScorerFactory, dataset_metrics
from mm_lab.evaluate.bundle_report import write_report
from mm_lab.evaluate.questions import BlindGuesser
from mm_lab.evaluate.results import ResultsFile, run_photos
from mm_lab.evaluate.runtime import Runtime


def evaluate_bundle(
    bundle: Path,
    sources: Sequence[Source],
    runtime: Runtime,
    out: Path,
    *,
    command: str,
    split: str = "dev",
    limit: int | None = None,
    scorer: ScorerFactory | None = None,
    report: Callable[[str], None],
) -> str:
    """Measures ``split`` of every source; returns the tables.

    Writes ``results.jsonl``, ``metrics.json`` and ``metrics.md`` into ``out``. The blind guesser learns from the
    train split of all sources, where they have one.
    """
    blind = train_guesser(sources)
    file = ResultsFile(out / "results.jsonl", bundle_digest(bundle), runtime.name)
    metrics = {}
    for source in sources:
        samples = read_split(source, split, limit)
        report(f"{source.name}: {len(samples)} photos")
        metrics[source.name] = dataset_metrics(samples, run_photos(runtime, samples, file), blind, scorer)
    manifest = read_manifest(bundle)
    head = {
        "bundle": {"name": manifest.get("name"), "version": manifest.get("version"), "digest": bundle_digest(bundle)},
        "runtime": runtime.name,
        "split": split,
        "limit": limit,
        "command": command,
    }
    return write_report(out, head, metrics)


def read_split(source: Source, split: str, limit: int | None) -> list[Sample]:
    """The first ``limit`` photos of a split."""
    return list(islice(read_samples(source.form, source.location, split, source.name), limit))


def train_guesser(sources: Sequence[Source]) -> BlindGuesser | None:
    """Taught by the written questions of the train splits; None without any."""
    questions = []
    for source in sources:
        try:
            for sample in read_samples(source.form, source.location, "train", source.name):
                questions += sample.questions
        except FileNotFoundError:
            continue
    return BlindGuesser(questions) if questions else None


def coco_scorer() -> ScorerFactory | None:
    """CIDEr and BLEU-4, or None where the caption tools are not installed."""
    try:
        from mm_lab.evaluate.captions import CaptionScorer  # noqa: PLC0415 - needs the [train] extra
    except ImportError:
        return None
    return CaptionScorer
