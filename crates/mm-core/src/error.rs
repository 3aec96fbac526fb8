//! One error type for the whole core, with stable string codes.
//!
//! Callers match on [`Error::code`], never on the message: messages are written for people, say what to do
//! next, and may change; codes are part of the API and do not.

use std::path::PathBuf;

/// Result of every fallible operation in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong. Each variant has one stable [code](Error::code).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `image.empty`: no bytes at all.
    #[error("the image is empty (0 bytes); choose another file")]
    ImageEmpty,
    /// `image.unsupported_format`: the bytes are not an image format this build decodes.
    #[error("not an image this app can read: {detail}; use JPEG, PNG, WebP, GIF, BMP, TIFF or HEIC")]
    ImageUnsupportedFormat {
        /// What the bytes look like instead, if known.
        detail: String,
    },
    /// `image.corrupt`: the format was recognised but the data do not decode.
    #[error("the {format} data are damaged or cut off ({detail}); copy the file again from its source")]
    ImageCorrupt {
        /// Format name, for example `JPEG`.
        format: &'static str,
        /// The decoder's own words.
        detail: String,
    },
    /// `image.too_large`: over one of the [limits](crate::decode::Limits).
    #[error("the image is too large: {what} is {actual}, the limit is {limit}; scale it down first")]
    ImageTooLarge {
        /// Which limit: `file bytes`, `width`, `height`, `pixels` or `decoder memory`.
        what: &'static str,
        /// The value found.
        actual: u64,
        /// The limit it exceeds.
        limit: u64,
    },
    /// `frame.invalid`: a camera frame whose planes do not fit its size and strides.
    #[error("invalid camera frame: {detail}; check the size, strides and planes the camera gives")]
    FrameInvalid {
        /// Which plane or size does not fit.
        detail: String,
    },
    /// `file.unreadable`: the operating system refused to read a file.
    #[error("cannot read {}: {source}; check that it is there and may be read", path.display())]
    FileUnreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// `file.unwritable`: the operating system refused to write or remove a file.
    #[error("cannot change {}: {source}; check that its folder is there and may be written", path.display())]
    FileUnwritable {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// `bundle.not_found`: no bundle of that name in any of the places searched.
    #[error(
        "no model bundle named \"{name}\" in {}; put the bundle's folder in one of these or set MM_MODELS",
        searched.join(", ")
    )]
    BundleNotFound {
        /// The name asked for.
        name: String,
        /// Every folder looked at, in order.
        searched: Vec<String>,
    },
    /// `bundle.manifest_invalid`: `manifest.json` does not parse or contradicts itself.
    #[error("{}: invalid bundle manifest: {detail}; get the bundle again", path.display())]
    BundleManifestInvalid {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// `bundle.schema_too_new`: written for a newer version of this library.
    #[error("the bundle {} uses manifest schema {found}, this version reads up to {supported}; update the app", path.display())]
    BundleSchemaTooNew {
        /// The manifest.
        path: PathBuf,
        /// Its schema number.
        found: u32,
        /// The newest this library reads.
        supported: u32,
    },
    /// `bundle.file_missing`: the manifest names a file that is not there.
    #[error("the bundle lacks {}; get the bundle again", path.display())]
    BundleFileMissing {
        /// The missing file.
        path: PathBuf,
    },
    /// `bundle.file_extra`: a file that the manifest does not name.
    #[error("{} does not belong to the bundle; remove it or get the bundle again", path.display())]
    BundleFileExtra {
        /// The stray file.
        path: PathBuf,
    },
    /// `bundle.checksum_mismatch`: size or SHA-256 differ from the manifest.
    #[error("{} is damaged: {detail}; get the bundle again", path.display())]
    BundleChecksumMismatch {
        /// The damaged file.
        path: PathBuf,
        /// Expected and found size or hash.
        detail: String,
    },
    /// `bundle.role_missing`: the bundle is sound but has no model for this task.
    #[error("the bundle \"{bundle}\" has no {role} model; choose a bundle that has one")]
    BundleRoleMissing {
        /// Bundle name.
        bundle: String,
        /// The role asked for.
        role: &'static str,
    },
    /// `runtime.library_missing`: the ONNX Runtime shared library was not found or does not load.
    #[error(
        "ONNX Runtime is not available ({detail}); run `cargo xtask setup` or set ORT_DYLIB_PATH to the library"
    )]
    RuntimeLibraryMissing {
        /// Paths tried, or the loader's reason.
        detail: String,
    },
    /// `runtime.provider_unavailable`: the provider asked for cannot start and no fallback was allowed.
    #[error("the {provider} provider cannot start: {detail}; choose another provider or `auto`")]
    RuntimeProviderUnavailable {
        /// Provider name.
        provider: String,
        /// Why it cannot start.
        detail: String,
    },
    /// `runtime.model_invalid`: a graph that does not load or has unexpected inputs, outputs or shapes.
    #[error("the model {model} cannot be used: {detail}; get the bundle again")]
    RuntimeModelInvalid {
        /// File or role.
        model: String,
        /// What does not fit.
        detail: String,
    },
    /// `runtime.inference_failed`: a session that loaded but failed while running.
    #[error("the model {model} failed while running: {detail}; try the cpu provider")]
    RuntimeInferenceFailed {
        /// File or role.
        model: String,
        /// ONNX Runtime's reason.
        detail: String,
    },
    /// `question.empty`: a question without a word in it.
    #[error("the question has no words; ask something like \"what is the man doing?\"")]
    QuestionEmpty,
    /// `question.too_long`: more characters than [`crate::tasks::answer::MAX_QUESTION_CHARACTERS`].
    #[error("the question has {actual} characters, the limit is {limit}; ask it in one short sentence")]
    QuestionTooLong {
        /// Characters after trimming.
        actual: usize,
        /// The most allowed.
        limit: usize,
    },
    /// `text.empty`: a text without a word in it, which has no embedding.
    #[error("the text has no words; type what the photos should show")]
    TextEmpty,
    /// `task.unsupported`: the bundle is sound but lacks what this task needs.
    #[error("the bundle \"{bundle}\" cannot {task}: it has no {lacks}; choose a bundle that has one")]
    TaskUnsupported {
        /// Bundle name.
        bundle: String,
        /// What was asked for, as a verb: `caption pictures`.
        task: &'static str,
        /// The role or settings that are missing.
        lacks: String,
    },
    /// `task.cancelled`: the caller's [`crate::tasks::CancelToken`] stopped the work.
    #[error("cancelled, as was asked; start it again for a result")]
    TaskCancelled,
    /// `live.no_frame`: a question before the first frame.
    #[error("there is no picture yet; ask once the camera shows one")]
    LiveNoFrame,
    /// `live.stage_panicked`: a bug ended a stage's work; the stage is tried again.
    #[error("the {stage} stage failed unexpectedly ({detail}); it is tried again, please report this")]
    LiveStagePanicked {
        /// `vision`, `caption`, `text` or `answer`.
        stage: &'static str,
        /// The panic's message.
        detail: String,
    },
}

impl Error {
    /// The stable code, `area.reason`; see each variant.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::ImageEmpty => "image.empty",
            Self::ImageUnsupportedFormat { .. } => "image.unsupported_format",
            Self::ImageCorrupt { .. } => "image.corrupt",
            Self::ImageTooLarge { .. } => "image.too_large",
            Self::FrameInvalid { .. } => "frame.invalid",
            Self::FileUnreadable { .. } => "file.unreadable",
            Self::FileUnwritable { .. } => "file.unwritable",
            Self::BundleNotFound { .. } => "bundle.not_found",
            Self::BundleManifestInvalid { .. } => "bundle.manifest_invalid",
            Self::BundleSchemaTooNew { .. } => "bundle.schema_too_new",
            Self::BundleFileMissing { .. } => "bundle.file_missing",
            Self::BundleFileExtra { .. } => "bundle.file_extra",
            Self::BundleChecksumMismatch { .. } => "bundle.checksum_mismatch",
            Self::BundleRoleMissing { .. } => "bundle.role_missing",
            Self::RuntimeLibraryMissing { .. } => "runtime.library_missing",
            Self::RuntimeProviderUnavailable { .. } => "runtime.provider_unavailable",
            Self::RuntimeModelInvalid { .. } => "runtime.model_invalid",
            Self::RuntimeInferenceFailed { .. } => "runtime.inference_failed",
            Self::QuestionEmpty => "question.empty",
            Self::QuestionTooLong { .. } => "question.too_long",
            Self::TextEmpty => "text.empty",
            Self::TaskUnsupported { .. } => "task.unsupported",
            Self::TaskCancelled => "task.cancelled",
            Self::LiveNoFrame => "live.no_frame",
            Self::LiveStagePanicked { .. } => "live.stage_panicked",
        }
    }
}
