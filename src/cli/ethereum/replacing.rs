//! `bump` and `cancel` on EVM chains: the transaction that waits is replaced at its own nonce, as a draft or at once.

use std::path::PathBuf;

use super::{
    report::{EvmPlanned, EvmSent},
    session::{CallArgs, EvmSession},
};
use crate::cli::{context::Context, ethereum::replaces::EvmReplaces};
use alloy_primitives::B256;
use fastness::{
    chain::ethereum::{
        FeeFacts, decode,
        replace::{EvmPurpose, EvmReplacementRequest, replacement},
    },
    explain::Failure,
    explorer::ethereum::EvmWhereabouts,
    flow::{
        FlowError,
        ethereum::{self, NonceChoice, NonceRequest, Planned, PlanningContext},
    },
    ledger::ethereum::Holder,
    request::EvmFee,
    review::Evidence,
    text::SafeText,
};

/// How a replacement ended.
pub(crate) enum Replaced {
    /// It was sent.
    Sent(Box<EvmSent>),
    /// It is a draft in a file.
    Written(Box<EvmPlanned>),
}

impl EvmSession<'_> {
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
        // What one of several nodes says alone prevents no replacement: of two with one nonce only one can be mined.
        let doubted = found.evidence() == Evidence::Said && self.node.has_second_source();
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
        let facts = self.fee_facts(asked)?;
        let asked = EvmReplacementRequest { purpose, fee: asked, fee_limit: self.limits.fee_limit() };
        let (request, nonce) = replacement(&plan, asked, &facts)?;
        let holder = if output.is_some() { Holder::Draft } else { Holder::Process };
        let call = ethereum::purpose(self.chain, self.row.account.address, &request, None);
        let mut planning = PlanningContext {
            ledger: &mut self.ledger,
            row: &self.row,
            chain: self.chain,
            node: &self.node,
            errors: &[],
        };
        let nonce = NonceRequest { choice: NonceChoice::Replacing(nonce), holder, purpose: &call };
        let planned = ethereum::plan(&mut planning, &request, nonce, &[])?;
        let replaces = EvmReplaces::of(original, &plan, &planned.draft.plan, purpose)?;
        self.finish(context, planned, replaces, output)
    }

    /// What nodes say of prices; a price that was named needs none of it.
    fn fee_facts(&self, asked: Option<EvmFee>) -> Result<FeeFacts, Failure> {
        match self.node.fees() {
            Ok(fees) => Ok(fees.claim.into_value()),
            Err(_) if asked.is_some_and(|fee| fee.is_named()) => Ok(FeeFacts::unknown(0, B256::ZERO)),
            Err(error) => Err(error.into()),
        }
    }

    fn finish(
        &mut self,
        context: &mut Context,
        planned: Planned,
        replaces: EvmReplaces,
        output: Option<&PathBuf>,
    ) -> Result<Replaced, Failure> {
        let call = CallArgs::call(planned.draft.plan.from, Default::default());
        match output {
            Some(path) => {
                let report = self.write_draft(context, planned, &call, path)?;
                Ok(Replaced::Written(Box::new(EvmPlanned { replaces: Some(replaces), ..report })))
            }
            None => {
                context.ui.say(&replaces.to_string());
                let mut sent = self.sign_and_send(context, &planned, &call)?;
                sent.replaces = Some(replaces);
                Ok(Replaced::Sent(Box::new(sent)))
            }
        }
    }
}
