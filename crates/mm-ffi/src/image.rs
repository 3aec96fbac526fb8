//! Pictures as other languages hold them: a path, a file's bytes, or pixels in memory.

use mm_core::{
    Error, Result, RgbImage,
    decode::{self, Limits},
};

/// How raw pixels lie in memory; 8 bits per sample, named in memory order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum PixelFormat {
    /// 3 bytes per pixel: R, G, B.
    Rgb8,
    /// 3 bytes per pixel: B, G, R, as `OpenCV` keeps pictures.
    Bgr8,
    /// 4 bytes per pixel: R, G, B, A. Alpha is straight and shows white behind, as in files.
    Rgba8,
    /// 4 bytes per pixel: B, G, R, A. Alpha as above.
    Bgra8,
    /// 1 byte per pixel, grey.
    Gray8,
}

/// Where a picture comes from.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum ImageSource {
    /// A file: JPEG, PNG, WebP, GIF, BMP, TIFF or HEIC. Its EXIF orientation is applied.
    Path {
        /// Path of the file.
        path: String,
    },
    /// The bytes of such a file.
    Encoded {
        /// All of them.
        data: Vec<u8>,
    },
    /// Upright pixels.
    Pixels {
        /// Row after row; the last row may end where its pixels do.
        data: Vec<u8>,
        /// Pixels per row, 1 to 16,384.
        width: u32,
        /// Rows, 1 to 16,384.
        height: u32,
        /// Bytes from the start of one row to the start of the next.
        stride: u64,
        /// Order of the bytes.
        format: PixelFormat,
    },
}

impl ImageSource {
    /// The picture as the tasks take it.
    ///
    /// # Errors
    ///
    /// As `mm_core::decode` for paths and bytes. For pixels `image.too_large` above the limits that hold for files,
    /// and `frame.invalid` where the data do not fit the size, the stride and the format.
    pub fn load(&self) -> Result<RgbImage> {
        let limits = Limits::default();
        match self {
            Self::Path { path } => decode::read_file(path, &limits),
            Self::Encoded { data } => decode::decode(data, &limits),
            Self::Pixels { data, width, height, stride, format } => {
                check_size(*width, *height, &limits)?;
                pixels(data, *width, *height, *stride, *format)
            }
        }
    }
}

fn check_size(width: u32, height: u32, limits: &Limits) -> Result<()> {
    let all = [
        ("width", u64::from(width), u64::from(limits.max_width)),
        ("height", u64::from(height), u64::from(limits.max_height)),
        ("pixels", u64::from(width) * u64::from(height), limits.max_pixels),
    ];
    match all.into_iter().find(|(_, actual, limit)| actual > limit) {
        Some((what, actual, limit)) => Err(Error::ImageTooLarge { what, actual, limit }),
        None => Ok(()),
    }
}

/// The rows of `data` as RGB. Frames of cameras have a door of their own in the core (`mm_core::frame`), which ignores
/// alpha because cameras leave it undefined; here it means what it means in a file.
fn pixels(data: &[u8], width: u32, height: u32, stride: u64, format: PixelFormat) -> Result<RgbImage> {
    let size = format.bytes_per_pixel();
    let row = width as usize * size;
    let invalid = |detail: String| Error::FrameInvalid { detail };
    if width == 0 || height == 0 {
        return Err(invalid(format!("its size is {width} x {height}")));
    }
    if stride < row as u64 {
        return Err(invalid(format!("the stride is {stride} bytes, a row has {row}")));
    }
    let needed = stride.checked_mul(u64::from(height) - 1).and_then(|bytes| bytes.checked_add(row as u64));
    if needed.is_none_or(|needed| needed > data.len() as u64) {
        let wanted = needed.map_or_else(|| "more than memory holds".to_owned(), |needed| needed.to_string());
        return Err(invalid(format!(
            "{width} x {height} {format:?} needs {wanted} bytes, has {}",
            data.len()
        )));
    }
    let mut image = RgbImage::new(width, height);
    // Checked above: with one row the stride is not used, with more it is below the data's length.
    let stride = usize::try_from(stride).unwrap_or(usize::MAX);
    let rows = image.chunks_exact_mut(width as usize * 3).zip(data.chunks(stride));
    for (out, line) in rows {
        for (rgb, sample) in out.chunks_exact_mut(3).zip(line[..row].chunks_exact(size)) {
            rgb.copy_from_slice(&format.rgb(sample));
        }
    }
    Ok(image)
}

impl PixelFormat {
    const fn bytes_per_pixel(self) -> usize {
        match self {
            Self::Gray8 => 1,
            Self::Rgb8 | Self::Bgr8 => 3,
            Self::Rgba8 | Self::Bgra8 => 4,
        }
    }

    /// One pixel, given its bytes.
    fn rgb(self, sample: &[u8]) -> [u8; 3] {
        match (self, sample) {
            (Self::Rgb8, &[r, g, b]) | (Self::Bgr8, &[b, g, r]) => [r, g, b],
            (Self::Rgba8, &[r, g, b, a]) | (Self::Bgra8, &[b, g, r, a]) => {
                [r, g, b].map(|c| over_white(c, a))
            }
            (_, sample) => [sample[0]; 3],
        }
    }
}

/// A sample of straight opacity `alpha` before white, rounded as the core rounds a file's.
fn over_white(sample: u8, alpha: u8) -> u8 {
    let (sample, alpha) = (u32::from(sample), u32::from(alpha));
    ((sample * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{DynamicImage, GrayImage, ImageFormat, RgbaImage};

    use super::{
        PixelFormat::{Bgr8, Bgra8, Gray8, Rgb8},
        *,
    };

    fn png(image: &DynamicImage) -> ImageSource {
        let mut data = Cursor::new(Vec::new());
        image.write_to(&mut data, ImageFormat::Png).unwrap();
        ImageSource::Encoded { data: data.into_inner() }
    }

    /// Every row `padding` bytes longer than its pixels, the last one not.
    fn padded(data: &[u8], width: u32, height: u32, format: PixelFormat, padding: usize) -> ImageSource {
        let row = width as usize * format.bytes_per_pixel();
        let mut bytes: Vec<u8> = Vec::new();
        for line in data.chunks(row) {
            bytes.extend(line);
            bytes.extend(std::iter::repeat_n(0xEE, padding));
        }
        bytes.truncate(bytes.len() - padding);
        ImageSource::Pixels { data: bytes, width, height, stride: (row + padding) as u64, format }
    }

    fn picture() -> RgbaImage {
        RgbaImage::from_fn(5, 3, |x, y| image::Rgba([x as u8 * 50, y as u8 * 100, 7, (x * y * 30) as u8]))
    }

    #[test]
    fn pixels_and_the_same_file_give_the_same_picture() {
        let rgba = picture();
        let opaque = DynamicImage::ImageRgba8(rgba.clone()).into_rgb8();
        let swapped = |data: &[u8], size: usize| {
            data.chunks(size).flat_map(|p| [&[p[2], p[1], p[0]], &p[3..]].concat()).collect::<Vec<u8>>()
        };
        let expected = png(&DynamicImage::ImageRgba8(rgba.clone())).load().unwrap();
        let expected_opaque = png(&DynamicImage::ImageRgb8(opaque.clone())).load().unwrap();
        for padding in [0, 1, 13] {
            let load = |data: &[u8], format| padded(data, 5, 3, format, padding).load().unwrap();
            assert_eq!(load(&rgba, PixelFormat::Rgba8), expected);
            assert_eq!(load(&swapped(&rgba, 4), Bgra8), expected);
            assert_eq!(load(&opaque, Rgb8), expected_opaque);
            assert_eq!(load(&swapped(&opaque, 3), Bgr8), expected_opaque);
        }
    }

    #[test]
    fn grey_is_the_same_on_all_channels() {
        let grey = GrayImage::from_fn(4, 2, |x, y| image::Luma([(x * 60 + y) as u8]));
        let expected = png(&DynamicImage::ImageLuma8(grey.clone())).load().unwrap();
        assert_eq!(padded(&grey, 4, 2, Gray8, 3).load().unwrap(), expected);
    }

    #[test]
    fn pixels_that_do_not_fit_are_refused_by_code() {
        let load = |bytes: usize, width, height, stride, format| {
            let source = ImageSource::Pixels { data: vec![0; bytes], width, height, stride, format };
            source.load().map(|image| image.dimensions()).map_err(|error| error.code())
        };
        assert_eq!(load(12, 2, 2, 6, Bgr8), Ok((2, 2)));
        assert_eq!(load(11, 2, 2, 6, Bgr8), Err("frame.invalid"));
        assert_eq!(load(12, 2, 2, 5, Bgr8), Err("frame.invalid"));
        assert_eq!(load(0, 0, 2, 6, Rgb8), Err("frame.invalid"));
        assert_eq!(load(4, 1, 1, u64::MAX, Bgra8), Ok((1, 1)));
        assert_eq!(load(8, 1, 3, u64::MAX, Bgra8), Err("frame.invalid"));
        assert_eq!(load(0, 16_385, 1, 16_385, Gray8), Err("image.too_large"));
        assert_eq!(load(0, 16_384, 16_384, 16_384, Gray8), Err("image.too_large"));
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = ImageSource::Path { path: "no-such-picture.jpg".to_owned() }.load().unwrap_err();
        assert_eq!(error.code(), "file.unreadable");
        assert!(error.to_string().contains("no-such-picture.jpg"));
    }
}
