//! Every format, orientation and kind of damage through the one door for image bytes.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use image::Rgb;
use mm_core::decode::{Limits, decode, read_file, read_from};
use mm_core::{Error, RgbImage};

const SCENE: (u32, u32) = (48, 32);

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images").join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).unwrap()
}

fn read(name: &str) -> RgbImage {
    read_file(fixture(name), &Limits::default()).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn code(bytes: &[u8]) -> &'static str {
    decode(bytes, &Limits::default()).unwrap_err().code()
}

/// The drawn scene, upright; with its upper left quarter white if that is transparent.
fn scene(clear: bool) -> RgbImage {
    let mut scene = read("upright.png");
    assert_eq!(scene.dimensions(), SCENE);
    assert_eq!(scene.get_pixel(0, 0), &Rgb([200, 40, 40]));
    assert_eq!(scene.get_pixel(35, 24), &Rgb([20, 20, 20]));
    if clear {
        for (x, y, pixel) in scene.enumerate_pixels_mut() {
            if x < 24 && y < 16 {
                *pixel = Rgb([255; 3]);
            }
        }
    }
    scene
}

/// Mean absolute difference per sample, in levels.
fn difference(a: &RgbImage, b: &RgbImage) -> f64 {
    assert_eq!(a.dimensions(), b.dimensions());
    let sum: u64 = a.iter().zip(b.iter()).map(|(&a, &b)| u64::from(a.abs_diff(b))).sum();
    sum as f64 / a.as_raw().len() as f64
}

#[test]
fn lossless_files_are_exact() {
    for name in [
        "rgb16.png",
        "palette.png",
        "animated.png",
        "animated.webp",
        "animated.gif",
        "rgb.bmp",
        "palette.bmp",
        "deflate.tif",
        "exif_6.png",
        "exif_6.webp",
        "exif_6.tif",
    ] {
        assert!(read(name) == scene(false), "{name}");
    }
    for name in ["alpha.png", "alpha.webp"] {
        assert!(read(name) == scene(true), "{name}");
    }
}

#[test]
fn lossy_files_are_close() {
    // Measured 0.1-1.9; another orientation of the scene differs by more than 40.
    for name in ["progressive.jpg", "subsampled.jpg", "cmyk.jpg", "ycck.jpg", "lossy.webp", "irot_1.heic"] {
        let difference = difference(&read(name), &scene(false));
        assert!(difference < 3.0, "{name}: {difference:.2}");
    }
    let difference = difference(&read("alpha.heic"), &scene(true));
    assert!(difference < 3.0, "alpha.heic: {difference:.2}");
}

#[test]
fn grey_files_give_three_equal_channels() {
    // Rec. 601 luma, as the encoder of the fixtures computed it.
    let luma = |clear| {
        let mut grey = scene(clear);
        for Rgb([r, g, b]) in grey.pixels_mut() {
            let y = (u32::from(*r) * 19_595 + u32::from(*g) * 38_470 + u32::from(*b) * 7_471 + 0x8000) >> 16;
            (*r, *g, *b) = (y as u8, y as u8, y as u8);
        }
        grey
    };
    assert!(read("grey16.tif") == luma(false));
    assert!(read("grey_alpha.png") == luma(true));
    assert!(difference(&read("grey.jpg"), &luma(false)) < 1.0);
}

#[test]
fn all_eight_orientations_come_out_upright() {
    for value in 1..=8 {
        for name in [format!("exif_{value}.jpg"), format!("irot_{value}.heic")] {
            let difference = difference(&read(&name), &scene(false));
            assert!(difference < 3.0, "{name}: {difference:.2}");
        }
    }
}

#[test]
fn in_heic_the_container_turns_the_picture_and_exif_does_not() {
    let tag = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6];
    let has = |name: &str, needle: &[u8]| bytes(name).windows(needle.len()).any(|w| w == needle);
    // Both say 6: turned once.
    assert!(has("irot_6.heic", &tag) && has("irot_6.heic", b"irot"));
    assert_eq!(read("irot_6.heic").dimensions(), SCENE);
    // Only EXIF says so: left as stored.
    assert!(has("exif_only_6.heic", &tag) && !has("exif_only_6.heic", b"irot"));
    let stored = image::imageops::rotate270(&scene(false));
    assert!(difference(&read("exif_only_6.heic"), &stored) < 3.0);
}

#[test]
fn every_cut_of_every_format_is_an_error_not_a_panic() {
    // Bytes that only follow the picture: a trailer the decoder needs nothing from.
    let trailer = |name: &str| match name.rsplit('.').next() {
        Some("png") => 12,         // IEND; pixels and their checksum come before
        Some("gif") => usize::MAX, // the second frame
        _ => 0,
    };
    for name in [
        "exif_6.jpg",
        "progressive.jpg",
        "subsampled.jpg",
        "cmyk.jpg",
        "grey.jpg",
        "upright.png",
        "rgb16.png",
        "palette.png",
        "animated.gif",
        "lossy.webp",
        "alpha.webp",
        "animated.webp",
        "rgb.bmp",
        "deflate.tif",
        "irot_6.heic",
        "alpha.heic",
    ] {
        let whole = bytes(name);
        for cut in 1..whole.len() {
            match decode(&whole[..cut], &Limits::default()) {
                Ok(_) => {
                    assert!(whole.len() - cut <= trailer(name), "{name} cut to {cut} of {}", whole.len());
                }
                Err(e) => assert!(
                    matches!(e.code(), "image.corrupt" | "image.unsupported_format"),
                    "{name} cut to {cut}: {e}"
                ),
            }
        }
    }
}

#[test]
fn half_a_picture_is_damage_in_every_format() {
    for name in [
        "exif_1.jpg",
        "progressive.jpg",
        "upright.png",
        "animated.gif",
        "lossy.webp",
        "alpha.webp",
        "rgb.bmp",
        "deflate.tif",
        "irot_1.heic",
    ] {
        let whole = bytes(name);
        // Two fifths reach into the pixels of all of them, in the animation those of the first frame.
        assert_eq!(code(&whole[..whole.len() * 2 / 5]), "image.corrupt", "{name}");
    }
}

#[test]
fn a_claim_of_gigapixels_is_refused_from_the_header() {
    let started = Instant::now();
    let png = bytes("claims_50000.png");
    assert_eq!(png.len(), 65);
    let mut bmp = bytes("rgb.bmp");
    bmp[18..26].copy_from_slice(&[0x50, 0xC3, 0, 0, 0x50, 0xC3, 0, 0]);
    let mut gif = bytes("animated.gif");
    gif[6..10].copy_from_slice(&[0x50, 0xC3, 0x50, 0xC3]);
    let mut jpeg = bytes("exif_1.jpg");
    let frame = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xC3, 0x50, 0xC3, 0x50]);
    let mut tiff = bytes("deflate.tif");
    // Width, height and rows per strip, so that the one strip still fits.
    for tag in [[0x00, 0x01], [0x01, 0x01], [0x16, 0x01]] {
        let entry = tiff.windows(4).position(|w| w == [tag[0], tag[1], 3, 0] || w == [tag[0], tag[1], 4, 0]);
        let entry = entry.unwrap();
        tiff[entry + 2..entry + 12].copy_from_slice(&[4, 0, 1, 0, 0, 0, 0x50, 0xC3, 0, 0]);
    }
    // VP8X holds width - 1 and height - 1 in 24 bits.
    let mut webp = bytes("animated.webp");
    webp[24..30].copy_from_slice(&[0x4F, 0xC3, 0, 0x4F, 0xC3, 0]);
    let mut heic = bytes("irot_1.heic");
    let size = heic.windows(4).position(|w| w == b"ispe").unwrap() + 8;
    heic[size..size + 8].copy_from_slice(&[0, 0, 0xC3, 0x50, 0, 0, 0xC3, 0x50]);
    for (name, data) in [
        ("PNG", png),
        ("BMP", bmp),
        ("GIF", gif),
        ("JPEG", jpeg),
        ("TIFF", tiff),
        ("WebP", webp),
        ("HEIC", heic),
    ] {
        match decode(&data, &Limits::default()) {
            Err(Error::ImageTooLarge { what: "width", actual: 50_000, limit: 16_384 }) => {}
            other => panic!("{name}: {other:?}"),
        }
    }
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn every_format_keeps_to_the_memory_it_is_given() {
    let tight = Limits { max_decoder_bytes: 4000, ..Limits::default() };
    for name in
        ["exif_1.jpg", "upright.png", "lossy.webp", "animated.gif", "rgb.bmp", "deflate.tif", "irot_1.heic"]
    {
        match read_file(fixture(name), &tight) {
            Err(Error::ImageTooLarge { what: "decoder memory", limit: 4000, .. }) => {}
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn files_that_are_no_pictures_say_what_they_are() {
    match read_file(fixture("text.jpg"), &Limits::default()) {
        Err(Error::ImageUnsupportedFormat { detail }) => assert_eq!(detail, "looks like text"),
        other => panic!("{other:?}"),
    }
    assert_eq!(code(&[]), "image.empty");
    assert_eq!(code(&[0]), "image.unsupported_format");
}

#[test]
fn unreadable_paths_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.jpg");
    std::fs::write(&empty, []).unwrap();
    let limits = Limits::default();
    for (path, expected) in [
        (empty.as_path(), "image.empty"),
        (folder.path(), "file.unreadable"),
        (&folder.path().join("missing.png"), "file.unreadable"),
    ] {
        let error = read_file(path, &limits).unwrap_err();
        assert_eq!(error.code(), expected);
        if expected == "file.unreadable" {
            assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_file_without_permission_is_unreadable() {
    use std::os::unix::fs::PermissionsExt;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&bytes("upright.png")).unwrap();
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser reads it anyway; then it must decode.
    match (std::fs::File::open(file.path()), read_file(file.path(), &Limits::default())) {
        (Err(_), Err(error)) => assert_eq!(error.code(), "file.unreadable"),
        (Ok(_), Ok(image)) => assert_eq!(image.dimensions(), SCENE),
        (opened, read) => panic!("opened: {opened:?}, read: {read:?}"),
    }
}

#[cfg(unix)]
#[test]
fn an_endless_device_stops_at_the_limit() {
    let limits = Limits { max_bytes: 1 << 20, ..Limits::default() };
    match read_file("/dev/zero", &limits) {
        Err(Error::ImageTooLarge { what: "file bytes", actual, limit: 0x10_0000 }) => {
            assert_eq!(actual, 0x10_0001);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(read_file("/dev/null", &limits).unwrap_err().code(), "image.empty");
}

#[test]
fn streams_are_read_like_files_and_bounded_like_them() {
    let limits = Limits { max_bytes: 1000, ..Limits::default() };
    assert!(read_from(&bytes("upright.png")[..], "-", &limits).unwrap() == scene(false));
    match read_from(std::io::repeat(b'x'), "-", &limits) {
        Err(Error::ImageTooLarge { what: "file bytes", actual: 1001, .. }) => {}
        other => panic!("{other:?}"),
    }
    match read_file(fixture("rgb.bmp"), &limits) {
        Err(Error::ImageTooLarge { what: "file bytes", actual: 4662, .. }) => {}
        other => panic!("{other:?}"),
    }
}
