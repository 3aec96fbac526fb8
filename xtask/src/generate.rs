//! `cargo xtask gen`: renews what is generated and committed below `gen/`, or checks that it is current.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{programs, shell};

/// One folder below `gen/` and what fills it.
struct Generator {
    folder: &'static str,
    produce: fn(&Workspace, &Path) -> Result<()>,
}

const GENERATORS: &[Generator] = &[
    Generator { folder: "cli", produce: command_line },
    Generator { folder: "kotlin", produce: |workspace, folder| bindings(workspace, folder, "kotlin") },
    Generator { folder: "python", produce: |workspace, folder| bindings(workspace, folder, "python") },
    Generator { folder: "swift", produce: |workspace, folder| bindings(workspace, folder, "swift") },
    Generator { folder: "ts", produce: app_commands },
];

/// Shell completions and man pages of `mm`.
fn command_line(workspace: &Workspace, folder: &Path) -> Result<()> {
    let mm = programs::build(workspace)?.join(programs::file_name("mm"));
    shell::run(workspace.command(mm).args(["generate", "--dir"]).arg(folder))
}

/// What programs in `language` import to call `mm-ffi`. The wheel is made with its own, which are the same.
fn bindings(workspace: &Workspace, folder: &Path, language: &str) -> Result<()> {
    let mut build = workspace.cargo();
    // As maturin builds it, so that neither builds it again for the other.
    build.args(["rustc", "--quiet", "--locked", "--manifest-path", "crates/mm-ffi/Cargo.toml", "--lib"]);
    shell::run(build.args(["--crate-type", "cdylib"]))?;
    let library = format!("{}mm_ffi{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = workspace.target_dir().join("debug").join(library);
    // A copy: compiling the programs puts the workspace's own library in its place.
    let copy = workspace.scratch()?;
    let copy = copy.path().join(library.file_name().context("the library has no name")?);
    fs::copy(&library, &copy).with_context(|| format!("cannot copy {}", library.display()))?;
    let generator = programs::build(workspace)?.join(programs::file_name("uniffi-bindgen"));
    let mut generate = workspace.command(generator);
    generate.args(["generate", "--no-format", "--language", language, "--out-dir"]).arg(folder);
    shell::run(generate.arg("--library").arg(copy))
}

/// The app's commands, typed for the page.
fn app_commands(workspace: &Workspace, folder: &Path) -> Result<()> {
    let examples = programs::build(workspace)?.join("examples");
    shell::run(workspace.command(examples.join(programs::file_name("bindings"))).arg(folder))
}

/// Renews every generated folder.
pub fn write(workspace: &Workspace) -> Result<()> {
    for generator in GENERATORS {
        let target = workspace.root().join("gen").join(generator.folder);
        let scratch = workspace.scratch()?;
        let made = produce(workspace, generator, scratch.path())?;
        if target.exists() {
            fs::remove_dir_all(&target).with_context(|| format!("cannot renew {}", target.display()))?;
        }
        fs::create_dir_all(target.parent().context("gen/ has a parent")?)?;
        fs::rename(&made, &target).with_context(|| format!("cannot create {}", target.display()))?;
        println!("    gen/{} is current", generator.folder);
    }
    Ok(())
}

/// An error that names every file that is stale, missing or no longer generated.
pub fn check(workspace: &Workspace) -> Result<()> {
    let mut problems = Vec::new();
    for generator in GENERATORS {
        let scratch = workspace.scratch()?;
        let made = files(&produce(workspace, generator, scratch.path())?)?;
        let committed = files(&workspace.root().join("gen").join(generator.folder))?;
        problems.extend(
            differences(&made, &committed).into_iter().map(|line| format!("gen/{}/{line}", generator.folder)),
        );
    }
    if !problems.is_empty() {
        bail!("generated files are not current:\n  {}\nto fix: cargo xtask gen", problems.join("\n  "));
    }
    Ok(())
}

fn produce(workspace: &Workspace, generator: &Generator, scratch: &Path) -> Result<std::path::PathBuf> {
    let folder = scratch.join(generator.folder);
    fs::create_dir(&folder)?;
    (generator.produce)(workspace, &folder)
        .with_context(|| format!("cannot generate gen/{}", generator.folder))?;
    Ok(folder)
}

/// Every file below `folder` by its path there; none if there is no such folder.
fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut pending = vec![(folder.to_path_buf(), String::new())];
    while let Some((folder, prefix)) = pending.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            entries => entries.with_context(|| format!("cannot list {}", folder.display()))?,
        };
        for entry in entries {
            let entry = entry?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                pending.push((entry.path(), format!("{name}/")));
            } else {
                found.insert(name, fs::read(entry.path())?);
            }
        }
    }
    Ok(found)
}

fn differences(made: &BTreeMap<String, Vec<u8>>, committed: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let stale = made.iter().filter_map(|(name, bytes)| match committed.get(name) {
        None => Some(format!("{name}: missing")),
        Some(found) if found != bytes => Some(format!("{name}: stale")),
        Some(_) => None,
    });
    let extra = committed.keys().filter(|name| !made.contains_key(*name));
    stale.chain(extra.map(|name| format!("{name}: no longer generated"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_is_stale_missing_and_left_over() {
        let root = tempfile::tempdir().unwrap();
        let made = root.path().join("made");
        let committed = root.path().join("committed");
        for (folder, name, text) in [
            (&made, "same", "1"),
            (&committed, "same", "1"),
            (&made, "sub/changed", "2"),
            (&committed, "sub/changed", "1"),
            (&made, "new", "1"),
            (&committed, "old", "1"),
        ] {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let found = differences(&files(&made).unwrap(), &files(&committed).unwrap());
        assert_eq!(found, ["new: missing", "sub/changed: stale", "old: no longer generated"]);
        assert!(differences(&files(&made).unwrap(), &files(&made).unwrap()).is_empty());
    }

    #[test]
    fn a_folder_that_was_never_generated_is_empty() {
        let root = tempfile::tempdir().unwrap();
        assert!(files(&root.path().join("none")).unwrap().is_empty());
    }
}
