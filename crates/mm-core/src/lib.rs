//! On-device vision-language core.
//!
//! Dependencies point down: `live` → `model` → `tasks` → {`runtime`, `text`, `bundle`, `decode`, `frame`} → `error`.
//! This crate knows no screen, camera, database or app framework.

pub mod bundle;
pub mod decode;
pub mod error;
pub mod frame;
pub mod geometry;
pub mod live;
pub mod model;
mod orient;
pub mod resize;
pub mod runtime;
pub mod tasks;
pub mod text;

pub use error::{Error, Result};
/// The pixels every task takes: 8-bit RGB, row-major, upright (EXIF orientation already applied).
pub use image::RgbImage;
