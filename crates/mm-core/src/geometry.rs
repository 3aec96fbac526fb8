//! Points and quads in image pixels: x to the right, y down, the origin at the top left corner.

use serde::{Deserialize, Serialize};

/// A point in pixels, written in JSON as `[x, y]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f32; 2]", into = "[f32; 2]")]
pub struct Point {
    /// Pixels from the left edge.
    pub x: f32,
    /// Pixels from the top edge.
    pub y: f32,
}

impl Point {
    /// A point at `(x, y)`.
    #[must_use]
    pub const fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    /// Euclidean distance in pixels.
    #[must_use]
    pub fn distance(self, other: Self) -> f32 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// The point a fraction `t` of the way to `other`; `t` = 0 gives `self`, 1 gives `other`.
    #[must_use]
    pub fn lerp(self, other: Self, t: f32) -> Self {
        Self::new((other.x - self.x).mul_add(t, self.x), (other.y - self.y).mul_add(t, self.y))
    }
}

impl From<[f32; 2]> for Point {
    fn from([x, y]: [f32; 2]) -> Self {
        Self { x, y }
    }
}

impl From<Point> for [f32; 2] {
    fn from(p: Point) -> Self {
        [p.x, p.y]
    }
}

/// A bounding quad: four corners, clockwise from the top left of the text (TL, TR, BR, BL).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quad(pub [Point; 4]);

impl Quad {
    /// An axis-aligned quad from its left, top, right and bottom edges.
    #[must_use]
    pub const fn from_edges(left: f32, top: f32, right: f32, bottom: f32) -> Self {
        Self([
            Point::new(left, top),
            Point::new(right, top),
            Point::new(right, bottom),
            Point::new(left, bottom),
        ])
    }

    /// Four corners of a rectangle in any order, put in the order TL, TR, BR, BL: the two leftmost points are
    /// the left side, the upper one of each side comes first (as `get_mini_boxes` of PP-OCR's DB post-processing).
    #[must_use]
    pub fn from_unordered(mut corners: [Point; 4]) -> Self {
        corners.sort_by(|a, b| a.x.total_cmp(&b.x));
        let [a, b, c, d] = corners;
        let (top_left, bottom_left) = if b.y > a.y { (a, b) } else { (b, a) };
        let (top_right, bottom_right) = if d.y > c.y { (c, d) } else { (d, c) };
        Self([top_left, top_right, bottom_right, bottom_left])
    }

    /// Length of the longer of the top and bottom sides, in pixels.
    #[must_use]
    pub fn width(&self) -> f32 {
        let [tl, tr, br, bl] = self.0;
        tl.distance(tr).max(bl.distance(br))
    }

    /// Length of the longer of the left and right sides, in pixels.
    #[must_use]
    pub fn height(&self) -> f32 {
        let [tl, tr, br, bl] = self.0;
        tl.distance(bl).max(tr.distance(br))
    }

    /// Edges of the smallest axis-aligned box around the quad: left, top, right, bottom.
    #[must_use]
    pub fn bounds(&self) -> (f32, f32, f32, f32) {
        let fold = |pick: fn(&Point) -> f32, best: fn(f32, f32) -> f32, start: f32| {
            self.0.iter().map(pick).fold(start, best)
        };
        (
            fold(|p| p.x, f32::min, f32::INFINITY),
            fold(|p| p.y, f32::min, f32::INFINITY),
            fold(|p| p.x, f32::max, f32::NEG_INFINITY),
            fold(|p| p.y, f32::max, f32::NEG_INFINITY),
        )
    }

    /// Area in square pixels (shoelace formula); 0 for a degenerate quad.
    #[must_use]
    pub fn area(&self) -> f32 {
        let twice: f32 = (0..4)
            .map(|i| {
                let (a, b) = (self.0[i], self.0[(i + 1) % 4]);
                a.x.mul_add(b.y, -(b.x * a.y))
            })
            .sum();
        twice.abs() / 2.0
    }

    /// The part between the fractions `from` and `to` (0 = left side, 1 = right side) along the text direction.
    #[must_use]
    pub fn slice(&self, from: f32, to: f32) -> Self {
        let [tl, tr, br, bl] = self.0;
        Self([tl.lerp(tr, from), tl.lerp(tr, to), bl.lerp(br, to), bl.lerp(br, from)])
    }

    /// The same corners renamed so that the first side starts one corner later: the quad as seen after the image
    /// is turned by a quarter turn counter-clockwise.
    #[must_use]
    pub fn turned(&self) -> Self {
        let [tl, tr, br, bl] = self.0;
        Self([tr, br, bl, tl])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn json_is_a_list_of_pairs() {
        let quad = Quad::from_edges(1.0, 2.0, 5.0, 4.0);
        assert_eq!(serde_json::to_string(&quad).unwrap(), "[[1.0,2.0],[5.0,2.0],[5.0,4.0],[1.0,4.0]]");
    }

    #[test]
    fn slice_takes_the_middle_of_the_text() {
        let quad = Quad::from_edges(0.0, 0.0, 100.0, 10.0);
        assert_eq!(quad.slice(0.25, 0.5), Quad::from_edges(25.0, 0.0, 50.0, 10.0));
    }

    #[test]
    fn four_turns_are_the_identity() {
        let quad = Quad::from_edges(0.0, 0.0, 4.0, 9.0);
        assert_eq!(quad.turned().turned().turned().turned(), quad);
        assert!((quad.turned().width() - quad.height()).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn corner_order_does_not_matter(
            left in -50f32..50.0, top in -50f32..50.0, w in 1f32..90.0, h in 1f32..90.0,
            order in Just([0usize, 1, 2, 3]).prop_shuffle(),
        ) {
            let quad = Quad::from_edges(left, top, left + w, top + h);
            let shuffled = order.map(|i| quad.0[i]);
            prop_assert_eq!(Quad::from_unordered(shuffled), quad);
        }
    }
}
