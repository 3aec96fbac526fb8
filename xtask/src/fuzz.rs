//! Every fuzz target for a bounded time: enough to catch a regression, not to find what days of fuzzing would.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::steps::{Steps, in_ci};
use crate::workspace::Workspace;
use crate::{shell, tools};

const SECONDS_PER_TARGET: u32 = 20;

/// Adds the build and one step per target; without a nightly toolchain they are skipped, except in CI.
pub fn steps(workspace: &Workspace, steps: &mut Steps) {
    if !in_ci() && !has_nightly() {
        steps.skip(
            "fuzz",
            "no nightly toolchain; to run it: rustup toolchain install nightly --profile minimal",
        );
        return;
    }
    let mut targets = Vec::new();
    steps.step("fuzz: build", || {
        if !has_nightly() {
            bail!("fuzzing needs a nightly toolchain: rustup toolchain install nightly --profile minimal");
        }
        tools::ensure(workspace, &tools::FUZZ)?;
        shell::run(fuzz(workspace).arg("build"))?;
        let list = shell::capture(fuzz(workspace).arg("list"))?;
        targets = list.lines().map(str::to_owned).collect();
        if targets.is_empty() {
            bail!("there is no fuzz target");
        }
        Ok(())
    });
    for target in targets {
        steps.step(format!("fuzz: {target}"), || run(workspace, &target));
    }
}

fn run(workspace: &Workspace, target: &str) -> Result<()> {
    // libFuzzer writes what it finds into the first folder (ignored) and only reads the second (committed).
    let corpus = format!("fuzz/corpus/{target}");
    fs::create_dir_all(workspace.root().join(&corpus)).with_context(|| format!("cannot create {corpus}"))?;
    let mut command = fuzz(workspace);
    command.args(["run", target, &corpus, &format!("fuzz/seeds/{target}"), "--"]).args([
        &format!("-max_total_time={SECONDS_PER_TARGET}"),
        "-rss_limit_mb=2048",
        "-max_len=65536",
        "-print_final_stats=1",
        "-verbosity=0",
    ]);
    shell::run(&mut command)
}

/// `rustup run`, because the cargo that runs this program is the pinned stable one.
fn fuzz(workspace: &Workspace) -> Command {
    let mut command = workspace.command("rustup");
    command.args(["run", "nightly", "cargo", "fuzz"]);
    command
}

fn has_nightly() -> bool {
    shell::capture(Command::new("rustup").args(["run", "nightly", "rustc", "--version"])).is_ok()
}
