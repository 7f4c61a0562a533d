//! `label`: a person's note on a transaction, address or coin (BIP-329 kinds).

use fastness::{address, explain::Failure, ledger::LabelKind, text::SafeText};
use serde::Serialize;

use super::{Answer, answer};
use crate::cli::{DeskError, context::Context, page::Page, report::Report};

/// Characters of a note.
const LONGEST_NOTE: usize = 200;

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
            return super::coins::parse(&self.what).map(|_| LabelKind::Output).map_err(Into::into);
        }
        address::parse(&self.what, context.network()?)?;
        Ok(LabelKind::Addr)
    }
}

/// A note that is shown whole wherever it is shown.
pub(super) fn check_note(text: &str) -> Result<(), DeskError> {
    if text.chars().count() > LONGEST_NOTE {
        return Err(DeskError::Usage(format!("a note has at most {LONGEST_NOTE} characters")));
    }
    Ok(())
}

impl Report for Labelled {
    fn page(&self, page: &mut Page) {
        match &self.label {
            Some(label) => page.line(&format!("Labelled {} {}: {label}", self.kind, self.what)),
            None => page.line(&format!("Removed the label of {} {}", self.kind, self.what)),
        }
    }
}
