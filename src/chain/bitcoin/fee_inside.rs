//! A payment whose fee is taken from its amount: what leaves is what was asked for, and the recipient gets the rest.
//!
//! The fee depends on the coins, and the coins on what the recipient gets: both are sought together.

use bitcoin::{Amount, TxOut};

use super::{BitcoinError, Coin, fund::Funding, policy};
use crate::{amount::sat_text, network::Network, request::Request};

/// Rounds after which there is no fee that fits: two suffice unless the choice of coins goes back and forth.
const MAX_ROUNDS: usize = 16;

/// Coins for a payment, with the output of its recipient made smaller by the fee. `pick` chooses coins for a payment of so
/// many satoshi.
///
/// # Errors
/// There are several recipients, too little money, or the fee is more than the amount.
pub(super) fn choose<'a>(
    request: &Request,
    network: Network,
    outputs: &mut [TxOut],
    pick: impl Fn(u64) -> Result<(Vec<&'a Coin>, Funding), BitcoinError>,
) -> Result<(Vec<&'a Coin>, Funding), BitcoinError> {
    let several = || BitcoinError::BadRequest("the fee can be taken from the amount of one recipient only".to_owned());
    let (1, Some(output)) = (request.payments.len(), outputs.first_mut()) else { return Err(several()) };
    let asked = output.value.to_sat();
    let mut fee = 0u64;
    for _ in 0..MAX_ROUNDS {
        let gets = asked.checked_sub(fee).ok_or_else(|| too_dear(fee, asked))?;
        policy::check_dust(&output.script_pubkey, gets, network)?;
        let (chosen, funding) = pick(gets)?;
        // What is too little for change is not the recipient's to bear.
        let borne = funding.fee.saturating_sub(funding.leftover);
        if borne == fee {
            output.value = Amount::from_sat(gets);
            return Ok((chosen, funding));
        }
        fee = borne;
    }
    let what = "no fee at this rate fits into the amount with these coins; name one with --fee";
    Err(BitcoinError::BadRequest(what.to_owned()))
}

fn too_dear(fee: u64, asked: u64) -> BitcoinError {
    BitcoinError::BadRequest(format!(
        "the fee of {} is more than the {} it is taken from",
        sat_text(fee),
        sat_text(asked)
    ))
}
