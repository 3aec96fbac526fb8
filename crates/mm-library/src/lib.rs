//! A photo library on the device: folders of pictures that are found by words, by text in them, or by another picture.
//!
//! Dependencies point down: `index` → {`scan`, `photo`, `store`}; `search` → `store`. Pictures are analysed by
//! `mm_core`; this crate knows no screen. docs/library.md has the reasons and the measurements.

pub mod error;
pub mod index;
mod photo;
mod scan;
pub mod search;
pub mod store;

pub use error::{LibraryError, Result};
