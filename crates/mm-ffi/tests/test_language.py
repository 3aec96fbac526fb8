"""Captions, answers and embeddings, where the packed bundle has them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import PICTURES
from PIL import Image

from mobile_multimodal import CancelToken, MobileMultiModalError, MobileMultiModalLLM


def code(call: object) -> str:
    with pytest.raises(MobileMultiModalError) as caught:
        call()  # type: ignore[operator]
    return caught.value.code


def test_a_caption_in_every_form_of_the_same_picture(speaking: MobileMultiModalLLM):
    path = PICTURES / "two-columns.png"
    expected = speaking.caption(path)
    assert expected.text
    assert expected.text == expected.text.lower()
    assert expected.sentence == expected.text[0].upper() + expected.text[1:]
    assert 0 <= expected.confidence <= 1
    assert all(score <= 0 for _, score in expected.words)
    assert set(expected.ms) == {"preprocess", "vision", "decode", "total"}
    assert all(value >= 0 for value in expected.ms.values())
    for image in (path.read_bytes(), Image.open(path), cv2.imread(str(path)), speaking.open(path)):
        caption = speaking.caption(image)  # type: ignore[arg-type]
        assert (caption.text, caption.confidence) == (expected.text, expected.confidence)
    assert speaking.generate_caption(path) == expected.sentence
    assert expected["text"] == expected.text


def test_greedy_and_beam_are_both_to_be_had(speaking: MobileMultiModalLLM, photo: Path):
    assert speaking.generate_caption(photo, beams=1)
    assert speaking.generate_caption(photo, beams=3)


def test_an_answer_with_its_doubts(speaking: MobileMultiModalLLM, photo: Path):
    answer = speaking.answer(photo, "Is there a rocket?")
    assert answer.kind == "yes/no"
    assert {text for text, _ in answer.alternatives} == {"yes", "no"}
    assert answer.text == (answer.text if answer.sure else "not sure")
    assert (answer.guess is None) == answer.sure
    assert 0 <= answer.confidence <= 1
    sure = speaking.answer(photo, "What color is the sky?", unsure_below=0.0)
    unsure = speaking.answer(photo, "What color is the sky?", unsure_below=1.1)
    assert sure.sure and not unsure.sure
    assert (sure.kind, unsure.text, unsure.guess) == ("color", "not sure", sure.text)
    assert speaking.answer_question(photo, "What color is the sky?") in {sure.text, "not sure"}


def test_one_vision_pass_serves_everything_about_a_picture(speaking: MobileMultiModalLLM, photo: Path):
    picture = speaking.open(photo)
    passes = {picture.caption().ms["vision"], picture.answer("What is this?").ms["vision"]}
    assert len(passes) == 1
    assert picture.caption().text == speaking.caption(photo).text


def test_questions_that_are_none_are_refused_by_code(speaking: MobileMultiModalLLM, photo: Path):
    picture = speaking.open(photo)
    assert code(lambda: picture.answer("  ?")) == "question.empty"
    assert code(lambda: picture.answer("what " * 2000)) == "question.too_long"
    assert code(lambda: speaking.embed_text("")) == "text.empty"


def test_work_can_be_cancelled(speaking: MobileMultiModalLLM, photo: Path):
    cancel = CancelToken()
    assert not cancel.cancelled
    assert speaking.caption(photo, cancel=cancel).text
    cancel.cancel()
    assert cancel.cancelled
    assert code(lambda: speaking.caption(photo, cancel=cancel)) == "task.cancelled"
    assert code(lambda: speaking.answer(photo, "What is this?", cancel=cancel)) == "task.cancelled"


def test_a_black_picture_is_described_without_an_error(speaking: MobileMultiModalLLM):
    caption = speaking.caption(np.zeros((480, 640, 3), np.uint8))
    assert caption.text
    assert 0 <= caption.confidence <= 1


def test_embeddings_are_unit_vectors_of_one_space(speaking: MobileMultiModalLLM, photo: Path):
    image, text = speaking.embed_image(photo), speaking.embed_text("a rocket")
    assert image.dtype == text.dtype == np.float32
    assert image.shape == text.shape
    assert image.ndim == 1
    assert float(image @ image) == pytest.approx(1, abs=1e-4)
    assert float(text @ text) == pytest.approx(1, abs=1e-4)
    assert float(image @ text) > float(image @ speaking.embed_text("a bowl of soup"))


def test_threads_caption_and_ask_in_parallel(speaking: MobileMultiModalLLM, photo: Path):
    caption, answer = speaking.caption(photo).text, speaking.answer(photo, "What color is the sky?").text
    picture = speaking.open(photo)
    with ThreadPoolExecutor(4) as pool:
        captions = [pool.submit(lambda: picture.caption().text) for _ in range(4)]
        answers = [pool.submit(lambda: speaking.answer(photo, "What color is the sky?").text) for _ in range(4)]
        assert {job.result() for job in captions} == {caption}
        assert {job.result() for job in answers} == {answer}
