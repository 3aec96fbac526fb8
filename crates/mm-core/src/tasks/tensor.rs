//! Pixels to normalised f32 tensors in the layout the graphs take: channels first.

use image::RgbImage;
use ndarray::{ArrayViewMut3, Axis};

use crate::{
    bundle::ColorOrder,
    error::Result,
    resize::{Filter, resize_rgb},
};

/// `(pixel * scale - mean) / std`, folded into one multiply and one add per channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normalisation {
    /// Per output channel.
    factor: [f32; 3],
    /// Per output channel.
    offset: [f32; 3],
    order: ColorOrder,
}

impl Normalisation {
    /// `mean` and `std` are in `order`; `scale` is applied to the 8-bit value first.
    #[must_use]
    pub fn new(scale: f32, mean: [f32; 3], std: [f32; 3], order: ColorOrder) -> Self {
        let channel = |i: usize| (scale / std[i], -mean[i] / std[i]);
        let [a, b, c] = [channel(0), channel(1), channel(2)];
        Self { factor: [a.0, b.0, c.0], offset: [a.1, b.1, c.1], order }
    }

    /// Resizes `image` to `width` x `height` and writes it into the left part of `out`, `[3, height, >= width]`.
    /// What lies to the right of `width` is left as it is.
    pub(super) fn write_resized(
        &self,
        image: &RgbImage,
        (width, height): (u32, u32),
        filter: Filter,
        mut out: ArrayViewMut3<'_, f32>,
    ) -> Result<()> {
        let resized = resize_rgb(image, width, height, filter)?;
        for (channel, mut plane) in out.axis_iter_mut(Axis(0)).enumerate() {
            let source = match self.order {
                ColorOrder::Rgb => channel,
                ColorOrder::Bgr => 2 - channel,
            };
            let (factor, offset) = (self.factor[channel], self.offset[channel]);
            let rows = resized.as_raw().chunks_exact(width as usize * 3);
            for (mut row, pixels) in plane.axis_iter_mut(Axis(0)).zip(rows) {
                for (value, pixel) in row.iter_mut().zip(pixels.chunks_exact(3)) {
                    *value = f32::from(pixel[source]).mul_add(factor, offset);
                }
            }
        }
        Ok(())
    }
}

/// `image` resized with `filter` and normalised, f32 `[1, 3, height, width]`.
pub fn resized_tensor(
    image: &RgbImage,
    (width, height): (u32, u32),
    filter: Filter,
    normalisation: &Normalisation,
) -> Result<ndarray::Array4<f32>> {
    let mut out = ndarray::Array4::zeros((1, 3, height as usize, width as usize));
    normalisation.write_resized(image, (width, height), filter, out.index_axis_mut(Axis(0), 0))?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn channels_are_ordered_and_normalised() {
        let image = RgbImage::from_pixel(4, 2, Rgb([255, 0, 51]));
        let normalisation =
            Normalisation::new(1.0 / 255.0, [0.5, 0.0, 0.2], [0.5, 1.0, 2.0], ColorOrder::Bgr);
        let tensor = resized_tensor(&image, (4, 2), Filter::Bilinear, &normalisation).unwrap();
        let expected = [(0.2 - 0.5) / 0.5, 0.0, (1.0 - 0.2) / 2.0];
        for (channel, want) in expected.into_iter().enumerate() {
            let got = tensor[[0, channel, 1, 3]];
            assert!((got - want).abs() < 1e-6, "channel {channel}: {got} is not {want}");
        }
    }
}
