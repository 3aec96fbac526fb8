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

/// A blue that colour-blind people tell from every other hue, 7:1 on white; its white border keeps it visible on any
/// picture.
const INK: Rgb<u8> = Rgb([0, 84, 147]);
const PAPER: Rgb<u8> = Rgb([255, 255, 255]);

/// Draws `page` on `image`.
pub fn draw(mut image: RgbImage, page: &TextPage) -> Result<RgbImage, InvalidFont> {
    let font = FontRef::try_from_slice(dejavu::sans::regular())?;
    let unit = (image.width().max(image.height()) as f32 / 1000.0).max(1.0);
    for word in page.regions.iter().flat_map(|region| &region.words) {
        outline(&mut image, &word.quad, 3.6 * unit, PAPER);
        outline(&mut image, &word.quad, 1.6 * unit, INK);
    }
    // Labels come last, so that no box crosses one, and keep off the text and off each other while there is room.
    let mut taken: Vec<Area> = page.regions.iter().map(|r| Area::around(&r.quad)).collect();
    for region in &page.regions {
        let label = Label::new(&font, region, unit);
        let area = label.place(region, (image.width() as f32, image.height() as f32), &taken);
        label.draw(&mut image, area);
        taken.push(area);
    }
    Ok(image)
}

/// An axis-aligned rectangle in pixels.
#[derive(Clone, Copy)]
struct Area {
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
}

impl Area {
    fn around(quad: &Quad) -> Self {
        let (left, top, right, bottom) = quad.bounds();
        Self { left, top, right, bottom }
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }
}

struct Label<'a> {
    font: &'a FontRef<'a>,
    text: &'a str,
    scale: PxScale,
    width: f32,
    height: f32,
}

impl<'a> Label<'a> {
    fn new(font: &'a FontRef<'a>, region: &'a TextRegion, unit: f32) -> Self {
        let scale = PxScale::from((region.quad.height() * 0.5).clamp(12.0 * unit, 20.0 * unit));
        let (width, height) = text_size(scale, font, &region.text);
        Self {
            font,
            text: &region.text,
            scale,
            width: width as f32 + 6.0,
            height: height.max(1) as f32 + 6.0,
        }
    }

    /// Above, below, right or left of its line: the first place inside the picture that is free, else above.
    fn place(&self, region: &TextRegion, (width, height): (f32, f32), taken: &[Area]) -> Area {
        let line = Area::around(&region.quad);
        let places = [
            (line.left, line.top - self.height),
            (line.left, line.bottom),
            (line.right, line.top),
            (line.left - self.width, line.top),
        ]
        .map(|(left, top)| {
            let left = left.min(width - self.width).max(0.0);
            let top = top.min(height - self.height).max(0.0);
            Area { left, top, right: left + self.width, bottom: top + self.height }
        });
        let free = |area: &&Area| !taken.iter().any(|other| area.overlaps(other));
        places.iter().find(free).copied().unwrap_or(places[0])
    }

    fn draw(&self, image: &mut RgbImage, area: Area) {
        let (x, y) = (area.left as i32, area.top as i32);
        draw_filled_rect_mut(image, Rect::at(x, y).of_size(self.width as u32, self.height as u32), PAPER);
        draw_text_mut(image, INK, x + 3, y + 1, self.scale, self.font, self.text);
    }
}

/// A line of `thickness` pixels along each side.
fn outline(image: &mut RgbImage, quad: &Quad, thickness: f32, colour: Rgb<u8>) {
    for i in 0..4 {
        let (a, b) = (quad.0[i], quad.0[(i + 1) % 4]);
        let length = a.distance(b).max(1.0);
        let (dx, dy) = ((b.x - a.x) / length * thickness, (b.y - a.y) / length * thickness);
        let corner = |x: f32, y: f32| Point::new(x.round() as i32, y.round() as i32);
        // Half a thickness beyond each end, so that the sides meet.
        let mut ring = vec![
            corner(a.x - dx / 2.0 + dy / 2.0, a.y - dy / 2.0 - dx / 2.0),
            corner(b.x + dx / 2.0 + dy / 2.0, b.y + dy / 2.0 - dx / 2.0),
            corner(b.x + dx / 2.0 - dy / 2.0, b.y + dy / 2.0 + dx / 2.0),
            corner(a.x - dx / 2.0 - dy / 2.0, a.y - dy / 2.0 + dx / 2.0),
        ];
        // `draw_polygon` wants an open ring of distinct points; a very short side rounds to fewer.
        ring.dedup();
        if ring.first() == ring.last() {
            ring.pop();
        }
        if ring.len() > 2 {
            draw_polygon_mut(image, &ring, colour);
        }
    }
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
        TextPage {
            width: 120,
            height: 80,
            regions: vec![region],
            lines: std::iter::once(0..1).collect(),
            timings,
        }
    }

    #[test]
    fn the_box_and_the_label_are_drawn() {
        let before = RgbImage::new(120, 80);
        let after = draw(before, &page(Quad::from_edges(20.0, 40.0, 100.0, 60.0))).unwrap();
        assert_eq!(after.get_pixel(20, 50), &INK);
        assert_eq!(after.get_pixel(60, 50), &Rgb([0, 0, 0]), "the word itself stays visible");
        assert!(after.enumerate_pixels().any(|(_, y, p)| y < 35 && *p == PAPER), "the label stands above");
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
        assert_eq!(
            draw(RgbImage::new(2, 2), &page(Quad::from_edges(0.0, 0.0, 2.0, 2.0))).unwrap().width(),
            2
        );
    }
}
