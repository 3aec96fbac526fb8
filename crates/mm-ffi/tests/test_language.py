"""Captions, answers and embeddings, on the tiny bundle of the core's tests, which knows two drawings by heart."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from conftest import PICTURES, TINY
from PIL import Image

from mobile_multimodal import CancelToken, MobileMultiModalError, MobileMultiModalLLM

SHORE, HOUSE = TINY / "reference-shore.png", TINY / "reference-house.png"


@pytest.fixture(scope="module")
def tiny() -> MobileMultiModalLLM:
    return MobileMultiModalLLM.from_pretrained(TINY / "bundle", provider="cpu")


def code(call: Callable[[], object]) -> str:
    with pytest.raises(MobileMultiModalError) as caught:
        call()
    return caught.value.code


def test_a_caption_in_every_form_of_the_same_picture(tiny: MobileMultiModalLLM):
    expected = tiny.caption(SHORE)
    assert (expected.text, expected.sentence) == ("two people on the beach", "Two people on the beach")
    assert expected.calibrated
    assert 0 <= expected.confidence <= 1
    assert [word for word, _ in expected.words] == expected.text.split()
    assert all(score <= 0 for _, score in expected.words)
    assert set(expected.ms) == {"preprocess", "vision", "decode", "total"}
    assert all(value >= 0 for value in expected.ms.values())
    array = cv2.imread(str(SHORE))
    assert array is not None
    for image in (str(SHORE), SHORE.read_bytes(), Image.open(SHORE), array, tiny.open(SHORE)):
        caption = tiny.caption(image)
        assert (caption.text, caption.confidence) == (expected.text, expected.confidence)
    assert tiny.generate_caption(SHORE) == expected.sentence
    assert expected["text"] == expected.text
    assert json.loads(json.dumps(expected.as_dict()))["words"][0][0] == "two"


@pytest.mark.parametrize("beams", [1, 3, 16])
def test_any_number_of_beams(tiny: MobileMultiModalLLM, beams: int):
    assert tiny.generate_caption(HOUSE, beams=beams) == "A white house and green grass"


def test_an_answer_with_its_doubts(tiny: MobileMultiModalLLM):
    answer = tiny.answer(SHORE, "Is there a dog?")
    assert (answer.text, answer.kind, answer.sure, answer.guess) == ("no", "yes/no", True, None)
    assert {text for text, _ in answer.alternatives} == {"yes", "no"}
    assert 0 <= answer.confidence <= 1
    unsure = tiny.answer(SHORE, "Is there a dog?", unsure_below=1.0)
    assert (unsure.text, unsure.sure, unsure.guess) == ("not sure", False, "no")
    assert tiny.answer_question(SHORE, "How many people are in this picture?") == "two"
    assert tiny.answer_question(HOUSE, "is there a dog") == "yes"


def test_one_vision_pass_serves_everything_about_a_picture(tiny: MobileMultiModalLLM):
    picture = tiny.open(SHORE)
    assert picture.size == (200, 150)
    # Times of two passes are never the same to the nanosecond.
    passes = {picture.caption().ms["vision"], picture.answer("What is this?").ms["vision"]}
    assert len(passes) == 1
    assert picture.caption().ms["vision"] != tiny.caption(SHORE).ms["vision"]
    assert np.array_equal(picture.embed(), tiny.embed_image(SHORE))


def test_questions_that_are_none_are_refused_by_code(tiny: MobileMultiModalLLM):
    picture = tiny.open(SHORE)
    assert code(lambda: picture.answer("  ?")) == "question.empty"
    assert code(lambda: picture.answer("what " * 2000)) == "question.too_long"
    assert code(lambda: picture.answer("is there a \udcff")) == "text.not_unicode"
    assert code(lambda: tiny.embed_text("")) == "text.empty"


def test_what_the_bundle_has_no_model_for_is_refused_by_code(tiny: MobileMultiModalLLM):
    assert tiny.info().tasks == ["caption", "answer", "embed_image", "embed_text"]
    assert code(lambda: tiny.extract_text(SHORE)) == "bundle.role_missing"


def test_work_can_be_cancelled(tiny: MobileMultiModalLLM):
    cancel = CancelToken()
    assert not cancel.cancelled
    assert tiny.caption(SHORE, cancel=cancel).text
    cancel.cancel()
    assert cancel.cancelled
    assert code(lambda: tiny.caption(SHORE, cancel=cancel)) == "task.cancelled"
    assert code(lambda: tiny.answer(SHORE, "What is this?", cancel=cancel)) == "task.cancelled"


def test_a_black_picture_is_described_without_an_error(tiny: MobileMultiModalLLM):
    caption = tiny.caption(np.zeros((480, 640, 3), np.uint8))
    assert caption.text
    assert 0 <= caption.confidence <= 1


def test_embeddings_are_unit_vectors_of_one_space(tiny: MobileMultiModalLLM):
    image, text = tiny.embed_image(SHORE), tiny.embed_text("two people on the beach")
    assert image.dtype == text.dtype == np.float32
    assert image.shape == text.shape == (24,)
    assert float(image @ image) == pytest.approx(1, abs=1e-4)
    assert float(text @ text) == pytest.approx(1, abs=1e-4)
    assert np.array_equal(text, tiny.embed_text("  TWO people, on the beach!"))


def test_threads_caption_and_ask_in_parallel(tiny: MobileMultiModalLLM):
    picture = tiny.open(HOUSE)
    with ThreadPoolExecutor(4) as pool:
        captions = [pool.submit(lambda: picture.caption().text) for _ in range(8)]
        answers = [pool.submit(lambda: tiny.answer(SHORE, "is there a dog").text) for _ in range(8)]
        assert {job.result() for job in captions} == {"a white house and green grass"}
        assert {job.result() for job in answers} == {"no"}


def test_the_packed_bundle_describes_a_photo(speaking: MobileMultiModalLLM):
    """What it says is measured elsewhere; here, that all of it runs."""
    picture = speaking.open(PICTURES / "fire-engine.jpg")
    assert len(picture.caption().text.split()) > 2
    assert picture.answer("What color is the truck?").kind == "color"
    near = float(picture.embed() @ speaking.embed_text("a red fire truck"))
    assert near > float(picture.embed() @ speaking.embed_text("a bowl of soup"))
