//! Which wheel of ONNX Runtime serves which host, and the sha256 of what is taken out of it.

/// The ONNX Runtime release the workspace is written and measured with.
pub const VERSION: &str = "1.32.0";

/// One file taken from a wheel: its name below `onnxruntime/` there, and its sha256 in lowercase hexadecimal.
#[derive(Debug)]
pub struct Pinned {
    pub path: &'static str,
    pub sha256: &'static str,
}

impl Pinned {
    /// The name the file gets in `.mm/onnxruntime/`.
    pub fn file_name(&self) -> &'static str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }
}

/// A host that ONNX Runtime publishes a wheel for.
#[derive(Debug)]
pub struct Platform {
    /// `std::env::consts::OS`.
    pub os: &'static str,
    /// `std::env::consts::ARCH`.
    pub arch: &'static str,
    /// The platform tag pip selects the wheel by.
    pub tag: &'static str,
    /// The library first, then what must lie beside it.
    pub files: &'static [Pinned],
}

impl Platform {
    /// The shared library itself.
    pub fn library(&self) -> &'static Pinned {
        &self.files[0]
    }
}

/// The platform of this host, if there is a wheel for it.
pub fn host() -> Option<&'static Platform> {
    find(std::env::consts::OS, std::env::consts::ARCH)
}

fn find(os: &str, arch: &str) -> Option<&'static Platform> {
    PLATFORMS.iter().find(|platform| platform.os == os && platform.arch == arch)
}

const LICENSE: Pinned =
    Pinned { path: "LICENSE", sha256: "2f07c72751aed99790b8a4869cf2311df85a860b22ded05fa22803587a48922c" };
const NOTICES: Pinned = Pinned {
    path: "ThirdPartyNotices.txt",
    sha256: "d8696258afcf9df7827a5e01d6b6d55ee9b461b4e82020f5f48242deb9cc2270",
};
// The Windows wheels carry the same two texts with CRLF line ends.
const LICENSE_CRLF: Pinned =
    Pinned { path: "LICENSE", sha256: "c250d6278f0b47a6439fb7592b08b58a55eb9f535aa49a1db63211c3f982b674" };
const NOTICES_CRLF: Pinned = Pinned {
    path: "ThirdPartyNotices.txt",
    sha256: "bf8073fd6a112ac2a656bb60799652127e881689e51d37ad20df446cd5188b2d",
};

/// Hashes of the wheels themselves are in `onnxruntime-requirements.txt`, in this order.
pub const PLATFORMS: &[Platform] = &[
    Platform {
        os: "linux",
        arch: "x86_64",
        tag: "manylinux_2_28_x86_64",
        files: &[
            Pinned {
                path: "capi/libonnxruntime.so.1.32.0",
                sha256: "6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f",
            },
            Pinned {
                path: "capi/libonnxruntime_providers_shared.so",
                sha256: "8ef51f6bf2c621fc129f625b22241fa6f9a5870bc08eaf2fdd279169ec40d09a",
            },
            LICENSE,
            NOTICES,
        ],
    },
    Platform {
        os: "linux",
        arch: "aarch64",
        tag: "manylinux_2_28_aarch64",
        files: &[
            Pinned {
                path: "capi/libonnxruntime.so.1.32.0",
                sha256: "49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a",
            },
            Pinned {
                path: "capi/libonnxruntime_providers_shared.so",
                sha256: "f91fa2b0a2b8dba9cbc319254d342fa8201fd94b5912b9ce717f82e2207ee3d5",
            },
            LICENSE,
            NOTICES,
        ],
    },
    Platform {
        os: "macos",
        arch: "aarch64",
        tag: "macosx_14_0_arm64",
        files: &[
            Pinned {
                path: "capi/libonnxruntime.1.32.0.dylib",
                sha256: "fa585fabbea65b823b9a8f7e27d46aee3989d1be7e36b528203d3a1fd613aae7",
            },
            LICENSE,
            NOTICES,
        ],
    },
    Platform {
        os: "windows",
        arch: "x86_64",
        tag: "win_amd64",
        files: &[
            Pinned {
                path: "capi/onnxruntime.dll",
                sha256: "443c0065fcdba17618ddef05050308f4b471893c5c7da0337d6957c9073ad8a7",
            },
            Pinned {
                path: "capi/onnxruntime_providers_shared.dll",
                sha256: "b7ce00a1246473401b9b7fed2816852c1f9ecd70f2e68a136761c40d6523b712",
            },
            LICENSE_CRLF,
            NOTICES_CRLF,
        ],
    },
    Platform {
        os: "windows",
        arch: "aarch64",
        tag: "win_arm64",
        files: &[
            Pinned {
                path: "capi/onnxruntime.dll",
                sha256: "a5c1951a7d495fa0c22a0865fe36981fe67f9d5dc7ba3893c20fa7266dd1e994",
            },
            Pinned {
                path: "capi/onnxruntime_providers_shared.dll",
                sha256: "f51b2f49604e9df7f6af648162d9d53d26b21a0008508c9953dd363462152b39",
            },
            LICENSE_CRLF,
            NOTICES_CRLF,
        ],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{PLATFORMS, VERSION, find};

    const REQUIREMENTS: &str = include_str!("../../onnxruntime-requirements.txt");

    fn is_sha256(text: &str) -> bool {
        text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    }

    #[test]
    fn every_supported_host_has_exactly_one_row() {
        let hosts: BTreeSet<_> = PLATFORMS.iter().map(|platform| (platform.os, platform.arch)).collect();
        assert_eq!(hosts.len(), PLATFORMS.len());
        for (os, arch) in
            [("linux", "x86_64"), ("linux", "aarch64"), ("macos", "aarch64"), ("windows", "x86_64")]
        {
            assert!(find(os, arch).is_some(), "{os} {arch}");
        }
        assert!(find("macos", "x86_64").is_none(), "upstream stopped publishing this wheel");
    }

    #[test]
    fn the_library_comes_first_and_hashes_are_well_formed() {
        for platform in PLATFORMS {
            let name = platform.library().file_name();
            assert!(name.contains("onnxruntime") && !name.contains("providers"), "{name}");
            if platform.os != "windows" {
                assert!(name.contains(VERSION), "{name}");
            }
            for file in platform.files {
                assert!(is_sha256(file.sha256), "{} of {}", file.path, platform.tag);
            }
        }
    }

    #[test]
    fn the_requirements_pin_one_wheel_per_platform_of_this_version() {
        assert!(REQUIREMENTS.contains(&format!("onnxruntime=={VERSION} ")));
        let hashes: BTreeSet<_> = REQUIREMENTS
            .split("--hash=sha256:")
            .skip(1)
            .map(|rest| rest.split_whitespace().next().unwrap_or_default())
            .collect();
        assert_eq!(hashes.len(), PLATFORMS.len());
        assert!(hashes.into_iter().all(is_sha256));
    }
}
