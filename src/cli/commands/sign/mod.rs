//! `sign`: reviews a draft from its own bytes, asks, unlocks in a sealed process, signs, and proves the result.
//!
//! The same command serves an air-gapped machine and, as the sealed child, `send`. It never uses the network.

mod to_file;

use std::path::PathBuf;

use crate::cli::{
    bitcoin::{
        agreement::{self, AgreementRequest},
        report::SignedReport,
    },
    context::Context,
    ethereum::{
        args::{EvmArgs, Options},
        report::SignedForm,
        session, signer,
    },
    family::{BITCOIN, EVM},
    heading::Heading,
    input_file::read_input,
    key_side::{self, Files},
    limits::{ConsentArgs, LimitArgs},
    report::{Answer, OutputFormat, answer},
    ui,
};
use fastness::{
    amount::Amount,
    chain::bitcoin::{BitcoinError, Ownership, psbt},
    explain::Failure,
    flow::{
        self, PayeeSource,
        bitcoin::{Approved, Draft, Limits, Payees, SignedFile},
        ethereum::EvmDraft,
    },
    keystore::Keys,
    ledger::bitcoin::AccountRow,
    network::AnyNetwork,
    review::Review,
    seal::Sealed,
    store::WalletName,
};
use hex::DisplayHex;

/// Review and sign a draft in a sealed process
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The draft or PSBT, or - for standard input
    pub(super) draft: PathBuf,
    /// File to write the signed transaction to (never overwrites); without it, it goes to stdout
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Write raw hex in place of a signed file
    #[arg(long, conflicts_with = "psbt")]
    pub(super) raw: bool,
    /// Write a finalized PSBT in base64 in place of a signed file
    #[arg(long, help_heading = BITCOIN)]
    pub(super) psbt: bool,
    /// This process is the sealed child of another one, which writes the file
    #[arg(long, hide = true, conflicts_with = "output")]
    sealed_child: bool,
    #[command(flatten)]
    pub(super) limits: LimitArgs,
    /// A function that you know is called, such as "stake(uint256,address)": it is read by this signature
    #[arg(long, value_name = "FUNCTION", help_heading = EVM)]
    pub(super) signature: Vec<String>,
    #[command(flatten)]
    pub(super) consents: ConsentArgs,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        match &self.output {
            Some(path) => super::sign::to_file::run(self, context, path),
            None => self.signed(context),
        }
    }

    fn signed(&self, context: &mut Context) -> Answer {
        let bytes = read_input(&self.draft)?;
        if session::chain_of_file(context, &bytes)?.is_some() {
            return self.evm(context, &bytes);
        }
        let draft = Draft::read(&bytes, context.network_for(&bytes)?)?;
        context.is_about(AnyNetwork::Bitcoin(draft.plan.network))?;
        let wallet = wallet_for(context, &draft)?;
        key_side::check_wallet(context, &wallet, draft.plan.network)?;
        let known = flow::bitcoin::ownership_of_ledger(&context.ledger()?, Some(wallet.as_str()), draft.plan.network)?;
        let limits = self.limits.with_consents(&self.consents, draft.plan.network)?;
        let accounts = context.ledger()?.accounts(Some(wallet.as_str()))?;
        // What is handed over by another process of this program was said there.
        if self.draft.as_os_str() != "-"
            && let Some(replaces) = flow::bitcoin::replaces(&context.ledger()?, &draft.plan)?
        {
            context.ui.say(&replaces.to_string());
        }
        let payees = Payees::of(&context.ledger()?, draft.plan.network, &draft.plan.psbt.unsigned_tx)?;
        let remains = flow::bitcoin::remains(&context.ledger()?, draft.plan.network, &draft.plan.psbt.unsigned_tx)?;
        let sealed = key_side::seal(context, Files::Wallet(&wallet), &[])?;
        let signing = Signing { draft: &draft, wallet, accounts, limits, payees, remains };
        let (approved, keys) = signing.approved(context, &known, &sealed)?;
        flow::bitcoin::check_ledger(&known, &keys)?;
        self.finish(context, approved, &keys)
    }

    fn evm(&self, context: &mut Context, bytes: &[u8]) -> Answer {
        let draft = EvmDraft::read(bytes, context.asked())?;
        context.is_about(AnyNetwork::Evm(draft.plan.chain))?;
        let (evm, consents) = (EvmArgs::default(), &self.consents);
        let options = Options { level: None, evm: &evm, limits: &self.limits, consents, once: None };
        let signed = signer::sign(context, &draft, &self.signature, options)?;
        let text = signed.text(if self.raw { SignedForm::Raw } else { SignedForm::File })?;
        if context.ui.form() == OutputFormat::Text {
            ui::print_raw(&text)?;
            return Ok(None);
        }
        answer(signed.with_text(self.sealed_child.then_some(text)))
    }

    fn finish(&self, context: &Context, approved: Approved, keys: &Keys) -> Answer {
        let (review, network) = (approved.review().clone(), approved.review().network);
        let (id, raw, text) = if self.psbt {
            let psbt = flow::bitcoin::sign_psbt(&approved, keys)?;
            let (transaction, _) = fastness::chain::bitcoin::sign::finished(&psbt)?;
            let raw = bitcoin::consensus::serialize(&transaction).to_lower_hex_string();
            (transaction.compute_txid().to_string(), raw, psbt::to_base64(&psbt) + "\n")
        } else {
            let signed = flow::bitcoin::sign(&approved, keys)?;
            let raw = signed.bytes.to_lower_hex_string();
            let text = if self.raw { raw.clone() + "\n" } else { SignedFile::to_text(&signed)? };
            (signed.id, raw, text)
        };
        if context.ui.form() == OutputFormat::Text {
            ui::print_raw(&text)?;
            return Ok(None);
        }
        answer(SignedReport { id, network, review, file: None, raw, text: self.sealed_child.then_some(text) })
    }
}

/// A draft that is to be signed, with what is known about it here.
struct Signing<'a> {
    draft: &'a Draft,
    wallet: WalletName,
    accounts: Vec<AccountRow>,
    limits: Limits,
    payees: Payees,
    remains: Option<Amount>,
}

impl Signing<'_> {
    /// Agreement first and keys second where the ledger knows the accounts; else the keys have to say what is ours.
    fn approved(&self, context: &mut Context, known: &Ownership, sealed: &Sealed) -> Result<(Approved, Keys), Failure> {
        match flow::bitcoin::approve(self.draft, known, |review| self.agree(context, review)) {
            Err(failure) if matches!(failure.find(), Some(BitcoinError::ForeignInput(..))) => {}
            other => return Ok((other?, key_side::keys(context, &self.wallet, sealed)?)),
        }
        let keys = key_side::keys(context, &self.wallet, sealed)?;
        let ours = flow::bitcoin::ownership_of_keys(&self.draft.plan, &keys, known)?;
        let approved = flow::bitcoin::approve(self.draft, &ours, |review| self.agree(context, review))?;
        Ok((approved, keys))
    }

    fn agree(&self, context: &Context, review: &Review) -> Result<(), Failure> {
        let heading = Heading::of_draft(review, &self.accounts, &self.draft.context);
        let heading = heading.with_payees(self.payees.paid_by(review)).with_remains(self.remains);
        let (limits, payees) = (&self.limits, &self.payees);
        let asked = AgreementRequest { limits, origin: PayeeSource::File, payees, heading };
        agreement::agree(context, &asked, review)
    }
}

/// The wallet named, else the one that the draft names if it is here, else the only one.
fn wallet_for(context: &mut Context, draft: &Draft) -> Result<WalletName, Failure> {
    if context.globals().wallet.is_none()
        && let Some(Ok(name)) = draft.context.wallet.as_deref().map(str::parse::<WalletName>)
        && context.home()?.keystore_path(&name).exists()
    {
        return Ok(name);
    }
    context.wallet()
}
