//! The pictures that the page shows by address, `mm-photo://localhost/...`: open photos (`ID`), thumbnails (`thumbnail/ID`)
//! and photos of the library (`library/ID`). Nothing else of the disk can be reached.

use tauri::http::{Request, Response, StatusCode, header};

use crate::{app::App, error::AppError, types::PhotoId};

/// A closed photo's number is not used again, and nothing of a photo stays on disk.
const ONCE: &str = "no-store";
/// An address of a thumbnail names its index too, so that what it gives never changes. A day: beyond that, what the
/// index no longer has should be nowhere else.
const LONG: &str = "private, max-age=86400, immutable";

/// What an address asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Picture {
    Open(u32),
    Thumbnail(PhotoId),
    Library(PhotoId),
}

impl Picture {
    fn of(path: &str) -> Option<Self> {
        let path = path.strip_prefix('/')?;
        // Digits alone: `parse` would take a sign too.
        let number =
            |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        match path.split_once('/') {
            None => number(path).and_then(|id| u32::try_from(id).ok()).map(Self::Open),
            Some(("thumbnail", id)) => number(id).map(|id| Self::Thumbnail(PhotoId(id))),
            Some(("library", id)) => number(id).map(|id| Self::Library(PhotoId(id))),
            Some(_) => None,
        }
    }
}

/// The answer to `request`: a JPEG, or 404.
pub fn answer(app: &App, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    let (jpeg, keep) = match Picture::of(request.uri().path()) {
        Some(Picture::Open(id)) => (app.photos.preview(id), ONCE),
        Some(Picture::Thumbnail(id)) => (told(app.library.thumbnail(id)), LONG),
        Some(Picture::Library(id)) => (told(app.library.preview(id)), ONCE),
        None => (None, ONCE),
    };
    let mut response = Response::new(Vec::new());
    match jpeg {
        Some(jpeg) => {
            for (name, value) in [(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, keep)] {
                response.headers_mut().insert(name, header::HeaderValue::from_static(value));
            }
            *response.body_mut() = jpeg;
        }
        None => *response.status_mut() = StatusCode::NOT_FOUND,
    }
    response
}

fn told(jpeg: Result<Vec<u8>, AppError>) -> Option<Vec<u8>> {
    jpeg.map_err(|error| tracing::debug!(error.code, "a picture of the library is not shown")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_kind_and_a_number() {
        assert_eq!(Picture::of("/7"), Some(Picture::Open(7)));
        assert_eq!(Picture::of("/thumbnail/7"), Some(Picture::Thumbnail(PhotoId(7))));
        assert_eq!(Picture::of("/library/12345678901"), Some(Picture::Library(PhotoId(12_345_678_901))));
        let wrong = [
            "",
            "/",
            "7",
            "/-7",
            "/+7",
            "/4294967296",
            "/thumbnail",
            "/thumbnail/",
            "/thumbnail/-1",
            "/thumbnail/../7",
            "/thumbnail/7/8",
            "/library/%2e%2e",
            "/library/99999999999999999999",
            "/etc/passwd",
            "//7",
        ];
        for path in wrong {
            assert_eq!(Picture::of(path), None, "{path}");
        }
    }
}
