//! A library made of words: photos whose embedding is known, in a database of their own.
#![allow(dead_code, reason = "each test program uses a part")]
#![allow(clippy::unwrap_used, clippy::must_use_candidate, reason = "a test may stop at the first surprise")]

use std::{fs, path::Path};

use mm_core::tasks::embed::Embedding;
use mm_library::{
    search::{Embedder, Page, Query, search},
    store::{Change, ContentHash, FileFacts, FolderId, PhotoRecord, Store, StoredRegion, StoredWord},
};

/// Each of these words is an axis of the space that pictures and texts are embedded in.
pub const CONCEPTS: [&str; 8] = ["dog", "beach", "car", "cat", "snow", "girl", "tree", "boat"];

/// Knows the concepts, in singular and plural, and nothing else.
pub struct Concepts;

pub fn embedding(text: &str) -> Option<Embedding> {
    let has = |concept: &str| {
        text.to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| word == concept || word.strip_suffix('s') == Some(concept))
    };
    let axes: Vec<f32> = CONCEPTS.iter().map(|concept| f32::from(u8::from(has(concept)))).collect();
    Embedding::normalised(axes, "concepts").ok()
}

impl Embedder for Concepts {
    fn embed_text(&self, text: &str) -> mm_core::Result<Embedding> {
        embedding(text).ok_or(mm_core::Error::TextEmpty)
    }
}

pub struct Library {
    pub store: Store,
    pub folder: FolderId,
    pub dir: tempfile::TempDir,
}

pub const TODAY: jiff::civil::Date = jiff::civil::date(2026, 11, 23);

impl Library {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let photos = dir.path().join("Holiday photos");
        fs::create_dir(&photos).unwrap();
        let mut store = Store::open(&dir.path().join("library.sqlite")).unwrap().store;
        let folder = store.add_folder(&photos).unwrap().id;
        Self { store, folder, dir }
    }

    pub fn database(&self) -> std::path::PathBuf {
        self.dir.path().join("library.sqlite")
    }

    pub fn add(&mut self, path: &str, record: PhotoRecord) {
        let change = photo(self.folder, path, record);
        self.store.commit(&[change]).unwrap();
    }

    pub fn find(&self, text: &str) -> Page {
        self.page(text, 0, 100)
    }

    pub fn page(&self, text: &str, offset: usize, limit: usize) -> Page {
        search(&self.store, &Concepts, &Query { text, like: None, offset, limit, today: TODAY }).unwrap()
    }

    /// File names of the hits.
    pub fn names(&self, text: &str) -> Vec<String> {
        names(&self.find(text))
    }
}

pub fn names(page: &Page) -> Vec<String> {
    page.hits.iter().map(|hit| hit.path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

pub fn facts(path: &str) -> FileFacts {
    FileFacts { path: Path::new(path).into(), size: 1, modified_ns: 1_700_000_000_000_000_000 }
}

pub fn photo(folder: FolderId, path: &str, record: PhotoRecord) -> Change {
    Change::Photo { folder, file: facts(path), photo: Box::new(record) }
}

/// A photo that shows `shows`, is captioned `caption`, and has a line of text.
pub fn record(shows: &str, caption: &str, text: &str) -> PhotoRecord {
    let hash = *blake3::hash(format!("{shows}|{caption}|{text}").as_bytes()).as_bytes();
    let quad = [[0.0, 0.0], [9.0, 0.0], [9.0, 4.0], [0.0, 4.0]];
    let words = text.split_whitespace().map(|word| StoredWord { text: word.to_owned(), quad }).collect();
    let region = StoredRegion { text: text.to_owned(), quad, confidence: 0.9, words };
    PhotoRecord {
        hash: ContentHash(hash),
        model: "concepts".to_owned(),
        width: 640,
        height: 480,
        taken: None,
        camera: Some("Pinhole 1".to_owned()),
        place: Some((47.4, 9.7)),
        // A photo of nothing the embedder knows lies off every query's way.
        embedding: embedding(shows).unwrap_or_else(|| {
            Embedding::normalised(CONCEPTS.iter().map(|_| -1.0).collect(), "concepts").unwrap()
        }),
        caption: caption.to_owned(),
        caption_confidence: 0.8,
        page: if text.is_empty() { Vec::new() } else { vec![region] },
        thumbnail: vec![0xff, 0xd8, 0xff, 0xd9],
    }
}

pub fn taken(at: &str, record: PhotoRecord) -> PhotoRecord {
    PhotoRecord { taken: Some(at.parse().unwrap()), ..record }
}
