//! The sealed side of an Ethereum transaction: review from the bytes, agreement, unlocking, signing; and starting it as a child.

use std::ffi::OsString;

use super::{
    agreement,
    args::{self, Options},
    lookup,
    report::EvmSigned,
    review_page::ReviewPage,
};
use crate::cli::{
    context::Context,
    heading::Heading,
    key_side::{self, Files},
    limits::ConsentArgs,
    sealed_child::{ChildWords, run_signer},
};
use fastness::{
    chain::ethereum::{Ownership, SignedTransaction, decode},
    explain::Failure,
    flow::ethereum::{self, EvmDraft, KeystoreSigner},
    ledger::Ledger,
    network::{AnyNetwork, EvmChain},
    store::WalletName,
};

/// What a review is of, as far as the knowledge for it depends on that.
#[derive(Clone, Copy)]
pub(crate) struct ReviewScope<'a> {
    /// The wallet.
    pub(crate) wallet: &'a str,
    /// The chain.
    pub(crate) chain: &'static EvmChain,
    /// Function signatures that the person typed.
    pub(crate) signatures: &'a [String],
}

/// What this wallet knows when it reviews: its accounts, whom it paid, the signatures that were typed, allowed delegates.
pub(crate) fn ownership(context: &mut Context, ledger: &Ledger, scope: ReviewScope<'_>) -> Result<Ownership, Failure> {
    let ReviewScope { wallet, chain, signatures } = scope;
    let mut ours = ethereum::ownership_of_ledger(ledger, Some(wallet))?;
    ours.typed_signatures = signatures.to_vec();
    ours.added_tokens = lookup::named_in_reviews(ledger, chain)?;
    let config = context.config()?;
    for (name, delegates) in &config.delegates {
        if name.parse() == Ok(AnyNetwork::Evm(chain)) {
            for delegate in delegates {
                ours.allowed_delegates.push(args::address(delegate, chain)?);
            }
        }
    }
    Ok(ours)
}

/// Reviews, asks, unlocks in a sealed process, and signs.
pub(crate) fn sign(
    context: &mut Context,
    draft: &EvmDraft,
    signatures: &[String],
    options: Options<'_>,
) -> Result<EvmSigned, Failure> {
    let chain = draft.plan.chain;
    let wallet = wallet_for(context, draft)?;
    key_side::check_class(context, &wallet, chain.class, chain.name)?;
    let ledger = context.ledger()?;
    let known = ownership(context, &ledger, ReviewScope { wallet: wallet.as_str(), chain, signatures })?;
    let limits = args::limits(&ledger, options.limits, options.consents, chain)?;
    let heading = Heading::of_evm_draft(draft, &ledger.evm_accounts(Some(wallet.as_str()))?);
    let heading = heading.with_payees(ethereum::payees(&ledger, draft, &known)?);
    // Nothing of the home but the wallet's file is open to the sealed process.
    drop(ledger);
    let sealed = key_side::seal(context, Files::Wallet(&wallet), &[])?;
    let agree = |review: &_| {
        agreement::agree(context, &limits, ReviewPage { review, heading: &heading, context: &draft.context })
    };
    let approved = ethereum::approve(draft, &known, agree)?;
    let review = approved.review().clone();
    let keys = key_side::keys(context, &wallet, &sealed)?;
    ethereum::check_accounts(&known, &keys)?;
    let listed = known.accounts.iter().find(|account| account.address == draft.plan.from);
    let path = listed.and_then(|account| account.origin.as_ref()).map(|origin| origin.path.clone());
    let path = path.or_else(|| ethereum::claimed_path(&draft.context, keys.fingerprint()));
    let signed = ethereum::sign(&approved, &KeystoreSigner { keys: &keys, path: path.as_ref() })?;
    Ok(EvmSigned::new(&signed, review))
}

/// The wallet named, else the one that the draft names if it is here, else the only one.
fn wallet_for(context: &mut Context, draft: &EvmDraft) -> Result<WalletName, Failure> {
    if context.globals().wallet.is_none()
        && let Some(Ok(name)) = draft.context.wallet.as_deref().map(str::parse::<WalletName>)
        && context.home()?.keystore_path(&name).exists()
    {
        return Ok(name);
    }
    context.wallet()
}

/// Starts this program again as `sign -`, hands it the draft, and reads back what it signed, which must be that plan.
pub(crate) fn sign_in_child(
    context: &mut Context,
    draft: &EvmDraft,
    signatures: &[String],
    options: Options<'_>,
) -> Result<SignedTransaction, Failure> {
    let limits = options.limits.for_child(context.consent(), decode::digest(&draft.plan));
    let words = child_words(context, signatures, Options { limits: &limits, ..options })?;
    let raw = run_signer(&words, draft.to_text()?.as_bytes())?;
    ethereum::read_signed_plan(draft, &raw)
}

fn child_words(context: &mut Context, signatures: &[String], options: Options<'_>) -> Result<Vec<OsString>, Failure> {
    let wallet = context.wallet()?;
    let mut words = ChildWords::of_signer(context, Some(wallet.as_str()))?;
    consent_words(&mut words, signatures, options.consents);
    Ok(words.limited(options.limits, context.consent()))
}

/// Adds what was agreed to by name, and the functions that were typed.
pub(crate) fn consent_words(words: &mut ChildWords, signatures: &[String], consents: &ConsentArgs) {
    words.option("blind", consents.blind.as_ref());
    consents.allow_unlimited.iter().for_each(|address| words.option("allow-unlimited", Some(address)));
    consents.to_unusual.iter().for_each(|address| words.option("to-unusual", Some(address)));
    consents.no_code.iter().for_each(|address| words.option("no-code", Some(address)));
    consents.may_fail.iter().for_each(|address| words.option("may-fail", Some(address)));
    consents.delegate_to.iter().for_each(|address| words.option("delegate-to", Some(address)));
    signatures.iter().for_each(|signature| words.option("signature", Some(signature)));
}
