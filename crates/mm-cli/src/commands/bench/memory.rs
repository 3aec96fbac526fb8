//! Peak memory of this process.

/// Largest resident set of this process so far, where the system tells.
#[cfg(unix)]
pub fn peak_memory() -> Option<u64> {
    use nix::sys::resource::{UsageWho, getrusage};
    let peak = u64::try_from(getrusage(UsageWho::RUSAGE_SELF).ok()?.max_rss()).ok()?;
    // Kilobytes everywhere but on Apple's systems, which count bytes (getrusage(2) of each).
    Some(if cfg!(target_vendor = "apple") { peak } else { peak * 1024 })
}

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
}
