//! Every step of reading, replayed on tensors that the Python reference wrote (`mm-lab reference-ocr`).
//!
//! Each step gets the reference's input of that step, so that one difference does not hide in the next. Tolerances
//! are in the units of each step and say where a difference is allowed to come from.

#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise, as tests do")]

use std::path::PathBuf;

use image::{RgbImage, imageops};
use mm_core::{
    bundle::{Bundle, Manifest, Role},
    decode::{self, Limits},
    geometry::{Point, Quad},
    resize::{Filter, resize_rgb},
    runtime::{GraphSession, Network, SessionOptions},
    tasks::{
        ocr::{BoxSettings, boxes_from_map, crop_quad, decode_greedy, detector_size, split_words},
        tensor::{Normalisation, resized_tensor},
    },
};
use ndarray::{Array2, Array4, ArrayD, ArrayView, Ix2, Ix4, s};
use serde::Deserialize;

#[derive(Deserialize)]
struct Index {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    image: String,
    max_side: u32,
    resized: Resized,
    detector_input: Window,
    probability: Probability,
    lines: Vec<Line>,
}

#[derive(Deserialize)]
struct Resized {
    file: String,
    width: u32,
    height: u32,
}

/// A cut-out of a tensor: top, left, height and width in its last two axes.
#[derive(Deserialize)]
struct Window {
    file: String,
    window: [usize; 4],
}

#[derive(Deserialize)]
struct Probability {
    bytes: String,
    file: String,
    window: [usize; 4],
}

#[derive(Deserialize)]
struct Line {
    quad: Quad,
    crop: String,
    turned: bool,
    input: Window,
    filled_width: u32,
    probabilities: String,
    classes: Vec<usize>,
    text: String,
    confidence: f32,
    positions: Vec<f32>,
    words: Vec<RefWord>,
}

#[derive(Deserialize)]
struct RefWord {
    text: String,
    quad: Quad,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference/ocr")
}

fn cases() -> Vec<Case> {
    let text = std::fs::read(folder().join("index.json")).unwrap();
    serde_json::from_slice::<Index>(&text).unwrap().cases
}

fn picture(name: &str) -> RgbImage {
    decode::read_file(folder().join(name), &Limits::default()).unwrap()
}

fn tensor(name: &str) -> ArrayD<f32> {
    ndarray_npy::read_npy(folder().join(name)).unwrap()
}

fn bundle() -> Bundle {
    Bundle::open(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models/mobile-mm-llm-int2")).unwrap()
}

fn detector_normalisation(manifest: &Manifest) -> Normalisation {
    let config = manifest.models.ocr_detector.as_ref().unwrap();
    Normalisation::new(config.scale, config.mean, config.std, config.color_order)
}

fn network(bundle: &Bundle, role: Role) -> GraphSession {
    let models = &bundle.manifest().models;
    let (input, output) = if role == Role::OcrDetector {
        let config = models.ocr_detector.as_ref().unwrap();
        (&config.input, &config.outputs[0])
    } else {
        let config = models.ocr_recognizer.as_ref().unwrap();
        (&config.input, &config.outputs[0])
    };
    let graph = bundle.read(role).unwrap();
    GraphSession::load(role.as_str(), &graph, (input, output), &SessionOptions::default(), &mut Vec::new())
        .unwrap()
}

/// The part of a tensor that the reference kept.
fn cut(tensor: &Array4<f32>, [y, x, h, w]: [usize; 4]) -> ArrayView<'_, f32, Ix4> {
    tensor.slice(s![.., .., y..y + h, x..x + w])
}

fn differences<'a>(a: impl IntoIterator<Item = &'a f32>, b: impl IntoIterator<Item = &'a f32>) -> (f32, f32) {
    let (mut largest, mut sum, mut count) = (0f32, 0f32, 0f32);
    for (x, y) in a.into_iter().zip(b) {
        largest = largest.max((x - y).abs());
        sum += (x - y).abs();
        count += 1.0;
    }
    assert!(count > 0.0, "nothing was compared");
    (largest, sum / count)
}

fn pixels(image: &RgbImage) -> Vec<f32> {
    image.as_raw().iter().map(|&v| f32::from(v)).collect()
}

fn corner_distance(a: &Quad, b: &Quad) -> f32 {
    a.0.iter().zip(&b.0).map(|(p, q): (&Point, &Point)| p.distance(*q)).fold(0.0, f32::max)
}

#[test]
fn the_detector_sees_the_same_pixels() {
    let normalisation = detector_normalisation(bundle().manifest());
    for case in cases() {
        let image = picture(&case.image);
        let (width, height) = detector_size(image.dimensions(), case.max_side, 32);
        assert_eq!((width, height), (case.resized.width, case.resized.height));

        let resized = resize_rgb(&image, width, height, Filter::Bilinear).unwrap();
        let (largest, mean) = differences(&pixels(&resized), &pixels(&picture(&case.resized.file)));
        assert!(largest <= 1.0 && mean < 0.3, "resize rounds differently: {largest} {mean}");

        let input = resized_tensor(&image, (width, height), Filter::Bilinear, &normalisation).unwrap();
        let (largest, _) =
            differences(cut(&input, case.detector_input.window).iter(), &tensor(&case.detector_input.file));
        // One grey level of the resize, divided by the smallest standard deviation.
        assert!(largest <= 1.0 / 255.0 / 0.224 + 1e-5, "{largest}");
    }
}

#[test]
fn the_detector_finds_the_same_boxes() {
    let bundle = bundle();
    let config = bundle.manifest().models.ocr_detector.clone().unwrap();
    let normalisation = detector_normalisation(bundle.manifest());
    let mut detector = network(&bundle, Role::OcrDetector);
    for case in cases() {
        // The network on the reference's own pixels.
        let resized = picture(&case.resized.file);
        let input = resized_tensor(&resized, resized.dimensions(), Filter::Bilinear, &normalisation).unwrap();
        let map = detector.run(input.view().into_dyn()).unwrap().into_dimensionality::<Ix4>().unwrap();
        let (largest, mean) =
            differences(cut(&map, case.probability.window).iter(), &tensor(&case.probability.file));
        assert!(largest < 5e-3 && mean < 1e-4, "kernels differ: {largest} {mean}");

        // The post-processing on the reference's own map, stored as bytes.
        let bytes = picture(&case.probability.bytes);
        let map = Array2::from_shape_fn((bytes.height() as usize, bytes.width() as usize), |(y, x)| {
            f32::from(bytes.get_pixel(x as u32, y as u32).0[0]) / 255.0
        });
        let settings = BoxSettings {
            threshold: config.threshold,
            box_threshold: config.box_threshold,
            unclip_ratio: config.unclip_ratio,
        };
        let quads = boxes_from_map(&map.view(), picture(&case.image).dimensions(), &settings);
        for line in &case.lines {
            let nearest =
                quads.iter().map(|quad| corner_distance(quad, &line.quad)).fold(f32::INFINITY, f32::min);
            // The reference cuts box corners to whole map pixels before it grows them; here they keep fractions.
            assert!(nearest <= 2.5, "no box near {:?}: {nearest} pixels off", line.quad);
        }
    }
}

#[test]
fn lines_are_cut_out_alike() {
    for case in cases() {
        let image = picture(&case.image);
        for line in &case.lines {
            let crop = crop_quad(&image, &line.quad);
            let crop = if line.turned { imageops::rotate270(&crop) } else { crop };
            let expected = picture(&line.crop);
            assert_eq!(crop.dimensions(), expected.dimensions());
            // Bicubic kernels differ: Catmull-Rom here, a = -0.75 in the reference. Edges ring by some levels.
            let (_, mean) = differences(&pixels(&crop), &pixels(&expected));
            assert!(mean < 2.0, "{}: {mean} grey levels off on average", line.crop);
        }
    }
}

#[test]
fn the_recogniser_reads_alike() {
    let bundle = bundle();
    let config = bundle.manifest().models.ocr_recognizer.clone().unwrap();
    let normalisation = Normalisation::new(config.scale, config.mean, config.std, config.color_order);
    let mut recogniser = network(&bundle, Role::OcrRecognizer);
    for line in cases().iter().flat_map(|case| &case.lines) {
        let crop = picture(&line.crop);
        let input =
            resized_tensor(&crop, (line.filled_width, config.height), Filter::Bilinear, &normalisation)
                .unwrap();
        let (largest, _) = differences(cut(&input, line.input.window).iter(), &tensor(&line.input.file));
        assert!(largest <= 2.0 / 255.0 + 1e-5, "more than one grey level: {largest}");

        // Zeros to the right, up to a whole number of time steps.
        let width = line.filled_width as usize;
        let mut padded = Array4::zeros((1, 3, config.height as usize, width.next_multiple_of(8)));
        padded.slice_mut(s![.., .., .., ..width]).assign(&input);
        let output = recogniser.run(padded.view().into_dyn()).unwrap();
        let output = output.into_shape_with_order((line.classes.len(), 369)).unwrap();
        let best = output.rows().into_iter().map(|row| {
            row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(class, _)| class)
        });
        assert_eq!(best.collect::<Vec<_>>(), line.classes, "{}", line.text);
        let (_, mean) = differences(output.iter(), &tensor(&line.probabilities));
        assert!(mean < 1e-3, "probabilities differ by {mean} on average");
    }
}

#[test]
fn characters_and_words_come_out_alike() {
    let bundle = bundle();
    let characters: Vec<String> = serde_json::from_slice(&bundle.read(Role::OcrCharacters).unwrap()).unwrap();
    for line in cases().iter().flat_map(|case| &case.lines) {
        let probabilities = tensor(&line.probabilities).into_dimensionality::<Ix2>().unwrap();
        let padded = line.filled_width.next_multiple_of(8);
        let decoded =
            decode_greedy(&probabilities.view(), &characters, line.filled_width as f32 / padded as f32);
        assert_eq!(decoded.text(), line.text);
        assert!((decoded.confidence - line.confidence).abs() < 1e-4);
        let positions: Vec<f32> = decoded.chars.iter().map(|c| c.position).collect();
        let (largest, _) = differences(&positions, &line.positions);
        assert!(largest < 1e-5, "{largest}");

        let along = if line.turned { line.quad.turned() } else { line.quad };
        let words = split_words(&along, &decoded);
        assert_eq!(words.len(), line.words.len());
        for (word, expected) in words.iter().zip(&line.words) {
            assert_eq!(word.text, expected.text);
            assert!(corner_distance(&word.quad, &expected.quad) < 0.05, "{} lies elsewhere", word.text);
        }
    }
}
