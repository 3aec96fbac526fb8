//! One error for every language: the core's stable code, its sentence, and what to do next.

/// Why a call failed.
///
/// One case with three texts, not a case per code: bindings turn cases into classes, and a code added later would
/// break every `when` and `switch` over them. Match on `code`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum MobileMultiModalError {
    /// The call failed.
    #[error("{reason}")]
    Failed {
        /// Stable, `area.reason`, for example `image.corrupt`; the list is in `docs/python.md`.
        code: String,
        /// For people; may change. Not `message`, which Kotlin's exceptions already have.
        reason: String,
        /// What to do next in the caller's own program; may be empty.
        hint: String,
    },
}

impl MobileMultiModalError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        let Self::Failed { code, .. } = self;
        code
    }
}

impl From<mm_core::Error> for MobileMultiModalError {
    fn from(error: mm_core::Error) -> Self {
        let code = error.code();
        Self::Failed { code: code.to_owned(), reason: error.to_string(), hint: hint(code).to_owned() }
    }
}

/// What a program that uses the SDK can do; the core's own sentences speak to people in front of the app.
fn hint(code: &str) -> &'static str {
    match code {
        "image.empty" | "image.corrupt" => "check that the file was written or downloaded to its end",
        "image.unsupported_format" => "convert the picture to JPEG or PNG first",
        "image.too_large" => "scale the picture down first; the limits are in the documentation",
        "frame.invalid" => "check that data, width, height, stride and format describe the same pixels",
        "file.unreadable" => "check the path and the permissions",
        "bundle.not_found" => "pass the bundle's folder, or set MM_MODELS to the folder that holds it",
        "bundle.role_missing" | "task.unsupported" => "`info` lists what the bundle can do",
        "runtime.library_missing" => "install onnxruntime, or set ORT_DYLIB_PATH to its shared library",
        "runtime.provider_unavailable" => "the providers are auto, cpu, qnn and coreml",
        "question.empty" | "question.too_long" => "ask one short question",
        "text.empty" => "pass at least one word",
        "task.cancelled" => "the cancel token that was passed has been used; take a new one for each call",
        code if code.starts_with("bundle.") => "get the bundle again, or update this package",
        code if code.starts_with("runtime.") => "try the cpu provider; if it fails too, get the bundle again",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_and_the_sentence_are_the_cores() {
        let core = mm_core::Error::ImageEmpty;
        let sentence = core.to_string();
        let MobileMultiModalError::Failed { code, reason, hint } = core.into();
        assert_eq!((code.as_str(), reason), ("image.empty", sentence));
        assert!(!hint.is_empty());
    }

    #[test]
    fn whole_areas_have_a_hint_of_last_resort() {
        assert!(hint("bundle.checksum_mismatch").contains("bundle"));
        assert!(hint("runtime.inference_failed").contains("cpu"));
        assert_eq!(hint("area.unheard_of"), "");
    }
}
