//! A folder of pictures as frames.

use std::{
    cmp::Ordering,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use mm_core::{
    Error,
    decode::{self, Limits},
};

use super::reader::{Picture, Reader, preview};
use crate::CameraError;

/// Pictures stay decoded while all of them fit into this, so that a short loop costs its decoding once.
const CACHE_BYTES: usize = 256 << 20;

pub(super) struct Folder {
    path: PathBuf,
    pictures: Vec<PathBuf>,
    /// The picture gone to, counted from 1; 0 is before the first.
    at: usize,
    cache: Vec<Option<Picture>>,
    cached_bytes: usize,
}

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, CameraError> {
        let unreadable =
            |e: std::io::Error| CameraError::ReplayNotFound { path: path.to_owned(), detail: e.to_string() };
        let mut pictures = Vec::new();
        for entry in fs::read_dir(path).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.path();
            if is_picture(&file) && file.is_file() {
                pictures.push(file);
            }
        }
        if pictures.is_empty() {
            return Err(CameraError::ReplayEmpty { path: path.to_owned() });
        }
        pictures.sort_by(|a, b| by_name(&name(a), &name(b)));
        Ok(Self::new(path, pictures))
    }

    /// A picture by itself.
    pub(super) fn one(path: &Path) -> Self {
        Self::new(path, vec![path.to_owned()])
    }

    fn new(path: &Path, pictures: Vec<PathBuf>) -> Self {
        let cache = vec![None; pictures.len()];
        Self { path: path.to_owned(), pictures, at: 0, cache, cached_bytes: 0 }
    }
}

impl Reader for Folder {
    fn advance(&mut self) -> Result<bool, CameraError> {
        self.at += 1;
        Ok(self.at <= self.pictures.len())
    }

    fn decode(&mut self) -> mm_core::Result<Picture> {
        let index = self.at - 1;
        if let Some(known) = &self.cache[index] {
            return Ok(known.clone());
        }
        let bytes = read(&self.pictures[index], &Limits::default())?;
        let image = Arc::new(decode::decode(&bytes, &Limits::default())?);
        let picture = Picture { jpeg: preview(&bytes), image };
        let size = picture.image.as_raw().len();
        if self.cached_bytes + size <= CACHE_BYTES {
            self.cached_bytes += size;
            self.cache[index] = Some(picture.clone());
        }
        Ok(picture)
    }

    fn rewind(&mut self) -> Result<(), CameraError> {
        self.at = 0;
        Ok(())
    }

    /// As a camera would see somebody holding up one picture after the other, each for three seconds.
    fn fps(&self) -> f64 {
        10.0
    }

    fn hold(&self) -> u32 {
        30
    }

    fn corrupt(&self, detail: String) -> CameraError {
        CameraError::ReplayCorrupt { path: self.path.clone(), detail }
    }
}

/// The bytes of a file, no more of them than a picture may have.
fn read(path: &Path, limits: &Limits) -> mm_core::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limits.max_bytes.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(|source| Error::FileUnreadable { path: path.to_owned(), source })?;
    Ok(bytes)
}

pub(super) fn is_picture(path: &Path) -> bool {
    path.extension()
        .and_then(|e| e.to_str())
        .is_some_and(|e| decode::EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(e)))
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The order people expect: `frame9` before `frame10`. Names that differ only in leading zeros go by their letters.
fn by_name(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (Some(l), Some(r)) = (left.chars().next(), right.chars().next()) else {
            return left.len().cmp(&right.len()).then_with(|| a.cmp(b));
        };
        let order = if l.is_ascii_digit() && r.is_ascii_digit() {
            let (first, second) = (digits(&mut left), digits(&mut right));
            first.len().cmp(&second.len()).then_with(|| first.cmp(second))
        } else {
            left = &left[l.len_utf8()..];
            right = &right[r.len_utf8()..];
            l.cmp(&r)
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Takes the digits `text` begins with, and gives them without leading zeros.
fn digits<'a>(text: &mut &'a str) -> &'a str {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    *text = rest;
    number.trim_start_matches('0')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_in_names_go_by_value() {
        let mut names = ["b", "frame10.png", "frame9.png", "frame09.png", "a", "frame", "frame1b", "frame1a"];
        names.sort_by(|a, b| by_name(a, b));
        assert_eq!(
            names,
            ["a", "b", "frame", "frame1a", "frame1b", "frame09.png", "frame9.png", "frame10.png"]
        );
    }

    proptest! {
        #[test]
        fn the_order_is_one(names in proptest::collection::vec("[a0-9é]{0,6}", 3)) {
            let [a, b, c] = [0, 1, 2].map(|i| names[i].as_str());
            prop_assert_eq!(by_name(a, b), by_name(b, a).reverse());
            prop_assert_eq!(by_name(a, b).is_eq(), a == b);
            if by_name(a, b).is_le() && by_name(b, c).is_le() {
                prop_assert!(by_name(a, c).is_le());
            }
        }
    }
}
