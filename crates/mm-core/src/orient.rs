//! Rotation and mirroring of RGB images, shared by EXIF orientation and camera frames.

use image::metadata::Orientation;
use image::{RgbImage, imageops};

/// Turns `image` upright. In place where width and height stay, one more buffer where they swap.
pub(crate) fn orient(mut image: RgbImage, orientation: Orientation) -> RgbImage {
    match orientation {
        Orientation::NoTransforms => {}
        Orientation::FlipHorizontal => imageops::flip_horizontal_in_place(&mut image),
        Orientation::FlipVertical => imageops::flip_vertical_in_place(&mut image),
        Orientation::Rotate180 => imageops::rotate180_in_place(&mut image),
        // Column x of the source becomes row x or, counted from below, row `width - 1 - x`.
        Orientation::Rotate90FlipH => return transpose(&image, false, false),
        Orientation::Rotate90 => return transpose(&image, false, true),
        Orientation::Rotate270 => return transpose(&image, true, false),
        Orientation::Rotate270FlipH => return transpose(&image, true, true),
    }
    image
}

/// Exchanges rows and columns, then reverses the order of the rows, of the columns, or of both.
///
/// Portrait photos are stored sideways, so this runs on most phone pictures. `imageops::rotate90` writes one
/// pixel per cache line; square tiles keep both sides in the cache (`benches/pixels.rs` has the ratio).
fn transpose(image: &RgbImage, reverse_rows: bool, reverse_columns: bool) -> RgbImage {
    const TILE: usize = 32;
    let (width, height) = (image.width() as usize, image.height() as usize);
    let (source, _) = image.as_chunks::<3>();
    let mut turned = RgbImage::new(image.height(), image.width());
    let (target, _) = turned.as_chunks_mut::<3>();
    for top in (0..height).step_by(TILE) {
        let bottom = height.min(top + TILE);
        let first = if reverse_columns { height - bottom } else { top };
        for left in (0..width).step_by(TILE) {
            for x in left..width.min(left + TILE) {
                let row = if reverse_rows { width - 1 - x } else { x };
                let line = &mut target[row * height + first..][..bottom - top];
                let column = source[top * width + x..].iter().step_by(width);
                if reverse_columns {
                    line.iter_mut().rev().zip(column).for_each(|(out, pixel)| *out = *pixel);
                } else {
                    line.iter_mut().zip(column).for_each(|(out, pixel)| *out = *pixel);
                }
            }
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, Rgb};

    #[test]
    fn all_eight_agree_with_the_image_crate_at_odd_sizes() {
        for (width, height) in [(1, 1), (1, 7), (5, 3), (32, 33), (65, 31), (97, 70)] {
            let image = RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, (x * 7 + y) as u8]));
            for exif in 1..=8 {
                let orientation = Orientation::from_exif(exif).unwrap();
                let mut expected = DynamicImage::ImageRgb8(image.clone());
                expected.apply_orientation(orientation);
                let got = orient(image.clone(), orientation);
                assert!(got == expected.into_rgb8(), "{width}x{height}, EXIF {exif}");
            }
        }
    }
}
