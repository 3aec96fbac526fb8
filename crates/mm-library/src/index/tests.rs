//! What needs the inside: a disk that is full, sensors that say what a test wants, batches.

use std::{
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use image::Rgb;
use mm_core::{
    RgbImage,
    tasks::{CancelToken, embed::Embedding, ocr::TextPage},
};
use tempfile::TempDir;

use super::{strain::Readings, *};

#[derive(Default)]
struct Fake {
    analysed: AtomicUsize,
}

impl Analyser for Fake {
    fn key(&self) -> String {
        "fake 1".to_owned()
    }

    fn analyse(&self, image: &RgbImage, cancel: &CancelToken) -> mm_core::Result<Analysis> {
        cancel.check()?;
        self.analysed.fetch_add(1, Ordering::Relaxed);
        let Rgb([red, green, blue]) = *image.get_pixel(0, 0);
        let vector = [red, green, blue, 1].map(f32::from).repeat(96);
        Ok(Analysis {
            embedding: Embedding::normalised(vector, "fake")?,
            caption: format!("A plain picture of {red}, {green}, {blue}"),
            caption_confidence: 0.5,
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

struct Says(Arc<Mutex<Readings>>);

impl Sensors for Says {
    fn read(&mut self) -> Readings {
        *pool::lock(&self.0)
    }
}

fn photos(folder: &Path, count: u8) {
    fs::create_dir_all(folder).unwrap();
    for i in 0..count {
        let noise = |x: u32, y: u32| (x * 7 + y * 13 + u32::from(i) * 31) as u8;
        RgbImage::from_fn(64, 64, |x, y| Rgb([i, noise(x, y), noise(y, x)]))
            .save(folder.join(format!("{i}.png")))
            .unwrap();
    }
}

fn library(folder: &Path, database: &Path) -> Store {
    let mut store = Store::open(database).unwrap().store;
    store.add_folder(folder).unwrap();
    store
}

#[test]
fn a_full_disk_is_an_error_and_what_was_committed_stays() {
    let dir = TempDir::new().unwrap();
    let (folder, database) = (dir.path().join("photos"), dir.path().join("library.sqlite"));
    photos(&folder, 120);
    let store = library(&folder, &database);
    let connection = store.connection();
    let pages: u32 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    connection
        .query_row(&format!("PRAGMA max_page_count = {}", pages + 60), [], |row| row.get::<_, u32>(0))
        .unwrap();
    let fake = Arc::new(Fake::default());
    let options = IndexOptions::new(database.clone());
    let quiet = || Box::new(Says(Arc::default()));
    let (handle, _events) = start_with(options.clone(), fake.clone(), quiet(), |_| Ok(store));
    assert_eq!(handle.join().unwrap_err().code(), "library.disk_full");

    let store = Store::open(&database).unwrap().store;
    store.check().unwrap();
    let kept = store.totals().unwrap().photos as usize;
    assert!((1..120).contains(&kept), "{kept}");
    fake.analysed.store(0, Ordering::Relaxed);
    let (handle, _events) = start_with(options, fake.clone(), quiet(), |_| Ok(store));
    assert_eq!(handle.join().unwrap().progress.done, 120);
    assert_eq!(fake.analysed.load(Ordering::Relaxed), 120 - kept, "what was committed is not done again");
    let store = Store::open(&database).unwrap().store;
    store.check().unwrap();
    assert_eq!(store.totals().unwrap().photos, 120);
}

#[test]
fn a_low_battery_stops_indexing_until_full_speed_is_asked_for() {
    let dir = TempDir::new().unwrap();
    let (folder, database) = (dir.path().join("photos"), dir.path().join("library.sqlite"));
    photos(&folder, 5);
    let store = library(&folder, &database);
    let readings = Readings { on_battery: Some(0.1), margin: None };
    let fake = Arc::new(Fake::default());
    let sensors = Box::new(Says(Arc::new(Mutex::new(readings))));
    let (handle, events) = start_with(IndexOptions::new(database), fake.clone(), sensors, |_| Ok(store));
    let start = Instant::now();
    while handle.progress().waiting != Some(Waiting::Battery) {
        assert!(start.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(10));
    }
    thread::sleep(Duration::from_millis(100));
    assert_eq!((fake.analysed.load(Ordering::Relaxed), handle.progress().phase), (0, Phase::Indexing));
    handle.set_pace(Pace::Full);
    let summary = handle.join().unwrap();
    assert_eq!((summary.progress.added, summary.progress.waiting), (5, None));
    assert!(start.elapsed() < Duration::from_secs(20));
    assert!(
        events
            .iter()
            .any(|event| matches!(event, IndexEvent::Progress(p) if p.waiting == Some(Waiting::Battery)))
    );
}
