//! `mm embed`: vectors of pictures and texts.

use mm_core::tasks::embed::Embedding;
use serde::Serialize;

use crate::{
    args::{EmbedArguments, ModelArguments},
    output::{CommandError, ErrorObject, Outcome, json_line, line, say, show_notices},
    pictures,
};

#[derive(Serialize)]
struct OfImage<'a> {
    image: &'a str,
    embedding: &'a Embedding,
}

#[derive(Serialize)]
struct OfText<'a> {
    text: &'a str,
    embedding: &'a Embedding,
}

#[derive(Serialize)]
struct TextFailure<'a> {
    text: &'a str,
    error: ErrorObject,
}

/// Embeds every picture or text; one that fails is reported in its place and the rest goes on.
pub fn run(options: &EmbedArguments, model: &ModelArguments) -> Result<Outcome, CommandError> {
    if options.text.is_empty() { images(options, model) } else { texts(options, model) }
}

fn images(options: &EmbedArguments, model: &ModelArguments) -> Result<Outcome, CommandError> {
    let paths = pictures::expand(&options.images)?;
    let loaded = model.open().and_then(|model| model.load_language().map(|_| model));
    let model = loaded.map_err(|error| pictures::fail_all(&paths, options.json, error))?;
    show_notices(&model.notices());
    let mut all = Vec::new();
    let work = |image| model.embed_image(&image);
    let outcome = pictures::for_each(paths, options.json, work, |image, embedding, _| {
        if options.json {
            return json_line(&OfImage { image, embedding: &embedding });
        }
        all.push((image.to_owned(), embedding));
        Ok(())
    })?;
    pairs(&all)?;
    Ok(outcome)
}

fn texts(options: &EmbedArguments, model: &ModelArguments) -> Result<Outcome, CommandError> {
    let loaded = model.open().and_then(|model| model.load_text().map(|_| model));
    let model = match loaded {
        Ok(model) => model,
        Err(error) => {
            for text in options.text.iter().filter(|_| options.json) {
                json_line(&TextFailure { text, error: ErrorObject::from(&error) })?;
            }
            return Err(error.into());
        }
    };
    show_notices(&model.notices());
    let mut outcome = Outcome::AllGood;
    let mut all = Vec::new();
    for text in &options.text {
        match model.embed_text(text) {
            Ok(embedding) if options.json => json_line(&OfText { text, embedding: &embedding })?,
            Ok(embedding) => all.push((text.clone(), embedding)),
            Err(error) => {
                outcome = Outcome::SomeFailed;
                if options.json {
                    json_line(&TextFailure { text, error: ErrorObject::from(&error) })?;
                } else {
                    say(&format!("{text:?}: error [{}]: {error}", error.code()));
                }
            }
        }
    }
    pairs(&all)?;
    Ok(outcome)
}

/// Hundreds of numbers say nothing to people; how alike two things are does.
fn pairs(all: &[(String, Embedding)]) -> Result<(), CommandError> {
    for (i, (a, first)) in all.iter().enumerate() {
        for (b, second) in &all[i + 1..] {
            line(&format!("{:>6.3}  {a}  {b}", first.similarity(second)))?;
        }
    }
    if let [(only, embedding)] = all {
        let numbers = embedding.as_slice().len();
        line(&format!("{only}: {numbers} numbers; --json prints them, and two inputs are compared"))?;
    }
    Ok(())
}
