//! Pixels in: decoding, camera frames, turning and resizing, each beside a plain peer in the same run.
//!
//! `cargo bench -p mm-core --bench pixels`
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark may stop at the first surprise")]

use std::hint::black_box;
use std::io::Cursor;

use criterion::{Criterion, criterion_group, criterion_main};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageEncoder, ImageReader, Rgb, RgbImage};
use mm_core::decode::{Limits, decode};
use mm_core::frame::{Conversion, Frame, PixelFormat, Plane, Rotation};
use mm_core::resize::{Filter, Resizer};

/// Gradients with grain: JPEG spends about 2 bits per pixel on it, as on a photograph.
fn picture(width: u32, height: u32) -> RgbImage {
    let mut state = 1u32;
    RgbImage::from_fn(width, height, |x, y| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let grain = (state >> 28) as u8;
        Rgb([(x / 16) as u8, (y / 12) as u8, ((x + y) / 24) as u8].map(|v| (v / 2 + 40) + grain))
    })
}

fn jpeg(criterion: &mut Criterion) {
    let mut file = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut file, 85);
    // A portrait photo of a phone: stored on its side.
    let exif = [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0", &[0; 4][..]].concat();
    encoder.set_exif_metadata(exif).expect("JPEG carries EXIF");
    encoder.encode_image(&picture(4032, 3024)).expect("encoding to memory");
    let limits = Limits::default();
    let mut group = criterion.benchmark_group("decode_12mp_portrait_jpeg");
    group.bench_function("mm_core", |b| b.iter(|| decode(black_box(&file), &limits).expect("a sound file")));
    group.bench_function("image", |b| {
        b.iter(|| {
            use image::ImageDecoder;
            let reader =
                ImageReader::new(Cursor::new(black_box(&file))).with_guessed_format().expect("in memory");
            let mut decoder = reader.into_decoder().expect("a sound file");
            let orientation = decoder.orientation().expect("a sound file");
            let mut image = DynamicImage::from_decoder(decoder).expect("a sound file");
            image.apply_orientation(orientation);
            image.into_rgb8()
        });
    });
    group.finish();
}

/// NV12 to RGB in BT.601 limited range, one pixel at a time, in the usual 8-bit fixed point.
fn scalar_nv12(luma: &[u8], chroma: &[u8], width: usize, height: usize) -> RgbImage {
    RgbImage::from_fn(width as u32, height as u32, |x, y| {
        let (x, y) = (x as usize, y as usize);
        let at = y / 2 * width + x / 2 * 2;
        let luma = 298 * (i32::from(luma[y * width + x]) - 16);
        let (cb, cr) = (i32::from(chroma[at]) - 128, i32::from(chroma[at + 1]) - 128);
        let clip = |v: i32| ((v + 128) >> 8).clamp(0, 255) as u8;
        Rgb([clip(luma + 409 * cr), clip(luma - 100 * cb - 208 * cr), clip(luma + 516 * cb)])
    })
}

fn nv12(criterion: &mut Criterion) {
    let (width, height) = (640, 480);
    let noise = picture(width, height).into_raw();
    let (luma, chroma) = noise.split_at((width * height) as usize);
    let planes = [Plane { data: luma, stride: 640 }, Plane { data: &chroma[..640 * 240], stride: 640 }];
    let mut group = criterion.benchmark_group("nv12_640x480_to_rgb");
    for (name, rotation) in [("mm_core", Rotation::None), ("mm_core_turned_90", Rotation::Cw90)] {
        let conversion = Conversion { rotation, ..Conversion::default() };
        group.bench_function(name, |b| {
            b.iter(|| {
                let frame =
                    Frame::new(PixelFormat::Nv12, width, height, black_box(&planes)).expect("sound planes");
                frame.to_rgb(&conversion).expect("sound planes")
            });
        });
    }
    group.bench_function("scalar", |b| b.iter(|| scalar_nv12(black_box(luma), chroma, 640, 480)));
    group.finish();
}

fn turn(criterion: &mut Criterion) {
    let image = picture(4032, 3024);
    let planes = [Plane { data: image.as_raw(), stride: 4032 * 3 }];
    let mut group = criterion.benchmark_group("turn_12mp_90");
    // Copies the frame before turning it, so it does a little more than its peer.
    group.bench_function("mm_core", |b| {
        let conversion = Conversion { rotation: Rotation::Cw90, ..Conversion::default() };
        b.iter(|| {
            let frame = Frame::new(PixelFormat::Rgb8, 4032, 3024, black_box(&planes)).expect("sound planes");
            frame.to_rgb(&conversion).expect("sound planes")
        });
    });
    group.bench_function("imageops", |b| b.iter(|| image::imageops::rotate90(black_box(&image))));
    group.finish();
}

fn resize(criterion: &mut Criterion) {
    let image = picture(640, 480);
    for (name, width, height) in [("resize_640x480_to_224", 224, 224), ("resize_640x480_to_960", 960, 720)] {
        let mut group = criterion.benchmark_group(name);
        let mut resizer = Resizer::new();
        for (name, filter) in [("bilinear", Filter::Bilinear), ("antialias", Filter::BilinearAntialias)] {
            group.bench_function(name, |b| {
                b.iter(|| {
                    resizer.resize(black_box(&image), width, height, filter).expect("sides above zero")
                });
            });
        }
        group.bench_function("imageops", |b| {
            b.iter(|| image::imageops::resize(black_box(&image), width, height, FilterType::Triangle));
        });
        group.finish();
    }
}

criterion_group! {
    name = pixels;
    config = Criterion::default().sample_size(10);
    targets = jpeg, nv12, turn, resize
}
criterion_main!(pixels);
