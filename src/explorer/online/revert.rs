//! Why a call failed, as the contract said it: `Error(string)`, `Panic(uint256)`, or the selector of an error of its own.
//!
//! The words of a contract are text from outside: bounded and made safe to print.

use alloy_primitives::{U256, hex};

use crate::text::SafeText;

/// Selector of `Error(string)`.
const ERROR: [u8; 4] = [0x08, 0xc3, 0x79, 0xa0];
/// Selector of `Panic(uint256)`.
const PANIC: [u8; 4] = [0x4e, 0x48, 0x7b, 0x71];

/// The reason in return data, if there is one.
pub(super) fn reason(data: &[u8]) -> Option<SafeText> {
    let (selector, rest) = data.split_first_chunk::<4>()?;
    match *selector {
        ERROR => string(rest).map(|text| SafeText::new(&text)),
        PANIC => Some(SafeText::new(panic_name(U256::try_from_be_slice(rest.get(..32)?)?))),
        own => Some(SafeText::new(&format!("an error of the contract's own, {}", hex::encode_prefixed(own)))),
    }
}

/// One string as the ABI encodes it: offset 32, length, bytes.
pub(super) fn string(data: &[u8]) -> Option<String> {
    let length = U256::try_from_be_slice(data.get(32..64)?)?;
    let length = usize::try_from(length).ok()?;
    let bytes = data.get(64..64usize.checked_add(length)?)?;
    Some(String::from_utf8_lossy(bytes).into_owned())
}

/// Panic codes of Solidity.
fn panic_name(code: U256) -> &'static str {
    match u64::try_from(code).unwrap_or(u64::MAX) {
        0x01 => "a check of the contract's own failed (panic 0x01)",
        0x11 => "a number became too large or too small (panic 0x11)",
        0x12 => "a division by zero (panic 0x12)",
        0x21 => "a value that is none of its kind (panic 0x21)",
        0x31 => "an empty list (panic 0x31)",
        0x32 => "a place beyond the end of a list (panic 0x32)",
        0x41 => "too much memory (panic 0x41)",
        _ => "a panic of the contract",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_read_and_made_safe() {
        let mut data = ERROR.to_vec();
        data.extend(U256::from(32).to_be_bytes::<32>());
        data.extend(U256::from(5).to_be_bytes::<32>());
        data.extend(b"a\x1b[2J");
        data.extend([0; 27]);
        assert_eq!(reason(&data).expect("a reason").as_str(), "a\\u{1b}[2J");
        let panic = [PANIC.as_slice(), &U256::from(0x11).to_be_bytes::<32>()].concat();
        assert!(reason(&panic).expect("a reason").as_str().contains("0x11"));
        assert!(reason(&[1, 2, 3, 4]).expect("a reason").as_str().contains("0x01020304"));
        assert_eq!(reason(&[]), None);
        let lying = [ERROR.as_slice(), &[0xff; 64]].concat();
        assert_eq!(reason(&lying), None, "a length beyond the data");
    }
}
