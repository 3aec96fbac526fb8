//! What following lines of text must do.

use proptest::prelude::*;

use super::*;
use crate::tasks::ocr::OcrTimings;

fn line(text: &str, x: f32, y: f32) -> TextRegion {
    let width = 8.0 * text.len() as f32;
    let quad = Quad::from_edges(x, y, x + width, y + 12.0);
    let words = text.split(' ').map(|word| {
        let from = text.find(word).unwrap() as f32 / text.len() as f32;
        let to = from + word.len() as f32 / text.len() as f32;
        Word { text: word.to_owned(), quad: quad.slice(from, to), confidence: 0.9 }
    });
    TextRegion { text: text.to_owned(), quad, confidence: 0.9, words: words.collect() }
}

fn page(regions: Vec<TextRegion>) -> TextPage {
    let lines = (0..regions.len()).map(|i| i..i + 1).collect();
    TextPage { width: 640, height: 480, regions, lines, timings: OcrTimings::default() }
}

const USUAL: Circumstances = Circumstances { new_scene: false, exact: false };

fn read(tracker: &mut Tracker, regions: Vec<TextRegion>) -> Vec<TrackedRegion> {
    tracker.update(page(regions), USUAL).0
}

fn texts(regions: &[TrackedRegion]) -> Vec<&str> {
    regions.iter().map(|region| region.text.as_str()).collect()
}

fn left(region: &TrackedRegion) -> f32 {
    region.quad.bounds().0
}

#[test]
fn a_line_keeps_its_number_while_the_camera_jitters_and_its_box_moves_less_than_it() {
    let mut tracker = Tracker::default();
    let first = read(&mut tracker, vec![line("No parking", 100.0, 50.0), line("Mon-Fri", 100.0, 80.0)]);
    let numbers: Vec<u64> = first.iter().map(|region| region.track).collect();
    let mut range = (f32::INFINITY, f32::NEG_INFINITY);
    for n in 0..20u8 {
        let jitter = if n % 2 == 0 { 4.0 } else { -4.0 };
        let seen = read(
            &mut tracker,
            vec![line("Mon-Fri", 100.0 + jitter, 80.0), line("No parking", 100.0 + jitter, 50.0)],
        );
        assert_eq!(seen.iter().map(|region| region.track).collect::<Vec<_>>(), numbers);
        assert_eq!(texts(&seen), ["No parking", "Mon-Fri"]);
        if n > 4 {
            range = (range.0.min(left(&seen[0])), range.1.max(left(&seen[0])));
        }
    }
    assert!(range.1 - range.0 < 4.0, "eight pixels of jitter are smoothed: {range:?}");
}

#[test]
fn a_camera_that_moves_takes_its_boxes_along_at_once() {
    let mut tracker = Tracker::default();
    let before = read(&mut tracker, vec![line("Platform 4", 100.0, 50.0)]);
    // Out of its own box: found again by its text, and not smoothed.
    let after = read(&mut tracker, vec![line("Platform 4", 130.0, 80.0)]);
    assert_eq!(after[0].track, before[0].track);
    assert!((left(&after[0]) - 130.0).abs() < 1e-3);
    // Too far to be the same sign.
    let far = read(&mut tracker, vec![line("Platform 4", 500.0, 400.0)]);
    assert!(far.iter().any(|region| region.track != before[0].track));
}

#[test]
fn a_line_goes_when_it_is_missed_twice_and_at_once_with_its_scene() {
    let mut tracker = Tracker::default();
    let all = vec![line("Exit", 10.0, 10.0), line("Toilets", 10.0, 40.0)];
    let numbers: Vec<u64> = read(&mut tracker, all.clone()).iter().map(|region| region.track).collect();
    assert_eq!(texts(&read(&mut tracker, all[..1].to_vec())), ["Exit", "Toilets"], "missed once");
    let back = read(&mut tracker, all.clone());
    assert_eq!(back.iter().map(|region| region.track).collect::<Vec<_>>(), numbers, "and found again");
    read(&mut tracker, all[..1].to_vec());
    assert_eq!(texts(&read(&mut tracker, all[..1].to_vec())), ["Exit"], "missed twice in a row");
    let again = read(&mut tracker, all.clone());
    assert!(!numbers.contains(&again[1].track), "a number is not used twice");

    let new = Circumstances { new_scene: true, ..USUAL };
    let (seen, _) = tracker.update(page(vec![line("Exlt", 10.0, 10.0)]), new);
    assert_eq!(texts(&seen), ["Exlt"], "readings of the old scene have no say");
    let (seen, lines) = tracker.update(page(vec![line("Menu", 200.0, 200.0)]), new);
    assert_eq!(
        (texts(&seen).as_slice(), lines.as_slice()),
        (["Menu"].as_slice(), std::slice::from_ref(&(0..1)))
    );
}

#[test]
fn a_doubtful_line_is_shown_when_it_is_seen_again() {
    let mut tracker = Tracker::default();
    let doubtful = |text: &str| TextRegion { confidence: 0.6, ..line(text, 300.0, 300.0) };
    let sure = || line("Exit", 10.0, 10.0);
    assert_eq!(texts(&read(&mut tracker, vec![sure(), doubtful("ll|l")])), ["Exit"]);
    assert_eq!(texts(&read(&mut tracker, vec![sure()])), ["Exit"], "texture that flickered once");
    read(&mut tracker, vec![sure(), doubtful("Push")]);
    assert_eq!(texts(&read(&mut tracker, vec![sure(), doubtful("Push")])), ["Exit", "Push"]);
}

#[test]
fn misreads_are_outvoted_and_words_follow_the_box() {
    let mut tracker = Tracker::default();
    for _ in 0..3 {
        read(&mut tracker, vec![line("No parking", 100.0, 50.0)]);
    }
    let seen = read(&mut tracker, vec![line("No pork1ng", 102.0, 51.0)]);
    assert_eq!(seen[0].text, "No parking");
    assert_eq!(seen[0].words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>(), ["No", "parking"]);
    let (line_left, line_top, line_right, _) = seen[0].quad.bounds();
    let (word_left, word_top, _, _) = seen[0].words[0].quad.bounds();
    let (_, _, word_right, _) = seen[0].words[1].quad.bounds();
    assert!((line_left - word_left).abs() < 0.01 && (line_top - word_top).abs() < 0.01);
    assert!((line_right - word_right).abs() < 0.01, "{line_right} {word_right}");
}

#[test]
fn an_exact_read_replaces_quads_and_texts_but_keeps_numbers() {
    let mut tracker = Tracker::default();
    let before = read(&mut tracker, vec![line("Exlt", 10.0, 10.0), line("ghost", 300.0, 300.0)]);
    let exact = Circumstances { exact: true, ..USUAL };
    let (seen, _) = tracker.update(page(vec![line("Exit", 12.0, 11.0)]), exact);
    assert_eq!(texts(&seen), ["Exit"], "what is not there is not shown");
    assert_eq!(seen[0].track, before[0].track);
    assert_eq!(seen[0].quad, line("Exit", 12.0, 11.0).quad);
}

#[test]
fn lines_close_together_do_not_swap() {
    let mut tracker = Tracker::default();
    let rows = |shift: f32| {
        (0..6u8).map(|n| line(&format!("item {n} 9.99"), 20.0, f32::from(n) * 14.0 + shift)).collect()
    };
    let before: Vec<u64> = read(&mut tracker, rows(0.0)).iter().map(|region| region.track).collect();
    for shift in [5.0, 10.0, 14.0, 8.0, 0.0] {
        let seen = read(&mut tracker, rows(shift));
        assert_eq!(seen.iter().map(|region| region.track).collect::<Vec<_>>(), before, "{shift}");
        for (n, region) in seen.iter().enumerate() {
            assert_eq!(region.text, format!("item {n} 9.99"));
        }
    }
}

#[test]
fn overlap_of_known_quads() {
    let unit = Quad::from_edges(0.0, 0.0, 10.0, 10.0);
    let cases = [
        (Quad::from_edges(0.0, 0.0, 10.0, 10.0), 1.0),
        (Quad::from_edges(5.0, 0.0, 15.0, 10.0), 1.0 / 3.0),
        (Quad::from_edges(2.0, 2.0, 8.0, 8.0), 0.36),
        (Quad::from_edges(20.0, 0.0, 30.0, 10.0), 0.0),
        // A square standing on its corner: half the area in common, a diamond of diagonals 10.
        (
            Quad([Point::new(5.0, 0.0), Point::new(10.0, 5.0), Point::new(5.0, 10.0), Point::new(0.0, 5.0)]),
            0.5,
        ),
        (Quad([Point::new(5.0, 5.0); 4]), 0.0),
    ];
    for (quad, expected) in cases {
        let found = intersection_over_union(&unit, &quad);
        assert!((found - expected).abs() < 1e-4, "{quad:?}: {found}, expected {expected}");
        assert!((intersection_over_union(&quad, &unit) - expected).abs() < 1e-4, "the other way round");
        assert!(
            (intersection_over_union(&unit, &quad.turned()) - expected).abs() < 1e-4,
            "other first corner"
        );
    }
}

proptest! {
    #[test]
    fn overlap_is_a_share_and_the_same_both_ways(
        a in (0f32..100.0, 0f32..100.0, 1f32..80.0, 1f32..80.0, -1f32..1.0),
        b in (0f32..100.0, 0f32..100.0, 1f32..80.0, 1f32..80.0, -1f32..1.0),
    ) {
        let quad = |(x, y, w, h, angle): (f32, f32, f32, f32, f32)| {
            let (sin, cos) = angle.sin_cos();
            let upright = Quad::from_edges(x, y, x + w, y + h);
            Quad(upright.0.map(|p| Point::new(p.x * cos - p.y * sin, p.x * sin + p.y * cos)))
        };
        let (a, b) = (quad(a), quad(b));
        let (there, back) = (intersection_over_union(&a, &b), intersection_over_union(&b, &a));
        prop_assert!((0.0..=1.0).contains(&there) && (there - back).abs() < 1e-2);
        prop_assert!(intersection_over_union(&a, &a) > 0.98);
    }

    #[test]
    fn any_reads_give_unique_numbers_and_rows_that_cover_all(
        reads in prop::collection::vec(
            prop::collection::vec(("[a-z]{1,8}", 0f32..600.0, 0f32..450.0, 0f32..1.0), 0..12), 1..8),
    ) {
        let mut tracker = Tracker::default();
        for regions in reads {
            let count = regions.len();
            let regions = regions.into_iter().map(|(text, x, y, confidence)| TextRegion { confidence, ..line(&text, x, y) });
            let (seen, lines) = tracker.update(page(regions.collect()), USUAL);
            let mut numbers: Vec<u64> = seen.iter().map(|region| region.track).collect();
            numbers.sort_unstable();
            numbers.dedup();
            prop_assert_eq!(numbers.len(), seen.len());
            prop_assert_eq!(lines.iter().map(ExactSizeIterator::len).sum::<usize>(), seen.len());
            prop_assert!(tracker.tracks.len() <= count + 12 * 2);
        }
    }
}
