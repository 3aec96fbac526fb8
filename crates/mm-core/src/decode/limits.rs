//! What an image may cost before any of its pixels are decoded.

use crate::{Error, Result};

/// Upper bounds on one image. Every field is checked from the header, before the decoder allocates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest file, in bytes.
    pub max_bytes: u64,
    /// Widest image, in pixels, as stored (before EXIF orientation).
    pub max_width: u32,
    /// Tallest image, in pixels, as stored.
    pub max_height: u32,
    /// Most pixels, width x height.
    pub max_pixels: u64,
    /// Most memory, in bytes, that decoding may hold at once, the returned image included. Compared with an
    /// upper bound worked out from the header (between 6 and 15 bytes per pixel, by format).
    pub max_decoder_bytes: u64,
}

impl Default for Limits {
    /// Every photo a phone takes by default passes, up to 108-megapixel JPEGs; a hostile header does not.
    ///
    /// - 128 MiB of file: an uncompressed 24-megapixel TIFF or BMP is 72 MB, a 108-megapixel JPEG 30-40 MB.
    /// - 16,384 pixels a side: the longest phone panoramas are 16,382 wide, WebP ends at 16,383.
    /// - 2^27 (134,217,728) pixels: 108-megapixel sensors with room to spare.
    /// - 1 GiB for the decoder: a progressive 108-megapixel JPEG needs 972 MB (coefficients and pixels).
    ///
    /// A device with little memory should lower `max_decoder_bytes`; the other limits then matter less.
    fn default() -> Self {
        Self {
            max_bytes: 128 << 20,
            max_width: 16_384,
            max_height: 16_384,
            max_pixels: 1 << 27,
            max_decoder_bytes: 1 << 30,
        }
    }
}

impl Limits {
    /// Refuses a file by its size alone.
    pub(super) fn check_bytes(&self, bytes: u64) -> Result<()> {
        check("file bytes", bytes, self.max_bytes)
    }

    /// Refuses an image by the size its header claims.
    pub(super) fn check_size(&self, format: &'static str, width: u32, height: u32) -> Result<()> {
        if width == 0 || height == 0 {
            return Err(Error::ImageCorrupt { format, detail: format!("its size is {width} x {height}") });
        }
        check("width", width.into(), self.max_width.into())?;
        check("height", height.into(), self.max_height.into())?;
        check("pixels", u64::from(width) * u64::from(height), self.max_pixels)
    }

    /// Refuses an image by the memory its decoder would need, `bytes` being an upper bound.
    pub(super) fn check_memory(&self, bytes: u64) -> Result<()> {
        check("decoder memory", bytes, self.max_decoder_bytes)
    }
}

fn check(what: &'static str, actual: u64, limit: u64) -> Result<()> {
    if actual > limit { Err(Error::ImageTooLarge { what, actual, limit }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(result: Result<()>) -> &'static str {
        match result {
            Err(Error::ImageTooLarge { what, .. }) => what,
            other => panic!("expected image.too_large, got {other:?}"),
        }
    }

    #[test]
    fn defaults_pass_phone_photos() {
        let limits = Limits::default();
        for (w, h) in [(4032, 3024), (8064, 6048), (12_000, 9000), (16_382, 3800)] {
            limits.check_size("JPEG", w, h).unwrap();
            limits.check_memory(u64::from(w) * u64::from(h) * 9).unwrap();
        }
    }

    #[test]
    fn each_limit_names_itself() {
        let limits =
            Limits { max_bytes: 10, max_width: 4, max_height: 5, max_pixels: 16, max_decoder_bytes: 99 };
        assert_eq!(what(limits.check_bytes(11)), "file bytes");
        assert_eq!(what(limits.check_size("PNG", 5, 1)), "width");
        assert_eq!(what(limits.check_size("PNG", 1, 6)), "height");
        assert_eq!(what(limits.check_size("PNG", 4, 5)), "pixels");
        assert_eq!(what(limits.check_memory(100)), "decoder memory");
        limits.check_bytes(10).unwrap();
        limits.check_size("PNG", 4, 4).unwrap();
        limits.check_memory(99).unwrap();
    }

    #[test]
    fn a_side_of_zero_is_damage_not_size() {
        let error = Limits::default().check_size("BMP", 0, 7).unwrap_err();
        assert_eq!(error.code(), "image.corrupt");
    }
}
