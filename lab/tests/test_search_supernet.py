"""The supernet, its blocks as ONNX, and a whole search on six drawn photos."""

import csv
import dataclasses
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="training tests need the [train] extra")
pytest.importorskip("timm")
pytest.importorskip("matplotlib")
pytest.importorskip("pycocoevalcap")

from mm_lab import onnx_graph  # noqa: E402
from mm_lab.export.modules import ByteEmbedding  # noqa: E402
from mm_lab.model.network import Network, NetworkConfig  # noqa: E402
from mm_lab.search.blocks import Block, Kind, parts_of  # noqa: E402
from mm_lab.search.config import SearchConfig  # noqa: E402
from mm_lab.search.data import TrainData  # noqa: E402
from mm_lab.search.measure import stored_bytes  # noqa: E402
from mm_lab.search.onnx_blocks import Fixed, PackedLinear, build_block, build_whole  # noqa: E402
from mm_lab.search.quantizer import STEP_SHARE, fake_quantize, packed  # noqa: E402
from mm_lab.search.run import search  # noqa: E402
from mm_lab.search.space import Architecture, Choices, Space, Stem  # noqa: E402
from mm_lab.search.stages import Stage  # noqa: E402
from mm_lab.search.supernet import Supernet  # noqa: E402
from mm_lab.search.training import new_supernet  # noqa: E402
from mm_lab.train.checkpoint import Model, save_model  # noqa: E402
from mm_lab.train.config import TrainConfig, read_config  # noqa: E402

STEMS = (Stem(0, 64), Stem(1, 64))
CHOICES = {"width": [64, 128], "heads": [2], "ratio": [2], "layers": [1, 2], "text_layers": [1], "bits": [2, 8]}
FIXED: dict[str, Any] = {"vocabulary": 50, "embedding": 64, "embedding_hidden": 64, "dropout": 0.0}


@pytest.fixture(scope="module")
def supernet() -> Supernet:
    torch.manual_seed(0)
    space = Space(STEMS, Choices(**{k: tuple(v) for k, v in CHOICES.items()}))

    def fresh(stem: Stem) -> Network:
        return Network(NetworkConfig(**FIXED | space.largest(stem).network()))

    return Supernet(space, FIXED, fresh)


SMALL = Architecture(STEMS[1], 64, 2, 1, 2, 8, (8,), (2,))


def test_a_subnetwork_is_the_ordinary_network_with_cut_weights(supernet: Supernet):
    alone = Network(NetworkConfig(**FIXED | SMALL.network())).eval()
    alone.load_state_dict(supernet.tensors(SMALL))
    grid = torch.rand(2, STEMS[1].side ** 2, 1280)
    with torch.no_grad():
        wanted = alone.picture_keys_values(alone.picture(grid))
        given = supernet.run(SMALL, lambda network: network.picture_keys_values(network.picture(grid)))
    assert len(given) == 1
    for one, other in zip(given[0], wanted[0], strict=True):
        assert torch.equal(one, other)


def test_keys_and_values_are_cut_apart(supernet: Supernet):
    whole = dict(supernet.shared.named_parameters())["blocks.0.attend_self.key_value.bias"]
    cut = supernet.tensors(SMALL)["blocks.0.attend_self.key_value.bias"]
    assert torch.equal(cut, torch.cat([whole[:64], whole[128:192]]))


def test_gradients_reach_the_cut_weights_of_one_stem_only(supernet: Supernet):
    grid = torch.rand(1, STEMS[1].side ** 2, 1280)
    supernet.run(SMALL, lambda network: network.picture(grid).square().sum()).backward()
    weights = dict(supernet.named_parameters())
    used, unused = (weights[f"stems.{s.name}.grid_in.weight"].grad for s in reversed(STEMS))
    assert used is not None
    assert unused is None
    assert used[:64].abs().max() > 0
    assert used[64:].abs().max() == 0
    supernet.zero_grad()


def test_the_steps_are_the_best_for_normal_weights():
    weight = torch.randn(4000, 64, generator=torch.Generator().manual_seed(0))
    for bits, share in STEP_SHARE.items():
        errors = {}
        for factor in (0.94, 1.0, 1.06):
            STEP_SHARE[bits] = share * factor
            errors[factor] = (fake_quantize(weight, bits) - weight).square().mean().item()
        STEP_SHARE[bits] = share
        assert min(errors, key=errors.__getitem__) == 1.0


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_stored_codes_are_the_rounded_weights(bits: int):
    weight = torch.randn(6, 128, generator=torch.Generator().manual_seed(bits))
    codes, scales = packed(weight, bits)
    assert codes.shape == (6, 2, 8 * bits)
    per_byte = 8 // bits
    fields = np.stack([codes >> (bits * i) & (2**bits - 1) for i in range(per_byte)], -1)
    values = (fields.reshape(6, 2, 64).astype(np.float32) - 2 ** (bits - 1)) * scales[..., None]
    assert np.allclose(values.reshape(6, 128), fake_quantize(weight, bits).numpy(), atol=1e-6)


def outputs_of(block: Block, fixed: Fixed) -> tuple[list[np.ndarray], dict]:
    made = build_block(block, fixed)
    session = onnxruntime.InferenceSession(onnx_graph.serialize(made.graph), providers=["CPUExecutionProvider"])
    return [np.asarray(o) for o in session.run(None, made.inputs)], made.inputs


def test_words_of_a_width_that_is_no_power_of_two_run():
    torch.manual_seed(0)
    table = ByteEmbedding(torch.randn(50, 192) * 0.1)
    tokens = torch.tensor([[3, 49]])
    assert torch.allclose(table(tokens), table.weight[tokens], atol=1e-6)
    (first, scores), _ = outputs_of(Block(Kind.WORDS, width=192), Fixed(50, embedding_hidden=64))
    assert first.shape == (1, 1, 192)
    assert scores.shape == (1, 50)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_an_exported_block_computes_with_the_rounded_weights(bits: int):
    fixed = Fixed(50, embedding_hidden=64)
    (key, _), inputs = outputs_of(Block(Kind.KEYS, side=2, width=64, bits=bits), fixed)
    torch.manual_seed(0)
    config = fixed.config(image_size=64, width=64, heads=1, ratio=1, layers=1, text_layers=1)
    linear = Network(config).decoder_blocks()[0].attend_picture.key_value
    weight = fake_quantize(linear.weight.detach(), bits).numpy()
    wanted = inputs["memory"] @ weight.T[:, :64] + linear.bias.detach().numpy()[:64]
    # The kernel rounds its inputs to 8 bits.
    assert np.abs(key[0] - wanted).max() < 0.04 * np.abs(wanted).max()


def test_blocks_add_up_to_the_bytes_of_the_whole():
    fixed = Fixed(50, embedding_hidden=64)
    a = Architecture(Stem(0, 64), 192, 2, 2, 4, 2, (2, 8), (4,))
    whole = sum(stored_bytes(g.graph) for g in build_whole(a, fixed).values())
    parts = parts_of(a)
    blocks = [(b, n) for part in (parts.vision, parts.step, parts.text) for b, n in part.items()]
    summed = sum(n * stored_bytes(build_block(b, fixed).graph) for b, n in blocks)
    assert summed == pytest.approx(whole, rel=2e-3)


def test_linears_shrink_with_their_bits():
    linear = torch.nn.Linear(128, 64)
    sizes = [PackedLinear(linear, bits).packed.nbytes for bits in (2, 4, 8)]
    assert sizes == [2048, 4096, 8192]


COLORS = {"red": (220, 20, 20), "green": (20, 200, 20), "blue": (20, 20, 220)}


def write_data(folder: Path) -> None:
    """Six photos of each split, and for both stems a cache whose grids show the colour."""
    for split in ("train", "dev"):
        with tarfile.open(folder / f"{split}-000.tar", "w") as tar:
            for number in range(6):
                name, rgb = list(COLORS.items())[number % 3]
                picture = io.BytesIO()
                Image.new("RGB", (8, 8), rgb).save(picture, "JPEG")
                record = {
                    "captions": [f"a {name} square", f"the square is {name}"],
                    "qa": [{"question": "what color is the square?", "answer": name}],
                }
                for suffix, data in (("jpg", picture.getvalue()), ("json", json.dumps(record).encode())):
                    info = tarfile.TarInfo(f"{number}.{suffix}")
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))
    for stem in STEMS:
        cache = folder / stem.name
        cache.mkdir()
        keys = [{"split": s, "source": "drawn", "key": str(n)} for s in ("train", "dev") for n in range(6)]
        (cache / "keys.json").write_text(json.dumps(keys))
        colors = np.array([list(COLORS.values())[n % 3] for n in [*range(6), *range(6)]], np.uint8)
        grids = np.repeat(np.tile(colors, (1, 427))[:, None, :1280], stem.side**2, axis=1)
        np.save(cache / "grid-0.npy", grids)
        np.save(cache / "mirrored-0.npy", np.zeros(12, bool))
        vectors = np.random.default_rng(0).standard_normal((12, 384)).astype(np.float16)
        np.save(cache / "teacher.npy", vectors)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> SearchConfig:
    folder = tmp_path_factory.mktemp("search")
    write_data(folder)
    (folder / "out").mkdir()
    settings = {
        "sources": [{"name": "drawn", "form": "shards", "location": str(folder)}],
        "stems": [{"trunk": s.trunk, "image_size": s.image_size, "cache": str(folder / s.name)} for s in STEMS],
        "output": str(folder / "out"),
        "max_latency_ms": 1e4,
        "choices": CHOICES,
        "latency": {"runs": 2, "rounds": 1, "checked": 1},
        "supernet": {"steps": 24, "batch": 4, "retrieval_batch": 4, "word_vectors": False, "warmup": 1, "ema": 0.5},
        "evolution": {"population": 4, "generations": 2},
        "dev_photos": 6,
        "min_caption_count": 1,
        "pack": {"row_tokens": 24},
    }
    (folder / "search.json").write_text(json.dumps(settings))
    return read_config(SearchConfig, folder / "search.json")


def test_a_search_from_the_table_to_settings_that_train(config: SearchConfig, tmp_path: Path):
    said: list[str] = []
    search(config, Stage.ALL, "cpu", tmp_path, said.append)
    out = config.output
    with (out / "supernet" / "curves.csv").open(newline="") as handle:
        curve = [float(r["value"]) for r in csv.DictReader(handle) if r["name"] == "loss/largest"]
    assert curve
    with (out / "pareto.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert sum(r["chosen"] == "1" for r in rows) == 1
    assert float(rows[0]["loss"]) < np.log(20) * 2
    assert (out / "pareto.svg").read_text().count("<svg") == 1
    network = read_config(TrainConfig, out / "train.json").network
    assert NetworkConfig(vocabulary=20, **network).width in CHOICES["width"]

    # What was measured is not measured again, by none of the stages.
    before = (out / "latency-cpu.json").read_text(), (out / "pareto.csv").read_text()
    search(config, Stage.ALL, "cpu", tmp_path, said.append)
    assert ((out / "latency-cpu.json").read_text(), (out / "pareto.csv").read_text()) == before


def test_a_stopped_training_goes_on(config: SearchConfig, tmp_path: Path):
    def run(name: str, stops: tuple[int, ...]) -> dict:
        for steps in stops:
            supernet = dataclasses.replace(config.supernet, steps=steps, warmup=10**6, ema=0.5)
            part = dataclasses.replace(config, supernet=supernet, output=tmp_path / name)
            search(part, Stage.SUPERNET, "cpu", tmp_path, lambda _: None)
        return torch.load(tmp_path / name / "supernet" / "state.pt", weights_only=False)

    once = run("once", (3,))
    twice = run("twice", (2, 3))
    assert once["step"] == twice["step"] == 3
    assert twice["rng"] == once["rng"]
    kinds = [{int(v["step"]) for v in record["optimizer"]["state"].values()} for record in (once, twice)]
    assert kinds[0] == kinds[1]


def test_shared_weights_start_from_a_trained_network_and_stems_anew(config: SearchConfig, tmp_path: Path):
    data = TrainData(config)
    settings: dict[str, Any] = {"width": 128, "heads": 2, "ratio": 2, "layers": 1, "trunk": 0, "image_size": 64}
    words = data.corpus.vocabulary
    trained = Network(NetworkConfig(len(words), **settings))
    save_model(tmp_path / "model.pt", Model(trained, words, {}))
    started = dataclasses.replace(config.supernet, start_from=tmp_path / "model.pt")
    supernet = new_supernet(dataclasses.replace(config, supernet=started), data)
    weights = dict(supernet.named_parameters())
    same = weights["shared.blocks.0.attend_self.query.weight"]
    assert torch.equal(same, trained.decoder_blocks()[0].attend_self.query.weight)
    assert not torch.equal(weights["stems.lite0-64.grid_in.weight"], trained.grid_in.weight)
    settings["width"] = 64
    save_model(tmp_path / "model.pt", Model(Network(NetworkConfig(len(words), **settings)), words, {}))
    with pytest.raises(ValueError, match="start_from: "):
        new_supernet(dataclasses.replace(config, supernet=started), data)


def test_sums_are_checked_against_whole_graphs(config: SearchConfig, tmp_path: Path):
    said: list[str] = []
    search(config, Stage.CHECK, "cpu", tmp_path, said.append)
    table = said[-1].splitlines()
    assert len(table) == 2 + 3
    assert all("%" in row for row in table[2:])


def test_an_empty_table_for_a_device_is_written_and_refused(config: SearchConfig, tmp_path: Path):
    search(config, Stage.BLOCKS, "phone", tmp_path, lambda _: None)
    table = config.output / "blocks" / "table.json"
    assert json.loads(table.read_text())["target"] == "phone"
    with pytest.raises(ValueError, match="holds no measured time"):
        search(config, Stage.EVOLVE, str(table), tmp_path, lambda _: None)
