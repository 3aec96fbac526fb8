//! The licence texts of what is compiled into the app, gathered from the packages themselves.

use std::collections::{BTreeMap, btree_map::Entry};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{node, shell};

/// Files that hold a licence, by the beginning of their names.
const NAMES: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"];
/// A development dependency of the page by its lock file, but compiled into it.
const COMPILED_IN: &str = "svelte";

/// Writes into `folder` the texts of every crate that `package` is linked with, and of every npm package in the page.
pub fn write(workspace: &Workspace, package: &str, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let save = |name: &str, packages: &[Package]| {
        let path = folder.join(name);
        fs::write(&path, text(packages)?).with_context(|| format!("cannot write {}", path.display()))
    };
    save("Rust crates.txt", &crates(workspace, package)?)?;
    save("Page.txt", &page(workspace)?)
}

struct Package {
    name: String,
    licence: String,
    folder: PathBuf,
}

fn crates(workspace: &Workspace, package: &str) -> Result<Vec<Package>> {
    let mut tree = workspace.cargo();
    tree.args(["tree", "--locked", "--package", package, "--edges", "normal", "--prefix", "none"]);
    let list = shell::capture(tree.args(["--no-dedupe", "--format", "{p}|{l}"]))?;
    let registries = registries()?;
    let mut found = BTreeMap::new();
    for line in list.lines() {
        let Some((name, licence)) = described(line) else { continue };
        if let Entry::Vacant(entry) = found.entry(name) {
            let name = entry.key();
            let folder = registries.iter().map(|registry| registry.join(name)).find(|folder| folder.is_dir());
            let folder =
                folder.with_context(|| format!("the source of {name} is not where cargo keeps sources"))?;
            entry.insert((licence, folder));
        }
    }
    Ok(found.into_iter().map(|(name, (licence, folder))| Package { name, licence, folder }).collect())
}

/// `serde v1.0.2 (proc-macro)|MIT OR Apache-2.0` as `serde-1.0.2` and its licence; `None` for crates of this workspace.
fn described(line: &str) -> Option<(String, String)> {
    let (package, licence) = line.split_once('|')?;
    let mut words = package.split_whitespace();
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    let is_local = words.any(|word| word.starts_with("(/") || word.contains(":\\"));
    (!is_local).then(|| (format!("{name}-{version}"), licence.to_owned()))
}

/// Where cargo unpacks sources.
fn registries() -> Result<Vec<PathBuf>> {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let sources = home.context("cargo's folder is unknown")?.join("registry").join("src");
    let listing = fs::read_dir(&sources).with_context(|| format!("cannot list {}", sources.display()))?;
    Ok(listing.flatten().map(|entry| entry.path()).collect())
}

fn page(workspace: &Workspace) -> Result<Vec<Package>> {
    let list =
        shell::capture(node::npm(workspace, node::UI).args(["ls", "--all", "--omit=dev", "--parseable"]))?;
    let modules = workspace.root().join(node::UI).join("node_modules");
    let mut folders: Vec<PathBuf> =
        list.lines().map(PathBuf::from).filter(|path| path.starts_with(&modules)).collect();
    folders.push(modules.join(COMPILED_IN));
    folders.sort();
    folders.dedup();
    let name = |folder: &PathBuf| folder.strip_prefix(&modules).unwrap_or(folder).display().to_string();
    Ok(folders
        .into_iter()
        .map(|folder| Package { name: name(&folder), licence: String::new(), folder })
        .collect())
}

/// Every text once, below the names of the packages that carry it.
fn text(packages: &[Package]) -> Result<String> {
    let mut by_text: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for Package { name, licence, folder } in packages {
        let texts = texts(folder)?;
        let label = if licence.is_empty() { name.clone() } else { format!("{name} ({licence})") };
        let texts =
            if texts.is_empty() { vec![String::from("The package has no licence file.")] } else { texts };
        for text in texts {
            by_text.entry(text).or_default().push(label.clone());
        }
    }
    let mut sections: Vec<(Vec<String>, String)> =
        by_text.into_iter().map(|(text, names)| (names, text)).collect();
    sections.sort();
    if sections.is_empty() {
        bail!("no package was found");
    }
    let rule = "-".repeat(78);
    let mut page = String::new();
    for (names, text) in &sections {
        page.extend([rule.as_str(), "\n", &names.join("\n"), "\n\n", text, "\n\n"]);
    }
    Ok(page)
}

fn texts(folder: &Path) -> Result<Vec<String>> {
    let listing = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = listing.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let is_licence = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        path.is_file() && NAMES.iter().any(|start| name.starts_with(start))
    };
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    paths.into_iter().filter(is_licence).map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_of_the_registry_are_told_from_ours() {
        let serde = described("serde v1.0.2|MIT OR Apache-2.0").unwrap();
        assert_eq!(serde, ("serde-1.0.2".to_owned(), "MIT OR Apache-2.0".to_owned()));
        assert!(described("serde_derive v1.0.2 (proc-macro)|MIT").is_some());
        assert_eq!(described("mm-core v0.1.0 (/src/crates/mm-core)|MIT"), None);
        assert_eq!(described(""), None);
    }

    #[test]
    fn equal_texts_are_written_once() {
        let root = tempfile::tempdir().unwrap();
        let package = |name: &str, files: &[(&str, &str)]| {
            let folder = root.path().join(name);
            fs::create_dir(&folder).unwrap();
            for (file, text) in files {
                fs::write(folder.join(file), text).unwrap();
            }
            Package { name: name.to_owned(), licence: "MIT".to_owned(), folder }
        };
        let packages = [
            package("b", &[("LICENSE-MIT", "text one\n"), ("src.rs", "code")]),
            package("a", &[("license.md", "text one")]),
            package("c", &[]),
        ];
        let all = text(&packages).unwrap();
        assert_eq!(all.matches("text one").count(), 1);
        assert!(all.contains("b (MIT)\na (MIT)\n\ntext one") && !all.contains("code"), "{all}");
        assert!(all.contains("c (MIT)\n\nThe package has no licence file."));
    }
}
