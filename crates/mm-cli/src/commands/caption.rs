//! `mm caption`: a sentence about each picture.

use std::time::Duration;

use mm_core::tasks::caption::{Caption, CaptionOptions};
use serde::Serialize;

use super::{LanguageMilliseconds, hedge};
use crate::{
    args::{CaptionArguments, ModelArguments},
    output::{CommandError, Outcome, json_line, line, show_notices},
    pictures,
};

#[derive(Serialize)]
struct Success<'a> {
    image: &'a str,
    caption: &'a str,
    confidence: f32,
    calibrated: bool,
    provider: &'a str,
    ms: LanguageMilliseconds,
}

/// Captions every picture; one that fails is reported in its place and the rest goes on.
pub fn run(options: &CaptionArguments, model: &ModelArguments) -> Result<Outcome, CommandError> {
    let paths = pictures::expand(&options.images)?;
    let loaded = model.open().and_then(|model| model.load_language().map(|(_, provider)| (model, provider)));
    let (model, provider) = loaded.map_err(|error| pictures::fail_all(&paths, options.json, error))?;
    show_notices(&model.notices());

    let several = paths.len() > 1;
    let how = CaptionOptions { beams: options.beams, ..CaptionOptions::default() };
    let show = |image: &str, caption: Caption, decode: Duration| {
        if options.json {
            return json_line(&Success {
                image,
                caption: &caption.text,
                confidence: caption.confidence,
                calibrated: caption.calibrated,
                provider: provider.as_str(),
                ms: LanguageMilliseconds::new(decode, &caption.timings),
            });
        }
        let name = if several { format!("{image}: ") } else { String::new() };
        line(&format!("{name}{}{}", hedge(caption.confidence), caption.sentence()))
    };
    pictures::for_each(paths, options.json, |image| model.caption(&image, &how), show)
}
