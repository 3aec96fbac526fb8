//! `mm bench`: what the shipped code takes on this machine, stage by stage.

mod drift;
mod language;
mod live;
mod memory;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use mm_core::{
    RgbImage,
    decode::{self, Limits},
    model::Model,
    runtime,
    tasks::ocr::ReadOptions,
};
use serde::Serialize;

use self::language::LanguageReport;
pub use self::memory::peak_memory;
use super::milliseconds;
use crate::{
    args::{BenchArguments, BenchTask, ModelArguments},
    output::{CommandError, Outcome, json_line, line, show_notices},
};

/// Drawn for the tests: a street sign in perspective and a receipt, so that figures can be compared between machines.
const PAGES: [(&str, &[u8]); 2] = [
    ("street sign (drawn)", include_bytes!("../../../../../tests/golden/ocr/street-sign.jpg")),
    ("receipt (drawn)", include_bytes!("../../../../../tests/golden/ocr/receipt.jpg")),
];

#[derive(Serialize)]
struct Report {
    bundle: String,
    threads: usize,
    onnx_runtime: String,
    iterations: usize,
    /// After everything measured; `--only` tells the tasks apart.
    peak_memory_bytes: Option<u64>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    ocr: Option<OcrReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<LanguageReport>,
}

/// Reading text.
#[derive(Serialize)]
struct OcrReport {
    provider: &'static str,
    cold_start_ms: ColdStart,
    images: Vec<ImageReport>,
}

/// From the start of the program, once.
#[derive(Serialize)]
struct ColdStart {
    /// Opening the bundle: manifest and listing.
    open_bundle: f64,
    /// Hashing and loading the graphs, ONNX Runtime included.
    load_graphs: f64,
    /// The first picture, which warms caches and memory pools.
    first_read: f64,
    /// From the start of the program to the end of the first reading.
    total: f64,
}

#[derive(Serialize)]
struct ImageReport {
    image: String,
    width: u32,
    height: u32,
    text_lines: usize,
    decode: Stage,
    detect: Stage,
    recognize: Stage,
    total: Stage,
}

/// Milliseconds.
#[derive(Serialize)]
struct Stage {
    p50: f64,
    p95: f64,
}

impl Stage {
    /// A dash where nothing ran.
    fn cell(&self) -> String {
        if self.p50 <= 0.0 {
            return "-".to_owned();
        }
        format!("{:.1}/{:.1}", self.p50, self.p95)
    }
}

/// Runs the benchmark; `start` is when the program started.
pub fn run(
    options: &BenchArguments,
    model: &ModelArguments,
    start: Instant,
) -> Result<Outcome, CommandError> {
    if options.live {
        return live::run(options, model);
    }
    let pictures = pictures(options);
    let opening = Instant::now();
    let model = model.open()?;
    let open_bundle = opening.elapsed();
    let iterations = options.iterations.get();
    let ocr = (options.only != Some(BenchTask::Language))
        .then(|| measure_ocr(&model, &pictures, iterations, (start, open_bundle)))
        .transpose()?;
    let can_caption = model.bundle().manifest().models.decoder.is_some();
    let language = match options.only {
        Some(BenchTask::Ocr) => None,
        None if !can_caption => None,
        _ => Some(language::measure(&model, &pictures, iterations)?),
    };
    show_notices(&model.notices());
    let report = Report {
        bundle: format!("{} {}", model.bundle().manifest().name, model.bundle().manifest().version),
        threads: model.options().effective_threads(),
        onnx_runtime: runtime::version()?.to_owned(),
        iterations,
        peak_memory_bytes: peak_memory(),
        ocr,
        language,
    };
    if options.json {
        json_line(&report)?;
    } else {
        print(&report)?;
    }
    Ok(Outcome::AllGood)
}

fn measure_ocr(
    model: &Model,
    pictures: &[(String, Source)],
    iterations: usize,
    (start, open_bundle): (Instant, Duration),
) -> mm_core::Result<OcrReport> {
    let (load_graphs, provider) = model.load_ocr()?;
    let first = Instant::now();
    let image = pictures[0].1.load()?;
    model.read_text(&image, &ReadOptions::default())?;
    let cold_start_ms = ColdStart {
        open_bundle: milliseconds(open_bundle),
        load_graphs: milliseconds(load_graphs),
        first_read: milliseconds(first.elapsed()),
        total: milliseconds(start.elapsed()),
    };
    let images = pictures
        .iter()
        .map(|(name, source)| measure(model, name, source, iterations))
        .collect::<Result<_, _>>()?;
    Ok(OcrReport { provider: provider.as_str(), cold_start_ms, images })
}

/// A picture to measure on.
enum Source {
    Drawn(&'static [u8]),
    File(PathBuf),
}

impl Source {
    /// Decoded, through the same door as every picture and with its limits.
    fn load(&self) -> mm_core::Result<RgbImage> {
        match self {
            Self::Drawn(bytes) => decode::decode(bytes, &Limits::default()),
            Self::File(path) => decode::read_file(path, &Limits::default()),
        }
    }
}

fn pictures(options: &BenchArguments) -> Vec<(String, Source)> {
    if options.images.is_empty() {
        return PAGES.map(|(name, bytes)| (name.to_owned(), Source::Drawn(bytes))).into();
    }
    options.images.iter().map(|path| (path.display().to_string(), Source::File(path.clone()))).collect()
}

fn measure(model: &Model, name: &str, source: &Source, iterations: usize) -> mm_core::Result<ImageReport> {
    let read = |image: &RgbImage| model.read_text(image, &ReadOptions::default());
    let warm = source.load()?;
    let text_lines = read(&warm)?.regions.len();
    let (mut decodes, mut detects, mut recognizes, mut totals) = (vec![], vec![], vec![], vec![]);
    for _ in 0..iterations {
        let start = Instant::now();
        let image = source.load()?;
        decodes.push(start.elapsed());
        let page = read(&image)?;
        totals.push(start.elapsed());
        detects.push(page.timings.detect);
        recognizes.push(page.timings.recognize);
    }
    Ok(ImageReport {
        image: name.to_owned(),
        width: warm.width(),
        height: warm.height(),
        text_lines,
        decode: stage(decodes),
        detect: stage(detects),
        recognize: stage(recognizes),
        total: stage(totals),
    })
}

fn stage(mut times: Vec<Duration>) -> Stage {
    times.sort_unstable();
    // Nearest rank: the smallest value that at least this share of the runs did not exceed.
    let rank = |share: f64| {
        let index = (share * times.len() as f64).ceil() as usize;
        times.get(index.saturating_sub(1)).copied().unwrap_or_default()
    };
    Stage { p50: milliseconds(rank(0.5)), p95: milliseconds(rank(0.95)) }
}

fn print(report: &Report) -> Result<(), CommandError> {
    let memory =
        report.peak_memory_bytes.map_or(String::new(), |b| format!(", peak memory {:.0} MB", b as f64 / 1e6));
    line(&format!(
        "{}, {} threads, {} runs per picture{memory}",
        report.bundle, report.threads, report.iterations
    ))?;
    if let Some(ocr) = &report.ocr {
        print_ocr(ocr)?;
    }
    report.language.as_ref().map_or(Ok(()), language::print)
}

fn print_ocr(report: &OcrReport) -> Result<(), CommandError> {
    let cold = &report.cold_start_ms;
    line(&format!(
        "text: cold start {:.0} ms: bundle {:.1}, graphs {:.0}, first picture {:.0}; provider {}",
        cold.total, cold.open_bundle, cold.load_graphs, cold.first_read, report.provider
    ))?;
    line("p50/p95 ms       decode          detect       recognize           total  lines  picture")?;
    for image in &report.images {
        line(&format!(
            "{:>16}{:>16}{:>16}{:>16}{:>7}  {} ({} x {})",
            image.decode.cell(),
            image.detect.cell(),
            image.recognize.cell(),
            image.total.cell(),
            image.text_lines,
            image.image,
            image.width,
            image.height
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_rank() {
        let stage = stage((1..=20).rev().map(Duration::from_millis).collect());
        assert_eq!((stage.p50, stage.p95), (10.0, 19.0));
        let one = super::stage(vec![Duration::from_millis(7)]);
        assert_eq!((one.p50, one.p95), (7.0, 7.0));
    }
}
