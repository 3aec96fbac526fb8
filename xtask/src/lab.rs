//! The Python lab in `.mm/venv`: pinned packages with hashes, the lab itself in editable form, its tests and linters.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::python::{Packages, Python};
use crate::shell;
use crate::workspace::Workspace;

const PACKAGES: Packages = Packages { project: "lab/pyproject.toml", lock: "lab/requirements.lock" };

/// Installs the lab unless the environment already matches the project file, the lock and the Python in use.
pub fn install(workspace: &Workspace) -> Result<()> {
    let (project, lock) = (read_text(workspace, PACKAGES.project)?, read_text(workspace, PACKAGES.lock)?);
    let behind = missing_pins(&project, &lock);
    if !behind.is_empty() {
        bail!("{} lacks {}: its first lines say how to renew it", PACKAGES.lock, behind.join(", "));
    }
    let python = Python::ensure(workspace)?;
    let fresh = python.install(&PACKAGES, |python| {
        // The build backend is one of the pinned packages: an isolated build would fetch an unpinned one.
        python.pip(&["install", "--no-deps", "--no-build-isolation", "--editable", "lab"])
    })?;
    println!("    the lab {}", if fresh { "is installed" } else { "is in place" });
    Ok(())
}

/// Runs the lab's tests.
pub fn test(workspace: &Workspace) -> Result<()> {
    module(workspace, &["pytest", "--quiet"])
}

/// Style and types.
pub fn lint(workspace: &Workspace) -> Result<()> {
    module(workspace, &["ruff", "check"])?;
    module(workspace, &["ruff", "format", "--check"])?;
    // Told where the packages are: without an activated environment it would look at the system's.
    module(workspace, &["pyright", "--pythonpath", &Python::private(workspace).program().to_string_lossy()])
}

fn module(workspace: &Workspace, words: &[&str]) -> Result<()> {
    let python = Python::private(workspace);
    let mut command = workspace.command(python.program());
    command.current_dir(workspace.root().join("lab")).arg("-m").args(words);
    shell::run(&mut command)
}

fn read_text(workspace: &Workspace, path: &str) -> Result<String> {
    fs::read_to_string(workspace.root().join(path)).with_context(|| format!("cannot read {path}"))
}

/// The extra that `setup` does not install, and the lock therefore does not hold: gigabytes that only training needs.
const UNLOCKED_EXTRA: &str = "train = [";

/// The exact pins (`"name==version"`) of the project file that the lock should have and does not.
fn missing_pins<'a>(project: &'a str, lock: &str) -> Vec<&'a str> {
    let mut unlocked = false;
    let locked_lines = project.lines().filter(|line| {
        unlocked = line.starts_with(UNLOCKED_EXTRA) || (unlocked && !line.starts_with(']'));
        !unlocked
    });
    locked_lines
        .filter_map(|line| line.split('"').nth(1))
        .filter(|pin| pin.contains("=="))
        .filter(|pin| !lock.lines().any(|line| line.split_whitespace().next() == Some(*pin)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_behind_its_project_file_is_noticed() {
        let project = "dependencies = [\n  \"numpy==2.4.6\", # why\n  \"onnx==1.23.2\",\n]\nrequires-python = \">=3.11\"";
        assert_eq!(missing_pins(project, "numpy==2.4.6 \\\n"), ["onnx==1.23.2"]);
        assert_eq!(missing_pins(project, "numpy==2.4.60 \\\nonnx==1.23.2 ; x \\\n"), ["numpy==2.4.6"]);
        let extras = "train = [\n  \"torch==2\",\n]\ndev = [\n  \"ruff==1\",\n]";
        assert_eq!(missing_pins(extras, ""), ["ruff==1"]);
        let workspace = Workspace::locate().unwrap();
        let read = |path| read_text(&workspace, path).unwrap();
        assert!(
            missing_pins(&read(PACKAGES.project), &read(PACKAGES.lock)).is_empty(),
            "renew {}: its first lines say how",
            PACKAGES.lock
        );
    }

    #[test]
    fn the_lock_pins_the_runtime_the_core_loads_and_hashes_everything() {
        let workspace = Workspace::locate().unwrap();
        let lock = fs::read_to_string(workspace.root().join(PACKAGES.lock)).unwrap();
        assert!(
            lock.contains("\nonnxruntime==1.32.0 "),
            "lab and core must agree on the ONNX Runtime release"
        );
        let pinned: Vec<_> =
            lock.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_alphanumeric())).collect();
        assert!(pinned.len() > 5);
        for line in pinned {
            assert!(line.contains("==") && line.ends_with('\\'), "no version or no hash: {line}");
        }
    }
}
