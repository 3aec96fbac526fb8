//! Reading text: detect text lines, straighten each, recognise it, split it into words, put all in reading order.
//!
//! Detector: DB (Liao et al., *Real-time Scene Text Detection with Differentiable Binarization*, AAAI 2020).
//! Recogniser: a line network trained with CTC (Graves et al. 2006). Both as published by PP-OCR; the settings come
//! from the bundle's manifest.

mod boxes;
mod crop;
mod ctc;
mod detector;
mod layout;
mod recognizer;
mod types;
mod words;

use std::time::{Duration, Instant};

use image::RgbImage;

pub use self::{
    boxes::{BoxSettings, boxes_from_map},
    crop::crop_quad,
    ctc::{CtcLine, decode_greedy},
    detector::{Detector, detector_size},
    layout::reading_order,
    recognizer::Recognizer,
    types::{OcrTimings, ReadOptions, TextPage, TextRegion, Word},
    words::split_words,
};
use crate::{
    error::Result,
    geometry::Quad,
    runtime::{GraphSession, Network},
};

/// A crop at least this many times as tall as wide is read sideways (PP-OCR's `get_rotate_crop_image`).
const SIDEWAYS_RATIO: f32 = 1.5;

/// The detector and the recogniser, ready to run.
pub struct Ocr<N: Network = GraphSession> {
    detector: Detector<N>,
    recognizer: Recognizer<N>,
}

impl<N: Network> Ocr<N> {
    /// Puts the two halves together.
    pub fn new(detector: Detector<N>, recognizer: Recognizer<N>) -> Self {
        Self { detector, recognizer }
    }

    /// Finds and reads all text in `image`.
    ///
    /// Quads and sizes are in pixels of `image`. An image without text gives an empty page, not an error. Fails with
    /// `task.cancelled`, `runtime.inference_failed` or `runtime.model_invalid`.
    pub fn read(&mut self, image: &RgbImage, options: &ReadOptions) -> Result<TextPage> {
        let start = Instant::now();
        options.check()?;
        let (quads, detect) = timed(|| self.detector.detect(image, options.max_side))?;
        let (regions, recognize) = timed(|| self.recognise_quads(image, &quads, options))?;
        let quads: Vec<Quad> = regions.iter().map(|r| r.quad).collect();
        let (order, lines) = reading_order(&quads);
        let mut slots: Vec<Option<TextRegion>> = regions.into_iter().map(Some).collect();
        let regions = order.iter().filter_map(|&i| slots[i].take()).collect();
        Ok(TextPage {
            width: image.width(),
            height: image.height(),
            regions,
            lines,
            timings: OcrTimings { detect, recognize, total: start.elapsed() },
        })
    }

    /// Reads `image` as one upright line of text, without detection.
    pub fn read_line(&mut self, image: &RgbImage, options: &ReadOptions) -> Result<TextPage> {
        let start = Instant::now();
        let quad = Quad::from_edges(0.0, 0.0, image.width() as f32, image.height() as f32);
        let lines = self.recognizer.recognise(std::slice::from_ref(image), || options.check())?;
        let recognize = start.elapsed();
        let minimum = self.minimum_confidence(options);
        let regions: Vec<TextRegion> =
            lines.iter().filter_map(|line| region(quad, false, line, minimum)).collect();
        let lines = regions.iter().enumerate().map(|(i, _)| i..i + 1).collect();
        Ok(TextPage {
            width: image.width(),
            height: image.height(),
            regions,
            lines,
            timings: OcrTimings { detect: Duration::ZERO, recognize, total: start.elapsed() },
        })
    }

    fn minimum_confidence(&self, options: &ReadOptions) -> f32 {
        options.min_confidence.unwrap_or(self.recognizer.min_confidence())
    }

    fn recognise_quads(
        &mut self,
        image: &RgbImage,
        quads: &[Quad],
        options: &ReadOptions,
    ) -> Result<Vec<TextRegion>> {
        let minimum = self.minimum_confidence(options);
        let (crops, sideways): (Vec<RgbImage>, Vec<bool>) =
            quads.iter().map(|quad| upright_crop(image, quad)).unzip();
        let lines = self.recognizer.recognise(&crops, || options.check())?;
        let read = lines.iter().zip(quads).zip(sideways);
        Ok(read.filter_map(|((line, quad), sideways)| region(*quad, sideways, line, minimum)).collect())
    }
}

fn upright_crop(image: &RgbImage, quad: &Quad) -> (RgbImage, bool) {
    let crop = crop_quad(image, quad);
    let sideways = crop.height() as f32 >= SIDEWAYS_RATIO * crop.width() as f32;
    (if sideways { image::imageops::rotate270(&crop) } else { crop }, sideways)
}

fn region(quad: Quad, sideways: bool, line: &CtcLine, minimum: f32) -> Option<TextRegion> {
    let text = line.text();
    (line.confidence >= minimum && !text.trim().is_empty()).then(|| {
        // Turned counter-clockwise, a sideways crop starts at the quad's top right corner.
        let along = if sideways { quad.turned() } else { quad };
        TextRegion { text, quad, confidence: line.confidence, words: split_words(&along, line) }
    })
}

fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let start = Instant::now();
    work().map(|value| (value, start.elapsed()))
}

#[cfg(test)]
mod tests;
