//! JPEG through `zune-jpeg`, the decoder behind the `image` crate, in strict mode.

use image::RgbImage;
use image::metadata::Orientation;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use super::{Format, Limits, corrupt, unsupported};
use crate::orient::orient;
use crate::{Error, Result};

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<RgbImage> {
    // Header quirks (stray bytes between segments) are common and harmless, so strictness starts after them.
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(error)?;
    let (Some((width, height)), Some(colour)) = (decoder.dimensions(), decoder.input_colorspace()) else {
        return Err(corrupt(Format::Jpeg, "no frame header"));
    };
    let (width, height) = (width as u32, height as u32);
    limits.check_size(Format::Jpeg.name(), width, height)?;
    if !matches!(
        colour,
        ColorSpace::Luma | ColorSpace::YCbCr | ColorSpace::RGB | ColorSpace::CMYK | ColorSpace::YCCK
    ) {
        return Err(unsupported(Format::Jpeg, format_args!("{colour:?} samples")));
    }
    // Progressive files keep every coefficient (16 bits per component) beside the pixels. Later, turning the
    // picture takes a second copy of the pixels, which is never more.
    let pixels = u64::from(width) * u64::from(height);
    let per_pixel = 3 + (2 * colour.num_components() as u64).max(3);
    limits.check_memory(pixels * per_pixel)?;

    let orientation = decoder
        .exif()
        .and_then(|exif| Orientation::from_exif_chunk(exif))
        .unwrap_or(Orientation::NoTransforms);
    decoder.set_options(options.set_strict_mode(true));
    let mut image = RgbImage::new(width, height);
    decoder.decode_into(&mut image).map_err(error)?;
    // Even strict mode forgives a file cut inside its last row of blocks.
    if !reaches_end_marker(bytes) {
        return Err(corrupt(Format::Jpeg, "the end marker is missing"));
    }
    Ok(orient(image, orientation))
}

/// Whether the segments lead to an EOI marker. An EOI elsewhere does not count: thumbnails inside EXIF have one.
fn reaches_end_marker(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(2..).unwrap_or_default();
    while let Some(at) = rest.iter().position(|&b| b == 0xFF) {
        match rest.get(at + 1) {
            None => return false,
            Some(0xD9) => return true,
            // Fill byte: the marker may start at the second 0xFF.
            Some(0xFF) => rest = &rest[at + 1..],
            // Stuffed zero in entropy-coded data, restart markers, TEM, SOI: nothing follows.
            Some(0x00 | 0x01 | 0xD0..=0xD8) => rest = &rest[at + 2..],
            // A segment. Entropy-coded data follow a start of scan, and the search for 0xFF passes over them.
            Some(_) => {
                let Some(&[high, low]) = rest.get(at + 2..at + 4) else { return false };
                let length = usize::from(u16::from_be_bytes([high, low]));
                rest = rest.get(at + 2 + length..).unwrap_or_default();
            }
        }
    }
    false
}

fn error(error: DecodeErrors) -> Error {
    match error {
        DecodeErrors::Unsupported(scheme) => unsupported(Format::Jpeg, format_args!("{scheme:?}")),
        other => corrupt(Format::Jpeg, format_args!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::reaches_end_marker;

    #[test]
    fn end_marker_inside_a_segment_does_not_count() {
        let thumbnail = [0xFF, 0xD8, 0xFF, 0xE1, 0, 4, 0xFF, 0xD9, 0xFF, 0xDA, 0, 2, 7, 0xFF, 0, 9];
        assert!(!reaches_end_marker(&thumbnail));
        assert!(reaches_end_marker(&[&thumbnail[..], &[0xFF, 0xD0, 3, 0xFF, 0xFF, 0xD9]].concat()));
        assert!(!reaches_end_marker(&[0xFF]));
        assert!(!reaches_end_marker(&[0xFF, 0xD8, 0xFF, 0xE1, 0xFF, 0xFF, 0xFF]));
    }
}
