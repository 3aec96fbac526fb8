//! Reading order by recursive X-Y cut (Nagy & Seth 1984): columns and paragraphs are split at empty gaps, rows within
//! a block read left to right.

use std::ops::Range;

use crate::geometry::{Point, Quad};

/// A gap splits blocks and columns if it is wider than this many line heights.
const GAP: f32 = 1.2;
/// A column has at least this many rows ...
const COLUMN_ROWS: usize = 3;
/// ... that are usually at least this many line heights wide: about a dozen letters.
const COLUMN_WIDTH: f32 = 6.0;
/// Text of one row differs in height by less than this; a line running down the page is far higher.
const ROW_HEIGHTS: f32 = 3.0;

#[derive(Clone, Copy)]
struct Item {
    index: usize,
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
}

impl Item {
    fn height(&self) -> f32 {
        self.bottom - self.top
    }

    fn middle(&self) -> f32 {
        f32::midpoint(self.top, self.bottom)
    }
}

/// The order in which a person reads `quads`, and which consecutive ones (positions in that order) share a row.
#[must_use]
pub fn reading_order(quads: &[Quad]) -> (Vec<usize>, Vec<Range<usize>>) {
    let tilt = median(quads.iter().map(tilt));
    let items = quads
        .iter()
        .enumerate()
        .map(|(index, quad)| {
            let (left, top, right, bottom) = turned_back(quad, tilt).bounds();
            Item { index, left, top, right, bottom }
        })
        .collect();
    let mut rows = Vec::new();
    split_columns(items, &mut rows);
    let mut order = Vec::with_capacity(quads.len());
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows {
        lines.push(order.len()..order.len() + row.len());
        order.extend(row.iter().map(|item| item.index));
    }
    (order, lines)
}

/// Angle of the text against the horizontal in radians; positive runs downwards.
fn tilt(quad: &Quad) -> f32 {
    let [tl, tr, br, bl] = quad.0;
    (tr.y + br.y - tl.y - bl.y).atan2(tr.x + br.x - tl.x - bl.x)
}

/// The quad with the page's tilt taken out: rows of a label photographed at an angle become level.
fn turned_back(quad: &Quad, tilt: f32) -> Quad {
    let (sin, cos) = tilt.sin_cos();
    Quad(quad.0.map(|p| Point::new(p.x.mul_add(cos, p.y * sin), p.y.mul_add(cos, -(p.x * sin)))))
}

fn split_columns(items: Vec<Item>, rows: &mut Vec<Vec<Item>>) {
    let gap = GAP * median(items.iter().map(Item::height));
    for block in cut(items, |i| (i.top, i.bottom), gap) {
        let columns = cut(block.clone(), |i| (i.left, i.right), gap);
        if columns.len() > 1 && columns.iter().all(|column| is_text_column(column)) {
            for column in columns {
                split_columns(column, rows);
            }
        } else {
            rows.extend(group_rows(block));
        }
    }
}

/// Running text, not the names or the prices of a receipt, whose rows belong together.
fn is_text_column(items: &[Item]) -> bool {
    let line_height = median(items.iter().map(Item::height));
    let wide = median(items.iter().map(|i| i.right - i.left)) >= COLUMN_WIDTH * line_height;
    wide && group_rows(items.to_vec()).len() >= COLUMN_ROWS
}

/// Splits items where their extents leave a gap larger than `smallest`.
fn cut(mut items: Vec<Item>, extent: fn(&Item) -> (f32, f32), smallest: f32) -> Vec<Vec<Item>> {
    items.sort_by(|a, b| extent(a).0.total_cmp(&extent(b).0));
    let mut parts: Vec<Vec<Item>> = Vec::new();
    let mut end = f32::NEG_INFINITY;
    for item in items {
        let (from, to) = extent(&item);
        match parts.last_mut() {
            Some(part) if from - end <= smallest => part.push(item),
            _ => parts.push(vec![item]),
        }
        end = end.max(to);
    }
    parts
}

/// Rows from top to bottom: an item joins a row if it is about as high and its middle lies within the middle half of it.
fn group_rows(mut items: Vec<Item>) -> Vec<Vec<Item>> {
    items.sort_by(|a, b| a.middle().total_cmp(&b.middle()));
    let mut rows: Vec<Vec<Item>> = Vec::new();
    for item in items {
        let joins = rows.last().is_some_and(|row| {
            let last = &row[row.len() - 1];
            let (low, high) = (item.height().min(last.height()), item.height().max(last.height()));
            high <= ROW_HEIGHTS * low && (item.middle() - last.middle()).abs() <= 0.5 * low
        });
        match rows.last_mut() {
            Some(row) if joins => row.push(item),
            _ => rows.push(vec![item]),
        }
    }
    for row in &mut rows {
        row.sort_by(|a, b| a.left.total_cmp(&b.left));
    }
    rows
}

fn median(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quad(left: f32, top: f32, width: f32) -> Quad {
        Quad::from_edges(left, top, left + width, top + 10.0)
    }

    #[test]
    fn rows_read_left_to_right_then_down() {
        // A receipt: names on the left, prices on the right, slightly uneven.
        let quads =
            [quad(200.0, 31.0, 30.0), quad(0.0, 0.0, 50.0), quad(0.0, 30.0, 80.0), quad(200.0, 2.0, 30.0)];
        let (order, lines) = reading_order(&quads);
        assert_eq!(order, [1, 3, 2, 0]);
        assert_eq!(lines, [0..2, 2..4]);
    }

    #[test]
    fn a_column_of_prices_stays_with_its_names() {
        let quads: Vec<Quad> = (0..5u8)
            .flat_map(|row| {
                [quad(0.0, f32::from(row) * 14.0, 90.0), quad(150.0, f32::from(row) * 14.0, 30.0)]
            })
            .collect();
        assert_eq!(reading_order(&quads).0, (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn a_tilted_label_is_read_in_its_own_rows() {
        let (sin, cos) = (-24f32).to_radians().sin_cos();
        let tilted =
            |quad: Quad| Quad(quad.0.map(|p| Point::new(p.x * cos - p.y * sin, p.x * sin + p.y * cos)));
        let quads = [quad(10.0, 60.0, 200.0), quad(0.0, 20.0, 180.0), quad(30.0, 100.0, 120.0)].map(tilted);
        let (order, lines) = reading_order(&quads);
        assert_eq!((order, lines.len()), (vec![1, 0, 2], 3));
    }

    #[test]
    fn a_line_running_down_does_not_share_a_row() {
        let down = Quad([
            Point::new(30.0, 0.0),
            Point::new(30.0, 200.0),
            Point::new(0.0, 200.0),
            Point::new(0.0, 0.0),
        ]);
        let quads = [quad(60.0, 95.0, 100.0), down, quad(60.0, 150.0, 100.0)];
        assert_eq!(reading_order(&quads).1.len(), 3);
    }

    #[test]
    fn two_columns_are_read_one_after_the_other() {
        let mut quads = Vec::new();
        for row in 0..5u8 {
            let y = f32::from(row) * 14.0;
            quads.extend([quad(0.0, y, 100.0), quad(150.0, y, 100.0)]);
        }
        let (order, lines) = reading_order(&quads);
        assert_eq!(order, [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]);
        assert_eq!(lines.len(), 10);
    }

    proptest! {
        #[test]
        fn every_region_appears_once(places in prop::collection::vec((0f32..500.0, 0f32..500.0, 1f32..200.0), 0..40)) {
            let quads: Vec<Quad> = places.iter().map(|&(x, y, w)| quad(x, y, w)).collect();
            let (mut order, lines) = reading_order(&quads);
            prop_assert_eq!(lines.iter().map(ExactSizeIterator::len).sum::<usize>(), quads.len());
            order.sort_unstable();
            prop_assert_eq!(order, (0..quads.len()).collect::<Vec<_>>());
        }
    }
}
