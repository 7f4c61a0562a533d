//! The signed transaction on disk (docs/formats/signed.md): JSON, or raw hex for other tools.
//!
//! Read again and judged again: the bytes must decode, and hash to the id beside them.

use bitcoin::{Transaction, consensus};
use hex::DisplayHex;
use serde::{Deserialize, Serialize};

use super::Draft;
use crate::{
    chain::bitcoin::{psbt, sign},
    explain::Failure,
    flow::FlowError,
    ledger::LedgerError,
    network::Network,
    signing::Signed,
};

/// Version of the signed file.
const SCHEMA: u32 = 1;

/// A signed transaction as read from a file, with its decoded form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedFile {
    /// The transaction with its id; input amounts are empty if the file does not give them.
    pub signed: Signed,
    /// The same, decoded.
    pub transaction: Transaction,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    fastness_signed: u32,
    network: Network,
    id: String,
    raw: String,
    input_amounts_sat: Vec<u64>,
}

impl SignedFile {
    /// Reads what `fastness sign` wrote, a finalized PSBT, or a raw transaction (hex or binary) for `asked`.
    ///
    /// # Errors
    /// None of these; the bytes do not hash to the id; no network is known; or it is for another network than `asked`.
    pub fn read(bytes: &[u8], asked: Option<Network>) -> Result<Self, Failure> {
        if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
            return Self::from_other_tools(bytes, asked);
        }
        let file: File = serde_json::from_slice(bytes).map_err(|error| {
            FlowError::NotSigned(if error.is_eof() {
                "it ends too early; the copy is not complete".to_owned()
            } else {
                format!("line {} is not what a signed file holds there", error.line())
            })
        })?;
        if file.fastness_signed != SCHEMA {
            return Err(FlowError::NotSigned(format!("it is of version {}", file.fastness_signed)).into());
        }
        if let Some(wanted) = asked.filter(|wanted| *wanted != file.network) {
            return Err(FlowError::OtherNetwork { found: file.network, wanted }.into());
        }
        let psbt::Blob::Transaction(transaction) = psbt::read(file.raw.as_bytes())? else {
            return Err(FlowError::NotSigned("it holds a PSBT where the transaction belongs".to_owned()).into());
        };
        if transaction.compute_txid().to_string() != file.id {
            return Err(FlowError::NotSigned("its bytes do not hash to its id".to_owned()).into());
        }
        if file.input_amounts_sat.len() != transaction.input.len() {
            return Err(FlowError::NotSigned("it does not give one amount for each input".to_owned()).into());
        }
        Self::new(file.network, transaction, file.input_amounts_sat)
    }

    /// What another process signed of a draft: it must be that plan, with signatures in it.
    ///
    /// # Errors
    /// As [`Self::read`], or it is another transaction.
    pub fn of_draft(draft: &Draft, bytes: &[u8]) -> Result<Self, Failure> {
        let signed = Self::read(bytes, Some(draft.plan.network))?;
        let mut bare = signed.transaction.clone();
        for input in &mut bare.input {
            (input.script_sig, input.witness) = Default::default();
        }
        let same = bare == draft.plan.psbt.unsigned_tx;
        if same { Ok(signed) } else { Err(FlowError::ReviewChanged.into()) }
    }

    /// Signed bytes of the journal.
    ///
    /// # Errors
    /// They are no signed transaction.
    pub(super) fn of_bytes(bytes: &[u8], network: Network) -> Result<Self, Failure> {
        let transaction = consensus::deserialize(bytes).map_err(|_| LedgerError::Damaged("journal row"))?;
        Self::new(network, transaction, Vec::new())
    }

    fn from_other_tools(bytes: &[u8], asked: Option<Network>) -> Result<Self, Failure> {
        let network = asked.ok_or(FlowError::NetworkUnknown)?;
        match psbt::read(bytes)? {
            psbt::Blob::Transaction(transaction) => Self::new(network, transaction, Vec::new()),
            psbt::Blob::Psbt(psbt) => {
                let (transaction, spent) = sign::finished(&sign::with_signatures(&psbt, *psbt.clone())?)?;
                Self::new(network, transaction, spent.iter().map(|output| output.value.to_sat()).collect())
            }
        }
    }

    fn new(network: Network, transaction: Transaction, input_amounts: Vec<u64>) -> Result<Self, Failure> {
        if transaction.input.iter().any(|input| input.script_sig.is_empty() && input.witness.is_empty()) {
            return Err(FlowError::NotSigned("an input has no signature".to_owned()).into());
        }
        let bytes = consensus::serialize(&transaction);
        let id = transaction.compute_txid().to_string();
        Ok(Self { signed: Signed { network, id, bytes, input_amounts }, transaction })
    }

    /// The file's text.
    ///
    /// # Errors
    /// Never for a transaction that was signed or read here.
    pub fn to_text(signed: &Signed) -> Result<String, Failure> {
        let file = File {
            fastness_signed: SCHEMA,
            network: signed.network,
            id: signed.id.clone(),
            raw: signed.bytes.to_lower_hex_string(),
            input_amounts_sat: signed.input_amounts.clone(),
        };
        let text =
            serde_json::to_string_pretty(&file).map_err(|_| FlowError::NotSigned("it cannot be written".to_owned()))?;
        Ok(text + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::{
        Amount, OutPoint, Psbt, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness, absolute::LockTime,
        consensus::encode::serialize_hex, hashes::Hash, transaction::Version,
    };

    fn payment() -> Transaction {
        let script = |byte: u8| ScriptBuf::new_p2wpkh(&bitcoin::WPubkeyHash::from_byte_array([byte; 20]));
        let output = |byte: u8, sat: u64| TxOut { value: Amount::from_sat(sat), script_pubkey: script(byte) };
        let input = |vout: u32| TxIn {
            previous_output: OutPoint { txid: bitcoin::Txid::from_byte_array([7; 32]), vout },
            sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
            ..TxIn::default()
        };
        Transaction {
            version: Version::TWO,
            lock_time: LockTime::ZERO,
            input: vec![input(0), input(1)],
            output: vec![output(1, 5_000), output(2, 9_000)],
        }
    }

    /// Compares what a child would have signed with the plan of [`payment`].
    fn compared(mut signed: Transaction) -> Result<SignedFile, Failure> {
        let psbt = Psbt::from_unsigned_tx(payment()).unwrap().serialize();
        let draft = Draft::read(&psbt, Some(Network::Regtest))?;
        for input in &mut signed.input {
            input.witness = Witness::from_slice(&[[1u8; 71]]);
        }
        SignedFile::of_draft(&draft, serialize_hex(&signed).as_bytes())
    }

    #[test]
    fn what_was_signed_is_the_plan_that_was_given() {
        assert!(compared(payment()).is_ok());
        type Change = fn(&mut Transaction);
        let changes: [(&str, Change); 7] = [
            ("an amount", |tx| tx.output[0].value = Amount::from_sat(5_001)),
            ("a payee", |tx| tx.output[0].script_pubkey = tx.output[1].script_pubkey.clone()),
            ("an output more", |tx| tx.output.push(tx.output[0].clone())),
            ("another coin", |tx| tx.input[0].previous_output.vout = 9),
            ("a coin less", |tx| drop(tx.input.pop())),
            ("another sequence", |tx| tx.input[0].sequence = Sequence::MAX),
            ("another lock time", |tx| tx.lock_time = LockTime::from_consensus(1)),
        ];
        for (what, change) in changes {
            let mut other = payment();
            change(&mut other);
            assert_eq!(compared(other).err().map(|error| error.entry().code), Some("flow.review_changed"), "{what}");
        }
    }
}
