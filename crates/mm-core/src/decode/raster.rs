//! PNG, GIF, BMP and TIFF through the `image` crate, and what all formats share: flattening to RGB.

use std::io::Cursor;

use image::codecs::{bmp::BmpDecoder, gif::GifDecoder, png::PngDecoder, tiff::TiffDecoder};
use image::error::{ImageError, ImageResult};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, RgbImage};

use super::{Format, Limits, corrupt, unsupported};
use crate::orient::orient;
use crate::{Error, Result};

pub(super) fn png(bytes: &[u8], limits: &Limits) -> Result<RgbImage> {
    // The only decoder that inflates data (colour profile, text) before its size is known.
    let decoder = PngDecoder::with_limits(Cursor::new(bytes), allocation_limit(limits));
    finish(decoder, Format::Png, limits)
}

pub(super) fn gif(bytes: &[u8], limits: &Limits) -> Result<RgbImage> {
    finish(GifDecoder::new(Cursor::new(bytes)), Format::Gif, limits)
}

pub(super) fn bmp(bytes: &[u8], limits: &Limits) -> Result<RgbImage> {
    finish(BmpDecoder::new(Cursor::new(bytes)), Format::Bmp, limits)
}

pub(super) fn tiff(bytes: &[u8], limits: &Limits) -> Result<RgbImage> {
    finish(TiffDecoder::new(Cursor::new(bytes)), Format::Tiff, limits)
}

fn finish(opened: ImageResult<impl ImageDecoder>, format: Format, limits: &Limits) -> Result<RgbImage> {
    let error = |e| error(e, format, limits);
    let mut decoder = opened.map_err(error)?;
    let (width, height) = decoder.dimensions();
    limits.check_size(format.name(), width, height)?;
    // The decoder's output, and beside it the largest of: 8-bit RGBA on the way to RGB, the frame of a GIF
    // before it is placed, the turned copy.
    let pixels = u64::from(width) * u64::from(height);
    limits.check_memory(decoder.total_bytes().saturating_add(pixels * 4))?;
    // What the header does not show (TIFF strips, a GIF frame larger than the screen) the decoders bound
    // themselves. BMP ignores this: it needs nothing but its output.
    decoder.set_limits(allocation_limit(limits)).map_err(error)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(error)?;
    Ok(orient(flatten(image), orientation))
}

/// 8-bit RGB from any sample type; transparency over white.
pub(super) fn flatten(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let rgba = image.into_rgba8();
    let mut rgb = RgbImage::new(rgba.width(), rgba.height());
    for (out, &image::Rgba([r, g, b, a])) in rgb.pixels_mut().zip(rgba.pixels()) {
        let over_white = |c: u8| {
            let (c, a) = (u32::from(c), u32::from(a));
            ((c * a + 255 * (255 - a) + 127) / 255) as u8
        };
        out.0 = [over_white(r), over_white(g), over_white(b)];
    }
    rgb
}

fn allocation_limit(limits: &Limits) -> image::Limits {
    let mut allocation = image::Limits::no_limits();
    allocation.max_alloc = Some(limits.max_decoder_bytes);
    allocation
}

fn error(error: ImageError, format: Format, limits: &Limits) -> Error {
    match error {
        ImageError::Unsupported(e) => unsupported(format, e),
        // The decoders do not say how much they wanted: more than the limit, at the least.
        ImageError::Limits(_) => Error::ImageTooLarge {
            what: "decoder memory",
            actual: limits.max_decoder_bytes.saturating_add(1),
            limit: limits.max_decoder_bytes,
        },
        other => corrupt(format, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageBuffer, LumaA, Rgb, Rgba};

    #[test]
    fn transparency_shows_white() {
        let rgba = ImageBuffer::from_fn(3, 1, |x, _| Rgba([200, 0, 100, [0, 128, 255][x as usize]]));
        let rgb = flatten(DynamicImage::ImageRgba8(rgba));
        assert_eq!(rgb.get_pixel(0, 0), &Rgb([255, 255, 255]));
        assert_eq!(rgb.get_pixel(1, 0), &Rgb([227, 127, 177]));
        assert_eq!(rgb.get_pixel(2, 0), &Rgb([200, 0, 100]));
        let grey = ImageBuffer::from_pixel(1, 1, LumaA([0u16, 0x8080]));
        assert_eq!(flatten(DynamicImage::ImageLumaA16(grey)).get_pixel(0, 0), &Rgb([127, 127, 127]));
    }

    #[test]
    fn sixteen_bits_are_rounded_to_eight() {
        let deep = ImageBuffer::from_fn(3, 1, |x, _| Rgb([[0u16, 0x8080, 0xFFFF][x as usize]; 3]));
        let rgb = flatten(DynamicImage::ImageRgb16(deep));
        assert_eq!(rgb.as_raw().as_slice(), &[0, 0, 0, 128, 128, 128, 255, 255, 255]);
    }
}
