//! The chains, as twins: the same verbs in the same files, forced by one trait.
//!
//! A chain gets plain data (a snapshot) and hands out plans, reviews and digests to sign. It must not know keys
//! (keystore/), explorers, files or the terminal. Nothing above this file is generic over chains.

pub mod bitcoin;
pub mod ethereum;

use crate::signing::Signature;

/// What every chain can do; the compiler keeps the twins alike.
pub trait Chain {
    /// What a person wants.
    type Request;
    /// Plain data that a plan is made from.
    type Snapshot;
    /// Which scripts or addresses are ours.
    type Ownership;
    /// An unsigned transaction with all that is needed to review and sign it.
    type Plan;
    /// What a plan does, in words.
    type Review;
    /// One signature to be made.
    type Job;
    /// The finished transaction.
    type Signed;
    /// Why it cannot.
    type Error;

    /// Makes an unsigned transaction for a request. `randomness` decides only what must not be predictable.
    ///
    /// # Errors
    /// The request cannot or must not be fulfilled.
    fn plan(
        request: &Self::Request,
        snapshot: &Self::Snapshot,
        randomness: [u8; 32],
    ) -> Result<Self::Plan, Self::Error>;

    /// Tells what a plan does, from its bytes alone, and refuses what must not be signed.
    ///
    /// # Errors
    /// The plan lies, or holds what this wallet refuses to sign.
    fn review(plan: &Self::Plan, ours: &Self::Ownership) -> Result<Self::Review, Self::Error>;

    /// The digests to be signed.
    ///
    /// # Errors
    /// As [`Chain::review`].
    fn jobs(plan: &Self::Plan, ours: &Self::Ownership) -> Result<Vec<Self::Job>, Self::Error>;

    /// Puts signatures in place and proves the result.
    ///
    /// # Errors
    /// The result is not the plan with valid signatures.
    fn finish(plan: Self::Plan, jobs: &[Self::Job], signatures: &[Signature]) -> Result<Self::Signed, Self::Error>;
}
