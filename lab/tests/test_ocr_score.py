import json

import numpy as np
import pytest

from mm_lab.ocr.dataset import load_dataset, split_at_spaces
from mm_lab.ocr.predictions import parse_predictions, score
from mm_lab.ocr.score import CropScore, match_words, normalize, rows_text, score_pages, similarity
from mm_lab.ocr.types import Word


def box(x: float, y: float, width: float = 40, height: float = 10) -> np.ndarray:
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float32)


def region(text: str, quad: np.ndarray) -> dict:
    return {"text": text, "quad": quad.tolist()}


def write_dataset(folder, *pictures) -> None:
    lines = [
        json.dumps({"image": f"images/{name}.png", "width": 100, "height": 50, "regions": regions})
        for name, regions in pictures
    ]
    (folder / "gt.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_case_punctuation_and_width_do_not_count():
    assert normalize("Caf\u00e9-BAR, \uff11\uff12!") == "caf\u00e9bar12"


def test_a_word_needs_the_right_text_and_half_the_overlap():
    truth = [Word("EXIT", box(0, 0))]
    assert match_words(truth, [Word("exit!", box(10, 0))]).matched == 1  # overlap 30 / 50
    assert match_words(truth, [Word("exit", box(20, 0))]).matched == 0  # overlap 20 / 60
    assert match_words(truth, [Word("exist", box(0, 0))]).matched == 0


def test_one_true_word_is_matched_once():
    result = match_words([Word("a1", box(0, 0))], [Word("a1", box(0, 0)), Word("a1", box(1, 0))])
    assert (result.matched, result.read_words) == (1, 2)


def test_reading_what_nobody_has_to_read_is_excused():
    truth = [Word("EXIT", box(0, 0)), Word("###", box(0, 30, 80, 20))]
    read = [Word("exit", box(0, 0)), Word("blurred", box(10, 32)), Word("noise", box(60, 0))]
    result = match_words(truth, read)
    assert (result.matched, result.true_words, result.read_words) == (1, 1, 2)


def test_page_scores_of_a_known_case(tmp_path):
    write_dataset(tmp_path, ("a", [region("OPEN DAILY", box(0, 0, 100)), region("&", box(0, 20, 10))]))
    (sample,) = load_dataset(tmp_path).samples
    read = [Word("open", box(0, 0, 40)), Word("daily", box(0, 30, 50)), Word("x", box(0, 40, 10))]
    result = score_pages([sample], [read])
    assert result.words == 2
    assert result.precision == pytest.approx(1 / 3)
    assert result.recall == pytest.approx(1 / 2)
    assert result.word_f1 == pytest.approx(2 / 5)
    assert result.bag_of_words_f1 == pytest.approx(4 / 5)
    assert result.one_minus_ned == pytest.approx(1 - 1 / 12)  # "open daily &" to "open daily x": one letter of twelve


def test_nothing_read_scores_zero_and_does_not_divide_by_it(tmp_path):
    write_dataset(tmp_path, ("a", [region("EXIT", box(0, 0))]))
    result = score_pages(load_dataset(tmp_path).samples, [[]])
    assert (result.word_f1, result.precision, result.one_minus_ned) == (0, 0, 0)


def test_rows_are_read_from_top_to_bottom_whatever_the_order():
    words = [Word("d", box(50, 21)), Word("b", box(50, 2)), Word("c", box(0, 20)), Word("a", box(0, 0))]
    assert rows_text(words) == "a b c d"


def test_similarity_ignores_case_only():
    assert similarity("Total 5.00", "TOTAL 5.00") == 1
    assert similarity("abcd", "abce") == 0.75


def test_words_of_a_line_get_their_share_of_its_quad():
    first, second = split_at_spaces("ab cde", box(0, 0, 60))
    assert (first.text, first.quad[1].tolist()) == ("ab", [20, 0])
    assert (second.text, second.quad[0].tolist()) == ("cde", [30, 0])


def test_predictions_are_found_by_path_and_failures_count_as_empty(tmp_path):
    full = np.array([[0, 0], [100, 0], [100, 50], [0, 50]], np.float32)
    write_dataset(tmp_path, ("a", [region("HIGH", full)]), ("b", [region("LOW", full)]), ("c", [region("UP", full)]))
    data = load_dataset(tmp_path)
    lines = [
        json.dumps({"image": "/elsewhere/images/c.png", "error": {"code": "image.truncated", "message": ""}}),
        json.dumps({"image": "data/images/b.png", "regions": [], "ms": {"total": 3}}),
        json.dumps({"image": "images/a.png", "regions": [region("high", full)], "ms": {"total": 4}}),
    ]
    found = parse_predictions(lines, data.samples)
    assert [prediction.error for prediction in found] == [None, None, "image.truncated"]
    assert score(data, found) == CropScore(images=3, accuracy=1 / 3)


def test_a_missing_prediction_is_an_error_not_a_zero(tmp_path):
    write_dataset(tmp_path, ("a", [region("HIGH", box(0, 0))]))
    with pytest.raises(ValueError, match=r"0 predictions for images/a\.png"):
        parse_predictions([], load_dataset(tmp_path).samples)
