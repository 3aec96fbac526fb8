//! The Python package: the wheel that maturin builds, installed into an environment of its own and tested there.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::python::{Packages, Python};
use crate::shell;
use crate::workspace::Workspace;

const FOLDER: &str = "crates/mm-ffi";
const PACKAGES: Packages =
    Packages { project: "crates/mm-ffi/pyproject.toml", lock: "crates/mm-ffi/requirements.lock" };

/// How the library in the wheel is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Profile {
    /// As tests are: minutes faster, and the same code.
    Dev,
    /// For users.
    Release,
}

impl Profile {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
        }
    }
}

/// Installs what builds and tests the wheel, once.
pub fn install(workspace: &Workspace) -> Result<()> {
    let fresh = environment(workspace)?.install(&PACKAGES, |_| Ok(()))?;
    println!("    the wheel's tools {}", if fresh { "are installed" } else { "are in place" });
    Ok(())
}

/// Builds the wheel into `target/wheels` and gives back its path.
fn build(workspace: &Workspace, profile: Profile) -> Result<PathBuf> {
    let out = workspace.target_dir().join("wheels").join(profile.as_str());
    // An older version's wheel must not be taken for this one.
    if out.exists() {
        fs::remove_dir_all(&out).with_context(|| format!("cannot renew {}", out.display()))?;
    }
    let python = environment(workspace)?;
    let mut maturin = python.command();
    maturin.args(["-m", "maturin", "build", "--locked", "--manifest-path", "crates/mm-ffi/Cargo.toml"]);
    // The tag of this very system; a release machine names the oldest it was built for.
    maturin.args(["--compatibility", "linux", "--profile", profile.as_str(), "--out"]).arg(&out);
    shell::run(maturin.arg("--interpreter").arg(python.program()))?;
    let wheel = only_wheel(&out)?;
    println!("    {} ({} bytes)", wheel.display(), fs::metadata(&wheel)?.len());
    Ok(wheel)
}

/// Gets the tools and builds the wheel for users.
pub fn build_for_users(workspace: &Workspace) -> Result<()> {
    install(workspace)?;
    build(workspace, Profile::Release).map(drop)
}

/// Builds the wheel and installs it where the tests look for it.
pub fn build_and_install(workspace: &Workspace) -> Result<()> {
    let wheel = build(workspace, Profile::Dev)?;
    let python = environment(workspace)?;
    // From no index: what the wheel needs must be among the locked packages, and `check` says whether it is.
    let wheel = wheel.to_string_lossy();
    python.pip(&["install", "--no-index", "--no-deps", "--force-reinstall", &wheel])?;
    python.pip(&["check"])
}

/// The journeys on the installed wheel.
pub fn test(workspace: &Workspace) -> Result<()> {
    let python = environment(workspace)?;
    let mut pytest = python.command();
    // A bundle of the caller's own would be tested in place of the wheel's.
    pytest.current_dir(workspace.root().join(FOLDER)).env_remove("MM_MODELS");
    shell::run(pytest.args(["-m", "pytest", "--quiet", "-p", "no:cacheprovider"]))
}

/// Style of the sources, and types of the sources as installed, beside the bindings they import.
pub fn lint(workspace: &Workspace) -> Result<()> {
    let tools = Python::private(workspace);
    let run = |words: &[&str], paths: &[PathBuf]| {
        let mut command = workspace.command(tools.program());
        shell::run(command.current_dir(workspace.root().join(FOLDER)).arg("-m").args(words).args(paths))
    };
    run(&["ruff", "check"], &[])?;
    run(&["ruff", "format", "--check"], &[])?;
    let python = environment(workspace)?;
    let mut locate = python.command();
    locate.args(["-c", "import mobile_multimodal as m; print(m.__path__[0])"]);
    let installed = PathBuf::from(shell::capture(&mut locate)?);
    let mut sources = files(&installed, "py")?;
    sources.extend(files(&workspace.root().join(FOLDER).join("tests"), "py")?);
    run(&["pyright", "--pythonpath", &python.program().to_string_lossy()], &sources)
}

fn environment(workspace: &Workspace) -> Result<Python> {
    Python::ensure_in(workspace, workspace.wheel_venv_dir())
}

fn only_wheel(folder: &Path) -> Result<PathBuf> {
    let mut wheels = files(folder, "whl")?;
    match (wheels.pop(), wheels.is_empty()) {
        (Some(wheel), true) => Ok(wheel),
        _ => bail!("maturin left no single wheel in {}", folder.display()),
    }
}

/// The files of `folder` itself with this extension, in order.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let listing = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut found = Vec::new();
    for item in listing {
        let path = item?.path();
        if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_and_package_agree_on_the_runtime_the_core_loads() {
        let workspace = Workspace::locate().unwrap();
        let read = |path: &str| fs::read_to_string(workspace.root().join(path)).unwrap();
        assert!(read(PACKAGES.lock).contains("\nonnxruntime==1.32.0 "));
        assert!(read(PACKAGES.project).contains("\"onnxruntime==1.32.*\""));
    }

    #[test]
    fn several_wheels_are_as_bad_as_none() {
        let folder = tempfile::tempdir().unwrap();
        assert!(only_wheel(folder.path()).is_err());
        fs::write(folder.path().join("a.whl"), "").unwrap();
        fs::write(folder.path().join("notes.txt"), "").unwrap();
        assert_eq!(only_wheel(folder.path()).unwrap(), folder.path().join("a.whl"));
        fs::write(folder.path().join("b.whl"), "").unwrap();
        assert!(only_wheel(folder.path()).is_err());
    }
}
