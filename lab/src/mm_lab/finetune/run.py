"""The fine-tuning loop: a few epochs from a finished model, on a folder of photos."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mm_lab.data.corpus import Corpus, build_corpus
from mm_lab.data.extract import trunk_features
from mm_lab.data.features import CacheSettings, build_cache, mark_trunk
from mm_lab.data.packing import PackSettings, pack_photos
from mm_lab.data.questions import RuleSettings
from mm_lab.data.samples import Sample, read_samples
from mm_lab.evaluate.reference import pad_rows
from mm_lab.finetune.settings import PARTS, FinetuneSettings, chosen_tasks, fingerprint, form_of
from mm_lab.finetune.words import quicken, settle, unknown_words, with_words
from mm_lab.model.network import Network, pool_grid
from mm_lab.release.base import load_any
from mm_lab.train.checkpoint import Model, save_model, trunk_fingerprint
from mm_lab.train.losses import contrast, packed_loss
from mm_lab.train.pictures import Pictures, Rows, open_pictures, trunk_parameters
from mm_lab.train.run import Curves, Run

BASE = Path("models/mobile-mm-llm-base")
Progress = Callable[[int, int, float], None]
"""Called after every step with the steps done, the steps in all, and the loss."""

_TEXT_TOKENS = 18
_CURVE_EVERY = 10


def finetune(
    train_data: Path | str,
    tasks: Sequence[str] = ("captioning", "vqa", "retrieval"),
    epochs: int = 10,
    learning_rate: float = 1e-4,
    output: Path | str = "runs/finetune",
    progress: Progress | None = None,
    *,
    base: Path | str = BASE,
    settings: FinetuneSettings | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Path:
    """Trains ``base`` on the folder ``train_data`` and returns the path of the new ``model.pt`` in ``output``.

    The folder holds ``train.csv`` (columns image, caption, question, answer) beside its pictures, or any form of
    :mod:`mm_lab.data.samples`. A ``dev`` split, where there is one, is measured before and after. A stopped run
    continues when it is called again with the same settings. The task "ocr" is answered with a message: the text
    reader is not trained here. Raises ``ValueError`` for unknown tasks, ``FileNotFoundError`` without data.
    """
    said: list[str] = []
    chosen = chosen_tasks(tasks, said)
    for message in said:
        report(message)
    settings = dataclasses.replace(settings or FinetuneSettings(), learning_rate=learning_rate)
    folder, out = Path(train_data), Path(output)
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    job = _Job(folder, chosen, out, Path(base), settings, report)
    settings = dataclasses.replace(settings, steps=max(1, epochs) * math.ceil(len(job.corpus.train) / settings.batch))
    _claim(out, fingerprint(settings, folder, chosen, trunk_fingerprint(job.network.state_dict())))
    return job.run(settings, progress)


def _claim(out: Path, mark: str) -> None:
    """Refuses to continue a run that was started with something else."""
    path = out / "settings.txt"
    if (out / "state.pt").exists() and (not path.exists() or path.read_text().strip() != mark):
        raise ValueError(f"{out} holds a run with other data or settings; choose another folder or delete it")
    path.write_text(mark + "\n")


class _Job:
    """Data, network and pictures of one run."""

    def __init__(
        self,
        folder: Path,
        tasks: tuple[str, ...],
        out: Path,
        base: Path,
        settings: FinetuneSettings,
        report: Callable[[str], None],
    ) -> None:
        self.tasks, self.out, self.report = tasks, out, report
        samples = _read(folder, tasks)
        started = load_any(base)
        if started.two_bit:
            raise ValueError(f"{base} is a two-bit model; fine-tune the float model and quantize it again")
        added = unknown_words(samples["train"], started.vocabulary, settings.new_words)
        if added:
            report(f"{len(added)} new words: {', '.join(added[:10])}{', ..' if len(added) > 10 else ''}")
        self.model = with_words(started, added)
        self.network: Network = self.model.network
        self.added = len(added)
        self.corpus = _corpus(samples, self.model, tasks)
        self.pictures = _pictures(samples, self.corpus, self.model, out / "cache", settings, report)
        captions = 3 if "captioning" in tasks else 0
        self.pack = PackSettings(captions=captions, made_share=1.0)
        report(f"{len(samples['train'])} photos to train on, {len(samples['dev'])} to measure on")

    def run(self, settings: FinetuneSettings, progress: Progress | None) -> Path:
        """Trains to the end of the schedule and saves the averaged weights."""
        modules = nn.ModuleDict({"network": self.network})
        if self.pictures.trunk is not None:
            modules["trunk"] = self.pictures.trunk
        groups = _groups(self.network, settings, self.tasks, self.added)
        tuned = list(trunk_parameters(self.pictures))
        if tuned:
            groups.append({"params": tuned, "weight_decay": 0.0, "share": settings.trunk_rate_share})
        before = self.measure(settings)
        run = Run(self.out, modules, groups, settings, np.random.default_rng(settings.seed))
        curves = Curves(self.out, self.report)
        started = time.monotonic()
        for step, rows in zip(run.steps(), self._batches(run, settings), strict=False):
            self.network.train()
            loss = self._loss(rows, run.rng, random.Random(f"{settings.seed}:{step}"), settings)
            run.descend(loss)
            if progress:
                progress(step + 1, settings.steps, loss.item())
            if (step + 1) % _CURVE_EVERY == 0:
                curves.write(run.progress, {"loss": loss.item()})
        run.average.swap()
        settle(self.network)
        after = self.measure(settings)
        curves.write(run.progress, {"words-loss-before": before, "words-loss": after})
        minutes = round((time.monotonic() - started) / 60, 2)
        notes = {
            "stage": "finetune", "tasks": ", ".join(self.tasks), "minutes": minutes, "words-loss-before": before,
            "words-loss": after, "origin": self.model.notes,
        }  # fmt: skip
        trunk = self.pictures.trunk.state_dict() if self.pictures.trunk is not None else self.model.trunk
        save_model(self.out / "model.pt", Model(self.network.eval(), self.model.vocabulary, notes, trunk))
        self.report(f"loss per word {before:.3f} before, {after:.3f} after; {self.out / 'model.pt'}")
        return self.out / "model.pt"

    def _batches(self, run: Run, settings: FinetuneSettings) -> Iterator[Rows]:
        order: Rows = np.zeros(0, np.int64)
        while True:
            if not len(order):
                order = run.rng.permutation(len(self.corpus.train))
            rows, order = np.sort(order[: settings.batch]), order[settings.batch :]
            yield rows

    def _loss(self, rows: Rows, rng: np.random.Generator, texts: random.Random, settings: FinetuneSettings) -> Tensor:
        grids, mirrored = self.pictures.batch(rows, rng)
        photos = [self.corpus.train[r] for r in rows]
        loss = grids.new_zeros(())
        if {"captioning", "vqa"} & set(self.tasks):
            packed = pack_photos(self.corpus, photos, mirrored, texts, self.pack)
            if packed.weights.any():
                memory = self.network.picture(grids)
                loss = loss + packed_loss(self.network, memory, packed, smoothing=settings.label_smoothing)
        captioned = [i for i, photo in enumerate(photos) if photo.captions]
        if "retrieval" in self.tasks and len(captioned) > 1:
            tokens = [self.corpus.caption_tokens(texts.choice(photos[i].captions), mirrored[i]) for i in captioned]
            image = self.network.embed_pooled(pool_grid(grids[captioned]))
            text = self.network.embed_text(pad_rows(tokens, _TEXT_TOKENS))
            loss = loss + settings.retrieval_weight * contrast(image, text, self.network.log_scale_text)
        return loss if loss.requires_grad else loss + 0 * self.network.output_bias.sum()

    @torch.no_grad()
    def measure(self, settings: FinetuneSettings) -> float:
        """Cross-entropy per word of all captions and answers on plain dev photos (on train photos without any)."""
        photos = self.corpus.dev or self.corpus.train
        training = self.network.training
        self.network.eval()
        losses = []
        pack = dataclasses.replace(self.pack, captions=5, row_tokens=128, token_dropout=0.0)
        for start in range(0, len(photos), settings.batch):
            rows = np.arange(start, min(start + settings.batch, len(photos)))
            packed = pack_photos(
                self.corpus, [photos[r] for r in rows], [False] * len(rows), random.Random(start), pack
            )
            if packed.weights.any():
                grids = self.pictures.dev(rows if self.corpus.dev else rows - len(self.corpus.train))
                losses.append(packed_loss(self.network, self.network.picture(grids), packed, smoothing=0.0).item())
        self.network.train(training)
        return round(float(np.mean(losses)), 4) if losses else 0.0


def _read(folder: Path, tasks: tuple[str, ...]) -> dict[str, list[Sample]]:
    """Samples of the train and, where there is one, the dev split that have texts for the tasks."""
    form = form_of(folder)
    found = {"train": list(read_samples(form, folder, "train")), "dev": []}
    with contextlib.suppress(FileNotFoundError):
        found["dev"] = list(read_samples(form, folder, "dev"))
    useful = {
        split: [s for s in samples if s.captions or ("vqa" in tasks and s.questions)]
        for split, samples in found.items()
    }
    if not useful["train"]:
        raise ValueError(f"{folder}: no photo has a text for {', '.join(tasks)}")
    return useful


def _corpus(samples: dict[str, list[Sample]], model: Model, tasks: tuple[str, ...]) -> Corpus:
    corpus = build_corpus(samples, 1, RuleSettings(), model.vocabulary)
    if "vqa" in tasks:
        return corpus
    train, dev = ([dataclasses.replace(p, written=(), made=()) for p in split] for split in (corpus.train, corpus.dev))
    return Corpus(train, dev, corpus.vocabulary)


def _pictures(
    samples: dict[str, list[Sample]],
    corpus: Corpus,
    model: Model,
    cache: Path,
    settings: FinetuneSettings,
    report: Callable[[str], None],
) -> Pictures:
    trunk = model.open_trunk()
    mark_trunk(cache, trunk_fingerprint(model.trunk))
    size = model.network.config.image_size
    views = CacheSettings(cache, size, random_views=settings.views, seed=settings.seed)
    build_cache(samples, trunk_features(trunk, views.batch, cache, settings.threads), views, report)
    return open_pictures(
        "grids" if "trunk" in settings.freeze else "middles",
        corpus,
        samples,
        cache=cache,
        open_trunk=model.open_trunk,
        views=views.views,
        device=torch.device("cpu"),
    )


def _groups(
    network: Network, settings: FinetuneSettings, tasks: tuple[str, ...], added: int
) -> list[dict[str, object]]:
    """Parameters that train. New words always do; old ones stay where a task that is not trained relies on them."""
    freeze = set(settings.freeze)
    if "retrieval" not in tasks:
        freeze |= {"words", "search"}
    elif len(tasks) == 1:
        freeze |= {"words", "picture", "decoder"}
    frozen = tuple(start for part in freeze for start in PARTS[part])
    quick = quicken(network, added)
    known = {id(parameter) for parameter in quick}
    decayed: list[nn.Parameter] = []
    plain = list(quick)
    for name, parameter in network.named_parameters():
        if id(parameter) in known:
            continue
        if frozen and name.removeprefix("parametrizations.").startswith(frozen):
            parameter.requires_grad_(False)
        else:
            (decayed if parameter.ndim > 1 and "position" not in name else plain).append(parameter)
    groups = [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]
