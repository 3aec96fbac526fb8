import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mm_lab.bundle import BundleInfo, BundlePart, bundle_digest, read_manifest, set_confidence, write_part
from mm_lab.evaluate.runtime import Said
from mm_lab.release import bundle as release
from mm_lab.release.bundle import NEEDED, finish_bundle
from mm_lab.release.training_log import read_training_log, steps_table
from mm_lab.stored_weights import groups, stored_weights
from mm_lab.weight_only import store_int8


def graph() -> onnx.ModelProto:
    """A convolution (later int8), a two-bit product of 2x32 in blocks of 16, and a bias."""
    rng = np.random.default_rng(0)
    packed = np.array([[[0b11100100] * 4, [0] * 4], [[0xFF] * 4, [0b10101010] * 4]], np.uint8)
    weights = {
        "kernel": rng.standard_normal((16, 4, 3, 3)).astype(np.float32),
        "packed": packed,
        "scales": np.array([[1.0, 2.0], [0.5, 4.0]], np.float32),
        "bias": np.zeros(2, np.float32),
    }
    attributes: dict[str, Any] = {"K": 32, "N": 2, "bits": 2, "block_size": 16, "accuracy_level": 4}
    nodes = [
        helper.make_node("Conv", ["image", "kernel"], ["maps"]),
        helper.make_node("MatMulNBits", ["x", "packed", "scales"], ["y"], domain="com.microsoft", **attributes),
        helper.make_node("Add", ["y", "bias"], ["z"]),
    ]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("image", "x", "maps", "z")]
    tensors = [numpy_helper.from_array(v, k) for k, v in weights.items()]
    model = helper.make_model(helper.make_graph(nodes, "g", ends[:2], ends[2:], tensors))
    store_int8(model)
    return model


def test_weights_are_read_as_the_operators_see_them():
    found = {w.kind: w for w in stored_weights(graph())}
    assert found["linears"].bits == 2 and found["linears"].bytes == 16 + 16
    assert found["linears"].values[0, :4].tolist() == [-2, -1, 0, 1]  # lowest bits first, zero point 2
    assert found["linears"].values[:, 16].tolist() == [-4, 0] and found["linears"].values[1, 0] == 0.5
    assert found["convolutions"].bits == 8 and found["convolutions"].values.shape == (16, 4, 3, 3)
    half = {w.kind: w for w in stored_weights(graph(), half_step=True)}
    assert half["linears"].values[0, :4].tolist() == [-1.5, -0.5, 0.5, 1.5]
    sums = {g.kind: g for g in groups(stored_weights(graph()))}
    assert sums["linears"].bits_each == 8 * 32 / 64 and sums["convolutions"].count == 16 * 4 * 9


SEEING = {
    "vision": {"size": 64, "embedding": 384},
    "decoder": {
        "layers": 1, "heads": 2, "head_size": 32, "vocabulary": 40, "max_caption_tokens": 19, "max_answer_tokens": 4,
    },
}  # fmt: skip


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    data = graph().SerializeToString()
    files = {f"{role}.onnx": (role, data) for role in NEEDED if role not in ("license", "notice")}
    files |= {"LICENSE": ("license", b"text"), "NOTICE": ("notice", b"text")}
    write_part(tmp_path / "b", BundleInfo("old", "0", "old"), BundlePart("all", "Apache-2.0", files, SEEING))
    return tmp_path / "b"


def evaluation(tmp_path: Path, digest: str) -> Path:
    record = {
        "bundle": {"digest": digest}, "runtime": "cli", "command": "mm-lab evaluate --data d.json",
        "metrics": {"flickr8k": {"beam3/cider": 61.5, "beam3/right": 70.0, "beam3/ece": 0.05, "beam3/ms": 30.0}},
    }  # fmt: skip
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps(record))
    return path


class Parrot:
    name = "cli"

    def captions(self, pictures, beams: int) -> list[Said]:
        return [Said("a red truck", 0.8) for _ in pictures]

    def answers(self, asked) -> list[Said]:
        return [Said("two", 0.1, sure=False) for _ in asked]

    def embed_images(self, pictures) -> np.ndarray:
        raise AssertionError("not asked")

    def embed_texts(self, texts) -> np.ndarray:
        raise AssertionError("not asked")


def test_the_card_says_what_was_measured_and_what_was_not(bundle: Path, tmp_path: Path):
    card = tmp_path / "docs" / "MODEL_CARD.md"
    card.parent.mkdir()
    finish_bundle(bundle, card, root=tmp_path)
    bare = card.read_text()
    assert bare.count("not measured") >= 6 and "$" not in bare
    (tmp_path / "p.jpg").write_bytes(b"x")
    listing = [{"picture": "p.jpg", "truth": "a fire engine", "questions": ["how many?"], "comment": "nearly"}]
    (tmp_path / "examples.json").write_text(json.dumps(listing))
    speed = tmp_path / "speed.json"
    speed.write_text(json.dumps({"command": "mm bench --json", "figures": {"vision ms": 9.5}}))
    summary = {"n": 10, "right": 50.0, "ece": 0.06}
    found = {
        "photos": 10, "data": ["flickr8k dev"], "folds": 5, "command": "mm-lab calibrate", "captions": summary,
        "answers": summary | {"kinds": {"count": summary}}, "unsure-below-rule": "rule",
    }  # fmt: skip
    set_confidence(bundle, {"unsure_below": 0.33}, found)
    manifest = finish_bundle(
        bundle, card, root=tmp_path, evaluation=evaluation(tmp_path, bundle_digest(bundle)), figures=[speed],
        examples=tmp_path / "examples.json", runtime_on=lambda _: Parrot(),
    )  # fmt: skip
    full = card.read_text()
    for fact in (
        "61.5", "`mm-lab evaluate --data d.json`", "![a fire engine](../p.jpg)", "*a red truck* (confidence 0.80)",
        "nearly", 'given as "not sure"', "| vision ms |", "vision.onnx: linears", "below 0.33", "| answers, count |",
    ):  # fmt: skip
        assert fact in full, fact
    assert manifest["metrics"]["evaluation"]["figures"]["flickr8k"]["beam3/cider"] == 61.5
    assert manifest["metrics"]["speed"]["command"] == "mm bench --json"
    inside = (bundle / "MODEL_CARD.md").read_text()
    assert "61.5" in inside and "![" not in inside
    assert manifest["license"] == "Apache-2.0 AND MIT" and "`Apache-2.0 AND MIT`" in inside


def test_finishing_twice_changes_nothing(bundle: Path, tmp_path: Path):
    found = []
    for _ in range(2):
        finish_bundle(bundle, tmp_path / "card.md", root=tmp_path)
        found.append((bundle / "manifest.json").read_bytes())
    assert found[0] == found[1]
    assert read_manifest(bundle)["name"] == "mobile-mm-llm-int2"


def test_what_may_not_be_released_is_refused(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def finish(figures: Path | None = None) -> None:
        finish_bundle(bundle, tmp_path / "card.md", root=tmp_path, evaluation=figures)

    with pytest.raises(ValueError, match="another bundle"):
        finish(evaluation(tmp_path, "0" * 64))
    monkeypatch.setattr(release, "MAX_BYTES", 100)
    with pytest.raises(ValueError, match="the limit is 100"):
        finish()
    (bundle / "NOTICE").write_bytes(b"other")
    with pytest.raises(ValueError, match="NOTICE is damaged"):
        finish()
    (bundle / "NOTICE").write_bytes(b"text")
    write_part(bundle, BundleInfo("b", "0", ""), BundlePart("all", "MIT", {"LICENSE": ("license", b"t")}, {}))
    with pytest.raises(ValueError, match="has no ocr-detector"):
        finish()


def test_the_steps_of_training_stand_side_by_side(tmp_path: Path):
    path = tmp_path / "log.json"
    steps = [
        {"name": "cross-entropy", "command": "mm-lab train", "minutes": 50, "measured": {"CIDEr": 50.5}},
        {"name": "two bits", "measured": {"CIDEr": 49.9, "BLEU-4": 20.0}},
    ]
    path.write_text(json.dumps({"seed": 1, "hardware": "two cores", "command": "c", "steps": steps}))
    table = steps_table(read_training_log(path))
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    assert rows[2] == ["cross-entropy", "50", "50.5", "not measured"]
    assert rows[3] == ["two bits", "not measured", "49.9", "20"]
    assert "not measured" in steps_table(read_training_log(tmp_path / "none.json"))
