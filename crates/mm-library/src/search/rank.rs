//! From a query to its page: several lists of photos, one score.

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;
use mm_core::tasks::embed::Embedding;

use super::{
    Embedder, Page, Query, Understood, hits,
    understand::{is_bare_number, understand},
    words::{Coverage, FIELDS, Field, Words},
};
use crate::{
    error::Result,
    store::{ContentId, Store, seconds},
};

/// Cosine from which on a photo looks like the unwanted: an error hides a photo, so surer than to show one.
/// docs/library.md, "How search ranks", has the measurement of this and the following ones.
const UNWANTED_FLOOR: f32 = 0.45;
/// Cosine from which on two photos look alike.
const PICTURE_FLOOR: f32 = 0.50;
/// Share of the query's words, by weight, from which on they are reason enough to show a photo.
pub(super) const COVERAGE_FLOOR: f32 = 0.5;

/// What a whole match of the words adds to the cosine. A convex combination of scores (Bruch, Gai and Ingber, *An
/// Analysis of Fusion Functions for Hybrid Retrieval*, 2023) up to its scale.
pub(super) fn weight(field: Field) -> f32 {
    match field {
        // The model wrote it, from what the embedding is made of too: little that is new.
        Field::Caption => 0.15,
        Field::Text => 0.5,
        Field::Name => 0.4,
    }
}

/// A photo that is a hit, with what it earned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub content: ContentId,
    pub score: f32,
    /// Cosine with the words, if that is a reason.
    pub looks: Option<f32>,
    /// Cosine with the picture, if that is a reason.
    pub picture: Option<f32>,
    pub coverage: Coverage,
}

/// A query with what it takes to answer it.
pub(super) struct Search<'a> {
    pub store: &'a Store,
    pub understood: Understood,
    /// The words of it that can be looked up.
    pub words: Words,
}

pub(super) fn run(store: &Store, embedder: &dyn Embedder, query: &Query<'_>) -> Result<Page> {
    // One transaction: lists, counts and photos of one page belong to the same state of the index.
    let transaction = store.connection().unchecked_transaction()?;
    store.refresh_vectors()?;
    let mut page = page(store, embedder, query, understand(query.text, query.today, true))?;
    if page.total == 0 && is_bare_number(&page.understood) {
        page = self::page(store, embedder, query, understand(query.text, query.today, false))?;
    }
    transaction.finish()?;
    Ok(page)
}

fn page(store: &Store, embedder: &dyn Embedder, query: &Query<'_>, understood: Understood) -> Result<Page> {
    let words = Words::of(&understood.words, Some(store.connection()))?;
    let search = Search { store, understood, words };
    if search.understood.words.is_empty() && query.like.is_none() {
        return search.newest_first(embedder, query);
    }
    let mut found = search.ranked(embedder, query)?;
    // A total order, so that pages neither repeat nor leave out a photo.
    found.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.content.cmp(&b.content)));
    let total = found.len();
    let shown: Vec<Candidate> = found.into_iter().skip(query.offset).take(query.limit).collect();
    Ok(Page { hits: hits::of(&search, &shown)?, total, understood: search.understood })
}

impl Search<'_> {
    fn ranked(&self, embedder: &dyn Embedder, query: &Query<'_>) -> Result<Vec<Candidate>> {
        let connection = self.store.connection();
        let vectors = self.store.vectors();
        let looks = match embedded(embedder, &self.understood.words)? {
            Some(embedding) => vectors.similarities(&embedding),
            None => Vec::new(),
        };
        let like = query.like.map_or(Vec::new(), |picture| vectors.similarities(picture));
        let coverage = if self.words.is_empty() {
            HashMap::new()
        } else {
            self.words.coverage(connection, vectors.len())?
        };

        let mut found: HashMap<i64, Candidate> = HashMap::new();
        for (content, covered) in &coverage {
            if FIELDS.iter().any(|field| covered.of(*field) >= COVERAGE_FLOOR) {
                found.insert(*content, candidate(*content, *covered));
            }
        }
        for (content, cosine) in &like {
            if *cosine >= PICTURE_FLOOR {
                let covered = coverage.get(content).copied().unwrap_or_default();
                let hit = found.entry(*content).or_insert_with(|| candidate(*content, covered));
                hit.picture = Some(*cosine);
                hit.score += cosine;
            }
        }
        let floor = embedder.looks_from();
        for (content, cosine) in looks {
            let shown = cosine >= floor;
            if shown && !found.contains_key(&content) {
                let covered = coverage.get(&content).copied().unwrap_or_default();
                found.insert(content, candidate(content, covered));
            }
            if let Some(hit) = found.get_mut(&content) {
                hit.looks = shown.then_some(cosine);
                hit.score += cosine;
            }
        }
        self.restrict(embedder, &mut found)?;
        Ok(found.into_values().collect())
    }

    /// Leaves out what is of another time and what is not wanted.
    fn restrict(&self, embedder: &dyn Embedder, found: &mut HashMap<i64, Candidate>) -> Result<()> {
        if let Some((from, to)) = self.moments() {
            let sql = "SELECT id FROM contents WHERE moment BETWEEN ?1 AND ?2";
            let mut statement = self.store.connection().prepare_cached(sql)?;
            let then: HashSet<i64> =
                statement.query_map([from, to], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            found.retain(|content, _| then.contains(content));
        }
        let unwanted = self.unwanted(embedder)?;
        found.retain(|content, _| !unwanted.contains(content));
        Ok(())
    }

    /// The period asked for, as numbers that `contents.moment` has.
    fn moments(&self) -> Option<(i64, i64)> {
        let (from, to, _) = self.understood.when.as_ref()?;
        let start = |date: Date| seconds(date.at(0, 0, 0, 0));
        Some((start(*from), to.tomorrow().map_or(i64::MAX, |after| start(after) - 1)))
    }

    /// Photos that have the words of a negative, or clearly look like it.
    fn unwanted(&self, embedder: &dyn Embedder) -> Result<HashSet<i64>> {
        let mut unwanted = HashSet::new();
        for text in &self.understood.without {
            unwanted.extend(Words::of(text, None)?.having_all(self.store.connection())?);
            if let Some(embedding) = embedded(embedder, text)? {
                let alike = self.store.vectors().similarities(&embedding);
                unwanted
                    .extend(alike.iter().filter(|(_, cosine)| *cosine >= UNWANTED_FLOOR).map(|(id, _)| *id));
            }
        }
        Ok(unwanted)
    }

    /// No words to rank by: everything, or everything of a period, without the unwanted.
    fn newest_first(self, embedder: &dyn Embedder, query: &Query<'_>) -> Result<Page> {
        let (from, to) = self.moments().unwrap_or((i64::MIN, i64::MAX));
        let unwanted = self.unwanted(embedder)?;
        let connection = self.store.connection();
        let (total, shown) = if unwanted.is_empty() {
            let sql = "SELECT count(*) FROM contents WHERE moment BETWEEN ?1 AND ?2";
            let total: i64 = connection.prepare_cached(sql)?.query_one([from, to], |row| row.get(0))?;
            let sql = "SELECT id FROM contents WHERE moment BETWEEN ?1 AND ?2
                ORDER BY moment DESC, id DESC LIMIT ?3 OFFSET ?4";
            let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
            let mut statement = connection.prepare_cached(sql)?;
            let rows =
                statement.query_map([from, to, count(query.limit), count(query.offset)], |row| row.get(0))?;
            (usize::try_from(total).unwrap_or(0), rows.collect::<rusqlite::Result<Vec<i64>>>()?)
        } else {
            let sql = "SELECT id FROM contents WHERE moment BETWEEN ?1 AND ?2 ORDER BY moment DESC, id DESC";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([from, to], |row| row.get(0))?;
            let mut all = rows.collect::<rusqlite::Result<Vec<i64>>>()?;
            all.retain(|content| !unwanted.contains(content));
            (all.len(), all.into_iter().skip(query.offset).take(query.limit).collect())
        };
        let shown: Vec<Candidate> = shown
            .into_iter()
            .map(|content| Candidate { score: 0.0, ..candidate(content, Coverage::default()) })
            .collect();
        Ok(Page { hits: hits::of(&self, &shown)?, total, understood: self.understood })
    }
}

fn candidate(content: i64, coverage: Coverage) -> Candidate {
    let score = FIELDS.iter().map(|field| weight(*field) * coverage.of(*field)).sum();
    Candidate { content: ContentId(content), score, looks: None, picture: None, coverage }
}

/// The embedding of `text`, if the model knows a word of it: all it does not know looks alike to it.
fn embedded(embedder: &dyn Embedder, text: &str) -> Result<Option<Embedding>> {
    if text.is_empty() || !embedder.knows(text)? {
        return Ok(None);
    }
    match embedder.embed_text(text) {
        Ok(embedding) => Ok(Some(embedding)),
        Err(mm_core::Error::TextEmpty) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
