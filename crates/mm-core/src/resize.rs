//! Resizing RGB images with SIMD (`fast_image_resize`).

use fast_image_resize as fir;
use fir::{
    images::{TypedImage, TypedImageRef},
    pixels::U8x3,
};
use image::RgbImage;

use crate::{Error, Result};

/// How a target pixel is made from source pixels. All align pixel centres (half-pixel offset), as `OpenCV`,
/// Pillow and ONNX `half_pixel` do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Filter {
    /// The four nearest source pixels whatever the scale: `cv2.INTER_LINEAR`, which the OCR models were trained
    /// with. Aliases when shrinking a lot.
    Bilinear,
    /// A triangle as wide as the scale: Pillow's `BILINEAR`, `antialias=True` in torchvision. Every source pixel
    /// counts when shrinking; the same as [`Filter::Bilinear`] when enlarging.
    BilinearAntialias,
    /// Cubic convolution with a = -0.5 (Catmull-Rom), as wide as the scale: Pillow's `BICUBIC`.
    BicubicAntialias,
}

/// A resizer that keeps its scratch buffers. One per thread; images of any size may follow each other.
#[derive(Debug, Default)]
pub struct Resizer {
    inner: fir::Resizer,
}

impl Resizer {
    /// A resizer with the SIMD instructions this processor has.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Resizes `image` to exactly `width` x `height` pixels; the aspect ratio is the caller's business.
    ///
    /// # Errors
    ///
    /// `frame.invalid` if a side of the source or of the target is zero.
    pub fn resize(&mut self, image: &RgbImage, width: u32, height: u32, filter: Filter) -> Result<RgbImage> {
        let (from_width, from_height) = image.dimensions();
        self.resize_part(image, (0, 0, from_width, from_height), width, height, filter)
    }

    /// As [`Self::resize`], of the part (left, top, width, height) of `image` only. At the part's edges the pixels beyond
    /// them count too, where the filter reaches that far.
    ///
    /// # Errors
    ///
    /// `frame.invalid` if a side of the part or of the target is zero, or the part reaches beyond the image.
    pub fn resize_part(
        &mut self,
        image: &RgbImage,
        (left, top, part_width, part_height): (u32, u32, u32, u32),
        width: u32,
        height: u32,
        filter: Filter,
    ) -> Result<RgbImage> {
        let invalid = |detail: String| Error::FrameInvalid { detail };
        let (from_width, from_height) = image.dimensions();
        if [part_width, part_height, width, height].contains(&0) {
            return Err(invalid(format!("cannot resize {part_width} x {part_height} to {width} x {height}")));
        }
        let mut resized = RgbImage::new(width, height);
        // The typed entry point: the untyped one compiles every pixel type and every SIMD width into this crate.
        let source = TypedImageRef::<U8x3>::from_buffer(from_width, from_height, image.as_raw())
            .map_err(|e| invalid(e.to_string()))?;
        let mut target = TypedImage::<U8x3>::from_buffer(width, height, &mut resized)
            .map_err(|e| invalid(e.to_string()))?;
        let algorithm = match filter {
            Filter::Bilinear => fir::ResizeAlg::Interpolation(fir::FilterType::Bilinear),
            Filter::BilinearAntialias => fir::ResizeAlg::Convolution(fir::FilterType::Bilinear),
            Filter::BicubicAntialias => fir::ResizeAlg::Convolution(fir::FilterType::CatmullRom),
        };
        let options = fir::ResizeOptions::new().resize_alg(algorithm).use_alpha(false).crop(
            f64::from(left),
            f64::from(top),
            f64::from(part_width),
            f64::from(part_height),
        );
        self.inner.resize_typed(&source, &mut target, &options).map_err(|e| invalid(e.to_string()))?;
        Ok(resized)
    }
}

/// Resizes one image; see [`Resizer::resize`].
///
/// # Errors
///
/// `frame.invalid` if a side of the source or of the target is zero.
pub fn resize_rgb(image: &RgbImage, width: u32, height: u32, filter: Filter) -> Result<RgbImage> {
    Resizer::new().resize(image, width, height, filter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    /// Bilinear interpolation as `OpenCV` documents `INTER_LINEAR`, in floating point.
    fn reference(image: &RgbImage, width: u32, height: u32) -> Vec<f32> {
        let position = |i: u32, from: u32, to: u32| {
            let x = ((i as f32 + 0.5) * from as f32 / to as f32 - 0.5).clamp(0.0, from as f32 - 1.0);
            (x as u32, (x as u32 + 1).min(from - 1), x.fract())
        };
        let mut out = Vec::new();
        for y in 0..height {
            let (y0, y1, fy) = position(y, image.height(), height);
            for x in 0..width {
                let (x0, x1, fx) = position(x, image.width(), width);
                for c in 0..3 {
                    let at = |x, y| f32::from(image.get_pixel(x, y)[c]);
                    let top = at(x0, y0) * (1.0 - fx) + at(x1, y0) * fx;
                    let bottom = at(x0, y1) * (1.0 - fx) + at(x1, y1) * fx;
                    out.push(top * (1.0 - fy) + bottom * fy);
                }
            }
        }
        out
    }

    #[test]
    fn bilinear_is_opencv_inter_linear_at_any_scale() {
        let image = RgbImage::from_fn(61, 47, |x, y| Rgb([(x * 37 + y * 91) as u8, (x * y) as u8, x as u8]));
        for (width, height) in [(61, 47), (20, 11), (122, 94), (1, 1), (300, 5), (60, 48)] {
            let got = resize_rgb(&image, width, height, Filter::Bilinear).unwrap();
            for (i, (&g, r)) in got.as_raw().iter().zip(reference(&image, width, height)).enumerate() {
                assert!((f32::from(g) - r).abs() <= 1.01, "{width}x{height}, sample {i}: {g} for {r}");
            }
        }
    }

    #[test]
    fn only_the_antialiased_filter_averages_when_shrinking() {
        let checks =
            RgbImage::from_fn(64, 64, |x, y| Rgb([if (x / 2 + y / 2) % 2 == 0 { 255 } else { 0 }; 3]));
        let spread = |filter| {
            let small = resize_rgb(&checks, 9, 9, filter).unwrap();
            let (low, high) = small.iter().fold((255, 0), |(l, h), &v| (v.min(l), v.max(h)));
            high - low
        };
        assert!(spread(Filter::Bilinear) > 200);
        assert!(spread(Filter::BilinearAntialias) < 40);
    }

    #[test]
    fn a_part_is_resized_as_if_it_were_the_whole() {
        let image = RgbImage::from_fn(61, 47, |x, y| Rgb([(x * 4) as u8, (y * 5) as u8, 9]));
        let part = image::imageops::crop_imm(&image, 10, 20, 30, 25).to_image();
        for filter in [Filter::Bilinear, Filter::BilinearAntialias, Filter::BicubicAntialias] {
            let got = Resizer::new().resize_part(&image, (10, 20, 30, 25), 11, 7, filter).unwrap();
            let want = resize_rgb(&part, 11, 7, filter).unwrap();
            // Neighbouring pixels differ by 5 at most, and at the edges a neighbour may be another one.
            let most = got.iter().zip(want.iter()).map(|(g, w)| g.abs_diff(*w)).max();
            assert!(most <= Some(5), "{filter:?}: {most:?}");
        }
        let beyond = Resizer::new().resize_part(&image, (40, 20, 30, 25), 11, 7, Filter::Bilinear);
        assert_eq!(beyond.unwrap_err().code(), "frame.invalid");
    }

    #[test]
    fn zero_sides_are_refused() {
        let image = RgbImage::new(4, 4);
        for (source, width, height) in [(&image, 0, 5), (&image, 5, 0), (&RgbImage::new(0, 3), 2, 2)] {
            let error = resize_rgb(source, width, height, Filter::Bilinear).unwrap_err();
            assert_eq!(error.code(), "frame.invalid");
        }
    }
}
