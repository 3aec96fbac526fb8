//! Killed at any moment, and shut out of the database: nothing is lost and nothing committed is done again.

#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod index_support;

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use index_support::{Fake, Library, wait_for};
use mm_library::{
    index::{IndexOptions, Pace, start},
    store::Store,
};

/// Where the process that is to be killed finds its work.
const CHILD: &str = "MM_TEST_INDEX_CHILD";
/// So many photos are never done within the 130 ms that a run may have: analysing one takes 2 ms at least.
const AHEAD: u32 = 100;
const KILLS: u64 = 50;

/// Not a test of its own: the process that `a_kill_at_any_point...` kills.
#[test]
fn child() {
    let Some(folder) = env::var_os(CHILD) else { return };
    let folder = Path::new(&folder);
    let fake = Fake { takes: Duration::from_millis(2), log: Some(folder.join("log")), ..Fake::default() };
    let options = IndexOptions { pace: Pace::Full, ..IndexOptions::new(folder.join("library.sqlite")) };
    let (handle, _events) = start(options, Arc::new(fake));
    handle.join().unwrap();
}

/// Every picture that was ever analysed, in order.
fn log(library: &Library) -> Vec<u32> {
    let text = fs::read_to_string(library.dir.path().join("log")).unwrap_or_default();
    text.lines().map(|line| line.parse().unwrap()).collect()
}

fn committed(library: &Library) -> BTreeSet<u32> {
    let captions = library.listing().into_values();
    captions.map(|caption| caption.trim_start_matches("Picture ").parse().unwrap()).collect()
}

#[test]
fn a_kill_at_any_point_loses_nothing_and_repeats_nothing() {
    let library = Library::new(Fake::default());
    let mut photos = 0;
    let run = || {
        Command::new(env::current_exe().unwrap())
            .args(["child", "--exact", "--nocapture"])
            .env(CHILD, library.database.parent().unwrap())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut before = BTreeSet::new();
    // A fixed sequence (Knuth's generator), so that a failure can be repeated; the scheduler adds its own chance.
    let mut random = 2026_u64;
    for kill in 0..KILLS {
        let wanted = before.len() as u32 + AHEAD;
        (photos..wanted).for_each(|i| library.put(&format!("{}/{i}.png", i % 7), i));
        photos = photos.max(wanted);
        let logged = log(&library).len();
        let mut child = run();
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        thread::sleep(Duration::from_millis((random >> 33) % 130));
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success(), "kill {kill}: the run had ended before it");
        library.store().check().unwrap();
        let now = committed(&library);
        assert!(now.is_superset(&before), "kill {kill}: what was committed is gone");
        let repeated: Vec<u32> =
            log(&library)[logged..].iter().filter(|n| before.contains(n)).copied().collect();
        assert!(repeated.is_empty(), "kill {kill}: {repeated:?} were committed and analysed again");
        // A commit takes place after 16 photos: no more than the open batch and what waits for it is lost.
        let lost = log(&library)[logged..].iter().filter(|n| !now.contains(n)).count();
        assert!(lost <= 40, "kill {kill}: {lost} analysed photos lost");
        before = now;
    }
    assert!(run().wait().unwrap().success());
    library.store().check().unwrap();
    assert_eq!(committed(&library), (0..photos).collect());
    let mut times = BTreeMap::new();
    for number in log(&library) {
        *times.entry(number).or_insert(0) += 1;
    }
    assert_eq!(times.len(), photos as usize);
    assert!(run().wait().unwrap().success());
    assert_eq!(
        log(&library).len(),
        times.values().sum::<usize>(),
        "a run after the last finds nothing to do"
    );
}

#[test]
fn a_database_locked_for_longer_than_the_busy_timeout_is_waited_for() {
    let library = Library::new(Fake { takes: Duration::from_millis(2), ..Fake::default() });
    (0..60).for_each(|i| library.put(&format!("{i}.png"), i));
    library.store();
    let other = rusqlite::Connection::open(&library.database).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (handle, _events) = library.start(library.options());
    let locked = Instant::now();
    while locked.elapsed() < Duration::from_millis(5500) {
        assert_eq!(handle.progress().done, 0, "nothing counts as done before it is committed");
        thread::sleep(Duration::from_millis(50));
    }
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(handle.join().unwrap().progress.added, 60);
    library.store().check().unwrap();
    assert!(library.fake.take().values().all(|times| *times == 1), "nothing is analysed twice");
}

#[test]
fn cancelling_while_the_database_is_locked_ends_with_the_reason() {
    let library = Library::with(&[("a.png", 1)]);
    let other = rusqlite::Connection::open(&library.database).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (handle, _events) = library.start(library.options());
    wait_for("the analysis", || !library.fake.take().is_empty());
    handle.cancel();
    assert_eq!(handle.join().unwrap_err().code(), "library.database_locked");
    other.execute_batch("COMMIT").unwrap();
    drop(other);
    assert_eq!(library.index().0.progress.added, 1);
}

#[test]
fn a_damaged_database_is_made_anew_and_said_so() {
    let library = Library::with(&[("a.png", 1)]);
    library.index();
    fs::write(&library.database, b"not a database any more").unwrap();
    for suffix in ["-wal", "-shm"] {
        let mut name = library.database.clone().into_os_string();
        name.push(suffix);
        let _ = fs::remove_file(name);
    }
    let opened = Store::open(&library.database);
    assert!(opened.is_ok_and(|opened| opened.recovered.is_some()));
    library.store().add_folder(&library.photos).unwrap();
    assert_eq!(library.index().0.progress.added, 1);
}

#[test]
fn what_would_fail_for_every_photo_ends_indexing_with_its_reason() {
    struct Broken;
    impl mm_library::index::Analyser for Broken {
        fn key(&self) -> String {
            "broken".to_owned()
        }
        fn analyse(
            &self,
            _: &image::RgbImage,
            _: &mm_core::tasks::CancelToken,
        ) -> mm_core::Result<mm_library::index::Analysis> {
            Err(mm_core::Error::BundleFileMissing { path: "vision.onnx".into() })
        }
    }
    let library = Library::new(Fake::default());
    (0..50).for_each(|i| library.put(&format!("{i}.png"), i));
    let (handle, _events) = start(library.options(), Arc::new(Broken));
    assert_eq!(handle.join().unwrap_err().code(), "bundle.file_missing");
    library.store().check().unwrap();
    assert_eq!(library.store().totals().unwrap().failed, 0, "photos are not to blame");
    assert_eq!(library.index().0.progress.added, 50);
}
