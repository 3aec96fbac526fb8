//! The workspace's own programs, for the steps that run them.

use std::path::PathBuf;

use anyhow::Result;

use crate::shell;
use crate::steps::in_ci;
use crate::workspace::Workspace;

/// Compiles all of them in the dev profile and gives back where they lie.
///
/// Always the whole workspace: a selection of packages has other features chosen for their dependencies and compiles
/// most of those again.
pub fn build(workspace: &Workspace) -> Result<PathBuf> {
    let mut build = workspace.cargo();
    build.args(["build", "--quiet", "--workspace", "--locked", "--bins", "--examples"]);
    if in_ci() {
        // So do the tests' own dependencies, and the tests were compiled before.
        build.arg("--tests");
    }
    shell::run(&mut build)?;
    Ok(workspace.target_dir().join("debug"))
}

/// A program's file name on this system.
pub fn file_name(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}
