import io
import json
import sys
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from mm_lab.bundle import BundleInfo, BundlePart, bundle_digest, read_manifest, write_part
from mm_lab.data.corpus import Source
from mm_lab.data.questions import question_kind
from mm_lab.data.samples import Question, Sample
from mm_lab.data.sources import read_sources
from mm_lab.data.vocabulary import CAPTION, END, SPECIALS, Vocabulary
from mm_lab.evaluate.bundle_metrics import dataset_metrics
from mm_lab.evaluate.bundle_run import evaluate_bundle
from mm_lab.evaluate.calibration import Confidence
from mm_lab.evaluate.cli_runtime import CliRuntime
from mm_lab.evaluate.correctness import is_right
from mm_lab.evaluate.decoding import DecodeSettings, Echoes, search
from mm_lab.evaluate.fit import Observed, calibrate_bundle, fit, unsure_below
from mm_lab.evaluate.questions import BlindGuesser
from mm_lab.evaluate.results import PhotoResult, ResultsFile, run_photos
from mm_lab.evaluate.runtime import Picture, Said, open_runtime

WORDS = ["red", "green", "blue", "black", "white"]


def samples(count: int = 10) -> list[Sample]:
    return [
        Sample(f"p{i}", "drawn", bytes([i]), (f"a {WORDS[i % 5]} dog",), (Question("what color is it", WORDS[i % 5]),))
        for i in range(count)
    ]


class Echo:
    """Says what the photo's only byte stands for; ``fails_at`` stops it as a full disk would."""

    name = "reference"

    def __init__(self, fails_at: int = 1000, bundle: Path | None = None) -> None:
        self.seen: list[str] = []
        self._fails_at = fails_at
        settings = read_manifest(bundle)["models"]["confidence"] if bundle else {}
        self._curve = settings.get("caption")
        self._compared = settings.get("caption_compared")

    def captions(self, pictures, beams: int) -> list[Said]:
        said = [self._said(p, f"a {WORDS[p.data[0] % 5]} dog") for p in pictures]
        if not self._compared:
            return said
        confidence = Confidence(**self._compared)
        alike = [float(confidence(np.array(-0.1), np.array(-1.1), self._cosine(p.data[0]))) for p in pictures]
        return [replace(s, confidence=c) for s, c in zip(said, alike, strict=True)]

    def answers(self, asked) -> list[Said]:
        return [self._said(p, WORDS[p.data[0] % 5]) for p, _ in asked]

    def embed_images(self, pictures) -> np.ndarray:
        for picture in pictures:
            if len(self.seen) == self._fails_at:
                raise OSError("stopped")
            self.seen.append(picture.key)
        return np.eye(64, dtype=np.float32)[[p.data[0] for p in pictures]]

    def embed_texts(self, texts) -> np.ndarray:
        return np.eye(64, dtype=np.float32)[[WORDS.index(t.split()[1]) for t in texts]]

    @staticmethod
    def _cosine(number: int) -> float:
        return 0.3 + number / 100

    def _said(self, picture: Picture, text: str) -> Said:
        mean = np.array(-0.1 - picture.data[0] / 100)
        confidence = float(Confidence(**self._curve)(mean, mean - 1)) if self._curve else 0.9
        return Said(text, confidence, self._curve is not None, sure=picture.data[0] != 3, ms=2.0)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    part = BundlePart("seeing", "MIT", {"decoder.onnx": ("decoder", b"weights")}, {"decoder": {"layers": 1}})
    write_part(tmp_path / "bundle", BundleInfo("b", "1", "test"), part)
    return tmp_path / "bundle"


@pytest.mark.parametrize(
    ("caption", "right"),
    [
        ("a dog runs through the grass", True),
        ("two puppies running in a field", True),
        ("a cat runs through the grass", False),  # another subject
        ("a dog sits on a red couch beside a lamp", False),  # little of it is there
        ("", False),
    ],
)
def test_a_caption_is_right_by_its_subject_and_most_of_its_words(caption: str, right: bool):
    references = ["A brown dog is running in a grassy field .", "A dog runs across a lawn"]
    assert is_right(caption, references) is right


def test_people_match_what_they_may_be():
    assert is_right("a man riding a wave", ["a surfer rides a big wave"])
    assert not is_right("a woman riding a wave", ["a man rides a big wave"])


def test_the_kind_of_a_question_is_known_without_its_answer():
    assert [question_kind(q) for q in ("Is there a dog?", "could it be a cat", "how many are there", "what is it")] == [
        "yes/no", "yes/no", "count", "object",
    ]  # fmt: skip


def chain(*rows: dict[int, float], width: int = 12):
    """A decoder whose next-word probabilities depend on the last token only."""

    def step(tokens: np.ndarray, parents: np.ndarray) -> np.ndarray:
        logits = np.full((len(tokens), width), -20.0, np.float32)
        for row, token in enumerate(tokens[:, -1]):
            for word, share in rows[max(0, int(token) - len(SPECIALS) + 1)].items():
                logits[row, word] = np.log(share)
        return logits

    return step


def test_a_beam_finds_the_likelier_sentence_that_greedy_misses():
    step = chain({6: 0.6, 7: 0.4}, {END: 0.3, 8: 0.7}, {END: 1.0}, {END: 0.1, 6: 0.9})
    greedy = search(step, [CAPTION], DecodeSettings(6))[0]
    beam = search(step, [CAPTION], DecodeSettings(6, beams=3, alpha=0.0))[0]
    assert greedy.tokens[:2] == (6, 8) and beam.tokens == (7, END)
    np.testing.assert_allclose(beam.logprobs, np.log([0.4, 1.0]), atol=1e-4)
    np.testing.assert_allclose([beam.mean, beam.least], [np.log(0.4) / 2, np.log(0.4)], atol=1e-4)


def test_no_three_words_are_said_twice_and_specials_never():
    step = chain({6: 1.0}, {7: 1.0}, {8: 1.0}, {6: 0.6, END: 0.3, CAPTION: 0.1})
    said = search(step, [CAPTION], DecodeSettings(12, no_repeat_ngram=3))[0].tokens
    triples = [said[i : i + 3] for i in range(len(said) - 2)]
    assert len(triples) == len(set(triples)) > 2
    assert not {0, 1, 2, 4, 5} & set(said)
    assert search(step, [CAPTION], DecodeSettings(12))[0].tokens[:6] == (6, 7, 8, 6, 7, 8)


def test_no_word_echoes_the_one_before():
    joiner, article, lamp, other = 6, 7, 8, 9
    rules = Echoes(frozenset({joiner}), frozenset({article}))
    expected = {
        (): [], (article, lamp): [lamp], (article, lamp, joiner): [joiner, lamp],
        (article, lamp, joiner, article): [article, lamp], (article, lamp, other, article): [article],
        (joiner, article): [article],
    }  # fmt: skip
    assert {said: rules.after(said) for said in expected} == expected
    step = chain({lamp: 1.0}, {lamp: 0.7, other: 0.3}, {}, {joiner: 0.8, END: 0.2}, {END: 1.0})
    assert search(step, [CAPTION], DecodeSettings(6))[0].tokens[:4] == (lamp, joiner, lamp, joiner)
    assert search(step, [CAPTION], DecodeSettings(6, echoes=rules))[0].tokens == (lamp, joiner, other, END)
    words = Vocabulary([*SPECIALS, "and", "a", "lamp"])
    assert Echoes.of(words) == Echoes(frozenset({6}), frozenset({7}))


def test_a_stopped_evaluation_goes_on_where_it_was(tmp_path: Path, bundle: Path):
    photos, path = samples(40), tmp_path / "results.jsonl"
    with pytest.raises(OSError, match="stopped"):
        run_photos(Echo(fails_at=20), photos, ResultsFile(path, bundle_digest(bundle), "reference"))
    with path.open("a") as handle:
        handle.write('{"source": "drawn", "key": "p16"')  # half a line
    again = Echo()
    results = run_photos(again, photos, ResultsFile(path, bundle_digest(bundle), "reference"))
    assert again.seen == [f"p{i}" for i in range(16, 40)]
    assert [r.answers[0].text for r in results] == [WORDS[i % 5] for i in range(40)]
    reread = run_photos(Echo(fails_at=0), photos, ResultsFile(path, bundle_digest(bundle), "reference"))
    assert all(np.array_equal(a.embedding, b.embedding) for a, b in zip(results, reread, strict=True))
    with pytest.raises(ValueError, match="another model or runtime"):
        ResultsFile(path, bundle_digest(bundle), "cli")


@dataclass
class CaptionFigures:
    cider: float
    bleu4: float


def test_the_figures_of_known_results():
    photos = samples(5)
    results = [
        PhotoResult(
            {"greedy": Said(s.captions[0] if i else "a cat", 0.8, ms=4.0)},
            [Said("red" if i < 2 else s.questions[0].answer, 0.8, sure=i > 0)],
            np.eye(5, dtype=np.float32)[i],
            np.eye(5, dtype=np.float32)[[i]],
        )
        for i, s in enumerate(photos)
    ]

    def scorer(references: object) -> Callable[[Sequence[str]], CaptionFigures]:
        return lambda said: CaptionFigures(float(len(said)), 1.0)

    found = dataset_metrics(photos, results, BlindGuesser([Question("what color is it", "white")]), scorer)
    expected = {
        "photos": 5, "greedy/cider": 5, "greedy/bleu4": 1, "greedy/right": 80, "greedy/ece": 0, "greedy/ms": 4,
        "t2i@1": 100, "i2t@10": 100, "vqa-all/exact": 80, "vqa-color/blind": 20, "vqa-color/margin": 60,
        "answers/ece": 0, "answers/said": 80, "answers/exact-when-said": 75,
    }  # fmt: skip
    assert {k: found[k] for k in expected} == pytest.approx(expected)
    assert not [k for k in dataset_metrics(photos, results, None, None) if "blind" in k or "cider" in k]


def write_shards(folder: Path, count: int) -> Source:
    with tarfile.open(folder / "dev-000.tar", "w") as tar:
        for s in samples(count):
            qa = [{"question": q.text, "answer": q.answer} for q in s.questions]
            record = {"captions": s.captions, "qa": qa}
            for suffix, data in (("jpg", s.image), ("json", json.dumps(record).encode())):
                info = tarfile.TarInfo(f"{s.key}.{suffix}")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    return Source("drawn", "shards", folder)


def test_an_evaluation_writes_its_figures_with_the_command(tmp_path: Path, bundle: Path):
    source = write_shards(tmp_path, 5)
    out = tmp_path / "out"
    text = evaluate_bundle(bundle, [source], Echo(), out, command="mm-lab evaluate x", report=lambda _: None)
    record = json.loads((out / "metrics.json").read_text())
    assert record["metrics"]["drawn"]["vqa-color/exact"] == 100 and record["command"] == "mm-lab evaluate x"
    assert "not measured" in text and text in (out / "metrics.md").read_text()  # no scorer, no blind guesser


def test_data_sets_are_chosen_by_name(tmp_path: Path):
    listed = [{"name": n, "form": "csv", "location": n} for n in "ab"]
    (tmp_path / "run.json").write_text(json.dumps({"data": {"sources": listed, "cache": "c"}, "output": "o"}))
    assert [s.name for s in read_sources(tmp_path / "run.json", ["b"])] == ["b"]
    with pytest.raises(ValueError, match="no data set 'z'"):
        read_sources(tmp_path / "run.json", ["z"])


FAKE_MM = """#!{python}
import json, pathlib, sys
command, words = sys.argv[1], sys.argv[2:]
assert words[:3] == ["--json", "--model", {bundle!r}] and words[3:5] == ["--threads", "2"], words
words = words[5:]
for name in [json.loads(l) for l in open(words[1])] if command == "ask" else words[2 if command == "caption" else 0:]:
    if command == "embed" and name.startswith("--text="):
        print(json.dumps({{"text": name[7:], "embedding": [1.0, 0.0]}}))
        continue
    data = pathlib.Path(name["image"] if command == "ask" else name).read_bytes()
    if data == b"bad":
        print(json.dumps({{"error": {{"code": "image.unreadable", "message": "no"}}}}))
        sys.exit(1)
    out = {{"caption": "beams " + words[1] + " " + data.decode(), "confidence": 0.5, "calibrated": True,
           "ms": {{"preprocess": 1, "vision": 2, "decode": 3}}, "embedding": [0.0, 1.0]}}
    if command == "ask":
        out = {{"answer": "not sure", "guess": name["question"], "sure": False, "confidence": 0.2, "ms": 4}}
    print(json.dumps(out))
"""


def test_the_command_is_asked_in_batches_and_its_errors_are_passed_on(tmp_path: Path):
    mm = tmp_path / "mm"
    mm.write_text(FAKE_MM.format(python=sys.executable, bundle=str(tmp_path)))
    mm.chmod(0o755)
    runtime = CliRuntime(tmp_path, mm=mm, threads=2)
    one, two = Picture("1", b"one"), Picture("2", b"two")
    assert runtime.captions([one, two], 3)[1] == Said("beams 3 two", 0.5, True, ms=6.0)
    assert runtime.answers([(one, "what"), (one, "who")])[1] == Said("who", 0.2, sure=False, ms=4.0)
    assert runtime.embed_images([one, two]).tolist() == [[0, 1], [0, 1]]
    assert runtime.embed_texts(["a dog", "- b"]).tolist() == [[1, 0], [1, 0]]
    with pytest.raises(RuntimeError, match=r"image\.unreadable"):
        runtime.captions([Picture("3", b"bad")], 1)


def test_the_package_is_called_as_its_contract_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Model:
        @staticmethod
        def from_pretrained(path: str, *, threads: int | None = None):
            assert path == str(tmp_path) and threads is None
            return Model()

        def caption(self, image: bytes, *, beams: int | None = None):
            return SimpleNamespace(text=f"{image.decode()} {beams}", confidence=0.7, calibrated=True, ms={})

        def answer(self, image: bytes, question: str):
            return SimpleNamespace(text="not sure", confidence=0.1, sure=False, guess=question, kind="object", ms={})

        def embed_text(self, text: str):
            return [float(len(text))]

    package = ModuleType("mobile_multimodal")
    monkeypatch.setattr(package, "MobileMultiModalLLM", Model, raising=False)
    monkeypatch.setitem(sys.modules, "mobile_multimodal", package)
    runtime = open_runtime("sdk", tmp_path, mm=Path("mm"))
    picture = Picture("1", b"one")
    assert runtime.captions([picture], 3)[0].text == "one 3"
    said = runtime.answers([(picture, "who")])[0]
    assert (said.text, said.sure) == ("who", False) and said.ms > 0
    assert runtime.embed_texts(["abc"]).tolist() == [[3.0]]


def test_a_missing_package_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "mobile_multimodal", None)
    with pytest.raises(ModuleNotFoundError, match="--runtime cli"):
        open_runtime("sdk", tmp_path, mm=Path("mm"))


def drawn(count: int, seed: int = 0) -> Observed:
    """Colour answers follow one curve, all others another."""
    rng = np.random.default_rng(seed)
    mean = -rng.exponential(0.8, count)
    least = mean - rng.exponential(1.0, count)
    kind = np.where(np.arange(count) % 2 == 0, "color", "count")
    share = np.where(kind == "color", Confidence(2, 1, 0.5)(mean, least), Confidence(0, 1, 0.5)(mean, least))
    return Observed(mean, least, rng.random(count) < share, np.arange(count) // 3, kind)


def test_each_kind_of_answer_gets_its_curve_and_rare_ones_share():
    found = fit(drawn(8000), folds=4)
    assert set(found.curves) == {"default", "color", "count"}
    assert found.curves["color"].bias == pytest.approx(2, abs=0.3)
    assert set(fit(drawn(100), folds=2).curves) == {"default"}


def test_held_out_confidence_never_saw_its_own_fold():
    data = drawn(900)
    flipped = Observed(
        data.mean, data.least, np.where(data.photo % 3 == 1, ~data.right, data.right), data.photo, data.kind
    )
    same, other = fit(data, 3).held_out, fit(flipped, 3).held_out
    assert np.array_equal(same[data.photo % 3 == 1], other[data.photo % 3 == 1])
    assert not np.array_equal(same, other)


def test_answers_are_withheld_where_guessing_costs_more_than_it_gains():
    confidence = np.repeat([0.1, 0.2, 0.45, 0.9], 100)
    right = np.concatenate([np.arange(100) < n for n in (10, 20, 45, 90)])
    assert unsure_below(confidence, right) == 0.21
    assert unsure_below(confidence, np.ones(400, bool)) == 0


def test_the_fitted_confidence_is_written_and_falls_with_new_weights(tmp_path: Path, bundle: Path):
    source = write_shards(tmp_path, 30)
    found = calibrate_bundle(
        bundle,
        [source],
        lambda folder: Echo(bundle=folder),
        tmp_path / "out",
        command="mm-lab calibrate",
        folds=3,
        report=lambda _: None,
    )
    manifest = read_manifest(bundle)
    written = manifest["models"]["confidence"]
    assert set(written) == {"caption", "caption_compared", "answer", "unsure_below", "looks_from"}
    assert 0 <= written["looks_from"] <= 1
    assert found["search"]["captions"] == 30
    assert written["unsure_below"] == 0.33  # all answers here are right: the search alone would withhold none
    assert set(written["caption"]) == set(written["answer"]["default"]) == {"bias", "mean", "least"}
    assert set(written["caption_compared"]) == {"bias", "mean", "least", "similarity"}
    assert manifest["provenance"]["confidence"] == found and found["answers"]["right"] == 100
    new = BundlePart("seeing", "MIT", {"decoder.onnx": ("decoder", b"other")}, {"decoder": {"layers": 1}})
    assert "confidence" not in write_part(bundle, BundleInfo("b", "1", "test"), new)["models"]


def test_probabilities_are_read_off_the_confidence(tmp_path: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch):
    fitted: list[Observed] = []
    monkeypatch.setattr("mm_lab.evaluate.fit.fit", lambda data, folds: (fitted.append(data), fit(data, folds))[1])
    source = write_shards(tmp_path, 8)
    calibrate_bundle(
        bundle, [source], lambda b: Echo(bundle=b), tmp_path / "out", command="c", folds=2, report=lambda _: None
    )
    captions, answers, compared = fitted
    np.testing.assert_allclose(answers.mean, -0.1 - np.arange(8) / 100, atol=1e-6)
    np.testing.assert_allclose(answers.least, answers.mean - 1, atol=1e-6)
    np.testing.assert_allclose(captions.mean, np.repeat(answers.mean, 2), atol=1e-6)  # greedy and beam
    assert captions.similarity is None and compared.similarity is not None
    np.testing.assert_allclose(compared.similarity, np.repeat(0.3 + np.arange(8) / 100, 2), atol=1e-6)


def test_a_runtime_that_ignores_the_curves_cannot_be_fitted(tmp_path: Path, bundle: Path):
    source = write_shards(tmp_path, 5)
    with pytest.raises(ValueError, match="does not use"):
        calibrate_bundle(bundle, [source], lambda _: Echo(), tmp_path / "out", command="c", report=lambda _: None)
