//! Limits and consents stated on the command line, for transactions of the Ethereum family (threats.md T3, H2, H3, H11).
//!
//! `--yes` alone agrees to nothing. Every limit given must hold, and every consent that the review asks for must be named.

use alloy_primitives::{Address, U256};

use crate::{
    chain::ethereum::policy::{self, GivenConsents},
    explain::Failure,
    flow::FlowError,
    intent::{EvmFeeLimit, EvmReview},
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
}

impl EvmLimits {
    /// True if any limit is stated.
    #[must_use]
    pub const fn are_stated(&self) -> bool {
        self.max_fee.is_some() || !self.expect_to.is_empty() || self.approve.is_some()
    }

    /// `--max-fee` replaces the standard stops.
    #[must_use]
    pub fn fee_limit(&self) -> EvmFeeLimit {
        self.max_fee.map_or(EvmFeeLimit::Standard, EvmFeeLimit::Absolute)
    }

    /// Agrees to a review in a person's place.
    ///
    /// # Errors
    /// No limit is stated, or one does not hold.
    pub fn agree(&self, review: &EvmReview) -> Result<(), Failure> {
        if !self.are_stated() {
            return Err(FlowError::NoLimits.into());
        }
        self.check(review)
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
        self.check_beneficiaries(review)
    }

    fn check_beneficiaries(&self, review: &EvmReview) -> Result<(), Failure> {
        if self.expect_to.is_empty() {
            return Ok(());
        }
        let limit = |what: String| Err(FlowError::Limit(what).into());
        if let Some(other) = review.beneficiaries.iter().find(|address| !self.expect_to.contains(address)) {
            return limit(format!("it goes to {other}, which was not expected"));
        }
        match self.expect_to.iter().find(|address| !review.beneficiaries.contains(address)) {
            Some(address) => limit(format!("it does not go to {address}")),
            None => Ok(()),
        }
    }
}
