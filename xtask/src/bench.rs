//! `cargo xtask bench`: the micro-benchmarks, then the measured stages of `mm bench` on the committed bundle.

use std::ffi::OsString;

use anyhow::Result;

use crate::setup::{self, Extent};
use crate::shell;
use crate::steps::Steps;
use crate::workspace::Workspace;

/// `arguments` go to `mm bench`.
pub fn run(workspace: &Workspace, arguments: &[OsString]) -> Result<()> {
    let mut steps = Steps::new(false);
    setup::steps(workspace, Extent::Runtime, &mut steps);
    steps.step("bench: parts", || shell::run(workspace.cargo().args(["bench", "--workspace", "--locked"])));
    steps.step("bench: mm", || {
        let mut mm = workspace.cargo();
        mm.args(["run", "--quiet", "--release", "--locked", "--package", "mm-cli", "--", "bench"]);
        shell::run(mm.args(arguments))
    });
    steps.finish()
}
