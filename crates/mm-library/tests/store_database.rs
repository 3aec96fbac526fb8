//! The database over its life: what is kept, what goes, and what happens when the disk, another program or an older
//! version gets in the way.

mod store_support;

use std::{fs, path::Path};

use mm_library::store::{Change, ContentHash, FolderId, PhotoRecord, Store};
use rusqlite::Connection;
use store_support::{Concepts, Library, TODAY, facts, photo, record};

#[test]
fn a_content_lives_as_long_as_a_file_has_it() {
    let mut library = Library::new();
    let (folder, dog) = (library.folder, record("dog", "a dog", "BEWARE"));
    library.add("a.jpg", dog.clone());
    let content = library.store.content_of(&dog.hash, "concepts").unwrap().unwrap();
    assert_eq!(library.store.content_of(&dog.hash, "another model").unwrap(), None);
    assert_eq!(library.store.content_of(&ContentHash([0; 32]), "concepts").unwrap(), None);

    // Moved: found at its new place first, missed at the old one at the end of the scan.
    let same = Change::Same { folder, file: facts("sub/b.jpg"), content };
    library.store.commit(&[same]).unwrap();
    let files = library.store.files_of(folder).unwrap();
    assert_eq!(files.len(), 2);
    assert!(
        files.iter().all(|file| file.content == Some(content) && file.model.as_deref() == Some("concepts"))
    );
    library.store.commit(&[Change::Gone { file: files[0].id }]).unwrap();
    let details = library.store.photo(content).unwrap();
    assert!(details.path.ends_with("sub/b.jpg"));
    assert_eq!(
        (details.lines, details.regions.len(), details.place),
        (vec!["BEWARE".to_owned()], 1, dog.place)
    );
    assert_eq!(library.store.thumbnail(content).unwrap(), Some(dog.thumbnail.clone()));
    let again = library.store.embedding(content).unwrap().unwrap();
    assert!(again.similarity(&dog.embedding) > 0.999);
    library.store.check().unwrap();

    // Edited: the old content goes with its words; then the file fails, and its content goes too.
    library.add("sub/b.jpg", record("cat", "a cat", ""));
    assert_eq!(library.names("beware"), Vec::<String>::new());
    assert_eq!(library.store.photo(content).unwrap_err().code(), "photo.not_found");
    assert_eq!(library.store.thumbnail(content).unwrap(), None);
    let failed = Change::Failed {
        folder,
        file: facts("sub/b.jpg"),
        code: "image.corrupt".into(),
        message: "x; y".into(),
    };
    library.store.commit(&[failed]).unwrap();
    let totals = library.store.totals().unwrap();
    assert_eq!((totals.photos, totals.files, totals.failed), (0, 0, 1));
    assert!(totals.database_bytes > 4096);
    let failures = library.store.failures(0, 10).unwrap();
    assert_eq!(
        (failures.len(), failures[0].code.as_str(), failures[0].message.as_str()),
        (1, "image.corrupt", "x; y")
    );
    assert!(failures[0].path.is_absolute() && failures[0].path.ends_with("sub/b.jpg"));
    assert!(library.store.failures(1, 10).unwrap().is_empty());
    library.store.check().unwrap();
}

#[test]
fn a_commit_is_whole_or_not_at_all() {
    let mut library = Library::new();
    let folder = library.folder;
    let changes = [
        photo(folder, "a.jpg", record("dog", "a dog", "")),
        photo(FolderId(99), "b.jpg", record("cat", "a cat", "")),
    ];
    assert_eq!(library.store.commit(&changes).unwrap_err().code(), "library.failed");
    assert_eq!(library.store.totals().unwrap().photos, 0);
    library.store.commit(&changes[..1]).unwrap();
    library.store.check().unwrap();
}

#[test]
fn another_model_takes_over() {
    let mut library = Library::new();
    let dog = record("dog", "a dog", "");
    library.add("a.jpg", dog.clone());
    library.add("b.jpg", record("cat", "a cat", ""));
    library.add("b.jpg", PhotoRecord { model: "new".to_owned(), ..record("cat", "a cat", "") });
    library.store.check().unwrap();
    // The other one is found by its words until it is analysed again, even by the model it was analysed by before.
    assert_eq!(library.names("dog"), ["a"]);
    assert_eq!(library.store.content_of(&dog.hash, "concepts").unwrap(), None);
    library.add("a.jpg", dog);
    library.store.check().unwrap();
    assert_eq!(library.names("dogs"), ["a"]);
}

#[test]
fn folders_are_added_once_and_removed_whole() {
    let mut library = Library::new();
    library.add("a.jpg", record("dog", "a dog", "text of a dog"));
    let root = fs::canonicalize(library.dir.path()).unwrap();
    let other = root.join("other");
    fs::create_dir_all(other.join("deep")).unwrap();
    fs::write(other.join("file"), b"").unwrap();

    let first = &library.store.folders().unwrap()[0];
    assert_eq!((first.photos, first.last_scanned), (1, None));
    let photos = first.path.clone();
    assert_eq!(library.store.add_folder(&photos.join("../Holiday photos")).unwrap().id, library.folder);
    assert_eq!(library.store.add_folder(&root).unwrap_err().code(), "folder.nested");
    let second = library.store.add_folder(&other).unwrap();
    assert_eq!(library.store.add_folder(&other.join("deep")).unwrap_err().code(), "folder.nested");
    assert_eq!(library.store.add_folder(&other.join("file")).unwrap_err().code(), "folder.not_found");
    assert_eq!(library.store.add_folder(&root.join("none")).unwrap_err().code(), "folder.not_found");

    let copy = photo(second.id, "copy.jpg", record("dog", "a dog", "text of a dog"));
    library.store.commit(&[copy, photo(second.id, "c.jpg", record("cat", "a cat", ""))]).unwrap();
    let now = jiff::Timestamp::from_second(1_790_000_000).unwrap();
    library.store.mark_scanned(second.id, now).unwrap();
    assert_eq!(library.store.folders().unwrap()[1].last_scanned, Some(now));

    library.store.remove_folder(library.folder).unwrap();
    assert_eq!(library.store.remove_folder(library.folder).unwrap_err().code(), "folder.not_found");
    library.store.check().unwrap();
    assert_eq!(library.names("text of dog"), ["copy"]);
    library.store.remove_folder(second.id).unwrap();
    library.store.check().unwrap();
    assert_eq!(library.store.totals().unwrap().photos, 0);
    assert!(photos.is_dir());
}

#[test]
fn names_that_are_no_unicode_survive() {
    #[cfg(unix)]
    {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
        let mut library = Library::new();
        let folder = library.folder;
        let odd = Path::new(OsStr::from_bytes(b"caf\xe9/\xff.jpg"));
        let file = mm_library::store::FileFacts { path: odd.into(), ..facts("") };
        library
            .store
            .commit(&[Change::Photo { folder, file, photo: Box::new(record("dog", "a dog", "")) }])
            .unwrap();
        assert_eq!(library.store.files_of(folder).unwrap()[0].path, odd);
        assert!(library.find("dog").hits[0].path.ends_with(odd));
    }
}

/// A database as version 1 left it, with one photo.
const VERSION_1: &str = include_str!("fixtures/library-v1.sql");

#[test]
fn a_database_of_the_first_version_is_brought_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("library.sqlite");
    Connection::open(&path).unwrap().execute_batch(VERSION_1).unwrap();
    let opened = Store::open(&path).unwrap();
    assert_eq!(opened.recovered, None);
    let mut store = opened.store;
    store.check().unwrap();
    let query = mm_library::search::Query { text: "dog", like: None, offset: 0, limit: 9, today: TODAY };
    let page = mm_library::search::search(&store, &Concepts, &query).unwrap();
    assert_eq!((page.total, page.hits[0].caption.as_str()), (1, "a dog on a beach"));
    let before = store.photo(page.hits[0].content).unwrap();
    assert_eq!((before.camera, before.place, before.lines), (None, None, vec!["NO SWIMMING".to_owned()]));

    let folder = store.folders().unwrap()[0].id;
    store.commit(&[photo(folder, "b.jpg", record("cat", "a cat", ""))]).unwrap();
    let cat = store.content_of(&record("cat", "a cat", "").hash, "concepts").unwrap().unwrap();
    assert_eq!(store.photo(cat).unwrap().camera.as_deref(), Some("Pinhole 1"));
    store.check().unwrap();
    drop(store);
    Store::open(&path).unwrap().store.check().unwrap();
}

#[test]
fn a_newer_database_and_other_files_are_left_alone() {
    let library = Library::new();
    let path = library.database();
    drop(library.store);
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    assert_eq!(Store::open(&path).unwrap_err().code(), "library.database_too_new");

    let other = library.dir.path().join("other.sqlite");
    let connection = Connection::open(&other).unwrap();
    connection.execute_batch("PRAGMA application_id = 7; CREATE TABLE notes (text)").unwrap();
    drop(connection);
    let picture = library.dir.path().join("cat.jpg");
    fs::write(&picture, [0xff; 200]).unwrap();
    for file in [&other, &picture] {
        let before = fs::read(file).unwrap();
        assert_eq!(Store::open(file).unwrap_err().code(), "library.not_a_library");
        assert_eq!(Store::delete_index(file).unwrap_err().code(), "library.not_a_library");
        assert_eq!(fs::read(file).unwrap(), before);
    }
    Store::delete_index(&path).unwrap();
    Store::delete_index(&path).unwrap();
    assert!(!path.exists() && library.dir.path().join("Holiday photos").is_dir());
}

#[test]
fn a_damaged_database_is_moved_aside_and_a_new_one_made() {
    // Its header gone, its pages gone, and cut off: what is met at opening.
    let damages: [fn(&mut Vec<u8>); 3] =
        [|bytes| bytes[..4096].fill(0xAA), |bytes| bytes[100..].fill(0), |bytes| bytes.truncate(5000)];
    for damage in damages {
        let mut library = Library::new();
        library.add("a.jpg", record("dog", "a dog", ""));
        let path = library.database();
        drop(library.store);
        let mut bytes = fs::read(&path).unwrap();
        damage(&mut bytes);
        fs::write(&path, &bytes).unwrap();
        let opened = Store::open(&path).unwrap();
        let recovered = opened.recovered.unwrap();
        assert_eq!(fs::read(&recovered.moved_to).unwrap(), bytes, "never changed, never deleted");
        assert!(recovered.to_string().contains("index your folders again"));
        opened.store.check().unwrap();
        assert_eq!(opened.store.folders().unwrap(), []);
        drop(opened.store);
        assert_eq!(Store::open(&path).unwrap().recovered, None);
    }
}

#[test]
fn damage_met_later_is_dealt_with_at_the_next_opening() {
    let mut library = Library::new();
    for i in 0..200 {
        library.add(&format!("{i}.jpg"), record("dog", &format!("a dog {i} {}", "and more ".repeat(40)), ""));
    }
    let path = library.database();
    drop(library.store);
    let mut bytes = fs::read(&path).unwrap();
    // The first page, with the schema, is sound, so that opening succeeds.
    let middle = bytes.len() / 8192 * 4096;
    bytes[middle..].fill(0x55);
    fs::write(&path, &bytes).unwrap();
    let opened = Store::open(&path).unwrap();
    assert_eq!(opened.recovered, None);
    assert_eq!(opened.store.check().unwrap_err().code(), "library.database_corrupt");
    drop(opened.store);
    assert!(Store::open(&path).unwrap().recovered.is_some());
    assert_eq!(Store::open(&path).unwrap().recovered, None);
}

#[test]
fn inconsistency_is_found() {
    for (mistake, word) in [
        ("DELETE FROM vectors", "vector"),
        ("DELETE FROM thumbnails", "thumbnail"),
        ("DELETE FROM files", "no file"),
        ("UPDATE vectors SET embedding = x'01' WHERE content = 1", "lengths"),
        ("INSERT INTO content_words (content_words) VALUES ('delete-all')", "content_words"),
    ] {
        let mut library = Library::new();
        library.add("a.jpg", record("dog", "a dog", ""));
        library.add("b.jpg", record("cat", "a cat", ""));
        library.store.check().unwrap();
        Connection::open(library.database()).unwrap().execute_batch(mistake).unwrap();
        let error = library.store.check().unwrap_err();
        assert_eq!(error.code(), "library.database_corrupt", "{mistake}");
        assert!(error.to_string().contains(word), "{mistake}: {error}");
    }
}

#[test]
fn a_database_locked_by_another_program_is_waited_for_then_said() {
    let mut library = Library::new();
    let other = Connection::open(library.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; INSERT INTO models (key) VALUES ('x')").unwrap();
    library.store.wait_at_most(std::time::Duration::from_millis(50)).unwrap();
    let change = photo(library.folder, "a.jpg", record("dog", "a dog", ""));
    assert_eq!(
        library.store.commit(std::slice::from_ref(&change)).unwrap_err().code(),
        "library.database_locked"
    );
    // Reading goes on meanwhile, and so does opening.
    assert_eq!(library.find("").total, 0);
    assert_eq!(Store::open(&library.database()).unwrap().recovered, None);

    library.store.wait_at_most(std::time::Duration::from_secs(5)).unwrap();
    let released = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(100));
        other.execute_batch("ROLLBACK").unwrap();
    });
    library.store.commit(&[change]).unwrap();
    released.join().unwrap();
    library.store.check().unwrap();
}

#[test]
fn many_may_open_and_write_at_once() {
    let library = Library::new();
    let (path, folder) = (library.database(), library.folder);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let path = &path;
            scope.spawn(move || {
                let mut store = Store::open(path).unwrap().store;
                for i in 0..10 {
                    let name = format!("{thread}-{i}.jpg");
                    store
                        .commit(&[photo(folder, &name, record("dog", &format!("a dog {name}"), ""))])
                        .unwrap();
                }
            });
        }
    });
    assert_eq!(library.store.totals().unwrap().photos, 40);
    // This connection's vectors are those of all of them.
    assert_eq!(library.find("dog").total, 40);
    library.store.check().unwrap();
}
