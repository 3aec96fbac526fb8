//! Finding and loading the ONNX Runtime shared library, once per process.

use std::{
    env,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use ort::environment::Environment;

use crate::error::{Error, Result};

/// Environment variable with the path of the ONNX Runtime library; overrides the search.
pub const LIBRARY_VARIABLE: &str = "ORT_DYLIB_PATH";

/// Folder that `cargo xtask setup` fills, looked for in the folders above the executable.
const DEVELOPMENT_FOLDER: &str = ".mm/onnxruntime";

/// Environment variable that, at 1 before the library is loaded, keeps ONNX Runtime from creating an identifier of the
/// device, a store of events and an uploader. Official builds do all three by default, and [`with_telemetry`] comes too
/// late for the first event (ONNX Runtime 1.32, `docs/Privacy.md`, "Disabling Telemetry"). Loading sets it to 1.
///
/// [`with_telemetry`]: ort::environment::EnvironmentBuilder::with_telemetry
pub const NO_TELEMETRY_VARIABLE: &str = "ORT_DISABLE_TELEMETRY";

static ENVIRONMENT: OnceLock<std::result::Result<Environment, String>> = OnceLock::new();

/// The process-wide environment: loads the library on first use, with telemetry off.
///
/// Fails with `runtime.library_missing`; the outcome of the first call is kept.
pub(super) fn environment() -> Result<&'static Environment> {
    ENVIRONMENT
        .get_or_init(load)
        .as_ref()
        .map_err(|detail| Error::RuntimeLibraryMissing { detail: detail.clone() })
}

/// Build information of the loaded library, for diagnostics. Loads it if need be.
pub fn version() -> Result<&'static str> {
    environment().map(|_| ort::info())
}

/// Folder of the library in use, where provider plugins are installed beside it.
pub(super) fn folder() -> Option<PathBuf> {
    library_path().ok().and_then(|path| path.parent().map(Path::to_path_buf))
}

fn load() -> std::result::Result<Environment, String> {
    let path = library_path()?;
    refuse_telemetry();
    let builder = ort::init_from(&path).map_err(|e| e.to_string())?;
    tracing::debug!(path = %path.display(), "ONNX Runtime loaded");
    builder.with_name("mobile-multimodal").with_telemetry(false).build().map_err(|e| e.to_string())
}

/// Whatever the variable was before: nobody using this library has agreed to telemetry by it.
fn refuse_telemetry() {
    if env::var_os(NO_TELEMETRY_VARIABLE).is_some_and(|value| value == "1") {
        return;
    }
    // SAFETY: at most once per process (`ENVIRONMENT`), and in step with every reader that goes through `std::env`. What
    // remains is foreign code that reads the environment at this very moment; a program with such threads sets the
    // variable as its first act, as the app does.
    unsafe { env::set_var(NO_TELEMETRY_VARIABLE, "1") };
}

/// `$ORT_DYLIB_PATH`, else beside the executable, else `.mm/onnxruntime` above it. The current directory is never
/// searched: a library must not be loaded because a photo lies beside it.
fn library_path() -> std::result::Result<PathBuf, String> {
    if let Some(path) = env::var_os(LIBRARY_VARIABLE).filter(|v| !v.is_empty()).map(PathBuf::from) {
        return if path.is_file() {
            Ok(path)
        } else {
            Err(format!("{LIBRARY_VARIABLE} names {}, which is not a file", path.display()))
        };
    }
    let executable = env::current_exe().map_err(|e| format!("the executable's own path is unknown: {e}"))?;
    let folders = candidate_folders(&executable);
    folders.iter().find_map(|folder| library_in(folder)).ok_or_else(|| {
        let list: Vec<String> = folders.iter().map(|f| f.display().to_string()).collect();
        format!("no {} in {}", library_pattern(), list.join(", "))
    })
}

fn candidate_folders(executable: &Path) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    if let Some(beside) = executable.parent() {
        folders.push(beside.to_path_buf());
        folders.push(beside.join("lib"));
        folders.push(beside.join("../lib/mobile-multimodal"));
        folders.push(beside.join("../Frameworks"));
    }
    folders.extend(executable.ancestors().skip(1).map(|folder| folder.join(DEVELOPMENT_FOLDER)));
    folders
}

const fn library_pattern() -> &'static str {
    if cfg!(target_os = "windows") {
        "onnxruntime.dll"
    } else if cfg!(any(target_os = "macos", target_os = "ios")) {
        "libonnxruntime*.dylib"
    } else {
        "libonnxruntime.so*"
    }
}

/// The library in `folder`, if any: the plain name first, then the highest versioned one.
fn library_in(folder: &Path) -> Option<PathBuf> {
    let (prefix, middle, suffix) = match library_pattern().split_once('*') {
        Some((prefix, suffix)) => (prefix, true, suffix),
        None => (library_pattern(), false, ""),
    };
    let mut found: Vec<PathBuf> = folder
        .read_dir()
        .ok()?
        .flatten()
        .map(|item| item.path())
        .filter(|path| {
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            // "libonnxruntime_providers_shared.so" is a plugin, not the runtime.
            let matches =
                if middle { name.starts_with(prefix) && name.ends_with(suffix) } else { name == prefix };
            matches && !name.contains("_providers") && path.is_file()
        })
        .collect();
    found.sort();
    found.pop()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_newest_runtime_is_found_and_plugins_are_not() {
        let dir = tempfile::tempdir().unwrap();
        for name in
            ["libonnxruntime.so.1.31.0", "libonnxruntime.so.1.32.0", "libonnxruntime_providers_shared.so"]
        {
            fs::write(dir.path().join(name), b"").unwrap();
        }
        assert_eq!(library_in(dir.path()).unwrap().file_name().unwrap(), "libonnxruntime.so.1.32.0");
    }

    #[test]
    fn development_folders_lie_above_the_executable_only() {
        let folders = candidate_folders(Path::new("/repo/target/debug/mm"));
        assert!(folders.contains(&PathBuf::from("/repo/.mm/onnxruntime")));
        assert!(folders.iter().all(|f| f.is_absolute()));
    }
}
