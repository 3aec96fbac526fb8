//! Replay: recorded frames as if a camera gave them.

mod folder;
mod pacer;
mod reader;
mod video;

use std::{
    fs::{self, File},
    io::Read,
    path::Path,
    sync::Arc,
    time::Instant,
};

use folder::Folder;
use pacer::Pacer;
use reader::{Picture, Reader};
use video::Video;

use crate::{
    CameraError, CapturedFrame, FrameSource, Interrupt, Pace, SourceInfo,
    slot::{Slot, Taken},
};

/// A folder or video that is given as frames.
pub(crate) struct Replay {
    reader: Box<dyn Reader>,
    repeat: bool,
    /// `None`: as fast as possible.
    pacer: Option<Pacer>,
    info: SourceInfo,
    /// The first frame, decoded to find out whether there is one.
    first: Option<Picture>,
    /// Frames that show one picture.
    hold: u32,
    /// The picture that the next frames show too, and how many of them.
    held: Option<(Picture, u32)>,
    sequence: u64,
    pass: Pass,
    wake: Arc<Slot<()>>,
}

/// Frames from the beginning to the end, once.
#[derive(Default)]
struct Pass {
    seen: u64,
    tried: u64,
    good: u64,
}

impl Replay {
    pub(crate) fn open(path: &Path, pace: Pace, repeat: bool) -> Result<Self, CameraError> {
        let reader = open_reader(path)?;
        let (fps, hold) = match pace {
            Pace::Fast => (None, 1),
            Pace::RealTime { fps: Some(fps) } => (Some(fps), 1),
            Pace::RealTime { fps: None } => (Some(reader.fps()), reader.hold()),
        };
        let pacer = fps.map(Pacer::new).transpose()?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let info = SourceInfo { name, width: 0, height: 0, fps, skipped: 0 };
        let wake = Arc::new(Slot::new());
        let pass = Pass::default();
        let mut replay =
            Self { reader, repeat, pacer, info, first: None, hold, held: None, sequence: 0, pass, wake };
        let Some(first) = replay.decode_next()? else {
            return Err(CameraError::ReplayEmpty { path: path.to_owned() });
        };
        (replay.info.width, replay.info.height) = first.image.dimensions();
        replay.first = Some(first);
        Ok(replay)
    }

    /// The next frame that decodes; `None` at the end of everything.
    fn decode_next(&mut self) -> Result<Option<Picture>, CameraError> {
        while !self.wake.is_closed() {
            if let Some((picture, left @ 1..)) = &mut self.held {
                *left -= 1;
                self.sequence += 1;
                if self.pacer.as_mut().is_some_and(|pacer| pacer.skips(self.sequence - 1)) {
                    continue;
                }
                return Ok(Some(picture.clone()));
            }
            if !self.reader.advance()? {
                let Pass { seen, tried, good } = std::mem::take(&mut self.pass);
                if tried > 0 && good == 0 {
                    let detail = "not one of its frames can be decoded".to_owned();
                    return Err(self.reader.corrupt(detail));
                }
                if !self.repeat || seen == 0 {
                    return Ok(None);
                }
                self.reader.rewind()?;
                continue;
            }
            self.sequence += 1;
            self.pass.seen += 1;
            // Like a camera whose reader was slow: the newest frame, and the others are gone.
            if self.pacer.as_mut().is_some_and(|pacer| pacer.skips(self.sequence - 1)) {
                continue;
            }
            self.pass.tried += 1;
            match self.reader.decode() {
                Ok(picture) => {
                    self.pass.good += 1;
                    self.held = Some((picture.clone(), self.hold - 1)).filter(|_| self.hold > 1);
                    return Ok(Some(picture));
                }
                Err(error) => {
                    self.info.skipped += 1;
                    tracing::warn!(source = %self.info.name, code = error.code(), %error, "a frame is left out");
                }
            }
        }
        Ok(None)
    }
}

impl FrameSource for Replay {
    fn next_frame(&mut self) -> Result<Option<CapturedFrame>, CameraError> {
        if self.wake.is_closed() {
            return Ok(None);
        }
        let picture = match self.first.take() {
            Some(first) => first,
            None => match self.decode_next()? {
                Some(picture) => picture,
                None => return Ok(None),
            },
        };
        let sequence = self.sequence - 1;
        if let Some(pacer) = &mut self.pacer {
            let wait = pacer.due(sequence).saturating_duration_since(Instant::now());
            if !wait.is_zero() && self.wake.take(Some(wait)) == Taken::Closed {
                return Ok(None);
            }
        }
        let Picture { image, jpeg } = picture;
        Ok(Some(CapturedFrame { sequence, captured: Instant::now(), image, jpeg }))
    }

    fn describe(&self) -> SourceInfo {
        self.info.clone()
    }

    fn interrupt(&self) -> Interrupt {
        let wake = self.wake.clone();
        Interrupt::new(move || wake.close())
    }
}

/// Chooses by what the file is, not by its name; only the pictures of a folder are chosen by name.
fn open_reader(path: &Path) -> Result<Box<dyn Reader>, CameraError> {
    let not_found =
        |e: std::io::Error| CameraError::ReplayNotFound { path: path.to_owned(), detail: e.to_string() };
    if fs::metadata(path).map_err(not_found)?.is_dir() {
        return Ok(Box::new(Folder::open(path)?));
    }
    let mut head = Vec::new();
    File::open(path).map_err(not_found)?.take(64).read_to_end(&mut head).map_err(not_found)?;
    let unsupported = |detail: &str| {
        Err(CameraError::ReplayUnsupported { path: path.to_owned(), detail: detail.to_owned() })
    };
    match &head[..] {
        [] => Err(CameraError::ReplayEmpty { path: path.to_owned() }),
        [b'Y', b'U', b'V', b'4', b'M', ..] => Ok(Box::new(Video::y4m(path)?)),
        // A picture by itself is a stream of one; part headers of HTTP streams begin with dashes.
        [0xFF, 0xD8, ..] | [b'-', b'-', ..] | [b'\r', b'\n', b'-', b'-', ..] => {
            Ok(Box::new(Video::mjpeg(path)?))
        }
        [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', b' ', ..] => {
            unsupported("AVI files are not read (their Motion-JPEG can be copied out: -c:v copy)")
        }
        [0x1A, 0x45, 0xDF, 0xA3, ..] => unsupported("Matroska and WebM videos are not read"),
        _ if folder::is_picture(path) => Ok(Box::new(Folder::one(path))),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => unsupported("MP4 and QuickTime videos are not read"),
        _ => unsupported("it is no folder of pictures, Y4M video or Motion-JPEG stream"),
    }
}

#[cfg(test)]
mod tests;
