//! `uniffi-bindgen`, at the version that the scaffolding in `mm-ffi` was built with.

fn main() {
    uniffi::uniffi_bindgen_main();
}
