//! Conversion against scalar arithmetic, over any size, stride and content.

use proptest::prelude::*;

use super::*;

const COLORS: [YuvColor; 4] =
    [YuvColor::Bt601Limited, YuvColor::Bt601Full, YuvColor::Bt709Limited, YuvColor::Bt709Full];

/// ITU-R BT.601-7 / BT.709-6 in floating point.
fn reference(y: u8, cb: u8, cr: u8, color: YuvColor) -> [f32; 3] {
    let (kr, kb) = match color {
        YuvColor::Bt601Limited | YuvColor::Bt601Full => (0.299, 0.114),
        YuvColor::Bt709Limited | YuvColor::Bt709Full => (0.2126, 0.0722),
    };
    let full = matches!(color, YuvColor::Bt601Full | YuvColor::Bt709Full);
    let (offset, luma, chroma) = if full { (0.0, 255.0, 255.0) } else { (16.0, 219.0, 224.0) };
    // Luma below black (footroom) counts as black, as in the library.
    let y = (f32::from(y) - offset).max(0.0) / luma;
    let [pb, pr] = [cb, cr].map(|c| (f32::from(c) - 128.0) / chroma);
    let r = y + 2.0 * (1.0 - kr) * pr;
    let b = y + 2.0 * (1.0 - kb) * pb;
    let g = (y - kr * r - kb * b) / (1.0 - kr - kb);
    [r, g, b].map(|v| (v * 255.0).clamp(0.0, 255.0))
}

/// A plane of noise. By seed, its last row ends where its samples do, is padded like the others, or more follows.
fn plane(row: usize, rows: usize, padding: usize, seed: u32) -> (Vec<u8>, usize) {
    let stride = row + padding;
    let mut state = seed | 1;
    let end = [row, stride, stride * 2 + row][seed as usize % 3];
    let data = (0..stride * (rows - 1) + end)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as u8
        })
        .collect();
    (data, stride)
}

fn close(got: &RgbImage, expected: impl Fn(usize, usize) -> [f32; 3]) -> std::result::Result<(), String> {
    for (x, y, pixel) in got.enumerate_pixels() {
        let want = expected(x as usize, y as usize);
        for c in 0..3 {
            if (f32::from(pixel[c]) - want[c]).abs() > 2.0 {
                return Err(format!("({x}, {y}): {pixel:?} for {want:?}"));
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn nv12_and_i420_agree_with_scalar_arithmetic(
        width in 1usize..70, height in 1usize..20, padding in 0usize..9, seed: u32, color in 0usize..4,
    ) {
        let color = COLORS[color];
        let conversion = Conversion { color, ..Conversion::default() };
        let (half_w, half_h) = (width.div_ceil(2), height.div_ceil(2));
        let (luma, y_stride) = plane(width, height, padding, seed);
        let (chroma, c_stride) = plane(half_w * 2, half_h, padding * 2, !seed);
        let (w, h) = (width as u32, height as u32);
        let planes = [Plane { data: &luma, stride: y_stride }, Plane { data: &chroma, stride: c_stride }];
        let nv12 = Frame::new(PixelFormat::Nv12, w, h, &planes).unwrap().to_rgb(&conversion).unwrap();
        close(&nv12, |x, y| {
            let c = y / 2 * c_stride + x / 2 * 2;
            reference(luma[y * y_stride + x], chroma[c], chroma[c + 1], color)
        }).unwrap();

        let split = |first: usize| -> Vec<u8> {
            chroma.chunks(c_stride).take(half_h).flat_map(|r| r[..half_w * 2].iter().skip(first).step_by(2).copied()).collect()
        };
        let (cb, cr) = (split(0), split(1));
        let planes = [planes[0], Plane { data: &cb, stride: half_w }, Plane { data: &cr, stride: half_w }];
        let i420 = Frame::new(PixelFormat::I420, w, h, &planes).unwrap().to_rgb(&conversion).unwrap();
        close(&i420, |x, y| {
            let c = y / 2 * half_w + x / 2;
            reference(luma[y * y_stride + x], cb[c], cr[c], color)
        }).unwrap();
    }

    #[test]
    fn rgb_formats_are_exact(width in 1usize..70, height in 1usize..20, padding in 0usize..9, seed: u32) {
        let (w, h) = (width as u32, height as u32);
        for (format, order, bytes) in [
            (PixelFormat::Rgb8, [0, 1, 2], 3),
            (PixelFormat::Rgba8, [0, 1, 2], 4),
            (PixelFormat::Bgra8, [2, 1, 0], 4),
        ] {
            let (data, stride) = plane(width * bytes, height, padding, seed);
            let frame = Frame::new(format, w, h, &[Plane { data: &data, stride }]).unwrap();
            let rgb = frame.to_rgb(&Conversion::default()).unwrap();
            prop_assert_eq!(rgb.dimensions(), (w, h));
            for (x, y, pixel) in rgb.enumerate_pixels() {
                let at = y as usize * stride + x as usize * bytes;
                prop_assert_eq!(pixel.0, order.map(|c: usize| data[at + c]), "{:?} ({}, {})", format, x, y);
            }
        }
    }

    /// Whatever a camera driver hands over, the answer is a picture of that size or `frame.invalid`.
    #[test]
    fn any_planes_are_converted_or_refused(
        format in 0usize..5, width in 0u32..40, height in 0u32..40,
        lengths in proptest::collection::vec(0usize..4000, 0..5),
        strides in proptest::collection::vec(prop_oneof![0usize..200, Just(usize::MAX), Just(1 << 40)], 5),
        turn in 0i32..4, mirror: bool,
    ) {
        let format = [
            PixelFormat::Rgb8, PixelFormat::Rgba8, PixelFormat::Bgra8, PixelFormat::Nv12, PixelFormat::I420,
        ][format];
        let data = vec![7; 4000];
        let planes: Vec<_> =
            lengths.iter().zip(&strides).map(|(&n, &stride)| Plane { data: &data[..n], stride }).collect();
        let rotation = Rotation::from_degrees(turn * 90).unwrap();
        let conversion = Conversion { rotation, mirror, ..Conversion::default() };
        match Frame::new(format, width, height, &planes).and_then(|frame| frame.to_rgb(&conversion)) {
            Ok(rgb) if turn % 2 == 0 => prop_assert_eq!(rgb.dimensions(), (width, height)),
            Ok(rgb) => prop_assert_eq!(rgb.dimensions(), (height, width)),
            Err(error) => prop_assert_eq!(error.code(), "frame.invalid"),
        }
    }
}

fn refusal(format: PixelFormat, width: u32, height: u32, planes: &[Plane<'_>]) -> String {
    match Frame::new(format, width, height, planes) {
        Err(Error::FrameInvalid { detail }) => detail,
        other => panic!("expected frame.invalid, got {other:?}"),
    }
}

#[test]
fn refusals_say_which_plane_and_why() {
    let data = [0; 64];
    let plane = |n: usize, stride| Plane { data: &data[..n], stride };
    assert_eq!(refusal(PixelFormat::Rgb8, 0, 2, &[plane(6, 3)]), "its size is 0 x 2");
    assert_eq!(refusal(PixelFormat::Nv12, 2, 2, &[plane(4, 2)]), "Nv12 has 2 planes, got 1");
    assert_eq!(
        refusal(PixelFormat::Rgba8, 4, 2, &[plane(32, 12)]),
        "plane 0 of 4 x 2 Rgba8: the stride is 12 bytes, a row has 16"
    );
    // 5 x 3: chroma rows of ceil(5 / 2) pairs, ceil(3 / 2) rows.
    assert_eq!(
        refusal(PixelFormat::Nv12, 5, 3, &[plane(15, 5), plane(11, 6)]),
        "plane 1 of 5 x 3 Nv12: 11 bytes, needs 12"
    );
    assert!(Frame::new(PixelFormat::Nv12, 5, 3, &[plane(15, 5), plane(12, 6)]).is_ok());
    assert_eq!(
        refusal(PixelFormat::Rgb8, 1, u32::MAX, &[plane(64, usize::MAX)]),
        "plane 0 of 1 x 4294967295 Rgb8: 64 bytes, needs more than memory holds"
    );
}

#[test]
fn rotation_comes_before_the_mirror() {
    // Row 0: red, green; row 1: blue, white.
    let data = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];
    let frame = Frame::new(PixelFormat::Rgb8, 2, 2, &[Plane { data: &data, stride: 6 }]).unwrap();
    let letters = |rotation, mirror| -> String {
        let rgb = frame.to_rgb(&Conversion { rotation, mirror, ..Conversion::default() }).unwrap();
        rgb.pixels()
            .map(|p| match p.0 {
                [255, 0, 0] => 'R',
                [0, 255, 0] => 'G',
                [0, 0, 255] => 'B',
                _ => 'W',
            })
            .collect()
    };
    assert_eq!(letters(Rotation::None, false), "RGBW");
    assert_eq!(letters(Rotation::Cw90, false), "BRWG");
    assert_eq!(letters(Rotation::Cw180, false), "WBGR");
    assert_eq!(letters(Rotation::Cw270, false), "GWRB");
    assert_eq!(letters(Rotation::None, true), "GRWB");
    assert_eq!(letters(Rotation::Cw90, true), "RBGW");
    assert_eq!(letters(Rotation::Cw180, true), "BWRG");
    assert_eq!(letters(Rotation::Cw270, true), "WGBR");
}

#[test]
fn only_right_angles() {
    assert_eq!(Rotation::from_degrees(-90).unwrap(), Rotation::Cw270);
    assert_eq!(Rotation::from_degrees(450).unwrap(), Rotation::Cw90);
    assert_eq!(Rotation::from_degrees(45).unwrap_err().code(), "frame.invalid");
}
