//! What proves a coin: the whole previous transaction, whose hash is the id that the input names.
//!
//! No network and no trust: an amount is what the hashed bytes say (CVE-2020-14199: a segwit v0 signature alone does not
//! commit to the amounts of the other inputs).

use bitcoin::{OutPoint, Transaction, TxOut};

/// Why a previous transaction does not prove a coin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoProof {
    /// Its id is not the one that the input names.
    WrongId,
    /// It has no output with that number.
    NoSuchOutput,
}

impl NoProof {
    /// In words.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::WrongId => "the previous transaction given is not the one this input spends",
            Self::NoSuchOutput => "the previous transaction has no output of that number",
        }
    }
}

/// The output that `outpoint` names, taken from the transaction whose hash is `outpoint.txid`.
///
/// # Errors
/// The hash differs, or there is no such output.
pub fn spent_output(parent: &Transaction, outpoint: OutPoint) -> Result<&TxOut, NoProof> {
    if parent.compute_txid() != outpoint.txid {
        return Err(NoProof::WrongId);
    }
    let place = usize::try_from(outpoint.vout).map_err(|_| NoProof::NoSuchOutput)?;
    parent.output.get(place).ok_or(NoProof::NoSuchOutput)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hashed_transaction_proves_a_coin() {
        let genesis = bitcoin::constants::genesis_block(bitcoin::Network::Regtest).txdata.remove(0);
        let outpoint = OutPoint { txid: genesis.compute_txid(), vout: 0 };
        assert_eq!(spent_output(&genesis, outpoint).map(|output| output.value.to_sat()), Ok(5_000_000_000));
        assert_eq!(spent_output(&genesis, OutPoint { vout: 1, ..outpoint }), Err(NoProof::NoSuchOutput));
        let mut lie = genesis;
        lie.output[0].value = bitcoin::Amount::ONE_SAT;
        assert_eq!(spent_output(&lie, outpoint), Err(NoProof::WrongId));
    }
}
