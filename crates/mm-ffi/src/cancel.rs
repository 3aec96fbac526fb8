//! Stopping work from another thread.

/// Stops a caption or an answer, which then fails with `task.cancelled` after the word it is at.
#[derive(Debug, Default, uniffi::Object)]
pub struct CancelToken {
    token: mm_core::tasks::CancelToken,
}

impl CancelToken {
    pub(crate) fn core(&self) -> mm_core::tasks::CancelToken {
        self.token.clone()
    }
}

#[uniffi::export]
impl CancelToken {
    /// A token that nobody has used yet.
    #[uniffi::constructor]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the work to stop. Cannot be taken back.
    pub fn cancel(&self) {
        self.token.cancel();
    }

    /// Whether `cancel` was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.token.is_cancelled()
    }
}
