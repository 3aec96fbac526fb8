//! `cargo xtask ci`: what a change must pass, the quick checks first.

use std::fs;

use anyhow::{Context, Result};

use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{fuzz, generate, hygiene, lab, node, programs, setup, shell, test, tools, wheel};

/// Runs everything, or only the steps whose name contains `only`.
pub fn run(workspace: &Workspace, only: Option<String>) -> Result<()> {
    let mut steps = Steps::for_environment().only(only);
    steps.step("check: committed files", || hygiene::check(workspace));
    steps.step("check: format", || shell::run(workspace.cargo().args(["fmt", "--all", "--check"])));
    setup::steps(workspace, setup::Extent::Everything, &mut steps);
    steps.step("check: lab style and types", || lab::lint(workspace));
    steps.step("check: page style", || node::run(workspace, node::UI, "lint"));
    steps.step("check: page types", || node::run(workspace, node::UI, "check"));
    steps.step("check: clippy", || {
        let mut clippy = workspace.cargo();
        shell::run(clippy.args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "--deny",
            "warnings",
        ]))
    });
    test::steps(workspace, &mut steps);
    steps.step("check: style and types of the Python package", || wheel::lint(workspace));
    steps.step("check: documentation", || {
        let mut doc = workspace.cargo();
        shell::run(
            doc.args(["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "--deny warnings"),
        )
    });
    steps.step("check: generated files", || generate::check(workspace));
    steps.step("check: bundles", || bundles(workspace));
    steps.step("check: licences and sources", || deny(workspace));
    fuzz::steps(workspace, &mut steps);
    steps.finish()
}

/// Every committed bundle matches its manifest, as `mm` itself sees it.
fn bundles(workspace: &Workspace) -> Result<()> {
    let mm = programs::build(workspace)?.join(programs::file_name("mm"));
    let models = workspace.root().join("models");
    for entry in fs::read_dir(&models).context("cannot list models/")? {
        let folder = entry?.path();
        if folder.join("manifest.json").is_file() {
            shell::run(workspace.command(&mm).args(["model", "verify"]).arg(&folder))?;
        }
    }
    Ok(())
}

/// Not `advisories`: its database is not in a package registry. `CONTRIBUTING.md` has the command for releases.
fn deny(workspace: &Workspace) -> Result<()> {
    tools::ensure(workspace, &tools::DENY)?;
    let mut deny = workspace.cargo();
    shell::run(deny.args(["deny", "--workspace", "--locked", "check", "bans", "licenses", "sources"]))
}
