//! The folders with npm packages: what their lock files pin, and the built page.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::prerequisites::{System, Version};
use crate::workspace::Workspace;
use crate::{digest, shell};

/// The page.
pub const UI: &str = "ui";
/// What bundles the app and drives its window.
pub const SHELL: &str = "src-tauri";

/// What the packages are written for.
const OLDEST_NODE: Version = Version(20, 19);
/// Beside what was installed or built: the digest of what it was made from.
const STAMP: &str = ".made-from";

/// Installs the packages of `folder` unless they are those of its lock file.
pub fn install(workspace: &Workspace, folder: &str) -> Result<()> {
    let version = node_version(workspace)?;
    let path = workspace.root().join(folder);
    let lock = fs::read(path.join("package-lock.json"))
        .with_context(|| format!("cannot read {folder}/package-lock.json"))?;
    let stamp = digest::of_parts([lock.as_slice(), version.to_string().as_bytes()]);
    let modules = path.join("node_modules");
    if is_stamped(&modules, &stamp) {
        println!("    the packages of {folder}/ are in place");
        return Ok(());
    }
    shell::run(npm(workspace, folder).args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]))
        .with_context(|| format!("cannot install the packages of {folder}/"))?;
    set_stamp(&modules, &stamp)
}

/// Builds the page into `ui/dist` unless it was built from these very files.
pub fn build_page(workspace: &Workspace) -> Result<()> {
    let root = workspace.root().join(UI);
    let mut parts = Vec::new();
    let generated = workspace.root().join("gen").join("ts").join("bindings.ts");
    for path in sources(&root)?.into_iter().chain([generated]) {
        let name = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy().into_owned();
        parts.push(name.into_bytes());
        parts.push(fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
    }
    let stamp = digest::of_parts(parts.iter().map(Vec::as_slice));
    let built = root.join("dist");
    if is_stamped(&built, &stamp) {
        println!("    the page is built");
        return Ok(());
    }
    run(workspace, UI, "build")?;
    set_stamp(&built, &stamp)
}

/// Runs a script of `folder`'s package.
pub fn run(workspace: &Workspace, folder: &str, script: &str) -> Result<()> {
    shell::run(npm(workspace, folder).args(["run", "--silent", script]))
}

/// `npm`, in `folder`.
pub fn npm(workspace: &Workspace, folder: &str) -> Command {
    let mut npm = workspace.command(if cfg!(windows) { "npm.cmd" } else { "npm" });
    npm.current_dir(workspace.root().join(folder));
    npm
}

fn node_version(workspace: &Workspace) -> Result<Version> {
    let said = shell::capture(workspace.command("node").arg("--version")).ok();
    match said.as_deref().and_then(Version::parse) {
        Some(version) if version >= OLDEST_NODE => Ok(version),
        found => {
            let found =
                found.map_or_else(|| "there is none".to_owned(), |version| format!("found {version}"));
            bail!(
                "Node {OLDEST_NODE} or newer is needed ({found}); to install it: {}",
                System::detect().install_node()
            )
        }
    }
}

/// What the page is made from: everything but what was installed or built, and tests.
fn sources(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut pending = vec![root.to_path_buf()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if entry.file_type()?.is_dir() {
                let left_out = name.starts_with('.') || name.starts_with("dist") || name.starts_with("test");
                if !left_out && name != "node_modules" {
                    pending.push(entry.path());
                }
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn is_stamped(folder: &Path, stamp: &str) -> bool {
    fs::read_to_string(folder.join(STAMP)).is_ok_and(|found| found == stamp)
}

fn set_stamp(folder: &Path, stamp: &str) -> Result<()> {
    fs::write(folder.join(STAMP), stamp).with_context(|| format!("cannot write to {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_installed_or_built_is_no_source() {
        let root = tempfile::tempdir().unwrap();
        for name in
            ["src/a.ts", "index.html", "node_modules/x/y.js", "dist/z.js", "tests/t.ts", ".svelte-kit/q"]
        {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = sources(root.path()).unwrap();
        let names: Vec<_> = found.iter().map(|path| path.strip_prefix(root.path()).unwrap()).collect();
        assert_eq!(names, [Path::new("index.html"), Path::new("src/a.ts")]);
    }

    #[test]
    fn a_stamp_holds_for_what_it_was_set_for() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_stamped(folder.path(), "a"));
        set_stamp(folder.path(), "a").unwrap();
        assert!(is_stamped(folder.path(), "a") && !is_stamped(folder.path(), "b"));
    }
}
