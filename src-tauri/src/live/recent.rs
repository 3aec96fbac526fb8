//! The last frames, for the thumbnail of a caption that comes a moment after its frame.

use std::{collections::VecDeque, sync::Arc};

use mm_core::RgbImage;

/// Four a second for two seconds: the picture of a caption that took long is at most a quarter of a second off, and
/// 1280 x 720 costs 22 MB.
const KEPT: usize = 8;
const APART: u64 = 250;

/// Frames by number and age in milliseconds.
#[derive(Default)]
pub struct Recent(VecDeque<(u64, u64, Arc<RgbImage>)>);

impl Recent {
    /// Keeps `image`, taken `at` milliseconds after the start, unless one was just kept.
    pub fn offer(&mut self, sequence: u64, at: u64, image: &Arc<RgbImage>) {
        if self.0.back().is_some_and(|(_, last, _)| at.saturating_sub(*last) < APART) {
            return;
        }
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back((sequence, at, Arc::clone(image)));
    }

    /// The frame nearest to number `sequence`.
    pub fn nearest(&self, sequence: u64) -> Option<Arc<RgbImage>> {
        self.0
            .iter()
            .min_by_key(|(number, ..)| number.abs_diff(sequence))
            .map(|(.., image)| Arc::clone(image))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_of_a_few_frames_is_found() {
        let mut recent = Recent::default();
        assert!(recent.nearest(3).is_none());
        for sequence in 0..300_u64 {
            // 30 frames a second, each as wide as its number.
            recent.offer(sequence, sequence * 33, &Arc::new(RgbImage::new(sequence as u32 + 1, 1)));
        }
        assert_eq!(recent.0.len(), KEPT);
        let width = recent.nearest(250).unwrap().width();
        assert!((246..=256).contains(&width), "{width}");
        assert!(recent.nearest(0).unwrap().width() > 200);
    }
}
