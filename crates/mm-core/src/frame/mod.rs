//! Camera frames: borrowed planes in the layouts cameras deliver, checked once, converted with SIMD.
//!
//! A [`Frame`] borrows the camera's buffers and proves that they hold what their sizes and strides claim, so
//! that no later step can read past them. [`Frame::to_rgb`] makes the upright 8-bit RGB the tasks take.

mod convert;
#[cfg(test)]
mod tests;

pub use convert::YuvColor;

use image::RgbImage;
use image::metadata::Orientation;

use crate::orient::orient;
use crate::{Error, Result};

/// How pixels lie in memory. 8 bits per sample; names give the byte order in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PixelFormat {
    /// One plane, 3 bytes per pixel: R, G, B.
    Rgb8,
    /// One plane, 4 bytes per pixel: R, G, B, A. Alpha is ignored: cameras leave it undefined.
    Rgba8,
    /// One plane, 4 bytes per pixel: B, G, R, A. Alpha is ignored.
    Bgra8,
    /// Two planes: Y, then Cb and Cr interleaved at half width and half height (4:2:0).
    Nv12,
    /// Three planes: Y, then Cb, then Cr at half width and half height (4:2:0).
    I420,
}

impl PixelFormat {
    fn planes(self) -> usize {
        match self {
            Self::Rgb8 | Self::Rgba8 | Self::Bgra8 => 1,
            Self::Nv12 => 2,
            Self::I420 => 3,
        }
    }

    /// Bytes per row (saturating) and rows of each plane, zero for planes the format does not have.
    fn layout(self, width: u32, height: u32) -> ([usize; 3], [usize; 3]) {
        let (w, h) = (width as usize, height as usize);
        let (half_w, half_h) = (w.div_ceil(2), h.div_ceil(2));
        match self {
            Self::Rgb8 => ([w.saturating_mul(3), 0, 0], [h, 0, 0]),
            Self::Rgba8 | Self::Bgra8 => ([w.saturating_mul(4), 0, 0], [h, 0, 0]),
            Self::Nv12 => ([w, half_w.saturating_mul(2), 0], [h, half_h, 0]),
            Self::I420 => ([w, half_w, half_w], [h, half_h, half_h]),
        }
    }
}

/// One plane of a frame.
#[derive(Debug, Clone, Copy)]
pub struct Plane<'a> {
    /// The samples, row after row.
    pub data: &'a [u8],
    /// Bytes from the start of one row to the start of the next. The last row may end where its samples do.
    pub stride: usize,
}

/// How far the scene must turn clockwise to stand upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Rotation {
    /// Upright already.
    #[default]
    None,
    /// A quarter turn clockwise: width and height swap.
    Cw90,
    /// Half a turn.
    Cw180,
    /// A quarter turn counter-clockwise: width and height swap.
    Cw270,
}

impl Rotation {
    /// The rotation for sensor `degrees` as camera interfaces report them, any multiple of 90.
    ///
    /// # Errors
    ///
    /// `frame.invalid` for other angles.
    pub fn from_degrees(degrees: i32) -> Result<Self> {
        match degrees.rem_euclid(360) {
            0 => Ok(Self::None),
            90 => Ok(Self::Cw90),
            180 => Ok(Self::Cw180),
            270 => Ok(Self::Cw270),
            _ => Err(invalid(format!("a rotation of {degrees} degrees; use a multiple of 90"))),
        }
    }
}

/// What to do to a frame on its way to RGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Conversion {
    /// Turned first.
    pub rotation: Rotation,
    /// Then left and right exchanged. Front cameras preview mirrored; text reads only unmirrored.
    pub mirror: bool,
    /// Meaning of Y, Cb and Cr; ignored for the RGB formats.
    pub color: YuvColor,
}

/// A camera frame whose planes are known to fit its format and size.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    format: PixelFormat,
    width: u32,
    height: u32,
    /// The format's planes; those it does not have are empty.
    planes: [Plane<'a>; 3],
}

impl<'a> Frame<'a> {
    /// Checks and borrows the planes of one frame of `width` x `height` pixels. Odd sizes are fine: the chroma
    /// planes of 4:2:0 are then rounded up.
    ///
    /// # Errors
    ///
    /// `frame.invalid` if a side is zero, the number of planes is not the format's, a stride is shorter than a
    /// row, or a plane is shorter than its rows.
    pub fn new(format: PixelFormat, width: u32, height: u32, planes: &[Plane<'a>]) -> Result<Self> {
        if width == 0 || height == 0 {
            return Err(invalid(format!("its size is {width} x {height}")));
        }
        let count = format.planes();
        if planes.len() != count {
            return Err(invalid(format!("{format:?} has {count} planes, got {}", planes.len())));
        }
        let (row_bytes, rows) = format.layout(width, height);
        let mut checked = [Plane { data: &[], stride: 0 }; 3];
        for (i, &plane) in planes.iter().enumerate() {
            check_plane(plane, row_bytes[i], rows[i])
                .map_err(|detail| invalid(format!("plane {i} of {width} x {height} {format:?}: {detail}")))?;
            checked[i] = plane;
        }
        Ok(Self { format, width, height, planes: checked })
    }

    /// Layout of the samples.
    #[must_use]
    pub fn format(&self) -> PixelFormat {
        self.format
    }

    /// Width in pixels, before rotation.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels, before rotation.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Converts to RGB, then rotates, then mirrors. Chroma is replicated, not interpolated.
    ///
    /// # Errors
    ///
    /// `frame.invalid` if a stride is over the 4 GiB the SIMD library can address.
    pub fn to_rgb(&self, conversion: &Conversion) -> Result<RgbImage> {
        let rgb = convert::to_rgb(self, conversion.color)?;
        Ok(orient(
            rgb,
            match (conversion.rotation, conversion.mirror) {
                (Rotation::None, false) => Orientation::NoTransforms,
                (Rotation::None, true) => Orientation::FlipHorizontal,
                (Rotation::Cw90, false) => Orientation::Rotate90,
                (Rotation::Cw90, true) => Orientation::Rotate90FlipH,
                (Rotation::Cw180, false) => Orientation::Rotate180,
                (Rotation::Cw180, true) => Orientation::FlipVertical,
                (Rotation::Cw270, false) => Orientation::Rotate270,
                (Rotation::Cw270, true) => Orientation::Rotate270FlipH,
            },
        ))
    }
}

/// `row` is the bytes of one row.
fn check_plane(plane: Plane<'_>, row: usize, rows: usize) -> std::result::Result<(), String> {
    let Plane { data, stride } = plane;
    if stride < row {
        return Err(format!("the stride is {stride} bytes, a row has {row}"));
    }
    let needed = (rows - 1).checked_mul(stride).and_then(|n| n.checked_add(row));
    match needed {
        Some(needed) if needed <= data.len() => Ok(()),
        Some(needed) => Err(format!("{} bytes, needs {needed}", data.len())),
        None => Err(format!("{} bytes, needs more than memory holds", data.len())),
    }
}

fn invalid(detail: String) -> Error {
    Error::FrameInvalid { detail }
}
