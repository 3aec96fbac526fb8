//! The format, from the bytes alone: a file name proves nothing.

use crate::{Error, Result};

/// A format this crate decodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Jpeg,
    Png,
    WebP,
    Gif,
    Bmp,
    Tiff,
    Heic,
}

impl Format {
    /// The name people know it by, used in errors.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
            Self::Heic => "HEIC",
        }
    }
}

/// Names the format of `bytes`, or says what they look like instead (`image.unsupported_format`).
pub(super) fn sniff(bytes: &[u8]) -> Result<Format> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Ok(Format::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Ok(Format::Png),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Ok(Format::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Format::WebP),
        // Classic TIFF and BigTIFF in both byte orders.
        [b'I', b'I', b'*' | b'+', 0, ..] | [b'M', b'M', 0, b'*' | b'+', ..] => Ok(Format::Tiff),
        // "BM" alone begins many texts, so the size of the info header (16 bits of it) must be a known one too.
        [b'B', b'M', rest @ ..] if matches!(rest.get(12), Some(12 | 40 | 52 | 56 | 64 | 108 | 124)) => {
            Ok(Format::Bmp)
        }
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => sniff_brand(brand),
        _ => unsupported(describe(bytes)),
    }
}

/// ISO base media: the major brand and then the compatible ones decide (ISO/IEC 23008-12, annex B).
fn sniff_brand(brands: &[u8]) -> Result<Format> {
    const HEVC: [&[u8]; 8] = [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"];
    let is = |names: &[&[u8]]| brands.chunks_exact(4).take(32).any(|b| names.contains(&b));
    let major = brands.get(..4).unwrap_or_default();
    if HEVC.contains(&major) {
        Ok(Format::Heic)
    } else if is(&[b"avif", b"avis"]) {
        unsupported("an AVIF picture")
    } else if matches!(major, b"mif1" | b"mif2" | b"msf1") || is(&HEVC) {
        Ok(Format::Heic)
    } else {
        unsupported("a video (MP4 or QuickTime)")
    }
}

fn describe(bytes: &[u8]) -> &'static str {
    let start = &bytes[..bytes.len().min(512)];
    let lower = start.to_ascii_lowercase();
    let has = |needle: &[u8]| lower.windows(needle.len()).any(|w| w == needle);
    if start.starts_with(b"%PDF") {
        "a PDF document"
    } else if start.starts_with(b"PK\x03\x04") {
        "a ZIP archive or office document"
    } else if start.starts_with(&[0xFF, 0x0A]) || start.get(4..8) == Some(b"JXL ") {
        "a JPEG XL picture"
    } else if start.iter().all(|&b| b == 0) {
        "only zero bytes; the download may not have finished"
    } else if !is_text(start) {
        "an unknown format"
    } else if has(b"<svg") {
        "an SVG drawing"
    } else if has(b"<html") || has(b"<!doctype") {
        "a web page; save the picture itself"
    } else {
        "looks like text"
    }
}

/// UTF-8 (possibly cut in the last character) without control characters other than white space.
fn is_text(start: &[u8]) -> bool {
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(e) if e.error_len().is_none() => {
            std::str::from_utf8(&start[..e.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty() && !text.chars().any(|c| c.is_control() && !c.is_ascii_whitespace())
}

fn unsupported(detail: &str) -> Result<Format> {
    Err(Error::ImageUnsupportedFormat { detail: detail.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(bytes: &[u8]) -> String {
        match sniff(bytes) {
            Err(Error::ImageUnsupportedFormat { detail }) => detail,
            other => panic!("expected image.unsupported_format, got {other:?}"),
        }
    }

    #[test]
    fn says_what_other_files_are() {
        assert_eq!(detail("Dear diary, caf\u{e9}".as_bytes()), "looks like text");
        assert_eq!(detail(b"BMW is a car maker from Munich"), "looks like text");
        assert_eq!(detail(b"<!DOCTYPE html><title>404"), "a web page; save the picture itself");
        assert_eq!(detail(b"<?xml version=\"1.0\"?><svg>"), "an SVG drawing");
        assert_eq!(detail(b"%PDF-1.7"), "a PDF document");
        assert_eq!(detail(&[0; 600]), "only zero bytes; the download may not have finished");
        assert_eq!(detail(b"\0\0\0\x18ftypmp42\0\0\0\0isommp42"), "a video (MP4 or QuickTime)");
        assert_eq!(detail(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif"), "an AVIF picture");
        assert_eq!(detail(&[0x93, 0x00, 0x11, 0x01]), "an unknown format");
    }

    #[test]
    fn text_cut_inside_a_character_is_still_text() {
        let mut text = "a".repeat(511).into_bytes();
        text.extend("\u{e9}".as_bytes());
        assert_eq!(detail(&text), "looks like text");
    }

    #[test]
    fn brands_choose_heic() {
        for brand in ["heic", "heix", "mif1", "hevc"] {
            let file = [b"\0\0\0\x18ftyp", brand.as_bytes(), b"\0\0\0\0mif1heic"].concat();
            assert_eq!(sniff(&file).unwrap(), Format::Heic, "{brand}");
        }
    }
}
