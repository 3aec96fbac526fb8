from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training tests need the [train] extra")
pytest.importorskip("timm")
pytest.importorskip("safetensors")

from mm_lab.bundle import read_manifest  # noqa: E402
from mm_lab.data.vocabulary import CAPTION, SPECIALS, Vocabulary  # noqa: E402
from mm_lab.model.generate import generate  # noqa: E402
from mm_lab.model.network import Network, NetworkConfig  # noqa: E402
from mm_lab.model.trunk import Trunk  # noqa: E402
from mm_lab.quantize.two_bit import INTEGER, quantize_linears  # noqa: E402
from mm_lab.release.base import load_any, load_base, write_base  # noqa: E402
from mm_lab.train.checkpoint import Model, save_model  # noqa: E402

SIZE = 64


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(0)
    config = NetworkConfig(40, 0, SIZE, width=64, heads=2, layers=1, embedding=64, embedding_hidden=64)
    entries = [*SPECIALS, *(f"w{i}" for i in range(40 - len(SPECIALS)))]
    trunk = Trunk(0, SIZE, pretrained=False).state_dict()
    return Model(Network(config).eval(), Vocabulary(entries), {"step": 7}, trunk)


def test_a_base_checkpoint_loads_as_the_model_it_was_made_from(model: Model, tmp_path: Path):
    save_model(tmp_path / "model.pt", model)
    manifest = write_base(tmp_path / "model.pt", tmp_path / "base")
    loaded = load_base(tmp_path / "base")
    assert loaded.network.config == model.network.config and loaded.vocabulary.entries == model.vocabulary.entries
    image = torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1)) * 2 - 1
    said = []
    for one in (model, loaded):
        with torch.no_grad():
            memory = one.network.eval().picture(one.open_trunk()(image))
            said.append((memory, generate(one.network, memory, torch.tensor([[CAPTION]]), 8)))
    torch.testing.assert_close(said[0][0], said[1][0], atol=2e-2, rtol=0)  # fp16 weights
    assert torch.equal(said[0][1], said[1][1])
    assert {e["role"] for e in manifest["files"]} == {"weights", "config", "vocabulary", "license", "notice"}
    assert manifest["provenance"]["base"]["training"] == {"step": 7}
    pickles = [p.name for p in (tmp_path / "base").iterdir() if p.read_bytes()[:2] in (b"\x80\x02", b"PK")]
    assert pickles == []
    assert load_any(tmp_path / "model.pt").notes == {"step": 7} and load_any(tmp_path / "base").trunk is not None


@pytest.mark.parametrize("harm", ["flip", "remove"])
def test_a_damaged_base_is_refused_by_name(model: Model, tmp_path: Path, harm: str):
    save_model(tmp_path / "model.pt", model)
    write_base(tmp_path / "model.pt", tmp_path / "base")
    path = tmp_path / "base" / "vocabulary.json"
    if harm == "flip":
        path.write_bytes(path.read_bytes().replace(b"w1", b"w9"))
    else:
        path.unlink()
    with pytest.raises((ValueError, FileNotFoundError), match=r"vocabulary\.json"):
        load_base(tmp_path / "base")
    assert read_manifest(tmp_path / "base")["name"] == "mobile-mm-llm-base"


def test_a_two_bit_model_is_no_base(model: Model, tmp_path: Path):
    network = Network(model.network.config)
    names = quantize_linears(network, INTEGER, 64, lambda n: n == "text_out")
    two_bit = {"grid": "integer", "block": 64, "linears": names}
    save_model(tmp_path / "two.pt", Model(network, model.vocabulary, {}, model.trunk, two_bit))
    with pytest.raises(ValueError, match="two-bit"):
        write_base(tmp_path / "two.pt", tmp_path / "base")
