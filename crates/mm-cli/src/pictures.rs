//! The loop of every command that takes many pictures: results in the order of the inputs, and one that fails does not
//! stop the others.

use std::{
    io::{IsTerminal, stderr},
    path::PathBuf,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use mm_core::RgbImage;
use serde::Serialize;

use crate::{
    inputs,
    output::{CommandError, ErrorObject, Outcome, json_line, say},
};

/// Where an error stands instead of a result.
#[derive(Serialize)]
struct Failure<'a> {
    image: &'a str,
    error: ErrorObject,
}

/// The pictures that `images` name, folders replaced by what is in them; a usage error if there are none.
pub fn expand(images: &[PathBuf]) -> Result<Vec<PathBuf>, CommandError> {
    let paths = inputs::expand(images);
    if paths.is_empty() {
        return Err(CommandError::Usage("there are no pictures in the folders named".to_owned()));
    }
    Ok(paths)
}

/// Says that every picture fails for the same reason, for those who read one object per picture.
pub fn fail_all(paths: &[PathBuf], json: bool, error: mm_core::Error) -> CommandError {
    if json {
        for path in paths {
            if let Err(closed) = failure(&path.display().to_string(), json, &error) {
                return closed;
            }
        }
    }
    error.into()
}

/// Reports one picture that failed.
pub fn failure(image: &str, json: bool, error: &mm_core::Error) -> Result<(), CommandError> {
    if json {
        return json_line(&Failure { image, error: ErrorObject::from(error) });
    }
    say(&format!("{image}: error [{}]: {error}", error.code()));
    Ok(())
}

/// Decodes every picture, works on it and shows what came out; `show` takes the picture's name, the result and how
/// long decoding took.
pub fn for_each<T>(
    paths: Vec<PathBuf>,
    json: bool,
    work: impl Fn(RgbImage) -> mm_core::Result<T>,
    mut show: impl FnMut(&str, T, Duration) -> Result<(), CommandError>,
) -> Result<Outcome, CommandError> {
    let progress = progress_bar(paths.len());
    let mut outcome = Outcome::AllGood;
    for input in inputs::decoded(paths) {
        let name = input.path.display().to_string();
        match input.image.and_then(&work) {
            Ok(result) => progress.suspend(|| show(&name, result, input.decode))?,
            Err(error) => {
                outcome = Outcome::SomeFailed;
                progress.suspend(|| failure(&name, json, &error))?;
            }
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(outcome)
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
