"""The `mm-lab` command. Each command imports what it needs, so that an optional package is asked for only when used."""

from pathlib import Path
from typing import Annotated

import typer

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
