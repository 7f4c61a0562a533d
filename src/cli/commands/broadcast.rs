//! `broadcast`: journal first, then the bytes, then one verdict. The same bytes on every resend.

use std::path::PathBuf;

use fastness::{
    explain::{Failure, Kind},
    explorer::{ExplorerError, NotSent, Verdict},
    flow::{self, Delivery, SignedFile, ethereum},
    network::Network,
};
use serde::Serialize;

use super::{Answer, answer, sign::read_input};
use crate::cli::{
    context::Context,
    ethereum::story,
    page::{Page, Tone},
    report::Report,
};

/// Send what was signed
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The signed file, a finalized PSBT or a raw transaction, or - for standard input
    file: PathBuf,
}

#[derive(Serialize)]
pub(super) struct Sent {
    id: String,
    network: Network,
    verdict: &'static str,
    /// Hosts that have it, or why it is unclear.
    detail: String,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let bytes = read_input(&self.file)?;
        if story::chain_of_file(context, &bytes)?.is_some() {
            let _lock = context.payment_lock()?;
            let signed = ethereum::read_signed(&bytes, context.asked())?;
            let (node, mut ledger) = (context.node(signed.chain)?, context.ledger()?);
            return answer(story::send(context, (&mut ledger, &node), &signed, None)?);
        }
        let file = SignedFile::read(&bytes, context.network_for(&bytes)?)?;
        answer(send(context, &file)?)
    }
}

/// Sends, and turns the verdict into a report or an error.
pub(super) fn send(context: &mut Context, file: &SignedFile) -> Result<Sent, Failure> {
    let network = file.signed.network;
    let explorer = context.explorer(network)?;
    let mut ledger = context.ledger()?;
    let Delivery { txid, verdict } = flow::deliver(&mut ledger, &explorer, file)?;
    let sent = |verdict, detail| Ok(Sent { id: txid, network, verdict, detail });
    match verdict {
        Verdict::Accepted { operators } => {
            sent("accepted", operators.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
        Verdict::Known => sent("known", "it was in a mempool already".to_owned()),
        Verdict::Confirmed(block) => sent("confirmed", format!("in block {}", block.height)),
        Verdict::Unknown => sent("unknown", "no answer after the bytes had left".to_owned()),
        Verdict::Rejected(class) => Err(class.into()),
        Verdict::NotSent(NotSent::Nobody(failures)) => Err(ExplorerError::NoAnswer(failures).into()),
        Verdict::NotSent(NotSent::NotThatTransaction) => {
            Err(flow::FlowError::NotSigned("its bytes are not the transaction named".to_owned()).into())
        }
    }
}

impl Report for Sent {
    fn page(&self, page: &mut Page) {
        if self.verdict == "unknown" {
            page.toned(Tone::Claimed, "Not sure: the transaction may be on the network.");
            page.field("Id", &self.id);
            page.field("Why", &self.detail);
            page.line("  Its coins stay locked, and nothing new will be built from them.");
            return page.field("Next", &format!("fastness track {}   (exit 5)", self.id));
        }
        page.line(match self.verdict {
            "accepted" => "Sent.",
            "known" => "Already on its way; nothing had to be sent.",
            _ => "Already confirmed; nothing had to be sent.",
        });
        page.field("Id", &self.id);
        page.field("Has it", &self.detail);
        page.field("Next", &format!("fastness track {}", self.id));
    }

    fn exit_code(&self) -> u8 {
        if self.verdict == "unknown" { Kind::Unknown.exit_code() } else { 0 }
    }
}
