//! Messages that let somebody take: ERC-2612, DAI, Permit2, ERC-3009, Seaport orders, Safe transactions (threats.md H4).
//!
//! They cost no gas and leave no trace until somebody uses them, so each becomes a sentence. What is not known is said to
//! be unknown, and is signed only by retyping its digest.

use alloy_primitives::{Address, U256};
use serde_json::Value;

use super::{
    typed_data::Typed,
    typed_values::{address, unsigned},
};
use crate::{
    address::evm_text,
    intent::Consent,
    network::EvmChain,
    text::{SafeText, date},
    token::Token,
};

/// What a message grants.
pub(super) struct Grant {
    pub(super) sentence: String,
    pub(super) consents: Vec<Consent>,
    /// Why its digest has to be retyped, if it has to.
    pub(super) blind: Option<&'static str>,
}

/// A year from now is far for something that waits to be used.
const FAR: u64 = 366 * 24 * 3600;
/// The first second of the year 10000: from there on a deadline is none (RFC 3339 has no such date).
const NEVER: u64 = 253_402_300_800;

struct Look<'a> {
    typed: &'a Typed,
    chain: &'a EvmChain,
    now: u64,
}

/// What a message means, if it is of a kind that is known here.
pub(super) fn grant(typed: &Typed, chain: &EvmChain, now: u64) -> Option<Grant> {
    let look = Look { typed, chain, now };
    let message = &typed.message;
    match typed.primary.as_str() {
        "Permit" if message.get("allowed").is_some() => look.dai(message),
        "Permit" => look.permit(message),
        "PermitSingle" => look.permit2(message, std::slice::from_ref(message.get("details")?), "sigDeadline"),
        "PermitBatch" => look.permit2(message, message.get("details")?.as_array()?, "sigDeadline"),
        "PermitTransferFrom" | "PermitWitnessTransferFrom" => {
            look.permit2(message, std::slice::from_ref(message.get("permitted")?), "deadline")
        }
        "PermitBatchTransferFrom" | "PermitBatchWitnessTransferFrom" => {
            look.permit2(message, message.get("permitted")?.as_array()?, "deadline")
        }
        "TransferWithAuthorization" | "ReceiveWithAuthorization" => look.authorization(message),
        "OrderComponents" => look.order(message),
        "SafeTx" => look.safe(message),
        _ => None,
    }
}

impl Look<'_> {
    fn address(&self, message: &Value, name: &str) -> Option<Address> {
        address(message.get(name)?.as_str()?, self.chain).ok()
    }

    fn number(message: &Value, name: &str) -> Option<U256> {
        unsigned(message.get(name)?, 256).ok()
    }

    fn name(&self, address: Address) -> String {
        evm_text(address, self.chain)
    }

    fn amount(&self, token: Address, value: U256) -> String {
        let known = Token::at(self.chain.id, token);
        let what = known.map_or_else(|| format!("the token {}", self.name(token)), |token| token.symbol.to_owned());
        if Unlimited::of(value) == Unlimited::Yes {
            return format!("UNLIMITED {what}");
        }
        match known {
            Some(known) => known.denomination().of(value).to_string(),
            None => format!("{value} smallest units of {what}"),
        }
    }

    fn until(&self, seconds: Option<U256>) -> String {
        match seconds.and_then(|seconds| u64::try_from(seconds).ok()) {
            Some(seconds) if seconds <= self.now => format!("{} (already over)", date(seconds)),
            Some(seconds) if seconds < self.now.saturating_add(FAR) => date(seconds),
            Some(seconds) if seconds < NEVER => format!("{} (more than a year)", date(seconds)),
            _ => "FOR EVER".to_owned(),
        }
    }

    fn lets(&self, spender: Address, what: &str, until: Option<U256>, unlimited: Unlimited) -> Grant {
        let sentence = format!("LETS {} TAKE {what} FROM YOU, UNTIL {}", self.name(spender), self.until(until));
        let consents = match unlimited {
            Unlimited::Yes => vec![Consent::Unlimited { spender }],
            Unlimited::No => Vec::new(),
        };
        Grant { sentence, consents, blind: None }
    }

    fn permit(&self, message: &Value) -> Option<Grant> {
        let (token, spender) = (self.typed.contract?, self.address(message, "spender")?);
        let value = Self::number(message, "value")?;
        let what = self.amount(token, value);
        Some(self.lets(spender, &what, Self::number(message, "deadline"), Unlimited::of(value)))
    }

    fn dai(&self, message: &Value) -> Option<Grant> {
        let (token, spender) = (self.typed.contract?, self.address(message, "spender")?);
        if message.get("allowed")?.as_bool()? {
            let what = self.amount(token, U256::MAX);
            let until = Self::number(message, "expiry").filter(|expiry| !expiry.is_zero());
            return Some(self.lets(spender, &what, until, Unlimited::Yes));
        }
        let sentence = format!("No longer lets {} take from you", self.name(spender));
        Some(Grant { sentence, consents: Vec::new(), blind: None })
    }

    fn permit2(&self, message: &Value, details: &[Value], deadline: &str) -> Option<Grant> {
        let spender = self.address(message, "spender")?;
        let mut parts = Vec::new();
        let mut unlimited = Unlimited::No;
        for detail in details {
            let (token, value) = (self.address(detail, "token")?, Self::number(detail, "amount")?);
            if Unlimited::of(value) == Unlimited::Yes {
                unlimited = Unlimited::Yes;
            }
            parts.push(self.amount(token, value));
        }
        let expiry = details.iter().filter_map(|detail| Self::number(detail, "expiration")).max();
        let until = expiry.or_else(|| Self::number(message, deadline));
        Some(self.lets(spender, &format!("{} (through Permit2)", parts.join(" and ")), until, unlimited))
    }

    fn authorization(&self, message: &Value) -> Option<Grant> {
        let (token, to) = (self.typed.contract?, self.address(message, "to")?);
        let what = self.amount(token, Self::number(message, "value")?);
        let until = self.until(Self::number(message, "validBefore"));
        let sentence = format!("SENDS {what} TO {}, whenever anybody shows this, UNTIL {until}", self.name(to));
        Some(Grant { sentence, consents: Vec::new(), blind: None })
    }

    /// What is offered leaves; what is asked for may go to anybody: both are counted, and the digest is retyped.
    fn order(&self, message: &Value) -> Option<Grant> {
        let offerer = self.address(message, "offerer")?;
        let offered = message.get("offer")?.as_array()?.len();
        let asked = message.get("consideration")?.as_array()?;
        let ours = asked.iter().filter(|item| self.address(item, "recipient") == Some(offerer)).count();
        let until = self.until(Self::number(message, "endTime"));
        let sentence = format!(
            "SELLS {offered} items of yours FOR {} items, of which {ours} come to you, to whoever takes it UNTIL {until}",
            asked.len()
        );
        let blind =
            if ours == 0 { "an order that gives you NOTHING in return" } else { "an order on a market (Seaport)" };
        Some(Grant { sentence, consents: Vec::new(), blind: Some(blind) })
    }

    fn safe(&self, message: &Value) -> Option<Grant> {
        let to = self.address(message, "to")?;
        let wallet = self.typed.contract?;
        let sentence = format!("AGREES that the Safe {} calls {}", self.name(wallet), self.name(to));
        let delegatecall = Self::number(message, "operation") == Some(U256::from(1));
        let data = message.get("data").and_then(Value::as_str).unwrap_or("0x");
        let blind = if delegatecall {
            Some("the Safe would run foreign code as itself (operation 1, a delegatecall)")
        } else if data.len() > 2 {
            Some("the call of the Safe is not read here")
        } else {
            None
        };
        Some(Grant { sentence, consents: Vec::new(), blind })
    }
}

/// Whether somebody may take without limit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unlimited {
    Yes,
    No,
}

impl Unlimited {
    /// From 2^128 on nobody means an amount (threats.md H3).
    const fn of(value: U256) -> Self {
        if value.bit_len() > 128 { Self::Yes } else { Self::No }
    }
}

/// A name from outside, for a sentence.
pub(super) fn quoted(name: Option<&SafeText>) -> String {
    name.map_or_else(|| "an unnamed application".to_owned(), |name| format!("\"{name}\""))
}
