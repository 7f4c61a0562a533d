//! `bump` and `cancel` on EVM chains: the transaction that waits is replaced at its own nonce, as a draft or at once.

use std::{fmt, path::PathBuf};

use super::{
    payment,
    report::{EvmPlanned, EvmSent},
    story::{Wish, Work},
};
use crate::cli::context::Context;
use alloy_consensus::{Transaction, TypedTransaction};
use alloy_primitives::{B256, U256};
use fastness::{
    amount::Denomination,
    chain::ethereum::{
        FeeFacts, Plan, decode,
        replace::{EvmPurpose, replacement},
        transaction::read_unsigned,
    },
    explain::Failure,
    explorer::ethereum::{Evidence, EvmWhereabouts},
    flow::{
        FlowError,
        ethereum::{self, Desk, NonceChoice, Planned},
    },
    ledger::ethereum::Holder,
    text::SafeText,
};
use serde::Serialize;

/// How a replacement ended.
pub(crate) enum Replaced {
    /// It was sent.
    Sent(Box<EvmSent>),
    /// It is a draft in a file.
    Written(Box<EvmPlanned>),
}

/// What a replacement does about the one that waits.
#[derive(Serialize)]
pub(crate) struct EvmReplaces {
    /// The hash of the one that is replaced.
    id: B256,
    /// `same`, or `nothing`: only the fee is paid.
    effect: &'static str,
    /// The most that a unit of gas cost, in wei.
    old_max_fee: String,
    /// The most that a unit of gas costs now, in wei.
    max_fee: String,
    /// The most that the whole fee could be, in the chain's own coin.
    old_fee_at_most: String,
    /// The most that the whole fee can be now.
    fee_at_most: String,
}

impl EvmReplaces {
    fn of(id: B256, old: &Plan, new: &Plan, purpose: EvmPurpose) -> Result<Self, Failure> {
        let chain = old.chain;
        let (old, new) = (read_unsigned(&old.unsigned)?, read_unsigned(&new.unsigned)?);
        let most = |transaction: &TypedTransaction| {
            let gas = U256::from(transaction.gas_limit());
            Denomination::new(chain.symbol, chain.decimals)
                .of(gas.saturating_mul(U256::from(transaction.max_fee_per_gas())))
                .to_string()
        };
        Ok(Self {
            id,
            effect: if purpose == EvmPurpose::Bump { "same" } else { "nothing" },
            old_max_fee: old.max_fee_per_gas().to_string(),
            max_fee: new.max_fee_per_gas().to_string(),
            old_fee_at_most: most(&old),
            fee_at_most: most(&new),
        })
    }
}

impl fmt::Display for EvmReplaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, old_fee_at_most, fee_at_most, .. } = self;
        let (verb, what) = match self.effect {
            "same" => ("Replaces", "the same transaction"),
            _ => ("Takes back", "nothing is paid but the fee"),
        };
        write!(f, "{verb} {id} (fee at most {old_fee_at_most}): {what}, fee at most {fee_at_most}")
    }
}

impl Work<'_> {
    /// Replaces a transaction of this account that waits.
    pub(crate) fn replace(
        &mut self,
        context: &mut Context,
        original: B256,
        purpose: EvmPurpose,
        output: Option<&PathBuf>,
    ) -> Result<Replaced, Failure> {
        let name = |of: B256| SafeText::new(&of.to_string());
        let row = self.ledger.outbox_row(self.chain.id, original)?;
        let mut row = row.ok_or_else(|| FlowError::UnknownTransaction(name(original)))?;
        let mut original = original;
        if let Some(newer) = self.ledger.replacement_of(&row)?
            && let Some((hash, _)) = &newer.signed
        {
            context.ui.say(&format!("{original} was replaced already; this is about {hash}."));
            (original, row) = (*hash, newer);
        }
        let found = self.node.whereabouts(original, row.who.from)?;
        // What one of several says alone keeps nobody from replacing: of two with one nonce only one can be mined.
        let doubted = found.evidence() == Evidence::Said && self.node.has_witness();
        match found.claim.into_value() {
            _ if doubted => {}
            EvmWhereabouts::Mined(_) => {
                return Err(FlowError::NotReplaceable(name(original), "is already in a block").into());
            }
            EvmWhereabouts::Absent { nonce } if nonce > row.nonce => {
                return Err(FlowError::NotReplaceable(name(original), "was replaced already").into());
            }
            _ => {}
        }
        let raw = row.signed.map(|(_, raw)| raw).unwrap_or_default();
        let (_, plan) = decode::signed(&raw)?;
        let asked = self.asked_fee()?;
        let facts = match self.node.fees() {
            Ok(fees) => fees.claim.into_value(),
            Err(_) if asked.is_some_and(|fee| fee.is_named()) => FeeFacts::unknown(0, B256::ZERO),
            Err(error) => return Err(error.into()),
        };
        let fees = (asked, self.limits.fee_limit());
        let (request, nonce) = replacement(&plan, purpose, fees, &facts)?;
        let holder = if output.is_some() { Holder::Draft } else { Holder::Process };
        let wish = ethereum::purpose(self.chain, self.row.account.address, &request, None);
        let mut desk =
            Desk { ledger: &mut self.ledger, row: &self.row, chain: self.chain, node: &self.node, errors: &[] };
        let planned = ethereum::plan(&mut desk, &request, NonceChoice::Replacing(nonce), holder, (&wish, &[]))?;
        let replaces = EvmReplaces::of(original, &plan, &planned.draft.plan, purpose)?;
        self.finish(context, &planned, replaces, output)
    }

    fn finish(
        &mut self,
        context: &mut Context,
        planned: &Planned,
        replaces: EvmReplaces,
        output: Option<&PathBuf>,
    ) -> Result<Replaced, Failure> {
        let wish = Wish::call(planned.draft.plan.from, Default::default());
        match output {
            Some(path) => {
                let report = payment::written(context, self, planned, (&wish, path))?;
                Ok(Replaced::Written(Box::new(EvmPlanned { replaces: Some(replaces), ..report })))
            }
            None => {
                context.ui.say(&replaces.to_string());
                let mut sent = self.sign_and_send(context, planned, &wish)?;
                sent.replaces = Some(replaces);
                Ok(Replaced::Sent(Box::new(sent)))
            }
        }
    }
}
