"""Fine-tuning on drawn pictures, from a small untrained model."""

from pathlib import Path

import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="training tests need the [train] extra")
pytest.importorskip("timm")

from mm_lab.data.samples import read_samples  # noqa: E402
from mm_lab.data.vocabulary import CAPTION, SPECIALS, Vocabulary  # noqa: E402
from mm_lab.finetune import FinetuneSettings, finetune  # noqa: E402
from mm_lab.finetune.words import quicken, settle, with_words  # noqa: E402
from mm_lab.model.generate import generate  # noqa: E402
from mm_lab.model.network import Network, NetworkConfig  # noqa: E402
from mm_lab.model.trunk import Trunk  # noqa: E402
from mm_lab.release.base import write_base  # noqa: E402
from mm_lab.train.checkpoint import Model, load_model, save_model  # noqa: E402

COLORS = {"red": (220, 20, 20), "green": (20, 200, 20), "blue": (20, 20, 220)}
SIZE = 64
QUICK = FinetuneSettings(views=0, batch=6, new_words=1)


def small() -> Model:
    torch.manual_seed(0)
    config = NetworkConfig(
        12, 0, SIZE, width=64, heads=2, layers=1, embedding_hidden=64, class_tokens=False, dropout=0.0,
        embedding_dropout=0.0,
    )  # fmt: skip
    words = [*SPECIALS, "a", "square", "what", "color", "is", "it"]
    return Model(Network(config).eval(), Vocabulary(words), {}, Trunk(0, SIZE).state_dict())


@pytest.fixture
def base(tmp_path: Path) -> Path:
    save_model(tmp_path / "small.pt", small())
    write_base(tmp_path / "small.pt", tmp_path / "base")
    return tmp_path / "base"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    rows = ["image,caption,question,answer"]
    for number, (name, rgb) in enumerate([*COLORS.items()] * 2):
        Image.new("RGB", (48, 48), rgb).save(folder / f"{number}.png")
        rows += [f"{number}.png,a {name} square,,", f"{number}.png,,what color is it,{name}"]
    (folder / "train.csv").write_text("\n".join(rows))
    return folder


def same(one: dict, two: dict, prefixes: tuple[str, ...]) -> bool:
    names = [n for n in one if n.startswith(prefixes)]
    assert names
    return all(torch.equal(one[n].half(), two[n].half()) for n in names)


def test_new_words_are_learned_and_what_is_frozen_stays(base: Path, photos: Path, tmp_path: Path):
    steps: list[tuple[int, int]] = []
    said: list[str] = []
    path = finetune(
        photos, ["captioning", "vqa", "ocr"], 60, 2e-3, tmp_path / "out", lambda at, of, _: steps.append((at, of)),
        base=base, settings=QUICK, report=said.append,
    )  # fmt: skip
    assert steps == [(n, 60) for n in range(1, 61)]
    assert any("PP-OCRv6" in line for line in said) and any("3 new words: blue, green, red" in line for line in said)
    tuned, start = load_model(path), small()
    trunk = tuned.open_trunk()
    for sample in read_samples("csv", photos, "train"):
        pixels = torch.from_numpy(sample.pixels().copy()).permute(2, 0, 1).float()[None]
        image = torch.nn.functional.interpolate(pixels, (SIZE, SIZE)) / 127.5 - 1
        with torch.no_grad():
            memory = tuned.network.picture(trunk(image))
            caption = tuned.vocabulary.decode(generate(tuned.network, memory, torch.tensor([[CAPTION]]), 8)[0].tolist())
        assert caption == sample.captions[0]
    before, after = start.network.state_dict(), tuned.network.state_dict()
    assert same(before, after, ("text_", "image_out"))  # no retrieval was asked for
    assert torch.equal(before["embedding.weight"].half(), after["embedding.weight"][:12].half())
    assert not same(before, after, ("blocks.",))
    assert tuned.trunk is not None and same(start.trunk or {}, tuned.trunk, ("lower", "upper", "head"))
    assert tuned.notes["words-loss"] < tuned.notes["words-loss-before"]


def test_a_stopped_run_goes_on_and_only_with_what_it_was_started_with(base: Path, photos: Path, tmp_path: Path):
    class StopError(Exception):
        pass

    def stop(at: int, of: int, loss: float) -> None:
        if at == 3:
            raise StopError

    settings = FinetuneSettings(views=0, batch=6, new_words=0, checkpoint_minutes=0)
    with pytest.raises(StopError):
        finetune(photos, ["retrieval"], 5, 1e-3, tmp_path / "out", stop, base=base, settings=settings)
    steps: list[int] = []
    path = finetune(
        photos, ["retrieval"], 5, 1e-3, tmp_path / "out", lambda at, *_: steps.append(at), base=base, settings=settings
    )
    assert steps == [3, 4, 5]  # the step that was cut short is done again
    with pytest.raises(ValueError, match="other data or settings"):
        finetune(photos, ["captioning"], 5, 1e-3, tmp_path / "out", base=base, settings=settings)
    before, after = small().network.state_dict(), load_model(path).network.state_dict()
    assert same(before, after, ("blocks.", "output_bias", "embedding", "grid_")) and not same(
        before, after, ("image_out",)
    )


def test_an_unfrozen_trunk_is_tuned_and_saved(base: Path, photos: Path, tmp_path: Path):
    settings = FinetuneSettings(freeze=("decoder", "words"), views=0, batch=6, new_words=0, trunk_rate_share=1.0)
    path = finetune(photos, ["captioning"], 3, 1e-2, tmp_path / "out", base=base, settings=settings)
    tuned, start = load_model(path), small()
    assert not same(start.trunk or {}, tuned.trunk or {}, ("upper", "head"))
    assert same(start.trunk or {}, tuned.trunk or {}, ("lower",))
    assert same(start.network.state_dict(), tuned.network.state_dict(), ("blocks.", "embedding"))


def test_what_cannot_be_trained_is_said_at_once(base: Path, photos: Path, tmp_path: Path):
    with pytest.raises(ValueError, match="PP-OCRv6"):
        finetune(photos, ["ocr"], output=tmp_path / "out", base=base)
    with pytest.raises(ValueError, match="unknown task 'reading'"):
        finetune(photos, ["reading"], output=tmp_path / "out", base=base)
    with pytest.raises(ValueError, match="unknown part 'head'"):
        FinetuneSettings(freeze=("head",))
    with pytest.raises(FileNotFoundError, match=r"train\.csv"):
        finetune(tmp_path, output=tmp_path / "out", base=base)


def test_added_words_change_nothing_else_and_settle():
    old = small()
    new = with_words(old, ["zebra", "quilt"])
    assert new.vocabulary.entries[-2:] == ["zebra", "quilt"]
    hidden = torch.randn(3, 64)
    torch.testing.assert_close(new.network.logits(hidden)[:, :12], old.network.logits(hidden))
    parts = quicken(new.network, 2)
    with torch.no_grad():
        parts[1].add_(1.0)
    shifted = new.network.logits(hidden)
    settle(new.network)
    torch.testing.assert_close(new.network.logits(hidden), shifted)
    assert "output_bias" in new.network.state_dict() and new.network.output_bias[-1] > old.network.output_bias.max() + 5
