//! Captions, answers and embeddings, replayed on what the `PyTorch` network says (`mm-lab reference-caption`).
//!
//! The network's weights are the exported ones, the trunk's rounded as they are stored; what differs is how they are
//! computed with: the embedding table is stored in 8 bits, and 2-bit products take 8-bit activations. Tolerances are
//! shares of the spread of what is compared, and a word may only differ where the reference itself hardly prefers one.
//!
//! A bundle that is not committed yet: `MM_CAPTION_BUNDLE=FOLDER MM_CAPTION_REFERENCE=FILE.json cargo test ...`

#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise, as tests do")]

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use mm_core::{
    bundle::{Bundle, Role},
    decode::{self, Limits},
    model::Model,
    resize::Filter,
    runtime::{DecoderNetwork, DecoderSession, SessionOptions},
    tasks::{
        answer::Question,
        decoding::{Search, search},
        picture::Encoded,
        tensor::{Normalisation, resized_tensor},
    },
    text::{Token, Tokenizer},
};
use ndarray::Array2;
use serde::Deserialize;

/// Errors of the picture's keys and values, as a share of their size. The record's weights are rounded as the bundle's,
/// so what is left is arithmetic and a grey level here and there in the resized picture: at most .007 with AVX2.
const ENCODER: f32 = 0.05;
/// Errors of the best scores (root mean square), as a share of their spread over the vocabulary: at most .053.
const SCORES: f32 = 0.2;
/// Least cosine of an embedding and its reference.
const COSINE: f32 = 0.998;
/// Errors of a whole text's score.
const SCORE: f32 = 0.1;

#[derive(Deserialize)]
struct Record {
    beams: usize,
    length_alpha: f32,
    pictures: Vec<Picture>,
    texts: Vec<Text>,
}

#[derive(Deserialize)]
struct Picture {
    image: String,
    input: Samples,
    embedding: Vec<f32>,
    keys: Samples,
    values: Samples,
    greedy: Vec<Token>,
    steps: Vec<Step>,
    beam: Vec<Token>,
    beam_score: f32,
    answers: Vec<AnswerRecord>,
}

#[derive(Deserialize)]
struct AnswerRecord {
    question: String,
    prefix: Vec<Token>,
    said: Vec<Token>,
    steps: Vec<Step>,
}

/// Every `step`-th value of a tensor, and its root mean square.
#[derive(Deserialize)]
struct Samples {
    shape: Vec<usize>,
    step: usize,
    values: Vec<f32>,
    size: f32,
}

/// The largest scores before a token was said.
#[derive(Deserialize)]
struct Step {
    tokens: Vec<Token>,
    logits: Vec<f32>,
    normaliser: f32,
    spread: f32,
}

#[derive(Deserialize)]
struct Text {
    #[serde(rename = "text")]
    words: String,
    tokens: Vec<Token>,
    embedding: Vec<f32>,
}

/// A bundle with its reference.
struct Case {
    bundle: Bundle,
    model: Model,
    tokenizer: Tokenizer,
    decoder: DecoderSession,
    record: Record,
    folder: PathBuf,
}

fn case(bundle: &Path, reference: &Path) -> Case {
    let bundle = Bundle::open(bundle).unwrap();
    let config = bundle.manifest().models.decoder.clone().unwrap();
    let graph = bundle.read(Role::Decoder).unwrap();
    let options = SessionOptions::default();
    Case {
        tokenizer: Tokenizer::parse(&bundle.read(Role::Tokenizer).unwrap()).unwrap(),
        decoder: DecoderSession::load(&graph, &config, &options, &mut Vec::new()).unwrap(),
        model: Model::new(bundle.clone(), options),
        record: serde_json::from_slice(&fs::read(reference).unwrap()).unwrap(),
        folder: reference.parent().unwrap().to_path_buf(),
        bundle,
    }
}

fn tests_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The tiny bundle always, and the shipped one once it can caption.
fn cases() -> Vec<Case> {
    let tiny = tests_folder().join("fixtures/tiny");
    let mut cases = vec![case(&tiny.join("bundle"), &tiny.join("reference.json"))];
    let shipped = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models/mobile-mm-llm-int2");
    let shipped = env::var_os("MM_CAPTION_BUNDLE").map_or(shipped, PathBuf::from);
    let reference = tests_folder().join("fixtures/caption_reference.json");
    let reference = env::var_os("MM_CAPTION_REFERENCE").map_or(reference, PathBuf::from);
    if Bundle::open(&shipped).unwrap().manifest().models.decoder.is_some() {
        assert!(reference.is_file(), "write {} with `mm-lab reference-caption`", reference.display());
        cases.push(case(&shipped, &reference));
    }
    cases
}

fn encoded(case: &Case, picture: &Picture) -> Encoded {
    let image = decode::read_file(case.folder.join(&picture.image), &Limits::default()).unwrap();
    case.model.encode(&image).unwrap()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// Root mean square of the differences at the sampled places.
fn sampled_error<'a>(values: impl Iterator<Item = &'a f32>, samples: &Samples) -> f32 {
    let differences: Vec<f32> =
        values.step_by(samples.step).zip(&samples.values).map(|(a, b)| (a - b).powi(2)).collect();
    assert_eq!(differences.len(), samples.values.len());
    (differences.iter().sum::<f32>() / differences.len() as f32).sqrt()
}

#[test]
fn pictures_are_prepared_alike() {
    for case in cases() {
        let config = case.bundle.manifest().models.vision.clone().unwrap();
        let normalisation = Normalisation::new(config.scale, config.mean, config.std, config.color_order);
        for picture in &case.record.pictures {
            let image = decode::read_file(case.folder.join(&picture.image), &Limits::default()).unwrap();
            let size = (config.size, config.size);
            let input = resized_tensor(&image, size, Filter::BicubicAntialias, &normalisation).unwrap();
            assert_eq!(input.shape(), picture.input.shape);
            let error = sampled_error(input.iter(), &picture.input);
            // Both resizers round to 8 bits after each direction: a grey level here and there.
            assert!(error < 1.0 / 127.5, "{}: {error}", picture.image);
        }
    }
}

#[test]
fn the_encoder_sees_alike() {
    for case in cases() {
        for picture in &case.record.pictures {
            let found = encoded(&case, picture);
            let likeness = cosine(found.embedding().as_slice(), &picture.embedding);
            assert!(likeness > COSINE, "{}: cosine {likeness}", picture.image);
            let tensors = found.tensors();
            for (tensor, samples) in [(tensors.keys, &picture.keys), (tensors.values, &picture.values)] {
                assert_eq!(tensor.shape(), samples.shape);
                let share = sampled_error(tensor.iter(), samples) / samples.size;
                assert!(share < ENCODER, "{}: {share}", picture.image);
            }
        }
    }
}

/// Runs the decoder over the reference's own tokens and compares the scores before each.
fn compare_steps(
    decoder: &mut DecoderSession,
    picture: &Encoded,
    prefix: &[Token],
    said: &[Token],
    steps: &[Step],
) {
    let mut cache = decoder.start(1).unwrap();
    let mut input: Vec<Token> = prefix.to_vec();
    for (&token, step) in said.iter().zip(steps) {
        let tokens = Array2::from_shape_fn((1, input.len()), |(_, i)| i64::from(input[i]));
        let (logits, grown) = decoder.step(tokens.view(), cache, picture.tensors()).unwrap();
        let row = logits.row(0);
        let differences = step.tokens.iter().zip(&step.logits).map(|(&t, e)| (row[t as usize] - e).powi(2));
        let error = (differences.sum::<f32>() / step.tokens.len() as f32).sqrt();
        assert!(error < SCORES * step.spread, "before {token}: {error} of {}", step.spread);
        let largest = row.iter().copied().fold(f32::MIN, f32::max);
        let normaliser = largest + row.iter().map(|v| (v - largest).exp()).sum::<f32>().ln();
        assert!((normaliser - step.normaliser).abs() < SCORES * step.spread);
        (cache, input) = (grown, vec![token]);
    }
}

/// The first steps at which the reference prefers its word by more than rounding could turn.
fn certain(steps: &[Step]) -> usize {
    let clear = |step: &&Step| step.logits[0] - step.logits[1] > 2.0 * SCORES * step.spread;
    steps.iter().take_while(clear).count()
}

/// The lab's greedy decoding.
fn settings<'a>(prefix: &'a [Token], forbidden: &'a [Token], end: Token, max_tokens: usize) -> Search<'a> {
    Search {
        prefix,
        max_tokens,
        beams: 1,
        length_alpha: 0.0,
        no_repeat_ngram: 0,
        echoes: None,
        min_words: 0,
        max_words: usize::MAX,
        end,
        forbidden,
        first: None,
        best_only: true,
        cancel: None,
    }
}

/// The score of a text that is given, as the search would compute it: allowed to say nothing else.
fn score(
    decoder: &mut DecoderSession,
    picture: &Encoded,
    settings: &Search<'_>,
    tokens: &[Token],
    alpha: f32,
) -> f32 {
    let mut cache = decoder.start(1).unwrap();
    let mut input = settings.prefix.to_vec();
    let mut total = 0.0;
    for &token in tokens {
        let row = Array2::from_shape_fn((1, input.len()), |(_, i)| i64::from(input[i]));
        let (logits, grown) = decoder.step(row.view(), cache, picture.tensors()).unwrap();
        let allowed = (0..).zip(logits.row(0)).filter(|(t, _)| !settings.forbidden.contains(t));
        total += logits[[0, token as usize]] - allowed.map(|(_, v)| v.exp()).sum::<f32>().ln();
        (cache, input) = (grown, vec![token]);
    }
    total / (tokens.len() as f32).powf(alpha)
}

/// Tokens as the reference lists them, the end token included.
fn with_end(found: &mm_core::tasks::decoding::Hypothesis, end: Token) -> Vec<Token> {
    found.tokens.iter().copied().chain(found.ended.then_some(end)).collect()
}

#[test]
fn the_decoder_says_alike() {
    for mut case in cases() {
        let config = case.bundle.manifest().models.decoder.clone().unwrap();
        let specials = *case.tokenizer.specials();
        let forbidden: Vec<Token> = specials.all().into_iter().filter(|&t| t != specials.end).collect();
        let prefix = [specials.caption];
        for picture in &case.record.pictures {
            let seen = encoded(&case, picture);
            let decoder = &mut case.decoder;
            compare_steps(decoder, &seen, &prefix, &picture.greedy, &picture.steps);

            let plain = settings(&prefix, &forbidden, specials.end, config.max_caption_tokens);
            let greedy = search(decoder, seen.tensors(), &plain).unwrap();
            let (said, sure) = (with_end(&greedy[0], specials.end), certain(&picture.steps));
            assert!(sure > 0, "{}: the reference is sure of nothing", picture.image);
            assert_eq!(said[..sure.min(said.len())], picture.greedy[..sure.min(said.len())]);

            let alpha = case.record.length_alpha;
            let known = score(decoder, &seen, &plain, &picture.beam, alpha);
            let difference = (known - picture.beam_score).abs();
            assert!(difference < SCORE, "{}: {known} for {}", picture.image, picture.beam_score);
            let wide = Search { beams: case.record.beams, length_alpha: alpha, ..plain };
            let beam = search(decoder, seen.tensors(), &wide).unwrap();
            // Rows of the cache that went astray would show here: alone, the text must score the same.
            let said = with_end(&beam[0], specials.end);
            let alone = score(decoder, &seen, &plain, &said, alpha);
            assert!((alone - beam[0].score).abs() < 0.02, "{}: {} or {alone}", picture.image, beam[0].score);
            // Which of two texts a beam ends with can hang on a grey level, unless every word is clear.
            if sure == picture.steps.len() {
                assert_eq!(said, picture.beam);
            }

            for answer in &picture.answers {
                let question =
                    Question::read(&answer.question, &case.tokenizer, config.max_question_words).unwrap();
                assert_eq!(question.prefix, answer.prefix, "{}", answer.question);
                compare_steps(decoder, &seen, &answer.prefix, &answer.said, &answer.steps);
                let greedy = settings(&answer.prefix, &forbidden, specials.end, config.max_answer_tokens);
                let found = search(decoder, seen.tensors(), &greedy).unwrap();
                let (said, sure) = (with_end(&found[0], specials.end), certain(&answer.steps));
                assert_eq!(
                    said[..sure.min(said.len())],
                    answer.said[..sure.min(said.len())],
                    "{}",
                    answer.question
                );
            }
        }
    }
}

#[test]
fn texts_are_embedded_alike() {
    for case in cases() {
        let specials = *case.tokenizer.specials();
        for text in &case.record.texts {
            let tokens: Vec<Token> = std::iter::once(specials.caption)
                .chain(case.tokenizer.encode(&text.words, 100))
                .chain([specials.end])
                .collect();
            assert_eq!(tokens, text.tokens, "{}", text.words);
            let found = case.model.embed_text(&text.words).unwrap();
            let likeness = cosine(found.as_slice(), &text.embedding);
            assert!(likeness > COSINE, "{}: cosine {likeness}", text.words);
        }
    }
}
