//! A place for one value: the newest wins, and whoever waits for it can be woken for good.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Holds at most one value.
pub(crate) struct Slot<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    value: Option<T>,
    closed: bool,
}

/// What waiting for a value gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken<T> {
    Value(T),
    TimedOut,
    Closed,
}

impl<T> Slot<T> {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::new(State { value: None, closed: false }), changed: Condvar::new() }
    }

    /// Replaces a value that nobody has taken yet.
    pub(crate) fn put(&self, value: T) {
        self.lock().value = Some(value);
        self.changed.notify_all();
    }

    /// Waits for a value, at most `timeout`, without end if there is none. A closed slot still gives its last value.
    pub(crate) fn take(&self, timeout: Option<Duration>) -> Taken<T> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut state = self.lock();
        loop {
            if let Some(value) = state.value.take() {
                return Taken::Value(value);
            }
            if state.closed {
                return Taken::Closed;
            }
            state = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => return Taken::TimedOut,
                Some(left) => {
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Wakes everyone who waits, now and later.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    // No code panics while it holds the lock, so a poisoned one still guards a whole state.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use super::*;

    #[test]
    fn the_newest_wins_and_is_given_once() {
        let slot = Slot::new();
        slot.put(1);
        slot.put(2);
        assert_eq!(slot.take(None), Taken::Value(2));
        assert_eq!(slot.take(Some(Duration::from_millis(5))), Taken::TimedOut);
    }

    #[test]
    fn closing_wakes_a_waiting_thread_and_keeps_the_last_value() {
        let slot = Arc::new(Slot::<u8>::new());
        let waiting = thread::spawn({
            let slot = slot.clone();
            move || slot.take(None)
        });
        slot.close();
        assert_eq!(waiting.join().unwrap(), Taken::Closed);
        slot.put(3);
        assert_eq!(slot.take(None), Taken::Value(3));
        assert_eq!(slot.take(None), Taken::Closed);
    }
}
