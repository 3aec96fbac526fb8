//! A provider that crashes the process for real: skipped at the next start, with a notice, until it is reset.
//!
//! The crash happens where real ones do: ONNX Runtime loads the provider's plugin library, and the library ends the
//! process. It is compiled here with the C compiler that links Rust.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise, as tests do")]

use std::{
    env, fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use mm_core::runtime::{GraphSession, Network, Notice, Provider, SessionOptions, sentinel};
use tempfile::TempDir;

const SIGABRT: i32 = 6;
/// Set for the child process: the sentinel's folder.
const FOLDER: &str = "MM_TEST_SENTINEL";

fn load(folder: &Path) -> (GraphSession, Vec<Notice>) {
    let graph = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/graphs/two_bit.onnx");
    let options = SessionOptions {
        provider: Provider::Qnn,
        sentinel: Some(folder.to_owned()),
        ..SessionOptions::default()
    };
    let mut notices = Vec::new();
    let graph = fs::read(graph).unwrap();
    let session = GraphSession::load("two_bit", &graph, ("x", "y"), &options, &mut notices).unwrap();
    (session, notices)
}

/// What the child process does: its plugin is the one that aborts.
#[test]
fn child() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let (mut session, notices) = load(Path::new(&folder));
    assert_eq!(session.provider(), Provider::Cpu);
    let input = fs::File::open(
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/graphs/two_bit_input.npy"),
    );
    let input: ndarray::ArrayD<f32> = ndarray_npy::ReadNpyExt::read_npy(input.unwrap()).unwrap();
    session.run(input.view()).unwrap();
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].code, "runtime.provider_crashed");
}

/// A plugin library of the name that is looked for, which ends the process as it is loaded.
fn crashing_plugin(folder: &Path) {
    let source = folder.join("plugin.c");
    fs::write(
        &source,
        "#include <stdlib.h>\n__attribute__((constructor)) static void crash(void) { abort(); }\n",
    )
    .unwrap();
    let library = folder.join("libonnxruntime_providers_qnn.so");
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
}

fn run_child(folder: &Path, plugin: &Path) -> Output {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "child"])
        .env(FOLDER, folder)
        .env("MM_QNN_DIR", plugin)
        .output()
        .unwrap()
}

#[test]
fn a_provider_that_aborts_the_process_is_skipped_until_it_is_reset() {
    let (data, plugin) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let folder = sentinel::folder(data.path());
    crashing_plugin(plugin.path());

    assert_eq!(sentinel::skipped(&folder), []);
    let crashed = run_child(&folder, plugin.path());
    assert_eq!(crashed.status.signal(), Some(SIGABRT), "{crashed:?}");
    assert_eq!(sentinel::skipped(&folder), [Provider::Qnn]);

    let next = run_child(&folder, plugin.path());
    assert!(next.status.success(), "the second start does without: {next:?}");
    assert_eq!(sentinel::skipped(&folder), [Provider::Qnn], "and the third will, too");

    sentinel::reset(&folder).unwrap();
    assert_eq!(sentinel::skipped(&folder), []);
    let again = run_child(&folder, plugin.path());
    assert_eq!(again.status.signal(), Some(SIGABRT), "a reset means that it is really tried");
    assert_eq!(sentinel::skipped(&folder), [Provider::Qnn]);
}

#[test]
fn a_provider_that_only_fails_is_not_held_against() {
    let data = TempDir::new().unwrap();
    // No plugin is installed here.
    let (_, notices) = load(data.path());
    assert_eq!(notices[0].code, "runtime.provider_unavailable");
    assert_eq!(sentinel::skipped(data.path()), []);
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0, "nothing is left behind");
}
