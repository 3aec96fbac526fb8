//! YUV4MPEG2 (`.y4m`): a line of text, then raw planes; what `ffmpeg OUT.y4m` writes and every tool reads.
//!
//! The `y4m` crate reads it. It trusts the size in the header, so the header is checked here first.

use std::{
    io::{self, BufRead, Chain, Cursor, Read},
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering},
};

use ::y4m::{Colorspace, Decoder};
use mm_core::{
    Error, RgbImage,
    frame::{Conversion, Frame, PixelFormat, Plane, YuvColor},
};
use yuv::{YuvPlanarImage, YuvRange, YuvStandardMatrix, yuv422_to_rgb, yuv444_to_rgb};

/// The longest header line; the `y4m` crate has the same bound.
const MAX_HEADER_BYTES: u64 = 1024;
/// Pixels a side. 16K video exists; beyond it a header is damaged.
pub const MAX_SIDE: usize = 16_384;
/// Pixels of a frame, so that a header makes no more than 200 MB necessary: 8K video (7680 x 4320) just fits.
pub const MAX_PIXELS: usize = 1 << 25;
/// Up to this height video is taken for standard definition, coded with the matrix of ITU-R BT.601, above for high
/// definition with that of BT.709: the header has no word for it, and players choose the same way.
const LAST_SD_LINE: usize = 576;

/// Why a stream is not one this module reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Y4mError {
    /// The header or a frame is not what it should be.
    Corrupt(String),
    /// Sound, but coded in a way that is not read here.
    Unsupported(String),
}

/// Frames of a Y4M stream.
pub struct Y4mStream<R: Read> {
    decoder: Decoder<Counter<Chain<Cursor<Vec<u8>>, R>>>,
    read: Arc<AtomicU64>,
    color: YuvColor,
}

/// The planes of one frame, 8 bits per sample.
pub struct Planes {
    /// Y, Cb, Cr without padding; the last two are empty in mono.
    samples: [Vec<u8>; 3],
    width: u32,
    height: u32,
    sampling: Sampling,
    color: YuvColor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sampling {
    Mono,
    Yuv420,
    Yuv422,
    Yuv444,
}

impl<R: BufRead> Y4mStream<R> {
    /// Reads and checks the header.
    ///
    /// # Errors
    ///
    /// A header that is damaged, or planes of a kind that is not read here.
    pub fn new(mut reader: R) -> Result<Self, Y4mError> {
        let mut header = Vec::new();
        reader.by_ref().take(MAX_HEADER_BYTES).read_until(b'\n', &mut header).map_err(|e| corrupt(&e))?;
        let color = check_header(&header)?;
        let read = Arc::new(AtomicU64::new(0));
        let reader = Counter { reader: Cursor::new(header).chain(reader), read: read.clone() };
        let decoder = Decoder::new(reader).map_err(|error| match error {
            ::y4m::Error::UnknownColorspace => {
                Y4mError::Unsupported("a sampling other than mono, 4:2:0, 4:2:2 or 4:4:4".to_owned())
            }
            other => corrupt(&other),
        })?;
        Ok(Self { decoder, read, color })
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.decoder.get_width() as u32, self.decoder.get_height() as u32)
    }

    /// Frames per second, if the header gives a rate that makes sense.
    pub fn fps(&self) -> Option<f64> {
        let ratio = self.decoder.get_framerate();
        let fps = ratio.num as f64 / ratio.den as f64;
        (fps.is_finite() && (0.01..=1000.0).contains(&fps)).then_some(fps)
    }

    /// The next frame, or `None` at the end.
    ///
    /// # Errors
    ///
    /// A frame that is cut off or does not begin as one; nothing after it can be found.
    pub fn next_frame(&mut self) -> Result<Option<Planes>, Y4mError> {
        let (width, height) = self.size();
        let color = self.color;
        let (sampling, depth) = kind(self.decoder.get_colorspace());
        let before = self.read.load(Ordering::Relaxed);
        match self.decoder.read_frame() {
            Ok(frame) => {
                let planes = [frame.get_y_plane(), frame.get_u_plane(), frame.get_v_plane()];
                let samples = planes.map(|plane| to_8_bits(plane, depth));
                Ok(Some(Planes { samples, width, height, sampling, color }))
            }
            Err(::y4m::Error::EOF) if self.read.load(Ordering::Relaxed) == before => Ok(None),
            Err(::y4m::Error::EOF) => Err(corrupt(&"the last frame is cut off")),
            Err(error) => Err(corrupt(&error)),
        }
    }
}

fn corrupt(detail: &impl ToString) -> Y4mError {
    Y4mError::Corrupt(detail.to_string())
}

/// Refuses sizes that no video has, and finds out what the samples mean.
fn check_header(header: &[u8]) -> Result<YuvColor, Y4mError> {
    let Some(line) = header.strip_suffix(b"\n").and_then(|line| line.strip_prefix(b"YUV4MPEG2 ")) else {
        return Err(corrupt(&"it does not begin with a YUV4MPEG2 header"));
    };
    // The last of several counts, as in the decoder.
    let value = |name: &[u8]| line.split(|&b| b == b' ').rev().find_map(|word| word.strip_prefix(name));
    let side = |name: &[u8]| -> Option<usize> { std::str::from_utf8(value(name)?).ok()?.parse().ok() };
    let (Some(width), Some(height)) = (side(b"W"), side(b"H")) else {
        return Err(corrupt(&"the header gives no size"));
    };
    if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) || width * height > MAX_PIXELS {
        return Err(corrupt(&format!("its size is {width} x {height}, the limit is {MAX_PIXELS} pixels")));
    }
    let full = value(b"XCOLORRANGE=") == Some(b"FULL");
    Ok(match (height <= LAST_SD_LINE, full) {
        (true, false) => YuvColor::Bt601Limited,
        (true, true) => YuvColor::Bt601Full,
        (false, false) => YuvColor::Bt709Limited,
        (false, true) => YuvColor::Bt709Full,
    })
}

/// Sampling and bits per sample.
fn kind(colorspace: Colorspace) -> (Sampling, usize) {
    let sampling = match colorspace {
        Colorspace::Cmono | Colorspace::Cmono12 => Sampling::Mono,
        Colorspace::C422 | Colorspace::C422p10 | Colorspace::C422p12 => Sampling::Yuv422,
        Colorspace::C444 | Colorspace::C444p10 | Colorspace::C444p12 => Sampling::Yuv444,
        _ => Sampling::Yuv420,
    };
    (sampling, colorspace.get_bit_depth())
}

/// Deeper samples are 16 bits, little-endian; the upper 8 bits stay.
fn to_8_bits(plane: &[u8], depth: usize) -> Vec<u8> {
    if depth == 8 {
        return plane.to_vec();
    }
    let (samples, _) = plane.as_chunks::<2>();
    samples.iter().map(|&s| (u16::from_le_bytes(s) >> (depth - 8)).min(255) as u8).collect()
}

impl Planes {
    /// As RGB.
    ///
    /// # Errors
    ///
    /// `frame.invalid`, which sizes checked by the header cannot cause.
    pub fn to_rgb(&self) -> mm_core::Result<RgbImage> {
        let Self { samples: [luma, cb, cr], width, height, sampling, color } = self;
        let (width, height, stride) = (*width, *height, *width as usize);
        let chroma = stride.div_ceil(2);
        match sampling {
            Sampling::Yuv420 => i420([luma, cb, cr], (width, height), *color),
            Sampling::Mono => {
                let grey = vec![128; chroma * (height as usize).div_ceil(2)];
                i420([luma, &grey, &grey], (width, height), *color)
            }
            Sampling::Yuv422 | Sampling::Yuv444 => {
                let chroma = if *sampling == Sampling::Yuv444 { width } else { chroma as u32 };
                let image = YuvPlanarImage {
                    y_plane: luma,
                    y_stride: width,
                    u_plane: cb,
                    u_stride: chroma,
                    v_plane: cr,
                    v_stride: chroma,
                    width,
                    height,
                };
                let convert = if *sampling == Sampling::Yuv444 { yuv444_to_rgb } else { yuv422_to_rgb };
                let (range, matrix) = parts(*color);
                let mut rgb = RgbImage::new(width, height);
                convert(&image, &mut rgb, width * 3, range, matrix)
                    .map_err(|e| Error::FrameInvalid { detail: e.to_string() })?;
                Ok(rgb)
            }
        }
    }
}

fn i420(planes: [&[u8]; 3], (width, height): (u32, u32), color: YuvColor) -> mm_core::Result<RgbImage> {
    let chroma = (width as usize).div_ceil(2);
    let strides = [width as usize, chroma, chroma];
    let planes: [Plane<'_>; 3] = std::array::from_fn(|i| Plane { data: planes[i], stride: strides[i] });
    Frame::new(PixelFormat::I420, width, height, &planes)?
        .to_rgb(&Conversion { color, ..Conversion::default() })
}

fn parts(color: YuvColor) -> (YuvRange, YuvStandardMatrix) {
    match color {
        YuvColor::Bt601Limited => (YuvRange::Limited, YuvStandardMatrix::Bt601),
        YuvColor::Bt601Full => (YuvRange::Full, YuvStandardMatrix::Bt601),
        YuvColor::Bt709Limited => (YuvRange::Limited, YuvStandardMatrix::Bt709),
        YuvColor::Bt709Full => (YuvRange::Full, YuvStandardMatrix::Bt709),
    }
}

/// Counts bytes: the decoder calls a clean end and a frame cut off by the same name.
struct Counter<R> {
    reader: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stream(header: &str, frames: usize, bytes: usize) -> Vec<u8> {
        let mut stream = format!("YUV4MPEG2 {header}\n").into_bytes();
        for frame in 0..frames {
            stream.extend(b"FRAME\n");
            stream.extend((0..bytes).map(|i| (16 + (i * 7 + frame) % 200) as u8));
        }
        stream
    }

    fn open(bytes: &[u8]) -> Result<Y4mStream<&[u8]>, Y4mError> {
        Y4mStream::new(bytes)
    }

    fn refusal(bytes: &[u8]) -> Y4mError {
        open(bytes).map(|_| ()).unwrap_err()
    }

    #[test]
    fn size_rate_and_frames_are_read() {
        let bytes = stream("W6 H4 F30000:1001 Ip A1:1 C420jpeg XYSCSS=420JPEG", 3, 6 * 4 + 2 * 3 * 2);
        let mut video = open(&bytes).unwrap();
        assert_eq!(video.size(), (6, 4));
        assert!((video.fps().unwrap() - 29.97).abs() < 0.001);
        for _ in 0..3 {
            assert_eq!(video.next_frame().unwrap().unwrap().to_rgb().unwrap().dimensions(), (6, 4));
        }
        assert!(video.next_frame().unwrap().is_none());
    }

    /// Grey stays grey at its level in every sampling and depth, at odd sizes: 16 is black, 235 white (BT.601-7).
    #[test]
    fn every_sampling_and_depth_gives_the_same_grey() {
        let kinds = [
            ("mono", 8usize, 0),
            ("mono12", 12, 0),
            ("420", 8, 6),
            ("420mpeg2", 8, 6),
            ("420p10", 10, 6),
            ("422", 8, 9),
            ("422p12", 12, 9),
            ("444", 8, 15),
            ("444p10", 10, 15),
        ];
        for (name, depth, chroma) in kinds {
            for (level, expected) in [(16u16, 0u8), (126, 128), (235, 255)] {
                let mut bytes = format!("YUV4MPEG2 W5 H3 F25:1 C{name}\nFRAME\n").into_bytes();
                for (count, value) in [(15, level), (chroma, 128), (chroma, 128)] {
                    for _ in 0..count {
                        let sample = value << (depth - 8);
                        bytes.extend(&sample.to_le_bytes()[..depth.div_ceil(8)]);
                    }
                }
                let mut video = open(&bytes).unwrap();
                let rgb = video.next_frame().unwrap().unwrap().to_rgb().unwrap();
                assert_eq!(rgb.dimensions(), (5, 3));
                assert!(rgb.as_raw().iter().all(|v| v.abs_diff(expected) <= 2), "{name}: {:?}", rgb.as_raw());
            }
        }
    }

    #[test]
    fn damage_and_other_codings_are_told_apart() {
        assert!(matches!(refusal(b""), Y4mError::Corrupt(_)));
        assert!(matches!(refusal(b"YUV4MPEG2 W6"), Y4mError::Corrupt(_)));
        assert!(matches!(refusal(&stream("F25:1", 0, 0)), Y4mError::Corrupt(_)));
        assert!(matches!(refusal(&stream("W6 H4 C411", 0, 0)), Y4mError::Unsupported(_)));
        for huge in
            ["W16384 H16384", "W99999999999999999999 H1", "W18446744073709551615 H2", "W0 H4", "W-1 H1"]
        {
            assert!(matches!(refusal(&stream(huge, 0, 0)), Y4mError::Corrupt(_)), "{huge}");
        }
        let mut cut = stream("W6 H4", 2, 36);
        cut.pop();
        let mut video = open(&cut).unwrap();
        assert!(video.next_frame().unwrap().is_some());
        assert_eq!(video.next_frame().err(), Some(corrupt(&"the last frame is cut off")));
        let zero = stream("W6 H4 F0:0", 1, 36);
        assert_eq!(open(&zero).unwrap().fps(), None);
    }

    proptest! {
        #[test]
        fn any_header_and_body_is_read_or_refused(
            words in proptest::collection::vec("[WHFCAIX][0-9:a-z=]{0,12}", 0..6),
            body in proptest::collection::vec(any::<u8>(), 0..300), frame: bool,
        ) {
            let mut bytes = format!("YUV4MPEG2 {}\n", words.join(" ")).into_bytes();
            if frame { bytes.extend(b"FRAME\n"); }
            bytes.extend(body);
            if let Ok(mut video) = open(&bytes) {
                let size = video.size();
                while let Ok(Some(planes)) = video.next_frame() {
                    prop_assert_eq!(planes.to_rgb().unwrap().dimensions(), size);
                }
            }
        }
    }
}
