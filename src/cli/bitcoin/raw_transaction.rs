//! The report of `inspect` on a transaction without its previous outputs: what its bytes say, and what is odd about them.
//!
//! Decides nothing; neither fee nor owner is guessed.

use crate::cli::{
    bitcoin::review_page::locktime_words,
    page::{Page, Tone},
    report::Report,
};
use bitcoin::Transaction;
use fastness::{
    address,
    amount::{Amount, sat_text},
    chain::bitcoin::{decode, outputs::Form, raw},
    network::Network,
    review::{Locktime, Warning},
};
use serde::Serialize;

#[derive(Serialize)]
struct Output {
    address: Option<String>,
    script: String,
    /// What a script without an address, or one that is dangerous to pay, is.
    form: Option<String>,
    amount: Amount,
}

/// A transaction as its bytes are.
#[derive(Serialize)]
pub(crate) struct RawTransaction {
    kind: &'static str,
    txid: String,
    network: Network,
    version: i32,
    vsize: u64,
    inputs: Vec<String>,
    outputs: Vec<Output>,
    replaceable: bool,
    locktime: Locktime,
    warnings: Vec<Warning>,
    /// By the amounts that a signed file names; the bytes alone do not tell.
    pub(crate) claimed_fee: Option<Amount>,
}

impl RawTransaction {
    pub(crate) fn of(kind: &'static str, transaction: &Transaction, network: Network) -> Self {
        let output = |output: &bitcoin::TxOut| Output {
            address: address::of(&output.script_pubkey, network),
            script: output.script_pubkey.to_hex_string(),
            form: Form::of(&output.script_pubkey).describe(),
            amount: Amount::sat(output.value.to_sat()),
        };
        Self {
            kind,
            txid: transaction.compute_txid().to_string(),
            network,
            version: transaction.version.0,
            vsize: transaction.vsize() as u64,
            inputs: transaction.input.iter().map(raw::spends).collect(),
            outputs: transaction.output.iter().map(output).collect(),
            replaceable: transaction.is_explicitly_rbf(),
            locktime: decode::locktime(transaction),
            warnings: raw::oddities(transaction),
            claimed_fee: None,
        }
    }
}

impl Report for RawTransaction {
    fn page(&self, page: &mut Page) {
        page.heading(&format!("A {}", self.kind), self.network.name());
        page.copyable("Id", &self.txid);
        page.field("Size", &format!("{} vbytes, version {}", self.vsize, self.version));
        for input in &self.inputs {
            page.field("Spends", input);
        }
        for output in &self.outputs {
            let form = output.form.as_deref().map_or_else(String::new, |form| format!(" ({form})"));
            let to = match &output.address {
                Some(address) => page.grouped(address),
                None if output.script.is_empty() => "an empty script".to_owned(),
                None => format!("script {}", output.script),
            };
            page.field("Pays", &format!("{}   {to}{form}", output.amount));
        }
        let replaceable = if self.replaceable { "replaceable" } else { "not marked replaceable" };
        page.field("Rules", &format!("{replaceable} · {}", locktime_words(&self.locktime)));
        for warning in &self.warnings {
            page.toned_field("Warning", (Tone::Claimed, &warning.text));
        }
        match self.claimed_fee.and_then(Amount::to_sat) {
            Some(fee) => page.toned_field("Fee", (Tone::Claimed, &format!("{}, claimed by the file", sat_text(fee)))),
            None => page.toned(
                Tone::Claimed,
                "Its fee cannot be known from these bytes alone: the amounts it spends are not in them.",
            ),
        }
    }

    fn warnings(&self) -> Vec<Warning> {
        self.warnings.clone()
    }
}
