//! Planes to RGB through the SIMD routines of the `yuv` crate.

use image::RgbImage;
use yuv::{
    YuvBiPlanarImage, YuvConversionMode, YuvError, YuvPlanarImage, YuvRange, YuvStandardMatrix, bgra_to_rgb,
    rgba_to_rgb, yuv_nv12_to_rgb, yuv420_to_rgb,
};

use super::{Frame, PixelFormat, Plane, invalid};
use crate::Result;

/// Which RGB a Y, Cb, Cr triple means: the matrix of ITU-R BT.601-7 or BT.709-6, in limited ("video", Y 16-235,
/// Cb and Cr 16-240) or full ("JPEG", 0-255) range. Buffers do not say; the camera interface does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum YuvColor {
    /// USB webcams and V4L2 unless they state otherwise, standard-definition video. The default, because the
    /// sources that differ (Android, iOS) say so and webcams do not.
    #[default]
    Bt601Limited,
    /// Android's `YUV_420_888` (its JFIF data space) and iOS' `420YpCbCr8BiPlanarFullRange`.
    Bt601Full,
    /// High-definition video, iOS' `420YpCbCr8BiPlanarVideoRange` from HD sessions.
    Bt709Limited,
    /// As [`Self::Bt709Limited`] in full range.
    Bt709Full,
}

impl YuvColor {
    fn parts(self) -> (YuvRange, YuvStandardMatrix) {
        match self {
            Self::Bt601Limited => (YuvRange::Limited, YuvStandardMatrix::Bt601),
            Self::Bt601Full => (YuvRange::Full, YuvStandardMatrix::Bt601),
            Self::Bt709Limited => (YuvRange::Limited, YuvStandardMatrix::Bt709),
            Self::Bt709Full => (YuvRange::Full, YuvStandardMatrix::Bt709),
        }
    }
}

/// The frame as RGB, not yet turned.
pub(super) fn to_rgb(frame: &Frame<'_>, color: YuvColor) -> Result<RgbImage> {
    let &Frame { format, width, height, planes } = frame;
    let row = (width as usize)
        .checked_mul(3)
        .filter(|row| row.checked_mul(height as usize).is_some() && u32::try_from(*row).is_ok())
        .ok_or_else(|| invalid(format!("{width} x {height} pixels do not fit in memory")))?;
    let mut rgb = RgbImage::new(width, height);
    let (_, rows) = format.layout(width, height);
    // The library skips a last row that ends before its stride does, as Android's and some webcams' rows do, and
    // leaves it black. So the last rows (two where they share chroma) are converted from copies without padding.
    let short = planes.iter().zip(rows).any(|(plane, rows)| plane.data.len() < plane.stride * rows);
    let body = if short { (height - 1) / 2 * 2 } else { height };
    let (upper, lower) = rgb.split_at_mut(row * body as usize);
    if body > 0 {
        convert(format, width, body, &planes, color, upper)?;
    }
    if body < height {
        let tail = tail(frame, body);
        let planes = tail.each_ref().map(|(data, stride)| Plane { data, stride: *stride });
        convert(format, width, height - body, &planes, color, lower)?;
    }
    Ok(rgb)
}

/// Copies of the rows from `top` (even) on, without padding, and their strides.
fn tail(frame: &Frame<'_>, top: u32) -> [(Vec<u8>, usize); 3] {
    let (row_bytes, rows) = frame.format.layout(frame.width, frame.height);
    let (_, skip) = frame.format.layout(frame.width, top);
    std::array::from_fn(|i| {
        let Plane { data, stride } = frame.planes[i];
        let lines = data.chunks(stride.max(1)).take(rows[i]).skip(skip[i]);
        (lines.flat_map(|line| &line[..row_bytes[i]]).copied().collect(), row_bytes[i])
    })
}

/// The first `height` rows of `planes`, each as long as its stride, to packed RGB.
fn convert(
    format: PixelFormat,
    width: u32,
    height: u32,
    planes: &[Plane<'_>; 3],
    color: YuvColor,
    rgb: &mut [u8],
) -> Result<()> {
    let row = width * 3;
    // The library finds the last row of an odd height by counting from the end: rows beyond the picture, which
    // drivers that round buffers up leave there, would be taken for it.
    let (_, rows) = format.layout(width, height);
    let [first, second, third] = std::array::from_fn(|i| {
        let Plane { data, stride } = planes[i];
        Plane { data: &data[..stride * rows[i]], stride }
    });
    let (range, matrix) = color.parts();
    let converted = match format {
        PixelFormat::Rgb8 => {
            for (out, line) in rgb.chunks_exact_mut(row as usize).zip(first.data.chunks(first.stride)) {
                out.copy_from_slice(&line[..row as usize]);
            }
            Ok(())
        }
        PixelFormat::Rgba8 => rgba_to_rgb(first.data, stride(first)?, rgb, row, width, height),
        PixelFormat::Bgra8 => bgra_to_rgb(first.data, stride(first)?, rgb, row, width, height),
        PixelFormat::Nv12 => {
            let image = YuvBiPlanarImage {
                y_plane: first.data,
                y_stride: stride(first)?,
                uv_plane: second.data,
                uv_stride: stride(second)?,
                width,
                height,
            };
            yuv_nv12_to_rgb(&image, rgb, row, range, matrix, YuvConversionMode::Balanced)
        }
        PixelFormat::I420 => {
            let image = YuvPlanarImage {
                y_plane: first.data,
                y_stride: stride(first)?,
                u_plane: second.data,
                u_stride: stride(second)?,
                v_plane: third.data,
                v_stride: stride(third)?,
                width,
                height,
            };
            yuv420_to_rgb(&image, rgb, row, range, matrix)
        }
    };
    converted.map_err(|e: YuvError| invalid(e.to_string()))
}

fn stride(plane: Plane<'_>) -> Result<u32> {
    u32::try_from(plane.stride).map_err(|_| invalid(format!("a stride of {} bytes", plane.stride)))
}
