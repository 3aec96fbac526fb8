"""Every stage of training, one after the other, on six drawn photos."""

import io
import json
import re
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="training tests need the [train] extra")
pytest.importorskip("timm")
pytest.importorskip("pycocoevalcap")
if shutil.which("java") is None:
    pytest.skip("the caption tools need Java", allow_module_level=True)

from mm_lab.data.extract import refine_features  # noqa: E402
from mm_lab.data.features import GRID_VALUES, CacheSettings, build_cache, mark_lower  # noqa: E402
from mm_lab.data.samples import read_samples  # noqa: E402
from mm_lab.evaluate.checkpoint import evaluate_checkpoint  # noqa: E402
from mm_lab.model.narrow import expanding_blocks, keep_channels  # noqa: E402
from mm_lab.model.network import Network  # noqa: E402
from mm_lab.model.trunk import Trunk  # noqa: E402
from mm_lab.quantize.train import train_two_bit  # noqa: E402
from mm_lab.quantize.two_bit import TwoBit  # noqa: E402
from mm_lab.train.averaging import average_models  # noqa: E402
from mm_lab.train.checkpoint import Model, load_model, lower_fingerprint, save_model  # noqa: E402
from mm_lab.train.config import QuantizeConfig, SelfCriticalConfig, TrainConfig, read_config  # noqa: E402
from mm_lab.train.multitask import train  # noqa: E402
from mm_lab.train.selfcritical import train_self_critical  # noqa: E402
from mm_lab.train.session import Session  # noqa: E402

COLORS = {"red": (220, 20, 20), "green": (20, 200, 20), "blue": (20, 20, 220)}
SIZE = 64
NETWORK = {
    "trunk": 0, "image_size": SIZE, "width": 64, "heads": 2, "layers": 1, "embedding_hidden": 64,
    "class_tokens": False, "dropout": 0.0, "embedding_dropout": 0.0,
}  # fmt: skip


def write_shard(path: Path) -> None:
    with tarfile.open(path, "w") as tar:
        for number in range(6):
            name, rgb = list(COLORS.items())[number % 3]
            picture = io.BytesIO()
            Image.new("RGB", (48, 48), rgb).save(picture, "JPEG")
            record = {
                "captions": [f"a {name} square", f"the square is {name}"],
                "qa": [{"question": "what color is the square?", "answer": name}],
            }
            for suffix, data in (("jpg", picture.getvalue()), ("json", json.dumps(record).encode())):
                info = tarfile.TarInfo(f"{number}.{suffix}")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))


def color_features(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A grid that shows the mean colour, and a stride-16 map of the right shape for the smallest trunk."""
    mean = images.mean((2, 3)) + 1
    grid = np.repeat(np.tile(mean, (1, 427))[:, None, :1280], 4, axis=1)
    middle = np.repeat(np.tile(mean, (1, 38))[:, :112], (SIZE // 16) ** 2, axis=1)
    return middle.reshape(-1, 112, SIZE // 16, SIZE // 16), grid.astype(np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for split in ("train", "dev"):
        write_shard(tmp_path / f"{split}-000.tar")
    splits = {s: list(read_samples("shards", tmp_path, s, "drawn")) for s in ("train", "dev")}
    build_cache(splits, color_features, CacheSettings(tmp_path / "cache", SIZE, random_views=1), lambda _: None)
    unit = np.random.default_rng(0).standard_normal((12, 384))
    np.save(tmp_path / "cache" / "teacher.npy", (unit / np.linalg.norm(unit, axis=1, keepdims=True)).astype(np.float16))
    return tmp_path


def config(folder: Path, kind: type, output: str, **settings: object):
    source = {"name": "drawn", "form": "shards", "location": str(folder)}
    pack = {"row_tokens": 32, "token_dropout": 0.0}
    data = {"sources": [source], "cache": str(folder / "cache"), "min_caption_count": 1, "pack": pack}
    path = folder / f"{output}.json"
    path.write_text(json.dumps({"data": data, "output": str(folder / output), "batch": 6, "warmup": 2} | settings))
    return read_config(kind, path)


def quiet(_: str) -> None:
    """Reports nothing."""


def test_three_stages_learn_to_name_colors_and_two_bits_keep_it(folder: Path):
    base = config(
        folder, TrainConfig, "base", steps=60, retrieval_batch=6, extra_negatives=4, learning_rate=3e-3,
        word_vectors=False, network=NETWORK, evaluate_every=100, ema=0.8,
    )  # fmt: skip
    train(base, quiet)
    model = folder / "base" / "model.pt"
    metrics = evaluate_checkpoint(base, model, folder / "said.json")
    assert metrics["drawn/vqa-color/exact"] == 100 and metrics["drawn/vqa-color/blind"] < 50
    assert "red" in json.loads((folder / "said.json").read_text())["drawn"][0]
    assert (folder / "base" / "curves.csv").read_text().startswith("step,minutes,name,value\n")

    critical = config(
        folder, SelfCriticalConfig, "critical", steps=4, start_from=str(model), evaluate_every=100,
        image_size=SIZE - 8, picture_dropout=True, decoder_dropout=True, even_sources=True, regions_kept=0.75,
    )  # fmt: skip
    with pytest.raises(ValueError, match=f'set "image_size" to {SIZE}'):
        train_self_critical(critical, quiet)
    (folder / "cache" / "image-size.txt").write_text(str(SIZE - 8))  # the same features stand in for smaller photos
    train_self_critical(critical, quiet)
    assert load_model(folder / "critical" / "model.pt").network.config.image_size == SIZE - 8
    two_bit = config(
        folder, QuantizeConfig, "two-bit", steps=30, learning_rate=1e-3, evaluate_every=100,
        start_from=str(folder / "critical" / "model.pt"), answers=0.5,
    )  # fmt: skip
    train_two_bit(two_bit, quiet)
    loaded = load_model(folder / "two-bit" / "model.pt")
    assert sum(isinstance(m, TwoBit) for m in loaded.network.modules()) == len((loaded.two_bit or {})["linears"]) > 5
    assert evaluate_checkpoint(base, folder / "two-bit" / "model.pt", None)["drawn/vqa-color/exact"] == 100

    rewarded = config(
        folder, SelfCriticalConfig, "rewarded", steps=4, evaluate_every=100, learning_rate=1e-2,
        start_from=str(folder / "two-bit" / "model.pt"),
    )  # fmt: skip
    train_self_critical(rewarded, quiet)
    again = replace(base, output=folder / "again", steps=4, start_from=folder / "two-bit" / "model.pt")
    train(again, quiet)
    for name in ("rewarded", "again"):
        after = load_model(folder / name / "model.pt")
        assert after.two_bit == loaded.two_bit
        first = after.network.get_submodule("blocks.0.feed_forward.0").state_dict()
        before = loaded.network.get_submodule("blocks.0.feed_forward.0").state_dict()
        for part in ("parametrizations.weight.original", "parametrizations.weight.0.scales"):
            assert not torch.equal(first[part], before[part]), (name, part)


def started(folder: Path) -> Model:
    """A model after one step, with a trunk of its own, saved as ``start.pt``."""
    first = config(
        folder, TrainConfig, "first", steps=1, retrieval_batch=6, extra_negatives=4, word_vectors=False,
        network=NETWORK,
    )  # fmt: skip
    train(first, quiet)
    model = load_model(folder / "first" / "model.pt")
    torch.manual_seed(0)
    model.trunk = Trunk(0, SIZE, pretrained=False).state_dict()
    save_model(folder / "start.pt", Model(model.network, model.vocabulary, {}, model.trunk))
    return model


@pytest.mark.parametrize(("pictures", "first"), [("middles", 0), ("pixels", 0), ("pixels", 2)])
def test_a_tuned_trunk_is_saved_with_the_model(folder: Path, pictures: str, first: int):
    before = started(folder).trunk or {}
    tuned = config(
        folder, TrainConfig, "tuned", steps=2, extra_negatives=4, start_from=str(folder / "start.pt"),
        pictures=pictures, trunk_rate_share=1.0, trunk_from=first, regions_kept=0.75,
    )  # fmt: skip
    train(tuned, quiet)
    after = load_model(folder / "tuned" / "model.pt").trunk
    assert after is not None
    changed = {k.split(".")[0] for k in after if not torch.equal(after[k], before[k])}
    assert changed == ({"upper", "head"} if pictures == "middles" else {"lower", "upper", "head"})
    stages = {int(k.split(".")[1]) for k in after if k.startswith("lower.") and not torch.equal(after[k], before[k])}
    assert stages == (set(range(first, 5)) if pictures == "pixels" else set())


def test_the_curves_of_a_run_that_went_on_are_means_of_the_steps_it_saw(folder: Path):
    started(folder)
    for steps in (3, 5):
        resumed = config(folder, TrainConfig, "resumed", steps=steps, start_from=str(folder / "first" / "model.pt"))
        session = Session(resumed, None, quiet)
        weights = list(session.network.parameters())

        class One:
            def step(self, rows: np.ndarray, rng: np.random.Generator):
                return weights[0].sum() * 0, {"one": 1.0}  # noqa: B023 - called before the next round

        session.fit(One(), [{"params": weights}], report_every=4)
    values = re.findall(r",one,(.+)", (folder / "resumed" / "curves.csv").read_text())
    assert values == ["1.0"]


def test_the_mean_of_two_models_lies_between_them(folder: Path):
    first = started(folder)
    other = load_model(folder / "start.pt")
    other.network.resize_photos(SIZE + 32)
    for tensor in (*other.network.parameters(), *(other.trunk or {}).values()):
        if tensor.is_floating_point():
            tensor.data += 1
    save_model(folder / "other.pt", other)
    average_models([folder / "start.pt", folder / "other.pt"], folder / "mean.pt")
    mean = load_model(folder / "mean.pt")
    assert mean.network.config == first.network.config
    for name, tensor in first.network.named_parameters():
        if name != "grid_position":
            torch.testing.assert_close(dict(mean.network.named_parameters())[name], tensor + 0.5)
    assert mean.network.grid_position.shape == first.network.grid_position.shape
    for name, tensor in (first.trunk or {}).items():
        if tensor.is_floating_point():
            torch.testing.assert_close((mean.trunk or {})[name], tensor + 0.5)

    other.vocabulary.entries[-1] = "another"
    save_model(folder / "other.pt", other)
    with pytest.raises(ValueError, match="other words"):
        average_models([folder / "start.pt", folder / "other.pt"], folder / "mean.pt")
    with pytest.raises(ValueError, match="at least two"):
        average_models([folder / "start.pt"], folder / "mean.pt")


def test_a_mean_of_models_that_differ_in_form_is_refused(folder: Path):
    first = started(folder)
    wider = replace(first.network.config, ratio=2 * first.network.config.ratio)
    two_bit = {"grid": "integer", "block": 64, "linears": []}
    narrow = first.open_trunk()
    keep_channels(dict(expanding_blocks(narrow))["upper.1.0"], torch.arange(64))
    for what, network, trunk, bits in (
        ("another shape", Network(wider), first.trunk, None),
        ("other bits", first.network, first.trunk, two_bit),
        ("another trunk", first.network, narrow.state_dict(), None),
    ):
        save_model(folder / "other.pt", Model(network, first.vocabulary, {}, trunk, bits))
        with pytest.raises(ValueError, match=what):
            average_models([folder / "start.pt", folder / "other.pt"], folder / "mean.pt")
        assert not (folder / "mean.pt").exists()


@pytest.mark.parametrize("stage", [-1, 6])
def test_a_stage_that_cannot_be_the_first_is_refused(folder: Path, stage: int):
    started(folder)
    wrong = config(
        folder, TrainConfig, "wrong", steps=1, start_from=str(folder / "start.pt"), pictures="pixels", trunk_from=stage
    )
    with pytest.raises(ValueError, match="choose a stage from 0 to 5"):
        train(wrong, quiet)


def test_self_critical_steps_tune_the_trunk_and_hold_its_embeddings_to_the_texts(folder: Path):
    before = started(folder)
    tuned = config(
        folder, SelfCriticalConfig, "tuned", steps=2, start_from=str(folder / "start.pt"), pictures="middles",
        trunk_rate_share=1.0, contrast=0.5,
    )  # fmt: skip
    train_self_critical(tuned, quiet)
    after = load_model(folder / "tuned" / "model.pt")
    assert after.trunk is not None and before.trunk is not None
    assert {k.split(".")[0] for k in after.trunk if not torch.equal(after.trunk[k], before.trunk[k])} == {
        "upper",
        "head",
    }
    old = dict(before.network.named_parameters())
    changed = {n.split(".")[0] for n, p in after.network.named_parameters() if not torch.equal(p, old[n])}
    assert "image_out" in changed and "blocks" in changed
    assert not [name for name in changed if name.startswith(("text_", "embedding"))]


def test_later_stages_use_the_tuned_trunk_through_a_refined_cache(folder: Path):
    settings: dict = {"retrieval_batch": 6, "extra_negatives": 4, "word_vectors": False, "network": NETWORK}
    train(config(folder, TrainConfig, "first", steps=1, **settings), quiet)
    started = load_model(folder / "first" / "model.pt")
    torch.manual_seed(0)
    tuned = Model(started.network, started.vocabulary, {}, Trunk(0, SIZE, pretrained=False).state_dict())
    save_model(folder / "tuned.pt", tuned)

    mark_lower(folder / "cache", lower_fingerprint(Trunk(0, SIZE, pretrained=False)))
    with pytest.raises(ValueError, match="not those of the model's lower stages"):
        refine_features(folder / "tuned.pt", folder / "cache", folder / "refined", 1, quiet)
    of_others = config(folder, TrainConfig, "o", steps=1, start_from=str(folder / "tuned.pt"), pictures="middles")
    with pytest.raises(ValueError, match="not those of the model's lower stages"):
        train(of_others, quiet)
    mark_lower(folder / "cache", lower_fingerprint(tuned.open_trunk()))

    stale = config(folder, TrainConfig, "stale", steps=1, start_from=str(folder / "tuned.pt"))
    with pytest.raises(ValueError, match="not those of the model's trunk"):
        train(stale, quiet)

    refine_features(folder / "tuned.pt", folder / "cache", folder / "refined", 1, quiet)
    middles = np.load(folder / "cache" / "middle-1.npy")
    with torch.no_grad():
        expected = tuned.open_trunk().finish(torch.from_numpy(middles).float()).numpy()
    assert np.abs(GRID_VALUES[np.load(folder / "refined" / "grid-1.npy")] - expected).max() < 0.03
    fresh = config(folder, TrainConfig, "fresh", steps=1, **settings, start_from=str(folder / "tuned.pt"))
    train(replace(fresh, data=replace(fresh.data, cache=folder / "refined")), quiet)
    kept = load_model(folder / "fresh" / "model.pt").trunk
    assert kept is not None and all(torch.equal(kept[k], v) for k, v in (tuned.trunk or {}).items())


def test_only_the_named_parameters_train_and_words_can_be_left_out(folder: Path):
    settings: dict = {"retrieval_batch": 6, "extra_negatives": 4, "word_vectors": False, "network": NETWORK}
    train(config(folder, TrainConfig, "first", steps=1, **settings), quiet)
    again = config(
        folder, TrainConfig, "again", steps=30, only=["text_", "image_out"], losses={"words": 0, "contrast": 1.0},
        start_from=str(folder / "first" / "model.pt"), **settings,
    )  # fmt: skip
    train(again, quiet)
    before, after = (load_model(folder / name / "model.pt").network.state_dict() for name in ("first", "again"))
    changed = {k.split(".")[0] for k in before if not torch.equal(before[k], after[k])}
    assert changed and all(name.startswith(("text_", "image_out")) for name in changed)
    assert {"image_out", "text_blocks"} <= changed
    assert ",loss/words,0.0" in (folder / "again" / "curves.csv").read_text()
