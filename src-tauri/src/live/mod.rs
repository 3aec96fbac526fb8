//! The live view: one source, its pipeline, its preview, and what they tell the page.

mod preview;
mod recent;
mod session;

pub use session::{Live, Sinks};
