//! The app: built and opened, bundled, and driven in its own window.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::setup::{self, Extent};
use crate::steps::{Steps, in_ci};
use crate::workspace::Workspace;
use crate::{licences, node, onnxruntime, programs, shell, system};

/// The package and the program.
const PACKAGE: &str = "mobile-multimodal";
/// The bundle that comes with the app.
const BUNDLE: &str = "mobile-mm-llm-int2";

/// How the program is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    Dev,
    Release,
}

impl Profile {
    /// Below the target folder.
    const fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

/// `cargo xtask app`: sets up, builds and opens the app.
pub fn open(workspace: &Workspace, profile: Profile) -> Result<()> {
    let mut steps = Steps::new(false);
    setup::steps(workspace, Extent::App, &mut steps);
    steps.step("app: build", || build(workspace, profile));
    steps.finish()?;
    shell::run(&mut workspace.command(program(workspace, profile)))
}

/// `cargo xtask dist`: the packages of this system for users.
pub fn dist(workspace: &Workspace) -> Result<()> {
    let mut steps = Steps::new(false);
    setup::steps(workspace, Extent::App, &mut steps);
    steps.step("setup: bundler", || node::install(workspace, node::SHELL));
    steps.step("dist: build", || build(workspace, Profile::Release));
    steps.step("dist: bundle", || bundle(workspace, Profile::Release).map(drop));
    steps.finish()
}

/// Compiles the app, the page inside it.
pub fn build(workspace: &Workspace, profile: Profile) -> Result<()> {
    if in_ci() && profile == Profile::Dev {
        return programs::build(workspace).map(drop); // with what the tests before it compiled
    }
    let mut build = workspace.cargo();
    // Of the whole workspace, so that the same features are chosen as for everything else; see `programs`.
    build.args(["build", "--workspace", "--locked", "--bin", PACKAGE]);
    if profile == Profile::Release {
        build.arg("--release");
    }
    shell::run(&mut build)
}

/// Makes the packages of this system from a program that was built; gives back where they lie.
pub fn bundle(workspace: &Workspace, profile: Profile) -> Result<PathBuf> {
    stage(workspace)?;
    let kinds = match std::env::consts::OS {
        // What the tests install; packing the other kind takes a minute.
        "linux" if profile == Profile::Dev => "deb",
        // The AppImage's tools come from outside the package registries: for release machines, by hand.
        "linux" => "deb,rpm",
        "macos" => "app,dmg",
        _ => "nsis",
    };
    let mut tauri = node::npm(workspace, node::SHELL);
    tauri.args(["run", "--silent", "tauri", "--", "bundle", "--ci", "--bundles", kinds]);
    if profile == Profile::Dev {
        tauri.arg("--debug");
    }
    shell::run(&mut tauri)?;
    let folder = workspace.target_dir().join(profile.folder()).join("bundle");
    println!("    the packages are in {}", folder.display());
    Ok(folder)
}

/// The tests that drive the app in a real window, on a screen and a session bus of their own, where there is no network
/// but the loopback device that `WebDriver` speaks through. `package`: installed from there instead of the program just
/// built.
pub fn test_window(workspace: &Workspace, package: Option<&Path>) -> Result<()> {
    let mut tests = isolated(workspace)?;
    tests.args([
        "dbus-run-session",
        "--",
        "xvfb-run",
        "--auto-servernum",
        "--server-args=-screen 0 1280x900x24",
    ]);
    tests.args(["npm", "run", "--silent", "test:window"]);
    tests.current_dir(workspace.root().join(node::SHELL));
    // Those of whoever runs this are not for the app under test.
    tests.env_remove("MM_MODELS").env_remove(onnxruntime::LIBRARY_VARIABLE);
    match package {
        Some(package) => {
            tests.env("MM_APP_PACKAGE", package);
            if in_ci() && system::is_root() {
                tests.env("MM_APP_INSTALL", "1");
            }
        }
        None => {
            tests.env("MM_APP_PROGRAM", program(workspace, Profile::Dev));
        }
    }
    shell::run(&mut tests)
}

/// A command in a network namespace of its own. Where namespaces are forbidden, as in some containers, tests run without;
/// CI must be able to prove that nothing needs a network.
fn isolated(workspace: &Workspace) -> Result<Command> {
    const LOOPBACK_UP: &str = "ip link set lo up && exec \"$@\"";
    let unshare = || {
        let mut command = workspace.command("unshare");
        if !system::is_root() {
            command.arg("--map-root-user");
        }
        command.args(["--net", "--", "sh", "-c", LOOPBACK_UP, "sh"]);
        command
    };
    if shell::capture(unshare().arg("true")).is_ok() {
        let mut command = unshare();
        command.env("MM_APP_ISOLATED", "1");
        return Ok(command);
    }
    if in_ci() {
        bail!(
            "this machine allows no network namespaces, so that nobody knows whether the app works without a network"
        );
    }
    println!("    no network namespace: the tests run with the network there");
    Ok(workspace.command("env"))
}

/// The .deb that [`bundle`] made.
pub fn debian_package(workspace: &Workspace, profile: Profile) -> Result<PathBuf> {
    let folder = workspace.target_dir().join(profile.folder()).join("bundle").join("deb");
    let listing = fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut found: Vec<PathBuf> = listing.flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "deb"));
    match found.as_slice() {
        [package] => Ok(package.clone()),
        _ => bail!("there is no single .deb in {}", folder.display()),
    }
}

fn program(workspace: &Workspace, profile: Profile) -> PathBuf {
    workspace.target_dir().join(profile.folder()).join(programs::file_name(PACKAGE))
}

/// Gathers what lies beside the program when it is installed: ONNX Runtime, the bundle, the licences.
fn stage(workspace: &Workspace) -> Result<()> {
    let target = workspace.root().join("target").join("app-files");
    if target.exists() {
        fs::remove_dir_all(&target).with_context(|| format!("cannot renew {}", target.display()))?;
    }
    let library = onnxruntime::chosen_library().or_else(|| onnxruntime::library(workspace));
    let library = library.context("there is no ONNX Runtime for this system: set ORT_DYLIB_PATH")?;
    copy(&library, &target.join("runtime").join(library.file_name().context("the library has no name")?))?;
    let models = workspace.root().join("models").join(BUNDLE);
    for entry in fs::read_dir(&models).with_context(|| format!("cannot list {}", models.display()))? {
        let entry = entry?;
        copy(&entry.path(), &target.join("models").join(BUNDLE).join(entry.file_name()))?;
    }
    let texts = target.join("licences");
    for name in ["LICENSE", "ThirdPartyNotices.txt"] {
        let text = library.with_file_name(name);
        if text.is_file() {
            copy(&text, &texts.join(format!("ONNX Runtime {}.txt", name.trim_end_matches(".txt"))))?;
        }
    }
    licences::write(workspace, PACKAGE, &texts)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to.parent().context("a file lies in a folder")?)?;
    fs::copy(from, to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}
