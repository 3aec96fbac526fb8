//! The photos of a page and why each is on it.

use rusqlite::Row;

use super::{
    Hit, Reason,
    rank::{Candidate, Search, weight},
    words::{FIELDS, Field},
};
use crate::{
    error::{LibraryError, Result},
    store::existing,
};

pub(super) fn of(search: &Search<'_>, shown: &[Candidate]) -> Result<Vec<Hit>> {
    shown.iter().map(|candidate| hit(search, candidate)).collect()
}

fn hit(search: &Search<'_>, candidate: &Candidate) -> Result<Hit> {
    let sql = "SELECT caption, caption_confidence, taken, width, height FROM contents WHERE id = ?1";
    let mut statement = search.store.connection().prepare_cached(sql)?;
    let mut hit = statement.query_one([candidate.content.0], |row: &Row<'_>| {
        Ok(Hit {
            content: candidate.content,
            path: std::path::PathBuf::new(),
            score: candidate.score,
            caption: row.get(0)?,
            confidence: row.get(1)?,
            taken: row.get::<_, Option<String>>(2)?.and_then(|taken| taken.parse().ok()),
            width: row.get(3)?,
            height: row.get(4)?,
            why: Vec::new(),
        })
    })?;
    hit.path = existing(&search.store.paths_of(candidate.content)?).ok_or(LibraryError::PhotoNotFound)?;
    hit.why = reasons(search, candidate, &hit.caption)?;
    Ok(hit)
}

/// The one that added most to the score first; the date, which all hits share, last.
fn reasons(search: &Search<'_>, candidate: &Candidate, caption: &str) -> Result<Vec<Reason>> {
    let mut reasons: Vec<(f32, Reason)> = Vec::new();
    reasons.extend(candidate.looks.map(|similarity| (similarity, Reason::Looks { similarity })));
    reasons.extend(candidate.picture.map(|similarity| (similarity, Reason::Picture { similarity })));
    for field in FIELDS {
        let covered = candidate.coverage.of(field);
        if covered <= 0.0 {
            continue;
        }
        let literal = (field == Field::Caption)
            .then(|| search.words.caption_matches(&candidate.coverage, caption))
            .flatten();
        let (words, snippet) = match literal {
            Some(words) => (words, String::new()),
            None => search.words.matches(search.store.connection(), field, candidate.content)?,
        };
        if words.is_empty() {
            continue;
        }
        let reason = match field {
            Field::Caption => Reason::Caption { words },
            Field::Text => Reason::Text { words, snippet },
            Field::Name => Reason::Name { words },
        };
        reasons.push((weight(field) * covered, reason));
    }
    reasons.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut reasons: Vec<Reason> = reasons.into_iter().map(|(_, reason)| reason).collect();
    reasons
        .extend(search.understood.when.as_ref().map(|(_, _, label)| Reason::Date { label: label.clone() }));
    Ok(reasons)
}
