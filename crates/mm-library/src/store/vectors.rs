//! Embeddings as int8, kept in memory for the scan of every search.
//!
//! All of them are compared with every query: exact, and 100,000 take a few milliseconds (docs/library.md has the
//! comparison with an index inside the database).

use mm_core::tasks::embed::Embedding;
use rusqlite::Connection;

use crate::error::{LibraryError, Result};

/// What 1 becomes.
const SCALE: f32 = 127.0;

/// The int8 form of a unit vector.
pub(super) fn quantised(embedding: &Embedding) -> Vec<u8> {
    embedding.as_slice().iter().map(|v| (v * SCALE).round().clamp(-SCALE, SCALE) as i8 as u8).collect()
}

/// The embedding whose int8 form is given; `library.database_corrupt` if it has no length.
pub(super) fn restored(bytes: &[u8]) -> Result<Embedding> {
    let values = bytes.iter().map(|b| f32::from(b.cast_signed())).collect();
    Embedding::normalised(values, "stored vector").map_err(|error| damaged(&error))
}

/// Every vector of the current model, in the order of the contents.
#[derive(Debug, Default)]
pub(crate) struct Vectors {
    /// Numbers per vector.
    length: usize,
    contents: Vec<i64>,
    numbers: Vec<i8>,
    /// Length of each quantised vector: rounding moves it a little off 127.
    norms: Vec<f32>,
    /// The database's count of removals and replacements at the time of reading.
    replaced: i64,
}

impl Vectors {
    /// Reads what is new since the last time; everything if vectors were removed or replaced.
    pub fn refresh(&mut self, connection: &Connection) -> Result<()> {
        let replaced = connection
            .prepare_cached("SELECT value FROM settings WHERE name = 'vectors'")?
            .query_one([], |r| r.get(0))?;
        if replaced != self.replaced {
            *self = Self { replaced, ..Self::default() };
        }
        let after = self.contents.last().copied().unwrap_or(0);
        let mut rows = connection
            .prepare_cached("SELECT content, embedding FROM vectors WHERE content > ?1 ORDER BY content")?;
        let mut rows = rows.query([after])?;
        while let Some(row) = rows.next()? {
            let bytes = row.get_ref(1)?.as_blob().map_err(|error| damaged(&error))?;
            self.push(row.get(0)?, bytes)?;
        }
        Ok(())
    }

    fn push(&mut self, content: i64, bytes: &[u8]) -> Result<()> {
        if self.contents.is_empty() {
            self.length = bytes.len();
        } else if bytes.len() != self.length {
            return Err(damaged(&format!(
                "a vector of {} numbers among those of {}",
                bytes.len(),
                self.length
            )));
        }
        let numbers = bytes.iter().map(|b| b.cast_signed());
        let square: i32 = numbers.clone().map(|n| i32::from(n) * i32::from(n)).sum();
        self.contents.push(content);
        self.norms.push((square as f32).sqrt().max(1.0));
        self.numbers.extend(numbers);
        Ok(())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.contents.len()
    }

    /// Cosine of every vector with `query`, in the order of the contents; empty if their lengths differ (they are of
    /// another model, and are being replaced).
    pub fn similarities(&self, query: &Embedding) -> Vec<(i64, f32)> {
        if self.length == 0 || query.as_slice().len() != self.length {
            return Vec::new();
        }
        let query: Vec<i16> = quantised(query).into_iter().map(|b| i16::from(b.cast_signed())).collect();
        let norm = query.iter().map(|n| f32::from(*n) * f32::from(*n)).sum::<f32>().sqrt().max(1.0);
        let rows = self.numbers.chunks_exact(self.length).zip(&self.norms);
        rows.zip(&self.contents)
            .map(|((row, length), id)| (*id, dot(row, &query) as f32 / (length * norm)))
            .collect()
    }
}

/// The query is widened beforehand: half the work of widening both sides, which the compiler then does eight at a time.
fn dot(row: &[i8], query: &[i16]) -> i32 {
    row.iter().zip(query).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum()
}

fn damaged(detail: &impl ToString) -> LibraryError {
    LibraryError::DatabaseCorrupt { detail: detail.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(values: &[f32]) -> Embedding {
        Embedding::normalised(values.to_vec(), "test").unwrap()
    }

    #[test]
    fn int8_keeps_the_cosine_to_a_hundredth() {
        let a = unit(&(0..384).map(|i| (i as f32 * 0.7).sin()).collect::<Vec<_>>());
        let b = unit(&(0..384).map(|i| (i as f32 * 0.7 + 0.9).sin()).collect::<Vec<_>>());
        let mut vectors = Vectors::default();
        vectors.push(3, &quantised(&a)).unwrap();
        vectors.push(9, &quantised(&b)).unwrap();
        let found = vectors.similarities(&a);
        assert_eq!([found[0].0, found[1].0], [3, 9]);
        assert!((found[0].1 - 1.0).abs() < 1e-6);
        assert!((found[1].1 - a.similarity(&b)).abs() < 0.01, "{found:?}");
        assert!(vectors.similarities(&unit(&[1.0, 0.0])).is_empty());
        assert_eq!(vectors.push(10, &[1, 2]).unwrap_err().code(), "library.database_corrupt");
    }

    #[test]
    fn the_extremes_do_not_overflow() {
        assert_eq!(dot(&[-127; 2048], &[-127; 2048]), 127 * 127 * 2048);
        assert_eq!(dot(&[-128], &[-128]), 16384);
    }
}
