//! What the bindings call, called from Rust: the committed bundle on the golden pictures.

#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise, as tests do")]

use std::{path::Path, sync::Arc, thread};

use mm_ffi::{
    AnswerOptions, CancelToken, ImageSource, MobileMultiModalError, MobileMultiModalModel, OpenOptions,
    PixelFormat,
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn options() -> OpenOptions {
    OpenOptions {
        provider: "cpu".to_owned(),
        threads: Some(1),
        app_data: None,
        model_folders: vec![format!("{ROOT}/models")],
    }
}

fn model() -> MobileMultiModalModel {
    MobileMultiModalModel::from_pretrained("mobile-mm-llm-int2", options()).unwrap()
}

fn golden(name: &str) -> ImageSource {
    ImageSource::Path { path: format!("{ROOT}/tests/golden/ocr/{name}") }
}

fn code<T>(result: Result<T, MobileMultiModalError>) -> String {
    result.err().map(|error| error.code().to_owned()).unwrap_or_default()
}

#[test]
fn text_and_places_come_through_as_the_core_gives_them() {
    let model = model();
    let page = model.open(&golden("street-sign.jpg")).unwrap().read_text().unwrap();
    let expected = std::fs::read_to_string(format!("{ROOT}/tests/golden/ocr/street-sign.jpg.txt")).unwrap();
    assert_eq!(page.text.trim(), expected.trim());
    for region in &page.regions {
        assert_eq!(region.quad.len(), 4);
        assert!(region.quad.iter().all(|p| (0.0..=page.width as f32).contains(&p.x)));
        let words: Vec<&str> = region.words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(words.join(" "), region.text);
    }
    assert!(page.timings.total_ms >= page.timings.detect_ms);
}

#[test]
fn captions_answers_and_embeddings_come_through_as_the_core_gives_them() {
    let tiny = format!("{ROOT}/crates/mm-core/tests/fixtures/tiny");
    let model = MobileMultiModalModel::from_pretrained(&format!("{tiny}/bundle"), options()).unwrap();
    let picture = model.open(&ImageSource::Path { path: format!("{tiny}/reference-shore.png") }).unwrap();
    let caption = picture.caption(None, None).unwrap();
    assert_eq!(caption.sentence, "Two people on the beach");
    assert_eq!(
        caption.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "),
        caption.text
    );
    let strict = AnswerOptions { unsure_below: Some(1.0) };
    let answer = picture.answer("is there a dog", Some(strict), None).unwrap();
    assert_eq!((answer.text.as_str(), answer.spoken.as_str(), answer.sure), ("no", "not sure", false));
    assert_eq!((answer.kind.as_str(), answer.alternatives.len()), ("yes/no", 2));
    assert!((caption.timings.vision_ms - answer.timings.vision_ms).abs() < f64::EPSILON, "one vision pass");
    let length: f32 = picture.embed().unwrap().iter().map(|v| v * v).sum();
    assert!((length - 1.0).abs() < 1e-4);
    assert_eq!(code(picture.answer("?", None, None)), "question.empty");
    assert_eq!(code(model.embed_text("")), "text.empty");
    assert_eq!(code(picture.read_text()), "bundle.role_missing");
}

#[test]
fn info_says_what_the_bundle_can_do() {
    let info = model().info().unwrap();
    assert_eq!((info.name.as_str(), info.provider.as_str(), info.threads), ("mobile-mm-llm-int2", "cpu", 1));
    assert!(info.tasks.iter().any(|task| task == "read_text"));
    assert!(info.bundle_bytes > 1_000_000 && Path::new(&info.path).is_dir());
}

#[test]
fn what_cannot_be_opened_has_a_code() {
    let open = |name, options| code(MobileMultiModalModel::from_pretrained(name, options));
    assert_eq!(open("no-such-bundle", options()), "bundle.not_found");
    let gpu = OpenOptions { provider: "gpu".to_owned(), ..options() };
    assert_eq!(open("mobile-mm-llm-int2", gpu), "runtime.provider_unavailable");
    let model = model();
    assert_eq!(code(model.open(&golden("no-such-picture.jpg"))), "file.unreadable");
    let (data, format) = (vec![0; 5], PixelFormat::Gray8);
    let short = ImageSource::Pixels { data, width: 3, height: 2, stride: 3, format };
    assert_eq!(code(model.open(&short)), "frame.invalid");
}

#[test]
fn a_cancelled_call_does_no_work() {
    let cancel = Arc::new(CancelToken::new());
    cancel.cancel();
    assert!(cancel.is_cancelled());
    let picture = model().open(&golden("rocket.jpg")).unwrap();
    assert_eq!(code(picture.caption(None, Some(Arc::clone(&cancel)))), "task.cancelled");
    assert_eq!(code(picture.answer("what is this", None, Some(cancel))), "task.cancelled");
}

#[test]
fn one_picture_serves_several_threads() {
    let picture = model().open(&golden("low-contrast.png")).unwrap();
    let texts: Vec<String> = thread::scope(|scope| {
        let jobs: Vec<_> = (0..3).map(|_| scope.spawn(|| picture.read_text().unwrap().text)).collect();
        jobs.into_iter().map(|job| job.join().unwrap()).collect()
    });
    assert!(!texts[0].is_empty() && texts.iter().all(|text| *text == texts[0]));
}
