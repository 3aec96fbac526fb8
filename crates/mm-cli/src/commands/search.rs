//! `mm search`: photos of the library that fit words or a picture.

use std::fmt::Write as _;
use std::path::Path;

use mm_core::decode::Limits;
use mm_library::{
    LibraryError,
    search::{Hit, Query, Reason, Understood, search, today},
    store::Store,
};
use serde::Serialize;

use super::hedge;
use crate::{
    args::{ModelArguments, SearchArguments},
    inputs,
    library::database,
    output::{CommandError, ErrorObject, Outcome, json_line, line, say, show_notices},
};

#[derive(Serialize)]
struct Found<'a> {
    path: &'a Path,
    score: f32,
    caption: &'a str,
    confidence: f32,
    text: String,
    taken: Option<String>,
    why: Vec<Why<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Why<'a> {
    Looks { similarity: f32 },
    Caption { words: &'a [String] },
    Text { words: &'a [String], snippet: &'a str },
    Name { words: &'a [String] },
    Date { label: &'a str },
    Picture { similarity: f32 },
}

#[derive(Serialize)]
struct Failure<'a> {
    query: &'a str,
    error: ErrorObject,
}

/// Searches and shows one page of hits.
pub fn run(options: &SearchArguments, model: &ModelArguments) -> Result<Outcome, CommandError> {
    let text = options.query.join(" ");
    find(options, model, &text).inspect_err(|error| {
        if options.json {
            // The reader of the objects is gone when writing one failed.
            let _ = json_line(&Failure { query: &text, error: ErrorObject::from(error) });
        }
    })
}

fn find(options: &SearchArguments, model: &ModelArguments, text: &str) -> Result<Outcome, CommandError> {
    if text.trim().is_empty() && options.image.is_none() {
        return Err(LibraryError::QueryEmpty.into());
    }
    let database = database(options.db.as_deref())?;
    if !database.exists() {
        let folder = database.display();
        return Err(CommandError::Usage(format!(
            "there is no photo library at {folder}; make one with `mm index DIR`"
        )));
    }
    let opened = Store::open(&database)?;
    if let Some(recovered) = &opened.recovered {
        say(&format!("notice: {recovered}"));
    }
    let model = model.open()?;
    let like = match &options.image {
        Some(path) => Some(model.embed_image(&inputs::load(path, &Limits::default())?)?),
        None => None,
    };
    let query = Query {
        text,
        like: like.as_ref(),
        offset: options.offset,
        limit: options.count.get(),
        today: today(),
    };
    let page = search(&opened.store, &model, &query)?;
    show_notices(&model.notices());
    for hit in &page.hits {
        if options.json { json_line(&found(&opened.store, hit)?)? } else { show(hit)? }
    }
    say(&summary(page.total, page.hits.len(), options.offset, &page.understood));
    Ok(Outcome::AllGood)
}

/// How many there are, and how the query was taken where that is not plain.
fn summary(total: usize, shown: usize, offset: usize, understood: &Understood) -> String {
    let photos = if total == 1 { "photo" } else { "photos" };
    let mut said = match shown {
        0 if total > 0 => format!("{total} {photos}, none after the first {offset}"),
        0 => "no photo fits; try other or fewer words".to_owned(),
        _ if shown == total => format!("{total} {photos}"),
        _ => format!("{} to {} of {total} {photos}", offset + 1, offset + shown),
    };
    if let Some((from, to, label)) = &understood.when {
        // Writing to a String cannot fail.
        let _ = if from.year() < 0 {
            write!(said, ", \"{label}\" taken as up to {to}")
        } else {
            write!(said, ", \"{label}\" taken as {from} to {to}")
        };
    }
    for without in &understood.without {
        let _ = write!(said, ", without \"{without}\"");
    }
    said
}

fn found<'a>(store: &Store, hit: &'a Hit) -> Result<Found<'a>, CommandError> {
    Ok(Found {
        path: &hit.path,
        score: hit.score,
        caption: &hit.caption,
        confidence: hit.confidence,
        text: store.photo(hit.content)?.lines.join("\n"),
        taken: hit.taken.map(|taken| taken.to_string()),
        why: hit.why.iter().filter_map(why).collect(),
    })
}

fn why(reason: &Reason) -> Option<Why<'_>> {
    Some(match reason {
        Reason::Looks { similarity } => Why::Looks { similarity: *similarity },
        Reason::Caption { words } => Why::Caption { words },
        Reason::Text { words, snippet } => Why::Text { words, snippet },
        Reason::Name { words } => Why::Name { words },
        Reason::Date { label } => Why::Date { label },
        Reason::Picture { similarity } => Why::Picture { similarity: *similarity },
        // A reason this version has no words for.
        _ => return None,
    })
}

fn show(hit: &Hit) -> Result<(), CommandError> {
    let why: Vec<String> = hit.why.iter().filter_map(said).collect();
    let why = if why.is_empty() { String::new() } else { format!("  [{}]", why.join("; ")) };
    line(&format!("{}: {}{}{why}", hit.path.display(), hedge(hit.confidence), hit.caption))
}

fn said(reason: &Reason) -> Option<String> {
    Some(match reason {
        Reason::Looks { similarity } => format!("looks like it, {similarity:.2}"),
        Reason::Caption { words } => format!("caption: {}", words.join(", ")),
        Reason::Text { snippet, .. } => format!("text: \"{snippet}\""),
        Reason::Name { words } => format!("name: {}", words.join(", ")),
        Reason::Date { label } => label.clone(),
        Reason::Picture { similarity } => format!("looks like the picture, {similarity:.2}"),
        _ => return None,
    })
}
