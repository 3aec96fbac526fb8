//! Python in private environments below `.mm`: one does the downloads and runs the lab, one builds and tests the wheel.
//! The system's own packages are neither needed nor touched (distributions mark them as externally managed, PEP 668).

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::digest;
use crate::prerequisites::{System, Version};
use crate::shell;
use crate::workspace::Workspace;

/// The oldest Python the lab and its pinned packages run on.
pub const OLDEST: Version = Version(3, 11);

/// The names Python goes by, the plain one first.
const NAMES: [&str; 6] = ["python3", "python", "python3.14", "python3.13", "python3.12", "python3.11"];

/// The interpreter of one environment.
pub struct Python {
    folder: PathBuf,
    root: PathBuf,
}

/// What an environment holds: a project file for people, and the lock made from it, which pins all with hashes.
pub struct Packages {
    pub project: &'static str,
    pub lock: &'static str,
}

impl Python {
    /// The environment of downloads and the lab, made first where it is missing or broken.
    pub fn ensure(workspace: &Workspace) -> Result<Self> {
        Self::ensure_in(workspace, workspace.venv_dir())
    }

    /// The environment in `folder`, made first where it is missing or broken.
    pub fn ensure_in(workspace: &Workspace, folder: PathBuf) -> Result<Self> {
        let python = Self::of(workspace, folder);
        if python.works() {
            return Ok(python);
        }
        let system = find_system()?;
        println!("    creating the Python environment with {}", system.display());
        let mut create = Command::new(&system);
        create.args(["-m", "venv", "--clear"]).arg(&python.folder);
        shell::capture(&mut create).with_context(|| {
            format!(
                "{} has no working `venv` module; to fix: {}",
                system.display(),
                System::detect().install_python()
            )
        })?;
        Ok(python)
    }

    /// The environment of downloads and the lab as it is, whether it exists or not.
    pub fn private(workspace: &Workspace) -> Self {
        Self::of(workspace, workspace.venv_dir())
    }

    /// The environment in `folder` as it is, whether it exists or not.
    pub fn of(workspace: &Workspace, folder: PathBuf) -> Self {
        Self { folder, root: workspace.root().to_path_buf() }
    }

    /// The interpreter itself.
    pub fn program(&self) -> PathBuf {
        self.folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
    }

    /// Installs `packages`, then what `more` installs, unless the environment already matches the project file, the
    /// lock and the Python in use.
    pub fn install(&self, packages: &Packages, more: impl FnOnce(&Self) -> Result<()>) -> Result<bool> {
        let read =
            |path| fs::read_to_string(self.root.join(path)).with_context(|| format!("cannot read {path}"));
        let (project, lock) = (read(packages.project)?, read(packages.lock)?);
        let wanted = stamp(&self.version()?, &project, &lock);
        let stamp = self.folder.join("installed.stamp");
        if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
            return Ok(false);
        }
        // Without a stamp an interrupted installation is repeated, never trusted.
        if stamp.exists() {
            fs::remove_file(&stamp).context("cannot remove the old stamp")?;
        }
        self.pip(&["install", "--require-hashes", "--requirement", packages.lock])
            .context("the packages could not be installed; the lock pins every one by hash")?;
        more(self)?;
        fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
        Ok(true)
    }

    /// Runs pip.
    pub fn pip(&self, words: &[&str]) -> Result<()> {
        shell::run(self.command().args(["-m", "pip", "--quiet", "--disable-pip-version-check"]).args(words))
    }

    fn works(&self) -> bool {
        self.program().is_file() && shell::capture(self.command().args(["-c", "import pip"])).is_ok()
    }

    /// A command that runs this interpreter in the repository root, free of the caller's Python settings.
    pub fn command(&self) -> Command {
        let mut command = Command::new(self.program());
        command.current_dir(&self.root).env_remove("PYTHONPATH").env_remove("PYTHONHOME");
        command
    }

    /// Runs the interpreter with words, then paths.
    pub fn run<P: AsRef<OsStr>>(
        &self,
        words: impl IntoIterator<Item = &'static str>,
        paths: impl IntoIterator<Item = P>,
    ) -> Result<()> {
        shell::run(self.command().args(words).args(paths))
    }

    /// `major.minor`, and a change of it means that installed packages no longer fit.
    pub fn version(&self) -> Result<String> {
        shell::capture(self.command().args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]))
    }
}

fn stamp(python: &str, project: &str, lock: &str) -> String {
    digest::of_parts([python, project, lock].map(str::as_bytes))
}

/// The first Python on the search path that is new enough.
fn find_system() -> Result<PathBuf> {
    let mut seen = Vec::new();
    for name in NAMES {
        let Ok(said) = shell::capture(Command::new(name).arg("--version")) else { continue };
        match Version::parse(&said) {
            Some(version) if version >= OLDEST => return Ok(Path::new(name).to_path_buf()),
            Some(version) => seen.push(format!("{name} is {version}")),
            None => {}
        }
    }
    let found = if seen.is_empty() { "none was found".to_owned() } else { seen.join(", ") };
    bail!("Python {OLDEST} or newer is needed, {found}; to fix: {}", System::detect().install_python())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_stamp_changes_with_each_of_its_inputs() {
        let stamps: BTreeSet<_> = [
            stamp("3.11", "project", "lock"),
            stamp("3.12", "project", "lock"),
            stamp("3.11", "project 2", "lock"),
            stamp("3.11", "project", "lock 2"),
        ]
        .into();
        assert_eq!(stamps.len(), 4);
    }
}
