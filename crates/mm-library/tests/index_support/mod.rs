//! Folders of small pictures and an analyser that takes no time.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses its part; tests stop at the first surprise"
)]

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, mpsc::Receiver},
    thread,
    time::{Duration, Instant},
};

use image::{Rgb, RgbImage};
use mm_core::tasks::{CancelToken, embed::Embedding, ocr::TextPage};
use mm_library::{
    index::{Analyser, Analysis, IndexEvent, IndexHandle, IndexOptions, Pace, Summary, start},
    store::Store,
};
use tempfile::TempDir;

/// A picture known by its number: the number is in its colour.
pub fn picture(number: u32) -> RgbImage {
    let [_, high, middle, low] = number.to_be_bytes();
    RgbImage::from_pixel(24, 16, Rgb([high, middle, low]))
}

pub fn write_picture(path: &Path, number: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    picture(number).save(path).unwrap();
}

/// Notes which pictures it was asked about.
#[derive(Default)]
pub struct Fake {
    /// How long it works on each.
    pub takes: Duration,
    /// Panics over this picture.
    pub panics_at: Option<u32>,
    /// Every line a picture's number, written whole before the result is given out.
    pub log: Option<PathBuf>,
    pub version: u32,
    /// How often each picture was analysed.
    pub analysed: Mutex<BTreeMap<u32, usize>>,
}

impl Fake {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// How often each picture was analysed since the last time this was asked.
    pub fn take(&self) -> BTreeMap<u32, usize> {
        std::mem::take(&mut self.analysed.lock().unwrap())
    }
}

impl Analyser for Fake {
    fn key(&self) -> String {
        format!("fake {}", self.version)
    }

    fn analyse(&self, image: &RgbImage, cancel: &CancelToken) -> mm_core::Result<Analysis> {
        let Rgb([high, middle, low]) = *image.get_pixel(0, 0);
        let number = u32::from_be_bytes([0, high, middle, low]);
        let end = Instant::now() + self.takes;
        while Instant::now() < end {
            cancel.check()?;
            thread::sleep(Duration::from_millis(1).min(self.takes));
        }
        assert!(Some(number) != self.panics_at, "the analyser has a bug at {number}");
        *self.analysed.lock().unwrap().entry(number).or_default() += 1;
        if let Some(log) = &self.log {
            let mut log = OpenOptions::new().create(true).append(true).open(log).unwrap();
            log.write_all(format!("{number}\n").as_bytes()).unwrap();
        }
        let vector = [high, middle, low, 1].map(f32::from).to_vec();
        Ok(Analysis {
            embedding: Embedding::normalised(vector, "fake")?,
            caption: format!("Picture {number}"),
            caption_confidence: 0.9,
            page: TextPage {
                width: image.width(),
                height: image.height(),
                regions: Vec::new(),
                lines: Vec::new(),
                timings: mm_core::tasks::ocr::OcrTimings::default(),
            },
        })
    }
}

/// A folder of photos in a library.
pub struct Library {
    pub dir: TempDir,
    pub photos: PathBuf,
    pub database: PathBuf,
    pub fake: Arc<Fake>,
}

impl Library {
    pub fn new(fake: Fake) -> Self {
        let dir = TempDir::new().unwrap();
        // As the library names it: some systems' folder for temporary files is a link.
        let root = fs::canonicalize(dir.path()).unwrap();
        let (photos, database) = (root.join("photos"), root.join("library.sqlite"));
        fs::create_dir(&photos).unwrap();
        let library = Self { dir, photos, database, fake: Arc::new(fake) };
        library.store().add_folder(&library.photos).unwrap();
        library
    }

    pub fn with(names: &[(&str, u32)]) -> Self {
        let library = Self::new(Fake::default());
        for (name, number) in names {
            library.put(name, *number);
        }
        library
    }

    pub fn put(&self, name: &str, number: u32) {
        write_picture(&self.photos.join(name), number);
    }

    pub fn store(&self) -> Store {
        Store::open(&self.database).unwrap().store
    }

    pub fn options(&self) -> IndexOptions {
        IndexOptions { decode_threads: 2, pace: Pace::Full, ..IndexOptions::new(self.database.clone()) }
    }

    pub fn start(&self, options: IndexOptions) -> (IndexHandle, Receiver<IndexEvent>) {
        start(options, self.fake.clone())
    }

    /// Indexes to the end; the database is whole afterwards.
    pub fn index(&self) -> (Summary, Vec<IndexEvent>) {
        let (handle, events) = self.start(self.options());
        let events = events.into_iter().collect();
        let summary = handle.join().unwrap();
        self.store().check().unwrap();
        (summary, events)
    }

    /// File names of the library with their captions, or the code they failed with.
    pub fn listing(&self) -> BTreeMap<String, String> {
        let store = self.store();
        let mut listing = BTreeMap::new();
        for folder in store.folders().unwrap() {
            for file in store.files_of(folder.id).unwrap() {
                let said = match file.content {
                    Some(content) => store.photo(content).unwrap().caption,
                    None => file.failure.unwrap(),
                };
                listing.insert(file.path.to_string_lossy().replace('\\', "/"), said);
            }
        }
        listing
    }
}

/// Waits until `ready`, long enough for a busy machine.
pub fn wait_for(what: &str, mut ready: impl FnMut() -> bool) {
    let start = Instant::now();
    while !ready() {
        assert!(start.elapsed() < Duration::from_secs(30), "waited in vain for {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
