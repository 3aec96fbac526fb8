//! Words of a query in captions, in the text of pictures and in names, by FTS5.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, params};

use crate::{error::Result, store::ContentId};

/// More words than this in one query are left out: their weights would no longer tell photos apart.
const MAX_WORDS: usize = 24;
/// A word of more photos than this says too little to be worth the time; the embedding knows it too.
const MAX_PHOTOS: usize = 4_000;
/// From this length on an unknown last word is taken as the beginning of one: it is still being typed.
const MIN_PREFIX: usize = 2;

/// English words that stand in every other caption (determiners, prepositions, pronouns, auxiliaries).
const STOP_WORDS: [&str; 58] = [
    "a", "an", "the", "of", "in", "on", "at", "to", "with", "and", "or", "is", "are", "was", "were", "be",
    "being", "by", "for", "from", "as", "into", "onto", "over", "up", "down", "out", "off", "it", "its",
    "his", "her", "their", "this", "that", "these", "those", "there", "he", "she", "they", "him", "while",
    "who", "which", "some", "one", "my", "me", "we", "our", "you", "your", "i", "has", "have", "s", "t",
];

/// Where words can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Caption,
    Text,
    Name,
}

pub(super) const FIELDS: [Field; 3] = [Field::Caption, Field::Text, Field::Name];

impl Field {
    /// Contents with the word `?1`, an FTS5 string.
    fn contents(self) -> &'static str {
        match self {
            Self::Caption => {
                "SELECT rowid FROM content_words WHERE content_words MATCH '{caption} : ' || ?1 LIMIT ?2"
            }
            Self::Text => {
                "SELECT rowid FROM content_words WHERE content_words MATCH '{text} : ' || ?1 LIMIT ?2"
            }
            Self::Name => {
                "SELECT f.content FROM file_words w JOIN files f ON f.id = w.rowid
                 WHERE file_words MATCH ?1 AND f.content IS NOT NULL LIMIT ?2"
            }
        }
    }

    /// The text of one content with the matches of `?1` marked.
    fn marked(self) -> &'static str {
        match self {
            Self::Caption => {
                "SELECT highlight(content_words, 0, char(1), char(2)) FROM content_words
                 WHERE content_words MATCH '{caption} : (' || ?1 || ')' AND rowid = ?2"
            }
            Self::Text => {
                "SELECT highlight(content_words, 1, char(1), char(2)) FROM content_words
                 WHERE content_words MATCH '{text} : (' || ?1 || ')' AND rowid = ?2"
            }
            Self::Name => {
                "SELECT highlight(file_words, 0, char(1), char(2)) FROM file_words
                 WHERE file_words MATCH ?1 AND rowid IN (SELECT id FROM files WHERE content = ?2)"
            }
        }
    }
}

/// What of a query's words a photo has.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Coverage {
    shares: [f32; 3],
    /// One bit per word of the query, in its order.
    words: [u32; 3],
}

impl Coverage {
    /// Share of the words' weight that is in the field, [0, 1].
    pub fn of(&self, field: Field) -> f32 {
        self.shares[field as usize]
    }
}

/// The words of a query that can be found.
pub(super) struct Words {
    /// As FTS5 strings.
    terms: Vec<String>,
}

impl Words {
    /// The words of `text` that are worth looking up; those that stand everywhere only if there are no others.
    pub fn of(text: &str, last_is_unfinished: Option<&Connection>) -> Result<Self> {
        let all: Vec<String> = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|w| !w.is_empty())
            .map(str::to_lowercase)
            .collect();
        let telling: Vec<&String> = all.iter().filter(|word| !STOP_WORDS.contains(&word.as_str())).collect();
        let chosen = if telling.is_empty() { all.iter().collect() } else { telling };
        let mut seen = HashSet::new();
        let mut terms: Vec<String> =
            chosen.into_iter().filter(|w| seen.insert(*w)).take(MAX_WORDS).map(|word| quoted(word)).collect();
        if let Some(connection) = last_is_unfinished
            && let Some(last) = terms.last_mut()
            && last.chars().count() >= MIN_PREFIX + 2
            && !exists(connection, last)?
        {
            last.push('*');
        }
        Ok(Self { terms })
    }

    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Every photo with a word, and how much of the query it covers in each field. A word weighs its inverse document
    /// frequency as in BM25 (Robertson and Zaragoza 2009): a photo with the rare word of a query covers most of it.
    pub fn coverage(&self, connection: &Connection, photos: usize) -> Result<HashMap<i64, Coverage>> {
        let mut found: HashMap<i64, Coverage> = HashMap::new();
        for field in FIELDS {
            let lists = self.terms.iter().map(|term| having(connection, field, term, MAX_PHOTOS + 1));
            let lists = lists.collect::<Result<Vec<_>>>()?;
            let weights: Vec<f32> = lists.iter().map(|list| weight(list.len(), photos)).collect();
            let total: f32 = weights.iter().sum::<f32>().max(f32::MIN_POSITIVE);
            for (word, list) in lists.iter().enumerate().filter(|(_, list)| list.len() <= MAX_PHOTOS) {
                for content in list {
                    let covered = found.entry(*content).or_default();
                    covered.shares[field as usize] += weights[word] / total;
                    covered.words[field as usize] |= 1 << word;
                }
            }
        }
        Ok(found)
    }

    /// Photos that have every word in one of the fields.
    pub fn having_all(&self, connection: &Connection) -> Result<HashSet<i64>> {
        let mut found = HashSet::new();
        for field in FIELDS {
            let mut both: Option<HashSet<i64>> = None;
            for term in &self.terms {
                let list: HashSet<i64> = having(connection, field, term, usize::MAX)?.into_iter().collect();
                both = Some(both.map_or(list.clone(), |both| both.intersection(&list).copied().collect()));
            }
            found.extend(both.unwrap_or_default());
        }
        Ok(found)
    }

    /// The words of the caption that matched. Most stand there as they were typed, which is seen without asking the
    /// index; `None` if one does not.
    pub fn caption_matches(&self, coverage: &Coverage, caption: &str) -> Option<Vec<String>> {
        let mut words: Vec<String> = Vec::new();
        let bits = coverage.words[Field::Caption as usize];
        for term in self.terms.iter().enumerate().filter(|(i, _)| bits & (1 << i) != 0).map(|(_, term)| term)
        {
            let term = term.trim_end_matches('*').trim_matches('"');
            let own =
                caption.split(|c: char| !c.is_alphanumeric()).find(|word| word.to_lowercase() == term)?;
            words.push(own.to_owned());
        }
        Some(words)
    }

    /// The words that matched, as the field has them, and the line around the first.
    pub fn matches(
        &self,
        connection: &Connection,
        field: Field,
        content: ContentId,
    ) -> Result<(Vec<String>, String)> {
        let any = self.terms.join(" OR ");
        let mut statement = connection.prepare_cached(field.marked())?;
        let marked: Vec<String> = statement
            .query_map(params![any, content.0], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let mut words: Vec<String> = Vec::new();
        let mut snippet = String::new();
        for line in marked.iter().flat_map(|text| text.lines()) {
            // Between the marks: the matched text, several words at once where they follow each other.
            for piece in line.split('\u{1}').skip(1).filter_map(|rest| rest.split('\u{2}').next()) {
                for word in piece.split_whitespace() {
                    if !words.iter().any(|known| known.to_lowercase() == word.to_lowercase()) {
                        words.push(word.to_owned());
                    }
                }
                if snippet.is_empty() {
                    snippet = line.replace(['\u{1}', '\u{2}'], "");
                }
            }
        }
        Ok((words, snippet))
    }
}

/// A string of FTS5, in which nothing but the quote means anything.
fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('"', "\"\""))
}

fn having(connection: &Connection, field: Field, term: &str, limit: usize) -> Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(field.contents())?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut list: Vec<i64> =
        statement.query_map(params![term, limit], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    if field == Field::Name {
        // Two files with one content count once.
        list.sort_unstable();
        list.dedup();
    }
    Ok(list)
}

fn exists(connection: &Connection, term: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM content_words WHERE content_words MATCH ?1)
        OR EXISTS (SELECT 1 FROM file_words WHERE file_words MATCH ?1)";
    Ok(connection.prepare_cached(sql)?.query_one([term], |row| row.get(0))?)
}

fn weight(having: usize, photos: usize) -> f32 {
    let (having, photos) = (having as f32, photos.max(having) as f32);
    ((photos - having + 0.5) / (having + 0.5)).ln_1p()
}
