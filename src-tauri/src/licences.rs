//! The texts of the licences of what is in the app.

use std::{fs, path::Path};

/// Of this program; the others lie in the folder that came with it.
const OWN: &str = include_str!("../../LICENSE");
const NOTICE: &str = include_str!("../../NOTICE");

/// Every licence text: this program's, then those in `licences/` of what came with the app, in the order of their names.
#[must_use]
pub fn all(resources: Option<&Path>) -> String {
    let mut text = format!("{OWN}\n{NOTICE}");
    let folders = resources.map(|folder| folder.join("licences")).into_iter();
    let mut files: Vec<_> = folders
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    files.sort();
    for file in files {
        if let Ok(licence) = fs::read_to_string(&file) {
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            let rule = "=".repeat(78);
            text.extend(["\n\n", &rule, "\n", &name, "\n", &rule, "\n\n", &licence]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_texts_follow_our_own() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("licences")).unwrap();
        for name in ["b.txt", "a.txt"] {
            fs::write(folder.path().join("licences").join(name), format!("text of {name}")).unwrap();
        }
        let text = all(Some(folder.path()));
        let places = ["MIT License", "text of a.txt", "text of b.txt"].map(|part| text.find(part).unwrap());
        assert!(places.is_sorted());
        assert!(all(None).contains("MIT License"));
    }
}
