//! `manifest.json`, schema 1: what a bundle holds and how its graphs want to be fed.

use std::{
    collections::{BTreeMap, HashSet},
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::models::Models;
use crate::error::{Error, Result};

/// Name of the manifest inside a bundle.
pub const MANIFEST_FILE: &str = "manifest.json";
/// Newest schema this library reads.
pub const SCHEMA: u32 = 1;
/// A manifest is a few kilobytes; more than this is not one.
const MAX_MANIFEST_BYTES: u64 = 1 << 20;

/// What a file of the bundle is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Role {
    /// Image -> feature grid and embedding; one pass serves captions, answers and search.
    Vision,
    /// One step of caption or answer decoding with a KV cache.
    Decoder,
    /// Text -> embedding.
    Text,
    /// Image -> text probability map.
    OcrDetector,
    /// Text-line crops -> character probabilities.
    OcrRecognizer,
    /// The recogniser's classes: a JSON array of strings, index 0 the CTC blank.
    OcrCharacters,
    /// Vocabulary and special tokens.
    Tokenizer,
    /// Licence text.
    License,
    /// Attribution and modification notices.
    Notice,
    /// Model card.
    Card,
    /// A role this version does not know; listed and verified, never loaded.
    #[serde(other)]
    Other,
}

impl Role {
    /// The name used in the manifest.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vision => "vision",
            Self::Decoder => "decoder",
            Self::Text => "text",
            Self::OcrDetector => "ocr-detector",
            Self::OcrRecognizer => "ocr-recognizer",
            Self::OcrCharacters => "ocr-characters",
            Self::Tokenizer => "tokenizer",
            Self::License => "license",
            Self::Notice => "notice",
            Self::Card => "card",
            Self::Other => "other",
        }
    }
}

/// One file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Plain file name inside the bundle's folder.
    pub path: String,
    /// What it is for.
    pub role: Role,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256, 64 lower-case hex digits.
    pub sha256: String,
}

/// The whole manifest. Keys this version does not know are ignored, so that a bundle may say more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this format; see [`SCHEMA`].
    pub schema: u32,
    /// Bundle name, as passed to `from_pretrained`.
    pub name: String,
    /// Version of the bundle.
    pub version: String,
    /// SPDX expression over all files.
    pub license: String,
    /// One line for people.
    #[serde(default)]
    pub description: String,
    /// Every file except the manifest.
    pub files: Vec<FileEntry>,
    /// Settings per model.
    #[serde(default)]
    pub models: Models,
    /// Where the weights come from and how they were made.
    #[serde(default)]
    pub provenance: serde_json::Value,
    /// Measured figures, each with the command that prints it.
    #[serde(default)]
    pub metrics: BTreeMap<String, serde_json::Value>,
}

impl Manifest {
    /// Parses and checks a manifest; `path` is only used in errors.
    ///
    /// Fails with `bundle.schema_too_new` for a later schema and `bundle.manifest_invalid` for anything else.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self> {
        #[derive(Deserialize)]
        struct Version {
            schema: u32,
        }
        let invalid = |detail: String| Error::BundleManifestInvalid { path: path.to_path_buf(), detail };
        // The schema is read alone first: a newer manifest may differ in every other key.
        let Version { schema } = serde_json::from_slice(bytes).map_err(|e| invalid(e.to_string()))?;
        if schema > SCHEMA {
            return Err(Error::BundleSchemaTooNew {
                path: path.to_path_buf(),
                found: schema,
                supported: SCHEMA,
            });
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(|e| invalid(e.to_string()))?;
        manifest.check().map_err(invalid)?;
        Ok(manifest)
    }

    /// The first file with this role.
    #[must_use]
    pub fn file(&self, role: Role) -> Option<&FileEntry> {
        self.files.iter().find(|f| f.role == role)
    }

    pub(super) fn names(&self, file: &str) -> bool {
        self.files.iter().any(|f| f.path == file)
    }

    fn check(&self) -> std::result::Result<(), String> {
        if self.schema == 0 {
            return Err("schema 0 does not exist".to_owned());
        }
        if self.name.is_empty() || !is_plain_name(&self.name) {
            return Err(format!("the name {:?} is not a plain folder name", self.name));
        }
        let mut seen = HashSet::new();
        for file in &self.files {
            if !is_plain_name(&file.path) || file.path == MANIFEST_FILE {
                return Err(format!("{:?} is not a plain file name", file.path));
            }
            if !seen.insert(file.path.as_str()) {
                return Err(format!("{:?} is listed twice", file.path));
            }
            let hash_ok = file.sha256.len() == 64
                && file.sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            if !hash_ok {
                return Err(format!("the sha256 of {:?} is not 64 lower-case hex digits", file.path));
            }
        }
        self.models.check()
    }
}

/// One path component of ordinary characters: nothing that could leave the bundle's folder on any system.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 128
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

/// Reads a manifest with a size limit; a missing one means there is no bundle here.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let open = |path: &Path| -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?.take(MAX_MANIFEST_BYTES + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = open(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => Error::BundleNotFound {
            name: folder_name(path),
            searched: vec![path.parent().unwrap_or(Path::new("")).display().to_string()],
        },
        _ => Error::FileUnreadable { path: path.to_path_buf(), source },
    })?;
    if bytes.len() as u64 > MAX_MANIFEST_BYTES {
        let detail = format!("it is larger than {MAX_MANIFEST_BYTES} bytes");
        return Err(Error::BundleManifestInvalid { path: path.to_path_buf(), detail });
    }
    Ok(bytes)
}

fn folder_name(manifest: &Path) -> String {
    let folder: Option<PathBuf> = manifest.parent().map(Path::to_path_buf);
    folder
        .and_then(|f| f.file_name().map(|n| n.to_string_lossy().into_owned()))
        .unwrap_or_else(|| manifest.display().to_string())
}
