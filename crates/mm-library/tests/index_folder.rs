//! What changed is found, what did not is left alone, and bad files stop nothing.

#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod index_support;

use std::{fs, path::Path, time::Duration};

use index_support::{Fake, Library, wait_for};
use mm_library::index::{IndexEvent, IndexOptions, Phase, Waiting};

fn pairs(listing: &std::collections::BTreeMap<String, String>) -> Vec<(&str, &str)> {
    listing.iter().map(|(name, said)| (name.as_str(), said.as_str())).collect()
}

#[test]
fn new_photos_are_analysed_once_and_unchanged_ones_not_again() {
    let library = Library::with(&[("a.png", 1), ("deep/er/b.png", 2), ("copy of a.png", 1)]);
    let (summary, events) = library.index();
    assert_eq!((summary.progress.found, summary.progress.done, summary.progress.added), (3, 3, 3));
    assert_eq!((summary.progress.phase, summary.cancelled), (Phase::Done, false));
    assert!(matches!(events.last(), Some(IndexEvent::Finished(_))));
    assert_eq!(
        library.fake.take().into_iter().collect::<Vec<_>>(),
        [(1, 1), (2, 1)],
        "copies are analysed once"
    );
    assert_eq!(library.store().totals().unwrap().photos, 2);

    let (again, _) = library.index();
    assert_eq!((again.progress.unchanged, again.progress.done), (3, 3));
    assert!(library.fake.take().is_empty());
    assert!(library.store().folders().unwrap()[0].last_scanned.is_some());
}

#[test]
fn moved_edited_touched_copied_and_deleted_photos_are_told_apart() {
    let library = Library::with(&[
        ("moved.png", 1),
        ("edited.png", 2),
        ("touched.png", 3),
        ("copied.png", 4),
        ("deleted.png", 5),
    ]);
    library.index();
    library.fake.take();
    let at = |name: &str| library.photos.join(name);
    fs::create_dir(at("new place")).unwrap();
    fs::rename(at("moved.png"), at("new place/other name.png")).unwrap();
    // As editors do that keep the original beside it.
    fs::rename(at("edited.png"), at("edited (original).png")).unwrap();
    library.put("edited.png", 20);
    let later = std::time::SystemTime::now() + Duration::from_secs(5);
    fs::File::options().write(true).open(at("touched.png")).unwrap().set_modified(later).unwrap();
    fs::copy(at("copied.png"), at("the copy.png")).unwrap();
    fs::remove_file(at("deleted.png")).unwrap();

    let (summary, _) = library.index();
    let progress = summary.progress;
    assert_eq!((progress.moved, progress.added, progress.removed, progress.failed), (1, 3, 1, 0));
    assert_eq!(library.fake.take().into_keys().collect::<Vec<_>>(), [20]);
    assert_eq!(
        pairs(&library.listing()),
        [
            ("copied.png", "Picture 4"),
            ("edited (original).png", "Picture 2"),
            ("edited.png", "Picture 20"),
            ("new place/other name.png", "Picture 1"),
            ("the copy.png", "Picture 4"),
            ("touched.png", "Picture 3"),
        ]
    );
}

#[test]
fn a_photo_that_moves_to_another_folder_of_the_library_is_not_analysed_again() {
    let library = Library::with(&[("a.png", 1), ("stays.png", 2)]);
    let second = library.dir.path().join("second");
    fs::create_dir(&second).unwrap();
    library.store().add_folder(&second).unwrap();
    library.index();
    library.fake.take();
    fs::rename(library.photos.join("a.png"), second.join("b.png")).unwrap();
    let (summary, _) = library.index();
    assert_eq!((summary.progress.moved, summary.progress.removed), (1, 0));
    assert!(library.fake.take().is_empty());
}

#[test]
fn another_model_analyses_everything_again() {
    let mut library = Library::with(&[("a.png", 1), ("b.png", 2)]);
    library.index();
    library.fake = std::sync::Arc::new(Fake { version: 2, ..Fake::default() });
    assert_eq!(library.index().0.progress.added, 2);
    assert_eq!(library.fake.take().len(), 2);
    assert_eq!(library.index().0.progress.unchanged, 2);
}

#[test]
fn every_bad_file_is_listed_with_its_code_and_the_others_go_on() {
    let library = Library::new(Fake { panics_at: Some(13), ..Fake::default() });
    library.put("good.png", 1);
    library.put("panic.png", 13);
    library.put("panic too.png", 13);
    fs::write(library.photos.join("empty.jpg"), b"").unwrap();
    fs::write(library.photos.join("text.jpg"), b"Dear diary").unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mm-core/tests/fixtures/images");
    let mut hostile = 0;
    for file in fs::read_dir(&fixtures).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        let picture = Path::new(&name).extension().and_then(|ending| ending.to_str());
        if !picture.is_some_and(|ending| mm_core::decode::EXTENSIONS.contains(&ending)) {
            continue;
        }
        fs::copy(file.path(), library.photos.join(format!("whole {name}"))).unwrap();
        let bytes = fs::read(file.path()).unwrap();
        fs::write(library.photos.join(format!("cut {name}")), &bytes[..bytes.len() * 2 / 5]).unwrap();
        hostile += 1;
    }
    assert!(hostile > 30);
    let (summary, events) = library.index();
    let listing = library.listing();
    for (name, expected) in [
        ("good.png", "Picture 1"),
        ("empty.jpg", "image.empty"),
        ("text.jpg", "image.unsupported_format"),
        ("panic.png", "photo.panicked"),
        ("panic too.png", "photo.panicked"),
        ("whole claims_50000.png", "image.too_large"),
        ("cut exif_1.jpg", "image.corrupt"),
        ("cut irot_1.heic", "image.corrupt"),
    ] {
        assert_eq!(listing.get(name).map(String::as_str), Some(expected), "{name}");
    }
    let failed = listing.values().filter(|said| said.contains('.')).count();
    assert_eq!(summary.progress.failed as usize, failed);
    assert_eq!(summary.progress.done, summary.progress.found);
    let told = events.iter().filter(|event| matches!(event, IndexEvent::Failed { .. })).count();
    assert_eq!(told, failed);
    let store = library.store();
    assert_eq!(store.totals().unwrap().failed as usize, failed);
    for failure in store.failures(0, 1000).unwrap() {
        assert!(failure.message.contains("; "), "what to do next: {}", failure.message);
    }
    // Damage stays damage until the file changes; a bug may be mended meanwhile.
    let (again, events) = library.index();
    assert_eq!(again.progress.failed as usize, failed);
    assert_eq!(events.iter().filter(|event| matches!(event, IndexEvent::Failed { .. })).count(), 2);
    library.put("empty.jpg.png", 2);
    fs::rename(library.photos.join("empty.jpg.png"), library.photos.join("empty.jpg")).unwrap();
    library.index();
    assert_eq!(library.listing()["empty.jpg"], "Picture 2");
}

#[test]
fn a_folder_that_is_not_there_forgets_nothing() {
    let library = Library::with(&[("a.png", 1)]);
    library.index();
    let away = library.dir.path().join("unplugged");
    fs::rename(&library.photos, &away).unwrap();
    for mount_point_stays in [false, true] {
        if mount_point_stays {
            fs::create_dir(&library.photos).unwrap();
        }
        let (summary, events) = library.index();
        assert_eq!(summary.missing, std::slice::from_ref(&library.photos));
        assert!(events.contains(&IndexEvent::FolderMissing { path: library.photos.clone() }));
        assert_eq!((summary.progress.removed, library.listing().len()), (0, 1));
    }
    fs::remove_dir(&library.photos).unwrap();
    fs::rename(&away, &library.photos).unwrap();
    library.fake.take();
    assert_eq!(library.index().0.progress.unchanged, 1);
    assert!(library.fake.take().is_empty());
}

#[cfg(unix)]
#[test]
fn names_that_are_no_text_and_odd_ones_are_indexed() {
    use std::os::unix::ffi::OsStrExt as _;
    let library = Library::with(&[("ünï \u{1F980} 'quoted' \"%;--.png", 1), ("new\nline.png", 2)]);
    let odd = library.photos.join(std::ffi::OsStr::from_bytes(b"latin-\xE9.png"));
    if fs::copy(library.photos.join("new\nline.png"), &odd).is_ok() {
        library.put("other.png", 3);
        assert_eq!(library.index().0.progress.added, 4);
    } else {
        // Some file systems allow no such name.
        assert_eq!(library.index().0.progress.added, 2);
    }
    assert_eq!(library.index().0.progress.added, 0);
}

#[test]
fn a_pause_holds_and_a_cancel_ends_at_once_without_losing_what_is_done() {
    let library = Library::new(Fake { takes: Duration::from_millis(5), ..Fake::default() });
    (0..200).for_each(|i| library.put(&format!("{i}.png"), i));
    let (handle, events) = library.start(library.options());
    wait_for("some photos", || handle.progress().done > 20);
    handle.pause(true);
    std::thread::sleep(Duration::from_millis(50));
    let paused = handle.progress();
    assert_eq!((paused.phase, paused.waiting), (Phase::Paused, Some(Waiting::Asked)));
    let held = library.fake.take().len();
    std::thread::sleep(Duration::from_millis(100));
    assert!(library.fake.take().is_empty(), "nothing is analysed while paused");
    handle.pause(false);
    wait_for("more photos", || handle.progress().done > paused.done + 20);
    handle.cancel();
    let start = std::time::Instant::now();
    let summary = handle.join().unwrap();
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(summary.cancelled && summary.progress.done < 200);
    assert!(events.iter().any(|event| matches!(event, IndexEvent::Progress(p) if p.photos_per_second > 0.0)));
    library.store().check().unwrap();
    let done = library.store().totals().unwrap().photos as usize;
    assert!(held > 0 && done >= 40, "{held} {done}");
    library.fake.take();
    assert_eq!(library.index().0.progress.unchanged as usize, done);
    assert_eq!(library.fake.take().len(), 200 - done);
}

#[test]
fn a_cancel_interrupts_a_long_analysis_and_so_does_dropping() {
    let library = Library::new(Fake { takes: Duration::from_mins(1), ..Fake::default() });
    library.put("a.png", 1);
    for drop_it in [false, true] {
        let (handle, _events) = library.start(library.options());
        wait_for("the analysis", || handle.progress().current.is_some());
        let start = std::time::Instant::now();
        if drop_it {
            drop(handle);
        } else {
            handle.cancel();
            assert!(handle.join().unwrap().cancelled);
        }
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    }
}

#[test]
fn a_folder_removed_while_it_is_indexed_ends_nothing() {
    let library = Library::new(Fake { takes: Duration::from_millis(3), ..Fake::default() });
    (0..150).for_each(|i| library.put(&format!("{i}.png"), i));
    let second = library.dir.path().join("second");
    index_support::write_picture(&second.join("x.png"), 1000);
    library.store().add_folder(&second).unwrap();
    let (handle, _events) = library.start(library.options());
    wait_for("some photos", || handle.progress().done > 20);
    let mut store = library.store();
    let first = store.folders().unwrap()[0].id;
    store.remove_folder(first).unwrap();
    handle.join().unwrap();
    store.check().unwrap();
    assert_eq!(pairs(&library.listing()), [("x.png", "Picture 1000")]);
}

#[test]
fn changes_are_seen_while_the_folder_is_watched() {
    let library = Library::with(&[("a.png", 1), ("sub/b.png", 2)]);
    let (handle, events) = library.start(IndexOptions { watch: true, ..library.options() });
    wait_for("watching", || handle.progress().phase == Phase::Watching);
    library.put("sub/new.png", 3);
    wait_for("the new photo", || library.listing().len() == 3);
    fs::rename(library.photos.join("sub"), library.photos.join("renamed")).unwrap();
    wait_for("the folder's new name", || library.listing().contains_key("renamed/b.png"));
    wait_for("nothing at the old place", || !library.listing().contains_key("sub/b.png"));
    fs::remove_file(library.photos.join("a.png")).unwrap();
    wait_for("the removed photo", || library.listing().len() == 2);
    handle.cancel();
    handle.join().unwrap();
    library.store().check().unwrap();
    assert_eq!(library.fake.take().into_iter().collect::<Vec<_>>(), [(1, 1), (2, 1), (3, 1)]);
    assert!(events.iter().filter(|event| matches!(event, IndexEvent::Finished(_))).count() >= 4);
}
