//! Seconds since 1970 as a date that a person reads: the one conversion for every time that comes from outside.
//!
//! It answers for every number: a deadline, a block or a damaged file can name any. It must not read a clock.

use std::time::{Duration, UNIX_EPOCH};

/// The last second of the year 9999, after which a year has more than four digits (RFC 3339).
const LAST_SECOND: u64 = 253_402_300_799;

/// `YYYY-MM-DD HH:MM UTC` for seconds since 1970-01-01 00:00 UTC; from the year 10000 on the words `after the year 9999`.
#[must_use]
pub fn date(seconds: u64) -> String {
    if seconds > LAST_SECOND {
        return "after the year 9999".to_owned();
    }
    let text = rfc3339(seconds);
    format!("{} {} UTC", text.get(..10).unwrap_or_default(), text.get(11..16).unwrap_or_default())
}

/// `YYYY-MM-DDTHH:MM:SSZ` for seconds since 1970-01-01 00:00 UTC (RFC 3339); what is after the year 9999 is its last second.
#[must_use]
pub fn rfc3339(seconds: u64) -> String {
    let moment = UNIX_EPOCH.checked_add(Duration::from_secs(seconds.min(LAST_SECOND))).unwrap_or(UNIX_EPOCH);
    humantime::format_rfc3339_seconds(moment).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_at_the_edges() {
        assert_eq!(date(0), "1970-01-01 00:00 UTC");
        assert_eq!(date(1_795_000_000), "2026-11-18 11:06 UTC");
        assert_eq!(date(LAST_SECOND), "9999-12-31 23:59 UTC");
        assert_eq!((rfc3339(0).as_str(), rfc3339(u64::MAX).as_str()), ("1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"));
        for late in [LAST_SECOND + 1, 999_999_999_999, (1 << 40) - 1, 1 << 40, u64::MAX - 1, u64::MAX] {
            assert_eq!(date(late), "after the year 9999", "{late}");
        }
    }

    proptest! {
        #[test]
        fn every_number_has_a_date(bits in 0u32..64, low in any::<u64>()) {
            // Every size of number as often as any other.
            let seconds = (1u64 << bits) | (low & ((1u64 << bits) - 1));
            let text = date(seconds);
            prop_assert!(text.ends_with("UTC") == (seconds <= LAST_SECOND) && !text.is_empty());
        }
    }
}
