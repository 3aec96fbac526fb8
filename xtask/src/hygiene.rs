//! Rules for committed files that no compiler or linter looks at.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::shell;
use crate::workspace::Workspace;

/// Larger files are refused by common hosts and make every clone slow.
const MAX_BYTES: usize = 45_000_000;
/// A module that needs a table of contents is two modules.
const MAX_LINES: usize = 600;
const SOURCE_EXTENSIONS: [&str; 14] =
    ["rs", "py", "ts", "js", "mjs", "svelte", "css", "html", "kt", "kts", "swift", "java", "c", "sh"];
/// Folders whose files are made by a program.
const GENERATED: [&str; 1] = ["gen/"];
/// First parts of absolute paths that say where somebody keeps their files.
const PERSONAL_ROOTS: [&str; 4] = ["home", "root", "Users", "work"];

/// Checks every file that is committed or would be by `git add --all`.
pub fn check(workspace: &Workspace) -> Result<()> {
    let mut git = workspace.command("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let list = shell::capture(&mut git).context("the list of committed files comes from git")?;
    let mut problems = Vec::new();
    for path in list.split('\0').filter(|path| !path.is_empty()) {
        let file = workspace.root().join(path);
        // A deletion that is not committed yet is still listed; links are checked where they point.
        if !file.symlink_metadata().is_ok_and(|found| found.is_file()) {
            continue;
        }
        let bytes = fs::read(&file).with_context(|| format!("cannot read {path}"))?;
        problems.extend(problems_of(path, &bytes));
    }
    if !problems.is_empty() {
        bail!("{} problem(s):\n  {}", problems.len(), problems.join("\n  "));
    }
    Ok(())
}

fn problems_of(path: &str, bytes: &[u8]) -> Vec<String> {
    let mut problems = Vec::new();
    if bytes.len() > MAX_BYTES {
        problems.push(format!("{path}: {} bytes, the limit is {MAX_BYTES}", bytes.len()));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return problems };
    let lines = text.lines().count();
    if is_source(path) && lines > MAX_LINES {
        problems.push(format!("{path}: {lines} lines, the limit is {MAX_LINES}: split it"));
    }
    for (number, line) in text.lines().enumerate() {
        if let Some(found) = personal_path(line) {
            problems.push(format!("{path}:{}: '{found}' is a path of one machine", number + 1));
        }
    }
    problems
}

fn is_source(path: &str) -> bool {
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| SOURCE_EXTENSIONS.contains(&extension))
        && !GENERATED.iter().any(|folder| path.starts_with(folder))
}

/// The first absolute path in `line` that starts at one of the personal roots.
fn personal_path(line: &str) -> Option<&str> {
    let mut from = 0;
    while let Some(found) = line[from..].find('/') {
        let start = from + found;
        from = start + 1;
        // `a/x/b` and `https://host/x/b` go on from another path; `"/x/b"`, `(/x/b` and `=/x/b` start one.
        let continues = line[..start]
            .chars()
            .next_back()
            .is_some_and(|c| c.is_alphanumeric() || "._-/~})]>$*".contains(c));
        if continues {
            continue;
        }
        let mut parts = line[from..].splitn(2, '/');
        let root = parts.next().unwrap_or_default();
        let rest = parts.next().unwrap_or_default();
        if PERSONAL_ROOTS.contains(&root) && rest.starts_with(|c: char| c.is_alphanumeric() || c == '.') {
            let end = line[start..].find(|c: char| c.is_whitespace() || "\"'`)>,;".contains(c));
            return Some(&line[start..end.map_or(line.len(), |end| start + end)]);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_paths_of_a_machine_and_only_those() {
        // Put together here, so that this file passes its own check.
        let home = format!("/{}/", "home");
        assert_eq!(
            personal_path(&format!("cd {home}me/src && make")),
            Some(format!("{home}me/src").as_str())
        );
        assert_eq!(personal_path(&format!("path = \"{home}me\"")), Some(format!("{home}me").as_str()));
        assert_eq!(
            personal_path(&format!("[--in={home}.cache/x]")),
            Some(format!("{home}.cache/x]").as_str())
        );
        for innocent in [
            format!("https://example.org{home}page"),
            format!("../src{home}mod.rs"),
            format!("${{PREFIX}}{home}x"),
            home.clone(),
            "/usr/share/fonts and a/b".to_owned(),
            "either/or, 1/2".to_owned(),
        ] {
            assert_eq!(personal_path(&innocent), None, "{innocent}");
        }
    }

    #[test]
    fn counts_lines_of_sources_outside_generated_folders() {
        let long = "x\n".repeat(MAX_LINES + 1);
        assert_eq!(problems_of("crates/a/src/lib.rs", long.as_bytes()).len(), 1);
        assert!(problems_of("crates/a/src/lib.rs", "x\n".repeat(MAX_LINES).as_bytes()).is_empty());
        assert!(problems_of("gen/ts/bindings.ts", long.as_bytes()).is_empty());
        assert!(problems_of("docs/table.csv", long.as_bytes()).is_empty());
    }

    #[test]
    fn refuses_large_files_of_any_kind() {
        let problems = problems_of("models/m/vision.onnx", &vec![0xff; MAX_BYTES + 1]);
        assert!(problems.len() == 1 && problems[0].contains("45000001 bytes"), "{problems:?}");
    }

    #[test]
    fn names_file_and_line() {
        let text = format!("fine\n/{}/me/x\n", "Users");
        assert!(problems_of("notes.md", text.as_bytes())[0].starts_with("notes.md:2: "));
    }
}
