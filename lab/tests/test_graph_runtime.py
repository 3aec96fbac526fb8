"""The bundle's graphs, decoded in Python, beside the network they were exported from."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="training tests need the [train] extra")
pytest.importorskip("timm")

from mm_lab.bundle import BundleInfo, set_confidence  # noqa: E402
from mm_lab.data.views import plain_view  # noqa: E402
from mm_lab.data.vocabulary import ANSWER, CAPTION, SEPARATOR, SPECIALS, Vocabulary  # noqa: E402
from mm_lab.evaluate import graph_runtime  # noqa: E402
from mm_lab.evaluate.runtime import Picture, open_runtime  # noqa: E402
from mm_lab.export.bundle_part import export_bundle_part  # noqa: E402
from mm_lab.model.generate import BeamSettings, beam_search, generate, most_alike  # noqa: E402
from mm_lab.model.network import Network, NetworkConfig, pool_grid  # noqa: E402
from mm_lab.model.trunk import Trunk  # noqa: E402
from mm_lab.train.checkpoint import Model, save_model  # noqa: E402

SIZE = 64


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(0)
    config = NetworkConfig(40, 0, SIZE, width=64, heads=2, layers=2, embedding=64, embedding_hidden=64)
    network = Network(config).eval()
    network.embedding.weight.data *= 3
    entries = [*SPECIALS, *(f"w{i}" for i in range(40 - len(SPECIALS)))]
    return Model(network, Vocabulary(entries), {"step": 1}, Trunk(0, SIZE, pretrained=False).state_dict())


@pytest.fixture(scope="module")
def bundle(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    save_model(folder / "model.pt", model)
    export_bundle_part(folder / "model.pt", folder / "bundle", BundleInfo("b", "1", "test"))
    return folder / "bundle"


def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)


def picture() -> Picture:
    buffer = io.BytesIO()
    Image.fromarray(pixels()).save(buffer, "PNG")
    return Picture("1", buffer.getvalue())


def test_captions_answers_and_embeddings_are_those_of_the_network(
    model: Model, bundle: Path, monkeypatch: pytest.MonkeyPatch
):
    # Two rules that the network's own decoding does not know.
    monkeypatch.setattr(graph_runtime, "NO_REPEAT", 0)
    monkeypatch.setattr(graph_runtime.Echoes, "of", lambda _: None)
    runtime = open_runtime("reference", bundle, mm=Path("mm"), threads=1)
    network, words = model.network, model.vocabulary
    with torch.no_grad():
        grid = model.open_trunk()(torch.from_numpy(plain_view(pixels(), SIZE))[None])
        memory = network.picture(grid)
        image = network.embed_pooled(pool_grid(grid))
        text = network.embed_text(torch.tensor([[CAPTION, *words.encode("w1 w2"), 3]]))
    start = torch.tensor([[CAPTION]])
    greedy = words.decode(generate(network, memory, start, 19)[0].tolist())
    settings = BeamSettings()
    texts, scores = beam_search(network, memory, start, settings)
    beam = words.decode(most_alike(network, texts, scores, image, settings.similarity_weight)[0].tolist())
    said = runtime.captions([picture()], 1)[0]
    assert said.text == greedy
    assert runtime.captions([picture()], 3)[0].text == beam
    assert 0 < said.confidence < 1 and not said.calibrated
    prefix = torch.tensor([[ANSWER, *words.encode("w3 w4"), SEPARATOR]])
    answer = words.decode(generate(network, memory, prefix, 4)[0].tolist())
    assert runtime.answers([(picture(), "w3 w4?")])[0].text == answer
    np.testing.assert_allclose(runtime.embed_images([picture()]), image.numpy(), atol=0.05)
    np.testing.assert_allclose(runtime.embed_texts(["w1 w2", "w1"])[:1], text.numpy(), atol=0.05)


def test_the_fitted_confidence_is_used_by_kind(bundle: Path):
    curve = {"bias": 1.0, "mean": 0.0, "least": 0.0}
    fitted = {"caption": curve, "answer": {"default": curve, "count": curve | {"bias": -1.0}}, "unsure_below": 0.5}
    set_confidence(bundle, fitted, {})
    runtime = open_runtime("reference", bundle, mm=Path("mm"), threads=1)
    asked = runtime.answers([(picture(), "how many w1"), (picture(), "what is it")])
    assert [a.sure for a in asked] == [False, True] and all(a.calibrated for a in asked)
    assert asked[1].confidence == pytest.approx(1 / (1 + np.exp(-1)))
    assert runtime.captions([picture()], 1)[0].confidence == pytest.approx(asked[1].confidence)


def test_a_caption_is_trusted_by_its_likeness_to_the_picture(bundle: Path):
    flat = {"bias": 0.0, "mean": 0.0, "least": 0.0}
    fitted = {"caption": flat, "caption_compared": flat | {"similarity": 2.0}, "answer": {"default": flat}}
    set_confidence(bundle, fitted, {})
    runtime = open_runtime("reference", bundle, mm=Path("mm"), threads=1)
    for beams in (1, 3):
        said = runtime.captions([picture()], beams)[0]
        cosine = float(runtime.embed_texts([said.text])[0] @ runtime.embed_images([picture()])[0])
        assert said.confidence == pytest.approx(1 / (1 + np.exp(-2 * cosine)), abs=0.02)
    assert runtime.answers([(picture(), "what is it")])[0].confidence == pytest.approx(0.5)
