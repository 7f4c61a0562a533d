//! Which lines of a history are shown: options of both families, read once.

use fastness::{contact::ContactBook, explain::Failure, ledger::now, text::SafeText};

use super::CliError;

/// Which lines, and in what form.
#[derive(Debug, clap::Args)]
pub(crate) struct HistoryArgs {
    /// Show only the newest
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Only from this day on, such as 2026-11-01, or of the last 30d
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// Only with this one, an address or @NAME, on the other side
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    /// Only what is in no block yet
    #[arg(long)]
    unconfirmed: bool,
    /// Print lines for the books: amounts, fees, names and times as CSV
    #[arg(long)]
    pub(crate) csv: bool,
}

/// The lines that are wanted.
#[derive(Debug)]
pub(crate) struct HistoryFilter {
    /// At most so many.
    pub(crate) limit: usize,
    since: u64,
    address: Option<String>,
    unconfirmed: bool,
}

/// What a line is judged by.
pub(crate) struct LineFacts<'a> {
    /// Seconds since 1970.
    pub(crate) time: u64,
    /// Number of its block, if it is in one.
    pub(crate) block: Option<u64>,
    /// Addresses on the other side.
    pub(crate) others: Vec<&'a str>,
}

impl HistoryArgs {
    /// The filter. A contact's name is read by the book of the network, and `whole` makes an address what it is shown as.
    ///
    /// # Errors
    /// A date, a contact or an address is not understood.
    pub(crate) fn filter(
        &self,
        book: &ContactBook,
        whole: impl Fn(&str) -> Result<String, Failure>,
    ) -> Result<HistoryFilter, Failure> {
        Ok(HistoryFilter {
            limit: self.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX)),
            since: self.since.as_deref().map_or(Ok(0), moment)?,
            address: self.to.as_deref().map(|to| whole(&book.address(to)?)).transpose()?,
            unconfirmed: self.unconfirmed,
        })
    }
}

impl HistoryFilter {
    /// Whether a line is wanted.
    pub(crate) fn wants(&self, line: &LineFacts<'_>) -> bool {
        let is_with = |wanted: &String| line.others.iter().any(|other| other.eq_ignore_ascii_case(wanted));
        line.time >= self.since
            && (!self.unconfirmed || line.block.is_none())
            && self.address.as_ref().is_none_or(is_with)
    }

    /// Lines to ask others for: as many as are wanted, or the usual number where not all of them will be.
    pub(crate) const fn rows(&self, usual: usize) -> usize {
        if self.is_open() && self.limit != usize::MAX { self.limit } else { usual }
    }

    /// Whether every line is wanted, so that the newest are the first.
    pub(crate) const fn is_open(&self) -> bool {
        self.since == 0 && self.address.is_none() && !self.unconfirmed
    }
}

/// The beginning of a day in UTC, a time of one, or so long ago; in seconds since 1970.
fn moment(text: &str) -> Result<u64, CliError> {
    let whole = if text.len() == 10 { format!("{text} 00:00:00") } else { text.to_owned() };
    let since = |at: std::time::SystemTime| at.duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    if let Ok(at) = humantime::parse_rfc3339_weak(&whole) {
        return Ok(since(at));
    }
    let ago = humantime::parse_duration(text).map_err(|_| {
        CliError::Usage(format!("`{}` is no date; write 2026-11-01, or 30d for the last 30 days", SafeText::new(text)))
    })?;
    Ok(now().saturating_sub(ago.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_times_and_spans_are_read() {
        assert_eq!(moment("1970-01-02").unwrap(), 86_400);
        assert_eq!(moment("1970-01-02 00:01:00").unwrap(), 86_460);
        assert!(now() - moment("2h").unwrap() - 7_200 < 5);
        for text in ["", "yesterday", "2026-13-01", "-1d", "99999999999999999999d"] {
            assert!(matches!(moment(text), Err(CliError::Usage(_))), "{text}");
        }
    }

    #[test]
    fn lines_are_judged_by_every_option() {
        let filter = HistoryFilter { limit: 1, since: 10, address: Some("bc1qA".to_owned()), unconfirmed: true };
        let line = |time, block, other| LineFacts { time, block, others: vec![other] };
        assert!(filter.wants(&line(10, None, "BC1QA")));
        for other in [line(9, None, "bc1qa"), line(10, Some(1), "bc1qa"), line(10, None, "bc1qb")] {
            assert!(!filter.wants(&other));
        }
    }
}
