//! Messages that let a spender take: ERC-2612, DAI, Permit2, ERC-3009, Seaport orders, Safe transactions.
//!
//! They cost no gas and leave no trace until the spender uses them, so each becomes a sentence. What is not known is
//! said to be unknown, and is signed only by retyping its digest.

use alloy_primitives::{Address, U256};
use serde_json::Value;

use super::{
    allowance,
    calldata::{self, Transacted},
    known_messages::{Known, known, witness},
    message_reader::{Grant, MessageReader, NO_END},
    orders,
    safe::{DELEGATECALL, FOREIGN_CODE, OWN_RULES, Refund},
};
use crate::review::{Consent, Warning};

/// More items than this are counted in the sentence, and listed below it.
const IN_A_SENTENCE: usize = 3;

impl MessageReader<'_> {
    /// What the message means; with a reason to retype its digest where its type is unknown here.
    pub(super) fn grant(&self) -> Grant {
        match known(self.typed) {
            Ok(known) => self.of(known).unwrap_or_else(|| self.unknown("a member of it is not what it should be")),
            Err(why) => {
                let bound = witness(self.typed).and_then(|known| self.of(known));
                let mut grant = bound.unwrap_or_else(|| self.unknown(why));
                if grant.blind.is_empty() {
                    grant.blind.push(why.to_owned());
                }
                grant
            }
        }
    }

    fn of(&self, known: Known) -> Option<Grant> {
        let message = &self.typed.message;
        match known {
            Known::Permit => self.permit(message),
            Known::DaiPermit => self.dai(message),
            Known::Allowance => self.permit2(std::slice::from_ref(message.get("details")?), "sigDeadline"),
            Known::Allowances => self.permit2(message.get("details")?.as_array()?, "sigDeadline"),
            Known::Transfer => self.permit2(std::slice::from_ref(message.get("permitted")?), "deadline"),
            Known::Transfers => self.permit2(message.get("permitted")?.as_array()?, "deadline"),
            Known::Authorization => self.authorization(message),
            Known::Cancellation => Some(Grant {
                sentence: "Takes back an authorisation of a transfer (ERC-3009) that was not used yet".to_owned(),
                owner: self.address(message, "authorizer"),
                ..Grant::default()
            }),
            Known::Order => orders::order(self, message),
            Known::Safe => self.safe(message),
        }
    }

    fn unknown(&self, why: &str) -> Grant {
        let name = self.typed.domain_name.as_ref();
        let name = name.map_or_else(|| "an unnamed application".to_owned(), |name| format!("\"{name}\""));
        let at = self.typed.contract.map_or_else(String::new, |contract| format!(" at {}", self.name(contract)));
        Grant {
            sentence: format!("Sign a {} for {name}{at}", self.typed.primary),
            blind: vec![why.to_owned()],
            beneficiaries: self.typed.addresses(self.chain),
            ..Grant::default()
        }
    }

    fn permit(&self, message: &Value) -> Option<Grant> {
        let (token, spender) = (self.typed.contract?, self.address(message, "spender")?);
        let value = Self::number(message, "value")?;
        let deadline = Self::number(message, "deadline");
        let is_open = deadline.is_some_and(|deadline| deadline.is_zero());
        let until = if is_open { NO_END.to_owned() } else { self.until(deadline) };
        let mut grant = self.lets(spender, &self.amount(token, value), &until);
        if is_open {
            grant.blind.push("it names no end: over at most tokens, and for ever at some".to_owned());
        }
        if allowance::is_unlimited(self.chain, token, value) {
            grant.consents.push(Consent::Unlimited { spender });
        }
        Some(Grant { owner: self.address(message, "owner"), warnings: self.unknown_token(token), ..grant })
    }

    fn dai(&self, message: &Value) -> Option<Grant> {
        let (token, spender) = (self.typed.contract?, self.address(message, "spender")?);
        let owner = self.address(message, "holder");
        if message.get("allowed")?.as_bool()? {
            let until = Self::number(message, "expiry").filter(|expiry| !expiry.is_zero());
            let grant = self.lets(spender, &self.amount(token, U256::MAX), &self.until(until));
            let consents = vec![Consent::Unlimited { spender }];
            return Some(Grant { consents, owner, warnings: self.unknown_token(token), ..grant });
        }
        let sentence = format!("No longer lets {} take from you", self.name(spender));
        Some(Grant { sentence, owner, ..Grant::default() })
    }

    fn unknown_token(&self, token: Address) -> Vec<Warning> {
        let text = format!("{} is not in the pinned list: its decimals are not known here", self.name(token));
        let warning = Warning { code: "unknown_token", text };
        if self.denomination(token).is_some() { Vec::new() } else { vec![warning] }
    }

    fn permit2(&self, details: &[Value], deadline: &str) -> Option<Grant> {
        let message = &self.typed.message;
        let spender = self.address(message, "spender")?;
        let (mut items, mut unlimited) = (Vec::new(), false);
        for detail in details {
            let (token, value) = (self.address(detail, "token")?, Self::number(detail, "amount")?);
            unlimited |= allowance::is_unlimited(self.chain, token, value);
            let until = self.end(Self::number(detail, "expiration"), Self::number(message, deadline));
            items.push((self.amount(token, value), until));
        }
        let what = match items.as_slice() {
            [] => "NOTHING".to_owned(),
            few if few.len() <= IN_A_SENTENCE => {
                few.iter().map(|(amount, _)| amount.as_str()).collect::<Vec<_>>().join(" and ")
            }
            many => format!("{} AMOUNTS OF TOKENS, each listed below", many.len()),
        };
        let deadline = Self::number(message, deadline);
        let ends = details.iter().filter_map(|detail| Self::number(detail, "expiration"));
        // The latest of them: one that is 0 can be used until the deadline of the signature.
        let latest = ends.max_by_key(|end| if end.is_zero() { deadline.unwrap_or(U256::MAX) } else { *end });
        let grant = self.lets(spender, &format!("{what} (through Permit2)"), &self.end(latest, deadline));
        let consents = if unlimited { vec![Consent::Unlimited { spender }] } else { Vec::new() };
        let items = items.into_iter().map(|(amount, until)| format!("{amount}, until {until}")).collect();
        Some(Grant { consents, items, ..grant })
    }

    fn authorization(&self, message: &Value) -> Option<Grant> {
        let (token, to) = (self.typed.contract?, self.address(message, "to")?);
        let what = self.amount(token, Self::number(message, "value")?);
        let until = self.until(Self::number(message, "validBefore"));
        Some(Grant {
            sentence: format!("SENDS {what} TO {}, whenever anybody shows this, UNTIL {until}", self.name(to)),
            beneficiaries: vec![to],
            owner: self.address(message, "from"),
            warnings: self.unknown_token(token),
            ..Grant::default()
        })
    }

    fn safe(&self, message: &Value) -> Option<Grant> {
        let (safe, to) = (self.typed.contract?, self.address(message, "to")?);
        let value = Self::number(message, "value")?;
        let data: alloy_primitives::Bytes = message.get("data")?.as_str()?.parse().ok()?;
        let refund = Refund {
            safe_tx_gas: Self::number(message, "safeTxGas")?,
            base_gas: Self::number(message, "baseGas")?,
            gas_price: Self::number(message, "gasPrice")?,
            token: self.address(message, "gasToken")?,
            receiver: self.address(message, "refundReceiver")?,
        };
        let facts = Transacted { chain: self.chain, from: safe, to: Some(to), value, data: &data };
        let call = calldata::read(&facts, self.ours);
        let mut grant = Grant { beneficiaries: call.beneficiaries.clone(), ..Grant::default() };
        let nothing = data.is_empty() && value.is_zero();
        let does = if nothing {
            format!("calls {} without coins or calldata", self.name(to))
        } else {
            format!("does this: {}", call.action)
        };
        let refunds = refund.sentence(|token, value| self.coin_or_token(token, value), |address| self.name(address));
        grant.sentence = format!("AGREES that the Safe {} {does}{refunds}", self.name(safe));
        if refund.most().is_some() && !refund.receiver.is_zero() {
            grant.beneficiaries.push(refund.receiver);
        }
        if Self::number(message, "operation") != Some(U256::ZERO) {
            let known = Self::number(message, "operation") == Some(DELEGATECALL);
            grant.blind.push(if known { FOREIGN_CODE } else { "it is an operation that no Safe has" }.to_owned());
        }
        if to == safe && !data.is_empty() {
            grant.blind.push(OWN_RULES.to_owned());
        }
        if !self.typed.names_a_chain() {
            let text =
                "its domain names no chain (a Safe before 1.3.0): it is good on every chain on which this Safe is";
            grant.warnings.push(Warning { code: "no_chain", text: text.to_owned() });
            grant.tells_of_no_chain = true;
        }
        Some(Grant { call: Some(call), ..grant })
    }
}
