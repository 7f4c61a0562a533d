//! Milliseconds since 1970 that move with the runtime's clock, so that a paused clock moves them too.
//!
//! Read once from the system, then only counted forward: a clock that is set back never closes a bucket for ever.

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

thread_local! {
    static START: (u64, Instant) = (of_the_system(), Instant::now());
}

fn of_the_system() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Now.
pub(crate) fn now() -> u64 {
    START.with(|(then, at)| {
        let passed = Instant::now().saturating_duration_since(*at);
        then.saturating_add(u64::try_from(passed.as_millis()).unwrap_or(u64::MAX))
    })
}
