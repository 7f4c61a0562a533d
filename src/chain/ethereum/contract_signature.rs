//! Signatures of contracts: the question whether an account with code takes one (EIP-1271), also where the account is not there yet
//! (EIP-6492). Only calls that change nothing are made of them; a node answers for them.

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::{Address, B256, Bytes, b256, hex};

use super::{EthereumError, calls};

/// The end of a signature that says how its account comes about (EIP-6492).
const WRAPPED: B256 = b256!("6492649264926492649264926492649264926492649264926492649264926492");
/// What `isValidSignature` answers for a signature that it takes (EIP-1271): its own selector.
const TAKEN: [u8; 4] = [0x16, 0x26, 0xba, 0x7e];
/// Most bytes of a signature: init code that is called with it has at most 49,152 (EIP-3860).
const MAX_BYTES: usize = 24_576;

/// A call that says whether a contract takes a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureCall {
    /// The contract; nothing for a call of init code that makes the account first.
    pub to: Option<Address>,
    /// Calldata, or init code.
    pub data: Bytes,
}

/// The bytes of a signature in hex.
///
/// # Errors
/// It is not hex, or longer than any.
pub fn bytes_of(signature: &str) -> Result<Vec<u8>, EthereumError> {
    // A terminal breaks what is longer than its lines.
    let text: String = signature.split_whitespace().collect();
    let bytes = hex::decode(text).map_err(|_| EthereumError::Signature("it is not hex"))?;
    if bytes.len() > MAX_BYTES { Err(EthereumError::Signature("it is longer than any")) } else { Ok(bytes) }
}

/// Whether only a contract can have made it: a key's has 64 or 65 bytes.
#[must_use]
pub const fn is_of_a_contract(signature: &[u8]) -> bool {
    !matches!(signature.len(), 64 | 65)
}

/// Whether it says how its account comes about (EIP-6492).
#[must_use]
pub fn is_wrapped(signature: &[u8]) -> bool {
    signature.ends_with(WRAPPED.as_slice())
}

/// The call that asks `account` about a signature of a digest.
///
/// # Errors
/// It is wrapped (EIP-6492), and not as that says.
pub fn call(account: Address, digest: B256, signature: &[u8]) -> Result<SignatureCall, EthereumError> {
    let Some(wrapped) = signature.strip_suffix(WRAPPED.as_slice()) else {
        return Ok(SignatureCall { to: Some(account), data: calls::is_valid_signature(digest, signature)? });
    };
    let Wrapped { factory, preparation, signature } = unwrapped(wrapped)?;
    let question = calls::is_valid_signature(digest, &signature)?;
    Ok(SignatureCall { to: None, data: prepared(factory, &preparation, account, &question).into() })
}

/// Whether what a call returned says that the signature is taken.
#[must_use]
pub fn is_taken(returned: &[u8]) -> bool {
    returned.len() >= 32 && returned.starts_with(&TAKEN) && returned.iter().take(32).skip(4).all(|byte| *byte == 0)
}

struct Wrapped {
    factory: Address,
    preparation: Vec<u8>,
    signature: Vec<u8>,
}

/// `abi.encode(address factory, bytes preparation, bytes signature)`.
fn unwrapped(bytes: &[u8]) -> Result<Wrapped, EthereumError> {
    let wrong = || EthereumError::Signature("it ends as EIP-6492 says, and does not begin so");
    let form = DynSolType::Tuple(vec![DynSolType::Address, DynSolType::Bytes, DynSolType::Bytes]);
    let value = form.abi_decode_params(bytes).map_err(|_| wrong())?;
    match value.as_tuple() {
        Some([DynSolValue::Address(factory), DynSolValue::Bytes(preparation), DynSolValue::Bytes(signature)]) => {
            Ok(Wrapped { factory: *factory, preparation: preparation.clone(), signature: signature.clone() })
        }
        _ => Err(wrong()),
    }
}

/// Init code that calls the factory, then asks the account, and returns the one word that it answers; nothing if it fails.
///
/// The answer has memory of its own, which is zero before: an account that answers nothing leaves no word of the factory's data
/// that could pass for one.
fn prepared(factory: Address, preparation: &[u8], account: Address, question: &[u8]) -> Vec<u8> {
    let size = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes();
    let all = [preparation, question].concat();
    let answer = size(&[all.as_slice(), &[0; 32]].concat());
    let push = |number: [u8; 4]| [&[0x63], number.as_slice()].concat();
    let address = |address: Address| [&[0x73], address.as_slice()].concat();
    // The data stands behind the code, which is as long whatever it holds.
    let code = |start: [u8; 4]| {
        [
            // CODECOPY(0, start, size of all)
            push(size(&all)),
            push(start),
            vec![0x60, 0x00, 0x39],
            // CALL(gas, factory, 0, 0, size of preparation, 0, 0), whatever it says
            vec![0x60, 0x00, 0x60, 0x00],
            push(size(preparation)),
            vec![0x60, 0x00, 0x60, 0x00],
            address(factory),
            vec![0x5a, 0xf1, 0x50],
            // STATICCALL(gas, account, size of preparation, size of question, answer, 32)
            vec![0x60, 0x20],
            push(answer),
            push(size(question)),
            push(size(preparation)),
            address(account),
            vec![0x5a, 0xfa],
            // RETURN(answer, 32 if it succeeded, else 0)
            vec![0x60, 0x20, 0x02],
            push(answer),
            vec![0xf3],
        ]
        .concat()
    };
    let start = size(&code([0; 4]));
    [code(start), all].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: Address = Address::repeat_byte(0x11);

    fn wrapped(factory: Address, preparation: &[u8], signature: &[u8]) -> Vec<u8> {
        let parts = [
            DynSolValue::Address(factory),
            DynSolValue::Bytes(preparation.to_vec()),
            DynSolValue::Bytes(signature.to_vec()),
        ];
        [DynSolValue::Tuple(parts.into()).abi_encode_params(), WRAPPED.to_vec()].concat()
    }

    #[test]
    fn a_contract_is_asked_by_the_call_of_eip_1271() {
        let asked = call(ACCOUNT, B256::repeat_byte(7), &[1, 2, 3]).expect("a call");
        assert_eq!(asked.to, Some(ACCOUNT));
        let expected = format!("0x1626ba7e{}{:064x}{:064x}010203{}", "07".repeat(32), 0x40, 3, "00".repeat(29));
        assert_eq!(asked.data.to_string(), expected);
    }

    #[test]
    fn only_the_selector_alone_in_a_word_is_a_yes() {
        let yes = [TAKEN.as_slice(), &[0; 28]].concat();
        assert!(is_taken(&yes));
        assert!(!is_taken(&TAKEN) && !is_taken(&[0; 32]) && !is_taken(&[TAKEN.as_slice(), &[1; 28]].concat()));
    }

    #[test]
    fn a_wrapped_signature_is_a_call_of_init_code() {
        let bytes = wrapped(Address::repeat_byte(0x22), &[9; 40], &[1, 2, 3]);
        assert!(is_wrapped(&bytes) && is_of_a_contract(&bytes));
        let asked = call(ACCOUNT, B256::repeat_byte(7), &bytes).expect("a call");
        assert_eq!(asked.to, None);
        let inner = call(ACCOUNT, B256::repeat_byte(7), &[1, 2, 3]).expect("a call");
        assert!(asked.data.ends_with(&[[9; 40].as_slice(), &inner.data].concat()));
        for broken in [WRAPPED.to_vec(), [&[1; 50], WRAPPED.as_slice()].concat()] {
            assert!(matches!(call(ACCOUNT, B256::ZERO, &broken), Err(EthereumError::Signature(_))));
        }
    }

    #[test]
    fn lengths_and_letters_are_bounded() {
        assert!(bytes_of("0x0102").is_ok() && bytes_of("01 02").is_ok());
        assert!(bytes_of("0x0").is_err() && bytes_of(&"00".repeat(MAX_BYTES + 1)).is_err());
        assert!(!is_of_a_contract(&[0; 65]) && !is_of_a_contract(&[0; 64]) && is_of_a_contract(&[0; 66]));
    }
}
