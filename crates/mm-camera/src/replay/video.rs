//! Y4M and Motion-JPEG files as frames.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    sync::Arc,
};

use mm_core::{
    Error,
    decode::{self, Limits},
};

use super::reader::{Picture, Reader, preview};
use crate::{
    CameraError,
    mjpeg::{self, JpegStream, Piece},
    y4m::{Planes, Y4mError, Y4mStream},
};

/// Motion-JPEG streams do not say their rate; most cameras send this.
const MJPEG_FPS: f64 = 30.0;
/// For Y4M headers without a rate, as the programs that write them assume.
const Y4M_FPS: f64 = 25.0;

pub(super) struct Video {
    path: PathBuf,
    stream: Stream,
    /// The frame gone to, not yet decoded.
    current: Option<Frame>,
}

enum Stream {
    Y4m(Box<Y4mStream<BufReader<File>>>),
    Mjpeg(JpegStream<BufReader<File>>),
    /// A Y4M stream in which nothing more can be found.
    Broken,
}

enum Frame {
    Planes(Planes),
    Jpeg(Vec<u8>),
    Damaged(Error),
}

impl Video {
    pub(super) fn y4m(path: &Path) -> Result<Self, CameraError> {
        Ok(Self { path: path.to_owned(), stream: open_y4m(path)?, current: None })
    }

    pub(super) fn mjpeg(path: &Path) -> Result<Self, CameraError> {
        Ok(Self { path: path.to_owned(), stream: Stream::Mjpeg(JpegStream::new(open(path)?)), current: None })
    }
}

fn open(path: &Path) -> Result<BufReader<File>, CameraError> {
    let file = File::open(path)
        .map_err(|e| CameraError::ReplayNotFound { path: path.to_owned(), detail: e.to_string() })?;
    Ok(BufReader::with_capacity(1 << 18, file))
}

fn open_y4m(path: &Path) -> Result<Stream, CameraError> {
    let stream = Y4mStream::new(open(path)?).map_err(|error| match error {
        Y4mError::Corrupt(detail) => CameraError::ReplayCorrupt { path: path.to_owned(), detail },
        Y4mError::Unsupported(detail) => {
            CameraError::ReplayUnsupported { path: path.to_owned(), detail: format!("it has {detail}") }
        }
    })?;
    Ok(Stream::Y4m(Box::new(stream)))
}

fn damaged(format: &'static str, detail: &str) -> Frame {
    Frame::Damaged(Error::ImageCorrupt { format, detail: detail.to_owned() })
}

impl Reader for Video {
    fn advance(&mut self) -> Result<bool, CameraError> {
        self.current = match &mut self.stream {
            Stream::Y4m(stream) => match stream.next_frame() {
                Ok(frame) => frame.map(Frame::Planes),
                Err(Y4mError::Corrupt(detail) | Y4mError::Unsupported(detail)) => {
                    self.stream = Stream::Broken;
                    Some(damaged("Y4M", &detail))
                }
            },
            Stream::Mjpeg(stream) => match stream.next_piece() {
                Ok(piece) => piece.map(|piece| match piece {
                    Piece::Picture(bytes) => Frame::Jpeg(bytes),
                    Piece::Damaged(reason) => damaged("Motion-JPEG", reason),
                }),
                Err(error) => return Err(self.corrupt(error.to_string())),
            },
            Stream::Broken => None,
        };
        Ok(self.current.is_some())
    }

    fn decode(&mut self) -> mm_core::Result<Picture> {
        match self.current.take() {
            Some(Frame::Planes(planes)) => Ok(Picture { image: Arc::new(planes.to_rgb()?), jpeg: None }),
            Some(Frame::Jpeg(bytes)) => {
                let image = decode::decode(&mjpeg::with_tables(&bytes), &Limits::default())?;
                Ok(Picture { image: Arc::new(image), jpeg: preview(&bytes) })
            }
            Some(Frame::Damaged(error)) => Err(error),
            None => Err(Error::ImageEmpty),
        }
    }

    fn rewind(&mut self) -> Result<(), CameraError> {
        self.stream = match &self.stream {
            Stream::Mjpeg(_) => Stream::Mjpeg(JpegStream::new(open(&self.path)?)),
            Stream::Y4m(_) | Stream::Broken => open_y4m(&self.path)?,
        };
        Ok(())
    }

    fn fps(&self) -> f64 {
        match &self.stream {
            Stream::Y4m(stream) => stream.fps().unwrap_or(Y4M_FPS),
            Stream::Mjpeg(_) | Stream::Broken => MJPEG_FPS,
        }
    }

    fn corrupt(&self, detail: String) -> CameraError {
        CameraError::ReplayCorrupt { path: self.path.clone(), detail }
    }
}
