//! `message`: sign a text (EIP-191) or typed data (EIP-712) in a sealed process after showing what it means; verify a signature.

use std::path::PathBuf;

use alloy_primitives::{Address, B256};
use fastness::{
    address::evm_text,
    chain::ethereum::{
        message::{self, MessageReview},
        policy,
    },
    explain::Failure,
    flow::{FlowError, ethereum},
    intent::{Shown, Warning},
    ledger::now,
    network::EvmChain,
    store::read_public,
    text::SafeText,
};
use serde::Serialize;

use super::{Answer, answer};
use crate::cli::{
    DeskError,
    context::{Consent, Context},
    ethereum::{
        args::{ConsentArgs, address},
        review_page::{consent_text, write_tree},
        signer,
    },
    key_side::{self, Files},
    page::{Page, Tone},
    report::Report,
};

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
        /// Agree to exactly the message with this digest
        #[arg(long, value_name = "DIGEST")]
        approve: Option<String>,
        #[command(flatten)]
        consents: ConsentArgs,
    },
    /// Tell whether an address signed a message
    #[command(override_usage = "fastness message verify ADDRESS SIGNATURE TEXT")]
    Verify {
        /// The address
        address: String,
        /// The signature: 65 bytes in hex
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
struct Reviewed {
    sentence: SafeText,
    tree: Shown,
    digest: B256,
    domain_separator: Option<B256>,
    struct_hash: Option<B256>,
    consents: Vec<fastness::intent::Consent>,
    /// The account that signed, or was asked about.
    account: Option<String>,
    signature: Option<String>,
    #[serde(skip)]
    warnings: Vec<Warning>,
}

#[derive(Serialize)]
struct Verified {
    address: String,
    valid: bool,
    digest: B256,
}

impl What {
    fn review(&self, chain: &EvmChain) -> Result<MessageReview, Failure> {
        if let Some(path) = &self.typed {
            return Ok(message::typed(&read_public(path, MAX_FILE)?, chain, now())?);
        }
        if let Some(path) = &self.file {
            return Ok(message::personal(&read_public(path, MAX_FILE)?, chain)?);
        }
        Ok(message::personal(self.text.as_deref().unwrap_or_default().as_bytes(), chain)?)
    }
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let chain = context.chain()?;
        match &self.action {
            Action::Sign { what, approve, consents } => sign(context, chain, what, (approve.as_deref(), consents)),
            Action::Verify { address: text, signature, what } => {
                let review = what.review(chain)?;
                let claimed = address(text, chain)?;
                let valid = message::recovered(&review, signature)? == claimed;
                answer(Verified { address: evm_text(claimed, chain), valid, digest: review.digest })
            }
            Action::Inspect { what } => answer(Reviewed::of(what.review(chain)?, None, None)),
        }
    }
}

fn sign(
    context: &mut Context,
    chain: &'static EvmChain,
    what: &What,
    (approve, consents): (Option<&str>, &ConsentArgs),
) -> Answer {
    let review = what.review(chain)?;
    let given = consents.given(chain)?;
    let (ledger, row) = context.evm_account(chain)?;
    let wallet = context.wallet()?;
    key_side::check_class(context, &wallet, chain.class, chain.name)?;
    let known = signer::ownership(context, &ledger, wallet.as_str(), (chain, &[]))?;
    // Nothing of the home but the wallet's file is open to the sealed process.
    drop(ledger);
    let sealed = key_side::seal(context, Files::Wallet(&wallet), &[])?;
    let account = format!("{}/{}", row.wallet, row.name);
    agree(context, chain, (&review, &account), approve)?;
    review.consents.iter().try_for_each(|consent| policy::check_consent(consent, &given))?;
    let keys = key_side::keys(context, &wallet, &sealed)?;
    ethereum::check_accounts(&known, &keys)?;
    let from: Address = row.account.address;
    let job = message::job(&review, from, &known)?;
    let signatures = keys.sign_ethereum(std::slice::from_ref(&job))?;
    let signature = signatures.first().ok_or(DeskError::Unprintable)?;
    let signature = message::finish(&review, from, signature)?;
    answer(Reviewed::of(review, Some(evm_text(from, chain)), Some(signature)))
}

/// Agreement: the digest named beforehand, or `yes` typed under the whole message.
fn agree(
    context: &Context,
    chain: &EvmChain,
    (review, account): (&MessageReview, &str),
    approve: Option<&str>,
) -> Result<(), Failure> {
    if let Some(digest) = approve {
        let whole = if digest.starts_with("0x") { digest.to_ascii_lowercase() } else { format!("0x{digest}") };
        if whole == review.digest.to_string() {
            return Ok(());
        }
        return Err(
            FlowError::Limit(format!("the digest approved is {whole}, the message's is {}", review.digest)).into()
        );
    }
    if context.consent() == Consent::Given {
        return Err(DeskError::NoTerminal(FLAG).into());
    }
    context.ui.show_page(FLAG, |page| {
        page.heading("Message", &format!("{chain} · {account}"));
        page.blank();
        write(review, page);
    })?;
    let typed = context.ui.ask("Type yes to sign it, anything else to decline: ", FLAG)?;
    if typed.trim() == "yes" { Ok(()) } else { Err(FlowError::Declined.into()) }
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

impl Reviewed {
    fn of(review: MessageReview, account: Option<String>, signature: Option<String>) -> Self {
        Self {
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

impl Report for Reviewed {
    fn page(&self, page: &mut Page) {
        if let (Some(account), Some(signature)) = (&self.account, &self.signature) {
            page.field("Signed by", account);
            page.field(digest_name(self.domain_separator), &self.digest.to_string());
            return page.field("Signature", signature);
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

impl Report for Verified {
    fn page(&self, page: &mut Page) {
        if self.valid {
            return page.toned_field("Valid", (Tone::Proven, &format!("{} signed this message", self.address)));
        }
        page.toned_field("INVALID", (Tone::Stop, &format!("{} did not sign this message", self.address)));
    }

    fn exit_code(&self) -> u8 {
        if self.valid { 0 } else { fastness::explain::Kind::Verification.exit_code() }
    }
}
