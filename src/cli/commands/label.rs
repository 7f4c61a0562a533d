//! `label`: a person's note on a transaction, address or coin (BIP-329 kinds).

use crate::cli::{
    context::Context,
    note::check_note,
    page::Page,
    report::{Answer, Report, answer},
};
use alloy_primitives::B256;
use fastness::{
    address::{self, evm_text, parse_evm},
    explain::Failure,
    ledger::{LabelKind, evm_reference},
    text::SafeText,
};
use serde::Serialize;

/// Put a note on a transaction, address or coin; an empty text removes it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A transaction id, an address, or a coin as txid:vout
    what: String,
    /// The note, at most 255 characters
    text: String,
}

#[derive(Serialize)]
struct Labelled {
    kind: &'static str,
    what: String,
    label: Option<String>,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        check_note(&self.text)?;
        let Labellable { kind, reference, what } = self.labelled(context)?;
        context.ledger()?.set_label(kind, &reference, &self.text)?;
        let label = (!self.text.is_empty()).then(|| SafeText::new(&self.text).to_string());
        answer(Labelled { kind: kind.name(), what, label })
    }

    /// What the note is on.
    fn labelled(&self, context: &mut Context) -> Result<Labellable, Failure> {
        let what = self.what.trim();
        if what.parse::<bitcoin::Txid>().is_ok() || what.parse::<B256>().is_ok_and(|_| what.starts_with("0x")) {
            return Ok(Labellable::new(LabelKind::Tx, what.to_ascii_lowercase()));
        }
        if what.starts_with("0x") {
            let chain = context.chain()?;
            let (address, _) = parse_evm(what, chain)?;
            let (reference, what) = (evm_reference(address), evm_text(address, chain));
            return Ok(Labellable { kind: LabelKind::Addr, reference, what });
        }
        if what.contains(':') {
            return Ok(Labellable::new(LabelKind::Output, crate::cli::bitcoin::outpoint::parse(what)?.to_string()));
        }
        let network = context.network()?;
        let script = address::parse(what, network)?;
        Ok(Labellable::new(LabelKind::Addr, address::of(&script, network).unwrap_or_else(|| what.to_owned())))
    }
}

/// Something that can have a note.
struct Labellable {
    kind: LabelKind,
    /// As the ledger looks it up.
    reference: String,
    /// As its network prints it.
    what: String,
}

impl Labellable {
    /// What is looked up as it is printed.
    fn new(kind: LabelKind, what: String) -> Self {
        Self { kind, reference: what.clone(), what }
    }
}

impl Report for Labelled {
    fn page(&self, page: &mut Page) {
        match &self.label {
            Some(label) => page.line(&format!("Labelled {} {}: {label}", self.kind, self.what)),
            None => page.line(&format!("Removed the label of {} {}", self.kind, self.what)),
        }
    }
}
