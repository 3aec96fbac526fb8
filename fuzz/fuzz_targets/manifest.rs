//! Any bytes as `manifest.json`: a manifest or a coded error.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use mm_core::bundle::Manifest;

fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = Manifest::parse(bytes, Path::new("manifest.json")) {
        assert!(error.code().starts_with("bundle."), "{error}");
    }
});
