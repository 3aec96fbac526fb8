//! `cargo xtask test`: sets up, then runs every test there is.

use anyhow::Result;

use crate::app::{self, Profile};
use crate::setup::{self, Extent};
use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{lab, node, shell, wheel};

/// Adds all test steps.
pub fn steps(workspace: &Workspace, steps: &mut Steps) {
    // Documentation examples are part of `cargo test` here.
    steps.step("test: Rust", || {
        shell::run(workspace.cargo().args(["test", "--workspace", "--locked", "--no-fail-fast"]))
    });
    steps.step("test: page", || node::run(workspace, node::UI, "test"));
    steps.step("test: page in Chromium", || node::run(workspace, node::UI, "test:browser"));
    if cfg!(target_os = "linux") {
        steps.step("build: app", || app::build(workspace, Profile::Dev));
        steps.step("test: app in its window", || app::test_window(workspace, None));
        steps.step("test: app installed from its package", || {
            app::bundle(workspace, Profile::Dev)?;
            app::test_window(workspace, Some(&app::debian_package(workspace, Profile::Dev)?))
        });
    } else {
        steps.skip(
            "test: app in its window",
            "macOS has no WebDriver for web views; Windows is for a release machine",
        );
    }
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
