//! The system's own packages that the app is built and tested with: present, or installed where that may be done
//! unasked, or the line that installs them.

use std::process::Command;

use anyhow::{Result, bail};

use crate::prerequisites::System;
use crate::setup::Extent;
use crate::shell;
use crate::workspace::Workspace;

/// What builds `mm` on Debian and its children: the bindings to the system's cameras are made with libclang.
const DEBIAN_COMMAND: &[&str] = &["libclang-dev"];
/// What builds the app, beside that. Speaking needs a service and a voice as well.
const DEBIAN_APP: &[&str] = &[
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

/// Makes sure that what building (and testing) as much as `extent` needs is there.
pub fn install(workspace: &Workspace, extent: Extent) -> Result<()> {
    let system = System::detect();
    if system == System::Debian {
        return debian(workspace, extent);
    }
    if cfg!(target_os = "linux") && extent == Extent::Runtime {
        println!("    `mm` is built with libclang; if the build misses it: {}", system.install_app());
        return Ok(());
    }
    if cfg!(target_os = "linux") && !has_libraries() {
        bail!(
            "the libraries that the app is built with are missing; to install them: {}",
            system.install_app()
        );
    }
    println!("    the libraries are in place");
    Ok(())
}

fn debian(workspace: &Workspace, extent: Extent) -> Result<()> {
    let own_libclang = std::env::var_os("LIBCLANG_PATH").is_some();
    let missing: Vec<&str> = wanted(extent, own_libclang)
        .into_iter()
        .filter(|package| !is_installed(workspace, package))
        .collect();
    if missing.is_empty() {
        println!("    the system packages are in place");
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

/// The packages for `extent`. Who names a libclang of their own (`LIBCLANG_PATH`, read by the bindings' generator)
/// needs no other.
fn wanted(extent: Extent, own_libclang: bool) -> Vec<&'static str> {
    let command = if own_libclang { &[] } else { DEBIAN_COMMAND };
    match extent {
        Extent::Runtime => command.to_vec(),
        Extent::App => [command, DEBIAN_APP].concat(),
        Extent::Everything => [command, DEBIAN_APP, DEBIAN_TEST].concat(),
    }
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
    fn a_libclang_of_ones_own_is_enough() {
        assert_eq!(wanted(Extent::Runtime, true), [""; 0]);
        assert_eq!(wanted(Extent::Runtime, false), DEBIAN_COMMAND);
        assert_eq!(wanted(Extent::App, true), DEBIAN_APP);
    }

    #[test]
    fn the_printed_line_names_what_is_installed_here() {
        let line = System::Debian.install_app();
        for package in DEBIAN_COMMAND.iter().chain(DEBIAN_APP) {
            assert!(line.contains(package), "{package}");
        }
    }
}
