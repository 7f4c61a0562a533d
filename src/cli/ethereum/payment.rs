//! `send` and `plan` on EVM chains: one recipient and one quantity become a call, and the call a draft or a payment.

use std::path::{Path, PathBuf};

use super::{
    lookup::{self, EvmQuantity, KnownToken},
    report::EvmPlanned,
    session::{CallArgs, EvmSession},
};
use crate::cli::{CliError, context::Context, heading::Heading};
use alloy_primitives::{Address, U256};
use fastness::{
    amount::Denomination,
    chain::ethereum::calls,
    contact::ContactName,
    explain::Failure,
    flow::ethereum::{self, Planned},
    ledger::ethereum::Holder,
    network::{AnyNetwork, EvmChain},
    payment_uri::EvmPaymentUri,
    request::EvmValue,
    review::Warning,
    store::{WriteRule, atomic_write},
};

/// Most drafts that `--count` makes at once.
const MAX_COUNT: u32 = 1_000;

/// The chain of a payment: the one asked for, else the one that a payment URI names, else by the form of the first address.
pub(crate) fn chain_of(context: &mut Context, first: Option<&str>) -> Result<Option<&'static EvmChain>, Failure> {
    if let Some(uri) = first.filter(|text| EvmPaymentUri::looks_like(text)) {
        return chain_of_uri(context, EvmPaymentUri::parse(uri)?.chain_id).map(Some);
    }
    if context.asked().is_some() {
        return context.asked_chain();
    }
    match first {
        Some(address) if address.starts_with("0x") => context.chain().map(Some),
        Some(name) if name.starts_with('@') => chain_of_contact(context, name),
        _ => context.asked_chain(),
    }
}

/// The chain of a contact that has an address on one network only, where none was asked for.
fn chain_of_contact(context: &mut Context, typed: &str) -> Result<Option<&'static EvmChain>, Failure> {
    let Some(Ok(name)) = ContactName::mentioned(typed) else { return context.asked_chain() };
    let mut named = context.ledger()?.contacts(None)?;
    named.retain(|contact| contact.name.means(&name));
    match named.as_slice() {
        [one] => match one.network.parse() {
            Ok(AnyNetwork::Evm(chain)) => Ok(Some(chain)),
            _ => context.asked_chain(),
        },
        _ => context.asked_chain(),
    }
}

/// The chain of a URI; a wallet that is to use another one is not followed to where the payee is not.
fn chain_of_uri(context: &mut Context, id: Option<u64>) -> Result<&'static EvmChain, Failure> {
    let Some(id) = id else { return context.chain() };
    let named =
        EvmChain::by_id(id).ok_or_else(|| CliError::Usage(format!("the URI is for chain {id}, which is not known")))?;
    match context.asked() {
        Some(asked) if asked != AnyNetwork::Evm(named) => {
            let what = format!("the URI is for {}, and --network says {}", named.name, asked.name());
            Err(CliError::Usage(what).into())
        }
        _ => Ok(named),
    }
}

/// The call behind `ADDRESS AMOUNT`, or behind a payment URI.
pub(crate) fn call(context: &Context, work: &EvmSession<'_>, words: &[String]) -> Result<CallArgs, Failure> {
    let (to, quantity) = match words {
        [uri, rest @ ..] if EvmPaymentUri::looks_like(uri) => asked(work, EvmPaymentUri::parse(uri)?, rest)?,
        [to, amount] => (to.clone(), lookup::quantity(&work.ledger, work.chain, amount)?),
        _ => {
            let what = "here a payment has one ADDRESS and one AMOUNT, such as 0x... 1.5eth or 0x... \"25 USDC\"";
            return Err(CliError::Usage(what.to_owned()).into());
        }
    };
    let to = lookup::recipient(context, &work.ledger, work.chain, &to)?;
    if let EvmQuantity::Of(token, _) | EvmQuantity::AllOf(token) = &quantity {
        counts_as_said(work, token)?;
    }
    Ok(match quantity {
        EvmQuantity::AllNative => CallArgs { value: EvmValue::All, ..CallArgs::call(to, Default::default()) },
        EvmQuantity::Native(units) => {
            CallArgs { value: EvmValue::Exactly(units.value), ..CallArgs::call(to, Default::default()) }
        }
        EvmQuantity::Of(token, value) => CallArgs::call(token.address, calls::transfer(to, value)?),
        EvmQuantity::AllOf(token) => {
            let value = balance(context, work, token.address)?;
            CallArgs::call(token.address, calls::transfer(to, value)?)
        }
    })
}

/// Refuses a token whose contract counts other decimals than the list or the answer that it was added by: every amount of it
/// would be another one. What no node tells stops nothing.
pub(crate) fn counts_as_said(work: &EvmSession<'_>, token: &KnownToken) -> Result<(), Failure> {
    if token.pinned {
        return Ok(());
    }
    let Ok(told) = work.node.token_facts(token.address) else { return Ok(()) };
    match told.into_value() {
        Some(facts) if facts.decimals != token.denomination.decimals => {
            let what = format!(
                "{} counts {} decimals at its contract, and {} here: `fastness token add` reads it anew",
                token.denomination.symbol, facts.decimals, token.denomination.decimals
            );
            Err(CliError::Usage(what).into())
        }
        _ => Ok(()),
    }
}

/// What a URI asks for, with the amount that was typed after it where it names none.
fn asked(work: &EvmSession<'_>, uri: EvmPaymentUri, typed: &[String]) -> Result<(String, EvmQuantity), Failure> {
    let read = |text: &String| lookup::quantity(&work.ledger, work.chain, text);
    let typed = match typed {
        [] => None,
        [amount] => Some(read(amount)?),
        _ => return Err(CliError::Usage("after a payment URI only an amount can follow".to_owned()).into()),
    };
    let token = uri.token.map(|contract| lookup::token(&work.ledger, work.chain, &contract)).transpose()?;
    let asked = uri.amount.map(|value| match &token {
        Some(token) => EvmQuantity::Of(token.clone(), value),
        None => EvmQuantity::Native(Denomination::new(work.chain.symbol, work.chain.decimals).of(value)),
    });
    let quantity = match (asked, typed) {
        (Some(asked), Some(typed)) if asked != typed => {
            return Err(CliError::Usage("the URI asks for another amount than the one typed".to_owned()).into());
        }
        (Some(asked), _) => asked,
        (None, Some(typed)) if typed.token() == token.as_ref() => typed,
        (None, Some(_)) => {
            return Err(CliError::Usage("the URI is for another coin than the one typed".to_owned()).into());
        }
        (None, None) => return Err(CliError::Usage("the URI names no amount; type one after it".to_owned()).into()),
    };
    Ok((uri.to, quantity))
}

/// All that the account has of a token, as nodes say; that they contradict each other is told.
pub(crate) fn balance(context: &Context, work: &EvmSession<'_>, token: Address) -> Result<U256, Failure> {
    let claim = work.node.token_balances(work.row.account.address, &[token])?;
    for other in &claim.disagreements {
        let text = format!("operators do not agree about the balance of this token ({other})");
        context.ui.warn(&Warning { code: "operators_differ", text });
    }
    let known = claim.claim.into_value().first().copied().flatten();
    let known = known.filter(|balance| !balance.is_zero());
    known.ok_or_else(|| CliError::Usage("there is nothing of this token to send".to_owned()).into())
}

impl EvmSession<'_> {
    /// Plans a wish as a draft, or as many alike with nonces of their own; written to files, or only shown.
    pub(crate) fn plan_drafts(
        &mut self,
        context: &mut Context,
        call: &CallArgs,
        output: Option<&PathBuf>,
        count: u32,
    ) -> Result<EvmPlanned, Failure> {
        if count == 0 || count > MAX_COUNT || (count > 1 && output.is_none()) {
            let what = format!("--count is 1 to {MAX_COUNT}, and more than one draft needs -o FILE");
            return Err(CliError::Usage(what).into());
        }
        let holder = if output.is_some() { Holder::Draft } else { Holder::Process };
        let mut first = None;
        for turn in 1..=count {
            let mut planned = self.plan(context, call, holder, None)?;
            let file = output.map(|path| write(&mut planned, path, turn, count)).transpose()?;
            if first.is_none() {
                first = Some(self.planned(context, &planned, call, file)?);
            }
        }
        first.ok_or_else(|| CliError::Usage("nothing was planned".to_owned()).into())
    }

    /// One planned draft into one file; without it the nonce is free again.
    pub(super) fn write_draft(
        &self,
        context: &mut Context,
        mut planned: Planned,
        call: &CallArgs,
        path: &Path,
    ) -> Result<EvmPlanned, Failure> {
        let file = write(&mut planned, path, 1, 1)?;
        self.planned(context, &planned, call, Some(file))
    }

    fn planned(
        &self,
        context: &mut Context,
        planned: &Planned,
        call: &CallArgs,
        file: Option<String>,
    ) -> Result<EvmPlanned, Failure> {
        let ours = self.ownership(context, call)?;
        let review = ethereum::approve(&planned.draft, &ours, |_| Ok(()))?.review().clone();
        let payees = ethereum::payees(&self.ledger, &planned.draft, &ours)?;
        let heading = Heading::of_evm_draft(&planned.draft, std::slice::from_ref(&self.row));
        Ok(EvmPlanned {
            review,
            replaces: None,
            file,
            notes: planned.notes.clone(),
            unsigned: alloy_primitives::hex::encode_prefixed(&planned.draft.plan.unsigned),
            heading: heading.with_payees(payees.clone()),
            payees,
            context: planned.draft.context.clone(),
            command: "Nothing was written; add -o FILE to keep this draft.",
        })
    }
}

/// `pay.draft`, or `pay-3.draft` for the third of several.
fn write(planned: &mut Planned, path: &Path, turn: u32, count: u32) -> Result<String, Failure> {
    let path = if count == 1 {
        path.to_owned()
    } else {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let end = path.extension().map_or_else(String::new, |end| format!(".{}", end.to_string_lossy()));
        path.with_file_name(format!("{stem}-{turn}{end}"))
    };
    atomic_write(&path, planned.draft.to_text()?.as_bytes(), WriteRule::New)?;
    planned.nonce.keep();
    Ok(path.display().to_string())
}
