//! Where things lie: the repository root and the ignored `.mm` folder that `setup` fills.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::onnxruntime;

/// The checked-out repository.
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The repository this program was built from.
    pub fn locate() -> Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = manifest.parent().context("xtask lies in no folder")?;
        Ok(Self { root: root.to_path_buf() })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Everything `setup` makes; deleting it is always safe.
    pub fn local_dir(&self) -> PathBuf {
        self.root.join(".mm")
    }

    pub fn onnxruntime_dir(&self) -> PathBuf {
        self.local_dir().join("onnxruntime")
    }

    pub fn venv_dir(&self) -> PathBuf {
        self.local_dir().join("venv")
    }

    /// Builds and tests the wheel, with nothing in it that a user of the wheel would not have, but for the tools.
    pub fn wheel_venv_dir(&self) -> PathBuf {
        self.local_dir().join("wheel-venv")
    }

    /// Where cargo puts what it builds.
    pub fn target_dir(&self) -> PathBuf {
        match std::env::var_os("CARGO_TARGET_DIR").filter(|folder| !folder.is_empty()) {
            Some(folder) => self.root.join(folder),
            None => self.root.join("target"),
        }
    }

    /// `MM_TOOLS_DIR` lets several checkouts share tools that take minutes to build.
    pub fn tools_dir(&self) -> PathBuf {
        match std::env::var_os("MM_TOOLS_DIR").filter(|folder| !folder.is_empty()) {
            Some(folder) => self.root.join(folder),
            None => self.local_dir().join("tools"),
        }
    }

    /// A folder on the same file system as the results, so that finished files can be renamed into place.
    pub fn scratch(&self) -> Result<TempDir> {
        let local = self.local_dir();
        std::fs::create_dir_all(&local).with_context(|| format!("cannot create {}", local.display()))?;
        tempfile::Builder::new()
            .prefix("partial-")
            .tempdir_in(local)
            .context("cannot create a scratch folder")
    }

    /// A command that runs in the root and finds the runtime library and the tools that `setup` installed.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        if onnxruntime::chosen_library().is_none()
            && let Some(library) = onnxruntime::library(self)
        {
            command.env(onnxruntime::LIBRARY_VARIABLE, library);
        }
        let tools = self.tools_dir().join("bin");
        let path = std::env::var_os("PATH").unwrap_or_default();
        if let Ok(path) = std::env::join_paths(std::iter::once(tools).chain(std::env::split_paths(&path))) {
            command.env("PATH", path);
        }
        command
    }

    /// The cargo that runs this program.
    pub fn cargo(&self) -> Command {
        self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }
}
