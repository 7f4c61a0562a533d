//! `label`: a person's note on a transaction, address or coin (BIP-329 kinds).

use crate::cli::{
    context::Context,
    note::check_note,
    page::Page,
    report::{Answer, Report, answer},
};
use fastness::{address, explain::Failure, ledger::LabelKind, text::SafeText};
use serde::Serialize;

/// Put a note on a transaction, address or coin; an empty text removes it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A transaction id, an address, or a coin as txid:vout
    what: String,
    /// The note, at most 200 characters
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
        let kind = self.kind(context)?;
        context.ledger()?.set_label(kind, &self.what, &self.text)?;
        let label = (!self.text.is_empty()).then(|| SafeText::new(&self.text).to_string());
        answer(Labelled { kind: kind.name(), what: self.what.clone(), label })
    }

    fn kind(&self, context: &mut Context) -> Result<LabelKind, Failure> {
        if self.what.parse::<bitcoin::Txid>().is_ok() {
            return Ok(LabelKind::Tx);
        }
        if self.what.contains(':') {
            return crate::cli::bitcoin::outpoint::parse(&self.what).map(|_| LabelKind::Output).map_err(Into::into);
        }
        address::parse(&self.what, context.network()?)?;
        Ok(LabelKind::Addr)
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
