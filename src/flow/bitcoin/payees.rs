//! What this home knows of those whom a Bitcoin transaction pays, and the stop for an address that passes for a known one.
//!
//! Read from the ledger before the process is sealed. It asks no explorer, and believes nothing that a draft says.

use std::{collections::BTreeMap, ops::Range};

use bitcoin::{Script, ScriptBuf, Transaction};

use crate::{
    address,
    contact::{Contact, ContactError, look_alike},
    explain::Failure,
    ledger::{LabelKind, Ledger},
    network::Network,
    review::{Payee, Review},
};

/// Bytes of a script that addresses with equal first letters share: its form, and sixteen bits of what is its own.
const SHARED: usize = 2;

/// What is known of payees, by their scripts in hex.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payees(BTreeMap<String, Payee>);

impl Payees {
    /// Of every output of a transaction that has an address; a review tells which of them are payments.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn of(ledger: &Ledger, network: Network, transaction: &Transaction) -> Result<Self, Failure> {
        let contacts = ledger.contacts(Some(network.name()))?;
        let known = KnownAddresses { ledger, network, contacts };
        let payee = |script: &Script, text| known.payee(script, text, transaction);
        let mut payees = BTreeMap::new();
        for output in &transaction.output {
            let script = &output.script_pubkey;
            if let Some(text) = address::of(script, network) {
                payees.insert(script.to_hex_string(), payee(script, text)?);
            }
        }
        Ok(Self(payees))
    }

    /// What is known of the one with this script.
    #[must_use]
    pub fn get(&self, script: &str) -> Option<&Payee> {
        self.0.get(script)
    }

    /// Those whom a review says are paid, in its order.
    #[must_use]
    pub fn paid_by(&self, review: &Review) -> Vec<Payee> {
        review.payments().filter_map(|output| self.get(&output.script)).cloned().collect()
    }

    /// Refuses a payee whose address passes for a known one, unless the script was agreed to by name.
    ///
    /// # Errors
    /// The first such payee.
    pub fn check(&self, review: &Review, agreed: &[ScriptBuf]) -> Result<(), Failure> {
        for output in review.payments() {
            let Some(payee) = self.get(&output.script) else { continue };
            let Some(known) = &payee.looks_like else { continue };
            if !agreed.iter().any(|script| script.to_hex_string() == output.script) {
                let (this, known) = (payee.address.clone(), known.clone());
                return Err(ContactError::LookAlike { this, known }.into());
            }
        }
        Ok(())
    }
}

/// A contact, an address that was paid, or one of this home that a new address passes for; nothing where it is known itself.
///
/// # Errors
/// The ledger cannot be read.
pub fn passes_for(ledger: &Ledger, network: Network, script: &Script) -> Result<Option<String>, Failure> {
    let contacts = ledger.contacts(Some(network.name()))?;
    let Some(address) = address::of(script, network) else { return Ok(None) };
    if contacts.iter().any(|contact| contact.address == address) {
        return Ok(None);
    }
    KnownAddresses { ledger, network, contacts }.like(script, &address)
}

/// What a payee is compared with.
struct KnownAddresses<'a> {
    ledger: &'a Ledger,
    network: Network,
    contacts: Vec<Contact>,
}

impl KnownAddresses<'_> {
    fn payee(&self, script: &Script, address: String, planned: &Transaction) -> Result<Payee, Failure> {
        let contact = self.contacts.iter().find(|contact| contact.address == address);
        let times = self.ledger.times_paid(self.network, script, planned)?;
        let is_known = contact.is_some() || times > 0;
        let looks_like = if is_known { None } else { self.like(script, &address)? };
        Ok(Payee {
            contact: contact.map(|contact| contact.name.clone()),
            label: self.ledger.label(LabelKind::Addr, &address)?,
            paid_before: self.ledger.knows_payments(self.network)?.then_some(times),
            looks_like,
            address,
        })
    }

    /// A contact, an address that was paid, or one of our own that an address passes for.
    fn like(&self, script: &Script, address: &str) -> Result<Option<String>, Failure> {
        if let Some(contact) = self.contacts.iter().find(|contact| look_alike(&contact.address, address)) {
            return Ok(Some(format!("{} (@{})", contact.address, contact.name)));
        }
        for range in neighbours(script) {
            let near = self.ledger.scripts_between(self.network, &range.start, &range.end)?;
            // A script that is known passes for none.
            if near.iter().any(|known| **known == *script) {
                return Ok(None);
            }
            let mut near = near.iter().filter_map(|known| address::of(known, self.network));
            if let Some(known) = near.find(|known| look_alike(known, address)) {
                return Ok(Some(format!("{known}, which you know")));
            }
        }
        Ok(None)
    }
}

/// Ranges of scripts whose addresses may begin with the same letters. Base-58 letters straddle bits, so the ranges beside it
/// belong to it; and a witness program of 20 bytes has the same first letters as one of 32.
fn neighbours(script: &Script) -> Vec<Range<Vec<u8>>> {
    let forms: &[&[u8]] = match script {
        script if script.is_p2wpkh() || script.is_p2wsh() => &[&[0x00, 0x14], &[0x00, 0x20]],
        script if script.is_p2tr() => &[&[0x51, 0x20]],
        script if script.is_p2pkh() => &[&[0x76, 0xa9, 0x14]],
        script if script.is_p2sh() => &[&[0xa9, 0x14]],
        _ => &[],
    };
    let Some(length) = forms.iter().map(|form| form.len()).max() else { return Vec::new() };
    let own = script.as_bytes().get(length..length + SHARED).unwrap_or_default();
    let place = own.iter().fold(0u32, |place, byte| place << 8 | u32::from(*byte));
    let at = |form: &[u8], place: u32| {
        // Beyond the last place is the end of the form.
        let bytes = place.min(0xffff).to_be_bytes();
        let tail = if place > 0xffff { vec![0xff; 34] } else { bytes.iter().copied().skip(2).collect() };
        [form, tail.as_slice()].concat()
    };
    forms.iter().map(|form| at(form, place.saturating_sub(1))..at(form, place + 2)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn script(form: usize, bytes: [u8; 32]) -> ScriptBuf {
        use bitcoin::{PubkeyHash, ScriptHash, WPubkeyHash, WScriptHash, hashes::Hash};
        let short = <[u8; 20]>::try_from(&bytes[..20]).unwrap();
        match form {
            0 => ScriptBuf::new_p2pkh(&PubkeyHash::from_byte_array(short)),
            1 => ScriptBuf::new_p2sh(&ScriptHash::from_byte_array(short)),
            2 => ScriptBuf::new_p2wpkh(&WPubkeyHash::from_byte_array(short)),
            3 => ScriptBuf::new_p2wsh(&WScriptHash::from_byte_array(bytes)),
            _ => ScriptBuf::from([&[0x51, 0x20], bytes.as_slice()].concat()),
        }
    }

    proptest! {
        /// Whatever has the same first letters lies within the ranges that are searched.
        #[test]
        fn what_begins_alike_is_within_the_ranges(form in 0usize..5, bytes in any::<[u8; 32]>(), low in any::<[u8; 32]>()) {
            // The first bits are near; what follows is anything.
            let mut near = low;
            near[0] = bytes[0];
            near[1] = bytes[1].wrapping_add(low[2] % 3).wrapping_sub(1);
            let (one, other) = (script(form, bytes), script(form, near));
            let texts = [&one, &other].map(|script| address::of(script, Network::Bitcoin).unwrap());
            let start = |text: &str| text.get(..if form < 2 { 5 } else { 8 }).unwrap().to_owned();
            if start(&texts[0]) == start(&texts[1]) {
                prop_assert!(neighbours(&one).iter().any(|range| range.contains(&other.to_bytes())), "{texts:?}");
            }
        }
    }

    #[test]
    fn the_last_place_has_an_end() {
        for form in 0..5 {
            let last = script(form, [0xff; 32]);
            assert!(neighbours(&last).iter().any(|range| range.contains(&last.to_bytes())), "{form}");
        }
    }
}
