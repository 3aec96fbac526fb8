//! What the page may load and ask for, read from the very files the app is built with.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::{Value, json};

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn parsed(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap()
}

#[test]
fn the_page_loads_nothing_from_outside_the_app() {
    let config = parsed("tauri.conf.json");
    let security = &config["app"]["security"];
    let policy: BTreeMap<String, String> = serde_json::from_value(security["csp"].clone()).unwrap();
    assert_eq!(policy["default-src"], "'none'", "what is not named is refused");
    for (directive, sources) in &policy {
        for source in sources.split_whitespace() {
            let ours = [
                "'none'",
                "'self'",
                "blob:",
                "data:",
                "ipc:",
                "http://ipc.localhost",
                "mm-photo:",
                "http://mm-photo.localhost",
            ];
            assert!(ours.contains(&source), "{directive} {source}");
        }
    }
    // Pictures alone may come from data, and nothing is run or styled but the app's own files.
    for directive in ["script-src", "style-src"] {
        assert_eq!(policy[directive], "'self'");
    }
    assert_eq!(policy["img-src"], "'self' blob: data: mm-photo: http://mm-photo.localhost");
    for directive in ["base-uri", "form-action", "frame-ancestors"] {
        assert_eq!(policy[directive], "'none'");
    }
    assert_eq!(security.get("devCsp"), None);
    assert_eq!(security.get("dangerousDisableAssetCspModification"), None);
    assert_eq!(security["assetProtocol"], json!({"enable": false, "scope": []}));
    assert_eq!(security["freezePrototype"], true);
    assert_eq!(security["capabilities"], json!(["main"]));
    assert_eq!(config["app"]["withGlobalTauri"], false);
    assert_eq!(
        config["app"]["windows"],
        json!([]),
        "the window is opened in window.rs, which keeps it at home"
    );
    assert_eq!(config["bundle"]["createUpdaterArtifacts"], false);
    assert_eq!(config.get("plugins"), None);
}

/// The words in quotes that begin a line between `from` and the next `]`, underscores for colons.
fn listed<'a>(text: &'a str, from: &str) -> BTreeSet<&'a str> {
    let list = text.split_once(from).unwrap().1.split_once(']').unwrap().0;
    list.split(',').map(|word| word.trim().trim_matches('"')).filter(|word| !word.is_empty()).collect()
}

#[test]
fn the_window_may_do_exactly_what_the_app_has_commands_for() {
    let files: Vec<_> =
        fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("capabilities")).unwrap().collect();
    assert_eq!(files.len(), 1, "one window, one capability");
    let capability = parsed("capabilities/main.json");
    assert_eq!(capability["windows"], json!(["main"]));
    assert_eq!((capability.get("remote"), capability.get("webviews")), (None, None));

    let build = read("build.rs");
    let declared = listed(&build, "const COMMANDS: &[&str] = &[");
    let source = read("src/commands/mod.rs");
    let mut bound: BTreeSet<&str> = listed(&source, "collect_commands![\n")
        .iter()
        .map(|path| path.rsplit("::").next().unwrap())
        .collect();
    bound.extend(listed(&source, "generate_handler![").iter().map(|path| path.rsplit("::").next().unwrap()));
    assert_eq!(declared, bound);

    let permissions: BTreeSet<String> = serde_json::from_value(capability["permissions"].clone()).unwrap();
    let mut expected: BTreeSet<String> =
        declared.iter().map(|command| format!("allow-{}", command.replace('_', "-"))).collect();
    // Files dropped on the window are told as events.
    expected.extend(["core:event:allow-listen", "core:event:allow-unlisten"].map(str::to_owned));
    assert_eq!(permissions, expected);
}

#[test]
fn the_page_names_photos_of_the_library_by_number_alone() {
    let bindings = read("../gen/ts/bindings.ts");
    for command in ["libraryPhoto", "openLibraryPhoto", "showInViewer", "revealLibraryPhoto"] {
        assert!(bindings.contains(&format!("{command}: (id: PhotoId) =>")), "{command}");
    }
    assert!(bindings.contains("export type PhotoId = number;"));
    // The opener works for the shell only: as a plugin, its commands would take any path from the page.
    assert!(!read("src/lib.rs").contains("tauri_plugin_opener::init"));
}

#[test]
fn nothing_in_the_app_speaks_to_a_network_or_opens_it_up() {
    let manifest = read("Cargo.toml");
    let workspace = read("../Cargo.toml");
    for plugin in ["http", "updater", "shell", "fs", "websocket", "upload", "process"] {
        assert!(!manifest.contains(&format!("tauri-plugin-{plugin}")), "{plugin}");
    }
    let tauri = workspace.lines().find(|line| line.starts_with("tauri = ")).unwrap();
    for feature in ["devtools", "isolation", "protocol-asset", "native-tls", "rustls", "unstable"] {
        assert!(!tauri.contains(feature), "{feature}");
    }
    assert!(!manifest.contains("reqwest") && !manifest.contains("hyper"));
}
