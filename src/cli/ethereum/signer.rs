//! The sealed side of an Ethereum transaction: review from the bytes, agreement, unlocking, signing; and starting it as a child.

use std::ffi::OsString;

use fastness::{
    amount::Denomination,
    chain::ethereum::{Ownership, SignedTransaction, decode},
    explain::Failure,
    flow::{
        FlowError,
        ethereum::{self, EvmDraft},
    },
    ledger::Ledger,
    network::{AnyNetwork, EvmChain},
    store::WalletName,
};

use super::{agreement, args, report::EvmSigned, story::Options};
use crate::cli::{
    context::Context,
    key_side,
    sealed_child::{ChildWords, run_signer},
};

/// What this wallet knows when it reviews: its accounts, whom it paid, the signatures that were typed, allowed delegates.
pub(crate) fn ownership(
    context: &mut Context,
    ledger: &Ledger,
    wallet: &str,
    (chain, signatures): (&'static EvmChain, &[String]),
) -> Result<Ownership, Failure> {
    let mut ours = ethereum::ownership_of_ledger(ledger, Some(wallet))?;
    ours.typed_signatures = signatures.to_vec();
    let added = ledger.added_tokens(chain.id)?.into_iter();
    ours.added_tokens =
        added.map(|token| (token.address, Denomination::new(token.symbol.as_str(), token.decimals))).collect();
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
    (signatures, options): (&[String], Options<'_>),
    output: Option<&std::path::Path>,
) -> Result<EvmSigned, Failure> {
    let chain = draft.plan.chain;
    let wallet = wallet_for(context, draft)?;
    key_side::check_class(context, &wallet, chain.class, chain.name)?;
    let ledger = context.ledger()?;
    let known = ownership(context, &ledger, wallet.as_str(), (chain, signatures))?;
    let limits = args::limits(options.limits, options.consents, chain)?;
    let sealed = key_side::seal(context, &output.into_iter().collect::<Vec<_>>())?;
    let subject = subject(draft);
    let agree = |review: &_| agreement::agree(context, &limits, review, (&subject, &draft.context));
    let approved = ethereum::approve(draft, &known, agree)?;
    let review = approved.review().clone();
    let keys = key_side::keys(context, &wallet, &sealed)?;
    ethereum::check_accounts(&known, &keys)?;
    let listed = known.accounts.iter().find(|account| account.address == draft.plan.from);
    let path = listed.and_then(|account| account.origin.as_ref()).map(|origin| origin.path.clone());
    let path = path.or_else(|| ethereum::claimed_path(&draft.context, keys.fingerprint()));
    let signed = ethereum::sign(approved, &keys, path.as_ref())?;
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

/// `wallet/account`, as the draft names them.
pub(crate) fn subject(draft: &EvmDraft) -> String {
    let name = |name: &Option<String>| {
        name.as_deref().map_or_else(|| "?".to_owned(), |name| fastness::text::SafeText::new(name).to_string())
    };
    match (&draft.context.wallet, &draft.context.account) {
        (None, None) => "a draft from elsewhere".to_owned(),
        (wallet, account) => format!("{}/{}", name(wallet), name(account)),
    }
}

/// Starts this program again as `sign -`, hands it the draft, and reads back what it signed, which must be that plan.
pub(crate) fn sign_in_child(
    context: &mut Context,
    draft: &EvmDraft,
    (signatures, options): (&[String], Options<'_>),
) -> Result<SignedTransaction, Failure> {
    let words = child_words(context, signatures, options)?;
    let raw = run_signer(&words, &draft.to_text()?)?;
    let signed = ethereum::read_signed(&raw, Some(AnyNetwork::Evm(draft.plan.chain)))?;
    let (_, plan) = decode::signed(&signed.bytes)?;
    // With a delegation of our own the bytes hold one thing more: its signature.
    let same = plan.from == draft.plan.from && (draft.plan.delegate.is_some() || plan.unsigned == draft.plan.unsigned);
    if same { Ok(signed) } else { Err(FlowError::ReviewChanged.into()) }
}

fn child_words(context: &mut Context, signatures: &[String], options: Options<'_>) -> Result<Vec<OsString>, Failure> {
    let mut words = ChildWords::of_signer(context)?;
    let consents = options.consents;
    words.option("blind", consents.blind.as_ref());
    consents.allow_unlimited.iter().for_each(|address| words.option("allow-unlimited", Some(address)));
    consents.to_unusual.iter().for_each(|address| words.option("to-unusual", Some(address)));
    consents.delegate_to.iter().for_each(|address| words.option("delegate-to", Some(address)));
    signatures.iter().for_each(|signature| words.option("signature", Some(signature)));
    Ok(words.limited(options.limits, context.consent()))
}
