//! Writes the TypeScript of the app's commands into the folder given: what `cargo xtask gen` runs.

use std::{env, error::Error, fs, path::PathBuf};

use mobile_multimodal_app::commands;
use specta_typescript::Typescript;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args_os().nth(1).map(PathBuf::from).ok_or("usage: bindings FOLDER")?;
    let file = folder.join("bindings.ts");
    commands::builder().export(Typescript::default(), &file)?;
    let mut text = fs::read_to_string(&file)?;
    text.push_str(commands::RAW_COMMANDS);
    fs::write(&file, text)?;
    Ok(())
}
