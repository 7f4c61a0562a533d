//! What must be true after the steps of the tour, asked of the chain itself where it can tell.
//!
//! Each check that fails has its own code. Runs only commands that change nothing.

use bitcoin::{ScriptBuf, Txid, opcodes::all::OP_PUSHNUM_2, script::Builder};
use fastness::{address, explain::Failure, network::Network};

use super::{
    error::PracticeCliError,
    figures::{BalanceJson, History, Paid, WalletListJson},
    tour::{Tour, WALLET},
};
use crate::cli::CliError;

/// A payee: a script of the practice chain that belongs to no wallet.
pub(super) struct Shop {
    script: ScriptBuf,
    pub(super) address: String,
}

impl Shop {
    pub(super) fn open() -> Result<Self, CliError> {
        let script = Builder::new().push_opcode(OP_PUSHNUM_2).into_script().to_p2wsh();
        let address = address::of(&script, Network::Regtest).ok_or(CliError::Unprintable)?;
        Ok(Self { script, address })
    }

    /// What the shop must have by now, asked of the chain.
    pub(super) fn check(&self, tour: &Tour, expected: u64) -> Result<(), PracticeCliError> {
        let found = tour.chain(|chain| chain.balance(&self.script));
        same_sum("the shop", expected, &found.to_string())
    }
}

/// The tour's wallet, its copy and the fingerprint that was told must be one wallet.
pub(super) fn same_wallet(tour: &Tour, copy: &str, told: &str) -> Result<(), Failure> {
    let list: WalletListJson = tour.program.ask(&["wallets"])?;
    let (original, copy) = (list.fingerprint(WALLET), list.fingerprint(copy));
    if original == told && copy == told {
        return Ok(());
    }
    Err(PracticeCliError::Fingerprint { original, copy }.into())
}

/// The wallet's confirmed satoshi, if nothing else is on its way.
pub(super) fn settled(tour: &Tour) -> Result<String, Failure> {
    Ok(tour.program.ask::<BalanceJson>(&["balance", "-w", WALLET])?.settled())
}

pub(super) fn same_sum(whose: &'static str, expected: u64, found: &str) -> Result<(), PracticeCliError> {
    if found == expected.to_string() {
        return Ok(());
    }
    Err(PracticeCliError::Balance { whose, expected, found: found.to_owned() })
}

/// The chain's mempool must hold the payment.
pub(super) fn waits(tour: &Tour, txid: &str) -> Result<(), PracticeCliError> {
    let known = tour.chain(|chain| chain.mempool_txids().iter().any(|waiting| waiting.to_string() == txid));
    if known { Ok(()) } else { Err(PracticeCliError::NotWaiting(txid.to_owned())) }
}

/// The one payment in the chain's mempool.
pub(super) fn only_waiting(tour: &Tour) -> Result<String, PracticeCliError> {
    let waiting = tour.chain(|chain| chain.mempool_txids());
    match waiting.as_slice() {
        [txid] => Ok(txid.to_string()),
        [] => Err(PracticeCliError::NotWaiting("just sent".to_owned())),
        [first, ..] => Err(PracticeCliError::NotReplaced(first.to_string())),
    }
}

/// The payment with its fee, confirmed in the eyes of both the chain and the wallet.
pub(super) fn confirmed(tour: &Tour, txid: &str) -> Result<Paid, Failure> {
    let unconfirmed = || PracticeCliError::NotConfirmed(txid.to_owned());
    let id: Txid = txid.parse().map_err(|_| unconfirmed())?;
    let deep = tour.chain(|chain| chain.confirmations(&id)).is_some_and(|depth| depth >= 1);
    let paid = tour.program.ask::<History>(&["history", "-w", WALLET])?.payment(txid);
    Ok(paid.filter(|paid| deep && paid.confirmations >= 1).ok_or_else(unconfirmed)?)
}

#[cfg(test)]
mod tests {
    use fastness::explain::Explain;

    use super::*;

    #[test]
    fn a_sum_that_is_off_by_one_ends_the_tour() {
        assert!(same_sum("the wallet", 7, "7").is_ok());
        for wrong in ["6", "8", "07", "", "an unknown number of"] {
            let error = same_sum("the wallet", 7, wrong).unwrap_err();
            assert_eq!(error.entry().code, "practice.tour_balance", "{wrong}");
        }
    }

    #[test]
    fn the_shop_can_be_paid() {
        let shop = Shop::open().unwrap();
        assert_eq!(address::parse(&shop.address, Network::Regtest).unwrap(), shop.script);
    }
}
