//! `cargo xtask setup`: everything that building and running needs beyond what cargo fetches itself.

use anyhow::Result;

use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{lab, node, onnxruntime, system, wheel};

/// How much to set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Enough to build and run `mm`.
    Runtime,
    /// Enough to build and run the app.
    App,
    /// That, and what the tests need.
    Everything,
}

/// Adds the setup steps; each is a quick, offline check once it has been done.
pub fn steps(workspace: &Workspace, extent: Extent, steps: &mut Steps) {
    steps.essential("setup: system packages", move || system::install(workspace, extent));
    steps.essential("setup: ONNX Runtime", || onnxruntime::install(workspace));
    if extent != Extent::Runtime {
        steps.essential("setup: page", || node::install(workspace, node::UI));
        // The app holds the page: it does not compile without one.
        steps.essential("setup: build the page", || node::build_page(workspace));
    }
    if extent == Extent::Everything {
        steps.essential("setup: bundler and window driver", || node::install(workspace, node::SHELL));
        steps.essential("setup: lab", || lab::install(workspace));
        steps.essential("setup: Python package", || wheel::install(workspace));
    }
}

/// Runs the setup steps alone.
pub fn run(workspace: &Workspace, extent: Extent) -> Result<()> {
    let mut all = Steps::new(false);
    steps(workspace, extent, &mut all);
    all.finish()
}
