//! DB post-processing: probability map -> rotated rectangles.
//!
//! As PP-OCR's `DBPostProcess` with `score_mode = fast`: threshold, connected regions, minimum-area rectangle, mean
//! score inside it, growth by `area * ratio / perimeter`. PP-OCR grows with a polygon clipper and rounded corners and
//! takes the minimum-area rectangle of the result; for a rectangle that is the rectangle moved out by the same
//! distance on every side, which is what is computed here.

use geo::{LineString, MinimumRotatedRect, MultiPoint, Point as GeoPoint, Polygon};
use image::{GrayImage, Luma};
use imageproc::contours::{BorderType, find_contours};
use ndarray::ArrayView2;

use crate::geometry::{Point, Quad};

/// Thresholds of the post-processing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoxSettings {
    /// Map values above this are text.
    pub threshold: f32,
    /// Boxes whose mean map value is below this are dropped.
    pub box_threshold: f32,
    /// Growth; see the module's text.
    pub unclip_ratio: f32,
}

/// Rectangles with a side under this many map pixels are noise, before growing and after (PP-OCR's `min_size`).
const MIN_SIDE: f32 = 3.0;
const MIN_GROWN_SIDE: f32 = MIN_SIDE + 2.0;
/// More regions than this are not read (PP-OCR's `max_candidates`).
const MAX_REGIONS: usize = 1000;

/// Text quads of a probability map `[height, width]`, scaled to an image of `size` (width, height) and clipped to it.
#[must_use]
pub fn boxes_from_map(map: &ArrayView2<'_, f32>, size: (u32, u32), settings: &BoxSettings) -> Vec<Quad> {
    let (height, width) = map.dim();
    let mask = GrayImage::from_fn(width as u32, height as u32, |x, y| {
        Luma([if map[[y as usize, x as usize]] > settings.threshold { 255 } else { 0 }])
    });
    let (scale_x, scale_y) = (size.0 as f32 / width as f32, size.1 as f32 / height as f32);
    find_contours::<i32>(&mask)
        .iter()
        .filter(|contour| contour.border_type == BorderType::Outer)
        .take(MAX_REGIONS)
        .filter_map(|contour| {
            let outline: MultiPoint<f64> =
                contour.points.iter().map(|p| GeoPoint::new(f64::from(p.x), f64::from(p.y))).collect();
            let rectangle = corners(&outline.minimum_rotated_rect()?)?;
            if shorter_side(&rectangle) < MIN_SIDE || mean_inside(map, &rectangle) < settings.box_threshold {
                return None;
            }
            let grown = grow(&rectangle, settings.unclip_ratio);
            (shorter_side(&grown) >= MIN_GROWN_SIDE).then(|| {
                // Whole pixels, as the reference; most upright text then needs no resampling to be cut out.
                let place = |p: Point| {
                    Point::new(
                        (p.x * scale_x).round().clamp(0.0, size.0 as f32),
                        (p.y * scale_y).round().clamp(0.0, size.1 as f32),
                    )
                };
                Quad(grown.0.map(place))
            })
        })
        .filter(|quad| quad.area() > 0.0)
        .collect()
}

fn corners(rectangle: &Polygon<f64>) -> Option<Quad> {
    let ring: &LineString<f64> = rectangle.exterior();
    let point = |i: usize| ring.0.get(i).map(|c| Point::new(c.x as f32, c.y as f32));
    Some(Quad::from_unordered([point(0)?, point(1)?, point(2)?, point(3)?]))
}

fn shorter_side(quad: &Quad) -> f32 {
    quad.width().min(quad.height())
}

/// Moves every side of a rectangle outwards by `area * ratio / perimeter`.
fn grow(quad: &Quad, ratio: f32) -> Quad {
    let (width, height) = (quad.width(), quad.height());
    let distance = width * height * ratio / (2.0 * (width + height));
    let [tl, tr, br, bl] = quad.0;
    let unit = |from: Point, to: Point| {
        let length = from.distance(to).max(f32::EPSILON);
        ((to.x - from.x) / length * distance, (to.y - from.y) / length * distance)
    };
    let ((rx, ry), (dx, dy)) = (unit(tl, tr), unit(tl, bl));
    Quad([
        Point::new(tl.x - rx - dx, tl.y - ry - dy),
        Point::new(tr.x + rx - dx, tr.y + ry - dy),
        Point::new(br.x + rx + dx, br.y + ry + dy),
        Point::new(bl.x - rx + dx, bl.y - ry + dy),
    ])
}

/// Mean of the map over the pixels whose centres lie in the quad (its border included).
fn mean_inside(map: &ArrayView2<'_, f32>, quad: &Quad) -> f32 {
    let (height, width) = map.dim();
    let (_, top, _, bottom) = quad.bounds();
    let rows = (top.ceil().max(0.0) as usize)..=(bottom.floor().clamp(0.0, height as f32 - 1.0) as usize);
    let (mut sum, mut count) = (0.0f32, 0usize);
    for y in rows {
        let Some((left, right)) = span(quad, y as f32) else { continue };
        let first = left.round().clamp(0.0, width as f32 - 1.0) as usize;
        let last = right.round().clamp(0.0, width as f32 - 1.0) as usize;
        for x in first..=last {
            sum += map[[y, x]];
            count += 1;
        }
    }
    if count == 0 { 0.0 } else { sum / count as f32 }
}

/// Where the horizontal line at `y` enters and leaves a convex quad.
fn span(quad: &Quad, y: f32) -> Option<(f32, f32)> {
    let (mut left, mut right) = (f32::INFINITY, f32::NEG_INFINITY);
    for i in 0..4 {
        let (a, b) = (quad.0[i], quad.0[(i + 1) % 4]);
        if (a.y - y) * (b.y - y) > 0.0 {
            continue;
        }
        let crossings = if (a.y - b.y).abs() < f32::EPSILON {
            [a.x, b.x]
        } else {
            let x = (y - a.y) / (b.y - a.y) * (b.x - a.x) + a.x;
            [x, x]
        };
        for x in crossings {
            left = left.min(x);
            right = right.max(x);
        }
    }
    (left <= right).then_some((left, right))
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use proptest::prelude::*;

    use super::*;

    const SETTINGS: BoxSettings = BoxSettings { threshold: 0.2, box_threshold: 0.4, unclip_ratio: 1.4 };

    /// A map that is 1 inside the rectangle of the given centre, size and angle, 0 outside.
    fn drawn(
        width: usize,
        height: usize,
        (cx, cy): (f32, f32),
        (w, h): (f32, f32),
        degrees: f32,
    ) -> Array2<f32> {
        let (sin, cos) = degrees.to_radians().sin_cos();
        Array2::from_shape_fn((height, width), |(y, x)| {
            let (dx, dy) = (x as f32 - cx, y as f32 - cy);
            let (u, v) = (dx * cos + dy * sin, dy * cos - dx * sin);
            f32::from(u.abs() <= w / 2.0 && v.abs() <= h / 2.0)
        })
    }

    #[test]
    fn an_upright_region_grows_on_all_sides_and_scales_to_the_image() {
        let map = drawn(200, 100, (100.0, 50.0), (80.0, 10.0), 0.0);
        let quads = boxes_from_map(&map.view(), (400, 200), &SETTINGS);
        assert_eq!(quads.len(), 1);
        // 80 x 10 grows by 80 * 10 * 1.4 / 180 = 6.2 map pixels, 12.4 image pixels.
        let (left, top, right, bottom) = quads[0].bounds();
        for (got, want) in [(left, 107.6), (top, 77.6), (right, 292.4), (bottom, 122.4)] {
            assert!((got - want).abs() <= 1.0, "{got} is not {want}");
        }
    }

    #[test]
    fn faint_small_and_no_regions_give_nothing() {
        let strong = drawn(100, 100, (50.0, 50.0), (40.0, 8.0), 0.0);
        assert_eq!(boxes_from_map(&(&strong * 0.3).view(), (100, 100), &SETTINGS), []);
        let dot = drawn(100, 100, (50.0, 50.0), (2.0, 2.0), 0.0);
        assert_eq!(boxes_from_map(&dot.view(), (100, 100), &SETTINGS), []);
        assert_eq!(boxes_from_map(&Array2::zeros((64, 64)).view(), (64, 64), &SETTINGS), []);
    }

    proptest! {
        #[test]
        fn rotated_regions_keep_their_shape(degrees in -40f32..40.0, w in 50f32..90.0, h in 8f32..20.0) {
            let map = drawn(200, 200, (100.0, 100.0), (w, h), degrees);
            let quads = boxes_from_map(&map.view(), (200, 200), &SETTINGS);
            prop_assert_eq!(quads.len(), 1);
            let grown = w * h * SETTINGS.unclip_ratio / (w + h);
            prop_assert!((quads[0].width() - (w + grown)).abs() < 6.0);
            prop_assert!((quads[0].height() - (h + grown)).abs() < 6.0);
        }

        #[test]
        fn any_map_gives_quads_inside_the_image(values in prop::collection::vec(0f32..1.0, 24 * 40)) {
            let map = Array2::from_shape_vec((24, 40), values).unwrap();
            for quad in boxes_from_map(&map.view(), (97, 61), &SETTINGS) {
                let (left, top, right, bottom) = quad.bounds();
                prop_assert!(left >= 0.0 && top >= 0.0 && right <= 97.0 && bottom <= 61.0);
                prop_assert!(quad.area() > 0.0);
            }
        }
    }
}
