//! `track`: where a transaction is; one of ours that nobody has is sent again, byte for byte. `--wait` asks until it is deep enough.

use std::time::{Duration, Instant};

use fastness::{
    explain::{Failure, Kind},
    flow,
    intent::Status,
    network::Network,
    text::SafeText,
};
use serde::Serialize;

use super::{
    Answer, answer,
    evm_views::{self, Patience, Until},
};
use crate::cli::{
    DeskError,
    context::Context,
    ethereum::story::hash,
    page::{Page, Tone},
    report::Report,
};

/// Time between two questions while waiting.
const PAUSE: Duration = Duration::from_secs(10);
const PRACTICE_PAUSE: Duration = Duration::from_millis(500);

/// Find out where a transaction is; wait for confirmations
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Transaction id
    txid: String,
    /// Wait until it has this many confirmations
    #[arg(long, value_name = "N")]
    wait: Option<u32>,
    /// Wait until it is settled (Ethereum and its family)
    #[arg(long, value_enum, value_name = "DEPTH")]
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
    #[serde(skip)]
    wanted: u32,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let end = Instant::now() + Duration::from_secs(u64::from(self.timeout) * 60);
        if self.txid.starts_with("0x") || context.asked_chain()?.is_some() {
            let chain = context.chain()?;
            let confirmations = u64::from(self.wait.unwrap_or(0));
            let patience = Patience { confirmations, until: self.until, end };
            return evm_views::track(context, chain, hash(&self.txid)?, patience);
        }
        let txid = self
            .txid
            .parse()
            .map_err(|_| DeskError::Usage(format!("`{}` is not a transaction id", SafeText::new(&self.txid))))?;
        let network = context.network()?;
        let explorer = context.explorer(network)?;
        let mut ledger = context.ledger()?;
        let wanted = self.wait.unwrap_or(0);
        let pause = if network == Network::Regtest { PRACTICE_PAUSE } else { PAUSE };
        loop {
            let status = flow::track(&mut ledger, &explorer, network, txid)?;
            if depth(&status) >= wanted || matches!(status, Status::Replaced { .. }) || Instant::now() >= end {
                refresh(context)?;
                return answer(Tracked { id: self.txid.clone(), network, status, wanted });
            }
            std::thread::sleep(pause);
        }
    }
}

/// The ledger's account learns what was just found out, where there is one.
fn refresh(context: &mut Context) -> Result<(), Failure> {
    if context.account().is_ok() {
        super::sync::refreshed(context)?;
    }
    Ok(())
}

const fn depth(status: &Status) -> u32 {
    match status {
        Status::Confirmed { confirmations, .. } => *confirmations,
        _ => 0,
    }
}

impl Report for Tracked {
    fn page(&self, page: &mut Page) {
        page.field("Id", &self.id);
        match &self.status {
            Status::NotFound => page.toned_field("Status", (Tone::Claimed, "no explorer has it")),
            Status::Unconfirmed => page.toned_field("Status", (Tone::Claimed, "unconfirmed, waiting in a mempool")),
            Status::Confirmed { height, confirmations, .. } => {
                let plural = if *confirmations == 1 { "" } else { "s" };
                page.field(
                    "Status",
                    &format!("confirmed in block {height}: {confirmations} confirmation{plural}, as the explorer says"),
                );
            }
            Status::Replaced { by } => {
                page.toned_field("Status", (Tone::Stop, &format!("replaced: a coin of it was spent by {by}")))
            }
        }
    }

    fn exit_code(&self) -> u8 {
        match &self.status {
            Status::Replaced { .. } => Kind::Refused.exit_code(),
            Status::NotFound => Kind::Unknown.exit_code(),
            status if depth(status) < self.wanted => Kind::Unknown.exit_code(),
            _ => 0,
        }
    }
}
