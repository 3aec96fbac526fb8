//! Paths as bytes, so that names that are no Unicode survive the database: the bytes themselves on Unix, UTF-16LE on
//! Windows. A database is therefore tied to the kind of system it was made on, as are the paths in it.

use std::path::{Path, PathBuf};

#[cfg(unix)]
pub(super) fn to_bytes(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str().as_bytes().to_vec()
}

#[cfg(unix)]
pub(super) fn from_bytes(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(bytes).into()
}

#[cfg(windows)]
pub(super) fn to_bytes(path: &Path) -> Vec<u8> {
    use std::os::windows::ffi::OsStrExt;
    path.as_os_str().encode_wide().flat_map(u16::to_le_bytes).collect()
}

#[cfg(windows)]
pub(super) fn from_bytes(bytes: Vec<u8>) -> PathBuf {
    use std::os::windows::ffi::OsStringExt;
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    std::ffi::OsString::from_wide(&units).into()
}

/// The words of a path that a person may search for: folder names and the file's, without its extension.
pub(super) fn words(path: &Path) -> String {
    let folders = path.parent().into_iter().flat_map(Path::components);
    let folders = folders.map(|part| part.as_os_str().to_string_lossy());
    let name = path.file_stem().map(|stem| stem.to_string_lossy());
    folders.chain(name).collect::<Vec<_>>().join(" / ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_survives_and_its_words_are_found() {
        #[cfg(unix)]
        let odd = {
            use std::os::unix::ffi::OsStrExt;
            PathBuf::from(std::ffi::OsStr::from_bytes(b"Urlaub\xff/a\nb.jpg"))
        };
        #[cfg(windows)]
        let odd = {
            use std::os::windows::ffi::OsStringExt;
            PathBuf::from(std::ffi::OsString::from_wide(&[0xD800, 65]))
        };
        for path in [PathBuf::from("Ferien/Größe 東京.JPG"), odd] {
            assert_eq!(from_bytes(to_bytes(&path)), path);
        }
        assert_eq!(words(Path::new("2023/Rome trip/IMG_12.JPG")), "2023 / Rome trip / IMG_12");
        assert_eq!(words(Path::new("a.b.png")), "a.b");
    }
}
