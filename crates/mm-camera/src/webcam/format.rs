//! Which of a camera's formats to use, and turning what it delivers into RGB.

use image::RgbImage;
use mm_core::{
    Error,
    decode::{self, Limits},
    frame::{Conversion, Frame, PixelFormat, Plane},
};
use yuv::{YuvPackedImage, YuvRange, YuvStandardMatrix, yuyv422_to_rgb};

use crate::mjpeg;

/// How the bytes of a frame lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// A JPEG, perhaps followed by what an earlier one left in the driver's buffer.
    Jpeg,
    /// Y0 Cb Y1 Cr of two pixels side by side.
    Yuyv,
    /// A plane of Y, then Cb and Cr interleaved at half width and half height.
    Nv12,
    /// One byte per pixel.
    Grey,
    Rgb,
    Bgr,
}

/// A size and rate a camera offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mode {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) fps: u32,
    pub(crate) layout: Layout,
}

/// What is wanted of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    width: u32,
    height: u32,
    fps: u32,
}

impl Wanted {
    /// 1280 x 720 at 30 frames per second where nothing else is said: text a metre away is readable, and every webcam
    /// of the last ten years has it.
    pub(crate) fn new(width: Option<u32>, height: Option<u32>, fps: Option<u32>) -> Self {
        let (width, height) = match (width, height) {
            (None, None) => (1280, 720),
            (Some(width), None) => (width, width.saturating_mul(9) / 16),
            (None, Some(height)) => (height.saturating_mul(16) / 9, height),
            (Some(width), Some(height)) => (width, height),
        };
        Self { width, height, fps: fps.unwrap_or(30) }
    }
}

/// The nearest of `modes`: by size first, then by rate (too slow counts double), then by layout: JPEG goes to a preview
/// as it is, and the raw layouts cost the same.
pub(crate) fn choose(modes: &[Mode], wanted: Wanted) -> Option<Mode> {
    modes.iter().copied().filter(|mode| mode.width > 0 && mode.height > 0).min_by_key(|mode| {
        let size =
            u64::from(mode.width.abs_diff(wanted.width)) + u64::from(mode.height.abs_diff(wanted.height));
        let rate = u64::from(mode.fps.abs_diff(wanted.fps)) * if mode.fps < wanted.fps { 2 } else { 1 };
        (size, rate, mode.layout as u8)
    })
}

/// A frame as the driver gave it.
pub(crate) struct RawFrame {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) layout: Layout,
    pub(crate) bytes: Vec<u8>,
}

/// A frame as RGB, and the JPEG it was, if it was one.
pub(crate) fn to_rgb(raw: RawFrame) -> mm_core::Result<(RgbImage, Option<Vec<u8>>)> {
    let RawFrame { width, height, layout, bytes } = raw;
    if layout == Layout::Jpeg {
        let Some(jpeg) = mjpeg::first_picture(&bytes) else {
            return Err(Error::ImageCorrupt { format: "JPEG", detail: "the picture is cut off".to_owned() });
        };
        let image = decode::decode(&mjpeg::with_tables(&jpeg), &Limits::default())?;
        return Ok((image, Some(jpeg)));
    }
    let stride = stride(&raw_row(layout, width), height, bytes.len());
    let plane = |format| {
        Frame::new(format, width, height, &[Plane { data: &bytes, stride }])?.to_rgb(&Conversion::default())
    };
    let image = match layout {
        Layout::Rgb => plane(PixelFormat::Rgb8)?,
        Layout::Bgr => {
            let mut image = plane(PixelFormat::Rgb8)?;
            image.pixels_mut().for_each(|pixel| pixel.0.reverse());
            image
        }
        Layout::Nv12 => {
            let luma = stride.saturating_mul(height as usize);
            let (luma, chroma) =
                bytes.split_at_checked(luma).ok_or_else(|| invalid("the luma plane is cut off"))?;
            let planes = [Plane { data: luma, stride }, Plane { data: chroma, stride }];
            Frame::new(PixelFormat::Nv12, width, height, &planes)?.to_rgb(&Conversion::default())?
        }
        Layout::Grey => grey(&bytes, stride, width, height)?,
        Layout::Yuyv | Layout::Jpeg => yuyv(&bytes, stride, width, height)?,
    };
    Ok((image, None))
}

/// Bytes of a row, and rows of all planes together times two.
fn raw_row(layout: Layout, width: u32) -> (usize, usize) {
    let width = width as usize;
    match layout {
        Layout::Yuyv => (width.saturating_mul(2), 2),
        // One and a half planes of full width.
        Layout::Nv12 => (width.next_multiple_of(2), 3),
        Layout::Grey | Layout::Jpeg => (width, 2),
        Layout::Rgb | Layout::Bgr => (width.saturating_mul(3), 2),
    }
}

/// Drivers pad rows, and the interface does not say by how much: a buffer that divides evenly into longer rows has
/// them; any other has none.
fn stride(&(row, halves): &(usize, usize), height: u32, bytes: usize) -> usize {
    let rows = height as usize * halves / 2;
    if rows > 0 && bytes.is_multiple_of(rows) && bytes / rows > row && bytes / rows < row.saturating_mul(2) {
        bytes / rows
    } else {
        row
    }
}

fn grey(bytes: &[u8], stride: usize, width: u32, height: u32) -> mm_core::Result<RgbImage> {
    let needed = stride.checked_mul(height as usize).ok_or_else(|| invalid("its size"))?;
    let rows = bytes.get(..needed).ok_or_else(|| invalid("the rows are cut off"))?;
    let samples = rows.chunks_exact(stride.max(1)).flat_map(|row| &row[..width as usize]);
    let pixels = samples.flat_map(|&shade| [shade; 3]).collect();
    RgbImage::from_raw(width, height, pixels).ok_or_else(|| invalid("the rows are cut off"))
}

/// USB webcams use BT.601 in limited range unless they state otherwise (USB Video Class 1.5, colour matching default).
fn yuyv(bytes: &[u8], stride: usize, width: u32, height: u32) -> mm_core::Result<RgbImage> {
    let needed = stride.checked_mul(height as usize).ok_or_else(|| invalid("its size"))?;
    let yuy = bytes.get(..needed).ok_or_else(|| invalid("the rows are cut off"))?;
    if !width.is_multiple_of(2) || width == 0 || height == 0 {
        return Err(invalid("its size"));
    }
    let yuy_stride = u32::try_from(stride).map_err(|_| invalid("its size"))?;
    let image = YuvPackedImage { yuy, yuy_stride, width, height };
    let mut rgb = RgbImage::new(width, height);
    yuyv422_to_rgb(&image, &mut rgb, width * 3, YuvRange::Limited, YuvStandardMatrix::Bt601)
        .map_err(|e| invalid(&e.to_string()))?;
    Ok(rgb)
}

fn invalid(detail: &str) -> Error {
    Error::FrameInvalid { detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mode(width: u32, height: u32, fps: u32, layout: Layout) -> Mode {
        Mode { width, height, fps, layout }
    }

    #[test]
    fn the_nearest_size_then_rate_then_layout() {
        let modes = [
            mode(640, 480, 30, Layout::Yuyv),
            mode(1280, 720, 10, Layout::Yuyv),
            mode(1280, 720, 60, Layout::Jpeg),
            mode(1280, 720, 30, Layout::Nv12),
            mode(1280, 720, 30, Layout::Jpeg),
            mode(1920, 1080, 30, Layout::Jpeg),
            mode(0, 0, 30, Layout::Jpeg),
        ];
        let chosen = |w, h, fps| choose(&modes, Wanted::new(w, h, fps)).unwrap();
        assert_eq!(chosen(None, None, None), modes[4]);
        assert_eq!(chosen(None, None, Some(60)), modes[2]);
        assert_eq!(chosen(Some(640), None, None), modes[0]);
        assert_eq!(chosen(Some(1900), Some(1000), Some(15)), modes[5]);
        // 20 too slow counts as 40, 30 too fast as 30.
        assert_eq!(choose(&modes[1..3], Wanted::new(None, None, Some(30))), Some(modes[2]));
        assert_eq!(choose(&[], Wanted::new(None, None, None)), None);
        assert_eq!(choose(&modes[6..], Wanted::new(Some(u32::MAX), None, None)), None);
    }

    fn raw(layout: Layout, width: u32, height: u32, bytes: Vec<u8>) -> RawFrame {
        RawFrame { width, height, layout, bytes }
    }

    #[test]
    fn every_layout_gives_the_same_grey_with_and_without_padding() {
        for padding in [0usize, 2] {
            let rows = |samples: &[u8], count: usize| -> Vec<u8> {
                let row: Vec<u8> = samples.iter().copied().chain(vec![7; padding]).collect();
                row.repeat(count)
            };
            // Limited range: 126 is (126 - 16) / 219 of white, 128.
            for (layout, bytes) in [
                (Layout::Yuyv, rows(&[126, 128].repeat(4), 6)),
                (Layout::Nv12, [rows(&[126; 4], 6), rows(&[128; 4], 3)].concat()),
                (Layout::Grey, rows(&[128; 4], 6)),
                (Layout::Rgb, rows(&[128; 12], 6)),
                (Layout::Bgr, rows(&[128; 12], 6)),
            ] {
                let (image, jpeg) = to_rgb(raw(layout, 4, 6, bytes)).unwrap();
                assert_eq!((image.dimensions(), jpeg), ((4, 6), None));
                assert!(
                    image.as_raw().iter().all(|v| v.abs_diff(128) <= 2),
                    "{layout:?} {:?}",
                    image.as_raw()
                );
            }
        }
        let (image, _) = to_rgb(raw(Layout::Bgr, 1, 1, vec![1, 2, 3])).unwrap();
        assert_eq!(image.as_raw(), &[3, 2, 1]);
        // Red in BT.601, limited range, and black beside it: Y 81, Cb 90, Cr 240.
        let (image, _) = to_rgb(raw(Layout::Yuyv, 2, 1, vec![81, 90, 81, 240])).unwrap();
        assert!(image.pixels().all(|p| p[0] > 250 && p[1] < 5 && p[2] < 5), "{image:?}");
    }

    proptest! {
        /// Whatever a driver hands over: a picture of that size or a coded error.
        #[test]
        fn any_buffer_is_converted_or_refused(
            layout in 0usize..6, width in 0u32..40, height in 0u32..40, length in 0usize..6000,
        ) {
            let layout =
                [Layout::Jpeg, Layout::Yuyv, Layout::Nv12, Layout::Grey, Layout::Rgb, Layout::Bgr][layout];
            match to_rgb(raw(layout, width, height, vec![9; length])) {
                Ok((image, _)) => prop_assert_eq!(image.dimensions(), (width, height)),
                Err(error) => {
                    let code = error.code();
                    prop_assert!(code == "frame.invalid" || code == "image.corrupt", "{}", code);
                }
            }
        }
    }
}
