//! JPEGs for the page: previews, photos and thumbnails.

use std::borrow::Cow;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jpeg_encoder::{ColorType, Encoder};
use mm_core::{
    RgbImage,
    resize::{Filter, resize_rgb},
};

use crate::error::ShellError;

/// Quality of what moves, where size counts.
pub const MOVING: u8 = 75;
/// Quality of what is looked at.
pub const STILL: u8 = 88;
/// Longest side of a thumbnail.
const THUMBNAIL_SIDE: u32 = 160;

/// Appends `image` as a baseline JPEG to `out`.
pub fn encode(image: &RgbImage, quality: u8, out: &mut Vec<u8>) -> Result<(), ShellError> {
    let side = |n: u32| u16::try_from(n).map_err(|_| failed(&format!("{n} pixels are more than a JPEG has")));
    let (width, height) = (side(image.width())?, side(image.height())?);
    Encoder::new(out, quality)
        .encode(image.as_raw(), width, height, ColorType::Rgb)
        .map_err(|e| failed(&e.to_string()))
}

/// `image`, made smaller if a side is longer than `longest`.
pub fn fit(image: &RgbImage, longest: u32) -> Result<Cow<'_, RgbImage>, ShellError> {
    let (width, height) = image.dimensions();
    let side = width.max(height);
    if side <= longest {
        return Ok(Cow::Borrowed(image));
    }
    let scaled = |n: u32| ((u64::from(n) * u64::from(longest) / u64::from(side)) as u32).max(1);
    resize_rgb(image, scaled(width), scaled(height), Filter::BilinearAntialias)
        .map(Cow::Owned)
        .map_err(|error| failed(&error.to_string()))
}

/// A `data:` address of a small JPEG.
pub fn thumbnail(image: &RgbImage) -> Result<String, ShellError> {
    let mut bytes = Vec::with_capacity(8 << 10);
    encode(fit(image, THUMBNAIL_SIDE)?.as_ref(), MOVING, &mut bytes)?;
    Ok(format!("data:image/jpeg;base64,{}", BASE64_STANDARD.encode(bytes)))
}

fn failed(detail: &str) -> ShellError {
    ShellError::Failed { detail: format!("a preview could not be made: {detail}") }
}

#[cfg(test)]
mod tests {
    use mm_core::decode::{Limits, decode};

    use super::*;

    fn picture(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| [(x / 3) as u8, (y / 3) as u8, 90].into())
    }

    #[test]
    fn what_is_encoded_decodes_to_nearly_the_same() {
        let image = picture(101, 67);
        let mut bytes = vec![1, 2];
        encode(&image, STILL, &mut bytes).unwrap();
        let back = decode(&bytes[2..], &Limits::default()).unwrap();
        assert_eq!(back.dimensions(), image.dimensions());
        let differences = back.as_raw().iter().zip(image.as_raw()).map(|(a, b)| u32::from(a.abs_diff(*b)));
        assert!(differences.max().unwrap() < 12);
    }

    #[test]
    fn thumbnails_keep_their_shape() {
        let url = thumbnail(&picture(640, 320)).unwrap();
        let bytes = BASE64_STANDARD.decode(url.strip_prefix("data:image/jpeg;base64,").unwrap()).unwrap();
        assert_eq!(decode(&bytes, &Limits::default()).unwrap().dimensions(), (160, 80));
        assert!(matches!(fit(&picture(20, 10), 160).unwrap(), Cow::Borrowed(_)));
        assert_eq!(fit(&picture(4000, 1), 160).unwrap().dimensions(), (160, 1));
    }
}
