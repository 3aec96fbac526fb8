//! The source `mm bench --live` measures on: pictures before a camera that never stands still.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use image::imageops;
use mm_camera::{CameraError, CapturedFrame, FrameSource, Interrupt, SourceInfo};
use mm_core::RgbImage;

pub const WIDTH: u32 = 640;
pub const HEIGHT: u32 = 480;
pub const FPS: u32 = 60;
/// Each page is in view for so long.
const PER_PAGE: Duration = Duration::from_secs(3);
/// How far the camera drifts from the middle, pixels, and how long it takes to be back.
const DRIFT: f64 = 24.0;
const SWAY: f64 = 2.5;

/// Frames cut from pages at a moving place, so that no two are the same.
pub struct Drift {
    /// Larger than a frame by the drift on every side.
    pages: Vec<RgbImage>,
    start: Option<Instant>,
    next: u64,
    stop: Arc<AtomicBool>,
}

impl Drift {
    pub fn new(pictures: &[RgbImage]) -> Self {
        let margin = 2 * DRIFT as u32 + 2;
        let pages = pictures.iter().map(|picture| cover(picture, WIDTH + margin, HEIGHT + margin)).collect();
        Self { pages, start: None, next: 0, stop: Arc::new(AtomicBool::new(false)) }
    }

    fn frame(&self, index: u64) -> RgbImage {
        let time = index as f64 / f64::from(FPS);
        let page = &self.pages[(time / PER_PAGE.as_secs_f64()) as usize % self.pages.len()];
        let angle = time * std::f64::consts::TAU / SWAY;
        let offset = |wave: f64| (DRIFT + 1.0 + DRIFT * wave) as u32;
        // Two rates that do not divide each other: the path does not repeat within a page.
        imageops::crop_imm(page, offset(angle.sin()), offset((angle * 0.7).cos()), WIDTH, HEIGHT).to_image()
    }
}

/// `picture` scaled until it covers the size, and cut to it.
fn cover(picture: &RgbImage, width: u32, height: u32) -> RgbImage {
    let scale =
        (f64::from(width) / f64::from(picture.width())).max(f64::from(height) / f64::from(picture.height()));
    let scaled = |side: u32, least: u32| ((f64::from(side) * scale).round() as u32).max(least);
    let large = imageops::resize(
        picture,
        scaled(picture.width(), width),
        scaled(picture.height(), height),
        imageops::FilterType::Triangle,
    );
    let (left, top) = ((large.width() - width) / 2, (large.height() - height) / 2);
    imageops::crop_imm(&large, left, top, width, height).to_image()
}

impl FrameSource for Drift {
    fn next_frame(&mut self) -> Result<Option<CapturedFrame>, CameraError> {
        let period = Duration::from_secs(1) / FPS;
        let start = *self.start.get_or_insert_with(Instant::now);
        // A camera does not wait: what could not be given in time is gone.
        let now = (start.elapsed().as_secs_f64() * f64::from(FPS)) as u64;
        self.next = self.next.max(now);
        let image = Arc::new(self.frame(self.next));
        let due = start + period * u32::try_from(self.next).unwrap_or(u32::MAX);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if self.stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        self.next += 1;
        Ok(Some(CapturedFrame { sequence: self.next - 1, captured: Instant::now(), image, jpeg: None }))
    }

    fn describe(&self) -> SourceInfo {
        SourceInfo {
            name: "a sign, a rocket and a receipt, drifting".to_owned(),
            width: WIDTH,
            height: HEIGHT,
            fps: Some(FPS.into()),
            skipped: 0,
        }
    }

    fn interrupt(&self) -> Interrupt {
        let stop = self.stop.clone();
        Interrupt::new(move || stop.store(true, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn frames_have_their_size_differ_and_change_page() {
        let page = |shade: u8| RgbImage::from_fn(300, 500, |x, y| Rgb([shade, x as u8, y as u8]));
        let source = Drift::new(&[page(0), page(255)]);
        let frames = [0, 1, 60, 200].map(|index| source.frame(index));
        assert!(frames.iter().all(|frame| frame.dimensions() == (WIDTH, HEIGHT)));
        assert!(frames[0] != frames[1] && frames[1] != frames[2]);
        assert_eq!((frames[0].get_pixel(5, 5)[0], frames[3].get_pixel(5, 5)[0]), (0, 255));
    }

    #[test]
    fn a_reader_that_was_away_gets_the_frame_of_now() {
        let mut source = Drift::new(&[RgbImage::new(8, 8)]);
        assert_eq!(source.next_frame().unwrap().unwrap().sequence, 0);
        thread::sleep(Duration::from_millis(200));
        assert!(source.next_frame().unwrap().unwrap().sequence >= 11);
        source.interrupt().fire();
        assert!(source.next_frame().unwrap().is_none());
    }
}
