//! Files that look as if they were there while their bytes are in a cloud: reading one would download it.

use std::fs::Metadata;

/// Whether the system marks the file as one whose bytes are elsewhere.
#[cfg(target_os = "macos")]
pub(super) fn is_placeholder(metadata: &Metadata) -> bool {
    use std::os::macos::fs::MetadataExt as _;
    // SF_DATALESS of stat(2): "the file is dataless", as iCloud and the File Provider leave it.
    metadata.st_flags() & 0x4000_0000 != 0
}

/// Whether the system marks the file as one whose bytes are elsewhere.
#[cfg(windows)]
pub(super) fn is_placeholder(metadata: &Metadata) -> bool {
    use std::os::windows::fs::MetadataExt as _;
    // FILE_ATTRIBUTE_OFFLINE, FILE_ATTRIBUTE_RECALL_ON_OPEN, FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS.
    metadata.file_attributes() & (0x1000 | 0x4_0000 | 0x40_0000) != 0
}

/// Whether the system marks the file as one whose bytes are elsewhere: there is no such mark here.
#[cfg(not(any(target_os = "macos", windows)))]
pub(super) fn is_placeholder(_: &Metadata) -> bool {
    false
}

/// Whether a file with bytes takes no room: a hint that they are elsewhere, where the file system counts blocks. The
/// smallest files are kept inside directory entries by some file systems and take no block either.
#[cfg(unix)]
pub(super) fn has_no_blocks(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.size() > 4096 && metadata.blocks() == 0
}

/// Whether a file with bytes takes no room: not known here.
#[cfg(not(unix))]
pub(super) fn has_no_blocks(_: &Metadata) -> bool {
    false
}
