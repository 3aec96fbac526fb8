//! The Python that does the downloads and runs the lab: always the one of the private environment in `.mm/venv`, so the
//! system's own packages are neither needed nor touched (distributions mark them as externally managed, PEP 668).

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::prerequisites::{System, Version};
use crate::shell;
use crate::workspace::Workspace;

/// The oldest Python the lab and its pinned packages run on.
pub const OLDEST: Version = Version(3, 11);

/// The names Python goes by, the plain one first.
const NAMES: [&str; 6] = ["python3", "python", "python3.14", "python3.13", "python3.12", "python3.11"];

/// The interpreter of `.mm/venv`.
pub struct Python {
    program: PathBuf,
    root: PathBuf,
}

impl Python {
    /// The private environment, made first where it is missing or broken.
    pub fn ensure(workspace: &Workspace) -> Result<Self> {
        let python = Self::private(workspace);
        if python.works() {
            return Ok(python);
        }
        let system = find_system()?;
        println!("    creating the Python environment with {}", system.display());
        let folder = workspace.venv_dir();
        let mut create = Command::new(&system);
        create.args(["-m", "venv", "--clear"]).arg(&folder);
        shell::capture(&mut create).with_context(|| {
            format!(
                "{} has no working `venv` module; to fix: {}",
                system.display(),
                System::detect().install_python()
            )
        })?;
        Ok(python)
    }

    /// The private environment as it is, whether it exists or not.
    pub fn private(workspace: &Workspace) -> Self {
        let program = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
        Self { program: workspace.venv_dir().join(program), root: workspace.root().to_path_buf() }
    }

    /// The interpreter itself.
    pub fn program(&self) -> &Path {
        &self.program
    }

    fn works(&self) -> bool {
        self.program.is_file() && shell::capture(self.command().args(["-c", "import pip"])).is_ok()
    }

    /// A command that runs this interpreter in the repository root, free of the caller's Python settings.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
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
