//! How long the start takes, from the program's first line to the first caption.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Mutex, OnceLock, PoisonError},
    time::Instant,
};

/// Environment variable with a file that receives the marks as one JSON object, name to milliseconds.
pub const MEASURE_VARIABLE: &str = "MM_APP_MEASURE_START";

static BEGIN: OnceLock<Instant> = OnceLock::new();
static MARKS: Mutex<BTreeMap<&'static str, f64>> = Mutex::new(BTreeMap::new());

/// Called on the first line of the program: everything is counted from here.
pub fn begin() {
    BEGIN.get_or_init(Instant::now);
}

/// Notes that `name` happened; only the first time counts.
pub fn mark(name: &'static str) {
    let Some(begin) = BEGIN.get() else { return };
    let milliseconds = (begin.elapsed().as_secs_f64() * 1e4).round() / 10.0;
    let mut marks = MARKS.lock().unwrap_or_else(PoisonError::into_inner);
    if marks.contains_key(name) {
        return;
    }
    marks.insert(name, milliseconds);
    tracing::info!(target: "start", name, milliseconds);
    let Some(file) = std::env::var_os(MEASURE_VARIABLE).filter(|v| !v.is_empty()).map(PathBuf::from) else {
        return;
    };
    let written =
        serde_json::to_vec(&*marks).map_err(std::io::Error::from).and_then(|json| fs::write(&file, json));
    if let Err(error) = written {
        tracing::warn!(%error, "{MEASURE_VARIABLE} cannot be written");
    }
}
