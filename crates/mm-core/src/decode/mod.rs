//! The only door for image bytes: every picture the crate sees enters through [`decode`] or [`read_file`].
//!
//! The format is taken from the bytes, never from the name. The size a header claims is held against
//! [`Limits`] before anything is allocated for it. What comes back is always the same: 8-bit RGB, upright.
//!
//! - **Formats**: JPEG (baseline and progressive; grey, YCbCr, RGB, CMYK, YCCK), PNG, WebP, GIF, BMP, TIFF (first
//!   page) and HEIC (HEVC; single pictures and grids). Of an animation, the first frame.
//! - **Orientation**: the EXIF tag of JPEG, PNG, WebP and TIFF, all eight values. HEIC carries its own rotation
//!   and mirror, which are applied; its EXIF tag repeats them and is not (ISO/IEC 23008-12, 6.5.10).
//! - **Transparency** is composited over white, as on a page.
//! - **Depth**: 16-bit and float samples are rounded to 8 bits.
//! - **Colour profiles** are not applied: the models were trained on code values read the same way.
//! - **Damage** is an error, `image.corrupt`, even where half of the picture could be shown: words missing from
//!   a grey half would be a wrong answer given with confidence.

mod heif;
mod jpeg;
mod limits;
mod raster;
mod sniff;
mod webp;

pub use limits::Limits;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::{Error, Result, RgbImage};
use sniff::Format;

/// Endings of file names that promise a picture [`decode`] reads, in lower case without the dot: for choosing files in
/// a folder. A file that is named by itself needs none of them.
pub const EXTENSIONS: [&str; 13] =
    ["jpg", "jpeg", "jpe", "png", "webp", "gif", "bmp", "tif", "tiff", "heic", "heif", "hif", "apng"];

/// Decodes one image from memory.
///
/// # Errors
///
/// `image.empty`, `image.unsupported_format`, `image.corrupt` or `image.too_large`.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<RgbImage> {
    if bytes.is_empty() {
        return Err(Error::ImageEmpty);
    }
    limits.check_bytes(bytes.len() as u64)?;
    let format = sniff::sniff(bytes)?;
    let _span = tracing::debug_span!("decode", format = format.name(), bytes = bytes.len()).entered();
    match format {
        Format::Jpeg => jpeg::decode(bytes, limits),
        Format::WebP => webp::decode(bytes, limits),
        Format::Heic => heif::decode(bytes, limits),
        Format::Png => raster::png(bytes, limits),
        Format::Gif => raster::gif(bytes, limits),
        Format::Bmp => raster::bmp(bytes, limits),
        Format::Tiff => raster::tiff(bytes, limits),
    }
}

/// Reads and decodes one image file. The size is checked before reading; files without one, such as pipes and
/// devices, are read no further than the limit.
///
/// # Errors
///
/// `file.unreadable` for a missing file, a folder or a refusal by the operating system; else as [`decode`].
pub fn read_file(path: impl AsRef<Path>, limits: &Limits) -> Result<RgbImage> {
    let path = path.as_ref();
    let unreadable = |source| Error::FileUnreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(unreadable(io::ErrorKind::IsADirectory.into()));
    }
    // Zero for pipes and devices: `read_from` bounds those.
    limits.check_bytes(metadata.len())?;
    read_from(file, path, limits)
}

/// Reads a stream, such as standard input, to its end and decodes it; `name` stands for it in errors.
///
/// # Errors
///
/// `image.too_large` as soon as the stream passes [`Limits::max_bytes`]; else as [`read_file`].
pub fn read_from(stream: impl Read, name: impl AsRef<Path>, limits: &Limits) -> Result<RgbImage> {
    let mut bytes = Vec::new();
    stream
        .take(limits.max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| Error::FileUnreadable { path: name.as_ref().to_owned(), source })?;
    decode(&bytes, limits)
}

/// Damage in the decoder's own words.
fn corrupt(format: Format, detail: impl std::fmt::Display) -> Error {
    Error::ImageCorrupt { format: format.name(), detail: format!("{detail}") }
}

/// A variant of a known format that no decoder here reads.
fn unsupported(format: Format, detail: impl std::fmt::Display) -> Error {
    Error::ImageUnsupportedFormat { detail: format!("{} with {detail}", format.name()) }
}
