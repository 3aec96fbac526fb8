//! Following lines of text from read to read, so that what is drawn over them does not flicker.
//!
//! A line is the same if it overlaps where it was and reads alike; see [`likeness`]. Its quad moves smoothly, its text
//! is the reading with the most confidence behind it, and it must be missed twice before it goes.

use std::ops::Range;

use super::{
    types::TrackedRegion,
    votes::{Votes, similarity},
};
use crate::{
    geometry::{Point, Quad},
    tasks::ocr::{TextPage, TextRegion, Word, reading_order},
};

/// Reads a line may be missing from before it disappears.
const MISSES: u32 = 2;
/// A line seen for the first time below this confidence is shown when it is seen again: single misdetections on
/// texture flicker otherwise.
const SHOWN_AT_ONCE: f32 = 0.8;
/// Share of the way to the new quad that a still camera's box moves.
const SMOOTHING: f32 = 0.5;
/// A corner that moved by more than this many line heights was moved, not misjudged: the box goes there at once.
const MOVED: f32 = 0.5;
/// Two readings at least this alike may be one line that moved out of its own box ...
const ALIKE: f32 = 0.6;
/// ... by at most this many line heights.
const REACH: f32 = 4.0;
/// Boxes overlapping by this share are one line whatever they read: its text changed.
const SAME_PLACE: f32 = 0.5;

#[derive(Debug)]
struct Track {
    number: u64,
    quad: Quad,
    votes: Votes,
    misses: u32,
    shown: bool,
}

/// How a read relates to the ones before.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Circumstances {
    /// Another scene: what is not seen is gone.
    pub new_scene: bool,
    /// A full-quality read of one frame: it is right as it is, neither smoothed nor voted on.
    pub exact: bool,
}

/// Lines in view.
#[derive(Debug, Default)]
pub(super) struct Tracker {
    tracks: Vec<Track>,
    last_number: u64,
}

impl Tracker {
    /// Forgets all lines. Numbers are not used again.
    pub fn clear(&mut self) {
        self.tracks.clear();
    }

    /// Takes in a read and gives what to show, in reading order, with the rows.
    pub fn update(&mut self, page: TextPage, how: Circumstances) -> (Vec<TrackedRegion>, Vec<Range<usize>>) {
        let pairs = self.matches(&page.regions);
        let mut seen = vec![false; self.tracks.len()];
        for (region, pair) in page.regions.into_iter().zip(pairs) {
            if let Some(index) = pair {
                seen[index] = true;
                self.tracks[index].follow(region, how);
            } else {
                self.last_number += 1;
                let shown = how.exact || how.new_scene || region.confidence >= SHOWN_AT_ONCE;
                let quad = region.quad;
                let (number, votes) = (self.last_number, Votes::new(region));
                self.tracks.push(Track { number, quad, votes, misses: 0, shown });
            }
        }
        let allowed = if how.exact || how.new_scene { 1 } else { MISSES };
        let mut old = seen.into_iter();
        self.tracks.retain_mut(|track| {
            if old.next() == Some(false) {
                track.misses += 1;
            }
            // A line never shown that is not seen again was none.
            track.misses < if track.shown { allowed } else { 1 }
        });
        self.shown()
    }

    fn shown(&self) -> (Vec<TrackedRegion>, Vec<Range<usize>>) {
        let shown: Vec<&Track> = self.tracks.iter().filter(|track| track.shown).collect();
        let quads: Vec<Quad> = shown.iter().map(|track| track.quad).collect();
        let (order, lines) = reading_order(&quads);
        (order.into_iter().map(|i| shown[i].region()).collect(), lines)
    }

    /// For each region the track it continues, best pairs first, each used once.
    fn matches(&self, regions: &[TextRegion]) -> Vec<Option<usize>> {
        let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
        for (r, region) in regions.iter().enumerate() {
            for (t, track) in self.tracks.iter().enumerate() {
                pairs.extend(likeness(track, region).map(|score| (score, r, t)));
            }
        }
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut found, mut used) = (vec![None; regions.len()], vec![false; self.tracks.len()]);
        for (_, region, track) in pairs {
            if found[region].is_none() && !used[track] {
                found[region] = Some(track);
                used[track] = true;
            }
        }
        found
    }
}

/// How much a region continues a track: overlap plus likeness of text; `None` if it does not.
fn likeness(track: &Track, region: &TextRegion) -> Option<f32> {
    let height = track.quad.height().max(region.quad.height());
    let apart = centre(&track.quad).distance(centre(&region.quad));
    let reach = (REACH * height).max(0.5 * track.quad.width().min(region.quad.width()));
    if apart > reach {
        return None;
    }
    let overlap = intersection_over_union(&track.quad, &region.quad);
    let alike = similarity(track.votes.text(), &region.text);
    // Rows of a table differ in one digit and overlap with their neighbours' old places: an equal text comes first.
    let equal = f32::from(u8::from(alike >= 1.0));
    (overlap >= SAME_PLACE || alike >= ALIKE).then(|| overlap + alike + equal + (1.0 - apart / reach) * 1e-3)
}

fn centre(quad: &Quad) -> Point {
    let sum = quad.0.iter().fold((0.0, 0.0), |(x, y), p| (x + p.x, y + p.y));
    Point::new(sum.0 / 4.0, sum.1 / 4.0)
}

impl Track {
    fn follow(&mut self, region: TextRegion, how: Circumstances) {
        let height = self.quad.height().max(1.0);
        let moved = (0..4).any(|i| self.quad.0[i].distance(region.quad.0[i]) > MOVED * height);
        self.quad = if how.exact || how.new_scene || moved {
            region.quad
        } else {
            Quad([0, 1, 2, 3].map(|i| self.quad.0[i].lerp(region.quad.0[i], SMOOTHING)))
        };
        self.misses = 0;
        self.shown = true;
        // Readings of another scene have no say in this one.
        if how.exact || how.new_scene {
            self.votes = Votes::new(region);
        } else {
            self.votes.add(region);
        }
    }

    fn region(&self) -> TrackedRegion {
        let best = self.votes.best();
        let words = best
            .words
            .iter()
            .map(|word| Word { quad: carried(&word.quad, &best.quad, &self.quad), ..word.clone() });
        TrackedRegion {
            track: self.number,
            text: best.text.clone(),
            quad: self.quad,
            confidence: best.confidence,
            words: words.collect(),
        }
    }
}

/// `part` of the quad `from`, carried to the quad `to` by the affine map of their first three corners' frame.
fn carried(part: &Quad, from: &Quad, to: &Quad) -> Quad {
    let [a, b, _, d] = from.0;
    let (along, down) = ((b.x - a.x, b.y - a.y), (d.x - a.x, d.y - a.y));
    let area = along.0 * down.1 - along.1 * down.0;
    if area.abs() < 1e-3 {
        return *to;
    }
    let [top_left, top_right, bottom_right, bottom_left] = to.0;
    Quad(part.0.map(|p| {
        let (x, y) = (p.x - a.x, p.y - a.y);
        let (u, v) = ((x * down.1 - y * down.0) / area, (along.0 * y - along.1 * x) / area);
        // Bilinear in the target, so that corners meet corners.
        top_left.lerp(top_right, u).lerp(bottom_left.lerp(bottom_right, u), v)
    }))
}

/// Area of the common part over the area of both together, [0, 1]. For convex quads, which lines of text have:
/// Sutherland and Hodgman's clipping (1974).
fn intersection_over_union(a: &Quad, b: &Quad) -> f32 {
    let clip = wound(b);
    let mut part: Vec<Point> = wound(a).to_vec();
    for i in 0..4 {
        let (from, to) = (clip[i], clip[(i + 1) % 4]);
        let side = |p: Point| (to.x - from.x) * (p.y - from.y) - (to.y - from.y) * (p.x - from.x);
        let corners = std::mem::take(&mut part);
        for (n, &corner) in corners.iter().enumerate() {
            let previous = corners[(n + corners.len() - 1) % corners.len()];
            let (here, before) = (side(corner), side(previous));
            if (here >= 0.0) != (before >= 0.0) {
                part.push(previous.lerp(corner, before / (before - here)));
            }
            if here >= 0.0 {
                part.push(corner);
            }
        }
    }
    let common = area(&part);
    let union = a.area() + b.area() - common;
    if union > 0.0 { (common / union).clamp(0.0, 1.0) } else { 0.0 }
}

/// The corners in the direction in which the shoelace sum is positive.
fn wound(quad: &Quad) -> [Point; 4] {
    let mut corners = quad.0;
    if shoelace(&corners) < 0.0 {
        corners.reverse();
    }
    corners
}

fn shoelace(corners: &[Point]) -> f32 {
    let next = corners.iter().cycle().skip(1);
    corners.iter().zip(next).map(|(p, q)| p.x * q.y - q.x * p.y).sum()
}

fn area(corners: &[Point]) -> f32 {
    shoelace(corners).abs() / 2.0
}

#[cfg(test)]
#[path = "track_tests.rs"]
mod tests;
