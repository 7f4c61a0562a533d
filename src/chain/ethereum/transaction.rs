//! Transactions as bytes: unsigned signing forms and signed EIP-2718 envelopes, read strictly and written back.
//!
//! What is read must be exactly what would be written: no trailing bytes, no second encoding of a number, no missing chain
//! id. Decides nothing about what a transaction does.

use alloy_consensus::{SignableTransaction, Transaction, TxEnvelope, TypedTransaction};
use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use alloy_primitives::{Address, B256, Signature};

use super::{EthereumError, Plan, SignedTransaction};
use crate::{network::EvmChain, request::TxType};

/// The largest transaction that nodes take (geth's txMaxSize).
pub const MAX_BYTES: usize = 128 * 1024;
/// First byte of a blob transaction (EIP-4844).
const BLOB: u8 = 0x03;

/// Reads unsigned bytes: type 1, 2 or 4, or the EIP-155 list of nine of type 0.
///
/// # Errors
/// Another type, no chain id, or anything that would not be written this way.
pub fn read_unsigned(bytes: &[u8]) -> Result<TypedTransaction, EthereumError> {
    check_size(bytes)?;
    let malformed = EthereumError::NotATransaction("the bytes are not an unsigned transaction");
    let transaction = TypedTransaction::decode_unsigned(&mut &*bytes).map_err(|_| malformed)?;
    if write_unsigned(&transaction) != bytes {
        return Err(EthereumError::NotATransaction("the bytes are not in the one form that may be signed"));
    }
    if transaction.chain_id().is_none() {
        return Err(EthereumError::Refused("it names no chain, so it could be repeated on any (EIP-155)".to_owned()));
    }
    Ok(transaction)
}

fn check_size(bytes: &[u8]) -> Result<(), EthereumError> {
    if bytes.len() > MAX_BYTES {
        return Err(EthereumError::NotATransaction("it is larger than nodes take"));
    }
    if bytes.first() == Some(&BLOB) {
        let what = "it carries blobs (EIP-4844, type 3), which no wallet payment needs";
        return Err(EthereumError::Refused(what.to_owned()));
    }
    Ok(())
}

/// The signing form: what is hashed and signed.
#[must_use]
pub fn write_unsigned(transaction: &TypedTransaction) -> Vec<u8> {
    match transaction {
        TypedTransaction::Legacy(inner) => inner.encoded_for_signing(),
        TypedTransaction::Eip2930(inner) => inner.encoded_for_signing(),
        TypedTransaction::Eip1559(inner) => inner.encoded_for_signing(),
        TypedTransaction::Eip4844(inner) => inner.encoded_for_signing(),
        TypedTransaction::Eip7702(inner) => inner.encoded_for_signing(),
    }
}

/// The type that this wallet signs.
///
/// # Errors
/// A blob transaction.
pub fn type_of(transaction: &TypedTransaction) -> Result<TxType, EthereumError> {
    match transaction {
        TypedTransaction::Legacy(_) => Ok(TxType::Legacy),
        TypedTransaction::Eip2930(_) => Ok(TxType::AccessList),
        TypedTransaction::Eip1559(_) => Ok(TxType::DynamicFee),
        TypedTransaction::Eip7702(_) => Ok(TxType::SetCode),
        TypedTransaction::Eip4844(_) => Err(EthereumError::Refused("it carries blobs (EIP-4844)".to_owned())),
    }
}

/// The chain that a transaction is for, which must be one that is known here.
///
/// # Errors
/// None in it, or an unknown one.
pub fn chain_of(transaction: &TypedTransaction) -> Result<&'static EvmChain, EthereumError> {
    let id = transaction.chain_id();
    let id = id.ok_or_else(|| EthereumError::Refused("it names no chain (EIP-155)".to_owned()))?;
    EvmChain::by_id(id).ok_or_else(|| {
        EthereumError::BadRequest(format!(
            "chain {id} is not known here; add it to config.toml as docs/networks.md says"
        ))
    })
}

/// Reads signed bytes, recovers their signer, and answers with the unsigned transaction as a plan beside them.
///
/// # Errors
/// No signed transaction of a type that is read here, on a known chain, with a low-S signature.
pub fn read_signed(bytes: &[u8]) -> Result<(SignedTransaction, Plan), EthereumError> {
    check_size(bytes)?;
    let envelope = TxEnvelope::decode_2718_exact(bytes)
        .map_err(|_| EthereumError::NotATransaction("the bytes are not a signed transaction"))?;
    if envelope.encoded_2718() != bytes {
        return Err(EthereumError::NotATransaction("the bytes are not in their one form"));
    }
    let (hash, signature) = (*envelope.tx_hash(), *envelope.signature());
    let transaction = TypedTransaction::from(envelope);
    let chain = chain_of(&transaction)?;
    let unsigned = write_unsigned(&transaction);
    let from = recover(&unsigned, &signature)?;
    let nonce = transaction.nonce();
    let signed = SignedTransaction { chain, hash, from, nonce, bytes: bytes.to_vec() };
    Ok((signed, Plan { chain, from, unsigned, delegate: None }))
}

/// The signer of a signing form.
///
/// # Errors
/// A high S (EIP-2), or no point on the curve.
pub fn recover(unsigned: &[u8], signature: &Signature) -> Result<Address, EthereumError> {
    if signature.normalize_s().is_some() {
        return Err(EthereumError::NotATransaction("its signature is not in low-S form (EIP-2)"));
    }
    let hash: B256 = alloy_primitives::keccak256(unsigned);
    let recovered = signature.recover_address_from_prehash(&hash);
    recovered.map_err(|_| EthereumError::NotATransaction("its signature belongs to nobody"))
}

/// Puts a signature behind a transaction.
#[must_use]
pub fn with_signature(transaction: TypedTransaction, signature: Signature) -> Vec<u8> {
    transaction.into_envelope(signature).encoded_2718()
}

#[cfg(test)]
mod tests {
    use alloy_consensus::{TxEip1559, TxLegacy};
    use alloy_primitives::{TxKind, U256, hex};
    use proptest::prelude::*;

    use super::*;

    fn legacy(chain_id: Option<u64>) -> TypedTransaction {
        TypedTransaction::Legacy(TxLegacy {
            chain_id,
            nonce: 9,
            gas_price: 20_000_000_000,
            gas_limit: 21_000,
            to: TxKind::Call(Address::repeat_byte(0x35)),
            value: U256::from(1_000_000_000_000_000_000u64),
            input: alloy_primitives::Bytes::new(),
        })
    }

    #[test]
    fn the_example_of_eip_155_byte_for_byte() {
        let unsigned =
            hex!("ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080");
        assert_eq!(write_unsigned(&legacy(Some(1))), unsigned);
        assert_eq!(read_unsigned(&unsigned), Ok(legacy(Some(1))));
        let hash = alloy_primitives::keccak256(unsigned);
        assert_eq!(hash.to_string(), "0xdaf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53");
        let signed = hex!(
            "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
        );
        let (read, plan) = read_signed(&signed).expect("a signed transaction");
        assert_eq!(read.from.to_string(), "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F");
        assert_eq!(plan.unsigned, unsigned);
        assert_eq!(read.hash.to_string(), "0x33469b22e9f636356c4160a87eb19df52b7412e8eac32a4a55ffe88ea8350788");
    }

    #[test]
    fn without_a_chain_nothing_is_read() {
        assert!(matches!(read_unsigned(&write_unsigned(&legacy(None))), Err(EthereumError::Refused(_))));
    }

    #[test]
    fn blobs_are_refused_by_name() {
        for bytes in [&[0x03, 0xc0][..], &[0x03][..]] {
            let error = read_unsigned(bytes).expect_err("refused");
            assert!(error.to_string().contains("EIP-4844"), "{error}");
        }
    }

    #[test]
    fn trailing_bytes_and_other_encodings_are_refused() {
        let good = write_unsigned(&TypedTransaction::Eip1559(TxEip1559 { chain_id: 1, ..TxEip1559::default() }));
        assert!(read_unsigned(&good).is_ok());
        assert!(read_unsigned(&[good.as_slice(), &[0]].concat()).is_err());
        assert!(read_unsigned(&good[..good.len() - 1]).is_err());
        assert!(read_unsigned(&vec![0x02; MAX_BYTES + 1]).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_what_is_read_is_what_is_written(bytes in prop::collection::vec(any::<u8>(), 0..300), kind in 0u8..6) {
            let bytes = [&[kind][..], &bytes].concat();
            if let Ok(transaction) = read_unsigned(&bytes) {
                prop_assert_eq!(write_unsigned(&transaction), bytes.clone());
            }
            let _ = read_signed(&bytes);
        }
    }
}
