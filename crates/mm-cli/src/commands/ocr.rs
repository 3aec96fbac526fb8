//! `mm ocr`: the text in pictures.

use std::{
    io::{IsTerminal, stderr},
    path::Path,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use mm_core::{
    RgbImage,
    model::Model,
    runtime::Provider,
    tasks::ocr::{ReadOptions, TextPage, TextRegion},
};
use serde::Serialize;

use super::milliseconds;
use crate::{
    args::{ModelArguments, OcrArguments},
    inputs,
    output::{CommandError, ErrorObject, Outcome, json_line, line, say, show_notices},
    overlay,
};

#[derive(Serialize)]
struct Success<'a> {
    image: &'a str,
    width: u32,
    height: u32,
    regions: &'a [TextRegion],
    text: String,
    provider: &'a str,
    ms: Milliseconds,
}

#[derive(Serialize)]
struct Milliseconds {
    decode: f64,
    detect: f64,
    recognize: f64,
    total: f64,
}

#[derive(Serialize)]
struct Failure<'a> {
    image: &'a str,
    error: ErrorObject,
}

/// Reads every picture; one that fails is reported in its place and the rest goes on.
pub fn run(options: &OcrArguments, model: &ModelArguments) -> Result<Outcome, CommandError> {
    let paths = inputs::expand(&options.images);
    if paths.is_empty() {
        return Err(CommandError::Usage("there are no pictures in the folders named".to_owned()));
    }
    if options.overlay.is_some() && paths.len() != 1 {
        return Err(CommandError::Usage("--overlay draws on one picture; name exactly one".to_owned()));
    }
    let loaded = model.open().and_then(|model| model.load_ocr().map(|(_, provider)| (model, provider)));
    let (model, provider) = match loaded {
        Ok(loaded) => loaded,
        Err(error) => {
            // One object per picture all the same: who reads them counts on it.
            for path in paths.iter().filter(|_| options.json) {
                let image = &path.display().to_string();
                json_line(&Failure { image, error: ErrorObject::from(&error) })?;
            }
            return Err(error.into());
        }
    };
    show_notices(&model.notices());

    let printer = Printer { json: options.json, several: paths.len() > 1, provider };
    let progress = progress_bar(paths.len());
    let mut outcome = Outcome::AllGood;
    for input in inputs::decoded(paths) {
        let name = input.path.display().to_string();
        let result = input.image.and_then(|image| {
            let page = read(&model, &image, options)?;
            Ok((image, page))
        });
        match result {
            Ok((image, page)) => {
                progress.suspend(|| printer.page(&name, &page, input.decode))?;
                if let Some(path) = &options.overlay {
                    write_overlay(image, &page, path)?;
                }
            }
            Err(error) => {
                outcome = Outcome::SomeFailed;
                progress.suspend(|| printer.failure(&name, &error))?;
            }
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(outcome)
}

fn read(model: &Model, image: &RgbImage, options: &OcrArguments) -> mm_core::Result<TextPage> {
    let read = ReadOptions { max_side: options.max_side, min_confidence: options.min_confidence };
    if options.crop { model.read_line(image, &read) } else { model.read_text(image, &read) }
}

struct Printer {
    json: bool,
    several: bool,
    provider: Provider,
}

impl Printer {
    fn page(&self, name: &str, page: &TextPage, decode: Duration) -> Result<(), CommandError> {
        if self.json {
            return json_line(&Success {
                image: name,
                width: page.width,
                height: page.height,
                regions: &page.regions,
                text: page.text(),
                provider: self.provider.as_str(),
                ms: Milliseconds {
                    decode: milliseconds(decode),
                    detect: milliseconds(page.timings.detect),
                    recognize: milliseconds(page.timings.recognize),
                    total: milliseconds(decode + page.timings.total),
                },
            });
        }
        if self.several {
            line(&format!("== {name}"))?;
        }
        if page.regions.is_empty() {
            say(&format!("{name}: no text found"));
            return Ok(());
        }
        line(&page.text())
    }

    fn failure(&self, name: &str, error: &mm_core::Error) -> Result<(), CommandError> {
        if self.json {
            return json_line(&Failure { image: name, error: ErrorObject::from(error) });
        }
        say(&format!("{name}: error [{}]: {error}", error.code()));
        Ok(())
    }
}

fn write_overlay(image: RgbImage, page: &TextPage, path: &Path) -> Result<(), CommandError> {
    let drawn = overlay::draw(image, page).map_err(|reason| CommandError::write(path, &reason))?;
    drawn.save(path).map_err(|reason| CommandError::write(path, &reason))
}

/// A bar on standard error for long batches watched by a person; hidden otherwise.
fn progress_bar(pictures: usize) -> ProgressBar {
    if pictures < 3 || !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(pictures as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} pictures, {per_sec}, {eta} left") {
        bar.set_style(style);
    }
    bar
}
