//! The system's own packages that the app is built and tested with: present, or installed where that may be done
//! unasked, or the line that installs them.

use std::process::Command;

use anyhow::{Result, bail};

use crate::prerequisites::System;
use crate::shell;
use crate::workspace::Workspace;

/// What builds the app on Debian and its children. Speaking needs a service and a voice as well.
const DEBIAN_BUILD: &[&str] = &[
    "libclang-dev",
    "librsvg2-dev",
    "libspeechd-dev",
    "libwebkit2gtk-4.1-dev",
    "pkg-config",
    "speech-dispatcher",
    "espeak-ng",
];
/// What drives it in tests: a screen, a session bus, two browsers, and fonts that pages are drawn with.
const DEBIAN_TEST: &[&str] =
    &["chromium", "dbus-daemon", "fonts-dejavu-core", "iproute2", "webkit2gtk-driver", "xauth", "xvfb"];

/// Makes sure that what building the app needs is there; `tests`: what its tests need, too.
pub fn install(workspace: &Workspace, tests: bool) -> Result<()> {
    let system = System::detect();
    if system == System::Debian {
        return debian(workspace, tests);
    }
    if cfg!(target_os = "linux") && !has_libraries() {
        bail!(
            "the libraries that the app is built with are missing; to install them: {}",
            system.install_app()
        );
    }
    println!("    the app's libraries are in place");
    Ok(())
}

fn debian(workspace: &Workspace, tests: bool) -> Result<()> {
    let wanted = DEBIAN_BUILD.iter().chain(if tests { DEBIAN_TEST } else { &[] });
    let missing: Vec<&str> = wanted.copied().filter(|package| !is_installed(workspace, package)).collect();
    if missing.is_empty() {
        println!("    the app's system packages are in place");
        return Ok(());
    }
    let line = format!("apt-get install --yes --no-install-recommends {}", missing.join(" "));
    if !is_root() {
        bail!("system packages are missing; to install them: sudo apt-get update && sudo {line}");
    }
    println!("    installing {}", missing.join(" "));
    shell::run(workspace.command("apt-get").args(["--quiet", "--quiet", "update"]))?;
    let mut apt = workspace.command("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    shell::run(apt.args(["--quiet", "--quiet", "install", "--yes", "--no-install-recommends"]).args(missing))
}

fn is_installed(workspace: &Workspace, package: &str) -> bool {
    let status =
        shell::capture(workspace.command("dpkg-query").args(["--show", "--showformat=${Status}", package]));
    status.is_ok_and(|status| status == "install ok installed")
}

/// Whether packages may be installed without asking for a password.
pub fn is_root() -> bool {
    shell::capture(Command::new("id").arg("-u")).is_ok_and(|id| id == "0")
}

fn has_libraries() -> bool {
    let libraries = ["webkit2gtk-4.1", "librsvg-2.0", "speech-dispatcher"];
    Command::new("pkg-config").arg("--exists").args(libraries).status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_line_names_what_is_installed_here() {
        let line = System::Debian.install_app();
        for package in DEBIAN_BUILD {
            assert!(line.contains(package), "{package}");
        }
    }
}
