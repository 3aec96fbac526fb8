//! Replays of real files, as a user has them.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use image::{ExtendedColorType, Rgb, RgbImage, codecs::jpeg::JpegEncoder};
use tempfile::TempDir;

use crate::{CameraError, FrameSource, Pace, SourceSpec, open};

/// One plain colour, which survives JPEG.
fn picture(shade: u8) -> RgbImage {
    RgbImage::from_pixel(32, 24, Rgb([shade, shade, shade]))
}

fn jpeg(shade: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 95)
        .encode(picture(shade).as_raw(), 32, 24, ExtendedColorType::Rgb8)
        .unwrap();
    bytes
}

fn y4m(shades: &[u8]) -> Vec<u8> {
    let mut bytes = b"YUV4MPEG2 W32 H24 F60:1 C420jpeg XCOLORRANGE=FULL\n".to_vec();
    for &shade in shades {
        bytes.extend(b"FRAME\n");
        bytes.extend([shade; 32 * 24]);
        bytes.extend([128; 2 * 16 * 12]);
    }
    bytes
}

struct Files(TempDir);

impl Files {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = TempDir::new().unwrap();
        for (name, bytes) in files {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

fn fast(path: PathBuf, repeat: bool) -> Result<Box<dyn FrameSource>, CameraError> {
    open(&SourceSpec::Replay { path, pace: Pace::Fast, repeat })
}

fn code(result: Result<Box<dyn FrameSource>, CameraError>) -> &'static str {
    result.err().map_or("no error", |e| e.code())
}

/// Shade and sequence number of every frame, at most `limit` of them.
fn shades(source: &mut dyn FrameSource, limit: usize) -> Vec<(u8, u64)> {
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(frame) = source.next_frame().unwrap()
    {
        let shade = frame.image.get_pixel(0, 0)[0];
        found.push((shade / 8 * 8, frame.sequence));
    }
    found
}

#[test]
fn a_folder_is_given_in_the_order_of_its_names() {
    let png = |shade| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture(shade).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        bytes.into_inner()
    };
    let files = Files::new(&[
        ("10.png", &png(164)),
        ("9.JPG", &jpeg(84)),
        ("1.jpg", &jpeg(44)),
        ("notes.txt", b"not a picture"),
    ]);
    let mut source = fast(files.path(""), false).unwrap();
    let info = source.describe();
    assert_eq!((info.width, info.height, info.fps, info.skipped), (32, 24, None, 0));
    assert_eq!(shades(&mut *source, 9), [(40, 0), (80, 1), (160, 2)]);

    let mut source = fast(files.path(""), true).unwrap();
    let all = shades(&mut *source, 7);
    assert_eq!(all.last(), Some(&(40, 6)));
    let frame = source.next_frame().unwrap().unwrap();
    assert_eq!(frame.jpeg.as_deref(), Some(&jpeg(84)[..]));
    assert_eq!(source.next_frame().unwrap().unwrap().jpeg, None);
}

#[test]
fn videos_and_single_pictures_are_known_by_their_bytes() {
    let stream = [jpeg(44), jpeg(84), jpeg(124)].concat();
    let files =
        Files::new(&[("camera.bin", &stream), ("video.bin", &y4m(&[44, 84])), ("one.jpeg", &jpeg(204))]);
    let mut source = fast(files.path("camera.bin"), false).unwrap();
    assert!(source.next_frame().unwrap().unwrap().jpeg.is_some());
    assert_eq!(shades(&mut *source, 9), [(80, 1), (120, 2)]);
    assert_eq!(shades(&mut *fast(files.path("video.bin"), true).unwrap(), 3), [(40, 0), (80, 1), (40, 2)]);
    assert_eq!(shades(&mut *fast(files.path("one.jpeg"), false).unwrap(), 9), [(200, 0)]);
    let real = open(&SourceSpec::replay(files.path("video.bin"))).unwrap();
    assert_eq!(real.describe().fps, Some(60.0));
    let real = open(&SourceSpec::replay(files.path("camera.bin"))).unwrap();
    assert_eq!(real.describe().fps, Some(30.0));
}

#[test]
fn damaged_frames_are_left_out_and_counted() {
    let cut = &jpeg(200)[..300];
    let mut wrong = jpeg(44);
    // Arithmetic coding, which no camera uses and nothing here decodes.
    let frame_header = wrong.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    wrong[frame_header + 1] = 0xC9;
    let stream = [cut, &jpeg(84), &wrong, &jpeg(124), cut].concat();
    let cut_y4m = y4m(&[44, 84]);
    let files = Files::new(&[("a.mjpeg", &stream), ("b.y4m", &cut_y4m[..cut_y4m.len() - 9])]);
    let mut source = fast(files.path("a.mjpeg"), false).unwrap();
    let found: Vec<u8> = shades(&mut *source, 9).into_iter().map(|(shade, _)| shade).collect();
    assert_eq!(found, [80, 120]);
    assert!(source.describe().skipped >= 2, "{:?}", source.describe());
    let mut source = fast(files.path("b.y4m"), true).unwrap();
    assert_eq!(shades(&mut *source, 2), [(40, 0), (40, 2)]);
    assert_eq!(source.describe().skipped, 1);
}

#[test]
fn what_cannot_be_replayed_says_why() {
    let files = Files::new(&[
        ("empty.y4m", b""),
        ("header.y4m", b"YUV4MPEG2 W32 H24\n"),
        ("huge.y4m", b"YUV4MPEG2 W99999 H99999\n"),
        ("odd.y4m", b"YUV4MPEG2 W32 H24 C411\n"),
        ("cut.mjpeg", &jpeg(1)[..100]),
        ("a.avi", b"RIFF\x10\x00\x00\x00AVI LIST"),
        ("a.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0isommp42"),
        ("a.mkv", &[0x1A, 0x45, 0xDF, 0xA3, 1, 2, 3]),
        ("a.txt", b"Dear Sir or Madam"),
        ("bad.png", b"not a picture"),
    ]);
    for (name, expected) in [
        ("gone", "replay.not_found"),
        ("empty.y4m", "replay.empty"),
        ("header.y4m", "replay.empty"),
        ("huge.y4m", "replay.corrupt"),
        ("odd.y4m", "replay.unsupported"),
        ("cut.mjpeg", "replay.corrupt"),
        ("a.avi", "replay.unsupported"),
        ("a.mp4", "replay.unsupported"),
        ("a.mkv", "replay.unsupported"),
        ("a.txt", "replay.unsupported"),
        ("bad.png", "replay.corrupt"),
        // A folder in which every picture is damaged.
        ("", "replay.corrupt"),
    ] {
        for repeat in [false, true] {
            assert_eq!(code(fast(files.path(name), repeat)), expected, "{name}");
        }
    }
    assert_eq!(code(fast(Files::new(&[("a.txt", b"x")]).path(""), false)), "replay.empty");
    let pace = Pace::RealTime { fps: Some(0.0) };
    let spec = SourceSpec::Replay { path: files.path("cut.mjpeg"), pace, repeat: false };
    assert_eq!(code(open(&spec)), "source.invalid");
}

#[test]
fn real_time_keeps_its_rate_and_leaves_out_what_is_late() {
    let files = Files::new(&[("a.y4m", &y4m(&[44; 60]))]);
    let pace = Pace::RealTime { fps: Some(200.0) };
    let spec = SourceSpec::Replay { path: files.path("a.y4m"), pace, repeat: false };
    let mut source = open(&spec).unwrap();
    let start = Instant::now();
    let count = shades(&mut *source, 99).len();
    assert!(start.elapsed() >= Duration::from_millis(59 * 5), "{:?}", start.elapsed());
    assert!((2..=60).contains(&count));

    let mut source = open(&spec).unwrap();
    source.next_frame().unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let late = source.next_frame().unwrap().unwrap().sequence;
    assert!(late >= 19, "{late}");
}

#[test]
fn pictures_of_a_folder_are_held_before_the_camera_unless_a_rate_is_named() {
    let files = Files::new(&[("1.jpg", &jpeg(44)), ("2.jpg", &jpeg(84))]);
    let mut source = open(&SourceSpec::replay(files.path(""))).unwrap();
    assert_eq!(source.describe().fps, Some(10.0));
    assert_eq!(shades(&mut *source, 3).iter().map(|(shade, _)| *shade).collect::<Vec<_>>(), [40, 40, 40]);
    let pace = Pace::RealTime { fps: Some(500.0) };
    let mut film = open(&SourceSpec::Replay { path: files.path(""), pace, repeat: false }).unwrap();
    assert_eq!(film.describe().fps, Some(500.0));
    assert_eq!(shades(&mut *film, 9).len(), 2);
}

#[test]
fn an_interrupt_ends_a_waiting_replay() {
    let files = Files::new(&[("1.jpg", &jpeg(1))]);
    let pace = Pace::RealTime { fps: Some(0.001) };
    let spec = SourceSpec::Replay { path: files.path(""), pace, repeat: true };
    let mut source = open(&spec).unwrap();
    assert!(source.next_frame().unwrap().is_some());
    let interrupt = source.interrupt();
    let waiting = std::thread::spawn(move || source.next_frame().unwrap().is_none());
    std::thread::sleep(Duration::from_millis(20));
    interrupt.fire();
    assert!(waiting.join().unwrap());
}
