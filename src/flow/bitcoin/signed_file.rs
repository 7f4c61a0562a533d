//! The signed transaction on disk (docs/formats/signed.md): JSON, or raw hex for other tools.
//!
//! Read again and judged again: the bytes must decode, and hash to the id beside them.

use bitcoin::{Transaction, consensus};
use hex::DisplayHex;
use serde::{Deserialize, Serialize};

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
                let (transaction, spent) = sign::finished(&psbt)?;
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
