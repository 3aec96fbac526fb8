import dataclasses
import io
import json
import random
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mm_lab.data.corpus import MAX_CAPTION_WORDS, build_corpus
from mm_lab.data.features import GRID_VALUES, CacheSettings, build_cache, pack_grid
from mm_lab.data.packing import PackSettings, pack_photos
from mm_lab.data.questions import QuestionRules, RuleSettings, question_type
from mm_lab.data.samples import Question, Sample, read_samples
from mm_lab.data.views import ViewSettings, plain_view, random_view
from mm_lab.data.vocabulary import ANSWER, CAPTION, END, SEPARATOR, Vocabulary, swap_sides, words
from mm_lab.evaluate.questions import BlindGuesser, normal, score_answers
from mm_lab.evaluate.retrieval import recall


def jpeg(color: tuple[int, int, int] = (200, 30, 30)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 24), color).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def samples() -> list[Sample]:
    dog = ("A brown dog is running on the grass .", "Two dogs on the left run in a field", "A dog runs on grass")
    cook = ("a woman holding a knife in a kitchen", "a woman in a red shirt standing in a kitchen")
    asked = (Question("what room is this?", "kitchen"), Question("is she sitting?", "no"))
    return [Sample("1", "a", jpeg(), dog), Sample("2", "b", jpeg((0, 0, 99)), cook, asked)]


def test_words_drop_punctuation_and_fold_spellings():
    assert words("The man's grey-ish hat, COLOUR: grey.") == ["the", "man", "'s", "grey-ish", "hat", "color", "gray"]


def test_a_vocabulary_survives_saving_and_decodes_up_to_the_end(tmp_path: Path):
    built = Vocabulary.build(["a dog", "a dog's ball"], 1, always=["zebra"])
    built.save(tmp_path / "v.json")
    loaded = Vocabulary.load(tmp_path / "v.json")
    assert loaded.entries == built.entries and "zebra" in loaded.ids
    assert loaded.decode([CAPTION, *loaded.encode("a dog's ball"), END, 9]) == "a dog's ball"


def test_a_mirrored_photo_swaps_left_and_right_only():
    v = Vocabulary.build(["dog left right"], 1)
    assert v.decode(swap_sides(v.encode("left dog right"), v)) == "right dog left"


@pytest.mark.parametrize(
    ("question", "answer", "kind"),
    [
        ("is the dog wet?", "yes", "yes/no"),
        ("how many people are there", "two", "count"),
        ("what colour is it", "red", "color"),
        ("what room is this", "kitchen", "place"),
        ("what is the man doing?", "surfing", "action"),
        ("what is on the plate", "cake", "object"),
    ],
)
def test_questions_are_typed(question: str, answer: str, kind: str):
    assert question_type(question, answer) == kind


def test_rules_ask_what_the_captions_answer(samples: list[Sample]):
    made = {q.text: q.answer for q in QuestionRules(samples, RuleSettings()).make(samples[0])}
    assert made["what color is the dog"] == "brown"
    assert made["how many dogs are there"] == "two"
    assert made["what is the dog doing"] == "running"
    assert made["where is the dog"] == "grass"


def test_rules_never_deny_what_is_mentioned_and_balance_yes_and_no(samples: list[Sample]):
    rules = QuestionRules(samples, RuleSettings())
    for sample in samples:
        said = {w for c in sample.captions for w in words(c)}
        asked = [q for q in rules.make(sample) if q.answer in ("yes", "no")]
        assert asked and sum(q.answer == "yes" for q in asked) * 2 == len(asked)
        assert all(not said & set(words(q.text)) & {"dog", "dogs", "woman", "grass"} for q in asked if q.answer == "no")


def test_shards_and_csv_give_the_same_samples(tmp_path: Path, samples: list[Sample]):
    with tarfile.open(tmp_path / "train-000.tar", "w") as tar:
        for s in samples:
            record = {"captions": s.captions, "qa": [{"question": q.text, "answer": q.answer} for q in s.questions]}
            for suffix, data in (("jpg", s.image), ("json", json.dumps(record).encode())):
                info = tarfile.TarInfo(f"{s.key}.{suffix}")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    rows = ["image,caption,question,answer"]
    for s in samples:
        (tmp_path / f"{s.key}.jpg").write_bytes(s.image)
        rows += [f'{s.key}.jpg,"{c}",,' for c in s.captions] + [
            f'{s.key}.jpg,,"{q.text}",{q.answer}' for q in s.questions
        ]
    (tmp_path / "train.csv").write_text("\n".join(rows))
    shards = list(read_samples("shards", tmp_path, "train"))
    table = list(read_samples("csv", tmp_path, "train"))
    assert [(s.image, s.captions, s.questions) for s in shards] == [(s.image, s.captions, s.questions) for s in table]
    assert shards[0].pixels().shape == (24, 32, 3)


def test_a_csv_cannot_name_a_file_outside_its_folder(tmp_path: Path):
    (tmp_path / "train.csv").write_text("image,caption\n../secret.jpg,a dog\n")
    with pytest.raises(ValueError, match="outside"):
        list(read_samples("csv", tmp_path, "train"))


def test_packed_texts_start_with_their_task_and_score_only_what_is_said(samples: list[Sample]):
    corpus = build_corpus({"train": samples}, 1, RuleSettings())
    settings = PackSettings(row_tokens=48, token_dropout=0.0)
    batch = pack_photos(corpus, corpus.train, [False, True], random.Random(0), settings)
    for row in range(2):
        for segment in range(1, batch.segments[row].max() + 1):
            inside = np.flatnonzero(batch.segments[row] == segment)
            tokens, targets = batch.tokens[row][inside], batch.targets[row][inside]
            assert batch.positions[row][inside].tolist() == list(range(len(inside)))
            assert tokens[0] in (CAPTION, ANSWER) and targets[-1] == END
            scored = batch.weights[row][inside] > 0
            first = 0 if tokens[0] == CAPTION else tokens.tolist().index(SEPARATOR)
            assert scored.tolist() == [i >= first for i in range(len(inside))]
            assert targets[first:-1].tolist() == tokens[first + 1 :].tolist()
    assert (batch.weights[batch.segments == 0] == 0).all()
    left, right = corpus.vocabulary.encode("left")[0], corpus.vocabulary.ids.get("right")
    assert right is None and left not in batch.tokens[1]


def test_a_cut_caption_teaches_no_end(samples: list[Sample]):
    corpus = build_corpus({"train": samples}, 1, RuleSettings())
    assert corpus.caption_tokens("dog " * MAX_CAPTION_WORDS)[-1] == END
    assert corpus.caption_tokens("dog " * (MAX_CAPTION_WORDS + 1))[-1] != END


def test_views_are_normalised_and_a_random_one_differs():
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    plain = plain_view(pixels, 24)
    view, _ = random_view(pixels, 24, random.Random(1), ViewSettings())
    assert plain.shape == view.shape == (3, 24, 24)
    assert np.abs(plain).max() <= 1 and not np.allclose(plain, view)


def test_packed_grids_keep_small_values_better_than_a_uniform_scale():
    values = np.random.default_rng(0).exponential(0.3, 20000).astype(np.float32).clip(0, 6)
    error = np.square(GRID_VALUES[pack_grid(values)] - values).mean()
    uniform = np.square(np.rint(values / 6 * 255) * 6 / 255 - values).mean()
    assert error < uniform / 2


def test_a_cache_is_continued_view_by_view(tmp_path: Path, samples: list[Sample]):
    calls: list[int] = []

    def features(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        calls.append(len(images))
        mean = np.abs(images.mean((1, 2, 3)))
        return np.full((len(images), 2, 3, 3), 1.0, np.float32), np.repeat(mean, 8).reshape(-1, 2, 4)

    settings = CacheSettings(tmp_path, image_size=16, random_views=1, batch=2)
    splits = {"train": samples, "dev": samples[:1]}
    build_cache(splits, features, settings, lambda _: None)
    assert calls == [2, 2, 2]  # two batches of the plain view (3 photos), one of the random view (2 photos)
    (tmp_path / "mirrored-1.npy").unlink()
    build_cache(splits, features, settings, lambda _: None)
    assert len(calls) == 4
    with pytest.raises(ValueError, match="photos of 16 pixels"):
        build_cache(splits, features, dataclasses.replace(settings, image_size=24), lambda _: None)
    assert np.load(tmp_path / "grid-0.npy").shape == (3, 2, 4) and np.load(tmp_path / "grid-1.npy").shape == (2, 2, 4)


def test_recall_counts_ranks_both_ways():
    images = np.eye(3, dtype=np.float32)
    texts = np.array([[1, 0, 0], [0, 0.2, 1], [0, 0.1, 1]], np.float32)  # the second text misses its photo
    found = recall(images, texts, [0, 1, 2], ranks=(1, 2))
    assert found == {"t2i@1": 66.7, "t2i@2": 100.0, "i2t@1": 66.7, "i2t@2": 100.0}


def test_the_blind_guesser_backs_off_and_answers_compare_as_words():
    asked = [Question("what color is the dog", "black"), Question("what color is the cat", "white")] * 2
    blind = BlindGuesser([*asked, Question("what color is the sky", "black")])
    assert blind("what color is the cat") == "white" and blind("what color is the frog") == "black"
    assert normal("A Dog") == "dog" and normal("2") == "two" and normal("The") == "the"
    scored = score_answers([Question("how many", "2"), Question("is it", "yes")], ["two", "no"], blind)
    assert scored["count"]["exact"] == 100 and scored["yes/no"]["exact"] == 0 and scored["all"]["n"] == 2
