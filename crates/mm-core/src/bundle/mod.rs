//! Model bundles: a folder with `manifest.json` and the files it names.
//!
//! A bundle is outside data. Opening one checks the manifest, that every file is there with the stated size and
//! that nothing else is; reading a file checks its SHA-256 on the very bytes handed to the caller, so a file
//! changed after the check is never used.

mod confidence;
mod language_settings;
mod locate;
mod manifest;
mod models;
mod ocr_settings;

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

pub(crate) use self::language_settings::MAX_VOCABULARY;
pub use self::{
    confidence::{ConfidenceConfig, ConfidenceCurve, DEFAULT_LOOKS_FROM, DEFAULT_UNSURE_BELOW, uncalibrated},
    language_settings::{DecoderConfig, ResizeMethod, TextConfig, VisionConfig},
    locate::{SearchPath, find},
    manifest::{FileEntry, MANIFEST_FILE, Manifest, Role, SCHEMA},
    models::{ColorOrder, Models},
    ocr_settings::{OcrDetectorConfig, OcrRecognizerConfig},
};
use crate::error::{Error, Result};

/// A bundle whose manifest is valid and whose files are all present with the right sizes.
#[derive(Debug, Clone)]
pub struct Bundle {
    root: PathBuf,
    manifest: Manifest,
}

impl Bundle {
    /// Opens the bundle in `root` without hashing its files yet.
    ///
    /// Fails with `bundle.not_found` without a manifest, `bundle.manifest_invalid`, `bundle.schema_too_new`,
    /// `bundle.file_missing`, `bundle.file_extra`, or `bundle.checksum_mismatch` for a wrong size.
    pub fn open(root: &Path) -> Result<Self> {
        let manifest_path = root.join(MANIFEST_FILE);
        let bytes = manifest::read(&manifest_path)?;
        let bundle = Self { root: root.to_path_buf(), manifest: Manifest::parse(&bytes, &manifest_path)? };
        bundle.check_listing()?;
        Ok(bundle)
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What `manifest.json` says.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Sum of all file sizes in bytes, without the manifest.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.manifest.files.iter().map(|f| f.bytes).sum()
    }

    /// Reads and verifies the one file with this role: `bundle.role_missing` if the bundle has none.
    pub fn read(&self, role: Role) -> Result<Vec<u8>> {
        let entry = self.manifest.file(role).ok_or_else(|| Error::BundleRoleMissing {
            bundle: self.manifest.name.clone(),
            role: role.as_str(),
        })?;
        self.read_verified(entry)
    }

    /// Hashes every file; the first mismatch is the error.
    pub fn verify(&self) -> Result<()> {
        self.manifest.files.iter().try_for_each(|entry| self.read_verified(entry).map(drop))
    }

    fn read_verified(&self, entry: &FileEntry) -> Result<Vec<u8>> {
        let path = self.root.join(&entry.path);
        let bytes = fs::read(&path).map_err(|source| unreadable(&path, source))?;
        let found = hex(&Sha256::digest(&bytes));
        if found != entry.sha256 {
            return Err(Error::BundleChecksumMismatch {
                path,
                detail: format!("its SHA-256 is {found}, the manifest says {}", entry.sha256),
            });
        }
        Ok(bytes)
    }

    fn check_listing(&self) -> Result<()> {
        for entry in &self.manifest.files {
            let path = self.root.join(&entry.path);
            let found = fs::metadata(&path).map_err(|source| unreadable(&path, source))?.len();
            if found != entry.bytes {
                return Err(Error::BundleChecksumMismatch {
                    path,
                    detail: format!("it has {found} bytes, the manifest says {}", entry.bytes),
                });
            }
        }
        let listing = fs::read_dir(&self.root).map_err(|source| unreadable(&self.root, source))?;
        for item in listing {
            let item = item.map_err(|source| unreadable(&self.root, source))?;
            let name = item.file_name();
            let name = name.to_string_lossy();
            // File managers and version control drop hidden files everywhere; they are never loaded.
            let known = name == MANIFEST_FILE || name.starts_with('.') || self.manifest.names(&name);
            if !known {
                return Err(Error::BundleFileExtra { path: item.path() });
            }
        }
        Ok(())
    }
}

fn unreadable(path: &Path, source: io::Error) -> Error {
    let path = path.to_path_buf();
    match source.kind() {
        io::ErrorKind::NotFound => Error::BundleFileMissing { path },
        _ => Error::FileUnreadable { path, source },
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
