//! The frame slot in every interleaving of its threads: its source compiled on loom's primitives, which try them all
//! and find deadlocks and lost wake-ups.

mod sync {
    pub use loom::sync::{Arc, Condvar, Mutex, MutexGuard};
}

#[path = "../src/live/slot.rs"]
#[allow(dead_code, reason = "loom has no clock, so waits with a limit are not used here")]
mod slot;

use loom::thread;
use slot::{Slot, Taken, slot};

/// Nothing is lost or counted twice.
fn assert_counts<T>(slot: &Slot<T>, put: u64) {
    let counts = slot.counts();
    assert_eq!(counts.put, put);
    assert_eq!(counts.put, counts.taken + counts.dropped + u64::from(slot.waiting().is_some()));
}

#[test]
fn the_reader_gets_the_newest_frame_and_never_an_older_one_after_it() {
    loom::model(|| {
        let (slot, mut reader) = slot();
        let producer = {
            let slot = slot.clone();
            thread::spawn(move || (1..=3).for_each(|n| slot.put(n)))
        };
        let mut last = 0;
        // The last frame put in always arrives: its wake-up is not lost.
        while last < 3 {
            let Taken::Item(item, number) = reader.take(None) else { panic!("nobody woke or closed it") };
            assert!(item > last && number == item);
            last = item;
        }
        producer.join().unwrap();
        assert_eq!(slot.waiting(), None);
        assert_counts(&slot, 3);
    });
}

#[test]
fn two_producers_lose_nothing_and_the_reader_sees_growing_numbers() {
    loom::model(|| {
        let (slot, mut reader) = slot();
        let producers: Vec<_> = (0..2)
            .map(|n| {
                let slot = slot.clone();
                thread::spawn(move || slot.put(n))
            })
            .collect();
        let Taken::Item(first, number) = reader.take(None) else { panic!("nobody woke or closed it") };
        for producer in producers {
            producer.join().unwrap();
        }
        assert_counts(&slot, 2);
        if slot.waiting().is_some() {
            let Taken::Item(second, later) = reader.take(None) else { panic!("it was there") };
            assert!(second != first && later > number);
        }
        assert_counts(&slot, 2);
    });
}

#[test]
fn closing_ends_every_wait() {
    loom::model(|| {
        let (slot, mut reader) = slot::<u8>();
        let other = {
            let slot = slot.clone();
            thread::spawn(move || {
                slot.put(1);
                slot.close();
                slot.put(2);
            })
        };
        let mut items = 0;
        while let Taken::Item(..) = reader.take(None) {
            items += 1;
        }
        other.join().unwrap();
        assert!(items <= 1, "what comes after the end is refused");
        assert_eq!(reader.take(None), Taken::Closed, "for good");
        assert_counts(&slot, 2);
    });
}

#[test]
fn a_wake_up_is_not_lost_whether_or_not_frames_come() {
    loom::model(|| {
        let (slot, mut reader) = slot();
        let (waker, producer) = (slot.clone(), slot.clone());
        let waker = thread::spawn(move || waker.wake());
        let producer = thread::spawn(move || producer.put(1));
        // Resting takes no frame, so only the wake-up can end it.
        assert_eq!(reader.rest(None), Taken::Woken);
        assert_eq!(reader.take(None), Taken::Item(1, 1), "the frame stayed for later");
        waker.join().unwrap();
        producer.join().unwrap();
        assert_counts(&slot, 1);
    });
}

#[test]
fn nothing_stays_in_a_shut_slot() {
    loom::model(|| {
        let (slot, _reader) = slot();
        let producer = {
            let slot = slot.clone();
            thread::spawn(move || (0..2).for_each(|n| slot.put(n)))
        };
        slot.set_open(false);
        assert_eq!(slot.waiting(), None);
        producer.join().unwrap();
        assert_eq!(slot.waiting(), None);
        assert_counts(&slot, 2);
    });
}
