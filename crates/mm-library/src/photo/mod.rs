//! One picture file: its bytes, its hash, its EXIF facts, its thumbnail.

mod exif;
mod thumbnail;

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use mm_core::{
    RgbImage,
    decode::{self, Limits},
};

pub use self::exif::{Exif, read_exif};
use crate::{
    error::{LibraryError, Result},
    scan,
    store::{ContentHash, FileFacts},
};

/// A file read from its first byte to its last while nothing changed it.
pub struct PhotoBytes {
    /// Size and time that belong to these bytes.
    pub facts: FileFacts,
    /// BLAKE3 of the bytes.
    pub hash: ContentHash,
    bytes: Vec<u8>,
}

/// A decoded picture with everything that its file alone tells.
pub struct Photo {
    /// Upright pixels.
    pub image: RgbImage,
    /// When, with what and where it was taken, as far as it says so.
    pub exif: Exif,
    /// JPEG, longest side 320 pixels.
    pub thumbnail: Vec<u8>,
}

/// Reads `relative` in `root`. A file that changes meanwhile (a copy still growing, an editor saving) is read once more.
///
/// Fails with `file.unreadable`, `image.too_large` by the file's size, or `photo.changing`.
pub fn read(root: &Path, relative: &Path, limits: &Limits) -> Result<PhotoBytes> {
    read_with(root, relative, limits, |_| ())
}

fn read_with(
    root: &Path,
    relative: &Path,
    limits: &Limits,
    mut between: impl FnMut(usize),
) -> Result<PhotoBytes> {
    let path = root.join(relative);
    for attempt in 0..2 {
        let unreadable = |source| mm_core::Error::FileUnreadable { path: path.clone(), source };
        let mut file = File::open(&path).map_err(unreadable)?;
        let before = scan::facts(relative.to_path_buf(), &file.metadata().map_err(unreadable)?);
        let bytes = read_all(&mut file, before.size, limits).map_err(unreadable)??;
        between(attempt);
        // By name again: what was read may have been replaced by another file.
        let after = fs::metadata(&path).map_err(unreadable)?;
        if scan::facts(relative.to_path_buf(), &after) == before && bytes.len() as u64 == before.size {
            let hash = ContentHash(*blake3::hash(&bytes).as_bytes());
            return Ok(PhotoBytes { facts: before, hash, bytes });
        }
    }
    Err(LibraryError::PhotoChanging { path })
}

/// All bytes of `file`, up to the limit: a file may grow after its size was asked for.
fn read_all(file: &mut File, size: u64, limits: &Limits) -> io::Result<mm_core::Result<Vec<u8>>> {
    let limit = limits.max_bytes;
    let too_large = |actual| mm_core::Error::ImageTooLarge { what: "file bytes", actual, limit };
    if size > limit {
        return Ok(Err(too_large(size)));
    }
    let mut bytes = Vec::with_capacity(size as usize);
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Ok(Err(too_large(bytes.len() as u64)));
    }
    Ok(Ok(bytes))
}

impl PhotoBytes {
    /// Decodes the picture, upright, and makes its thumbnail. EXIF that is damaged counts as none.
    ///
    /// Fails with `image.*`.
    pub fn decode(self, limits: &Limits) -> Result<Photo> {
        let exif = read_exif(&self.bytes);
        let image = decode::decode(&self.bytes, limits)?;
        drop(self.bytes);
        let thumbnail = thumbnail::jpeg(&image)?;
        Ok(Photo { image, exif, thumbnail })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changes_while_it_is_read_is_read_once_more() {
        let dir = tempfile::tempdir().unwrap();
        let name = Path::new("x.jpg");
        let path = dir.path().join(name);
        fs::write(&path, b"first").unwrap();
        let grow = |changes: usize| {
            read_with(dir.path(), name, &Limits::default(), |attempt| {
                if attempt < changes {
                    fs::write(&path, format!("longer by {attempt} and {}", "x".repeat(attempt))).unwrap();
                }
            })
        };
        let once = grow(1).unwrap();
        assert_eq!(once.bytes, b"longer by 0 and ");
        assert_eq!(once.hash.0, *blake3::hash(b"longer by 0 and ").as_bytes());
        fs::write(&path, b"first").unwrap();
        assert_eq!(grow(2).err().map(|e| e.code()), Some("photo.changing"));
    }

    #[test]
    fn another_file_put_in_its_place_is_a_change() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.jpg");
        fs::write(&path, b"first").unwrap();
        let other = dir.path().join("other.jpg");
        let read = read_with(dir.path(), Path::new("x.jpg"), &Limits::default(), |attempt| {
            if attempt == 0 {
                fs::write(&other, b"second, longer").unwrap();
                fs::rename(&other, &path).unwrap();
            }
        });
        assert_eq!(read.unwrap().bytes, b"second, longer");
    }

    #[test]
    fn size_limits_hold_for_files() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("x.jpg"), [0; 100]).unwrap();
        let limits = Limits { max_bytes: 99, ..Limits::default() };
        let error = read(dir.path(), Path::new("x.jpg"), &limits).err().unwrap();
        assert_eq!(error.code(), "image.too_large");
        let error = read(dir.path(), Path::new("none.jpg"), &limits).err().unwrap();
        assert_eq!(error.code(), "file.unreadable");
    }
}
