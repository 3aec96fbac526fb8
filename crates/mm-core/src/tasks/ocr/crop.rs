//! Cutting a text line out of the image and straightening it.

use image::{RgbImage, imageops};
use imageproc::geometric_transformations::{Border, Interpolation, Projection, warp_into};

use crate::geometry::Quad;

/// The content of `quad`, straightened: as wide and high as the quad's longer sides, at least one pixel.
///
/// Perspective warp with bicubic sampling and repeated edges, as PP-OCR's `get_rotate_crop_image`. A quad of whole
/// pixels with upright sides is copied instead, which gives the same pixels.
#[must_use]
pub fn crop_quad(image: &RgbImage, quad: &Quad) -> RgbImage {
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
    use crate::geometry::Point;

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
    fn edges_are_repeated_and_degenerate_quads_do_not_panic() {
        let beyond = crop_quad(&gradient(), &Quad::from_edges(50.0, 30.0, 70.0, 50.0));
        assert_eq!(beyond.dimensions(), (20, 20));
        let flat = Quad([Point::new(3.0, 3.0); 4]);
        assert_eq!(crop_quad(&gradient(), &flat).dimensions(), (1, 1));
    }
}
