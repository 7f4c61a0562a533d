//! Drafts that lie: made here from honest plans, and each must be refused, or told as what it is.
//!
//! The signing side trusts nothing but bytes it can check (docs of chain/bitcoin/decode.rs and inputs.rs). No keys are
//! used except to show that a signature over a lie is worthless.

// Helpers of a test target may stop it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "hostile/inputs.rs"]
mod inputs;
#[path = "hostile/mutations.rs"]
mod mutations;
#[path = "hostile/outputs.rs"]
mod outputs;
mod synthetic;

use bitcoin::Psbt;
use fastness::{
    account::ScriptType,
    amount::{Amount, FeeRate, Quantity},
    chain::bitcoin::{BitcoinError, Ownership, Plan, Snapshot, decode::review, plan::plan, sign::jobs},
    request::{CoinChoice, Fee, FeeLimit, FeePayer, Leftover, Payment, Replacement, Request},
};

use synthetic::{Dice, stranger, wallet};

/// An honest plan: two coins of 200,000 and 300,000 sat, a payment of 350,000, and change.
struct Honest {
    snapshot: Snapshot,
    plan: Plan,
    ours: Ownership,
}

fn honest(kind: ScriptType, seed: u64) -> Honest {
    let mut dice = Dice(seed);
    let snapshot = wallet(&mut dice, kind, &[200_000, 300_000]);
    honest_with(snapshot, &mut dice)
}

fn honest_with(snapshot: Snapshot, dice: &mut Dice) -> Honest {
    let quantity = Quantity::Exact(Amount::sat(350_000));
    let request = Request {
        payments: vec![Payment { script: stranger(dice), quantity }],
        memo: Some(b"invoice 7".to_vec()),
        fee: Fee::Rate(FeeRate::from_sat_per_vb(5)),
        fee_payer: FeePayer::Sender,
        fee_limit: FeeLimit::Standard,
        leftover: Leftover::Refuse,
        coins: CoinChoice::Automatic,
        replacement: Replacement::Signalled,
    };
    let plan = plan(&request, &snapshot, dice.bytes()).unwrap();
    assert_eq!((plan.psbt.inputs.len(), plan.psbt.outputs.len()), (2, 3));
    let ours = Ownership::new(vec![snapshot.account.clone()]);
    assert!(review(&plan, &ours).is_ok() && jobs(&plan, &ours).is_ok());
    Honest { snapshot, plan, ours }
}

impl Honest {
    /// The plan after an attacker changed it.
    fn changed(&self, change: impl FnOnce(&mut Psbt)) -> Plan {
        let mut plan = self.plan.clone();
        change(&mut plan.psbt);
        plan
    }

    /// Why the changed plan is refused; it must be refused by the review and by the signer alike.
    fn refusal(&self, change: impl FnOnce(&mut Psbt)) -> BitcoinError {
        let plan = self.changed(change);
        let reviewed = review(&plan, &self.ours).expect_err("it was reviewed as good");
        let signed = jobs(&plan, &self.ours).expect_err("it would have been signed");
        assert_eq!(reviewed, signed, "review and signer disagree about the reason");
        reviewed
    }
}
