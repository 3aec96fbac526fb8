//! Photos that are open in the page.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
};

use mm_core::{
    RgbImage,
    decode::{self, Limits},
    model::Model,
    tasks::{
        answer::AnswerOptions,
        caption::CaptionOptions,
        embed::Embedding,
        ocr::{ReadOptions, TextPage},
        picture::Encoded,
    },
};

use crate::{
    error::{Reply, ShellError},
    jpeg,
    types::{AnswerResult, CaptionResult, Photo, PhotoResult, PhotoTimes, Region},
};

/// The scheme that serves pictures; see [`crate::scheme`].
pub const SCHEME: &str = "mm-photo";
/// Longest side of a preview: sharp on large screens, and a tenth of a phone photo's bytes.
pub const PREVIEW_SIDE: u32 = 2048;
/// Most photos held; the oldest is closed. A 12-megapixel photo is 36 MB.
const MOST: usize = 6;

struct Open {
    image: RgbImage,
    preview: Vec<u8>,
    /// By the model that made it: another one reads other numbers.
    encoded: Mutex<Option<(Weak<Model>, Encoded)>>,
}

/// The open photos.
#[derive(Default)]
pub struct Photos {
    last: AtomicU32,
    open: Mutex<BTreeMap<u32, Arc<Open>>>,
}

impl Photos {
    /// Reads a file. Fails with `file.unreadable` or `image.*`.
    pub fn open_file(&self, path: &Path) -> Reply<Photo> {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        self.insert(name, decode::read_file(path, &Limits::default())?)
    }

    /// Reads bytes, such as a pasted picture's. Fails with `image.*`.
    pub fn open_bytes(&self, name: String, bytes: &[u8]) -> Reply<Photo> {
        self.insert(name, decode::decode(bytes, &Limits::default())?)
    }

    fn insert(&self, name: String, image: RgbImage) -> Reply<Photo> {
        let mut preview = Vec::new();
        jpeg::encode(jpeg::fit(&image, PREVIEW_SIDE)?.as_ref(), jpeg::STILL, &mut preview)?;
        let id = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let (width, height) = image.dimensions();
        let mut open = self.lock();
        open.insert(id, Arc::new(Open { image, preview, encoded: Mutex::new(None) }));
        while open.len() > MOST {
            open.pop_first();
        }
        Ok(Photo { id, name, width, height, preview: address(&id.to_string()) })
    }

    /// The JPEG of an open photo.
    pub fn preview(&self, id: u32) -> Option<Vec<u8>> {
        self.lock().get(&id).map(|photo| photo.preview.clone())
    }

    /// Caption and text. Fails with `photo.not_open` or as the model does.
    pub fn analyse(&self, id: u32, model: &Arc<Model>) -> Reply<PhotoResult> {
        let photo = self.get(id)?;
        let caption = model.caption_encoded(&photo.encode(model)?, &CaptionOptions::default())?;
        let page = model.read_text(&photo.image, &ReadOptions::default())?;
        let caption = CaptionResult::from(&caption);
        let ms = PhotoTimes { caption: caption.ms, text: page.timings.total.as_secs_f32() * 1e3 };
        let lines = page.text().lines().map(str::to_owned).collect();
        Ok(PhotoResult { caption, regions: regions(page), lines, ms })
    }

    /// An answer about a photo. Fails with `photo.not_open`, `question.*` or as the model does.
    pub fn ask(&self, id: u32, question: String, model: &Arc<Model>) -> Reply<AnswerResult> {
        let photo = self.get(id)?;
        model.check_question(&question)?;
        let answer = model.answer_encoded(&photo.encode(model)?, &question, &AnswerOptions::default())?;
        Ok(AnswerResult::new(question, &answer))
    }

    /// What a photo is like, for a search. Fails with `photo.not_open` or as the model does.
    pub fn embedding(&self, id: u32, model: &Arc<Model>) -> Reply<Embedding> {
        Ok(self.get(id)?.encode(model)?.embedding().clone())
    }

    /// Forgets a photo; one that is not open is no error.
    pub fn close(&self, id: u32) {
        self.lock().remove(&id);
    }

    fn get(&self, id: u32) -> Result<Arc<Open>, ShellError> {
        self.lock().get(&id).cloned().ok_or(ShellError::PhotoNotOpen)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, Arc<Open>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Encoded once for the caption and every question.
    fn encode(&self, model: &Arc<Model>) -> Reply<Encoded> {
        let mut slot = self.encoded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((maker, encoded)) = &*slot
            && maker.as_ptr() == Arc::as_ptr(model)
        {
            return Ok(encoded.clone());
        }
        let encoded = model.encode(&self.image)?;
        *slot = Some((Arc::downgrade(model), encoded.clone()));
        Ok(encoded)
    }
}

fn regions(page: TextPage) -> Vec<Region> {
    let numbered = page.regions.into_iter().zip(0_u64..);
    numbered
        .map(|(region, track)| Region {
            track,
            text: region.text,
            quad: region.quad.into(),
            confidence: region.confidence,
            words: region.words.into_iter().map(Into::into).collect(),
        })
        .collect()
}

/// The address of a picture for the page. How web views reach a scheme of ours differs by system.
#[must_use]
pub fn address(path: &str) -> String {
    if cfg!(any(windows, target_os = "android")) {
        format!("http://{SCHEME}.localhost/{path}")
    } else {
        format!("{SCHEME}://localhost/{path}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        RgbImage::new(width, height).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_photo_is_open_until_it_is_closed_or_too_many_are() {
        let photos = Photos::default();
        let first = photos.open_bytes("a".into(), &png(4, 3)).unwrap();
        assert_eq!((first.id, first.width, first.height), (1, 4, 3));
        assert_eq!(photos.preview(1).unwrap()[..2], [0xff, 0xd8]);
        photos.close(1);
        photos.close(1);
        assert_eq!(photos.get(1).err().unwrap().code(), "photo.not_open");
        let ids: Vec<u32> =
            (0..=MOST).map(|_| photos.open_bytes("b".into(), &png(1, 1)).unwrap().id).collect();
        assert!(photos.get(ids[0]).is_err() && ids[1..].iter().all(|id| photos.get(*id).is_ok()));
    }

    #[test]
    fn bad_files_say_why() {
        let photos = Photos::default();
        assert_eq!(
            photos.open_bytes("a".into(), b"no picture").unwrap_err().code,
            "image.unsupported_format"
        );
        assert_eq!(photos.open_file(Path::new("no/such.jpg")).unwrap_err().code, "file.unreadable");
    }
}
