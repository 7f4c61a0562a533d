//! Limits and consents stated on the command line, for transactions of the Ethereum family.
//!
//! `--yes` alone agrees to nothing. Every limit given must hold, and every consent that the review asks for must be named.

use alloy_primitives::{Address, U256};

use crate::{
    amount::Units,
    chain::ethereum::policy::{self, GivenConsents},
    explain::Failure,
    flow::{FlowError, PayeeSource},
    request::EvmFeeLimit,
    review::{Consent, EvmReview, Measure},
};

/// What a person or a script allows.
#[derive(Clone, Debug, Default)]
pub struct EvmLimits {
    /// The most fee in wei.
    pub max_fee: Option<U256>,
    /// The only addresses that may gain by it.
    pub expect_to: Vec<Address>,
    /// The digest of the one review that is agreed to.
    pub approve: Option<String>,
    /// What was agreed to by name.
    pub consents: GivenConsents,
    /// The most that may leave in all: of the chain's own coin with the fees, and of each token. Empty for no bound; else
    /// nothing leaves that none of them names.
    pub max_total: Vec<MaxTotal>,
}

/// A bound on what leaves of one asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaxTotal {
    /// The token; nothing for the chain's own coin.
    pub token: Option<Address>,
    /// The most of it.
    pub most: Units,
}

impl EvmLimits {
    /// True if any limit is stated.
    #[must_use]
    pub const fn are_stated(&self) -> bool {
        let named = !self.expect_to.is_empty() || self.approve.is_some();
        named || self.max_fee.is_some() || !self.max_total.is_empty()
    }

    /// `--max-fee` replaces the standard stops.
    #[must_use]
    pub fn fee_limit(&self) -> EvmFeeLimit {
        self.max_fee.map_or(EvmFeeLimit::Standard, EvmFeeLimit::Absolute)
    }

    /// Agrees to a review in a person's place.
    ///
    /// # Errors
    /// No limit is stated, or one does not hold; or a file names a beneficiary that no limit names.
    pub fn agree(&self, review: &EvmReview, origin: PayeeSource) -> Result<(), Failure> {
        if !self.are_stated() {
            return Err(FlowError::NoLimits.into());
        }
        self.check(review)?;
        let named = self.approve.is_some() || !self.expect_to.is_empty() || origin == PayeeSource::Command;
        match others(review).next() {
            Some(other) if !named => Err(FlowError::PayeeNotNamed(other.to_string()).into()),
            _ => Ok(()),
        }
    }

    /// Checks every stated limit, the fee stops, and the consents that the review asks for.
    ///
    /// # Errors
    /// A limit does not hold, the fee is above the stops, or a consent is missing.
    pub fn check(&self, review: &EvmReview) -> Result<(), Failure> {
        if let Some(digest) = self.approve.as_ref().filter(|digest| **digest != review.digest) {
            let start = digest.get(..8).unwrap_or("");
            return Err(FlowError::Limit(format!(
                "the digest approved is {start}..., the draft's is {}",
                review.digest
            ))
            .into());
        }
        policy::check_fee(review, self.fee_limit())?;
        policy::check_consents(review, &self.consents)?;
        self.check_total(review)?;
        self.check_beneficiaries(review)
    }

    fn check_total(&self, review: &EvmReview) -> Result<(), Failure> {
        if self.max_total.is_empty() {
            return Ok(());
        }
        let limit = |what: String| Err(FlowError::Limit(what).into());
        let unlimited = review.consents.iter().any(|consent| matches!(consent, Consent::Unlimited { .. }));
        if review.measure == Measure::Open || unlimited {
            return limit(
                "how much may leave by this call is not in its bytes, so --max-total cannot bound it".to_owned(),
            );
        }
        let worst = &review.worst_total;
        // A fee alone has its own stops; a value needs a bound.
        let native = (!review.value.value.is_zero() || self.bound(None).is_some()).then_some((None, worst));
        let tokens = review.leaving.iter().map(|leaving| (Some(leaving.token), &leaving.amount));
        for (token, amount) in native.into_iter().chain(tokens) {
            match self.bound(token) {
                Some(most) if amount.value <= most.value => {}
                Some(most) => return limit(format!("{amount} may leave in all, and at most {most} were allowed")),
                None => return limit(format!("{amount} may leave, and no --max-total names that")),
            }
        }
        Ok(())
    }

    /// The strictest bound for an asset.
    fn bound(&self, token: Option<Address>) -> Option<&Units> {
        self.max_total.iter().filter(|max| max.token == token).map(|max| &max.most).min_by_key(|most| most.value)
    }

    fn check_beneficiaries(&self, review: &EvmReview) -> Result<(), Failure> {
        if self.expect_to.is_empty() {
            return Ok(());
        }
        let limit = |what: String| Err(FlowError::Limit(what).into());
        if let Some(other) = others(review).find(|address| !self.expect_to.contains(address)) {
            return limit(format!("it goes to {other}, which was not expected"));
        }
        match self.expect_to.iter().find(|address| !review.beneficiaries.contains(address)) {
            Some(address) => limit(format!("it does not go to {address}")),
            None => Ok(()),
        }
    }
}

/// Every beneficiary, apart from the account that signs.
fn others(review: &EvmReview) -> impl Iterator<Item = &Address> {
    review.beneficiaries.iter().filter(|address| **address != review.from)
}
