//! WebP through `image-webp`, the decoder behind the `image` crate.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, RgbImage, RgbaImage};
use image_webp::{DecodingError, WebPDecoder};

use super::{Format, Limits, corrupt, raster, unsupported};
use crate::orient::orient;
use crate::{Error, Result};

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<RgbImage> {
    // The decoder pads a cut-off bitstream with zeros; the container knows better.
    let declared = bytes.get(4..8).and_then(|size| size.try_into().ok()).map_or(0, u32::from_le_bytes);
    if u64::from(declared) + 8 > bytes.len() as u64 {
        return Err(corrupt(
            Format::WebP,
            format_args!("{} of {} bytes", bytes.len(), u64::from(declared) + 8),
        ));
    }
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(error)?;
    // Metadata cannot be larger than the file, whatever length its chunk claims.
    decoder.set_memory_limit(bytes.len());
    let (width, height) = decoder.dimensions();
    limits.check_size(Format::WebP.name(), width, height)?;
    // The decoder has no other limit, so this is its worst case: a full-size ARGB or YUV working copy and, for
    // animations, a canvas beside the output; then the output beside the RGB image.
    let pixels = u64::from(width) * u64::from(height);
    limits.check_memory(pixels * 12)?;
    let orientation = match decoder.exif_metadata() {
        Ok(exif) => exif.and_then(|exif| Orientation::from_exif_chunk(&exif)),
        Err(_) => return Err(corrupt(Format::WebP, "the metadata are cut off")),
    };
    let alpha = decoder.has_alpha();
    let mut buffer = vec![0; pixels as usize * if alpha { 4 } else { 3 }];
    decoder.read_image(&mut buffer).map_err(error)?;
    let image = if alpha {
        RgbaImage::from_raw(width, height, buffer).map(DynamicImage::ImageRgba8)
    } else {
        RgbImage::from_raw(width, height, buffer).map(DynamicImage::ImageRgb8)
    };
    let image = image.ok_or_else(|| corrupt(Format::WebP, "the pixels do not fill the picture"))?;
    Ok(orient(raster::flatten(image), orientation.unwrap_or(Orientation::NoTransforms)))
}

fn error(error: DecodingError) -> Error {
    match error {
        DecodingError::UnsupportedFeature(feature) => unsupported(Format::WebP, feature),
        other => corrupt(Format::WebP, other),
    }
}
