//! How search grows: libraries of made-up photos, searched through `search()` as an app does.
//!
//! ```sh
//! cargo run --release -p mm-library --example scale -- 1000,10000,100000 > docs/library/scale.csv
//! ```
//!
//! One line per size: milliseconds of 400 searches of 16 kinds (median, 95th percentile, slowest), of the first search
//! after opening, of a search by picture, of the 100 nearest vectors by sqlite-vec's `vec0` for comparison, and what
//! one photo takes in the database without its thumbnail and its text's places.

use std::{
    error::Error,
    io::{Write, stdout},
    path::Path,
    time::Instant,
};

use jiff::civil::{Date, date};
use mm_core::tasks::embed::Embedding;
use mm_library::{
    search::{Embedder, Query, search},
    store::{Change, ContentHash, FileFacts, FolderId, PhotoRecord, Store, StoredRegion},
};
use rusqlite::{Connection, ffi::sqlite3_auto_extension, params};

const TODAY: Date = date(2026, 11, 23);
/// As in the committed bundle.
const LENGTH: usize = 384;
const WHO: [&str; 10] =
    ["man", "woman", "boy", "girl", "child", "dog", "cat", "horse", "group of people", "bird"];
const COLOURS: [&str; 8] = ["red", "blue", "green", "yellow", "black", "white", "pink", "brown"];
const THINGS: [&str; 12] = [
    "shirt",
    "hat",
    "jacket",
    "ball",
    "bicycle",
    "car",
    "skateboard",
    "guitar",
    "umbrella",
    "boat",
    "backpack",
    "frisbee",
];
const PLACES: [&str; 14] = [
    "beach", "street", "park", "field", "mountain", "lake", "room", "kitchen", "forest", "river", "stage",
    "snow", "bridge", "stadium",
];
const SIGNS: [&str; 12] = [
    "EXIT",
    "NO PARKING",
    "COFFEE",
    "OPEN",
    "Bakery",
    "Platform 9",
    "SALE 50%",
    "Museum",
    "Hotel Adler",
    "TAXI",
    "Menu",
    "Invoice 2023",
];
const TRIPS: [&str; 9] =
    ["Rome", "Bregenz", "Birthday", "Work", "Garden", "Skiing", "Camera", "WhatsApp", "Zoo"];

const QUERIES: [&str; 16] = [
    "",
    "dog",
    "man",
    "red car",
    "a girl in a pink hat on the beach",
    "a group of people on a stage with a guitar",
    "coffee",
    "hotel adler",
    "rome",
    "skii",
    "2023",
    "dog last summer",
    "beach -dog",
    "street without cars, 2022",
    "unicorn",
    "black cat \"NO PARKING\" OR 1=1 --",
];

/// Splitmix64: the same photos on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    /// About normal: the sum of four uniform numbers.
    fn normal(&mut self) -> f32 {
        (0..4).map(|_| self.below(1 << 20) as f32 / (1 << 19) as f32 - 1.0).sum()
    }
}

/// Every word has a direction, and a text the sum of its words'; a photo's has noise as well, so that the cosine of a
/// word and a photo of it is about what the real model's is.
fn vector(text: &str, noise: f32, random: &mut Random) -> Vec<f32> {
    let mut sum: Vec<f32> = (0..LENGTH).map(|_| noise * random.normal()).collect();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 2) {
        let seed =
            word.to_lowercase().bytes().fold(7, |h: u64, b| h.wrapping_mul(31).wrapping_add(u64::from(b)));
        let mut direction = Random(seed);
        for value in &mut sum {
            *value += direction.normal();
        }
    }
    sum
}

struct Words;

impl Embedder for Words {
    fn embed_text(&self, text: &str) -> mm_core::Result<Embedding> {
        Embedding::normalised(vector(text, 0.0, &mut Random(0)), "words")
            .map_err(|_| mm_core::Error::TextEmpty)
    }
}

fn small(n: usize) -> i8 {
    i8::try_from(n).unwrap_or(1)
}

fn photo(number: usize, folder: FolderId, random: &mut Random) -> mm_core::Result<Change> {
    let (who, colour) = (random.pick(&WHO), random.pick(&COLOURS));
    let (thing, place) = (random.pick(&THINGS), random.pick(&PLACES));
    let caption = format!("a {who} with a {colour} {thing} on a {place}");
    let line = if random.below(10) < 3 { random.pick(&SIGNS) } else { "" };
    let region =
        StoredRegion { text: line.to_owned(), quad: [[0.0; 2]; 4], confidence: 0.9, words: Vec::new() };
    let year = 2010 + i16::try_from(random.below(17)).unwrap_or_default();
    let taken = date(year, small(1 + random.below(12)), small(1 + random.below(28))).at(12, 0, 0, 0);
    let photo = PhotoRecord {
        hash: ContentHash(*blake3::hash(&number.to_le_bytes()).as_bytes()),
        model: "words".to_owned(),
        width: 4000,
        height: 3000,
        taken: Some(taken),
        camera: Some("Pinhole 1".to_owned()),
        place: None,
        embedding: Embedding::normalised(vector(&caption, 1.5, random), "words")?,
        caption,
        caption_confidence: 0.7,
        page: if line.is_empty() { Vec::new() } else { vec![region] },
        thumbnail: Vec::new(),
    };
    let path = format!("{year}/{}/IMG_{number:07}.jpg", random.pick(&TRIPS)).into();
    let file = FileFacts { path, size: 1, modified_ns: 0 };
    Ok(Change::Photo { folder, file, photo: Box::new(photo) })
}

fn fill(store: &mut Store, rows: usize, folder: &Path) -> Result<(), Box<dyn Error>> {
    let folder = store.add_folder(folder)?.id;
    let mut random = Random(1);
    for start in (0..rows).step_by(1000) {
        let numbers = start..rows.min(start + 1000);
        let changes =
            numbers.map(|number| photo(number, folder, &mut random)).collect::<Result<Vec<_>, _>>()?;
        store.commit(&changes)?;
    }
    Ok(())
}

fn milliseconds(work: impl FnOnce() -> Result<(), Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

fn part(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

/// Median time of the 100 nearest by `vec0`, the comparison for the scan in memory.
fn with_vec0(rows: usize, file: &Path) -> Result<f64, Box<dyn Error>> {
    let int8 = |v: Vec<f32>| -> Vec<u8> {
        let length = v.iter().map(|x| x * x).sum::<f32>().sqrt();
        v.iter().map(|x| (x / length * 127.0).round() as i8 as u8).collect()
    };
    let mut connection = Connection::open(file)?;
    connection.execute_batch(&format!(
        "CREATE VIRTUAL TABLE v USING vec0 (e int8[{LENGTH}] distance_metric=cosine)"
    ))?;
    let mut random = Random(1);
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction.prepare("INSERT INTO v (rowid, e) VALUES (?1, vec_int8(?2))")?;
        for row in 1..=i64::try_from(rows)? {
            insert.execute(params![row, int8(vector("", 1.0, &mut random))])?;
        }
    }
    transaction.commit()?;
    let mut nearest =
        connection.prepare("SELECT rowid, distance FROM v WHERE e MATCH vec_int8(?1) AND k = 100")?;
    let mut times = (0..9)
        .map(|_| {
            let query = int8(vector("", 1.0, &mut random));
            milliseconds(|| {
                let rows = nearest.query_map([query], |row| row.get::<_, i64>(0))?;
                rows.collect::<Result<Vec<_>, _>>()?;
                Ok(())
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    times.sort_by(f64::total_cmp);
    Ok(part(&times, 0.5))
}

fn measure(rows: usize) -> Result<String, Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("library.sqlite");
    fill(&mut Store::open(&file)?.store, rows, dir.path())?;
    let store = Store::open(&file)?.store;
    let bytes = store.totals()?.database_bytes as f64 / rows as f64;
    let ask = |text: &str, like: Option<&Embedding>| {
        milliseconds(|| {
            search(&store, &Words, &Query { text, like, offset: 0, limit: 50, today: TODAY })?;
            Ok(())
        })
    };
    let first = ask("dog", None)?;
    let mut times = Vec::new();
    for text in QUERIES {
        let mut own = (0..25).map(|_| ask(text, None)).collect::<Result<Vec<_>, _>>()?;
        own.sort_by(f64::total_cmp);
        writeln!(std::io::stderr(), "{rows} {text:?}: {:.2} ms", part(&own, 0.5))?;
        times.extend(own);
    }
    times.sort_by(f64::total_cmp);
    let picture = Embedding::normalised(vector("a red car on a street", 1.0, &mut Random(5)), "words")?;
    let mut pictures = (0..15).map(|_| ask("", Some(&picture))).collect::<Result<Vec<_>, _>>()?;
    pictures.sort_by(f64::total_cmp);
    let (p50, p95, slowest) = (part(&times, 0.5), part(&times, 0.95), part(&times, 1.0));
    let (by_picture, vec0) = (part(&pictures, 0.5), with_vec0(rows, &dir.path().join("vec0.sqlite"))?);
    Ok(format!("{rows},{p50:.2},{p95:.2},{slowest:.2},{first:.1},{by_picture:.2},{vec0:.2},{bytes:.0}"))
}

type Entry = unsafe extern "C" fn(
    *mut rusqlite::ffi::sqlite3,
    *mut *mut std::ffi::c_char,
    *const rusqlite::ffi::sqlite3_api_routines,
) -> std::ffi::c_int;

fn main() -> Result<(), Box<dyn Error>> {
    // SAFETY: `sqlite3_vec_init` has the signature of an extension's entry point, which its Rust declaration omits, and
    // is called by SQLite alone, which this program links once.
    unsafe {
        let entry = std::mem::transmute::<*const (), Entry>(sqlite_vec::sqlite3_vec_init as *const ());
        sqlite3_auto_extension(Some(entry));
    }
    let sizes = std::env::args().nth(1).unwrap_or_else(|| "1000,10000,100000".to_owned());
    writeln!(
        stdout(),
        "photos,p50_ms,p95_ms,slowest_ms,first_ms,by_picture_ms,vec0_100_nearest_ms,bytes_per_photo"
    )?;
    for rows in sizes.split(',') {
        writeln!(stdout(), "{}", measure(rows.trim().parse()?)?)?;
    }
    Ok(())
}
