//! A typed message while its meaning is read, and what is found: its sentence, the spenders, and for how long.
//!
//! Which message means what is in permits.rs and orders.rs.

use alloy_primitives::{Address, U256};
use serde_json::Value;

use crate::{
    address::evm_text,
    amount::Denomination,
    chain::ethereum::{
        Ownership, allowance,
        calldata::Reading,
        typed_data::TypedMessage,
        typed_values::{address, unsigned},
        units::native,
    },
    network::EvmChain,
    review::{Consent, Warning},
    text::date,
    token::Token,
};

/// What a message grants.
#[derive(Default)]
pub(crate) struct Grant {
    pub(crate) sentence: String,
    /// Every item that the sentence counts, whole.
    pub(crate) items: Vec<String>,
    pub(crate) consents: Vec<Consent>,
    /// Why its digest has to be retyped; empty if it has not.
    pub(crate) blind: Vec<String>,
    /// The addresses that gain by it.
    pub(crate) beneficiaries: Vec<Address>,
    /// The account that has to own it, for it to be good.
    pub(crate) owner: Option<Address>,
    pub(crate) warnings: Vec<Warning>,
    /// The call that it agrees to.
    pub(crate) call: Option<Reading>,
    /// Whether its warnings say already that it names no chain.
    pub(crate) tells_of_no_chain: bool,
}

/// A year from now is far for something that waits to be used.
pub(crate) const FAR: u64 = 366 * 24 * 3600;

/// The first second of the year 10000: from there on a deadline is none (RFC 3339 has no such date).
pub(crate) const NEVER: u64 = 253_402_300_800;

/// The end of a permit that names 0: strict readers of ERC-2612 call it over, Vyper tokens such as Yearn's endless.
pub(crate) const NO_END: &str = "NO NAMED END (FOR EVER at some tokens)";

/// What a message is read with.
pub(crate) struct MessageReader<'a> {
    pub(crate) typed: &'a TypedMessage,
    pub(crate) chain: &'static EvmChain,
    /// Seconds since 1970.
    pub(crate) now: u64,
    pub(crate) ours: &'a Ownership,
}

impl MessageReader<'_> {
    pub(super) fn address(&self, message: &Value, name: &str) -> Option<Address> {
        address(message.get(name)?.as_str()?, self.chain).ok()
    }

    pub(super) fn number(message: &Value, name: &str) -> Option<U256> {
        unsigned(message.get(name)?, 256).ok()
    }

    pub(super) fn name(&self, address: Address) -> String {
        evm_text(address, self.chain)
    }

    pub(super) fn denomination(&self, token: Address) -> Option<Denomination> {
        let added = || self.ours.added_tokens.iter().find(|(address, _)| *address == token);
        let pinned = Token::at(self.chain.id, token).map(Token::denomination);
        pinned.or_else(|| added().map(|(_, denomination)| denomination.clone()))
    }

    /// An amount of a token in words; `UNLIMITED` where it is without limit.
    pub(super) fn amount(&self, token: Address, value: U256) -> String {
        let known = self.denomination(token);
        if allowance::is_unlimited(self.chain, token, value) {
            let what =
                known.map_or_else(|| format!("the token {}", self.name(token)), |known| known.symbol.to_string());
            return format!("UNLIMITED {what}");
        }
        match known {
            Some(known) => known.of(value).to_string(),
            None => format!("{value} smallest units of the token {}", self.name(token)),
        }
    }

    /// The chain's own coin for the zero address, else a token.
    pub(super) fn coin_or_token(&self, token: Address, value: U256) -> String {
        if token.is_zero() { native(self.chain, value).to_string() } else { self.amount(token, value) }
    }

    pub(super) fn until(&self, seconds: Option<U256>) -> String {
        match seconds.and_then(|seconds| u64::try_from(seconds).ok()) {
            Some(seconds) if seconds <= self.now => format!("{} (already over)", date(seconds)),
            Some(seconds) if seconds < self.now.saturating_add(FAR) => date(seconds),
            Some(seconds) if seconds < NEVER => format!("{} (more than a year)", date(seconds)),
            _ => "FOR EVER".to_owned(),
        }
    }

    /// When a grant of Permit2 is over. An expiration of 0 is the block that uses it, whenever that is before the signature's
    /// own deadline (Allowance.sol, `updateAll`).
    pub(super) fn end(&self, expiration: Option<U256>, deadline: Option<U256>) -> String {
        match expiration {
            Some(end) if end.is_zero() => format!("{} (in one block, whichever uses it)", self.until(deadline)),
            Some(end) => self.until(Some(end)),
            None => self.until(deadline),
        }
    }

    pub(super) fn lets(&self, spender: Address, what: &str, until: &str) -> Grant {
        let sentence = format!("LETS {} TAKE {what} FROM YOU, UNTIL {until}", self.name(spender));
        Grant { sentence, beneficiaries: vec![spender], ..Grant::default() }
    }
}
