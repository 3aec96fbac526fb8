//! Greedy CTC decoding (Graves et al. 2006, section 3.2): best class per time step, repeats merged, blanks dropped.

use ndarray::ArrayView2;

/// One recognised character.
#[derive(Debug, Clone, PartialEq)]
pub struct CtcChar {
    /// Class text; one character for Latin alphabets.
    pub text: String,
    /// Centre of the time step that emitted it, as a fraction of the line's width, [0, 1].
    pub position: f32,
    /// Probability of that class at that step, [0, 1].
    pub probability: f32,
}

/// A recognised line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CtcLine {
    /// Characters from start to end, spaces included.
    pub chars: Vec<CtcChar>,
    /// Mean probability of the characters; 0 for an empty line.
    pub confidence: f32,
}

impl CtcLine {
    /// The characters joined.
    #[must_use]
    pub fn text(&self) -> String {
        self.chars.iter().map(|c| c.text.as_str()).collect()
    }
}

/// Decodes class probabilities `[time, classes]`; class 0 is the blank.
///
/// `used` is the part of the time axis, (0, 1], that holds the line; what follows is padding. Classes beyond
/// `characters` decode to nothing.
#[must_use]
pub fn decode_greedy(probabilities: &ArrayView2<'_, f32>, characters: &[String], used: f32) -> CtcLine {
    let steps = probabilities.nrows() as f32;
    let mut chars = Vec::new();
    let mut previous = 0;
    for (time, row) in probabilities.rows().into_iter().enumerate() {
        let (class, probability) = row
            .iter()
            .copied()
            .enumerate()
            .fold((0, f32::NEG_INFINITY), |best, (i, p)| if p > best.1 { (i, p) } else { best });
        let starts = class != 0 && class != previous;
        if let Some(text) = characters.get(class).filter(|_| starts) {
            let position = ((time as f32 + 0.5) / steps / used).min(1.0);
            chars.push(CtcChar { text: text.clone(), position, probability });
        }
        previous = class;
    }
    let confidence = if chars.is_empty() {
        0.0
    } else {
        chars.iter().map(|c| c.probability).sum::<f32>() / chars.len() as f32
    };
    CtcLine { chars, confidence: confidence.clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use proptest::prelude::*;

    use super::*;

    fn alphabet() -> Vec<String> {
        ["", "a", "b", " "].map(str::to_owned).to_vec()
    }

    /// Probabilities with 0.7 on the given class of each step.
    fn steps(classes: &[usize]) -> Array2<f32> {
        Array2::from_shape_fn((classes.len(), 4), |(t, c)| if classes[t] == c { 0.7 } else { 0.1 })
    }

    #[test]
    fn repeats_merge_unless_a_blank_stands_between() {
        let line = decode_greedy(&steps(&[1, 1, 0, 1, 2, 2, 3]).view(), &alphabet(), 1.0);
        assert_eq!(line.text(), "aab ");
        assert!((line.confidence - 0.7).abs() < 1e-6);
    }

    #[test]
    fn positions_are_relative_to_the_used_part() {
        let line = decode_greedy(&steps(&[0, 1, 0, 0]).view(), &alphabet(), 0.5);
        assert!((line.chars[0].position - 0.75).abs() < 1e-6);
    }

    #[test]
    fn blanks_only_and_no_steps_give_an_empty_line() {
        assert_eq!(decode_greedy(&steps(&[0, 0]).view(), &alphabet(), 1.0), CtcLine::default());
        assert_eq!(decode_greedy(&Array2::zeros((0, 4)).view(), &alphabet(), 1.0), CtcLine::default());
    }

    proptest! {
        #[test]
        fn encoding_then_decoding_is_the_identity(text in "[ab ]{0,20}") {
            // CTC's own rule: a blank between equal neighbours, any number of repeats otherwise.
            let alphabet = alphabet();
            let mut classes = Vec::new();
            for c in text.chars() {
                let class = alphabet.iter().position(|a| *a == c.to_string()).unwrap();
                classes.extend([0, class, class]);
            }
            prop_assert_eq!(decode_greedy(&steps(&classes).view(), &alphabet, 1.0).text(), text);
        }

        #[test]
        fn any_numbers_decode(values in prop::collection::vec(prop::num::f32::ANY, 4 * 9)) {
            let matrix = Array2::from_shape_vec((9, 4), values).unwrap();
            let line = decode_greedy(&matrix.view(), &alphabet(), 0.3);
            prop_assert!(line.chars.len() <= 9);
            prop_assert!(line.confidence.is_nan() || (0.0..=1.0).contains(&line.confidence));
            prop_assert!(line.chars.iter().all(|c| (0.0..=1.0).contains(&c.position)));
        }
    }
}
