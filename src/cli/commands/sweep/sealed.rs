//! The sealed side of a sweep: reads the key, tells its public key, reads the drafts, proves where they go, asks, signs.
//!
//! It believes neither the ledger nor the drafts about whose an address is.

use std::path::{Path, PathBuf};

use super::{Args, process::SEPARATOR};
use crate::cli::{
    CliError,
    bitcoin::{
        agreement::{self, AgreementRequest},
        report::SignedReport,
    },
    context::Context,
    heading::Heading,
    input_file::read_input,
    key_side::{self, Files},
    page::Page,
    report::{Answer, Report, answer},
    ui,
};
use fastness::{
    chain::bitcoin::{OwnAccount, Ownership},
    explain::Failure,
    flow::{
        self, FlowError, PayeeSource,
        bitcoin::{Draft, Payees, SweepSigner},
    },
    keystore::{Keys, SingleKey},
    ledger::bitcoin::AccountRow,
    review::{Review, Role},
    seal::Sealed,
    store::WalletName,
};
use serde::Serialize;

/// Everything that was signed, in the order of the drafts.
#[derive(Serialize)]
struct SignedSweep {
    signed: Vec<SignedReport>,
}

/// Why an address counts as the right one.
enum DestinationProof {
    /// The wallet's keys derive it.
    Keys(Vec<OwnAccount>),
    /// A person typed it on the command line.
    Typed,
    /// Nothing yet: the wallet's keys are elsewhere.
    Nothing,
}

impl Args {
    /// The sealed process from its beginning to its answer.
    pub(super) fn child(&self, context: &mut Context) -> Answer {
        let (ledger, row) = context.account()?;
        let destination = flow::bitcoin::own_account(&ledger, &row)?.as_destination();
        let wallet: WalletName = row.wallet.parse()?;
        let has_keys = self.limits.expect_to.is_empty() && context.home()?.keystore_path(&wallet).exists();
        let files = if has_keys { Files::Wallet(&wallet) } else { Files::Nothing };
        let source = self.source();
        let sealed = key_side::seal(context, files, std::slice::from_ref(&source))?;
        let key = key(context, &row, source, &sealed)?;
        ui::print_raw(&format!("{}\n", key.public_key()))?;
        let drafts = drafts(&row)?;
        let proof = match self.limits.expect_to.as_slice() {
            [] if has_keys => {
                let keys = key_side::keys(context, &wallet, &sealed)?;
                DestinationProof::Keys(derived(&keys, &Ownership::of(vec![destination]), &drafts)?)
            }
            [] => DestinationProof::Nothing,
            _ => DestinationProof::Typed,
        };
        let accounts = if let DestinationProof::Keys(accounts) = &proof { accounts.clone() } else { Vec::new() };
        let ours = Ownership::of_key(key.public_key()).with(accounts.clone());
        let limits = self.limits.limits(row.account.network)?;
        let mut signed = Vec::new();
        for (number, draft) in (1usize..).zip(&drafts) {
            let subject = match drafts.len() {
                1 => format!("sweep into {}/{}", row.wallet, row.name),
                several => format!("sweep into {}/{}, {number} of {several}", row.wallet, row.name),
            };
            let (heading, payees) = (Heading::of(subject), &Payees::default());
            let asked = AgreementRequest { limits: &limits, origin: PayeeSource::Command, payees, heading };
            let approved = flow::bitcoin::approve(draft, &ours, |review| {
                check_destination(context, &row, &proof, review)?;
                agreement::agree(context, &asked, review)
            })?;
            let review = approved.review().clone();
            signed.push(SignedReport::of(
                review,
                flow::bitcoin::sign(&approved, &SweepSigner { key: &key, accounts: accounts.clone() })?,
            ));
        }
        answer(SignedSweep { signed })
    }

    fn source(&self) -> Option<PathBuf> {
        self.key_fd.map(|number| PathBuf::from(format!("/dev/fd/{number}"))).or_else(|| self.key_file.clone())
    }
}

fn key(context: &Context, row: &AccountRow, source: Option<PathBuf>, sealed: &Sealed) -> Result<SingleKey, Failure> {
    let typed = match source {
        Some(path) => key_side::from_file(&path)?,
        None => key_side::take(
            context.ui.ask_hidden("Private key to sweep (it is not stored): ", "--key-fd or --key-file")?,
        ),
    };
    Ok(SingleKey::parse(typed, row.account.network.class(), sealed)?)
}

/// The accounts that the drafts name and the wallet's keys derive. The ledger could name another wallet's account as
/// this wallet's, so that it is not asked; of `known`, which it made, only the use of what the keys derive as well is
/// taken.
fn derived(keys: &Keys, known: &Ownership, drafts: &[Draft]) -> Result<Vec<OwnAccount>, Failure> {
    flow::bitcoin::check_ledger(known, keys)?;
    let mut accounts: Vec<OwnAccount> = Vec::new();
    for draft in drafts {
        for derived in flow::bitcoin::ownership_of_keys(&draft.plan, keys, known)?.into_accounts() {
            if !accounts.contains(&derived) {
                accounts.push(derived);
            }
        }
    }
    Ok(accounts)
}

/// The drafts on standard input, one after the other.
fn drafts(row: &AccountRow) -> Result<Vec<Draft>, Failure> {
    let bytes = read_input(Path::new("-"))?;
    let separator = SEPARATOR.as_bytes();
    bytes.split(|byte| separator.contains(byte)).map(|text| Draft::read(text, Some(row.account.network))).collect()
}

/// Everything has to come to an address that the wallet's keys derive, or that a person typed whole.
fn check_destination(
    context: &Context,
    row: &AccountRow,
    proof: &DestinationProof,
    review: &Review,
) -> Result<(), Failure> {
    let mut foreign = review.outputs.iter().filter(|output| !matches!(output.role, Role::Own | Role::Change));
    let Some(output) = foreign.next() else { return Ok(()) };
    match proof {
        DestinationProof::Typed => Ok(()),
        DestinationProof::Keys(_) => Err(FlowError::LedgerLies(format!("m/{}", row.account.origin())).into()),
        DestinationProof::Nothing => {
            let question = "The keys of this wallet are not here, so nothing proves that the address is yours.\n\
                            Type it whole, from where you have it: ";
            let typed = context.ui.ask(question, "--expect-to ADDRESS")?;
            let typed: String = typed.split_whitespace().collect();
            let is_it = output.address.as_deref().is_some_and(|address| address == typed) && foreign.next().is_none();
            if is_it { Ok(()) } else { Err(CliError::EntriesDiffer.into()) }
        }
    }
}

impl Report for SignedSweep {
    fn page(&self, page: &mut Page) {
        for signed in &self.signed {
            signed.page(page);
        }
    }
}
