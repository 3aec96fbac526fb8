"""A quantized model beside its original, on three drawn photos."""

import json
from pathlib import Path

import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="training tests need the [train] extra")
pytest.importorskip("timm")

from mm_lab.bundle import BundleInfo  # noqa: E402
from mm_lab.data.corpus import Source  # noqa: E402
from mm_lab.data.vocabulary import SPECIALS, Vocabulary  # noqa: E402
from mm_lab.export.bundle_part import export_bundle_part  # noqa: E402
from mm_lab.model.network import Network, NetworkConfig  # noqa: E402
from mm_lab.model.trunk import Trunk  # noqa: E402
from mm_lab.quantize.two_bit import GRIDS, quantize_linears  # noqa: E402
from mm_lab.release.figures import read_figures  # noqa: E402
from mm_lab.train.checkpoint import Model, load_model, save_model  # noqa: E402
from mm_lab.verify.run import Limits, Verdict, verify  # noqa: E402

COLORS = {"red": (220, 20, 20), "green": (20, 200, 20), "blue": (20, 20, 220)}
SIZE = 64


def network(seed: int) -> Model:
    torch.manual_seed(seed)
    config = NetworkConfig(40, 0, SIZE, width=64, heads=2, layers=1, embedding=64, embedding_hidden=64)
    words = [*SPECIALS, *COLORS, "a", "square", *(f"w{i}" for i in range(35 - len(SPECIALS)))]
    return Model(Network(config).eval(), Vocabulary(words), {}, Trunk(0, SIZE, pretrained=False).state_dict())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Float model, two-bit models and a bundle of each grid, and photos."""
    root = tmp_path_factory.mktemp("verify")
    save_model(root / "float.pt", network(0))
    save_model(root / "stranger.pt", network(1))
    for grid in GRIDS:
        model = load_model(root / "float.pt")
        names = quantize_linears(model.network, GRIDS[grid], 64, lambda n: n != "class_in")
        model.two_bit = {"grid": grid, "block": 64, "linears": names}
        save_model(root / f"{grid}.pt", model)
        export_bundle_part(root / f"{grid}.pt", root / f"bundle-{grid}", BundleInfo("b", "1", "test"))
    rows = ["image,caption,question,answer"]
    for name, rgb in COLORS.items():
        Image.new("RGB", (48, 48), rgb).save(root / f"{name}.png")
        rows += [f"{name}.png,a {name} square,,", f"{name}.png,,what color is it,{name}"]
    (root / "dev.csv").write_text("\n".join(rows))
    return root


def run(folder: Path, out: Path, original: str, quantized: str, limits: Limits) -> Verdict:
    source = Source("drawn", "csv", folder)
    return verify(
        folder / original, folder / quantized, [source], out, limits=limits, command="c", report=lambda _: None
    )


@pytest.mark.parametrize("grid", list(GRIDS))
def test_a_bundle_holds_exactly_the_codes_of_its_two_bit_model(folder: Path, tmp_path: Path, grid: str):
    verdict = run(folder, tmp_path, f"{grid}.pt", f"bundle-{grid}", Limits(least_logits_snr=15))
    record = json.loads((tmp_path / "verify.json").read_text())
    two_bit = [row for row in record["tensors"] if row["bits"] == 2]
    assert len(two_bit) > 10 and all(row["snr"] > 100 for row in two_bit)  # scales are rounded to fp16 on both sides
    assert all(row["original"] for row in record["tensors"])
    assert len({row["original"] for row in two_bit}) == len(two_bit)
    assert {row["bits"] for row in record["tensors"]} == {2, 8}
    assert record["outputs"]["drawn"]["embedding_cosine"] > 0.98
    assert verdict.broken == [] and "MatMul" in verdict.text
    summary = read_figures([tmp_path / "quantization.json"])["quantization"]["figures"]
    assert summary["drawn, next-word scores, SNR dB"] > 15 and "drawn, same-greedy %" in summary


def test_two_checkpoints_are_compared_by_name_and_limits_are_kept(folder: Path, tmp_path: Path):
    limits = Limits(most_exact_loss=-1000, least_same_captions=100.5, least_logits_snr=100)
    verdict = run(folder, tmp_path, "float.pt", "integer.pt", limits)
    record = json.loads((tmp_path / "verify.json").read_text())
    assert all(row["name"] == row["original"] for row in record["tensors"])
    rounded = [row for row in record["tensors"] if row["bits"] == 2]
    assert rounded and all(4 < row["snr"] < 15 for row in rounded)
    assert len(verdict.broken) == 3 and record["broken"] == verdict.broken
    assert set(record["same"]["drawn"]) == {"same-greedy", "same-beam3", "same-answers"}


def test_a_bundle_of_another_model_is_found_out(folder: Path, tmp_path: Path):
    verdict = run(folder, tmp_path, "stranger.pt", "bundle-integer", Limits())
    assert any("like no weight of the original" in line for line in verdict.broken)
