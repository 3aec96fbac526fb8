import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from mm_lab.ocr import geometry
from mm_lab.ocr.reader import Reader, load_image
from mm_lab.ocr.recognizer import Line, Recognizer, split_words
from mm_lab.ocr.reference_tensors import draw_sign, draw_strip, write_reference
from mm_lab.ocr.settings import RECOGNIZER

ROOT = Path(__file__).parents[2]
BUNDLE = ROOT / "models/mobile-mm-llm-int2"
REFERENCE = ROOT / "crates/mm-core/tests/reference/ocr"


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(BUNDLE, threads=1)


def quad(*corners: float) -> np.ndarray:
    return np.array(corners, np.float32).reshape(4, 2)


def decoder(characters: str) -> Recognizer:
    """A recognizer whose network is not run: only its decoding is wanted."""
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, len(characters) + 1]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "none", value[:1], value[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return Recognizer(session, {**RECOGNIZER, "input": "x", "outputs": ["y"]}, ["", *characters])


def test_ctc_merges_repeats_and_keeps_doubles_with_a_blank_between():
    steps = [1, 1, 0, 1, 2, 2, 0, 0]
    probability = np.full((len(steps), 3), 0.1, np.float32)
    probability[np.arange(len(steps)), steps] = 0.8
    line = decoder("ab").decode(probability, 0.5)
    assert line.text == "aab"
    assert line.positions == [0.5 / 8 / 0.5, 3.5 / 8 / 0.5, 1.0]
    assert line.confidence == pytest.approx(0.8)


def test_ctc_of_blanks_only_is_empty_with_no_confidence():
    probability = np.tile(np.array([0.9, 0.1], np.float32), (4, 1))
    line = decoder("a").decode(probability, 1.0)
    assert (line.text, line.confidence) == ("", 0.0)


def test_words_share_the_line_without_overlap_and_reach_its_ends():
    line = Line(list(" ab c"), [0.02, 0.1, 0.3, 0.5, 0.9], 1.0)
    words = split_words(line, quad(0, 0, 100, 0, 100, 10, 0, 10), turned=False)
    assert [word.text for word in words] == ["ab", "c"]
    assert words[0].quad.tolist() == quad(0, 0, 40, 0, 40, 10, 0, 10).tolist()
    assert words[1].quad[:, 0].tolist() == [80, 100, 100, 80]


def test_words_of_a_turned_line_run_down_from_its_top_right_corner():
    line = Line(list("a b"), [0.2, 0.5, 0.8], 1.0)
    first, second = split_words(line, quad(0, 0, 10, 0, 10, 100, 0, 100), turned=True)
    assert first.quad[0].tolist() == [10, 0]
    assert first.quad[:, 1].max() < second.quad[:, 1].min()


def test_unclip_grows_a_rectangle_by_area_over_perimeter():
    grown = geometry.unclip(quad(0, 0, 100, 0, 100, 20, 0, 20), 1.5)
    assert grown is not None
    distance = 100 * 20 * 1.5 / 240
    assert grown.min(axis=0) == pytest.approx([-distance, -distance], abs=1)
    assert grown.max(axis=0) == pytest.approx([100 + distance, 20 + distance], abs=1)


def test_min_area_quad_starts_at_the_top_left_and_goes_clockwise():
    corners = np.array([[50, 10], [90, 30], [80, 50], [40, 30]], np.float32)
    found, side = geometry.min_area_quad(corners.reshape(-1, 1, 2))
    assert found == pytest.approx(corners, abs=0.1)
    assert side == pytest.approx(np.hypot(10, 20), abs=0.1)


def test_a_tall_crop_is_turned_to_read_rightwards():
    image = np.zeros((60, 40, 3), np.uint8)
    image[5:25, 10:20] = (255, 0, 0)  # the start of a line that runs down is blue
    crop, turned = geometry.crop(image, quad(10, 5, 20, 5, 20, 55, 10, 55))
    assert turned
    assert crop.shape == (10, 50, 3)
    assert crop[5, 5].tolist() == [255, 0, 0]
    assert crop[5, 45].tolist() == [0, 0, 0]


def test_the_bundle_reads_the_drawings(reader):
    sign = reader.read(draw_sign(), 960)
    assert {region.text for region in sign} == {"OPEN DAILY", "9 am to 5:30 pm", "Books & Maps"}
    (strip,) = reader.read(draw_strip(), 960)
    assert [word.text for word in strip.words] == ["PLATFORM", "12"]


def test_an_empty_picture_has_no_text(reader):
    assert reader.read(np.full((64, 64, 3), 200, np.uint8), 960) == []


def test_the_committed_reference_is_current(tmp_path):
    """Numbers may differ in the last digits between processors; texts, shapes and places may not."""
    write_reference(BUNDLE, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(p.name for p in REFERENCE.iterdir())
    fresh, committed = (json.loads((folder / "index.json").read_text()) for folder in (tmp_path, REFERENCE))
    for mine, theirs in zip(fresh["cases"], committed["cases"], strict=True):
        assert mine["detector_input"] == theirs["detector_input"]
        for a, b in zip(mine["lines"], theirs["lines"], strict=True):
            assert (a["text"], a["classes"], a["input"]) == (b["text"], b["classes"], b["input"])
            np.testing.assert_allclose(a["quad"], b["quad"], atol=1)
    for path in tmp_path.glob("*-input.npy"):
        np.testing.assert_allclose(np.load(path), np.load(REFERENCE / path.name), atol=1e-5)
    for path in tmp_path.glob("*-resized.png"):
        assert np.array_equal(load_image(path), load_image(REFERENCE / path.name))
