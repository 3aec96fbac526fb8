//! `cargo xtask test`: sets up, then runs every test there is.

use anyhow::Result;

use crate::setup::{self, Extent};
use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{lab, shell, wheel};

/// Adds all test steps.
pub fn steps(workspace: &Workspace, steps: &mut Steps) {
    // Documentation examples are part of `cargo test` here.
    steps.step("test: Rust", || shell::run(workspace.cargo().args(["test", "--workspace", "--locked"])));
    steps.step("test: lab", || lab::test(workspace));
    steps.step("test: build and install the Python package", || wheel::build_and_install(workspace));
    steps.step("test: Python package", || wheel::test(workspace));
}

/// Runs setup and all tests.
pub fn run(workspace: &Workspace) -> Result<()> {
    let mut all = Steps::for_environment();
    setup::steps(workspace, Extent::Everything, &mut all);
    steps(workspace, &mut all);
    all.finish()
}
