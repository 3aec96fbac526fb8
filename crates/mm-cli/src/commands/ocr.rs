//! `mm ocr`: the text in pictures.

use std::{path::Path, time::Duration};

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
    output::{CommandError, Outcome, json_line, line, say, show_notices},
    overlay, pictures,
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

/// Reads every picture; one that fails is reported in its place and the rest goes on.
pub fn run(options: &OcrArguments, model: &ModelArguments) -> Result<Outcome, CommandError> {
    let paths = pictures::expand(&options.images)?;
    if options.overlay.is_some() && paths.len() != 1 {
        return Err(CommandError::Usage("--overlay draws on one picture; name exactly one".to_owned()));
    }
    let loaded = model.open().and_then(|model| model.load_ocr().map(|(_, provider)| (model, provider)));
    let (model, provider) = loaded.map_err(|error| pictures::fail_all(&paths, options.json, error))?;
    show_notices(&model.notices());

    let printer = Printer { json: options.json, several: paths.len() > 1, provider };
    pictures::for_each(
        paths,
        options.json,
        |image| {
            let page = read(&model, &image, options)?;
            Ok((image, page))
        },
        |name, (image, page), decode| {
            printer.page(name, &page, decode)?;
            options.overlay.as_ref().map_or(Ok(()), |path| write_overlay(image, &page, path))
        },
    )
}

fn read(model: &Model, image: &RgbImage, options: &OcrArguments) -> mm_core::Result<TextPage> {
    let read =
        ReadOptions { max_side: options.max_side, min_confidence: options.min_confidence, cancel: None };
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
}

fn write_overlay(image: RgbImage, page: &TextPage, path: &Path) -> Result<(), CommandError> {
    let drawn = overlay::draw(image, page).map_err(|reason| CommandError::write(path, &reason))?;
    drawn.save(path).map_err(|reason| CommandError::write(path, &reason))
}
