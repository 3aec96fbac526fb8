//! Events on their way to whoever listens: bounded, and never in the workers' way.

use std::{
    collections::VecDeque,
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
};

use super::types::LiveEvent;

/// Events in the channel. Seconds' worth at any pace this pipeline has.
const CAPACITY: usize = 256;
/// Results kept for a listener that does not keep up, beyond the channel: minutes' worth, and under a megabyte.
const BACKLOG: usize = 1024;

/// Sends without waiting. What does not fit in the channel waits here: results do, statistics are dropped (the next
/// say the same).
pub(super) struct Outbox {
    sender: SyncSender<LiveEvent>,
    backlog: VecDeque<LiveEvent>,
    lost: u64,
}

impl Outbox {
    pub fn new() -> (Self, Receiver<LiveEvent>) {
        let (sender, receiver) = sync_channel(CAPACITY);
        (Self { sender, backlog: VecDeque::new(), lost: 0 }, receiver)
    }

    pub fn send(&mut self, event: LiveEvent) {
        self.flush();
        if self.backlog.is_empty() {
            match self.sender.try_send(event) {
                Err(TrySendError::Full(event)) => self.keep(event),
                // Nobody listens any more: that is the listener's choice.
                Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            }
        } else {
            self.keep(event);
        }
    }

    fn keep(&mut self, event: LiveEvent) {
        if matches!(event, LiveEvent::Stats(_)) {
            return;
        }
        if self.backlog.len() == BACKLOG {
            // Text replaces the text before it, so an old one is the least loss. An answer is always waited for.
            let old = self.backlog.iter().position(|e| matches!(e, LiveEvent::Text(_)));
            let old =
                old.or_else(|| self.backlog.iter().position(|e| !matches!(e, LiveEvent::Answer { .. })));
            self.backlog.remove(old.unwrap_or(0));
            self.lost += 1;
            tracing::warn!(lost = self.lost, "nobody reads the live events");
        }
        self.backlog.push_back(event);
    }

    /// Sends on what waits, as far as there is room.
    pub fn flush(&mut self) {
        while let Some(event) = self.backlog.pop_front() {
            match self.sender.try_send(event) {
                Ok(()) => {}
                Err(TrySendError::Full(event)) => {
                    self.backlog.push_front(event);
                    return;
                }
                Err(TrySendError::Disconnected(_)) => self.backlog.clear(),
            }
        }
    }

    /// Whether something waits for room.
    pub fn is_behind(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// Results given up because nobody listened.
    pub fn lost(&self) -> u64 {
        self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{meters::LiveStats, types::Slowdown, types::Stage};

    fn scene(sequence: u64) -> LiveEvent {
        LiveEvent::Scene { sequence, distance: 0.5 }
    }

    fn numbers(receiver: &Receiver<LiveEvent>) -> Vec<u64> {
        receiver
            .try_iter()
            .filter_map(|event| match event {
                LiveEvent::Scene { sequence, .. } => Some(sequence),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn a_slow_listener_misses_statistics_but_no_result_and_no_order() {
        let (mut outbox, receiver) = Outbox::new();
        let sent = (CAPACITY + 500) as u64;
        for n in 0..sent {
            outbox.send(scene(n));
            outbox.send(LiveEvent::Stats(LiveStats::default()));
        }
        let mut seen = Vec::new();
        while seen.len() < sent as usize {
            let before = seen.len();
            seen.extend(numbers(&receiver));
            outbox.flush();
            assert!(seen.len() > before || outbox.is_behind(), "stuck at {before}");
        }
        assert_eq!(seen, (0..sent).collect::<Vec<_>>());
        assert!(!outbox.is_behind() && outbox.lost() == 0);
    }

    #[test]
    fn a_listener_that_never_listens_costs_bounded_memory_and_answers_come_last() {
        let (mut outbox, receiver) = Outbox::new();
        let answer = |id| LiveEvent::Answer {
            id,
            question: String::new(),
            sequence: None,
            result: Err(crate::Error::TaskCancelled),
        };
        for n in 0..CAPACITY as u64 {
            outbox.send(scene(n));
        }
        outbox.send(answer(7));
        for n in 0..5000 {
            outbox.send(scene(n));
        }
        assert_eq!(outbox.backlog.len(), BACKLOG);
        assert_eq!(outbox.lost(), 5001 - BACKLOG as u64);
        assert!(matches!(outbox.backlog[0], LiveEvent::Answer { id: 7, .. }), "an answer is kept");
        drop(receiver);
        outbox.send(LiveEvent::Slow(Slowdown {
            stage: Stage::Vision,
            factor: 2,
            p95_ms: 1.0,
            budget_ms: 1.0,
        }));
        assert!(!outbox.is_behind(), "a listener that left needs nothing");
    }
}
