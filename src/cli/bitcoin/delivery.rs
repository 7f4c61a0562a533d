//! Sending a signed transaction of Bitcoin's family, and what became of it, for a person and for programs.
//!
//! The verdict comes from the flow; nothing is signed here.

use std::time::Duration;

use crate::cli::{
    context::Context,
    family::BITCOIN,
    interrupts::{self, NO_ANSWER_YET},
    page::{Page, Tone},
    report::{OpenLedger, Report},
};
use fastness::{
    explain::{Explain, Failure, Kind},
    explorer::{
        Explorer, ExplorerError,
        bitcoin::{Dissent, NotSent, Propagation, Sending, Taken, Verdict, Why},
    },
    flow::{
        self,
        bitcoin::{Delivery, Replaces, SignedFile},
    },
    network::Network,
    review::Warning,
    text::SafeText,
};
use serde::Serialize;

/// How many learn of what is sent.
#[derive(Debug, clap::Args)]
pub(crate) struct DiscretionArgs {
    /// Send to one explorer alone, an onion service if there is one, after a pause of up to 30 seconds
    #[arg(long, help_heading = BITCOIN)]
    private: bool,
}

impl DiscretionArgs {
    /// An explorer that sends in this way. Before it does, a pause parts what is sent from what was asked.
    fn explorer(&self, context: &mut Context, network: Network) -> Result<Explorer, Failure> {
        let explorer = context.explorer(network)?;
        if !self.private {
            return Ok(explorer);
        }
        if context.egress()?.proxy.is_none() && network != Network::Regtest {
            let text = "without a proxy the one explorer that it is sent to sees your address".to_owned();
            context.ui.warn(&Warning { code: "private_without_proxy", text });
        }
        let most = if network == Network::Regtest { PRACTICE_PAUSE } else { PAUSE };
        let thousandths = getrandom::u32().map_or(1000, |random| random % 1001);
        let pause = most * thousandths / 1000;
        context
            .ui
            .say(&format!("Waiting {} s, so that what is sent is told apart from what was asked.", pause.as_secs()));
        std::thread::sleep(pause);
        Ok(explorer.sending(Sending::Privately))
    }
}

/// The longest pause before something is sent privately.
pub(crate) const PAUSE: Duration = Duration::from_secs(30);

pub(crate) const PRACTICE_PAUSE: Duration = Duration::from_millis(300);

/// What became of it.
#[derive(Serialize)]
pub(crate) struct DeliveryReport {
    id: String,
    network: Network,
    verdict: &'static str,
    /// The hosts that have it and what the others said, or why it is unclear.
    detail: String,
    /// Hosts that took it or have it.
    accepted_by: Vec<SafeText>,
    /// Hosts that were sent it and did not take it.
    dissent: Vec<Objection>,
    /// `yes` once a host has it that was not sent it.
    propagated: &'static str,
    /// The transaction of ours that it takes the place of.
    replaces: Option<Replaces>,
}

/// What one of them said.
#[derive(Serialize)]
pub(crate) struct Objection {
    operator: SafeText,
    /// The code of a refusal; nothing where there was none.
    code: Option<&'static str>,
    text: String,
}

/// Sends, and turns the verdict into a report or an error.
pub(crate) fn send(
    context: &mut Context,
    file: &SignedFile,
    discretion: &DiscretionArgs,
) -> Result<DeliveryReport, Failure> {
    let network = file.signed.network;
    let explorer = discretion.explorer(context, network)?;
    let mut ledger = context.ledger()?;
    let id = file.signed.id.clone();
    interrupts::may_leave(DeliveryReport::without_names(id, network, "unknown", NO_ANSWER_YET.to_owned()))?;
    let Delivery { txid, verdict } = flow::bitcoin::deliver(&mut ledger, &explorer, file)?;
    let sent = |verdict, detail| Ok(DeliveryReport::without_names(txid.clone(), network, verdict, detail));
    match verdict {
        Verdict::Accepted(taken) => Ok(DeliveryReport::of(txid, network, "accepted", taken)),
        Verdict::Known(taken) => Ok(DeliveryReport::of(txid, network, "known", taken)),
        Verdict::Confirmed { block, said_by } => {
            let hosts: Vec<&str> = said_by.iter().map(SafeText::as_str).collect();
            let say = if hosts.len() == 1 { "says" } else { "say" };
            let detail = format!("in block {}, as {} {say}", block.height, hosts.join(" and "));
            Ok(DeliveryReport { accepted_by: said_by, ..sent("confirmed", detail)? })
        }
        Verdict::Unknown => sent("unknown", "no answer after the bytes had left".to_owned()),
        Verdict::Rejected(class) => Err(class.into()),
        Verdict::NotSent(NotSent::Nobody(failures)) => Err(ExplorerError::NoAnswer(failures).into()),
        Verdict::NotSent(NotSent::NotThatTransaction) => {
            Err(flow::FlowError::NotSigned("its bytes are not the transaction named".to_owned()).into())
        }
    }
}

impl DeliveryReport {
    /// The same with what it replaces.
    pub(crate) fn replacing(self, replaces: Option<Replaces>) -> Self {
        Self { replaces, ..self }
    }

    fn of(id: String, network: Network, verdict: &'static str, taken: Taken) -> Self {
        let detail = taken.to_string();
        let propagated = match taken.propagation {
            Propagation::Seen(_) => "yes",
            Propagation::NotYet => "not_yet_seen",
            Propagation::NobodyToAsk => "not_asked",
        };
        let dissent = taken.dissent.into_iter().map(Objection::from).collect();
        Self { id, network, verdict, detail, accepted_by: taken.operators, dissent, propagated, replaces: None }
    }

    fn without_names(id: String, network: Network, verdict: &'static str, detail: String) -> Self {
        Self {
            id,
            network,
            verdict,
            detail,
            accepted_by: Vec::new(),
            dissent: Vec::new(),
            propagated: "not_asked",
            replaces: None,
        }
    }
}

impl From<Dissent> for Objection {
    fn from(dissent: Dissent) -> Self {
        let (code, text) = match dissent.why {
            Why::Refused(class) => (Some(class.entry().code), class.to_string()),
            Why::NotSent(cause) | Why::Unclear(cause) => (None, cause.to_string()),
        };
        Self { operator: dissent.operator, code, text }
    }
}

impl Report for DeliveryReport {
    fn page(&self, page: &mut Page) {
        if self.verdict == "unknown" {
            page.toned(Tone::Claimed, "Not sure: the transaction may be on the network (exit 5).");
            page.copyable("Id", &self.id);
            page.field("Why", &self.detail);
            page.line("  Its coins stay locked, and nothing new will be built from them.");
            return page.next(&format!("fastness track {}", self.id));
        }
        let (head, word) = match self.verdict {
            "accepted" => ("Sent.", "accepted by "),
            "known" => ("Already on its way; nothing had to be sent.", "known to "),
            _ => ("Already in a block, so nothing had to be sent; `fastness track` looks for the proof.", ""),
        };
        page.line(head);
        page.copyable("Id", &self.id);
        if let Some(replaces) = &self.replaces {
            page.line(&format!("  {replaces}."));
        }
        page.field("Has it", &format!("{word}{}", self.detail));
        match self.propagated {
            "yes" => page.field("Spreads", "yes: an explorer has it that was not sent it"),
            "not_yet_seen" => page.field("Spreads", "not seen yet by those that were not sent it"),
            _ => {}
        }
        page.next(&format!("fastness track {}", self.id));
    }

    fn exit_code(&self) -> u8 {
        if self.verdict == "unknown" { Kind::Unknown.exit_code() } else { 0 }
    }

    /// Only now was the person told: until here the same command takes up this transaction and makes no second one.
    fn told(&self, ledger: OpenLedger<'_>) -> Result<(), Failure> {
        Ok(ledger()?.mark_told(self.network, &self.id)?)
    }
}
