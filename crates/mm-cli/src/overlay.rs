//! Drawing what was read onto the picture: a box around each word and the word above its line.

use ab_glyph::{FontRef, InvalidFont, PxScale};
use image::{Rgb, RgbImage};
use imageproc::{
    drawing::{draw_filled_rect_mut, draw_polygon_mut, draw_text_mut, text_size},
    point::Point,
    rect::Rect,
};
use mm_core::{
    geometry::Quad,
    tasks::ocr::{TextPage, TextRegion},
};

/// Okabe & Ito's vermillion: distinct for colour-blind people, on light and on dark pictures.
const INK: Rgb<u8> = Rgb([213, 94, 0]);
const PAPER: Rgb<u8> = Rgb([255, 255, 255]);

/// Draws `page` on `image`.
pub fn draw(mut image: RgbImage, page: &TextPage) -> Result<RgbImage, InvalidFont> {
    let font = FontRef::try_from_slice(dejavu::sans::regular())?;
    for region in &page.regions {
        for word in &region.words {
            outline(&mut image, &word.quad);
        }
    }
    // Labels last, so that no box crosses one.
    for region in &page.regions {
        label(&mut image, &font, region);
    }
    Ok(image)
}

fn outline(image: &mut RgbImage, quad: &Quad) {
    let [tl, tr, br, bl] = quad.0;
    let edges = [(tl, tr), (tr, br), (br, bl), (bl, tl)];
    let half = (image.width().max(image.height()) as f32 / 1200.0).max(0.75);
    for (a, b) in edges {
        let length = a.distance(b).max(1.0);
        let (nx, ny) = ((b.y - a.y) / length * half, (a.x - b.x) / length * half);
        let corner = |x: f32, y: f32| Point::new(x.round() as i32, y.round() as i32);
        let mut ring = vec![
            corner(a.x + nx, a.y + ny),
            corner(b.x + nx, b.y + ny),
            corner(b.x - nx, b.y - ny),
            corner(a.x - nx, a.y - ny),
        ];
        // `draw_polygon` wants an open ring of distinct points; a very short edge rounds to fewer.
        ring.dedup();
        if ring.first() == ring.last() {
            ring.pop();
        }
        if ring.len() > 2 {
            draw_polygon_mut(image, &ring, INK);
        }
    }
}

fn label(image: &mut RgbImage, font: &FontRef<'_>, region: &TextRegion) {
    let (left, top, right, bottom) = region.quad.bounds();
    let size = ((bottom - top).min(right - left) * 0.5).clamp(11.0, 40.0);
    let scale = PxScale::from(size);
    let (width, height) = text_size(scale, font, &region.text);
    let (width, height) = (width.max(1) + 4, height.max(1) + 4);
    // Above the line if there is room, else below it; always inside the picture.
    let above = top as i32 - height as i32;
    let y = if above >= 0 { above } else { bottom as i32 };
    let x = (left as i32).min(image.width() as i32 - width as i32).max(0);
    let y = y.min(image.height() as i32 - height as i32).max(0);
    draw_filled_rect_mut(image, Rect::at(x, y).of_size(width, height), PAPER);
    draw_text_mut(image, INK, x + 2, y, scale, font, &region.text);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mm_core::tasks::ocr::{OcrTimings, Word};

    use super::*;

    fn page(quad: Quad) -> TextPage {
        let word = Word { text: "HALT".to_owned(), quad, confidence: 0.9 };
        let region = TextRegion { text: "HALT".to_owned(), quad, confidence: 0.9, words: vec![word] };
        let timings = OcrTimings { detect: Duration::ZERO, recognize: Duration::ZERO, total: Duration::ZERO };
        TextPage { width: 120, height: 80, regions: vec![region], lines: vec![0..1], timings }
    }

    #[test]
    fn the_box_and_the_label_are_drawn() {
        let before = RgbImage::new(120, 80);
        let after = draw(before, &page(Quad::from_edges(20.0, 40.0, 100.0, 60.0))).unwrap();
        assert_eq!(after.get_pixel(20, 50), &INK);
        assert_eq!(after.get_pixel(60, 50), &Rgb([0, 0, 0]), "the word itself stays visible");
        assert!(after.enumerate_pixels().any(|(_, y, p)| y < 40 && *p == PAPER));
    }

    #[test]
    fn boxes_at_and_beyond_the_edges_do_not_panic() {
        for quad in [
            Quad::from_edges(0.0, 0.0, 120.0, 80.0),
            Quad::from_edges(-30.0, -30.0, 300.0, 300.0),
            Quad::from_edges(5.0, 5.0, 5.0, 5.0),
        ] {
            assert_eq!(draw(RgbImage::new(120, 80), &page(quad)).unwrap().dimensions(), (120, 80));
        }
        assert_eq!(draw(RgbImage::new(2, 2), &page(Quad::from_edges(0.0, 0.0, 2.0, 2.0))).unwrap().width(), 2);
    }
}
