//! Text detection: image -> probability map -> quads.

use image::RgbImage;
use ndarray::{Axis, Ix2};

use super::boxes::{BoxSettings, boxes_from_map};
use crate::{
    bundle::OcrDetectorConfig,
    error::{Error, Result},
    geometry::Quad,
    resize::Filter,
    runtime::Network,
    tasks::tensor::{Normalisation, resized_tensor},
};

/// The detector network with its settings.
pub struct Detector<N> {
    network: N,
    normalisation: Normalisation,
    boxes: BoxSettings,
    max_side: u32,
    side_multiple: u32,
}

impl<N: Network> Detector<N> {
    /// A detector fed as `config` says.
    pub fn new(network: N, config: &OcrDetectorConfig) -> Self {
        Self {
            network,
            normalisation: Normalisation::new(config.scale, config.mean, config.std, config.color_order),
            boxes: BoxSettings {
                threshold: config.threshold,
                box_threshold: config.box_threshold,
                unclip_ratio: config.unclip_ratio,
            },
            max_side: config.max_side,
            side_multiple: config.side_multiple,
        }
    }

    /// Quads around the text lines of `image`, in its pixels, from the top down.
    pub fn detect(&mut self, image: &RgbImage, max_side: Option<u32>) -> Result<Vec<Quad>> {
        let (width, height) =
            detector_size(image.dimensions(), max_side.unwrap_or(self.max_side), self.side_multiple);
        // Bilinear without antialiasing, as OpenCV's INTER_LINEAR, with which the network was trained.
        let input = resized_tensor(image, (width, height), Filter::Bilinear, &self.normalisation)?;
        let output = self.network.run(input.view().into_dyn())?;
        let shape = output.shape().to_vec();
        let map = (output.ndim() == 4)
            .then(|| output.index_axis_move(Axis(0), 0).index_axis_move(Axis(0), 0))
            .and_then(|map| map.into_dimensionality::<Ix2>().ok())
            .filter(|map| map.dim() == (height as usize, width as usize))
            .ok_or_else(|| Error::RuntimeModelInvalid {
                model: "ocr-detector".to_owned(),
                detail: format!("its map has the shape {shape:?}, expected [1, 1, {height}, {width}]"),
            })?;
        Ok(boxes_from_map(&map.view(), image.dimensions(), &self.boxes))
    }
}

/// Width and height of the detector's input for an image: its longer side at most `max_side` pixels, both rounded to
/// the nearest `multiple` (halves to the even one), at least one `multiple`. Images are never enlarged.
#[must_use]
pub fn detector_size((width, height): (u32, u32), max_side: u32, multiple: u32) -> (u32, u32) {
    let ratio = (f64::from(max_side) / f64::from(width.max(height))).min(1.0);
    let round = |side: u32| {
        let steps = (f64::from(side) * ratio / f64::from(multiple)).round_ties_even().max(1.0);
        steps as u32 * multiple
    };
    (round(width), round(height))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn large_photos_shrink_and_small_ones_stay() {
        assert_eq!(detector_size((4000, 3000), 960, 32), (960, 704));
        assert_eq!(detector_size((640, 480), 960, 32), (640, 480));
        assert_eq!(detector_size((1000, 2500), 960, 32), (384, 960));
    }

    proptest! {
        #[test]
        fn sizes_are_multiples_and_bounded(w in 1u32..20_000, h in 1u32..20_000) {
            let (a, b) = detector_size((w, h), 960, 32);
            prop_assert!(a % 32 == 0 && b % 32 == 0 && a >= 32 && b >= 32);
            prop_assert!(a <= 960 && b <= 960);
        }
    }
}
