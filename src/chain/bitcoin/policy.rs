//! The rules of caution: fee stops, dust, memo size. Numbers with their reasons; no planning here.

use bitcoin::{Script, ScriptBuf, Transaction};

use super::{BitcoinError, outputs::Form};
use crate::{
    amount::{FeeRate, sat_text},
    network::Network,
    request::FeeLimit,
    review::Review,
};

/// No fee rate above this is ever an intention: the highest sustained rates seen were near it.
pub const MAX_FEE_RATE: FeeRate = FeeRate::from_sat_per_vb(500);
/// No fee above 0.01 BTC without naming it (a 19.8 BTC fee was paid in 2023).
pub const MAX_FEE: u64 = 1_000_000;
/// No fee above one tenth of what is paid without naming it.
pub const MAX_FEE_SHARE: u64 = 10;
/// The largest OP_RETURN payload that every node relays (Bitcoin Core's default before version 30).
pub const RELAYED_MEMO_BYTES: usize = 80;
/// The largest that any node relays by default: what fits 100,000 bytes of script (Bitcoin Core's default since version 30).
pub const MAX_MEMO_BYTES: usize = 99_990;
/// Most weight of a standard transaction (Bitcoin Core's MAX_STANDARD_TX_WEIGHT).
pub const MAX_STANDARD_WEIGHT: u64 = 400_000;
/// What nodes ask at least on top of a replaced fee, per virtual byte (BIP-125 rule 4; the older and higher default).
pub const INCREMENTAL_RELAY: FeeRate = FeeRate::from_sat_per_vb(1);

/// Stops a fee that no one would choose. `moved` is what the transaction pays out (or sweeps), in satoshi.
///
/// # Errors
/// The fee is above the limit.
pub fn check_fee(fee: u64, vsize: u64, moved: u64, limit: FeeLimit) -> Result<(), BitcoinError> {
    let rate = FeeRate::of(fee, vsize);
    let stop = |limit: String| Err(BitcoinError::FeeTooHigh { fee, rate, limit });
    match limit {
        FeeLimit::Absolute(max) if fee > max => stop(format!("the {} named with --max-fee", sat_text(max))),
        FeeLimit::Absolute(_) => Ok(()),
        FeeLimit::Standard if rate > MAX_FEE_RATE => stop(MAX_FEE_RATE.to_string()),
        FeeLimit::Standard if fee > MAX_FEE => stop("0.01 BTC".to_owned()),
        FeeLimit::Standard if fee > moved / MAX_FEE_SHARE => stop(format!("10% of the {} it moves", sat_text(moved))),
        FeeLimit::Standard => Ok(()),
    }
}

/// Refuses a transaction of `inputs` inputs that nodes do not relay for its size.
///
/// # Errors
/// It is above the standard weight.
pub fn check_weight(vsize: u64, inputs: usize) -> Result<(), BitcoinError> {
    let is_relayed = vsize.saturating_mul(4) <= MAX_STANDARD_WEIGHT;
    if is_relayed { Ok(()) } else { Err(BitcoinError::TooLarge { inputs, vsize }) }
}

/// Refuses an output below the relay minimum of its script.
///
/// # Errors
/// The value is dust.
pub fn check_dust(script: &Script, value: u64, network: Network) -> Result<(), BitcoinError> {
    let minimum = dust_limit(script, network);
    if value < minimum && !script.is_op_return() { Err(BitcoinError::Dust { value, minimum }) } else { Ok(()) }
}

/// The least value that nodes of a network relay in an output of this script, in satoshi (Bitcoin Core's GetDustThreshold).
#[must_use]
pub fn dust_limit(script: &Script, network: Network) -> u64 {
    let rate = bitcoin::FeeRate::from_sat_per_kwu(network.chain().dust_relay / 4);
    script.minimal_non_dust_custom(rate).to_sat()
}

/// What every node of a network relays; Bitcoin Core's default since version 30 is a tenth of it.
#[must_use]
pub const fn relayed_by_all(network: Network) -> FeeRate {
    FeeRate { sat_per_kvb: network.chain().min_relay }
}

/// Refuses what is ours where no search looks, unless its script was agreed to by name.
///
/// # Errors
/// The first such output that the person did not name.
pub fn check_search(review: &Review, agreed: &[ScriptBuf]) -> Result<(), BitcoinError> {
    for output in &review.outputs {
        let Some(path) = &output.beyond_search else { continue };
        if !agreed.iter().any(|script| script.to_hex_string() == output.script) {
            let to = output.address.clone().unwrap_or_else(|| format!("script {}", output.script));
            return Err(BitcoinError::BeyondSearch { to, path: path.clone() });
        }
    }
    Ok(())
}

/// Refuses transactions that would lose money or break the ledger's rules, before anything else is looked at.
///
/// # Errors
/// What is wrong with it.
pub fn check_form(transaction: &Transaction) -> Result<(), BitcoinError> {
    let malformed = |what: String| Err(BitcoinError::Malformed(what));
    if transaction.input.is_empty() || transaction.output.is_empty() {
        return malformed("it has no inputs or no outputs".to_owned());
    }
    let mut outpoints: Vec<_> = transaction.input.iter().map(|input| input.previous_output).collect();
    outpoints.sort_unstable();
    if outpoints.windows(2).any(|pair| pair.first() == pair.get(1)) {
        return malformed("it spends the same coin twice".to_owned());
    }
    if outpoints.iter().any(bitcoin::OutPoint::is_null) {
        return malformed("it spends a coin that cannot exist".to_owned());
    }
    let mut total = bitcoin::Amount::ZERO;
    for (place, output) in transaction.output.iter().enumerate() {
        if output.script_pubkey.is_op_return() && output.value != bitcoin::Amount::ZERO {
            return malformed(format!("output {place} burns money in OP_RETURN"));
        }
        if let Some(danger) = Form::of(&output.script_pubkey).danger() {
            return malformed(format!("output {place} {danger}"));
        }
        total = match total.checked_add(output.value) {
            Some(sum) if sum <= bitcoin::Amount::MAX_MONEY => sum,
            _ => return malformed("it pays more than can exist".to_owned()),
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fee_stops_stand_where_they_say() {
        let standard = |fee, vsize, moved| check_fee(fee, vsize, moved, FeeLimit::Standard).is_ok();
        assert!(standard(70_500, 141, 10_000_000));
        assert!(!standard(70_501 + 141, 141, 10_000_000), "501 sat/vB");
        assert!(standard(1_000_000, 10_000, 100_000_000));
        assert!(!standard(1_000_001, 10_000, 100_000_000), "0.01 BTC");
        assert!(standard(1_000, 141, 10_000));
        assert!(!standard(1_001, 141, 10_000), "10%");
        assert!(check_fee(1_001, 141, 10_000, FeeLimit::Absolute(1_001)).is_ok());
        assert!(check_fee(1_002, 141, 10_000, FeeLimit::Absolute(1_001)).is_err());
    }

    #[test]
    fn dust_limits_are_those_of_bitcoin_core() {
        let limit = |hex: &str| dust_limit(&bitcoin::ScriptBuf::from_hex(hex).expect("a script"), Network::Bitcoin);
        assert_eq!(limit(&format!("0014{}", "00".repeat(20))), 294);
        assert_eq!(limit(&format!("76a914{}88ac", "00".repeat(20))), 546);
        assert_eq!(limit(&format!("a914{}87", "00".repeat(20))), 540);
        assert_eq!(limit(&format!("5120{}", "00".repeat(32))), 330);
    }
}
