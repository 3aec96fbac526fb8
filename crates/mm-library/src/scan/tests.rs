use std::fs;

use tempfile::TempDir;

use super::*;

fn tree(files: &[&str]) -> TempDir {
    let dir = TempDir::new().unwrap();
    for file in files {
        let path = dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"bytes").unwrap();
    }
    dir
}

fn names(root: &Path, touched: Option<&Touched>) -> Vec<String> {
    let scan = scan(root, touched, false, &CancelToken::new(), |_| ()).unwrap();
    scan.pictures.iter().map(|p| p.path.to_string_lossy().replace('\\', "/")).collect()
}

#[test]
fn pictures_are_found_and_the_rest_is_left_out() {
    let dir = tree(&[
        "b.JPG",
        "a.png",
        "notes.txt",
        "deep/er/c.webp",
        ".hidden.jpg",
        ".folder/x.jpg",
        "quiet/.nomedia",
        "quiet/x.jpg",
        "quiet/below/x.jpg",
        "private/x.jpg",
        "mixed/keep.jpg",
        "mixed/raw_1.jpg",
        "@eaDir/thumb.jpg",
        ".nomedia",
    ]);
    fs::write(dir.path().join(".mmignore"), "private/\n").unwrap();
    fs::write(dir.path().join("mixed/.mmignore"), "raw_*\n").unwrap();
    assert_eq!(names(dir.path(), None), ["a.png", "b.JPG", "deep/er/c.webp", "mixed/keep.jpg"]);
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_and_loops_do_no_harm() {
    let dir = tree(&["a/x.jpg"]);
    let link = std::os::unix::fs::symlink::<PathBuf, PathBuf>;
    link(dir.path().to_path_buf(), dir.path().join("a/loop")).unwrap();
    link(dir.path().join("a/x.jpg"), dir.path().join("again.jpg")).unwrap();
    assert_eq!(names(dir.path(), None), ["a/x.jpg"]);
}

#[cfg(target_os = "linux")]
#[test]
fn files_without_their_bytes_are_counted_and_not_read() {
    let dir = tree(&[]);
    fs::write(dir.path().join("here.jpg"), vec![1; 10_000]).unwrap();
    fs::File::create(dir.path().join("cloud.jpg")).unwrap().set_len(100_000).unwrap();
    fs::write(dir.path().join("empty.jpg"), b"").unwrap();
    let found = scan(dir.path(), None, false, &CancelToken::new(), |_| ()).unwrap();
    assert_eq!(found.online_only, [PathBuf::from("cloud.jpg")]);
    assert_eq!(found.pictures.len(), 2);
    // A file system that counts no blocks at all.
    fs::remove_file(dir.path().join("here.jpg")).unwrap();
    let found = scan(dir.path(), None, false, &CancelToken::new(), |_| ()).unwrap();
    assert!(found.online_only.is_empty() && found.pictures.len() == 2);
}

#[test]
fn a_missing_folder_and_an_empty_mount_point_are_not_empty_libraries() {
    let dir = TempDir::new().unwrap();
    let code = |root: &Path, known| {
        scan(root, None, known, &CancelToken::new(), |_| ()).map_err(|e| e.code()).map(|s| s.pictures.len())
    };
    assert_eq!(code(&dir.path().join("gone"), false), Err("folder.not_found"));
    assert_eq!(code(dir.path(), true), Err("folder.not_found"));
    assert_eq!(code(dir.path(), false), Ok(0));
    let cancel = CancelToken::new();
    cancel.cancel();
    assert_eq!(scan(dir.path(), None, false, &cancel, |_| ()).unwrap_err().code(), "task.cancelled");
}

#[test]
fn only_touched_folders_are_listed_under_the_same_rules() {
    let dir = tree(&["x.jpg", "a/x.jpg", "a/b/x.jpg", "c/x.jpg", "private/d/x.jpg"]);
    fs::write(dir.path().join(".mmignore"), "private/\n").unwrap();
    let mut watcher = Watcher::new().unwrap();
    watcher.add(dir.path()).unwrap();
    fs::write(dir.path().join("a/new.jpg"), b"new").unwrap();
    fs::write(dir.path().join("private/d/new.jpg"), b"new").unwrap();
    let touched = loop {
        match watcher.wait(std::time::Duration::from_secs(20)).unwrap() {
            Watched::Touched(touched) if touched.is_empty() => {}
            Watched::Touched(touched) => break touched,
            Watched::Failed(why) => panic!("{why}"),
        }
    };
    assert_eq!(names(dir.path(), Some(&touched)), ["a/new.jpg", "a/x.jpg"]);
}
