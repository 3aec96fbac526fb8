//! Any planes, sizes and strides: an upright picture of that size, or `frame.invalid`.
//!
//! The first 16 bytes choose format, size, conversion and strides; the rest is cut into planes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mm_core::frame::{Conversion, Frame, PixelFormat, Plane, Rotation, YuvColor};

fuzz_target!(|bytes: &[u8]| {
    let Some((head, data)) = bytes.split_first_chunk::<16>() else { return };
    let format = [PixelFormat::Rgb8, PixelFormat::Rgba8, PixelFormat::Bgra8, PixelFormat::Nv12, PixelFormat::I420]
        [usize::from(head[0]) % 5];
    let [width, height] = [[head[1], head[2]], [head[3], head[4]]].map(|b| u32::from(u16::from_le_bytes(b)));
    let conversion = Conversion {
        rotation: [Rotation::None, Rotation::Cw90, Rotation::Cw180, Rotation::Cw270][usize::from(head[5]) % 4],
        mirror: head[5] & 4 != 0,
        color: [YuvColor::Bt601Limited, YuvColor::Bt601Full, YuvColor::Bt709Limited, YuvColor::Bt709Full]
            [usize::from(head[6]) % 4],
    };
    let strides = [[head[8], head[9]], [head[10], head[11]], [head[12], head[13]]]
        .map(|b| usize::from(u16::from_le_bytes(b)));
    // Cuts in sixteenths of the data, so that small inputs can still be whole frames.
    let first = data.len() * usize::from(head[14] & 15) / 15;
    let second = first + (data.len() - first) * usize::from(head[14] >> 4) / 15;
    let parts = [&data[..first], &data[first..second], &data[second..]];
    let planes: Vec<_> = parts.into_iter().zip(strides).map(|(data, stride)| Plane { data, stride }).collect();
    let planes = &planes[..usize::from(head[15]) % 4];
    match Frame::new(format, width, height, planes).and_then(|frame| frame.to_rgb(&conversion)) {
        Ok(image) => {
            let turned = matches!(conversion.rotation, Rotation::Cw90 | Rotation::Cw270);
            let expected = if turned { (height, width) } else { (width, height) };
            assert_eq!(image.dimensions(), expected);
        }
        Err(error) => assert_eq!(error.code(), "frame.invalid"),
    }
});
