//! Any bytes: a picture within the limits, or a coded error. Never a panic, never more memory than allowed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mm_core::decode::{Limits, decode};

fuzz_target!(|bytes: &[u8]| {
    // Small enough for the memory limit of the fuzzer to catch a decoder that ignores the bound.
    let limits = Limits { max_pixels: 1 << 22, max_decoder_bytes: 64 << 20, ..Limits::default() };
    match decode(bytes, &limits) {
        Ok(image) => {
            assert!(image.width() > 0 && image.height() > 0);
            assert!(u64::from(image.width()) * u64::from(image.height()) <= limits.max_pixels);
        }
        Err(error) => assert!(error.code().starts_with("image."), "{error}"),
    }
});
