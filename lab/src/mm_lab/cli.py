"""The `mm-lab` command. Each command imports what it needs, so that an optional package is asked for only when used."""

from pathlib import Path
from typing import Annotated

import typer

from mm_lab.cli_model import add_model_commands
from mm_lab.search.stages import Stage
from mm_lab.weight_only import WeightForm

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

BUNDLE = Path("models/mobile-mm-llm-int2")


@app.callback()
def main() -> None:
    """Make, check and measure the model bundle of Mobile Multimodal."""


@app.command("import-ocr")
def import_ocr_command(
    out: Annotated[Path, typer.Option(help="Bundle folder to write.")] = BUNDLE,
    wheel: Annotated[Path | None, typer.Option(help="The pinned wheel, when it is already here.")] = None,
    form: Annotated[WeightForm, typer.Option(help="How int8 weights become float again.")] = WeightForm.CAST_MUL,
) -> None:
    """Import the text models: fetch by hash, prune to Latin, store as int8, write the bundle."""
    from mm_lab.ocr.importer import import_ocr

    manifest = import_ocr(out, wheel=wheel, form=form)
    for entry in manifest["files"]:
        typer.echo(f"{entry['bytes']:>9,}  {entry['path']}")
    typer.echo(f"{sum(entry['bytes'] for entry in manifest['files']):>9,}  in all")


@app.command("reference-ocr")
def reference_ocr_command(
    bundle: Annotated[Path, typer.Option(help="Bundle folder to read.")] = BUNDLE,
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("crates/mm-core/tests/reference/ocr"),
) -> None:
    """Write every step of reading two drawn pictures, which the app's own pipeline is tested against."""
    from mm_lab.ocr.reference_tensors import write_reference

    write_reference(bundle, out)


@app.command("reference-caption")
def reference_caption_command(
    model: Annotated[Path, typer.Option(help="Checkpoint (model.pt) that the bundle was exported from.")],
    out: Annotated[Path, typer.Option(help="Record to write; its pictures are written beside it.")] = Path(
        "crates/mm-core/tests/fixtures/caption_reference.json"
    ),
) -> None:
    """Write what PyTorch says about two drawn pictures, which the app's own decoding is tested against."""
    from mm_lab.export.reference_caption import write_reference

    write_reference(model, out)


@app.command("score-ocr")
def score_ocr_command(
    predictions: Annotated[Path, typer.Option(help="What `mm ocr --json` printed (with --crop for word crops).")],
    dataset: Annotated[Path, typer.Option(help="Folder with gt.jsonl.")],
) -> None:
    """Score the app's output against a data set."""
    from mm_lab.ocr.dataset import load_dataset
    from mm_lab.ocr.predictions import parse_predictions, score
    from mm_lab.ocr.report import scores_table

    data = load_dataset(dataset)
    found = parse_predictions(predictions.read_text(encoding="utf-8").splitlines(), data.samples)
    typer.echo(scores_table(data, score(data, found)))
    failed = [prediction.error for prediction in found if prediction.error]
    if failed:
        typer.echo(f"\n{len(failed)} pictures failed: {', '.join(sorted(set(failed)))}")


@app.command("ocr-reference")
def ocr_reference_command(
    dataset: Annotated[list[Path], typer.Option(help="Folder with gt.jsonl; may be given several times.")],
    bundle: Annotated[Path, typer.Option(help="Bundle folder to read.")] = BUNDLE,
    max_side: Annotated[int | None, typer.Option(help="Longest side the detector sees (the bundle's).")] = None,
    threads: Annotated[int, typer.Option(help="Threads inside an operator.")] = 2,
    limit: Annotated[int | None, typer.Option(help="Read at most so many pictures.")] = None,
) -> None:
    """Read a data set with the Python reference pipeline, score it and say what it cost."""
    from mm_lab.ocr.dataset import load_dataset
    from mm_lab.ocr.peers import run_reference
    from mm_lab.ocr.report import runs_table

    for folder in dataset:
        data = load_dataset(folder, limit)
        typer.echo(runs_table(data, [run_reference(bundle, data, threads=threads, max_side=max_side)]) + "\n")


@app.command("compare-ocr")
def compare_ocr_command(
    mm: Annotated[Path, typer.Option(help="The app's command, built with --release.")],
    dataset: Annotated[list[Path], typer.Option(help="Folder with gt.jsonl; may be given several times.")],
    peers: Annotated[str, typer.Option(help="Any of reference, rapidocr, tesseract.")] = "rapidocr,tesseract",
    bundle: Annotated[Path, typer.Option(help="Bundle the reference pipeline reads.")] = BUNDLE,
    mm_options: Annotated[str, typer.Option(help='More words for `mm ocr`, e.g. "--max-side 1280".')] = "",
    max_side: Annotated[int | None, typer.Option(help="Longest side the reference's detector sees.")] = None,
    threads: Annotated[int, typer.Option(help="Threads for every program.")] = 2,
    limit: Annotated[int | None, typer.Option(help="Read at most so many pictures.")] = None,
) -> None:
    """Compare the app with other programs on the same pictures, one after the other in one run."""
    from mm_lab.ocr import peers as programs
    from mm_lab.ocr.dataset import load_dataset
    from mm_lab.ocr.report import runs_table

    runners = {
        "reference": lambda data: programs.run_reference(bundle, data, threads=threads, max_side=max_side),
        "rapidocr": lambda data: programs.run_rapidocr(data, threads=threads),
        "tesseract": lambda data: programs.run_tesseract(data, threads=threads),
    }
    names = [name for name in peers.split(",") if name]
    unknown = sorted(set(names) - runners.keys())
    if unknown:
        raise typer.BadParameter(f"unknown peer {unknown[0]!r}; known: {', '.join(runners)}", param_hint="--peers")
    for folder in dataset:
        data = load_dataset(folder, limit)
        runs = [programs.run_mm(mm, data, threads=threads, options=mm_options.split())]
        runs += [runners[name](data) for name in names]
        typer.echo(runs_table(data, runs) + "\n")


@app.command("macs")
def macs_command(
    bundle: Annotated[Path, typer.Option(help="Bundle folder to read.")] = BUNDLE,
) -> None:
    """Count the multiply-accumulates of the text models: a 960x720 photo, and one line 320 pixels wide."""
    import onnx

    from mm_lab.bundle import read_manifest
    from mm_lab.macs import count_macs
    from mm_lab.ocr.settings import DETECTOR, RECOGNIZER
    from mm_lab.tables import markdown

    multiple = DETECTOR["side_multiple"]
    sizes = {
        "ocr-detector": (1, 3, round(720 / multiple) * multiple, 960),
        "ocr-recognizer": (1, 3, RECOGNIZER["height"], 320),
    }
    manifest = read_manifest(bundle)
    rows: list[list[str]] = []
    for entry in manifest["files"]:
        if shape := sizes.get(entry["role"]):
            count = count_macs(onnx.load(bundle / entry["path"]), {manifest["models"][entry["role"]]["input"]: shape})
            size = "x".join(map(str, shape))
            rows.append([entry["role"], size, f"{count.total / 1e6:,.0f}", f"{count.parameters / 1e6:.2f}"])
    typer.echo(markdown(["model", "input", "million MACs", "million weights"], rows))


@app.command("measure-indexing")
def measure_indexing_command(
    data: Annotated[Path, typer.Option(help="Folder of webdataset shards; its dev photos are indexed.")],
    mm: Annotated[Path, typer.Option(help="The `mm` to measure.")] = Path("target/release/mm"),
    sizes: Annotated[str, typer.Option(help="Numbers of photos, with commas.")] = "125,250,500,1000",
) -> None:
    """Index more and more photos into a new library each; time, memory and size as CSV."""
    from mm_lab.library_growth import measure_indexing

    typer.echo(measure_indexing(mm, data, [int(size) for size in sizes.split(",")]), nl=False)


@app.command("plot-growth")
def plot_growth_command(
    out: Annotated[Path, typer.Option(help="SVG to write.")] = Path("docs/library/growth.svg"),
    search: Annotated[Path, typer.Option(help="What the example `scale` printed.")] = Path("docs/library/scale.csv"),
    indexing: Annotated[Path, typer.Option(help="What `measure-indexing` printed.")] = Path(
        "docs/library/indexing.csv"
    ),
) -> None:
    """Draw how searching and indexing grow with the library."""
    from mm_lab.library_growth import plot_growth

    plot_growth(out, search, indexing)


@app.command("features")
def features_command(
    config: Annotated[Path, typer.Option(help="Settings of a training run (JSON).")],
    views: Annotated[int, typer.Option(min=0, help="Random views beside the plain one.")] = 4,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the runtime.")] = 1,
    model: Annotated[Path | None, typer.Option(help="Checkpoint with a tuned trunk, for its own grids.")] = None,
    out: Annotated[Path | None, typer.Option(help="With --model: folder of the new cache.")] = None,
) -> None:
    """Run the trunk over every photo once per view and keep its features; finished views are kept."""
    from mm_lab.data.extract import extract_features, refine_features
    from mm_lab.train.config import TrainConfig, read_config

    settings = read_config(TrainConfig, config)
    if model is None:
        extract_features(settings, views=views, threads=threads, report=typer.echo)
    elif out is None:
        raise typer.BadParameter("--model needs --out, the folder of the new cache", param_hint="--out")
    else:
        refine_features(model, settings.data.cache, out, threads, typer.echo)


@app.command("train")
def train_command(
    config: Annotated[Path, typer.Option(help="Settings (JSON); see lab/configs.")],
    stage: Annotated[str, typer.Option(help="cross-entropy or self-critical.")] = "cross-entropy",
) -> None:
    """Train captions, answers and retrieval together; a stopped run goes on where it was."""
    from mm_lab.train.config import SelfCriticalConfig, TrainConfig, read_config

    if stage == "cross-entropy":
        from mm_lab.train.multitask import train

        train(read_config(TrainConfig, config), typer.echo)
    elif stage == "self-critical":
        from mm_lab.train.selfcritical import train_self_critical

        train_self_critical(read_config(SelfCriticalConfig, config), typer.echo)
    else:
        raise typer.BadParameter(f"unknown stage {stage!r}: cross-entropy or self-critical")


@app.command("search")
def search_command(
    config: Annotated[Path, typer.Option(help="Settings (JSON); see lab/configs/search.json.")],
    hardware_target: Annotated[
        str, typer.Option(help="cpu = measure here; or a latency table, NAME or FILE.json.")
    ] = "cpu",
    max_latency_ms: Annotated[
        float | None, typer.Option(help="Most a greedy caption may take (the settings').")
    ] = None,
    max_bytes: Annotated[int | None, typer.Option(help="Most the weights may take (the settings').")] = None,
    stage: Annotated[Stage, typer.Option(help="What to run; all is table, supernet and evolve.")] = Stage.ALL,
) -> None:
    """Search trunk, input size, width, heads, depths and bits under a latency and a size limit."""
    import dataclasses
    import os

    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # the exporter warns about every custom operator
    from mm_lab.search.config import SearchConfig
    from mm_lab.search.run import search
    from mm_lab.search.table import SearchError
    from mm_lab.train.config import read_config

    given = {"max_latency_ms": max_latency_ms, "max_bytes": max_bytes}
    settings = dataclasses.replace(
        read_config(SearchConfig, config), **{k: v for k, v in given.items() if v is not None}
    )
    try:
        search(settings, stage, hardware_target, config.parent, typer.echo)
    except SearchError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error


@app.command("quantize")
def quantize_command(
    config: Annotated[Path, typer.Option(help="Settings (JSON); see lab/configs.")],
) -> None:
    """Train a two-bit model to imitate the float model it starts from."""
    from mm_lab.quantize.train import train_two_bit
    from mm_lab.train.config import QuantizeConfig, read_config

    train_two_bit(read_config(QuantizeConfig, config), typer.echo)


export_app = typer.Typer(help="Write a trained model in a form that runs elsewhere.", no_args_is_help=True)
app.add_typer(export_app, name="export")


@export_app.command("onnx")
def export_onnx_command(
    model: Annotated[Path, typer.Option(help="Checkpoint (model.pt).")],
    out: Annotated[Path, typer.Option(help="Bundle folder to write.")] = BUNDLE,
) -> None:
    """Write the captioning part of the bundle: vision, decoder and text graphs and the tokenizer."""
    from mm_lab.export.bundle_part import PART, export_bundle_part
    from mm_lab.ocr.importer import INFO

    manifest = export_bundle_part(model, out, INFO)
    owned = manifest["provenance"][PART]["files"]
    for entry in manifest["files"]:
        if entry["path"] in owned:
            typer.echo(f"{entry['bytes']:>9,}  {entry['path']}")


@app.command("evaluate-reference")
def evaluate_reference_command(
    config: Annotated[Path, typer.Option(help="Settings of a training run (JSON), for its data.")],
    model: Annotated[Path, typer.Option(help="Checkpoint to measure.")],
    captions: Annotated[Path | None, typer.Option(help="Write the captions here (JSON).")] = None,
) -> None:
    """Measure a checkpoint in PyTorch on the dev photos; the shipped bundle is measured by the runtime."""
    from mm_lab.evaluate.checkpoint import evaluate_checkpoint
    from mm_lab.train.config import TrainConfig, read_config

    for name, value in evaluate_checkpoint(read_config(TrainConfig, config), model, captions).items():
        typer.echo(f"{name:40} {value}")


@app.command("compare-speed")
def compare_speed_command(
    model: Annotated[Path, typer.Option(help="Bundle folder.")] = BUNDLE,
    mm: Annotated[Path | None, typer.Option(help="The mm command, to run its bench in the same rounds.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads per operator.")] = 2,
    rounds: Annotated[int, typer.Option(min=1, help="Turns of every network.")] = 9,
) -> None:
    """Time the bundle beside its fp32 form and networks of SmolVLM, BLIP and Florence-2 shape (random weights)."""
    import tempfile

    from mm_lab.speed.compare import compare

    with tempfile.TemporaryDirectory() as workspace:
        typer.echo(compare(model, mm, Path(workspace), threads=threads, rounds=rounds, report=typer.echo))


add_model_commands(app)
