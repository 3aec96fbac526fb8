//! Splitting a recognised line into words with their own quads.

use super::{
    ctc::{CtcChar, CtcLine},
    types::Word,
};
use crate::geometry::Quad;

/// Words of `line`, whose text runs from the left to the right side of `quad`.
///
/// Words are separated by recognised spaces. The boundary between two words lies halfway between the time steps of
/// the last character of one and the first of the next; the first word starts and the last one ends with the quad.
#[must_use]
pub fn split_words(quad: &Quad, line: &CtcLine) -> Vec<Word> {
    let is_space = |c: &CtcChar| c.text.chars().all(char::is_whitespace);
    let spans: Vec<&[CtcChar]> = line.chars.split(is_space).filter(|chars| !chars.is_empty()).collect();
    let half_char = 0.5 / line.chars.len().max(1) as f32;
    spans
        .iter()
        .enumerate()
        .map(|(i, chars)| {
            let (first, last) = (&chars[0], &chars[chars.len() - 1]);
            let before = i.checked_sub(1).and_then(|p| spans[p].last());
            let after = spans.get(i + 1).and_then(|next| next.first());
            let from = before.map_or(0.0, |previous| {
                (first.position - half_char).max(f32::midpoint(previous.position, first.position))
            });
            let to = after.map_or(1.0, |next| {
                (last.position + half_char).min(f32::midpoint(last.position, next.position))
            });
            Word {
                text: chars.iter().map(|c| c.text.as_str()).collect(),
                quad: quad.slice(from, to),
                confidence: chars.iter().map(|c| c.probability).sum::<f32>() / chars.len() as f32,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> CtcLine {
        let n = text.chars().count() as f32;
        let chars = text
            .chars()
            .enumerate()
            .map(|(i, c)| CtcChar { text: c.to_string(), position: (i as f32 + 0.5) / n, probability: 0.9 })
            .collect();
        CtcLine { chars, confidence: 0.9 }
    }

    #[test]
    fn words_tile_the_line_from_side_to_side() {
        let quad = Quad::from_edges(0.0, 0.0, 110.0, 20.0);
        let words = split_words(&quad, &line("hello world"));
        assert_eq!(words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>(), ["hello", "world"]);
        let (first, second) = (words[0].quad.bounds(), words[1].quad.bounds());
        assert!((first.0 - 0.0).abs() < 1e-3 && (second.2 - 110.0).abs() < 1e-3);
        assert!(first.2 >= 50.0 - 1e-3 && first.2 <= second.0 && second.0 <= 60.0 + 1e-3);
    }

    #[test]
    fn spaces_at_the_ends_and_between_do_not_make_words() {
        let quad = Quad::from_edges(0.0, 0.0, 100.0, 20.0);
        let words = split_words(&quad, &line("  a  b "));
        assert_eq!(words.len(), 2);
        assert_eq!(split_words(&quad, &line("   ")), []);
        assert_eq!(split_words(&quad, &CtcLine::default()), []);
    }
}
