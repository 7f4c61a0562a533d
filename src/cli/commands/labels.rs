//! `labels`: every note at once, in and out as BIP-329 lines, as Sparrow, Nunchuk and others write them.
//!
//! A frozen coin is told as not spendable, and frozen when a file says so. What a file says of keys and inputs is kept for
//! the next export.

use std::path::{Path, PathBuf};

use crate::cli::{
    CliError,
    bitcoin::outpoint,
    cli_error::problems_named,
    context::Context,
    input_file::{MAX_INPUT, read_bounded},
    note::check_note,
    page::Page,
    report::{Answer, Report, answer},
    text_file::{decoded, with_one_line_end},
};
use alloy_primitives::Address;
use fastness::{
    address,
    explain::Failure,
    ledger::{Label, LabelKind, Ledger, Limit, bitcoin::AccountRow, evm_reference},
    network::Network,
    request::Freeze,
    store::{WriteRule, atomic_write},
    text::SafeText,
};
use serde::{Deserialize, Serialize};

/// Longest thing that a label is on: a descriptor's key with its origin.
const LONGEST_REFERENCE: usize = 300;

/// Every note: list them, or carry them to and from other wallets (BIP-329)
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Every note with what it is on
    List,
    /// Write all notes and frozen coins as BIP-329, one JSON object a line
    Export {
        /// File to write (never overwrites); without it, to standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Read notes from such a file, or - for standard input; all of it is right, or nothing is changed
    Import {
        /// The file
        file: PathBuf,
    },
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        match self.action.as_ref().unwrap_or(&Action::List) {
            Action::List => answer(LabelList { labels: context.ledger()?.labels()? }),
            Action::Export { output } => export(context, output.as_ref()),
            Action::Import { file } => import(context, file),
        }
    }
}

/// A line of a file (BIP-329); what it has beside this is not ours.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "ref")]
    reference: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spendable: Option<bool>,
}

fn export(context: &mut Context, output: Option<&PathBuf>) -> Answer {
    let ledger = context.ledger()?;
    let records = records(&ledger)?;
    let mut text = String::new();
    for record in &records {
        text += &serde_json::to_string(record).map_err(|_| CliError::Unprintable)?;
        text.push('\n');
    }
    let Some(path) = output else { return context.ui.for_programs(&text) };
    atomic_write(path, text.as_bytes(), WriteRule::New)?;
    answer(Exported { file: path.display().to_string(), lines: records.len() })
}

/// All labels, and the frozen coins that have none.
fn records(ledger: &Ledger) -> Result<Vec<Record>, Failure> {
    let frozen = frozen_coins(ledger)?;
    let is_frozen = |label: &Label| label.kind == LabelKind::Output && frozen.contains(&label.reference);
    let labels = ledger.labels()?;
    let unlabelled = frozen
        .iter()
        .filter(|coin| !labels.iter().any(|label| label.kind == LabelKind::Output && label.reference == **coin));
    let of_label = |label: &Label| Record {
        kind: label.kind.name().to_owned(),
        reference: label.reference.clone(),
        label: Some(label.text.clone()),
        spendable: is_frozen(label).then_some(false),
    };
    let of_coin = |coin: &String| Record {
        kind: LabelKind::Output.name().to_owned(),
        reference: coin.clone(),
        label: None,
        spendable: Some(false),
    };
    Ok(labels.iter().map(of_label).chain(unlabelled.map(of_coin)).collect())
}

fn frozen_coins(ledger: &Ledger) -> Result<Vec<String>, Failure> {
    let mut frozen = Vec::new();
    for row in ledger.accounts(None)? {
        let coins = ledger.coins(row.id, Limit::None)?;
        let held = coins.into_iter().filter(|coin| coin.freeze == Freeze::Frozen);
        frozen.extend(held.map(|coin| coin.outpoint.to_string()));
    }
    Ok(frozen)
}

/// What a file wants changed.
struct Change {
    label: Option<Label>,
    frozen: Option<(String, Freeze)>,
}

fn import(context: &mut Context, path: &Path) -> Answer {
    let bytes = read_bounded(path, MAX_INPUT)?;
    let text = decoded(&bytes).ok_or(CliError::NotText)?;
    let (mut changes, mut wrong, mut unknown) = (Vec::new(), Vec::new(), 0);
    for (number, line) in (1..).zip(with_one_line_end(&text).lines()).filter(|(_, line)| !line.trim().is_empty()) {
        match change(line) {
            Ok(Some(change)) => changes.push(change),
            Ok(None) => unknown += 1,
            Err(what) => wrong.push(format!("line {number}: {what}")),
        }
    }
    if !wrong.is_empty() {
        return Err(CliError::Usage(format!("nothing was changed: {}", problems_named(wrong))).into());
    }
    let mut ledger = context.ledger()?;
    let rows = ledger.accounts(None)?;
    let labels = changes.iter().filter(|change| change.label.is_some()).count();
    let mut coins = 0;
    ledger.atomically(|ledger| {
        for Change { label, frozen } in &changes {
            label.iter().try_for_each(|label| ledger.set_label(label.kind, &label.reference, &label.text))?;
            coins += frozen.as_ref().map_or(Ok(0), |(coin, freeze)| set_frozen(ledger, &rows, coin, *freeze))?;
        }
        Ok(())
    })?;
    answer(Imported { labels, coins, unknown })
}

/// What a line wants; nothing where it is of a type that no version of the standard here knows.
fn change(line: &str) -> Result<Option<Change>, String> {
    let record: Record = serde_json::from_str(line).map_err(|_| "it is no label of BIP-329".to_owned())?;
    let Some(kind) = LabelKind::ALL.into_iter().find(|kind| kind.name() == record.kind) else { return Ok(None) };
    check_reference(kind, &record.reference)?;
    let reference = as_shown(kind, &record.reference);
    let text = record.label.unwrap_or_default();
    check_note(&text).map_err(|error| error.to_string())?;
    let label = (!text.is_empty()).then(|| Label { kind, reference: reference.clone(), text });
    let freeze = record.spendable.map(|spendable| if spendable { Freeze::Free } else { Freeze::Frozen });
    let frozen = freeze.filter(|_| kind == LabelKind::Output).map(|freeze| (reference, freeze));
    Ok(Some(Change { label, frozen }))
}

/// A thing as this program writes it wherever it looks its note up: ids in small letters, addresses with their checksum.
fn as_shown(kind: LabelKind, reference: &str) -> String {
    match kind {
        LabelKind::Tx | LabelKind::Output | LabelKind::Input => reference.to_ascii_lowercase(),
        LabelKind::Addr => address_as_shown(reference).unwrap_or_else(|| reference.to_owned()),
        LabelKind::Pubkey | LabelKind::Xpub => reference.to_owned(),
    }
}

fn address_as_shown(text: &str) -> Option<String> {
    if let Ok(address) = text.parse::<Address>() {
        return Some(evm_reference(address));
    }
    let networks = Network::ALL.into_iter();
    networks.filter_map(|network| address::of(&address::parse(text, network).ok()?, network)).next()
}

fn check_reference(kind: LabelKind, reference: &str) -> Result<(), String> {
    let is_right = match kind {
        LabelKind::Tx => is_id(reference),
        LabelKind::Output | LabelKind::Input => outpoint::parse(reference).is_ok(),
        LabelKind::Addr | LabelKind::Pubkey | LabelKind::Xpub => {
            !reference.is_empty() && reference.len() <= LONGEST_REFERENCE && reference.is_ascii()
        }
    };
    let what = || format!("`{}` is not what a label of type {} is on", SafeText::new(reference), kind.name());
    if is_right { Ok(()) } else { Err(what()) }
}

fn is_id(text: &str) -> bool {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// Freezes or frees a coin in whatever account it is; the number of accounts that have it.
fn set_frozen(
    ledger: &Ledger,
    rows: &[AccountRow],
    coin: &str,
    freeze: Freeze,
) -> Result<usize, fastness::ledger::LedgerError> {
    let Ok(outpoint) = outpoint::parse(coin) else { return Ok(0) };
    let mut found = 0;
    for row in rows {
        found += usize::from(ledger.set_frozen(row.id, outpoint, freeze)?);
    }
    Ok(found)
}

#[derive(Serialize)]
struct LabelList {
    labels: Vec<Label>,
}

impl Report for LabelList {
    fn page(&self, page: &mut Page) {
        if self.labels.is_empty() {
            return page.line("No notes yet; `fastness label WHAT TEXT` makes one.");
        }
        for label in &self.labels {
            page.line(&label.text);
            page.line(&format!("  {} {}", label.kind.name(), label.reference));
        }
    }
}

#[derive(Serialize)]
struct Exported {
    file: String,
    lines: usize,
}

impl Report for Exported {
    fn page(&self, page: &mut Page) {
        page.field("Written", &self.file);
        page.field("Lines", &self.lines.to_string());
    }
}

#[derive(Serialize)]
struct Imported {
    labels: usize,
    /// Coins that were frozen or freed.
    coins: usize,
    /// Lines of types that are not known.
    unknown: usize,
}

impl Report for Imported {
    fn page(&self, page: &mut Page) {
        page.field("Notes", &self.labels.to_string());
        page.field("Coins", &format!("{} frozen or freed", self.coins));
        if self.unknown > 0 {
            page.field("Left out", &format!("{} lines of types that are not known", self.unknown));
        }
    }
}
