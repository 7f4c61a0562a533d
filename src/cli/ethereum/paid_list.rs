//! What became of a list of payments: a line for each that was sent, now or earlier, and why it stopped.
//!
//! Words and exit codes only: no line is called paid that is not.

use fastness::{
    explain::{Failure, Kind},
    network::EvmChain,
};
use serde::Serialize;

use super::report::EvmSent;
use crate::cli::{
    CliError,
    page::{Page, Tone},
    report::{OpenLedger, Report},
};

/// What became of a line.
#[derive(Clone, Serialize)]
pub(super) struct PaidLine {
    pub(super) line: usize,
    pub(super) to: String,
    pub(super) amount: String,
    pub(super) id: String,
    pub(super) state: LineState,
}

/// How far a line got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LineState {
    /// Sent by this run.
    Sent,
    /// Sent by an earlier run under the same key: paid, or on its way.
    Earlier,
    /// It may have left.
    Unknown,
    /// Sent under the same key, and failed in its block: nothing but its fee was taken.
    Failed,
    /// Sent under the same key, and another transaction took its nonce: it was cancelled.
    Replaced,
}

impl LineState {
    const fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Earlier => "earlier",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
            Self::Replaced => "replaced",
        }
    }
}

/// Why a list came to its end before its last line.
#[derive(Clone, Serialize)]
struct ListStop {
    /// The line that it stopped at.
    line: usize,
    /// The code of that failure; nothing where it is not known whether the line left.
    code: Option<&'static str>,
    message: String,
    #[serde(skip)]
    exit_code: u8,
}

/// What became of a list.
#[derive(Serialize)]
pub(crate) struct PaidList {
    pub(super) network: &'static EvmChain,
    pub(super) lines: usize,
    pub(super) payments: Vec<PaidLine>,
    stopped: Option<ListStop>,
    #[serde(skip)]
    pub(super) sent: Vec<EvmSent>,
}

impl PaidList {
    /// Of so many lines, none of them paid yet.
    pub(super) const fn new(network: &'static EvmChain, lines: usize) -> Self {
        Self { network, lines, payments: Vec::new(), stopped: None, sent: Vec::new() }
    }

    /// Stops at a line that failed.
    pub(super) fn stop(&mut self, line: usize, failure: &Failure) {
        let entry = failure.entry();
        let (message, exit_code) = (failure.message(), entry.kind.exit_code());
        self.stopped = Some(ListStop { line, code: Some(entry.code), message, exit_code });
    }

    /// Stops at a line of which nobody knows whether it left.
    pub(super) fn stop_unknown(&mut self, line: usize) {
        let message = "it is not known whether it left".to_owned();
        let exit_code = Kind::Unknown.exit_code();
        self.stopped = Some(ListStop { line, code: None, message, exit_code });
    }

    /// What is known before a line, for an interrupt while it asks.
    pub(super) fn so_far(&self, next: usize) -> Self {
        let mut known = Self {
            network: self.network,
            lines: self.lines,
            payments: self.payments.clone(),
            stopped: None,
            sent: Vec::new(),
        };
        known.stop(next, &CliError::Interrupted.into());
        known
    }

    fn count(&self, state: LineState) -> usize {
        self.payments.iter().filter(|payment| payment.state == state).count()
    }
}

impl Report for PaidList {
    fn page(&self, page: &mut Page) {
        let row = |paid: &PaidLine| {
            vec![
                paid.line.to_string(),
                paid.state.name().to_owned(),
                paid.amount.clone(),
                paid.to.clone(),
                paid.id.clone(),
            ]
        };
        let rows: Vec<Vec<String>> = self.payments.iter().map(row).collect();
        page.table(&["line", "state", "amount", "to", "id"], &rows);
        let (sent, earlier) = (self.count(LineState::Sent), self.count(LineState::Earlier));
        page.line(&format!("Of {} lines {sent} were sent now, and {earlier} earlier under the same key.", self.lines));
        if let Some(stop) = &self.stopped {
            let code = stop.code.map_or_else(String::new, |code| format!(" ({code})"));
            page.toned(Tone::Stop, &format!("Stopped at line {}: {}{code}", stop.line, stop.message));
            let from = if stop.code.is_some() { "with that line" } else { "behind that line" };
            page.line(&format!("The same command goes on {from}, and pays none twice."));
        }
        if self.count(LineState::Unknown) > 0 {
            let text = "Not sure of those that are `unknown`: they may be on the network (exit 5); `fastness track` finds out.";
            page.toned(Tone::Claimed, text);
        }
        if self.count(LineState::Failed) + self.count(LineState::Replaced) > 0 {
            let text = "What is `failed` or `replaced` was not paid, and this key never pays it: another key does, with those lines alone.";
            page.toned(Tone::Stop, text);
        }
    }

    fn exit_code(&self) -> u8 {
        if self.count(LineState::Unknown) > 0 {
            return Kind::Unknown.exit_code();
        }
        let lost = self.count(LineState::Failed) + self.count(LineState::Replaced) > 0;
        let lost = if lost { Kind::Refused.exit_code() } else { 0 };
        match &self.stopped {
            None => lost,
            // Codes that say that nothing left, or that nothing was done, are not true of a list of which something was sent.
            Some(_) if self.count(LineState::Sent) > 0 => Kind::Refused.exit_code(),
            Some(stop) => stop.exit_code,
        }
    }

    fn told(&self, ledger: OpenLedger<'_>) -> Result<(), Failure> {
        self.sent.iter().try_for_each(|sent| sent.told(ledger))
    }
}
