//! How the practice node says no: the number and the words of Bitcoin Core's `sendrawtransaction`.
//!
//! Holds words only; which rule was broken is decided in admission.rs, standard.rs and replacement.rs.

use bitcoin::{OutPoint, Txid, Wtxid};

/// A refusal as Bitcoin Core words it: `reason`, then `, detail` when there is one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}{}{detail}", if detail.is_empty() { "" } else { ", " })]
pub struct Reject {
    /// The number of the RPC error: -22 not decoded, -25 refused before the mempool, -26 refused by it, -27 already there.
    pub code: i32,
    /// The words before the first comma; enough to tell refusals apart.
    pub reason: &'static str,
    /// The rest; may be empty.
    pub detail: String,
}

/// `RPC_VERIFY_REJECTED`: the mempool's rules said no.
const VERIFY_REJECTED: i32 = -26;
/// `RPC_VERIFY_ERROR`: refused around the mempool (missing inputs, the sender's own limits).
const VERIFY_ERROR: i32 = -25;

impl Reject {
    /// A refusal by the mempool without further detail.
    pub(crate) const fn plain(reason: &'static str) -> Self {
        Self { code: VERIFY_REJECTED, reason, detail: String::new() }
    }

    /// A refusal by the mempool.
    pub(crate) const fn because(reason: &'static str, detail: String) -> Self {
        Self { code: VERIFY_REJECTED, reason, detail }
    }

    pub(crate) const fn not_decoded() -> Self {
        Self { code: -22, reason: "TX decode failed. Make sure the tx has at least one input.", detail: String::new() }
    }

    pub(crate) const fn already_confirmed() -> Self {
        Self { code: -27, reason: "Transaction outputs already in utxo set", detail: String::new() }
    }

    pub(crate) const fn missing_inputs() -> Self {
        Self { code: VERIFY_ERROR, reason: "bad-txns-inputs-missingorspent", detail: String::new() }
    }

    pub(crate) const fn fee_too_high() -> Self {
        Self {
            code: VERIFY_ERROR,
            reason: "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)",
            detail: String::new(),
        }
    }

    pub(crate) const fn burns_too_much() -> Self {
        Self {
            code: VERIFY_ERROR,
            reason: "Unspendable output exceeds maximum configured by user (maxburnamount)",
            detail: String::new(),
        }
    }

    /// `RPC_DATABASE_ERROR`: accepted, but it could not be written to disk.
    pub(crate) fn not_saved(cause: &super::PracticeError) -> Self {
        Self { code: -20, reason: "Database error", detail: cause.to_string() }
    }

    pub(crate) fn fee_below(reason: &'static str, fee: u64, needed: u64) -> Self {
        Self::because(reason, format!("{fee} < {needed}"))
    }

    pub(crate) fn in_below_out(value_in: u64, value_out: u64) -> Self {
        Self::because(
            "bad-txns-in-belowout",
            format!("value in ({}) < value out ({})", money(value_in), money(value_out)),
        )
    }

    pub(crate) fn immature(depth: u32) -> Self {
        Self::because("bad-txns-premature-spend-of-coinbase", format!("tried to spend coinbase at depth {depth}"))
    }

    /// The C library says only yes or no, so the reason in brackets is the one Core uses when it knows none.
    pub(crate) fn script(input: usize, ids: (Txid, Wtxid), spent: OutPoint) -> Self {
        let (txid, wtxid) = ids;
        Self::because(
            "mempool-script-verify-flag-failed (unknown error)",
            format!("input {input} of {txid} (wtxid {wtxid}), spending {spent}"),
        )
    }

    /// The text after `sendrawtransaction `, as Esplora servers pass it on: `RPC error -26: reason, detail`.
    #[must_use]
    pub fn rpc_text(&self) -> String {
        format!("RPC error {}: {self}", self.code)
    }
}

/// Satoshi as Core prints money: bitcoin with at least two decimals and no further trailing zeros.
pub(crate) fn money(sat: u64) -> String {
    let fraction = format!("{:08}", sat % 100_000_000);
    let kept = fraction.trim_end_matches('0').len().max(2);
    format!("{}.{}", sat / 100_000_000, fraction.get(..kept).unwrap_or(&fraction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_printed_as_core_prints_it() {
        for (sat, text) in [(0, "0.00"), (10, "0.0000001"), (11, "0.00000011"), (50_000, "0.0005"), (100_000, "0.001")]
        {
            assert_eq!(money(sat), text);
        }
        assert_eq!(money(5_000_000_000), "50.00");
        assert_eq!(money(123_450_000_000), "1234.50");
    }

    #[test]
    fn texts_carry_the_code_and_the_detail() {
        let low = Reject::fee_below("min relay fee not met", 0, 11);
        assert_eq!(low.rpc_text(), "RPC error -26: min relay fee not met, 0 < 11");
        assert_eq!(Reject::missing_inputs().rpc_text(), "RPC error -25: bad-txns-inputs-missingorspent");
    }
}
