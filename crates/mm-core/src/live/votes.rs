//! Which of several readings of one line to believe.

use crate::tasks::ocr::TextRegion;

/// What an earlier reading counts for at every further read.
/// With this, two equal readings outweigh a misread after them, and two of a new text an old one of many reads.
const FADING: f32 = 0.7;
/// Readings less alike than this are not one text read differently but another text.
const OTHER_TEXT: f32 = 0.3;
/// Readings whose weight has faded below this are forgotten.
const FORGOTTEN: f32 = 0.02;

/// Readings of one line, each with the confidence it has gathered.
#[derive(Debug)]
pub(super) struct Votes(Vec<(TextRegion, f32)>);

impl Votes {
    /// The first reading.
    pub fn new(region: TextRegion) -> Self {
        let weight = region.confidence;
        Self(vec![(region, weight)])
    }

    /// A further reading. Equal texts add up, the latest of them is kept for its words; older ones fade.
    pub fn add(&mut self, region: TextRegion) {
        if similarity(self.text(), &region.text) < OTHER_TEXT {
            *self = Self::new(region);
            return;
        }
        for (_, weight) in &mut self.0 {
            *weight *= FADING;
        }
        let weight = region.confidence;
        match self.0.iter_mut().find(|(known, _)| known.text == region.text) {
            Some((known, gathered)) => {
                *gathered += weight;
                *known = region;
            }
            None => self.0.push((region, weight)),
        }
        self.0.retain(|(_, weight)| *weight >= FORGOTTEN);
        // Stable, so of two equals the one that was shown stays.
        self.0.sort_by(|a, b| b.1.total_cmp(&a.1));
    }

    /// The reading with the most weight.
    pub fn best(&self) -> &TextRegion {
        &self.0[0].0
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.best().text
    }
}

/// How alike two texts are, [0, 1]: 1 minus the Levenshtein distance over the length of the longer. Letter case and
/// spaces do not count.
pub(super) fn similarity(a: &str, b: &str) -> f32 {
    if a == b {
        return 1.0;
    }
    let plain = |text: &str| {
        text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect::<String>()
    };
    strsim::normalized_levenshtein(&plain(a), &plain(b)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Quad;

    fn reading(text: &str, confidence: f32) -> TextRegion {
        TextRegion {
            text: text.to_owned(),
            quad: Quad::from_edges(0.0, 0.0, 100.0, 10.0),
            confidence,
            words: Vec::new(),
        }
    }

    #[test]
    fn a_misread_in_between_is_outvoted() {
        let mut votes = Votes::new(reading("EXIT 24", 0.9));
        for (text, confidence) in [("EXIT 24", 0.92), ("EX1T 24", 0.95), ("EXIT 24", 0.9), ("EXlT 24", 0.99)]
        {
            votes.add(reading(text, confidence));
            assert_eq!(votes.text(), "EXIT 24");
        }
    }

    #[test]
    fn what_really_changed_is_shown_with_its_second_reading() {
        let mut votes = Votes::new(reading("departs 10:41", 0.95));
        for _ in 0..5 {
            votes.add(reading("departs 10:41", 0.95));
        }
        votes.add(reading("departs 10:42", 0.95));
        votes.add(reading("departs 10:42", 0.95));
        assert_eq!(votes.text(), "departs 10:42");
        votes.add(reading("boarding", 0.9));
        assert_eq!(votes.text(), "boarding", "another text at once");
        assert_eq!(votes.0.len(), 1);
    }

    #[test]
    fn memory_is_bounded() {
        let mut votes = Votes::new(reading("aaaa0000", 0.9));
        for n in 0..1000 {
            votes.add(reading(&format!("aaaa{n:04}"), 0.5));
        }
        assert!(votes.0.len() < 12, "{}", votes.0.len());
    }

    #[test]
    fn case_and_spaces_do_not_count() {
        assert!((similarity("No Parking", "NOPARKING") - 1.0).abs() < 1e-6);
        assert!(similarity("EXIT", "EX1T") > 0.7);
        assert!(similarity("boarding", "delayed") < 0.5);
        assert!((similarity("", " ") - 1.0).abs() < 1e-6);
    }
}
