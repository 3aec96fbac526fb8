"""Commands that measure, calibrate, verify, release and fine-tune a model; each imports what it needs."""

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

_BUNDLE = Path("models/mobile-mm-llm-int2")


def add_model_commands(app: typer.Typer) -> None:
    """Add these commands to the ``mm-lab`` command."""
    app.command("evaluate")(evaluate_command)
    app.command("calibrate")(calibrate_command)
    app.command("verify")(verify_command)
    app.command("finetune")(finetune_command)
    app.command("average")(average_command)
    app.command("narrow")(narrow_command)
    app.command("bundle")(bundle_command)
    release = typer.Typer(help="Write what is given to users.", no_args_is_help=True)
    release.command("base")(release_base_command)
    app.add_typer(release, name="release")


def evaluate_command(
    data: Annotated[Path, typer.Option(help="Data sets (JSON): a list of sources, or a training run's settings.")],
    model: Annotated[Path, typer.Option(help="Bundle folder to measure.")] = _BUNDLE,
    dataset: Annotated[list[str] | None, typer.Option(help="Only these of the data sets; may be repeated.")] = None,
    runtime: Annotated[str, typer.Option(help="sdk (Python package), cli (mm) or reference (Python).")] = "sdk",
    mm: Annotated[Path, typer.Option(help="The mm command, for --runtime cli.")] = Path("target/release/mm"),
    out: Annotated[Path, typer.Option(help="Folder for results.jsonl, metrics.json and metrics.md.")] = Path(
        "runs/evaluate"
    ),
    split: Annotated[str, typer.Option(help="Split to measure.")] = "dev",
    limit: Annotated[int | None, typer.Option(help="At most so many photos of each data set.")] = None,
    threads: Annotated[int | None, typer.Option(help="Threads per operator (the runtime's default).")] = None,
) -> None:
    """Measure a bundle through the shipping runtime; a stopped evaluation goes on where it was."""
    from mm_lab.data.sources import read_sources
    from mm_lab.evaluate.bundle_run import coco_scorer, evaluate_bundle
    from mm_lab.evaluate.runtime import open_runtime

    text = evaluate_bundle(
        model,
        read_sources(data, dataset or []),
        open_runtime(runtime, model, mm=mm, threads=threads),
        out,
        command=_command(),
        split=split,
        limit=limit,
        scorer=coco_scorer(),
        report=typer.echo,
    )
    typer.echo(text)


def calibrate_command(
    data: Annotated[Path, typer.Option(help="Data sets (JSON): a list of sources, or a training run's settings.")],
    model: Annotated[Path, typer.Option(help="Bundle folder whose manifest gets the confidence.")] = _BUNDLE,
    dataset: Annotated[list[str] | None, typer.Option(help="Only these of the data sets; may be repeated.")] = None,
    runtime: Annotated[str, typer.Option(help="sdk, cli or reference.")] = "sdk",
    mm: Annotated[Path, typer.Option(help="The mm command, for --runtime cli.")] = Path("target/release/mm"),
    out: Annotated[Path, typer.Option(help="Folder for what the runtime said.")] = Path("runs/calibrate"),
    split: Annotated[str, typer.Option(help="Split to fit on.")] = "dev",
    limit: Annotated[int | None, typer.Option(help="At most so many photos of each data set.")] = None,
    folds: Annotated[int, typer.Option(min=2, help="Folds of the cross-fitted errors.")] = 5,
    threads: Annotated[int | None, typer.Option(help="Threads per operator (the runtime's default).")] = None,
) -> None:
    """Fit the confidence of captions and answers and write it into the bundle's manifest."""
    from mm_lab.data.sources import read_sources
    from mm_lab.evaluate.fit import calibrate_bundle
    from mm_lab.evaluate.runtime import open_runtime

    found = calibrate_bundle(
        model,
        read_sources(data, dataset or []),
        lambda bundle: open_runtime(runtime, bundle, mm=mm, threads=threads),
        out,
        command=_command(),
        split=split,
        limit=limit,
        folds=folds,
        report=typer.echo,
    )
    typer.echo(json.dumps(found, indent=2))


def verify_command(
    original: Annotated[Path, typer.Option(help="Float checkpoint (model.pt) or base checkpoint (folder).")],
    quantized: Annotated[Path, typer.Option(help="Bundle folder or two-bit checkpoint (model.pt).")],
    test_data: Annotated[Path, typer.Option(help="Data sets (JSON): a list of sources, or a run's settings.")],
    dataset: Annotated[list[str] | None, typer.Option(help="Only these of the data sets; may be repeated.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for verify.json and verify.md.")] = Path("runs/verify"),
    split: Annotated[str, typer.Option(help="Split to compare on.")] = "dev",
    limit: Annotated[int | None, typer.Option(help="At most so many photos of each data set.")] = None,
    most_cider_loss: Annotated[float | None, typer.Option(help="Fail when beam CIDEr falls by more.")] = None,
    most_exact_loss: Annotated[float | None, typer.Option(help="Fail when exact answers fall by more points.")] = None,
    least_same_captions: Annotated[float | None, typer.Option(help="Fail below this percent of same captions.")] = None,
    least_logits_snr: Annotated[float | None, typer.Option(help="Fail below this SNR of the scores, in dB.")] = None,
) -> None:
    """Compare a quantized model with its original: weights, outputs, texts, task metrics. Exit 1 beyond a limit."""
    from mm_lab.data.sources import read_sources
    from mm_lab.evaluate.bundle_run import coco_scorer
    from mm_lab.verify.run import Limits, verify

    verdict = verify(
        original,
        quantized,
        read_sources(test_data, dataset or []),
        out,
        limits=Limits(most_cider_loss, most_exact_loss, least_same_captions, least_logits_snr),
        split=split,
        limit=limit,
        scorer=coco_scorer(),
        command=_command(),
        report=typer.echo,
    )
    typer.echo(verdict.text)
    for line in verdict.broken:
        typer.echo(line, err=True)
    raise typer.Exit(1 if verdict.broken else 0)


def finetune_command(
    train_data: Annotated[Path, typer.Option(help="Folder with train.csv, shards, or COCO or VQA JSON.")],
    tasks: Annotated[str, typer.Option(help="Any of captioning, vqa, retrieval.")] = "captioning,vqa,retrieval",
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the photos.")] = 10,
    learning_rate: Annotated[float, typer.Option(help="Largest learning rate.")] = 1e-4,
    output: Annotated[Path, typer.Option(help="Folder for model.pt, curves.csv and the cache.")] = Path(
        "runs/finetune"
    ),
    base: Annotated[Path, typer.Option(help="Base checkpoint (folder) or float model.pt.")] = Path(
        "models/mobile-mm-llm-base"
    ),
    freeze: Annotated[str, typer.Option(help="Parts to keep: trunk, picture, decoder, words, search.")] = "trunk",
    views: Annotated[int, typer.Option(min=0, help="Random views per photo beside the plain one.")] = 4,
    new_words: Annotated[int, typer.Option(min=0, help="Learn words used so often; 0 learns none.")] = 2,
    batch: Annotated[int, typer.Option(min=1, help="Photos per step.")] = 16,
    seed: Annotated[int, typer.Option(help="Seed.")] = 1,
    threads: Annotated[int, typer.Option(min=1, help="Threads.")] = 1,
) -> None:
    """Fine-tune the base checkpoint on your own photos; a stopped run goes on where it was."""
    from mm_lab.finetune import FinetuneSettings, finetune

    parts = tuple(part for part in freeze.split(",") if part)
    finetune(
        train_data,
        [task for task in tasks.split(",") if task],
        epochs,
        learning_rate,
        output,
        base=base,
        settings=FinetuneSettings(
            freeze=parts, views=views, new_words=new_words, batch=batch, seed=seed, threads=threads
        ),
        report=typer.echo,
    )


def average_command(
    model: Annotated[list[Path], typer.Option(help="A checkpoint (model.pt); give at least two.")],
    out: Annotated[Path, typer.Option(help="Checkpoint to write.")],
    image_size: Annotated[int | None, typer.Option(help="Photo side in pixels (that of the first).")] = None,
) -> None:
    """Write the mean of checkpoints that share a start."""
    from mm_lab.train.averaging import average_models

    average_models(model, out, image_size)
    typer.echo(f"{out}: the mean of {len(model)} models")


def narrow_command(
    model: Annotated[Path, typer.Option(help="Checkpoint (model.pt).")],
    data: Annotated[Path, typer.Option(help="Data sets (JSON): a list of sources, or a training run's settings.")],
    out: Annotated[Path, typer.Option(help="Checkpoint to write.")],
    share: Annotated[float, typer.Option(help="Part of the trunk's block arithmetic to save.")] = 0.12,
    photos: Annotated[int, typer.Option(min=1, help="Training photos to look at.")] = 384,
) -> None:
    """Take the channels out of the trunk that it misses least; train on pixels after it."""
    from mm_lab.train.narrowing import narrow_model

    for name, (before, after) in narrow_model(model, data, share, photos, out).items():
        typer.echo(f"{name:<10} {before:>5} -> {after:>5} channels")
    typer.echo(str(out))


def release_base_command(
    model: Annotated[Path, typer.Option(help="Float checkpoint (model.pt).")],
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("models/mobile-mm-llm-base"),
) -> None:
    """Write the base checkpoint for fine-tuning: fp16 safetensors, settings, words, licences and hashes."""
    from mm_lab.release.base import write_base

    for entry in write_base(model, out)["files"]:
        typer.echo(f"{entry['bytes']:>10,}  {entry['path']}")


def bundle_command(
    model: Annotated[Path, typer.Option(help="Bundle folder with its parts written.")] = _BUNDLE,
    card: Annotated[Path, typer.Option(help="Model card to write.")] = Path("models/MODEL_CARD.md"),
    evaluation: Annotated[Path | None, typer.Option(help="metrics.json of mm-lab evaluate.")] = None,
    figures: Annotated[list[Path] | None, typer.Option(help='{"command", "figures"}; may be repeated.')] = None,
    training_log: Annotated[Path, typer.Option(help="What each step bought.")] = Path("models/training_log.json"),
    examples: Annotated[Path | None, typer.Option(help="Pictures for the card.")] = Path("models/card_examples.json"),
    base: Annotated[Path, typer.Option(help="Base checkpoint, to name it.")] = Path("models/mobile-mm-llm-base"),
    checkpoint: Annotated[Path | None, typer.Option(help="Export this model into the bundle first.")] = None,
    runtime: Annotated[str, typer.Option(help="Says what the examples show: sdk, cli or reference.")] = "sdk",
    mm: Annotated[Path, typer.Option(help="The mm command, for --runtime cli.")] = Path("target/release/mm"),
) -> None:
    """Check the bundle's parts and size, write figures and licence into the manifest, and the model card."""
    from mm_lab.evaluate.runtime import open_runtime
    from mm_lab.release.bundle import INFO, finish_bundle

    if checkpoint:
        from mm_lab.export.bundle_part import export_bundle_part

        export_bundle_part(checkpoint, model, INFO)
    manifest = finish_bundle(
        model,
        card,
        evaluation=evaluation,
        figures=figures or [],
        training_log=training_log,
        examples=examples,
        base=base,
        runtime_on=lambda bundle: open_runtime(runtime, bundle, mm=mm),
    )
    for entry in manifest["files"]:
        typer.echo(f"{entry['bytes']:>10,}  {entry['path']}")
    typer.echo(f"{sum(entry['bytes'] for entry in manifest['files']):>10,}  in all")


def _command() -> str:
    """This command as it was typed, to stand beside the figures it prints; folders of this machine are left out."""
    typed = (Path(word).name if Path(word).is_absolute() else word for word in sys.argv[1:])
    return shlex.join(["mm-lab", *typed])
