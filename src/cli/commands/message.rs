//! `message`: sign a text (EIP-191) or typed data (EIP-712) in a sealed process after showing what it means; verify a signature.

use std::path::PathBuf;

use crate::cli::{
    CliError,
    context::{Assent, Context},
    ethereum::{
        args::address,
        lookup,
        review_page::{consent_text, write_tree},
        signer::{self, ReviewScope},
        verified_message::{ClaimedSignature, verified},
    },
    key_side::{self, Files},
    limits::ConsentArgs,
    page::{Page, Tone},
    report::{Answer, Report, answer},
};
use alloy_primitives::{Address, B256};
use fastness::{
    address::evm_text,
    chain::ethereum::{
        Ownership,
        message::{self, MessageContext, MessageReview},
        policy,
    },
    explain::Failure,
    flow::{FlowError, ethereum},
    ledger::now,
    network::EvmChain,
    review::{Shown, Warning},
    store::read_public,
    text::SafeText,
};
use serde::Serialize;

/// No message file is larger.
const MAX_FILE: u64 = 262_144;
const FLAG: &str = "--approve DIGEST";

/// Messages: sign a text or typed data (EIP-712), verify a signature
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Sign a message with your account, after showing what it means
    Sign {
        #[command(flatten)]
        what: What,
        #[command(flatten)]
        agreement: Agreement,
    },
    /// Tell whether an address signed a message
    #[command(override_usage = "fastness message verify ADDRESS SIGNATURE TEXT")]
    Verify {
        /// The address
        address: String,
        /// The signature: 65 or 64 bytes in hex, or that of a contract (EIP-1271, EIP-6492)
        signature: String,
        #[command(flatten)]
        what: What,
    },
    /// Show what a message means, and its digests
    Inspect {
        #[command(flatten)]
        what: What,
    },
}

/// How a message is agreed to.
#[derive(Debug, clap::Args)]
struct Agreement {
    /// Agree to exactly the message with this digest
    #[arg(long, value_name = "DIGEST")]
    approve: Option<String>,
    /// Stop unless exactly these addresses gain by the message. Repeatable
    #[arg(long, value_name = "ADDRESS")]
    expect_to: Vec<String>,
    #[command(flatten)]
    consents: ConsentArgs,
}

/// The message.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct What {
    /// The message as text
    #[arg(value_name = "TEXT")]
    text: Option<String>,
    /// Read the message from this file, byte for byte
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Read typed data (EIP-712) in JSON from this file
    #[arg(long, value_name = "FILE")]
    typed: Option<PathBuf>,
}

#[derive(Serialize)]
struct ReviewedMessage {
    sentence: SafeText,
    tree: Shown,
    digest: B256,
    domain_separator: Option<B256>,
    struct_hash: Option<B256>,
    consents: Vec<fastness::review::Consent>,
    /// The addresses that gain by it, and in a message that is not known every address.
    beneficiaries: Vec<String>,
    /// The account that signed, or was asked about.
    account: Option<String>,
    signature: Option<String>,
    #[serde(skip)]
    warnings: Vec<Warning>,
}

impl What {
    fn review(&self, chain: &'static EvmChain, ours: &Ownership) -> Result<MessageReview, Failure> {
        let asked = MessageContext { chain, now: now(), ours };
        if let Some(path) = &self.typed {
            return Ok(message::typed(&read_public(path, MAX_FILE)?, &asked)?);
        }
        if let Some(path) = &self.file {
            return Ok(message::personal(&read_public(path, MAX_FILE)?, &asked)?);
        }
        Ok(message::personal(self.text.as_deref().unwrap_or_default().as_bytes(), &asked)?)
    }
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let chain = match &self.action {
            Action::Verify { .. } => chain_to_verify_on(context)?,
            Action::Sign { .. } | Action::Inspect { .. } => context.chain()?,
        };
        match &self.action {
            Action::Sign { what, agreement } => sign(context, chain, what, agreement),
            Action::Verify { address: text, signature, what } => {
                let review = what.review(chain, &Ownership::default())?;
                let claimed = ClaimedSignature { address: address(text, chain)?, signature };
                answer(verified(context, chain, &review, &claimed)?)
            }
            Action::Inspect { what } => {
                let review = what.review(chain, &known_here(context, chain))?;
                answer(ReviewedMessage::of(review, chain, None))
            }
        }
    }
}

/// The signer of a text is the same on every chain, and needs no wallet.
fn chain_to_verify_on(context: &mut Context) -> Result<&'static EvmChain, Failure> {
    let asked = context.asked_chain()?;
    let chain = asked.or_else(|| context.known_chain().ok()).or_else(|| EvmChain::by_id(1));
    Ok(chain.ok_or(CliError::Unprintable)?)
}

/// What every wallet of this home knows; without a home that can be opened, nothing.
fn known_here(context: &mut Context, chain: &EvmChain) -> Ownership {
    let mut known = || -> Result<Ownership, Failure> {
        let ledger = context.ledger()?;
        let added_tokens = lookup::named_in_reviews(&ledger, chain)?;
        Ok(Ownership { added_tokens, ..ethereum::ownership_of_ledger(&ledger, None)? })
    };
    known().unwrap_or_default()
}

fn sign(context: &mut Context, chain: &'static EvmChain, what: &What, agreement: &Agreement) -> Answer {
    let given = agreement.consents.given(chain)?;
    let expected = agreement.expect_to.iter().map(|text| address(text, chain)).collect::<Result<Vec<_>, _>>()?;
    let (ledger, row) = context.evm_account(chain)?;
    let wallet = context.wallet()?;
    key_side::check_class(context, &wallet, chain.class, chain.name)?;
    let known = signer::ownership(context, &ledger, ReviewScope { wallet: wallet.as_str(), chain, signatures: &[] })?;
    let review = what.review(chain, &known)?;
    // Nothing of the home but the wallet's file is open to the sealed process.
    drop(ledger);
    let sealed = key_side::seal(context, Files::Wallet(&wallet), &[])?;
    let account = format!("{}/{}", row.wallet, row.name);
    agree(context, &MessageToSign { chain, account: &account, review: &review }, agreement.approve.as_deref())?;
    check_beneficiaries(&review, &expected)?;
    review.consents.iter().try_for_each(|consent| policy::check_consent(consent, &given))?;
    let keys = key_side::keys(context, &wallet, &sealed)?;
    ethereum::check_accounts(&known, &keys)?;
    let from: Address = row.account.address;
    let job = message::job(&review, from, &known)?;
    let signatures = keys.sign_ethereum(std::slice::from_ref(&job))?;
    let signature = signatures.first().ok_or(CliError::Unprintable)?;
    let signature = message::finish(&review, from, signature)?;
    answer(ReviewedMessage::of(review, chain, Some((from, signature))))
}

/// A message that waits for agreement.
struct MessageToSign<'a> {
    /// The chain.
    chain: &'a EvmChain,
    /// The account that is to sign, as `WALLET/ACCOUNT`.
    account: &'a str,
    /// What the message means.
    review: &'a MessageReview,
}

/// Agreement: the digest named beforehand, or `yes` typed under the whole message.
fn agree(context: &Context, message: &MessageToSign<'_>, approve: Option<&str>) -> Result<(), Failure> {
    let MessageToSign { chain, account, review } = *message;
    if let Some(digest) = approve {
        let whole = if digest.starts_with("0x") { digest.to_ascii_lowercase() } else { format!("0x{digest}") };
        if whole == review.digest.to_string() {
            return Ok(());
        }
        return Err(
            FlowError::Limit(format!("the digest approved is {whole}, the message's is {}", review.digest)).into()
        );
    }
    if context.consent() == Assent::Given {
        return Err(CliError::NoTerminal(FLAG).into());
    }
    context.ui.show_page(FLAG, |page| {
        page.heading("Message", &format!("{chain} · {account}"));
        page.blank();
        write(review, page);
    })?;
    let typed = context.ui.ask("Type yes to sign it, anything else to decline: ", FLAG)?;
    if typed.trim() == "yes" { Ok(()) } else { Err(FlowError::Declined.into()) }
}

/// `--expect-to`: exactly the expected addresses gain, where any are named.
fn check_beneficiaries(review: &MessageReview, expected: &[Address]) -> Result<(), Failure> {
    let limit = |what: String| Err(FlowError::Limit(what).into());
    if expected.is_empty() {
        return Ok(());
    }
    if let Some(other) = review.beneficiaries.iter().find(|address| !expected.contains(address)) {
        return limit(format!("{other} gains by it, which was not expected"));
    }
    match expected.iter().find(|address| !review.beneficiaries.contains(address)) {
        Some(address) => limit(format!("{address} does not gain by it")),
        None => Ok(()),
    }
}

/// The digest's name in ERC-8213, by which another machine shows it too.
const fn digest_name(domain_separator: Option<B256>) -> &'static str {
    if domain_separator.is_some() { "EIP-712 digest" } else { "ERC-191 digest" }
}

fn write(review: &MessageReview, page: &mut Page) {
    page.field("Means", review.sentence.as_str());
    write_tree(&review.tree, page);
    if let (Some(domain), Some(message)) = (review.domain_separator, review.struct_hash) {
        page.field("Domain hash", &domain.to_string());
        page.field("Message hash", &message.to_string());
    }
    page.field(digest_name(review.domain_separator), &review.digest.to_string());
    for warning in &review.warnings {
        page.toned_field("Warning", (Tone::Claimed, &warning.text));
    }
    for consent in &review.consents {
        page.toned_field("Stop", (Tone::Stop, &consent_text(consent)));
    }
}

impl ReviewedMessage {
    fn of(review: MessageReview, chain: &EvmChain, signed: Option<(Address, String)>) -> Self {
        let (account, signature) = signed.map(|(from, signature)| (evm_text(from, chain), signature)).unzip();
        Self {
            beneficiaries: review.beneficiaries.iter().map(|address| evm_text(*address, chain)).collect(),
            sentence: review.sentence,
            tree: review.tree,
            digest: review.digest,
            domain_separator: review.domain_separator,
            struct_hash: review.struct_hash,
            consents: review.consents,
            account,
            signature,
            warnings: review.warnings,
        }
    }
}

impl Report for ReviewedMessage {
    fn page(&self, page: &mut Page) {
        if let (Some(account), Some(signature)) = (&self.account, &self.signature) {
            page.field("Signed by", account);
            page.field(digest_name(self.domain_separator), &self.digest.to_string());
            return page.copyable("Signature", signature);
        }
        page.field("Means", self.sentence.as_str());
        write_tree(&self.tree, page);
        if let (Some(domain), Some(message)) = (self.domain_separator, self.struct_hash) {
            page.field("Domain hash", &domain.to_string());
            page.field("Message hash", &message.to_string());
        }
        page.field(digest_name(self.domain_separator), &self.digest.to_string());
        for consent in &self.consents {
            page.toned_field("Stop", (Tone::Stop, &consent_text(consent)));
        }
    }

    fn warnings(&self) -> Vec<Warning> {
        self.warnings.clone()
    }
}
