//! Peak memory of this process.

/// Largest resident set of this process so far in bytes, where the system tells.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn peak_memory() -> Option<u64> {
    // Not getrusage(2): its figure survives exec(2), so a program started by a larger one reports that one's.
    high_water(&std::fs::read_to_string("/proc/self/status").ok()?)
}

/// `VmHWM` of `proc_pid_status(5)`, which counts in units of 1024 bytes.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn high_water(status: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|units| units * 1024)
}

/// Largest resident set of this process so far in bytes, where the system tells.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
pub fn peak_memory() -> Option<u64> {
    use nix::sys::resource::{UsageWho, getrusage};
    let peak = u64::try_from(getrusage(UsageWho::RUSAGE_SELF).ok()?.max_rss()).ok()?;
    // Kilobytes everywhere but on Apple's systems, which count bytes (getrusage(2) of each).
    Some(if cfg!(target_vendor = "apple") { peak } else { peak * 1024 })
}

/// Not known here.
#[cfg(not(unix))]
pub fn peak_memory() -> Option<u64> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn peak_memory_is_plausible() {
        let peak = peak_memory().unwrap();
        assert!((1 << 20..1 << 40).contains(&peak), "{peak}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_high_water_mark_is_read_from_the_status() {
        assert_eq!(high_water("VmPeak:\t 9 kB\nVmHWM:\t   12 kB\nVmRSS:\t 3 kB\n"), Some(12 * 1024));
        assert_eq!(high_water("VmRSS:\t 3 kB\n"), None);
    }
}
