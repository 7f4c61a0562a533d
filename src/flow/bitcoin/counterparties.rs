//! Who paid, and who was paid: the other side of a transaction, by the names that this home has for its addresses.
//!
//! A payer is told by the key or script that the input itself shows, which hashes to the address. It asks no explorer.

use bitcoin::{
    OutPoint, PublicKey, Script, ScriptBuf, Transaction, TxIn, opcodes::all::OP_CHECKMULTISIG, script::Instruction,
};
use serde::Serialize;

use crate::{
    address,
    amount::Amount,
    chain::bitcoin::decode,
    contact::{Contact, ContactName},
    explain::Failure,
    ledger::{LabelKind, Ledger, bitcoin::AccountRow},
    network::Network,
    text::SafeText,
};

use super::deliver::accounts;

/// A side of a transaction, with the names that this home has for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counterparty {
    /// The whole address; nothing where a script has none, or where an input does not show whose it is.
    pub address: Option<String>,
    /// The contact that has it.
    pub contact: Option<ContactName>,
    /// The person's note on the address.
    pub label: Option<SafeText>,
    /// The account of this home that it is of, as `wallet/account`.
    pub account: Option<String>,
    /// The money; nothing where the amount of an input is not known.
    pub amount: Option<Amount>,
    /// The data of an output that carries no money.
    pub memo: Option<SafeText>,
}

impl Counterparty {
    /// What to call it: the contact, the label in quotes with its address, the account, else the whole address.
    #[must_use]
    pub fn name(&self) -> String {
        let contact = self.contact.as_ref().map(|name| format!("@{name}"));
        let label = || Some(format!("{} {}", self.label.as_ref()?.quoted(), self.address.as_ref()?));
        let name = contact.or_else(label).or_else(|| self.account.clone()).or_else(|| self.address.clone());
        name.unwrap_or_else(|| "a script without an address".to_owned())
    }
}

/// The names that a home has for addresses of one network.
#[derive(Debug)]
pub struct AddressNames<'a> {
    ledger: &'a Ledger,
    network: Network,
    contacts: Vec<Contact>,
    accounts: Vec<AccountRow>,
}

impl<'a> AddressNames<'a> {
    /// All that the ledger has.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn of(ledger: &'a Ledger, network: Network) -> Result<Self, Failure> {
        let contacts = ledger.contacts(Some(network.name()))?;
        Ok(Self { ledger, network, contacts, accounts: accounts(ledger, network)? })
    }

    /// The outputs of a transaction, in order.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn outputs(&self, transaction: &Transaction) -> Result<Vec<Counterparty>, Failure> {
        let named = |output: &bitcoin::TxOut| {
            let amount = Some(Amount::sat(output.value.to_sat()));
            let memo = output.script_pubkey.is_op_return().then(|| decode::memo_text(&output.script_pubkey));
            Ok(Counterparty { amount, memo, ..self.named(&output.script_pubkey)? })
        };
        transaction.output.iter().map(named).collect()
    }

    /// The inputs of a transaction, in order: by the output that is spent where the ledger has it, else by what they show.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn inputs(&self, transaction: &Transaction) -> Result<Vec<Counterparty>, Failure> {
        let inputs = transaction.input.iter().filter(|_| !transaction.is_coinbase());
        inputs.map(|input| self.input(input)).collect()
    }

    fn input(&self, input: &TxIn) -> Result<Counterparty, Failure> {
        if let Some(output) = self.spent(input.previous_output)? {
            let amount = Some(Amount::sat(output.value.to_sat()));
            return Ok(Counterparty { amount, ..self.named(&output.script_pubkey)? });
        }
        match shown_script(input) {
            Some(script) => self.named(&script),
            None => Ok(Counterparty::unknown()),
        }
    }

    fn spent(&self, coin: OutPoint) -> Result<Option<bitcoin::TxOut>, Failure> {
        let Some(row) = self.accounts.first() else { return Ok(None) };
        let parent = self.ledger.transaction(row, coin.txid)?;
        Ok(parent.and_then(|(parent, _)| parent.output.get(coin.vout as usize).cloned()))
    }

    /// Those on the other side of the account: who is paid where it spent, who pays where it did not, as far as the inputs
    /// show it. Each once.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn others(
        &self,
        row: &AccountRow,
        transaction: &Transaction,
        spent: u64,
    ) -> Result<Vec<Counterparty>, Failure> {
        let own = Some(account_name(row));
        let sides = if spent > 0 { self.outputs(transaction)? } else { self.inputs(transaction)? };
        let is_shown = |side: &Counterparty| spent > 0 || side.address.is_some();
        let mut others: Vec<Counterparty> = Vec::new();
        for side in sides.into_iter().filter(|side| side.account != own && side.memo.is_none() && is_shown(side)) {
            match others.iter_mut().find(|other| other.address == side.address) {
                Some(same) => same.amount = sum(same.amount, side.amount),
                None => others.push(side),
            }
        }
        Ok(others)
    }

    fn named(&self, script: &Script) -> Result<Counterparty, Failure> {
        let Some(address) = address::of(script, self.network) else { return Ok(Counterparty::unknown()) };
        let contact = self.contacts.iter().find(|contact| contact.address == address);
        Ok(Counterparty {
            contact: contact.map(|contact| contact.name.clone()),
            label: self.ledger.label(LabelKind::Addr, &address)?,
            account: self.account_of(script)?,
            address: Some(address),
            ..Counterparty::unknown()
        })
    }

    fn account_of(&self, script: &Script) -> Result<Option<String>, Failure> {
        for row in &self.accounts {
            if self.ledger.place_of(row.id, script)?.is_some() {
                return Ok(Some(account_name(row)));
            }
        }
        Ok(None)
    }
}

impl Counterparty {
    const fn unknown() -> Self {
        Self { address: None, contact: None, label: None, account: None, amount: None, memo: None }
    }
}

fn account_name(row: &AccountRow) -> String {
    format!("{}/{}", row.wallet, row.name)
}

fn sum(one: Option<Amount>, other: Option<Amount>) -> Option<Amount> {
    one.zip(other).map(|(one, other)| Amount { smallest: one.smallest.saturating_add(other.smallest), ..one })
}

/// The script that an input spends from, where its own bytes show it: a key or script whose hash is the address. A taproot
/// input shows neither.
fn shown_script(input: &TxIn) -> Option<ScriptBuf> {
    let witness: Vec<&[u8]> = input.witness.iter().collect();
    let pushed = |one: Result<Instruction<'_>, _>| match one {
        Ok(Instruction::PushBytes(bytes)) => Some(bytes.as_bytes().to_vec()),
        _ => None,
    };
    let pushed: Vec<Vec<u8>> = input.script_sig.instructions().map(pushed).collect::<Option<_>>()?;
    match (pushed.as_slice(), witness.as_slice()) {
        ([], [_, key]) if key.len() == 33 => {
            Some(ScriptBuf::new_p2wpkh(&PublicKey::from_slice(key).ok()?.wpubkey_hash().ok()?))
        }
        ([], [.., script]) if script.last() == Some(&OP_CHECKMULTISIG.to_u8()) => {
            Some(Script::from_bytes(script).to_p2wsh())
        }
        // A nested witness program is all that the script holds.
        ([program], [_, ..]) => Some(Script::from_bytes(program).to_p2sh()),
        ([_, key], []) => Some(ScriptBuf::new_p2pkh(&PublicKey::from_slice(key).ok()?.pubkey_hash())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::{
        Sequence, Witness,
        hex::FromHex,
        script::{Builder, PushBytes},
    };

    use super::*;

    fn input(script_sig: ScriptBuf, witness: &[&[u8]]) -> TxIn {
        TxIn {
            previous_output: OutPoint::null(),
            script_sig,
            sequence: Sequence::MAX,
            witness: Witness::from_slice(witness),
        }
    }

    #[test]
    fn inputs_show_the_address_that_they_spend_from() {
        let text = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
        let key = Vec::from_hex(text).unwrap();
        let public: PublicKey = text.parse().unwrap();
        let shown = |input: &TxIn| shown_script(input).and_then(|script| address::of(&script, Network::Bitcoin));
        let segwit = input(ScriptBuf::new(), &[&[0x30; 71], &key]);
        assert_eq!(shown(&segwit).as_deref(), Some("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"));
        let program = ScriptBuf::new_p2wpkh(&public.wpubkey_hash().unwrap());
        let push = |bytes: &[u8]| Builder::new().push_slice(<&PushBytes>::try_from(bytes).unwrap());
        let nested = input(push(program.as_bytes()).into_script(), &[&[0x30; 71], &key]);
        assert_eq!(shown(&nested).as_deref(), Some("3JvL6Ymt8MVWiCNHC7oWU6nLeHNJKLZGLN"));
        let legacy = push(&[0x30; 71]).push_key(&public).into_script();
        assert_eq!(shown(&input(legacy, &[])).as_deref(), Some("1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"));
        // A key path of taproot shows a signature alone.
        assert_eq!(shown(&input(ScriptBuf::new(), &[&[7; 64]])), None);
        assert_eq!(shown(&input(ScriptBuf::new(), &[])), None);
    }
}
