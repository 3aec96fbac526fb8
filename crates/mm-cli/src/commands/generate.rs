//! `mm generate`: files made from the command line's own definition.

use std::{fs, path::Path};

use clap::CommandFactory;
use clap_complete::Shell;

use crate::{
    args::Arguments,
    output::{CommandError, Outcome},
};

/// Writes completions for every shell and the man pages into `dir`.
pub fn run(dir: &Path) -> Result<Outcome, CommandError> {
    fs::create_dir_all(dir).map_err(|e| CommandError::write(dir, &e))?;
    let mut command = Arguments::command();
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
        clap_complete::generate_to(shell, &mut command, "mm", dir)
            .map_err(|e| CommandError::write(dir, &e))?;
    }
    clap_mangen::generate_to(command, dir).map_err(|e| CommandError::write(dir, &e))?;
    Ok(Outcome::AllGood)
}
