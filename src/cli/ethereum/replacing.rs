//! `bump` and `cancel` on EVM chains: the transaction that waits is replaced at its own nonce, as a draft or at once.

use std::path::PathBuf;

use alloy_primitives::B256;
use fastness::{
    chain::ethereum::{
        decode,
        replace::{EvmPurpose, replacement},
    },
    explain::Failure,
    explorer::{Evidence, EvmWhereabouts},
    flow::{
        FlowError,
        ethereum::{self, Desk, NonceChoice, Planned},
    },
    ledger::Holder,
    text::SafeText,
};

use super::{
    payment,
    report::{EvmPlanned, EvmSent},
    story::{Wish, Work},
};
use crate::cli::context::Context;

/// How a replacement ended.
pub(crate) enum Replaced {
    /// It was sent.
    Sent(EvmSent),
    /// It is a draft in a file.
    Written(Box<EvmPlanned>),
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
        let name = || SafeText::new(&original.to_string());
        let row = self.ledger.outbox_row(self.chain.id, original)?;
        let row = row.ok_or_else(|| FlowError::UnknownTransaction(name()))?;
        let found = self.node.whereabouts(original, row.who.from)?;
        // What one of several says alone keeps nobody from replacing: of two with one nonce only one can be mined.
        let doubted = found.evidence() == Evidence::Said && self.node.has_witness();
        match found.claim.into_value() {
            _ if doubted => {}
            EvmWhereabouts::Mined(_) => return Err(FlowError::NotReplaceable(name(), "is already in a block").into()),
            EvmWhereabouts::Absent { nonce } if nonce > row.nonce => {
                return Err(FlowError::NotReplaceable(name(), "was replaced already").into());
            }
            _ => {}
        }
        let raw = row.signed.map(|(_, raw)| raw).unwrap_or_default();
        let (_, plan) = decode::signed(&raw)?;
        let facts = self.node.fees()?.claim.into_value();
        let fees = (self.asked_fee()?, self.limits.fee_limit());
        let (request, nonce) = replacement(&plan, purpose, fees, &facts)?;
        let holder = if output.is_some() { Holder::Draft } else { Holder::Process };
        let wish = ethereum::purpose(self.chain, self.row.account.address, &request, None);
        let mut desk =
            Desk { ledger: &mut self.ledger, row: &self.row, chain: self.chain, node: &self.node, errors: &[] };
        let planned = ethereum::plan(&mut desk, &request, NonceChoice::Replacing(nonce), holder, (&wish, &[]))?;
        self.finish(context, &planned, output)
    }

    fn finish(
        &mut self,
        context: &mut Context,
        planned: &Planned,
        output: Option<&PathBuf>,
    ) -> Result<Replaced, Failure> {
        let wish = Wish::call(planned.draft.plan.from, Default::default());
        match output {
            Some(path) => {
                let report = payment::written(context, self, planned, (&wish, path))?;
                Ok(Replaced::Written(Box::new(report)))
            }
            None => Ok(Replaced::Sent(self.sign_and_send(context, planned, &wish)?)),
        }
    }
}
