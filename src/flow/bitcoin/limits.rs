//! Limits stated on the command line, which stand in for a person's agreement.
//!
//! `--yes` alone agrees to nothing. Every limit given must hold; this file asks no question.

use bitcoin::ScriptBuf;

use crate::{
    amount::{Amount, sat_text},
    chain::bitcoin::policy,
    explain::Failure,
    flow::{FlowError, origin::PayeeSource},
    request::FeeLimit,
    review::{Review, ReviewedOutput},
};

/// What a script allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The most fee in satoshi.
    pub max_fee: Option<u64>,
    /// The only scripts that may be paid, with their addresses.
    pub expect_to: Vec<(ScriptBuf, String)>,
    /// The digest of the one review that is agreed to.
    pub approve: Option<String>,
    /// The most that may leave in all, fee and payments, in satoshi.
    pub max_total: Option<u64>,
    /// Scripts that may be paid although they are ours where no search looks.
    pub unusual: Vec<ScriptBuf>,
}

impl Limits {
    /// True if any limit is stated.
    #[must_use]
    pub fn are_stated(&self) -> bool {
        self.max_fee.is_some() || !self.expect_to.is_empty() || self.approve.is_some() || self.max_total.is_some()
    }

    /// Agrees to a review in a person's place.
    ///
    /// # Errors
    /// No limit is stated, or one does not hold; or a file names a payee that no limit names.
    pub fn agree(&self, review: &Review, origin: PayeeSource) -> Result<(), Failure> {
        if !self.are_stated() {
            return Err(FlowError::NoLimits.into());
        }
        self.check(review)?;
        let named = self.approve.is_some() || !self.expect_to.is_empty() || origin == PayeeSource::Command;
        match review.payments().next() {
            Some(payment) if !named => Err(FlowError::PayeeNotNamed(payee(payment)).into()),
            _ => Ok(()),
        }
    }

    /// Checks every stated limit, and the standard fee stops where no `--max-fee` takes their place: a draft from elsewhere
    /// never passed the planner's.
    ///
    /// # Errors
    /// A limit does not hold, or the fee is above the stops.
    pub fn check(&self, review: &Review) -> Result<(), Failure> {
        let broken = |what: String| Err(FlowError::Limit(what).into());
        if let Some(digest) = self.approve.as_ref().filter(|digest| **digest != review.digest) {
            return broken(format!(
                "the digest approved is {}..., the draft's is {}",
                digest.get(..8).unwrap_or(""),
                review.digest
            ));
        }
        policy::check_search(review, &self.unusual)?;
        let fee = review.fee.and_then(Amount::to_sat).unwrap_or(u64::MAX);
        if let Some(max) = self.max_fee.filter(|max| fee > *max) {
            return broken(format!("the fee is {}, and at most {} was allowed", sat_text(fee), sat_text(max)));
        }
        if self.max_fee.is_none() {
            policy::check_fee(fee, review.vsize, review.moved(), FeeLimit::Standard)?;
        }
        let total = review.paid.to_sat().unwrap_or(u64::MAX).saturating_add(fee);
        if let Some(max) = self.max_total.filter(|max| total > *max) {
            return broken(format!("{} leave in all, and at most {} were allowed", sat_text(total), sat_text(max)));
        }
        self.check_payees(review)
    }

    fn check_payees(&self, review: &Review) -> Result<(), Failure> {
        if self.expect_to.is_empty() {
            return Ok(());
        }
        let broken = |what: String| Err(FlowError::Limit(what).into());
        for payment in review.payments() {
            if !self.expect_to.iter().any(|(script, _)| script.to_hex_string() == payment.script) {
                return broken(format!("it pays {}, which was not expected", payee(payment)));
            }
        }
        let pays = |script: &ScriptBuf| review.outputs.iter().any(|output| output.script == script.to_hex_string());
        match self.expect_to.iter().find(|(script, _)| !pays(script)) {
            Some((_, address)) => broken(format!("it does not pay {address}")),
            None => Ok(()),
        }
    }
}

fn payee(payment: &ReviewedOutput) -> String {
    payment.address.clone().unwrap_or_else(|| "a script without an address".to_owned())
}
