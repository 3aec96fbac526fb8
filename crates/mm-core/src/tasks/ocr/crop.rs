//! Cutting a text line out of the image and straightening it.

use image::{RgbImage, imageops};
use imageproc::geometric_transformations::{Border, Interpolation, Projection, warp_into};

use crate::{
    geometry::{Point, Quad},
    resize::{Filter, Resizer},
};

/// Lines higher than this, in pixels, are shrunk to it: four times what the recogniser sees of a line (48), so nothing
/// it could read is lost. What is that large is mostly no text but a blurred shape as large as a photo, and straightening
/// all its pixels took seconds (`docs/library.md`).
const MAX_LINE_HEIGHT: f32 = 192.0;

/// The content of `quad`, straightened: as wide and high as the quad's longer sides, at least one pixel; shrunk where the
/// shorter side is more than 192 pixels, to that.
///
/// Perspective warp with bicubic sampling and repeated edges, as PP-OCR's `get_rotate_crop_image`. A quad of whole
/// pixels with upright sides is copied instead, which gives the same pixels.
#[must_use]
pub fn crop_quad(image: &RgbImage, quad: &Quad) -> RgbImage {
    let height = quad.width().min(quad.height());
    if height > MAX_LINE_HEIGHT
        && let Some((part, quad)) = shrink(image, quad, MAX_LINE_HEIGHT / height)
    {
        return straighten(&part, &quad);
    }
    straighten(image, quad)
}

/// The part of `image` around `quad` at `scale`, and where the quad is in it; none if no part of it is in the image.
fn shrink(image: &RgbImage, quad: &Quad, scale: f32) -> Option<(RgbImage, Quad)> {
    let (left, top, right, bottom) = quad.bounds();
    let (left, top) = (left.floor().max(0.0) as u32, top.floor().max(0.0) as u32);
    let width = (right.ceil().max(0.0) as u32).min(image.width()).checked_sub(left)?;
    let height = (bottom.ceil().max(0.0) as u32).min(image.height()).checked_sub(top)?;
    let scaled = |side: u32| ((side as f32 * scale).round() as u32).max(1);
    let (to_width, to_height) = (scaled(width), scaled(height));
    let part = Resizer::new()
        .resize_part(image, (left, top, width, height), to_width, to_height, Filter::BilinearAntialias)
        .ok()?;
    let (scale_x, scale_y) = (to_width as f32 / width as f32, to_height as f32 / height as f32);
    let moved = |p: Point| Point::new((p.x - left as f32) * scale_x, (p.y - top as f32) * scale_y);
    Some((part, Quad(quad.0.map(moved))))
}

fn straighten(image: &RgbImage, quad: &Quad) -> RgbImage {
    let (width, height) = ((quad.width() as u32).max(1), (quad.height() as u32).max(1));
    if let Some((x, y)) = whole_pixel_corner(quad) {
        let inside = x + width <= image.width() && y + height <= image.height();
        if inside {
            return imageops::crop_imm(image, x, y, width, height).to_image();
        }
    }
    let (w, h) = (width as f32, height as f32);
    let from = quad.0.map(|p| (p.x, p.y));
    let to = [(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)];
    let mut out = RgbImage::new(width, height);
    // A degenerate quad has no projection; it stays black and reads as nothing.
    if let Some(projection) = Projection::from_control_points(from, to) {
        warp_into(image, projection, Interpolation::Bicubic, Border::Replicate, &mut out);
    }
    out
}

fn whole_pixel_corner(quad: &Quad) -> Option<(u32, u32)> {
    let (left, top, right, bottom) = quad.bounds();
    let upright = *quad == Quad::from_edges(left, top, right, bottom);
    let whole = [left, top, right, bottom].iter().all(|v| v.fract() == 0.0 && *v >= 0.0);
    (upright && whole).then_some((left as u32, top as u32))
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn gradient() -> RgbImage {
        RgbImage::from_fn(60, 40, |x, y| Rgb([(x * 4) as u8, (y * 6) as u8, 128]))
    }

    #[test]
    fn an_upright_quad_is_copied_exactly() {
        let crop = crop_quad(&gradient(), &Quad::from_edges(10.0, 5.0, 30.0, 15.0));
        assert_eq!(crop.dimensions(), (20, 10));
        assert_eq!(crop.get_pixel(0, 0), gradient().get_pixel(10, 5));
        assert_eq!(crop.get_pixel(19, 9), gradient().get_pixel(29, 14));
    }

    #[test]
    fn the_warp_agrees_with_the_copy() {
        // Half a pixel off is no longer whole, so it is warped; a linear gradient moves by half a step.
        let crop = crop_quad(&gradient(), &Quad::from_edges(10.5, 5.0, 30.5, 15.0));
        let (got, want) = (crop.get_pixel(4, 4).0[0], u8::midpoint(14 * 4, 15 * 4));
        assert!(got.abs_diff(want) <= 1, "{got} is not {want}");
    }

    #[test]
    fn a_turned_quad_is_straightened() {
        // A quarter turn clockwise: the text's start is the quad's top right corner in image terms.
        let quad = Quad([
            Point::new(40.0, 5.0),
            Point::new(40.0, 25.0),
            Point::new(30.0, 25.0),
            Point::new(30.0, 5.0),
        ]);
        let crop = crop_quad(&gradient(), &quad);
        assert_eq!(crop.dimensions(), (20, 10));
        // Along the crop's x the image's y grows.
        assert!(crop.get_pixel(15, 5).0[1] > crop.get_pixel(5, 5).0[1]);
    }

    #[test]
    fn a_line_far_higher_than_the_recogniser_sees_is_shrunk_in_place() {
        let large = RgbImage::from_fn(1200, 900, |x, y| Rgb([(x / 5) as u8, (y / 4) as u8, 128]));
        // Turned a little, and beyond the image's left edge, which is repeated.
        let quad = Quad([
            Point::new(-40.0, 100.5),
            Point::new(1000.0, 140.5),
            Point::new(985.0, 530.5),
            Point::new(-55.0, 490.5),
        ]);
        let small = crop_quad(&large, &quad);
        assert!(small.height() == 191 || small.height() == 192, "{:?}", small.dimensions());
        let full = straighten(&large, &quad);
        for (u, v) in [(0.01, 0.1), (0.2, 0.5), (0.5, 0.5), (0.9, 0.2), (0.97, 0.95)] {
            let at = |image: &RgbImage| {
                *image.get_pixel((u * image.width() as f32) as u32, (v * image.height() as f32) as u32)
            };
            let (got, want) = (at(&small), at(&full));
            for c in 0..3 {
                assert!(got[c].abs_diff(want[c]) <= 3, "at {u}, {v}: {got:?} is not {want:?}");
            }
        }
        let away = Quad::from_edges(5000.0, 5000.0, 6000.0, 5500.0);
        assert_eq!(crop_quad(&large, &away).dimensions(), (1000, 500));
    }

    #[test]
    fn edges_are_repeated_and_degenerate_quads_do_not_panic() {
        let beyond = crop_quad(&gradient(), &Quad::from_edges(50.0, 30.0, 70.0, 50.0));
        assert_eq!(beyond.dimensions(), (20, 20));
        let flat = Quad([Point::new(3.0, 3.0); 4]);
        assert_eq!(crop_quad(&gradient(), &flat).dimensions(), (1, 1));
    }
}
