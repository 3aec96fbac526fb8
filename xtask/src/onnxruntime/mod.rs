//! Puts the ONNX Runtime shared library into `.mm/onnxruntime/`: the wheel through pip with its hash pinned, then each
//! file checked against its own hash. A folder that already holds the right files is left alone, offline.

mod platform;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::digest;
use crate::python::Python;
use crate::workspace::Workspace;
use platform::{Pinned, Platform, VERSION};

/// The variable that overrides the lookup, for children of this program and for hosts without a wheel.
pub const LIBRARY_VARIABLE: &str = "ORT_DYLIB_PATH";

/// Where the library of this host lies after `setup`, if this host has one.
pub fn library(workspace: &Workspace) -> Option<PathBuf> {
    Some(workspace.onnxruntime_dir().join(platform::host()?.library().file_name()))
}

/// The library the caller chose through `ORT_DYLIB_PATH`, if any.
pub fn chosen_library() -> Option<PathBuf> {
    std::env::var_os(LIBRARY_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Makes sure the library is there. An explicit `ORT_DYLIB_PATH` wins: then nothing is downloaded.
pub fn install(workspace: &Workspace) -> Result<()> {
    if let Some(path) = chosen_library() {
        if !path.is_file() {
            bail!("{LIBRARY_VARIABLE} names {}, which is no file: correct it or unset it", path.display());
        }
        println!("    using {} from {LIBRARY_VARIABLE}", path.display());
        return Ok(());
    }
    let Some(platform) = platform::host() else {
        bail!(
            "there is no prebuilt ONNX Runtime {VERSION} for {} {}; build or install it, then set {LIBRARY_VARIABLE} \
             to the shared library",
            std::env::consts::OS,
            std::env::consts::ARCH
        );
    };
    let target = workspace.onnxruntime_dir();
    if mismatch(platform.files, &target, Pinned::file_name).is_none() {
        println!("    ONNX Runtime {VERSION} is in place");
        return Ok(());
    }
    println!("    fetching ONNX Runtime {VERSION} for {}", platform.tag);
    let python = &Python::ensure(workspace)?;
    let scratch = workspace.scratch()?;
    let wheel = download(workspace, python, platform, scratch.path())?;
    let unpacked = scratch.path().join("unpacked");
    python.run(["-m", "zipfile", "-e"], [&wheel, &unpacked]).context("cannot unpack the wheel")?;
    place(platform.files, &unpacked.join("onnxruntime"), &scratch.path().join("ready"), &target)
}

fn download(workspace: &Workspace, python: &Python, platform: &Platform, scratch: &Path) -> Result<PathBuf> {
    let folder = scratch.join("wheel");
    let mut pip = python.command();
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"])
        .args(["--only-binary=:all:", "--require-hashes"])
        .args(["--implementation", "cp", "--python-version", "3.12", "--abi", "cp312"])
        .args(["--platform", platform.tag, "--dest"])
        .arg(&folder)
        .arg("--requirement")
        .arg(workspace.root().join("xtask/onnxruntime-requirements.txt"));
    crate::shell::run(&mut pip).context(
        "pip could not fetch the ONNX Runtime wheel; behind a mirror or proxy, configure pip (`pip config`) and retry",
    )?;
    let mut wheels = fs::read_dir(&folder)?;
    let wheel = wheels.next().context("pip left no wheel")??.path();
    Ok(wheel)
}

/// Verifies `files` below `source`, gathers them in `ready` and swaps that folder into `target`'s place.
fn place(files: &[Pinned], source: &Path, ready: &Path, target: &Path) -> Result<()> {
    if let Some(problem) = mismatch(files, source, |file| file.path) {
        bail!("the wheel is not the pinned one: {problem}");
    }
    fs::create_dir_all(ready)?;
    for file in files {
        fs::rename(source.join(file.path), ready.join(file.file_name()))?;
    }
    match fs::remove_dir_all(target) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot replace {}", target.display()));
        }
        _ => {}
    }
    fs::rename(ready, target).with_context(|| format!("cannot create {}", target.display()))
}

/// Says what is wrong with the first of `files` that is missing or altered in `folder`.
fn mismatch(files: &[Pinned], folder: &Path, name: impl Fn(&Pinned) -> &'static str) -> Option<String> {
    files.iter().find_map(|file| {
        let path = folder.join(name(file));
        match digest::of_file(&path) {
            Err(error) => Some(format!("{error:#}")),
            Ok(found) if found != file.sha256 => {
                Some(format!("{} has sha256 {found}, expected {}", path.display(), file.sha256))
            }
            Ok(_) => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // sha256 of "one" and "two".
    const FILES: &[Pinned] = &[
        Pinned {
            path: "capi/lib.so",
            sha256: "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed",
        },
        Pinned {
            path: "LICENSE",
            sha256: "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3",
        },
    ];

    fn wheel(root: &Path, library: &str) -> PathBuf {
        let source = root.join("wheel");
        fs::create_dir_all(source.join("capi")).unwrap();
        fs::write(source.join("capi/lib.so"), library).unwrap();
        fs::write(source.join("LICENSE"), "two").unwrap();
        source
    }

    #[test]
    fn places_verified_files_flat_and_replaces_what_was_there() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("onnxruntime");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("leftover"), "old").unwrap();
        let source = wheel(root.path(), "one");
        place(FILES, &source, &root.path().join("ready"), &target).unwrap();
        let mut names: Vec<_> =
            fs::read_dir(&target).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["LICENSE", "lib.so"]);
        assert_eq!(mismatch(FILES, &target, Pinned::file_name), None);
    }

    #[test]
    fn an_altered_library_is_refused_and_the_old_folder_stays() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("onnxruntime");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("lib.so"), "one").unwrap();
        let source = wheel(root.path(), "tampered");
        let error = place(FILES, &source, &root.path().join("ready"), &target).unwrap_err().to_string();
        assert!(error.contains("lib.so") && error.contains("expected 7692c3ad"), "{error}");
        assert_eq!(fs::read_to_string(target.join("lib.so")).unwrap(), "one");
    }

    #[test]
    fn a_missing_file_is_a_mismatch_that_names_it() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("lib.so"), "one").unwrap();
        let problem = mismatch(FILES, root.path(), Pinned::file_name).unwrap();
        assert!(problem.contains("LICENSE"), "{problem}");
    }
}
