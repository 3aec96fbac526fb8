//! What must be on the machine before `setup`, and the exact line that puts it there.

use std::fmt;

/// A version as two numbers; what follows them never matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32);

impl Version {
    /// The first two numbers in the first word of `text` that has them: `v20.20.2`, `Python 3.11.7`.
    pub fn parse(text: &str) -> Option<Self> {
        text.split_whitespace().find_map(|word| {
            let mut numbers = word.trim_start_matches('v').split('.');
            let major = numbers.next()?.parse().ok()?;
            let minor = numbers.next()?.parse().ok()?;
            Some(Self(major, minor))
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.0, self.1)
    }
}

/// How software is installed on this kind of system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    Debian,
    Fedora,
    Arch,
    MacOs,
    Windows,
    Other,
}

impl System {
    /// The system this runs on.
    pub fn detect() -> Self {
        match std::env::consts::OS {
            "macos" => Self::MacOs,
            "windows" => Self::Windows,
            _ => Self::from_os_release(&std::fs::read_to_string("/etc/os-release").unwrap_or_default()),
        }
    }

    /// `ID` and `ID_LIKE` of os-release(5).
    fn from_os_release(text: &str) -> Self {
        let ids: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
            .flat_map(|value| value.trim_matches('"').split_whitespace())
            .collect();
        let is = |names: &[&str]| ids.iter().any(|id| names.contains(id));
        if is(&["debian", "ubuntu"]) {
            Self::Debian
        } else if is(&["fedora", "rhel"]) {
            Self::Fedora
        } else if is(&["arch"]) {
            Self::Arch
        } else {
            Self::Other
        }
    }

    /// The line that installs a Python with its `venv` module.
    pub fn install_python(self) -> &'static str {
        match self {
            Self::Debian => "sudo apt-get update && sudo apt-get install --yes python3 python3-venv",
            Self::Fedora => "sudo dnf install --assumeyes python3",
            Self::Arch => "sudo pacman -S --needed python",
            Self::MacOs => "brew install python@3.13",
            Self::Windows => "winget install --exact --id Python.Python.3.13",
            Self::Other => "install Python 3.11 or newer with its `venv` and `ensurepip` modules",
        }
    }

    /// The line that installs what building the app needs.
    pub fn install_app(self) -> &'static str {
        match self {
            Self::Debian => {
                "sudo apt-get update && sudo apt-get install --yes build-essential pkg-config libclang-dev \
                 libspeechd-dev libwebkit2gtk-4.1-dev librsvg2-dev speech-dispatcher espeak-ng"
            }
            Self::Fedora => {
                "sudo dnf install --assumeyes gcc-c++ pkgconf-pkg-config clang-devel speech-dispatcher-devel \
                 webkit2gtk4.1-devel librsvg2-devel speech-dispatcher-espeak-ng"
            }
            Self::Arch => {
                "sudo pacman -S --needed base-devel clang speech-dispatcher webkit2gtk-4.1 librsvg espeak-ng"
            }
            Self::MacOs => "xcode-select --install",
            Self::Windows => "winget install --exact --id Microsoft.VisualStudio.2022.BuildTools",
            Self::Other => {
                "install the development files of WebKitGTK 4.1, librsvg, Speech Dispatcher and libclang"
            }
        }
    }

    /// The line that installs Node.
    pub fn install_node(self) -> &'static str {
        match self {
            Self::Debian => "sudo apt-get update && sudo apt-get install --yes nodejs npm",
            Self::Fedora => "sudo dnf install --assumeyes nodejs npm",
            Self::Arch => "sudo pacman -S --needed nodejs npm",
            Self::MacOs => "brew install node",
            Self::Windows => "winget install --exact --id OpenJS.NodeJS.LTS",
            Self::Other => "install Node 20 or newer with npm",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_versions_that_tools_print() {
        assert_eq!(Version::parse("Python 3.11.7"), Some(Version(3, 11)));
        assert_eq!(Version::parse("v20.20.2\n"), Some(Version(20, 20)));
        assert_eq!(Version::parse("cargo-deny 0.20.2"), Some(Version(0, 20)));
        assert_eq!(Version::parse("no version here"), None);
        assert!(Version(3, 9) < Version(3, 10) && Version(4, 0) > Version(3, 12));
    }

    #[test]
    fn tells_distributions_apart_by_their_own_and_their_parents_name() {
        assert_eq!(System::from_os_release("NAME=\"Debian GNU/Linux\"\nID=debian\n"), System::Debian);
        assert_eq!(System::from_os_release("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"), System::Debian);
        assert_eq!(System::from_os_release("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"), System::Fedora);
        assert_eq!(System::from_os_release("ID=nixos\n"), System::Other);
        assert_eq!(System::from_os_release(""), System::Other);
    }
}
