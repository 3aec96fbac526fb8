//! `manifest.json`, schema 1: what a bundle holds and how its graphs want to be fed.

use std::{
    collections::{BTreeMap, HashSet},
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

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

/// How the text detector (DB, Liao et al. 2020) is fed and its map turned into boxes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OcrDetectorConfig {
    /// Graph input, f32 `[1, 3, height, width]`.
    pub input: String,
    /// Graph outputs; the first is the probability map, f32 `[1, 1, height, width]` in [0, 1].
    pub outputs: Vec<String>,
    /// Channel order of the input: `BGR` or `RGB`.
    pub color_order: ColorOrder,
    /// Per-channel mean, subtracted after scaling; in `color_order`.
    pub mean: [f32; 3],
    /// Per-channel standard deviation, divided by after the mean; in `color_order`.
    pub std: [f32; 3],
    /// Factor applied to 8-bit values first (1/255).
    pub scale: f32,
    /// Both sides of the input are rounded to a multiple of this many pixels.
    pub side_multiple: u32,
    /// Longest side of the input in pixels.
    pub max_side: u32,
    /// Map values above this are text.
    pub threshold: f32,
    /// Boxes whose mean map value is below this are dropped.
    pub box_threshold: f32,
    /// Boxes grow by `area * unclip_ratio / perimeter` on each side.
    pub unclip_ratio: f32,
}

/// How the text-line recogniser is fed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OcrRecognizerConfig {
    /// Graph input, f32 `[batch, 3, height, width]`.
    pub input: String,
    /// Graph outputs; the first holds class probabilities, f32 `[batch, time, classes]`.
    pub outputs: Vec<String>,
    /// Channel order of the input: `BGR` or `RGB`.
    pub color_order: ColorOrder,
    /// Height of every crop in pixels.
    pub height: u32,
    /// Per-channel mean, subtracted after scaling; in `color_order`.
    pub mean: [f32; 3],
    /// Per-channel standard deviation; in `color_order`.
    pub std: [f32; 3],
    /// Factor applied to 8-bit values first (1/255).
    pub scale: f32,
    /// Lines below this mean probability are dropped.
    pub min_confidence: f32,
    /// Longer crops are squeezed to this width in pixels.
    pub max_width: u32,
    /// Input widths are rounded up to a multiple of this many pixels.
    pub width_multiple: u32,
}

/// Channel order of a graph's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ColorOrder {
    /// Red first.
    #[serde(rename = "RGB")]
    Rgb,
    /// Blue first.
    #[serde(rename = "BGR")]
    Bgr,
}

/// Settings of each model in the bundle.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Models {
    /// Text detector.
    #[serde(rename = "ocr-detector", default, skip_serializing_if = "Option::is_none")]
    pub ocr_detector: Option<OcrDetectorConfig>,
    /// Text-line recogniser.
    #[serde(rename = "ocr-recognizer", default, skip_serializing_if = "Option::is_none")]
    pub ocr_recognizer: Option<OcrRecognizerConfig>,
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
        self.models.ocr_detector.as_ref().map_or(Ok(()), OcrDetectorConfig::check)?;
        self.models.ocr_recognizer.as_ref().map_or(Ok(()), OcrRecognizerConfig::check)
    }
}

impl OcrDetectorConfig {
    fn check(&self) -> std::result::Result<(), String> {
        let unit = |v: f32| v.is_finite() && (0.0..=1.0).contains(&v);
        let ok = !self.outputs.is_empty()
            && normalisation_ok(self.scale, self.mean, self.std)
            && (1..=256).contains(&self.side_multiple)
            && (32..=8192).contains(&self.max_side)
            && unit(self.threshold)
            && unit(self.box_threshold)
            && (0.0..=10.0).contains(&self.unclip_ratio);
        if ok { Ok(()) } else { Err("ocr-detector settings are out of range".to_owned()) }
    }
}

impl OcrRecognizerConfig {
    fn check(&self) -> std::result::Result<(), String> {
        let ok = !self.outputs.is_empty()
            && normalisation_ok(self.scale, self.mean, self.std)
            && (8..=256).contains(&self.height)
            && (0.0..=1.0).contains(&self.min_confidence)
            && (self.height..=16384).contains(&self.max_width)
            && (1..=256).contains(&self.width_multiple);
        if ok { Ok(()) } else { Err("ocr-recognizer settings are out of range".to_owned()) }
    }
}

fn normalisation_ok(scale: f32, mean: [f32; 3], std: [f32; 3]) -> bool {
    scale.is_normal() && mean.iter().all(|v| v.is_finite()) && std.iter().all(|v| v.is_normal())
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
