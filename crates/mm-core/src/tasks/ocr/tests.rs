//! The whole pipeline on networks made of a few lines of arithmetic: no weights, no ONNX Runtime.

use image::Rgb;
use ndarray::{Array4, ArrayD, ArrayViewD, Ix4};

use super::*;
use crate::bundle::{ColorOrder, OcrDetectorConfig, OcrRecognizerConfig};

/// "Detects" dark pixels.
struct DarkPixels;

impl Network for DarkPixels {
    fn run(&mut self, input: ArrayViewD<'_, f32>) -> Result<ArrayD<f32>> {
        let input = input.into_dimensionality::<Ix4>().unwrap();
        let (_, _, h, w) = input.dim();
        let map = Array4::from_shape_fn((1, 1, h, w), |(_, _, y, x)| f32::from(input[[0, 0, y, x]] < 0.5));
        Ok(map.into_dyn())
    }
}

/// "Reads" a dark line as `a` on its left half and ` b` on its right half.
struct LeftRight;

impl Network for LeftRight {
    fn run(&mut self, input: ArrayViewD<'_, f32>) -> Result<ArrayD<f32>> {
        let (batch, steps) = (input.shape()[0], input.shape()[3] / 8);
        let mut out = ndarray::Array3::<f32>::zeros((batch, steps, 4));
        for b in 0..batch {
            for t in 0..steps {
                let class = match t {
                    _ if t + 1 == steps => 2,
                    _ if t == steps / 2 => 3,
                    0 => 1,
                    _ => 0,
                };
                out[[b, t, class]] = 0.9;
            }
        }
        Ok(out.into_dyn())
    }
}

struct Failing;

impl Network for Failing {
    fn run(&mut self, _: ArrayViewD<'_, f32>) -> Result<ArrayD<f32>> {
        Ok(ArrayD::zeros(vec![3, 1]))
    }
}

fn detector_config() -> OcrDetectorConfig {
    OcrDetectorConfig {
        input: "x".to_owned(),
        outputs: vec!["y".to_owned()],
        color_order: ColorOrder::Bgr,
        mean: [0.0; 3],
        std: [1.0; 3],
        scale: 1.0 / 255.0,
        side_multiple: 32,
        max_side: 960,
        threshold: 0.2,
        box_threshold: 0.4,
        unclip_ratio: 0.2,
    }
}

fn recognizer_config() -> OcrRecognizerConfig {
    OcrRecognizerConfig {
        input: "x".to_owned(),
        outputs: vec!["y".to_owned()],
        color_order: ColorOrder::Bgr,
        height: 48,
        mean: [0.5; 3],
        std: [0.5; 3],
        scale: 1.0 / 255.0,
        min_confidence: 0.5,
        max_width: 3200,
        width_multiple: 8,
    }
}

fn alphabet() -> Vec<String> {
    ["", "a", "b", " "].map(str::to_owned).to_vec()
}

fn pipeline<N: Network>(detector: N, recognizer: N) -> Ocr<N> {
    Ocr::new(
        Detector::new(detector, &detector_config()),
        Recognizer::new(recognizer, &recognizer_config(), alphabet()),
    )
}

/// White, with dark bars standing for lines of text.
fn page(width: u32, height: u32, bars: &[(u32, u32, u32, u32)]) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let dark = bars.iter().any(|&(l, t, w, h)| x >= l && x < l + w && y >= t && y < t + h);
        Rgb([if dark { 0 } else { 255 }; 3])
    })
}

impl Network for Box<dyn Network> {
    fn run(&mut self, input: ArrayViewD<'_, f32>) -> Result<ArrayD<f32>> {
        self.as_mut().run(input)
    }
}

fn boxed() -> Ocr<Box<dyn Network>> {
    pipeline::<Box<dyn Network>>(Box::new(DarkPixels), Box::new(LeftRight))
}

#[test]
fn lines_are_found_read_split_and_ordered() {
    let image = page(320, 160, &[(20, 100, 200, 20), (20, 20, 200, 20)]);
    let page = boxed().read(&image, &ReadOptions::default()).unwrap();
    assert_eq!(page.text(), "a b\na b");
    let (_, top, _, bottom) = page.regions[0].quad.bounds();
    assert!((15.0..=22.0).contains(&top) && (38.0..=45.0).contains(&bottom), "{top} {bottom}");
    let words = &page.regions[0].words;
    assert_eq!(words.len(), 2);
    assert!(words[0].quad.bounds().2 <= words[1].quad.bounds().0 + 1e-3);
    assert!((page.regions[0].confidence - 0.9).abs() < 1e-6);
}

#[test]
fn a_sideways_line_runs_from_its_bottom_to_its_top() {
    let image = page(160, 320, &[(60, 40, 20, 200)]);
    let page = boxed().read(&image, &ReadOptions::default()).unwrap();
    assert_eq!(page.regions.len(), 1);
    let words = &page.regions[0].words;
    // The crop is turned counter-clockwise, so the text starts at the quad's right side, top first.
    let (first, last) = (words[0].quad.bounds(), words[1].quad.bounds());
    assert!(first.1 < last.1, "{first:?} is not above {last:?}");
}

#[test]
fn an_empty_picture_gives_an_empty_page() {
    let result = boxed().read(&page(64, 64, &[]), &ReadOptions::default()).unwrap();
    assert_eq!((result.text(), result.regions.len()), (String::new(), 0));
}

#[test]
fn doubtful_lines_are_dropped_by_the_threshold_only() {
    let image = page(320, 100, &[(20, 20, 200, 20)]);
    let strict = ReadOptions { min_confidence: Some(0.95), ..ReadOptions::default() };
    assert!(boxed().read(&image, &strict).unwrap().regions.is_empty());
    assert_eq!(boxed().read_line(&image, &ReadOptions::default()).unwrap().regions.len(), 1);
}

#[test]
fn a_network_of_the_wrong_shape_is_an_error_not_a_panic() {
    let image = page(320, 100, &[(20, 20, 200, 20)]);
    let mut broken = pipeline::<Box<dyn Network>>(Box::new(Failing), Box::new(LeftRight));
    assert_eq!(broken.read(&image, &ReadOptions::default()).unwrap_err().code(), "runtime.model_invalid");
    let mut broken = pipeline::<Box<dyn Network>>(Box::new(DarkPixels), Box::new(Failing));
    assert_eq!(broken.read(&image, &ReadOptions::default()).unwrap_err().code(), "runtime.model_invalid");
}
