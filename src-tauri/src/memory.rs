//! Memory of this process.

/// Bytes of this process in RAM; 0 where the system does not say. The web view's own processes are not counted.
#[must_use]
pub fn resident_bytes() -> u64 {
    memory_stats::memory_stats().map_or(0, |stats| stats.physical_mem as u64)
}
