//! How far several texts about one picture agree.

use std::collections::HashMap;

use crate::text::Token;

/// Runs of one to so many words are compared, as BLEU and `CIDEr` compare them.
const LONGEST_RUN: usize = 4;

/// Per text its mean likeness to the others, [0, 1]; 0 where there is no other.
///
/// Likeness is the mean over runs of one to four words of the Dice coefficient (Dice, 1945) of how often each run is
/// said. Of several likely texts the one that shares most with the others is the safest: minimum Bayes risk decoding
/// (Kumar and Byrne, *Minimum Bayes-Risk Decoding for Statistical Machine Translation*, 2004) over the beams alone.
#[must_use]
pub fn agreement(texts: &[&[Token]]) -> Vec<f32> {
    let runs: Vec<Vec<HashMap<&[Token], usize>>> =
        texts.iter().map(|text| (1..=LONGEST_RUN).map(|length| counted(text, length)).collect()).collect();
    let others = texts.len().saturating_sub(1).max(1) as f32;
    (0..texts.len())
        .map(|one| {
            let alike = |other: usize| {
                let by_length = runs[one].iter().zip(&runs[other]).map(|(a, b)| dice(a, b));
                by_length.sum::<f32>() / LONGEST_RUN as f32
            };
            (0..texts.len()).filter(|&other| other != one).map(alike).sum::<f32>() / others
        })
        .collect()
}

/// Each run of `length` words and how often it is said.
fn counted(text: &[Token], length: usize) -> HashMap<&[Token], usize> {
    let mut counts = HashMap::new();
    for run in text.windows(length) {
        *counts.entry(run).or_insert(0) += 1;
    }
    counts
}

/// Twice what both hold over all that they hold; 0 where neither holds anything.
fn dice(a: &HashMap<&[Token], usize>, b: &HashMap<&[Token], usize>) -> f32 {
    let both: usize = a.iter().map(|(run, &count)| count.min(b.get(run).copied().unwrap_or(0))).sum();
    let all = a.values().sum::<usize>() + b.values().sum::<usize>();
    if all == 0 { 0.0 } else { 2.0 * both as f32 / all as f32 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_text_that_shares_most_with_the_others_agrees_most() {
        // The first two share three of four words, two of three pairs, one of two triples, and no run of four.
        let found = agreement(&[&[1, 2, 3, 4], &[1, 2, 3, 5], &[9, 8, 7, 6]]);
        let pair = (0.75 + 2.0 / 3.0 + 0.5) / 4.0;
        assert!((found[0] - pair / 2.0).abs() < 1e-6, "{found:?}");
        assert!((found[0] - found[1]).abs() < 1e-6 && found[2] <= 0.0, "{found:?}");
    }

    #[test]
    fn repeated_words_count_as_often_as_both_say_them() {
        let found = agreement(&[&[1, 1, 1], &[1, 2]]);
        // One word of five is shared twice over; no longer run is.
        assert!((found[0] - 0.4 / 4.0).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn nothing_agrees_with_nothing() {
        assert_eq!(agreement(&[]), [0.0; 0]);
        assert_eq!(agreement(&[&[1, 2]]), [0.0]);
        assert_eq!(agreement(&[&[], &[]]), [0.0, 0.0]);
    }

    proptest! {
        #[test]
        fn agreement_is_a_share(texts in prop::collection::vec(prop::collection::vec(0u32..5, 0..12), 0..6)) {
            let borrowed: Vec<&[Token]> = texts.iter().map(Vec::as_slice).collect();
            let found = agreement(&borrowed);
            prop_assert_eq!(found.len(), texts.len());
            prop_assert!(found.iter().all(|value| (0.0..=1.0).contains(value)));
        }
    }
}
