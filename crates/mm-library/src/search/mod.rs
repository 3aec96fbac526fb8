//! Finding photos: one query box, several rankings fused into one.

mod dates;
mod hits;
mod rank;
mod understand;
mod words;

use std::path::PathBuf;

use jiff::civil::{Date, DateTime};
use mm_core::{bundle::DEFAULT_LOOKS_FROM, model::Model, tasks::embed::Embedding};

use crate::{
    error::Result,
    store::{ContentId, Store},
};

/// Turns the words of a query into a point among those of the pictures.
pub trait Embedder {
    /// The embedding of `text`; `text.empty` if it has no words.
    fn embed_text(&self, text: &str) -> mm_core::Result<Embedding>;

    /// Whether it knows a word of `text`; an embedding of unknown words alone says nothing and is not asked for.
    fn knows(&self, text: &str) -> mm_core::Result<bool> {
        let _ = text;
        Ok(true)
    }

    /// Cosine from which on a picture looks like the words.
    fn looks_from(&self) -> f32 {
        DEFAULT_LOOKS_FROM
    }
}

impl Embedder for Model {
    fn embed_text(&self, text: &str) -> mm_core::Result<Embedding> {
        Self::embed_text(self, text)
    }

    fn knows(&self, text: &str) -> mm_core::Result<bool> {
        Self::knows(self, text)
    }

    fn looks_from(&self) -> f32 {
        Self::looks_from(self)
    }
}

/// What to look for.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// What the person typed, all of it plain text. Empty without `like` means every photo, newest first.
    pub text: &'a str,
    /// A picture to find similar ones to; with words as well, photos that fit either come, those that fit both first.
    pub like: Option<&'a Embedding>,
    /// Hits before this page.
    pub offset: usize,
    /// Hits on this page at most.
    pub limit: usize,
    /// The day that "yesterday" is relative to.
    pub today: Date,
}

/// A page of hits.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Best first.
    pub hits: Vec<Hit>,
    /// Hits on all pages.
    pub total: usize,
    /// How the text was taken.
    pub understood: Understood,
}

/// How a query was taken apart, to be shown beside its results.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Understood {
    /// What the photos should show or say.
    pub words: String,
    /// What they should not.
    pub without: Vec<String>,
    /// When they were taken: first day, last day, and how the person said it.
    pub when: Option<(Date, Date, String)>,
}

/// A photo that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The photo.
    pub content: ContentId,
    /// A file with it, absolute.
    pub path: PathBuf,
    /// Fused score: greater is better, comparable within one search only. 0 in a list by date.
    pub score: f32,
    /// What it shows.
    pub caption: String,
    /// How sure the caption is, [0, 1].
    pub confidence: f32,
    /// Local time on the camera's clock.
    pub taken: Option<DateTime>,
    /// Pixels, upright.
    pub width: u32,
    /// Pixels, upright.
    pub height: u32,
    /// Why it was found, the strongest reason first; empty in a list of everything.
    pub why: Vec<Reason>,
}

/// Why a photo was found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// It looks like what the words say.
    Looks {
        /// Cosine of the embeddings, [-1, 1].
        similarity: f32,
    },
    /// Its caption has words of the query.
    Caption {
        /// As the caption has them.
        words: Vec<String>,
    },
    /// The text in it has words of the query.
    Text {
        /// As the picture has them.
        words: Vec<String>,
        /// The line around the first of them.
        snippet: String,
    },
    /// Its file or one of its folders is named so.
    Name {
        /// As the path has them.
        words: Vec<String>,
    },
    /// It was taken in the period asked for.
    Date {
        /// The period as the person said it.
        label: String,
    },
    /// It looks like the picture asked for.
    Picture {
        /// Cosine of the embeddings, [-1, 1].
        similarity: f32,
    },
}

/// The day it is here, for [`Query::today`].
#[must_use]
pub fn today() -> Date {
    jiff::Zoned::now().date()
}

/// Photos of `store` that fit `query`, best first.
///
/// Fails with `library.*`, or as the embedder does (`bundle.*`, `runtime.*`).
pub fn search(store: &Store, embedder: &dyn Embedder, query: &Query<'_>) -> Result<Page> {
    store.noted(rank::run(store, embedder, query))
}
