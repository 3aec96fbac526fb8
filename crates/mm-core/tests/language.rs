//! Captions, answers and embeddings through [`Model`], on a tiny bundle that knows two drawings by heart
//! (`fixtures/make_tiny.py`): what must be true of any bundle, and every way a bundle or a request can be wrong.

#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise, as tests do")]

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
};

use mm_core::{
    RgbImage,
    bundle::Bundle,
    decode::{self, Limits},
    model::Model,
    runtime::SessionOptions,
    tasks::{
        CancelToken,
        answer::{AnswerOptions, NOT_SURE, QuestionKind},
        caption::CaptionOptions,
    },
};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

fn tiny() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny")
}

fn model() -> Model {
    Model::new(Bundle::open(&tiny().join("bundle")).unwrap(), SessionOptions::default())
}

fn drawing(name: &str) -> RgbImage {
    decode::read_file(tiny().join(format!("reference-{name}.png")), &Limits::default()).unwrap()
}

#[test]
fn a_caption_says_what_it_learned_with_a_confidence_and_its_words() {
    let model = model();
    let caption = model.caption(&drawing("shore"), &CaptionOptions::default()).unwrap();
    assert_eq!(caption.text, "two people on the beach");
    assert_eq!(caption.sentence(), "Two people on the beach");
    assert!(caption.calibrated && (0.0..=1.0).contains(&caption.confidence));
    assert_eq!(caption.words.len(), 5);
    assert!(caption.words.iter().all(|(word, p)| !word.is_empty() && *p <= 0.0));
    assert!(caption.timings.total() >= caption.timings.vision);
}

#[test]
fn every_width_of_the_beam_and_every_limit_holds() {
    let (model, image) = (model(), drawing("house"));
    for beams in [1, 2, 16, 1000] {
        let options = CaptionOptions { beams: Some(beams), ..CaptionOptions::default() };
        assert_eq!(model.caption(&image, &options).unwrap().text, "a white house and green grass", "{beams}");
    }
    for max_words in [0, 1, 3, 1000] {
        let options = CaptionOptions { max_words: Some(max_words), ..CaptionOptions::default() };
        let words = model.caption(&image, &options).unwrap().words.len();
        // A caption has a word at least.
        assert!((1..=max_words.max(1)).contains(&words), "{max_words}: {words}");
    }
}

#[test]
fn questions_in_a_persons_words_are_answered() {
    let model = model();
    let picture = model.encode(&drawing("shore")).unwrap();
    let cases = [
        ("Is there a dog?", "no", QuestionKind::YesNo),
        ("What colour is the sky?", "blue", QuestionKind::Color),
        ("How many people are in this picture?", "two", QuestionKind::Count),
        ("Can you tell me what the man is doing?", "running", QuestionKind::Action),
        ("Where's the man?", "beach", QuestionKind::Place),
    ];
    for (asked, expected, kind) in cases {
        let answer = model.answer_encoded(&picture, asked, &AnswerOptions::default()).unwrap();
        assert_eq!((answer.text.as_str(), answer.kind), (expected, kind), "{asked}");
        assert!(answer.sure && answer.calibrated && (0.0..=1.0).contains(&answer.confidence));
        assert_eq!(answer.spoken(), expected);
        assert_eq!(answer.alternatives[0].0, answer.text);
        assert!(answer.alternatives.windows(2).all(|pair| pair[0].1 >= pair[1].1));
        assert!(answer.alternatives.iter().map(|(_, p)| p).sum::<f32>() <= 1.01);
    }
    let house = model.answer(&drawing("house"), "is there a dog", &AnswerOptions::default()).unwrap();
    let words: Vec<&str> = house.alternatives.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(words, ["yes", "no"], "both answers are weighed");
}

#[test]
fn an_answer_below_the_threshold_is_not_sure_but_keeps_its_guess() {
    let (model, image) = (model(), drawing("shore"));
    let strict = AnswerOptions { unsure_below: Some(1.0), ..AnswerOptions::default() };
    let answer = model.answer(&image, "is there a dog", &strict).unwrap();
    assert!(!answer.sure);
    assert_eq!((answer.spoken(), answer.text.as_str()), (NOT_SURE, "no"));
}

#[test]
fn odd_questions_have_their_codes_and_odd_pictures_their_results() {
    let (model, image) = (model(), drawing("shore"));
    let ask = |question: &str| model.answer(&image, question, &AnswerOptions::default());
    for empty in ["", " \n\t ", "?!", "…"] {
        assert_eq!(ask(empty).unwrap_err().code(), "question.empty", "{empty:?}");
    }
    assert_eq!(ask(&"why ".repeat(2500)).unwrap_err().code(), "question.too_long");
    assert!(ask(&format!("{}{}", "is there a dog ".repeat(60), " ".repeat(5000))).is_ok(), "900 characters");
    assert!(ask("xyzzy plugh?").is_ok(), "unknown words are no error");

    for image in [RgbImage::new(300, 200), RgbImage::new(1, 1), RgbImage::new(4000, 2)] {
        let caption = model.caption(&image, &CaptionOptions::default()).unwrap();
        assert!((0.0..=1.0).contains(&caption.confidence) && !caption.text.is_empty());
    }
    let nothing = model.caption(&RgbImage::new(0, 7), &CaptionOptions::default());
    assert_eq!(nothing.unwrap_err().code(), "frame.invalid");
}

#[test]
fn embeddings_have_length_one_and_the_manifests_size() {
    let model = model();
    let image = drawing("shore");
    let embedding = model.embed_image(&image).unwrap();
    assert_eq!(embedding.as_slice().len(), 24);
    assert!((embedding.similarity(&embedding) - 1.0).abs() < 1e-5);
    assert_eq!(&embedding, model.encode(&image).unwrap().embedding());
    let text = model.embed_text("two people on the beach").unwrap();
    assert_eq!(text, model.embed_text("  TWO people, on the beach!").unwrap());
    assert!(text.similarity(&model.embed_text("a green couch").unwrap()) < 0.999);
    assert_eq!(model.embed_text(" . ").unwrap_err().code(), "text.empty");
}

#[test]
fn one_encoded_picture_serves_many_threads() {
    let model = model();
    let picture = model.encode(&drawing("house")).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let caption = model.caption_encoded(&picture, &CaptionOptions::default()).unwrap();
                assert_eq!(caption.text, "a white house and green grass");
                let answer = model.answer_encoded(&picture, "is there a dog", &AnswerOptions::default());
                assert_eq!(answer.unwrap().text, "yes");
            });
        }
    });
}

#[test]
fn cancelled_work_stops_and_the_model_goes_on() {
    let (model, image) = (model(), drawing("shore"));
    let cancel = CancelToken::new();
    cancel.cancel();
    let options = CaptionOptions { cancel: Some(cancel.clone()), ..CaptionOptions::default() };
    let picture = model.encode(&image).unwrap();
    assert_eq!(model.caption(&image, &options).unwrap_err().code(), "task.cancelled");
    assert_eq!(model.caption_encoded(&picture, &options).unwrap_err().code(), "task.cancelled");
    let options = AnswerOptions { cancel: Some(cancel), ..AnswerOptions::default() };
    assert_eq!(model.answer(&image, "is there a dog", &options).unwrap_err().code(), "task.cancelled");
    assert!(model.caption(&image, &CaptionOptions::default()).is_ok());
}

/// A copy of the bundle, changed.
struct Changed(TempDir);

impl Changed {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        for file in fs::read_dir(tiny().join("bundle")).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn manifest(self, change: impl Fn(&mut serde_json::Value)) -> Self {
        let path = self.path("manifest.json");
        let mut manifest: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(&mut manifest);
        fs::write(path, manifest.to_string()).unwrap();
        self
    }

    /// Replaces a file and states its true size and hash, as someone who builds a wrong bundle would.
    fn file(self, name: &str, bytes: &[u8]) -> Self {
        fs::write(self.path(name), bytes).unwrap();
        let hash = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().concat();
        self.manifest(|manifest| {
            for entry in manifest["files"].as_array_mut().unwrap() {
                if entry["path"] == name {
                    entry["bytes"] = bytes.len().into();
                    entry["sha256"] = hash.clone().into();
                }
            }
        })
    }

    /// Turns one bit in the middle of a file.
    fn damage(&self, name: &str) {
        let mut bytes = fs::read(self.path(name)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(self.path(name), bytes).unwrap();
    }

    fn open(&self) -> Model {
        Model::new(Bundle::open(self.0.path()).unwrap(), SessionOptions::default())
    }
}

fn caption_code(model: &Model) -> &'static str {
    model.caption(&drawing("shore"), &CaptionOptions::default()).map_or_else(|e| e.code(), |_| "ok")
}

#[test]
fn a_damaged_graph_is_refused_before_it_runs_and_the_rest_works() {
    let changed = Changed::new();
    changed.damage("vision.onnx");
    let model = changed.open();
    assert_eq!(caption_code(&model), "bundle.checksum_mismatch");
    assert!(model.embed_text("a dog").is_ok());
    // Mended, the same model goes on.
    fs::copy(tiny().join("bundle/vision.onnx"), changed.path("vision.onnx")).unwrap();
    assert_eq!(caption_code(&model), "ok");
}

#[test]
fn a_bundle_that_contradicts_itself_is_refused_with_a_code() {
    let read = |name: &str| fs::read(tiny().join("bundle").join(name)).unwrap();
    let vision = read("vision.onnx");
    let cases: [(Changed, &str); 8] = [
        (Changed::new().file("vision.onnx", &vision[..vision.len() / 2]), "runtime.model_invalid"),
        (Changed::new().file("vision.onnx", &read("text.onnx")), "runtime.model_invalid"),
        (Changed::new().file("tokenizer.json", b"{}"), "runtime.model_invalid"),
        (Changed::new().manifest(|m| m["models"]["vision"]["size"] = 96.into()), "runtime.model_invalid"),
        (Changed::new().manifest(|m| m["models"]["decoder"]["layers"] = 3.into()), "runtime.model_invalid"),
        (
            Changed::new().manifest(|m| m["models"]["decoder"]["vocabulary"] = 99.into()),
            "runtime.model_invalid",
        ),
        (
            Changed::new().manifest(|m| m["models"]["vision"]["outputs"][1] = "elsewhere".into()),
            "runtime.model_invalid",
        ),
        (
            Changed::new().manifest(|m| {
                m["models"].as_object_mut().unwrap().remove("decoder");
            }),
            "task.unsupported",
        ),
    ];
    for (number, (changed, expected)) in cases.iter().enumerate() {
        assert_eq!(caption_code(&changed.open()), *expected, "{number}");
    }
    for key in ["beam_width", "max_caption_tokens", "heads", "vocabulary", "similarity_weight"] {
        let changed = Changed::new().manifest(|m| m["models"]["decoder"][key] = 1_000_000.into());
        assert_eq!(Bundle::open(changed.0.path()).unwrap_err().code(), "bundle.manifest_invalid", "{key}");
    }
}

#[test]
fn of_the_captions_found_the_one_most_like_the_picture_is_said() {
    let weighing = |weight: f32| {
        Changed::new().manifest(|m| m["models"]["decoder"]["similarity_weight"] = weight.into())
    };
    let (scores, pictures) = (weighing(0.0), weighing(1000.0));
    let (by_score, by_picture) = (scores.open(), pictures.open());
    let wide = CaptionOptions { beams: Some(8), ..CaptionOptions::default() };
    let mut differ = 0;
    for name in ["shore", "house"] {
        let image = drawing(name);
        let seen = by_score.embed_image(&image).unwrap();
        let alike = |text: &str| by_score.embed_text(text).unwrap().similarity(&seen);
        let likely = by_score.caption(&image, &wide).unwrap().text;
        let chosen = by_picture.caption(&image, &wide).unwrap().text;
        assert!(alike(&chosen) >= alike(&likely) - 1e-4, "{name}: {chosen} or {likely}");
        differ += usize::from(chosen != likely);
        let greedy = CaptionOptions { beams: Some(1), ..CaptionOptions::default() };
        assert_eq!(
            by_picture.caption(&image, &greedy).unwrap().text,
            by_score.caption(&image, &greedy).unwrap().text
        );
    }
    assert!(differ > 0, "the pictures changed nothing");
}

#[test]
fn a_damaged_text_encoder_leaves_captions_to_their_scores() {
    let changed = Changed::new().manifest(|m| m["models"]["decoder"]["similarity_weight"] = 1000.0.into());
    changed.damage("text.onnx");
    let model = changed.open();
    assert_eq!(model.embed_text("a dog").unwrap_err().code(), "bundle.checksum_mismatch");
    let wide = CaptionOptions { beams: Some(8), ..CaptionOptions::default() };
    let said =
        |model: &Model| ["shore", "house"].map(|name| model.caption(&drawing(name), &wide).unwrap().text);
    let uncompared = Changed::new().manifest(|m| m["models"]["decoder"]["similarity_weight"] = 0.0.into());
    let by_score = said(&uncompared.open());
    assert_eq!(said(&model), by_score);
    // A live view captions many times a second: the file is not read for each, until something else needs it.
    fs::copy(tiny().join("bundle/text.onnx"), changed.path("text.onnx")).unwrap();
    assert_eq!(said(&model), by_score, "the encoder was loaded again for a caption");
    assert!(model.embed_text("a dog").is_ok());
    assert_ne!(said(&model), by_score, "the encoder is back, and captions are compared again");
}

#[test]
fn a_bundle_without_calibration_says_so() {
    let changed = Changed::new().manifest(|m| {
        m["models"].as_object_mut().unwrap().remove("confidence");
    });
    let caption = changed.open().caption(&drawing("shore"), &CaptionOptions::default()).unwrap();
    let mean = caption.words.iter().map(|(_, p)| p).sum::<f32>() / caption.words.len() as f32;
    assert!(!caption.calibrated && (caption.confidence - mean.exp()).abs() < 0.2);
}

#[test]
fn a_bundle_that_only_reads_text_does_not_caption() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/mobile-mm-llm-int2");
    let mut bundle: serde_json::Value =
        serde_json::from_slice(&fs::read(shipped.join("manifest.json")).unwrap()).unwrap();
    for role in ["vision", "decoder", "text", "confidence"] {
        bundle["models"].as_object_mut().unwrap().remove(role);
    }
    let folder = TempDir::new().unwrap();
    for entry in bundle["files"].as_array().unwrap() {
        let name = entry["path"].as_str().unwrap();
        fs::copy(shipped.join(name), folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("manifest.json"), bundle.to_string()).unwrap();
    let model = Model::new(Bundle::open(folder.path()).unwrap(), SessionOptions::default());
    assert_eq!(caption_code(&model), "task.unsupported");
    assert_eq!(model.embed_text("a dog").unwrap_err().code(), "task.unsupported");
    assert!(model.load_ocr().is_ok());
}
