//! A place for one frame: whoever puts a newer one in replaces the older, whoever takes it out is alone.
//!
//! A producer holds the lock for a pointer's exchange and never while anything is computed, converted or freed, so it
//! does not wait for inference. [`Reader`] cannot be cloned and takes by `&mut self`: at most one frame is in flight.
//! `tests/live_slot_loom.rs` compiles this file on loom's primitives and runs it through every interleaving.

use std::time::{Duration, Instant};

use super::sync::{Arc, Condvar, Mutex, MutexGuard};

/// How many frames went where. `put == taken + dropped + (1 if one is waiting)` at any time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames put in, those refused by a shut slot included.
    pub put: u64,
    /// Frames taken out by the reader.
    pub taken: u64,
    /// Frames replaced by newer ones or refused.
    pub dropped: u64,
}

/// What the reader got.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken<T> {
    /// The newest frame and its number: the count of frames put in when it came.
    Item(T, u64),
    /// Somebody called [`Slot::wake`].
    Woken,
    /// The time is up.
    TimedOut,
    /// The slot is closed for good.
    Closed,
}

struct State<T> {
    item: Option<(T, u64)>,
    open: bool,
    closed: bool,
    woken: bool,
    counts: Counts,
}

struct Inner<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

/// The producers' side. Clones share the place.
pub struct Slot<T>(Arc<Inner<T>>);

/// The consumer's side.
pub struct Reader<T>(Arc<Inner<T>>);

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Poisoning needs a panic while the lock is held, and nothing that can panic runs then.
fn lock<T>(inner: &Inner<T>) -> MutexGuard<'_, State<T>> {
    inner.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// An empty, open slot.
pub fn slot<T>() -> (Slot<T>, Reader<T>) {
    let state = State { item: None, open: true, closed: false, woken: false, counts: Counts::default() };
    let inner = Arc::new(Inner { state: Mutex::new(state), changed: Condvar::new() });
    (Slot(Arc::clone(&inner)), Reader(inner))
}

impl<T> Slot<T> {
    /// Puts `item` in, in place of an older one. A shut or closed slot takes none and counts it as dropped.
    pub fn put(&self, item: T) {
        let mut state = lock(&self.0);
        state.counts.put += 1;
        let number = state.counts.put;
        let unwanted = if state.open && !state.closed {
            state.item.replace((item, number)).map(|(older, _)| older)
        } else {
            Some(item)
        };
        state.counts.dropped += u64::from(unwanted.is_some());
        drop(state);
        self.0.changed.notify_one();
        // `unwanted` is freed here, after the lock.
    }

    /// Opens the slot, or shuts it and drops what waits in it.
    pub fn set_open(&self, open: bool) {
        let mut state = lock(&self.0);
        state.open = open;
        let unwanted = if open { None } else { state.item.take() };
        state.counts.dropped += u64::from(unwanted.is_some());
        drop(state);
    }

    /// The number of the frame that waits, if one does.
    pub fn waiting(&self) -> Option<u64> {
        lock(&self.0).item.as_ref().map(|(_, number)| *number)
    }

    /// Makes the reader look around: its wait ends with [`Taken::Woken`].
    pub fn wake(&self) {
        lock(&self.0).woken = true;
        self.0.changed.notify_one();
    }

    /// Ends the reader's waits for good.
    pub fn close(&self) {
        lock(&self.0).closed = true;
        self.0.changed.notify_one();
    }

    /// How many frames went where.
    pub fn counts(&self) -> Counts {
        lock(&self.0).counts
    }
}

impl<T> Reader<T> {
    /// Waits for a frame, at most until `until` (`None` waits for ever). A wake-up comes before a frame.
    pub fn take(&mut self, until: Option<Instant>) -> Taken<T> {
        self.wait(until, true)
    }

    /// Waits without taking: frames go on replacing each other, so that the newest is there afterwards.
    pub fn rest(&mut self, until: Option<Instant>) -> Taken<T> {
        self.wait(until, false)
    }

    fn wait(&mut self, until: Option<Instant>, take: bool) -> Taken<T> {
        let mut state = lock(&self.0);
        loop {
            if state.closed {
                return Taken::Closed;
            }
            if std::mem::take(&mut state.woken) {
                return Taken::Woken;
            }
            if let Some((item, number)) = if take { state.item.take() } else { None } {
                state.counts.taken += 1;
                return Taken::Item(item, number);
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Taken::TimedOut;
            }
            state = match left {
                None => self.0.changed.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner),
                Some(left) => {
                    let waited = self.0.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(std::sync::PoisonError::into_inner).0
                }
            };
        }
    }
}
