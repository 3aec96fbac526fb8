//! What captions, answers and search take.

use std::time::{Duration, Instant};

use mm_core::{
    model::Model,
    tasks::{answer::AnswerOptions, caption::CaptionOptions, picture::Encoded},
};
use serde::Serialize;

use super::{Source, Stage, milliseconds, stage};
use crate::output::{CommandError, line};

/// A question of every part: task, words, separator; its answer is looked for among all words.
const QUESTION: &str = "what is in the background?";
const TEXT: &str = "two people walking a dog on the beach";

/// Captions, answers and search.
#[derive(Serialize)]
pub struct LanguageReport {
    provider: &'static str,
    /// Hashing and loading the picture encoder and the decoder, milliseconds.
    load_graphs_ms: f64,
    /// The first caption, which warms caches and memory pools, milliseconds; the picture is decoded already.
    first_caption_ms: f64,
    /// Beams of `caption_beam`: the bundle's own setting.
    beams: usize,
    /// Loading the text encoder, milliseconds.
    load_text_ms: f64,
    embed_text: Stage,
    images: Vec<LanguageImage>,
}

#[derive(Serialize)]
struct LanguageImage {
    image: String,
    caption: String,
    preprocess: Stage,
    /// The encoder network alone.
    vision: Stage,
    /// From pixels to the sentence, one beam.
    caption_greedy: Stage,
    /// The same with the bundle's beams.
    caption_beam: Stage,
    /// From an encoded picture to the answer.
    answer_after_vision: Stage,
}

/// Measures on every picture.
pub fn measure(
    model: &Model,
    pictures: &[(String, Source)],
    iterations: usize,
) -> mm_core::Result<LanguageReport> {
    let (load, provider) = model.load_language()?;
    let load_text = model.load_text()?; // before the first caption does
    let first = pictures[0].1.load()?;
    let (_, first_caption) = timed(|| model.caption(&first, &CaptionOptions::default()))?;
    let images = pictures
        .iter()
        .map(|(name, source)| measure_image(model, name, source, iterations))
        .collect::<mm_core::Result<_>>()?;
    model.embed_text(TEXT)?;
    let texts = (0..iterations).map(|_| Ok(timed(|| model.embed_text(TEXT))?.1));
    let decoder = model.bundle().manifest().models.decoder.as_ref();
    Ok(LanguageReport {
        provider: provider.as_str(),
        load_graphs_ms: milliseconds(load),
        first_caption_ms: milliseconds(first_caption),
        beams: decoder.map_or(1, |d| d.beam_width),
        load_text_ms: milliseconds(load_text),
        embed_text: stage(texts.collect::<mm_core::Result<_>>()?),
        images,
    })
}

fn measure_image(
    model: &Model,
    name: &str,
    source: &Source,
    iterations: usize,
) -> mm_core::Result<LanguageImage> {
    let image = source.load()?;
    let greedy = CaptionOptions { beams: Some(1), ..CaptionOptions::default() };
    let beam = CaptionOptions::default();
    let caption = model.caption(&image, &beam)?.text;
    let answer = |picture: &Encoded| model.answer_encoded(picture, QUESTION, &AnswerOptions::default());
    answer(&model.encode(&image)?)?;
    let mut times: [Vec<Duration>; 5] = Default::default();
    for _ in 0..iterations {
        let picture = model.encode(&image)?;
        times[0].push(picture.timings().preprocess);
        times[1].push(picture.timings().vision);
        times[2].push(timed(|| model.caption(&image, &greedy))?.1);
        times[3].push(timed(|| model.caption(&image, &beam))?.1);
        times[4].push(timed(|| answer(&picture))?.1);
    }
    let [preprocess, vision, caption_greedy, caption_beam, answer_after_vision] = times.map(stage);
    Ok(LanguageImage {
        image: name.to_owned(),
        caption,
        preprocess,
        vision,
        caption_greedy,
        caption_beam,
        answer_after_vision,
    })
}

fn timed<T>(work: impl FnOnce() -> mm_core::Result<T>) -> mm_core::Result<(T, Duration)> {
    let start = Instant::now();
    work().map(|value| (value, start.elapsed()))
}

/// The table for people.
pub fn print(report: &LanguageReport) -> Result<(), CommandError> {
    line(&format!(
        "captions and answers: graphs loaded in {:.0} ms, first caption {:.0}; text encoder {:.0}, a text {}",
        report.load_graphs_ms,
        report.first_caption_ms,
        report.load_text_ms,
        report.embed_text.cell()
    ))?;
    let beam = format!("beam {}", report.beams);
    line(&format!(
        "p50/p95 ms   preprocess          vision          greedy{beam:>16}          answer  picture"
    ))?;
    for image in &report.images {
        line(&format!(
            "{:>16}{:>16}{:>16}{:>16}{:>16}  {} ({})",
            image.preprocess.cell(),
            image.vision.cell(),
            image.caption_greedy.cell(),
            image.caption_beam.cell(),
            image.answer_after_vision.cell(),
            image.image,
            image.caption
        ))?;
    }
    Ok(())
}
