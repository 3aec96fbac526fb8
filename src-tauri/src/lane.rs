//! Who may use the models now. There is one lane: whoever a person waits for goes first, and what runs in the
//! background lets them by.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use mm_core::{Result, tasks::CancelToken};

use crate::sync::lock;

/// Live frames come many times a second, pictures of a replay every second; a lane left for longer is free.
pub const LIVE: Duration = Duration::from_secs(2);
/// Between two letters that a person types.
pub const TYPING: Duration = Duration::from_millis(400);
/// For a question or a photo that was opened; the answer takes about as long.
pub const ASKING: Duration = Duration::from_secs(1);

/// How soon a wait that was cancelled ends.
const GLANCE: Duration = Duration::from_millis(50);

/// The lane. Clones are the same one.
#[derive(Clone, Default)]
pub struct Lane(Arc<Mutex<Option<Instant>>>);

impl Lane {
    /// Keeps the background off the models for `time` from now.
    pub fn claim(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut claimed = lock(&self.0);
        if claimed.is_none_or(|old| old < until) {
            *claimed = Some(until);
        }
    }

    /// Waits until nobody claims the lane. Fails with `task.cancelled`.
    pub fn wait(&self, cancel: &CancelToken) -> Result<()> {
        loop {
            cancel.check()?;
            let Some(left) = self.left() else { return Ok(()) };
            thread::sleep(left.min(GLANCE));
        }
    }

    /// `None` where nobody claims it.
    fn left(&self) -> Option<Duration> {
        let until = (*lock(&self.0))?;
        Some(until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_holds_the_background_off_for_its_time() {
        let lane = Lane::default();
        let begun = Instant::now();
        lane.wait(&CancelToken::new()).unwrap();
        assert!(begun.elapsed() < Duration::from_millis(40), "nobody claims it");
        lane.claim(Duration::from_millis(120));
        lane.claim(Duration::from_millis(10));
        lane.wait(&CancelToken::new()).unwrap();
        assert!(begun.elapsed() >= Duration::from_millis(120), "a shorter claim does not end a longer one");
    }

    #[test]
    fn a_wait_can_be_cancelled() {
        let lane = Lane::default();
        lane.claim(Duration::from_mins(10));
        let cancel = CancelToken::new();
        let waiter = thread::spawn({
            let (lane, cancel) = (lane.clone(), cancel.clone());
            move || lane.wait(&cancel)
        });
        cancel.cancel();
        assert_eq!(waiter.join().unwrap().unwrap_err().code(), "task.cancelled");
    }
}
