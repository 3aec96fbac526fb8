"""Programs that read text, run on the same pictures: the app's command, the reference pipeline, RapidOCR, Tesseract."""

import csv
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mm_lab.ocr.dataset import Dataset, split_at_spaces
from mm_lab.ocr.predictions import Prediction, parse_predictions
from mm_lab.ocr.reader import Reader, load_image
from mm_lab.ocr.types import Image, Region, Word, as_quad

WARM_UP = 3
"""Pictures read before the clock starts, so that every program is timed warm."""


@dataclass(frozen=True)
class Run:
    """What a program read and what it cost.

    `ms` is the time of each picture without decoding it and without starting the program; `cpu_ms` is the processor
    time per picture over all threads, of the same work for programs in this process, of everything for the others.
    """

    name: str
    predictions: list[Prediction]
    ms: list[float]
    cpu_ms: float
    note: str = ""


def run_mm(binary: Path, dataset: Dataset, *, threads: int, options: Sequence[str] = ()) -> Run:
    """Run `mm ocr --json` once over all pictures."""
    command = [str(binary), "ocr", "--json", "--threads", str(threads), *options]
    command += ["--crop"] if dataset.is_crops else []
    before, start = _children_cpu(), time.perf_counter()
    done = subprocess.run(
        [*command, *(str(sample.path) for sample in dataset.samples)], capture_output=True, text=True, check=False
    )
    wall, cpu = time.perf_counter() - start, _children_cpu() - before
    if done.returncode not in (0, 1):  # 1: some pictures failed, and the output says which
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")
    predictions = parse_predictions(done.stdout.splitlines(), dataset.samples)
    ms = [p.ms["total"] - p.ms.get("decode", 0.0) for p in predictions if p.error is None]
    if not ms:  # no bundle or no runtime: not a result to compare
        raise RuntimeError(f"{' '.join(command)} read no picture at all: {done.stderr.strip()}")
    failed = len(predictions) - len(ms)
    count = len(dataset.samples)
    note = f"one process, {wall:.1f} s in all with start and decoding" + (f", {failed} failed" if failed else "")
    return Run("mm", predictions, ms, 1000 * cpu / count, note)


def run_reference(bundle: Path, dataset: Dataset, *, threads: int, max_side: int | None = None) -> Run:
    """Run the reference pipeline with the bundle's models."""
    cv2.setNumThreads(threads)
    reader = Reader(bundle, threads=threads)
    side = max_side or reader.max_side
    if dataset.is_crops:
        return _run_here("reference", dataset, lambda image: [_whole(reader.read_line(image), image)])
    return _run_here("reference", dataset, lambda image: reader.read(image, side), f"longest side {side}")


def run_rapidocr(dataset: Dataset, *, threads: int) -> Run:
    """Run RapidOCR with its default settings; words are its lines split at spaces by number of characters."""
    from rapidocr import RapidOCR  # noqa: PLC0415 (seconds to import, and only this needs it)
    from rapidocr.ch_ppocr_rec import TextRecOutput  # noqa: PLC0415
    from rapidocr.utils.output import RapidOCROutput  # noqa: PLC0415

    cv2.setNumThreads(threads)
    engine = RapidOCR(params={"EngineConfig.onnxruntime.intra_op_num_threads": threads, "Global.log_level": "error"})

    def page(image: Image) -> list[Region]:
        found = engine(image)
        if not isinstance(found, RapidOCROutput) or found.boxes is None or not found.txts or not found.scores:
            return []
        lines = zip(found.txts, (as_quad(box) for box in found.boxes), found.scores, strict=True)
        return [Region(text, quad, float(score), split_at_spaces(text, quad)) for text, quad, score in lines]

    def line(image: Image) -> list[Region]:
        found = engine(image, use_det=False)
        texts = found.txts if isinstance(found, TextRecOutput) else None
        return [_whole(texts[0] if texts else "", image)]

    return _run_here("rapidocr", dataset, line if dataset.is_crops else page, "its default settings")


def run_tesseract(dataset: Dataset, *, threads: int) -> Run:
    """Run the `tesseract` command on each picture; the time it takes to start, on an empty picture, is taken off."""
    program = shutil.which("tesseract")
    if program is None:
        raise RuntimeError("tesseract is not installed (Debian: apt install tesseract-ocr)")
    mode = "8" if dataset.is_crops else "3"  # one word | find everything

    def read(path: Path) -> tuple[list[Region], float, float]:
        before, start = _children_cpu(), time.perf_counter()
        done = subprocess.run(
            [program, str(path), "stdout", "-l", "eng", "--psm", mode, "tsv"],
            capture_output=True,
            text=True,
            check=False,
            env={"OMP_THREAD_LIMIT": str(threads), "LC_ALL": "C.UTF-8"},
        )
        return _tsv(done.stdout), 1000 * (time.perf_counter() - start), 1000 * (_children_cpu() - before)

    with tempfile.TemporaryDirectory() as folder:
        blank = Path(folder) / "blank.png"
        cv2.imwrite(str(blank), np.full((32, 32, 3), 255, np.uint8))
        starts = [read(blank)[1:] for _ in range(WARM_UP + 2)]
    start_ms, start_cpu = (float(np.median(column)) for column in zip(*starts, strict=True))
    results = [read(sample.path) for sample in dataset.samples]
    return Run(
        "tesseract",
        [Prediction(regions) for regions, _, _ in results],
        [max(0.0, ms - start_ms) for _, ms, _ in results],
        max(0.0, float(np.mean([cpu for _, _, cpu in results])) - start_cpu),
        f"eng, one process per picture, {start_ms:.0f} ms of start taken off, decoding included",
    )


def _run_here(name: str, dataset: Dataset, read: Callable[[Image], list[Region]], note: str = "") -> Run:
    """Time `read` on every picture in this process."""
    images = [load_image(sample.path) for sample in dataset.samples]
    for image in images[:WARM_UP]:
        read(image)
    predictions: list[Prediction] = []
    ms: list[float] = []
    cpu = time.process_time()
    for image in images:
        start = time.perf_counter()
        regions = read(image)
        ms.append(1000 * (time.perf_counter() - start))
        predictions.append(Prediction(regions))
    return Run(name, predictions, ms, 1000 * (time.process_time() - cpu) / len(images), note)


def _tsv(text: str) -> list[Region]:
    """Words (level 5) of Tesseract's table."""
    regions: list[Region] = []
    for row in csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        if row["level"] == "5" and row["text"].strip():
            x, y, w, h = (float(row[key]) for key in ("left", "top", "width", "height"))
            quad = as_quad([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])
            regions.append(Region(row["text"], quad, float(row["conf"]) / 100, [Word(row["text"], quad)]))
    return regions


def _whole(text: str, image: Image) -> Region:
    height, width = image.shape[:2]
    return Region(text, as_quad([[0, 0], [width, 0], [width, height], [0, height]]), 1.0)


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
