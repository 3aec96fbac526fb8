//! A driver's words as a coded error.
//!
//! The bindings pass on text only. What is looked for in it is not wording but numbers: the `(os error N)` that the
//! standard library adds on every system, and the HRESULTs of Media Foundation.

use crate::CameraError;

/// When something failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Opening,
    Reading,
}

/// Linux errno values (`asm-generic/errno-base.h`).
const EPERM: i32 = 1;
const ENOENT: i32 = 2;
const ENXIO: i32 = 6;
const EACCES: i32 = 13;
const EBUSY: i32 = 16;
const ENODEV: i32 = 19;

/// `E_ACCESSDENIED`, and Media Foundation's hardware errors (`mferror.h`).
const ACCESS_DENIED: &str = "0x80070005";
const MF_HW_LOCKED: &str = "0xC00D3704";
const MF_PREEMPTED: &str = "0xC00D3EA3";
const MF_INVALIDATED: &str = "0xC00D3EA2";
const MF_NO_SOURCE: &str = "0xC00D3704";

/// What `message` means.
pub(crate) fn classify(message: &str, id: &str, when: When) -> CameraError {
    let detail = message.to_owned();
    let has = |code: &str| message.to_ascii_uppercase().contains(&code.to_ascii_uppercase());
    match os_error(message) {
        Some(EPERM | EACCES) => CameraError::Denied { detail },
        Some(EBUSY) => CameraError::Busy { detail },
        Some(ENOENT | ENXIO | ENODEV) if when == When::Opening => {
            CameraError::NotFound { id: id.to_owned(), available: Vec::new() }
        }
        _ if has(ACCESS_DENIED) => CameraError::Denied { detail },
        _ if has(MF_HW_LOCKED) || has(MF_PREEMPTED) || has(MF_NO_SOURCE) => CameraError::Busy { detail },
        _ if has(MF_INVALIDATED) || when == When::Reading => CameraError::Lost { detail },
        _ => CameraError::UnsupportedFormat { detail },
    }
}

/// N of the last `(os error N)`.
fn os_error(message: &str) -> Option<i32> {
    let (_, rest) = message.rsplit_once("(os error ")?;
    rest.split_once(')')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn code(errno: i32, when: When) -> &'static str {
        let message = format!("Could not open device 0: V4L2 Error: {}", io::Error::from_raw_os_error(errno));
        classify(&message, "0", when).code()
    }

    #[test]
    fn numbers_of_the_system_become_codes() {
        assert_eq!(code(EACCES, When::Opening), "camera.denied");
        assert_eq!(code(EBUSY, When::Opening), "camera.busy");
        assert_eq!(code(ENOENT, When::Opening), "camera.not_found");
        assert_eq!(code(ENODEV, When::Reading), "camera.lost");
        assert_eq!(code(22, When::Opening), "camera.unsupported_format");
        assert_eq!(code(22, When::Reading), "camera.lost");
        let windows = "MFCreateSourceReader: Access is denied. (0x80070005)";
        assert_eq!(classify(windows, "0", When::Opening).code(), "camera.denied");
        let lost = "ReadSample: 0xc00d3ea2";
        assert_eq!(classify(lost, "0", When::Opening).code(), "camera.lost");
    }
}
