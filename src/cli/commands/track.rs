//! `track`: where a transaction is; one of ours that no host has is sent again, byte for byte. `--wait` asks until it
//! is deep.

use std::time::{Duration, Instant};

use crate::cli::{
    CliError,
    context::Context,
    duration::span,
    ethereum::{
        session::hash,
        views::{self, Patience, Until},
    },
    family::EVM,
    page::{Page, Tone},
    report::{Answer, Report, answer},
    transaction_choice::{Offer, chosen},
};
use bitcoin::Txid;
use fastness::{
    explain::{Failure, Kind},
    flow::{
        self,
        bitcoin::{Alone, Tracking},
    },
    network::Network,
    review::{Evidence, Status},
    text::SafeText,
};
use serde::Serialize;

/// Time between two questions while waiting.
const PAUSE: Duration = Duration::from_secs(10);
const PRACTICE_PAUSE: Duration = Duration::from_millis(500);
/// Questions in a row that may fail while waiting, once one was answered.
const MISSES: u32 = 30;

/// Find out where a transaction is; wait for confirmations
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Transaction id; without it you choose one
    txid: Option<String>,
    /// Wait until it has this many confirmations
    #[arg(long, value_name = "N")]
    wait: Option<u32>,
    /// Wait until it is settled
    #[arg(long, value_enum, value_name = "DEPTH", help_heading = EVM)]
    until: Option<Until>,
    /// Give up waiting after this many minutes
    #[arg(long, value_name = "MINUTES", default_value_t = 120)]
    timeout: u32,
}

#[derive(Serialize)]
struct Tracked {
    id: String,
    network: Network,
    status: Status,
    /// `proven` by us, or `said` by the explorers named.
    evidence: Evidence,
    said_by: Vec<SafeText>,
    /// Hosts that say something else.
    dissent: Vec<Dissenting>,
    /// It was in a block before, and the chain moved: seen just now or while waiting.
    reorganised: bool,
    /// No host had it, and its bytes were sent again: just now or while waiting.
    sent_again: bool,
    /// Why that was refused, if it was.
    refused: Option<String>,
    /// A host accepted it so many seconds ago, and no list shows it yet.
    accepted_seconds_ago: Option<u64>,
    /// It is as deep as was waited for.
    #[serde(skip)]
    reached: bool,
}

/// A host that was asked as well, and what it says.
#[derive(Serialize)]
struct Dissenting {
    operator: SafeText,
    says: String,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let end = Instant::now() + Duration::from_secs(u64::from(self.timeout) * 60);
        let typed = chosen(context, self.txid.as_ref(), Offer::Any)?;
        if typed.starts_with("0x") || context.asked_chain()?.is_some() {
            let chain = context.chain()?;
            let confirmations = u64::from(self.wait.unwrap_or(0));
            let patience = Patience { confirmations, until: self.until, end };
            return views::track(context, chain, hash(&typed)?, patience);
        }
        let txid = typed
            .parse()
            .map_err(|_| CliError::Usage(format!("`{}` is not a transaction id", SafeText::new(&typed))))?;
        let network = context.network()?;
        let tracked = self.bitcoin(context, network, txid, end)?;
        refresh(context)?;
        answer(tracked)
    }

    /// Asks once, or until it is as deep as wanted, replaced, or the time is over.
    fn bitcoin(&self, context: &mut Context, network: Network, txid: Txid, end: Instant) -> Result<Tracked, Failure> {
        let explorer = context.explorer(network)?;
        let mut ledger = context.ledger()?;
        let wanted = self.wait.unwrap_or(0);
        let pause = if network == Network::Regtest { PRACTICE_PAUSE } else { PAUSE };
        let mut tracking = flow::bitcoin::track(&mut ledger, &explorer, network, txid)?;
        let mut misses = 0;
        let alone = if explorer.has_second_source() { Alone::IsDoubted } else { Alone::IsEnough };
        let mut doubted = false;
        if !is_settled(&tracking, wanted, alone) {
            say_beginning(context, Goal { network, wanted }, &tracking);
        }
        while !(is_settled(&tracking, wanted, alone) || Instant::now() >= end) {
            if !doubted && depth(&tracking.status) >= wanted {
                doubted = true;
                context.ui.say("One explorer says that it is as deep as wanted; waiting for another, or for a proof.");
            }
            std::thread::sleep(pause);
            match flow::bitcoin::track(&mut ledger, &explorer, network, txid) {
                Ok(next) => {
                    say_change(context, Goal { network, wanted }, &tracking, &next);
                    let (reorganised, sent_again) = (tracking.reorganised, tracking.sent_again);
                    tracking = next;
                    tracking.reorganised |= reorganised;
                    tracking.sent_again |= sent_again;
                    misses = 0;
                }
                // Over hours a line may be down for minutes: that ends no waiting.
                Err(failure) if failure.entry().kind == Kind::Network && misses < MISSES => misses += 1,
                Err(failure) => return Err(failure),
            }
        }
        let reached = is_settled(&tracking, wanted, alone);
        let Tracking { status, evidence, said_by, dissent, reorganised, sent_again, refused, accepted_ago } = tracking;
        let dissent = dissent.into_iter().map(|(operator, says)| Dissenting { operator, says }).collect();
        Ok(Tracked {
            id: txid.to_string(),
            network,
            status,
            evidence,
            said_by,
            dissent,
            reorganised,
            sent_again,
            refused,
            accepted_seconds_ago: accepted_ago,
            reached,
        })
    }
}

/// Whether waiting ends.
fn is_settled(tracking: &Tracking, wanted: u32, alone: Alone) -> bool {
    let is_doubted = wanted > 0 && alone == Alone::IsDoubted && tracking.evidence == Evidence::Said;
    let is_deep = depth(&tracking.status) >= wanted && !is_doubted;
    is_deep || matches!(tracking.status, Status::Replaced { .. })
}

/// Tells a person what is waited for, how long that takes, and what an interrupt ends.
fn say_beginning(context: &Context, goal: Goal, now: &Tracking) {
    let wanted = goal.wanted;
    let known = match depth(&now.status) {
        0 => "it is in no block yet".to_owned(),
        depth => format!("it has {depth}"),
    };
    let more = goal.expected(depth(&now.status));
    context.ui.say(&format!(
        "Waiting for {wanted} {}: {known}{more}. Ctrl-C ends the waiting alone; the transaction stays as it is.",
        confirmations(wanted)
    ));
}

/// What is waited for.
#[derive(Clone, Copy)]
struct Goal {
    network: Network,
    /// Confirmations.
    wanted: u32,
}

impl Goal {
    /// How long the blocks take that are lacking, where blocks come by themselves.
    fn expected(self, depth: u32) -> String {
        let blocks = self.wanted.saturating_sub(depth);
        if self.network == Network::Regtest || blocks == 0 {
            return String::new();
        }
        format!(", about {} more", span(u64::from(blocks) * u64::from(self.network.chain().block_seconds)))
    }
}

/// Tells a person who waits what is new.
fn say_change(context: &Context, goal: Goal, before: &Tracking, now: &Tracking) {
    let wanted = goal.wanted;
    if now.sent_again {
        context.ui.say("No explorer had it any more: the same bytes were sent again.");
    }
    match (depth(&before.status), depth(&now.status)) {
        (old, new) if old == new => {}
        (_, 0) => context.ui.say("The chain was reorganised: it is unconfirmed again."),
        (_, new) if new < wanted => {
            let more = goal.expected(new);
            context.ui.say(&format!("{new} of {wanted} {}{more}", confirmations(wanted)));
        }
        (_, new) => context.ui.say(&format!("{new} {}", confirmations(new))),
    }
}

/// The ledger's account learns what was just found out, where there is one.
fn refresh(context: &mut Context) -> Result<(), Failure> {
    if context.account().is_ok() {
        crate::cli::bitcoin::refresh::refreshed(context)?;
    }
    Ok(())
}

const fn depth(status: &Status) -> u32 {
    match status {
        Status::Confirmed { confirmations, .. } => *confirmations,
        _ => 0,
    }
}

const fn confirmations(depth: u32) -> &'static str {
    if depth == 1 { "confirmation" } else { "confirmations" }
}

impl Tracked {
    /// The hosts that say so, where we could not prove it.
    fn by_whom(&self) -> String {
        let hosts: Vec<&str> = self.said_by.iter().map(SafeText::as_str).collect();
        match hosts.as_slice() {
            [] => String::new(),
            [one] => format!(", as {one} says"),
            several => format!(", as {} say", several.join(" and ")),
        }
    }
}

impl Report for Tracked {
    fn page(&self, page: &mut Page) {
        page.copyable("Id", &self.id);
        match &self.status {
            Status::NotFound => page.toned_field("Status", (Tone::Claimed, "no explorer has it")),
            Status::Unconfirmed if let Some(ago) = self.accepted_seconds_ago => {
                let text =
                    format!("unconfirmed: accepted {ago} s ago, and not listed anywhere yet; ask again in a moment");
                page.toned_field("Status", (Tone::Claimed, &text));
            }
            Status::Unconfirmed => {
                let text = format!("unconfirmed, waiting in a mempool{}", self.by_whom());
                page.toned_field("Status", (Tone::Claimed, &text));
            }
            Status::Confirmed { height, confirmations: depth, .. } => {
                let head = format!("confirmed in block {height}: {depth} {}", confirmations(*depth));
                match self.evidence {
                    Evidence::Proven => page.toned_field("Status", (Tone::Proven, &(head + ", proven"))),
                    Evidence::Agreed => page.field("Status", &(head + &self.by_whom())),
                    Evidence::Said => page.toned_field("Status", (Tone::Claimed, &(head + &self.by_whom()))),
                }
            }
            Status::Replaced { by } => {
                page.toned_field("Status", (Tone::Stop, &format!("replaced: a coin of it was spent by {by}")))
            }
        }
        for Dissenting { operator, says } in &self.dissent {
            page.toned_field("But", (Tone::Claimed, &format!("{operator} {says}")));
        }
        if self.reorganised {
            page.toned_field("Chain", (Tone::Claimed, "it was in a block before, and the chain was reorganised"));
        }
        if self.sent_again {
            match &self.refused {
                None => page.field("Again", "no explorer had it, so the same bytes were sent once more"),
                Some(why) => page.toned_field("Again", (Tone::Stop, &format!("sent once more, and refused: {why}"))),
            }
        }
    }

    fn exit_code(&self) -> u8 {
        match &self.status {
            Status::Replaced { .. } => Kind::Refused.exit_code(),
            Status::NotFound => Kind::Unknown.exit_code(),
            _ if !self.reached => Kind::Unknown.exit_code(),
            _ => 0,
        }
    }
}
