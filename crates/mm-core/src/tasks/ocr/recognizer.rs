//! Text-line recognition: crops -> characters, batched by width.

use std::ops::Range;

use image::RgbImage;
use ndarray::{Array4, Axis, Ix3};

use super::{
    ctc::{CtcLine, decode_greedy},
    tensor::Normalisation,
};
use crate::{
    bundle::OcrRecognizerConfig,
    error::{Error, Result},
    runtime::Network,
};

/// At most this many crops in one run: more saves no time and costs memory.
const MAX_BATCH: usize = 6;
/// A batch may pad its narrowest crop to at most this many times its width; padding is work for nothing.
const MAX_PADDING: f32 = 1.15;
/// Narrower inputs leave the network too few time steps.
const MIN_WIDTH: u32 = 16;

/// The recogniser network with its settings and its alphabet.
pub struct Recognizer<N> {
    network: N,
    normalisation: Normalisation,
    characters: Vec<String>,
    height: u32,
    max_width: u32,
    width_multiple: u32,
    min_confidence: f32,
}

impl<N: Network> Recognizer<N> {
    /// A recogniser fed as `config` says, whose classes are `characters` (index 0 the CTC blank).
    pub fn new(network: N, config: &OcrRecognizerConfig, characters: Vec<String>) -> Self {
        Self {
            network,
            normalisation: Normalisation::new(config.scale, config.mean, config.std, config.color_order),
            characters,
            height: config.height,
            max_width: config.max_width,
            width_multiple: config.width_multiple,
            min_confidence: config.min_confidence,
        }
    }

    /// Lines below this confidence are usually not text.
    #[must_use]
    pub fn min_confidence(&self) -> f32 {
        self.min_confidence
    }

    /// Reads each crop as one line running left to right; results are in the order of `crops`.
    pub fn recognise(&mut self, crops: &[RgbImage]) -> Result<Vec<CtcLine>> {
        let widths: Vec<u32> = crops.iter().map(|crop| self.line_width(crop.dimensions())).collect();
        let mut order: Vec<usize> = (0..crops.len()).collect();
        order.sort_by_key(|&i| widths[i]);
        let mut lines = vec![CtcLine::default(); crops.len()];
        for range in batches(&order, &widths) {
            let indices = &order[range];
            for (&index, line) in indices.iter().zip(self.run_batch(crops, &widths, indices)?) {
                lines[index] = line;
            }
        }
        Ok(lines)
    }

    /// Width of a crop scaled to the network's height, within its limits.
    fn line_width(&self, (width, height): (u32, u32)) -> u32 {
        let scaled = (u64::from(self.height) * u64::from(width)).div_ceil(u64::from(height.max(1)));
        u32::try_from(scaled).unwrap_or(u32::MAX).clamp(1, self.max_width)
    }

    fn run_batch(&mut self, crops: &[RgbImage], widths: &[u32], indices: &[usize]) -> Result<Vec<CtcLine>> {
        let widest = indices.iter().map(|&i| widths[i]).max().unwrap_or(1).max(MIN_WIDTH);
        let padded = widest.next_multiple_of(self.width_multiple);
        // Padding is zero after normalisation, as in training.
        let mut input = Array4::<f32>::zeros((indices.len(), 3, self.height as usize, padded as usize));
        for (&index, slot) in indices.iter().zip(input.axis_iter_mut(Axis(0))) {
            self.normalisation.write_resized(&crops[index], (widths[index], self.height), slot)?;
        }
        let output = self.network.run(input.view().into_dyn())?;
        let shape = output.shape().to_vec();
        let output = output
            .into_dimensionality::<Ix3>()
            .ok()
            .filter(|o| o.dim().0 == indices.len() && o.dim().2 == self.characters.len())
            .ok_or_else(|| Error::RuntimeModelInvalid {
                model: "ocr-recognizer".to_owned(),
                detail: format!(
                    "its output has the shape {shape:?}, expected [{}, time, {}]",
                    indices.len(),
                    self.characters.len()
                ),
            })?;
        let decode = |(probabilities, &index): (ndarray::ArrayView2<'_, f32>, &usize)| {
            decode_greedy(probabilities, &self.characters, widths[index] as f32 / padded as f32)
        };
        Ok(output.axis_iter(Axis(0)).zip(indices).map(decode).collect())
    }
}

/// Cuts `order` (indices by rising width) into runs whose widths differ little.
fn batches(order: &[usize], widths: &[u32]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    for end in 1..=order.len() {
        let full = end - start == MAX_BATCH;
        let widens =
            order.get(end).is_some_and(|&i| widths[i] as f32 > widths[order[start]] as f32 * MAX_PADDING);
        if end == order.len() || full || widens {
            ranges.push(start..end);
            start = end;
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn batches_cover_every_crop_once_with_little_padding(mut widths in prop::collection::vec(1u32..3200, 0..60)) {
            widths.sort_unstable();
            let order: Vec<usize> = (0..widths.len()).collect();
            let ranges = batches(&order, &widths);
            prop_assert_eq!(ranges.iter().cloned().flatten().collect::<Vec<_>>(), order);
            for range in ranges {
                prop_assert!(range.len() <= MAX_BATCH);
                let (narrow, wide) = (widths[range.start] as f32, widths[range.end - 1] as f32);
                prop_assert!(wide <= narrow * MAX_PADDING);
            }
        }
    }
}
