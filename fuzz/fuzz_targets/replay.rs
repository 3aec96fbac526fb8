//! Any bytes as a recording: Y4M where they begin as one, else a Motion-JPEG stream. Frames of the stated size, pieces
//! no larger than the stream, and an end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mm_camera::{
    mjpeg::{JpegStream, Piece},
    y4m::{MAX_PIXELS, Y4mStream},
};
use mm_core::decode::{Limits, decode};

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(b"YUV") {
        let Ok(mut video) = Y4mStream::new(bytes) else { return };
        let (width, height) = video.size();
        assert!(width > 0 && height > 0 && width as usize * height as usize <= MAX_PIXELS);
        assert!(video.fps().is_none_or(|fps| fps > 0.0 && fps <= 1000.0));
        while let Ok(Some(planes)) = video.next_frame() {
            assert_eq!(planes.to_rgb().expect("a frame of a size that was checked").dimensions(), (width, height));
        }
        return;
    }
    let limits = Limits { max_pixels: 1 << 20, max_decoder_bytes: 64 << 20, ..Limits::default() };
    let mut stream = JpegStream::new(bytes);
    let mut total = 0;
    while let Some(piece) = stream.next_piece().expect("memory can be read") {
        if let Piece::Picture(picture) = piece {
            total += picture.len();
            assert!(picture.starts_with(&[0xFF, 0xD8]) && picture.ends_with(&[0xFF, 0xD9]));
            if let Err(error) = decode(&picture, &limits) {
                assert!(error.code().starts_with("image."), "{error}");
            }
        }
    }
    assert!(total <= bytes.len());
});
