//! Cargo extensions at pinned versions, built once into the tools folder; one of the right version on the search path is
//! taken as it is.

use anyhow::{Context, Result};

use crate::shell;
use crate::workspace::Workspace;

/// A cargo extension.
pub struct Tool {
    pub name: &'static str,
    pub version: &'static str,
    /// Features off: what they bring is not used here and doubles the build.
    no_default_features: bool,
}

/// Licences, sources and bans. Its default features fetch the advisory database, which only release machines do.
pub const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2", no_default_features: true };
/// Drives libFuzzer.
pub const FUZZ: Tool = Tool { name: "cargo-fuzz", version: "0.13.2", no_default_features: false };

/// Makes sure `tool` is there.
pub fn ensure(workspace: &Workspace, tool: &Tool) -> Result<()> {
    let said = shell::capture(workspace.command(tool.name).arg("--version"));
    if said.is_ok_and(|said| is_version(&said, tool)) {
        return Ok(());
    }
    println!("    installing {} {} (some minutes, once)", tool.name, tool.version);
    // A debug build: these run for seconds, so the optimiser costs more than it gives.
    let mut install = workspace.cargo();
    install
        .args(["install", "--quiet", "--locked", "--debug", "--force", "--version", tool.version, "--root"])
        .arg(workspace.tools_dir())
        .env("CARGO_PROFILE_DEV_DEBUG", "0");
    if tool.no_default_features {
        install.arg("--no-default-features");
    }
    shell::run(install.arg(tool.name)).with_context(|| format!("cannot install {}", tool.name))
}

/// Whether `said`, as in `cargo-deny 0.20.2`, is the pinned version.
fn is_version(said: &str, tool: &Tool) -> bool {
    said.split_whitespace().nth(1) == Some(tool.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_pinned_version_counts() {
        assert!(is_version("cargo-deny 0.20.2", &DENY));
        assert!(is_version("cargo-fuzz 0.13.2 (abcdef 2026-01-01)", &FUZZ));
        assert!(!is_version("cargo-deny 0.20.21", &DENY));
        assert!(!is_version("cargo-deny", &DENY));
    }
}
