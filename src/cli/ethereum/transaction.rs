//! `tx` on an EVM chain: a transaction of this home from its outbox, brought up to date where nodes can be asked; of a
//! stranger's only where it is.

use std::time::Instant;

use super::{
    history::{self, Other, Own},
    lookup,
    review_page::write_tree,
    views::{self, Patience},
};
use crate::cli::{
    context::Context,
    page::{Page, Tone},
    report::{Answer, Report, answer},
};
use alloy_primitives::{B256, hex};
use fastness::{
    address::evm_text,
    amount::Units,
    chain::ethereum::{Ownership, decode},
    explain::Failure,
    flow::ethereum,
    ledger::{Ledger, ethereum::OutboxRow},
    network::EvmChain,
    review::{EvmReview, Shown, Warning},
    text::date,
};
use serde::Serialize;

/// That raw bytes are wanted too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raw;

/// A transaction of this home.
#[derive(Serialize)]
struct EvmTransaction {
    network: &'static EvmChain,
    from: String,
    #[serde(flatten)]
    own: Own,
    /// The most that its fee could be.
    fee_at_most: Option<Units>,
    /// What was called, argument by argument.
    calldata: Option<Shown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<String>,
    /// Why nodes could not be asked where it is.
    #[serde(skip)]
    unsettled: Option<String>,
}

/// The whole command.
pub(crate) fn show(context: &mut Context, chain: &'static EvmChain, id: B256, raw: Option<Raw>) -> Answer {
    let mut ledger = context.ledger()?;
    let Some(row) = ledger.outbox_row(chain.id, id)? else {
        return views::track(context, chain, id, Patience { confirmations: 0, until: None, end: Instant::now() });
    };
    let unsettled = history::settle(context, &mut ledger, chain, row.who);
    let row = ledger.outbox_row(chain.id, id)?.unwrap_or(row);
    let mut ours = ethereum::ownership_of_ledger(&ledger, None)?;
    ours.added_tokens = lookup::named_in_reviews(&ledger, chain)?;
    match report(&ledger, &row, &ours, chain)? {
        Some(report) => {
            let bytes = row.signed.as_ref().filter(|_| raw.is_some()).map(|(_, bytes)| hex::encode_prefixed(bytes));
            answer(EvmTransaction { raw: bytes, unsettled, ..report })
        }
        None => views::track(context, chain, id, Patience { confirmations: 0, until: None, end: Instant::now() }),
    }
}

fn report(
    ledger: &Ledger,
    row: &OutboxRow,
    ours: &Ownership,
    chain: &'static EvmChain,
) -> Result<Option<EvmTransaction>, Failure> {
    let Some(own) = history::own(ledger, row, ours, chain)? else { return Ok(None) };
    let review = row.signed.as_ref().and_then(|(_, raw)| decode::signed(raw).ok());
    let review: Option<EvmReview> = review.and_then(|(_, plan)| decode::review(&plan, ours).ok());
    Ok(Some(EvmTransaction {
        network: chain,
        from: evm_text(row.who.from, chain),
        fee_at_most: review.as_ref().map(|review| review.fee.worst.clone()),
        calldata: review.filter(|review| review.data_bytes > 0).map(|review| review.calldata),
        own,
        raw: None,
        unsettled: None,
    }))
}

impl EvmTransaction {
    fn write_state(&self, page: &mut Page) {
        let block = self.own.block.map_or_else(String::new, |block| format!(" in block {block}"));
        let time = date(self.own.time.unwrap_or(self.own.created));
        let (tone, state) = match self.own.state {
            _ if self.own.failed => (Tone::Stop, "FAILED"),
            "mined" => (Tone::Proven, "mined"),
            "replaced" | "rejected" => (Tone::Stop, self.own.state),
            state => (Tone::Claimed, state),
        };
        page.toned_field("Status", (tone, &format!("{state}{block} · {time}")));
        if !self.own.detail.is_empty() {
            page.field("", &self.own.detail);
        }
        if let Some(by) = &self.own.replaced_by {
            page.field("", &format!("its nonce is that of {by} now"));
        }
    }

    fn write_fee(&self, page: &mut Page) {
        match (&self.own.fee, &self.fee_at_most) {
            (Some(fee), _) => page.field("Fee", &format!("{fee} were paid for gas")),
            (None, Some(most)) => page.field("Fee", &format!("at most {most} for gas")),
            (None, None) => {}
        }
    }
}

impl Report for EvmTransaction {
    fn page(&self, page: &mut Page) {
        page.heading("Transaction", &self.network.to_string());
        page.blank();
        page.copyable("Id", &self.own.id.to_string());
        if let Some(label) = &self.own.label {
            page.field("Note", label.as_str());
        }
        self.write_state(page);
        page.field("Action", self.own.action.as_str());
        page.field("From", &self.from);
        for other in &self.own.counterparties {
            let name = if other.is_named() {
                format!("{} ({})", other.address, Other::name(other))
            } else {
                other.address.clone()
            };
            page.field("To", &name);
        }
        if let Some(token) = &self.own.token {
            page.field("Token", token);
        }
        self.write_fee(page);
        page.field("Nonce", &self.own.nonce.to_string());
        if let Some(calldata) = &self.calldata {
            page.field("Calldata", "");
            write_tree(calldata, page);
        }
        if let Some(raw) = &self.raw {
            page.copyable("Raw", raw);
        }
        if self.own.state == "unknown" || self.own.state == "sent" {
            page.next(&format!("fastness track {} --network {}", self.own.id, self.network.name));
        }
    }

    fn warnings(&self) -> Vec<Warning> {
        self.unsettled.iter().map(|why| history::not_settled(why)).collect()
    }
}
