import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="training tests need the [train] extra")
pytest.importorskip("timm")

from mm_lab import onnx_graph  # noqa: E402
from mm_lab.bundle import BundleInfo  # noqa: E402
from mm_lab.data.vocabulary import CAPTION, PAD, SPECIALS, Vocabulary  # noqa: E402
from mm_lab.export.bundle_part import export_bundle_part  # noqa: E402
from mm_lab.export.onnx_files import export_graphs, weight_table  # noqa: E402
from mm_lab.export.reference_caption import round_convolutions  # noqa: E402
from mm_lab.model.generate import generate  # noqa: E402
from mm_lab.model.narrow import expanding_blocks, keep_channels  # noqa: E402
from mm_lab.model.network import Network, NetworkConfig, pool_grid  # noqa: E402
from mm_lab.model.trunk import Trunk  # noqa: E402
from mm_lab.quantize.two_bit import GRIDS, quantize_linears  # noqa: E402
from mm_lab.train.checkpoint import Model, save_model  # noqa: E402

SIZE, STEPS = 64, 6


@pytest.fixture(scope="module", params=["integer", "half"])
def model(request) -> Model:
    torch.manual_seed(0)
    config = NetworkConfig(40, 0, SIZE, width=128, heads=2, layers=2, embedding=64, embedding_hidden=64)
    network = Network(config).eval()
    network.embedding.weight.data *= 3
    names = quantize_linears(network, GRIDS[request.param], 64, lambda n: n != "class_in")
    assert len(names) > 15
    trunk = Trunk(0, SIZE, pretrained=False)
    if request.param == "half":  # a narrowed trunk is exported like any other
        keep_channels(dict(expanding_blocks(trunk))["lower.1.1"], torch.arange(128))
    entries = [*SPECIALS, *(f"w{i}" for i in range(40 - len(SPECIALS)))]
    two_bit = {"grid": request.param, "block": 64, "linears": names}
    return Model(network, Vocabulary(entries), {"step": 1}, trunk.state_dict(), two_bit)


@pytest.fixture(scope="module")
def graphs(model: Model) -> dict[str, onnx.ModelProto]:
    return export_graphs(model)


def run(graph: onnx.ModelProto, **inputs: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(onnx_graph.serialize(graph), providers=["CPUExecutionProvider"])
    return [np.asarray(o) for o in session.run(None, inputs)]


def close(got: np.ndarray, expected, share: float) -> bool:
    """Whether the error's size is within ``share`` of the expected value's spread."""
    wanted = expected.detach().numpy()
    return bool(np.sqrt(np.square(got - wanted).mean()) <= share * wanted.std())


def test_the_vision_graph_gives_the_networks_memory_and_embedding(model: Model, graphs: dict):
    image = torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1)) * 2 - 1
    embedding, keys, values = run(graphs["vision"], image=image.numpy())
    with torch.no_grad():
        grid = model.open_trunk()(image)
        pairs = model.network.picture_keys_values(model.network.picture(grid))
        wanted = model.network.embed_pooled(pool_grid(grid))
    assert keys.shape == (2, 2, 9, 64)
    assert close(keys, torch.cat([k for k, _ in pairs]), 0.05) and close(values, torch.cat([v for _, v in pairs]), 0.05)
    assert float(embedding[0] @ wanted[0].numpy()) > 0.998


def test_convolutions_rounded_as_they_are_stored_see_what_the_export_sees(model: Model, graphs: dict):
    image = torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(3)) * 2 - 1
    plain, rounded = model.open_trunk(), model.open_trunk()
    round_convolutions(rounded)
    keys = run(graphs["vision"], image=image.numpy())[1]

    @torch.no_grad()
    def error(trunk: Trunk) -> float:
        pairs = model.network.picture_keys_values(model.network.picture(trunk(image)))
        return float(np.square(keys - torch.cat([k for k, _ in pairs]).numpy()).mean())

    assert error(rounded) < 0.25 * error(plain)


def test_the_text_graph_ignores_padding(model: Model, graphs: dict):
    tokens = np.array([[CAPTION, 8, 9, 10], [CAPTION, 8, PAD, PAD]])
    (embedding,) = run(graphs["text"], tokens=tokens)
    with torch.no_grad():
        wanted = model.network.embed_text(torch.from_numpy(tokens)).numpy()
    assert ((embedding * wanted).sum(1) > 0.998).all()
    (short,) = run(graphs["text"], tokens=tokens[1:, :2])
    np.testing.assert_allclose(short[0], embedding[1], atol=1e-4)


def test_greedy_decoding_with_the_exported_step_says_what_the_network_says(model: Model, graphs: dict):
    memory = model.network.picture(torch.rand(1, 4, 1280, generator=torch.Generator().manual_seed(2)))
    prefix = torch.tensor([[CAPTION, 7, 9]])
    pairs = model.network.picture_keys_values(memory)
    picture = {
        "picture_keys": torch.cat([k for k, _ in pairs]).detach().numpy(),
        "picture_values": torch.cat([v for _, v in pairs]).detach().numpy(),
    }
    keys = values = np.zeros((2, 1, 2, 0, 64), np.float32)
    tokens, start, said = prefix.numpy(), 0, []
    reference_past = None
    for _ in range(STEPS):
        logits, keys, values = run(
            graphs["decoder"], tokens=tokens, start=np.array([start]), past_keys=keys, past_values=values, **picture
        )
        with torch.no_grad():
            wanted, reference_past = model.network.step(torch.from_numpy(tokens), start, pairs, reference_past)
        assert close(logits, wanted, 0.05)
        start += tokens.shape[1]
        said.append(int(np.argmax(np.where(np.arange(40) < len(SPECIALS), -np.inf, logits[0]))))
        tokens = np.array([[said[-1]]])
    assert keys.shape[3] == start
    model.network.output_bias.data[: len(SPECIALS)] -= 100  # as the loop above: words only
    assert generate(model.network, memory, prefix, STEPS)[0].tolist() == said
    model.network.output_bias.data[: len(SPECIALS)] += 100


def test_large_weights_are_stored_in_bytes_or_less(graphs: dict):
    for graph in graphs.values():
        floats = [(name, size) for name, kind, size in weight_table(graph) if kind == "FLOAT" and size > 20_000]
        assert floats == []
        assert {n.op_type for n in graph.graph.node} >= {"MatMulNBits"}


def test_the_bundle_part_says_how_the_graphs_are_used(model: Model, tmp_path: Path):
    save_model(tmp_path / "model.pt", model)
    manifest = export_bundle_part(tmp_path / "model.pt", tmp_path / "bundle", BundleInfo("b", "1", "test"))
    roles = {e["role"]: tmp_path / "bundle" / e["path"] for e in manifest["files"]}
    assert set(roles) == {"vision", "decoder", "text", "tokenizer", "license", "notice"}
    assert manifest["license"] == "Apache-2.0 AND LicenseRef-research-data"
    assert "Flickr8k" in (tmp_path / "bundle" / "LICENSE-research-data.txt").read_text()
    tokenizer = json.loads(roles["tokenizer"].read_text())
    assert tokenizer["words"] == model.vocabulary.entries and tokenizer["specials"]["caption"] == CAPTION
    for role in ("vision", "decoder", "text"):
        session = onnxruntime.InferenceSession(roles[role].read_bytes(), providers=["CPUExecutionProvider"])
        settings = manifest["models"][role]
        assert [i.name for i in session.get_inputs()] == settings["inputs"]
        assert [o.name for o in session.get_outputs()] == settings["outputs"]
    assert session.get_outputs()[0].shape[-1] == settings["embedding"]
