//! One answer of a pool of explorers, with its sources.
//!
//! Judges nothing.

use crate::{
    explorer::{ExplorerError, HostFailures},
    text::SafeText,
};

/// What was found, and its sources: the hosts that have the value, or all that have none.
pub(crate) struct PoolAnswer<T> {
    pub(crate) value: Option<T>,
    pub(crate) operators: Vec<SafeText>,
}

impl<T> PoolAnswer<T> {
    /// The value and the one who gave it.
    pub(crate) fn single(mut self) -> Result<(T, SafeText), ExplorerError> {
        self.value.zip(self.operators.pop()).ok_or_else(|| ExplorerError::NoAnswer(HostFailures::default()))
    }
}
