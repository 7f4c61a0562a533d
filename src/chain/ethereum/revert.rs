//! Why a call failed, as the contract said it: `Error(string)`, `Panic(uint256)`, the errors of ERC-6093 and of OpenZeppelin,
//! and those of an ABI or a signature that the person gave.
//!
//! The words of a contract are text from outside: bounded and made safe to print. Nothing is decided by them.

use alloy_dyn_abi::{ErrorExt, Specifier};
use alloy_json_abi::{Error as AbiError, JsonAbi};
use alloy_primitives::{Bytes, U256, hex};

use super::{EthereumError, tree::Tree};
use crate::{network::EvmChain, text::SafeText};

/// Selector of `Error(string)`.
const ERROR: [u8; 4] = [0x08, 0xc3, 0x79, 0xa0];
/// Selector of `Panic(uint256)`.
const PANIC: [u8; 4] = [0x4e, 0x48, 0x7b, 0x71];
/// Return data beyond this is not read: no error says so much.
const MAX_DATA: usize = 16_384;
/// Longest signature of an error.
const MAX_SIGNATURE: usize = 512;

/// Errors that many contracts share: ERC-6093, and those of OpenZeppelin's contracts.
const KNOWN: &[&str] = &[
    "ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)",
    "ERC20InvalidSender(address sender)",
    "ERC20InvalidReceiver(address receiver)",
    "ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed)",
    "ERC20InvalidApprover(address approver)",
    "ERC20InvalidSpender(address spender)",
    "ERC721InvalidOwner(address owner)",
    "ERC721NonexistentToken(uint256 tokenId)",
    "ERC721IncorrectOwner(address sender, uint256 tokenId, address owner)",
    "ERC721InvalidSender(address sender)",
    "ERC721InvalidReceiver(address receiver)",
    "ERC721InsufficientApproval(address operator, uint256 tokenId)",
    "ERC721InvalidApprover(address approver)",
    "ERC721InvalidOperator(address operator)",
    "ERC1155InsufficientBalance(address sender, uint256 balance, uint256 needed, uint256 tokenId)",
    "ERC1155InvalidSender(address sender)",
    "ERC1155InvalidReceiver(address receiver)",
    "ERC1155MissingApprovalForAll(address operator, address owner)",
    "ERC1155InvalidApprover(address approver)",
    "ERC1155InvalidOperator(address operator)",
    "ERC1155InvalidArrayLength(uint256 idsLength, uint256 valuesLength)",
    "OwnableUnauthorizedAccount(address account)",
    "AccessControlUnauthorizedAccount(address account, bytes32 neededRole)",
    "SafeERC20FailedOperation(address token)",
    "ERC20ExceededCap(uint256 increasedSupply, uint256 cap)",
    "ERC4626ExceededMaxWithdraw(address owner, uint256 assets, uint256 max)",
    "ERC4626ExceededMaxRedeem(address owner, uint256 shares, uint256 max)",
    "EnforcedPause()",
    "ReentrancyGuardReentrantCall()",
    "FailedCall()",
];

/// A failed call: its return data, as far as the node handed it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revert {
    data: Option<Bytes>,
}

impl Revert {
    /// With the return data; nothing where the node gives none.
    #[must_use]
    pub const fn new(data: Option<Bytes>) -> Self {
        Self { data }
    }

    /// Why, in one line. `named` are errors that the person knows of this contract; they come before the usual ones.
    #[must_use]
    pub fn why(&self, named: &[AbiError], chain: &EvmChain) -> SafeText {
        let Some(data) = &self.data else { return SafeText::new("the node gives no reason") };
        SafeText::new(&reason(data, named, chain))
    }
}

fn reason(data: &[u8], named: &[AbiError], chain: &EvmChain) -> String {
    let Some((selector, rest)) = data.split_first_chunk::<4>().filter(|_| data.len() <= MAX_DATA) else {
        return if data.is_empty() {
            "the contract gives no reason".to_owned()
        } else {
            format!("the contract gives a reason that is none ({} bytes)", data.len())
        };
    };
    let own = || own_error(data, named, chain);
    match *selector {
        ERROR => string(rest).map(|text| if text.is_empty() { "its reason is empty".to_owned() } else { text }),
        PANIC => rest.get(..32).and_then(U256::try_from_be_slice).map(panic_name),
        _ => own(),
    }
    .unwrap_or_else(|| format!("an error of the contract's own, {}", hex::encode_prefixed(selector)))
}

/// `Name(argument = value, ...)`, of an error that is known here or was named.
fn own_error(data: &[u8], named: &[AbiError], chain: &EvmChain) -> Option<String> {
    let known = KNOWN.iter().filter_map(|signature| error(signature).ok());
    let error = named.iter().cloned().chain(known).find(|error| data.starts_with(error.selector().as_slice()))?;
    let decoded = error.decode_error(data).ok()?;
    let mut tree = Tree::new(chain);
    for (param, value) in error.inputs.iter().zip(&decoded.body) {
        tree.value(0, param, value);
    }
    let text = |line: &crate::review::TreeLine| format!("{} = {}", line.name, line.value);
    Some(format!("{}({})", error.name, tree.finish().iter().map(text).collect::<Vec<_>>().join(", ")))
}

/// An error as Solidity writes it: `NotEnough(uint256,address)`, with names if they are known.
///
/// # Errors
/// Not an error.
pub fn error(signature: &str) -> Result<AbiError, EthereumError> {
    let bad = || {
        let shown: String = signature.chars().take(80).collect();
        EthereumError::Abi(SafeText::new(&format!("`{shown}` is not an error such as NotEnough(uint256,address)")))
    };
    let parsed = AbiError::parse(signature).ok().filter(|_| signature.len() <= MAX_SIGNATURE).ok_or_else(bad)?;
    if parsed.inputs.iter().all(|input| input.resolve().is_ok()) { Ok(parsed) } else { Err(bad()) }
}

/// Every error of an ABI file.
///
/// # Errors
/// The file is no contract ABI.
pub fn errors_of_abi(json: &[u8]) -> Result<Vec<AbiError>, EthereumError> {
    let abi: JsonAbi = serde_json::from_slice(json)
        .map_err(|_| EthereumError::Abi(SafeText::new("the file is not a contract ABI in JSON")))?;
    Ok(abi.errors().cloned().collect())
}

/// One string as the ABI encodes it: offset 32, length, bytes.
#[must_use]
pub fn string(data: &[u8]) -> Option<String> {
    let length = U256::try_from_be_slice(data.get(32..64)?)?;
    let length = usize::try_from(length).ok()?;
    let bytes = data.get(64..64usize.checked_add(length)?)?;
    Some(String::from_utf8_lossy(bytes).into_owned())
}

/// Panic codes of Solidity.
fn panic_name(code: U256) -> String {
    let name = match u64::try_from(code).unwrap_or(u64::MAX) {
        0x00 => "a panic of the compiler's own",
        0x01 => "a check of the contract's own failed",
        0x11 => "a number became too large or too small",
        0x12 => "a division by zero",
        0x21 => "a value that is none of its kind",
        0x22 => "a stored list of bytes is damaged",
        0x31 => "an empty list",
        0x32 => "a place beyond the end of a list",
        0x41 => "too much memory",
        0x51 => "a function that was never set",
        _ => "a panic of the contract",
    };
    format!("{name} (panic 0x{code:02x})")
}

#[cfg(test)]
mod tests {
    use alloy_primitives::Address;

    use super::*;

    fn chain() -> &'static EvmChain {
        EvmChain::by_id(1).expect("a chain")
    }

    fn why(data: &[u8], named: &[AbiError]) -> String {
        Revert::new(Some(data.to_vec().into())).why(named, chain()).to_string()
    }

    fn word(number: u64) -> [u8; 32] {
        U256::from(number).to_be_bytes()
    }

    #[test]
    fn reasons_are_read_and_made_safe() {
        let text = |text: &[u8]| {
            let mut data = [ERROR.as_slice(), &word(32), &word(text.len() as u64), text].concat();
            data.resize(data.len() + 32, 0);
            data
        };
        assert_eq!(why(&text(b"a\x1b[2J"), &[]), "a\\u{1b}[2J");
        assert_eq!(why(&text(b""), &[]), "its reason is empty");
        assert_eq!(
            why(&[PANIC.as_slice(), &word(0x11)].concat(), &[]),
            "a number became too large or too small (panic 0x11)"
        );
        assert_eq!(why(&[PANIC.as_slice(), &[0xff; 32]].concat(), &[]).split(' ').next(), Some("a"));
        assert_eq!(why(&[1, 2, 3, 4], &[]), "an error of the contract's own, 0x01020304");
        assert_eq!(why(&[], &[]), "the contract gives no reason");
        assert_eq!(Revert::new(None).why(&[], chain()).as_str(), "the node gives no reason");
        for odd in [&[1u8][..], &[1, 2, 3], &[0; MAX_DATA + 1]] {
            assert!(why(odd, &[]).contains("a reason that is none"), "{}", odd.len());
        }
        for lying in [&[0xff; 64][..], &[0; 31], &[]] {
            assert!(why(&[ERROR.as_slice(), lying].concat(), &[]).ends_with("0x08c379a0"), "a length beyond the data");
            assert!(why(&[PANIC.as_slice(), &lying[..lying.len().min(31)]].concat(), &[]).ends_with("0x4e487b71"));
        }
    }

    #[test]
    fn errors_of_the_standards_are_named_with_their_values() {
        assert!(KNOWN.iter().all(|signature| error(signature).is_ok()));
        // The selectors that ERC-6093's reference implementation has.
        let selector = |name: &str| {
            let signature = KNOWN.iter().find(|known| known.starts_with(name)).expect("a known error");
            hex::encode(error(signature).expect("an error").selector())
        };
        assert_eq!(selector("ERC20InsufficientBalance"), "e450d38c");
        assert_eq!(selector("ERC20InsufficientAllowance"), "fb8f41b2");
        assert_eq!(selector("ERC721NonexistentToken"), "7e273289");
        assert_eq!(selector("OwnableUnauthorizedAccount"), "118cdaa7");
        let sender = Address::repeat_byte(7);
        let data = [hex!("e450d38c").as_slice(), &sender.into_word().0, &word(5), &word(10)].concat();
        let expected = format!("ERC20InsufficientBalance(sender = {sender}, balance = 5, needed = 10)");
        assert_eq!(why(&data, &[]), expected);
        assert_eq!(why(&data[..60], &[]), "an error of the contract's own, 0xe450d38c");
    }

    #[test]
    fn errors_that_the_person_named_come_first() {
        let named = [error("Closed(uint256 until, string why)").expect("an error")];
        let mut data = named[0].selector().to_vec();
        data.extend([word(9), word(64), word(2)].concat());
        data.extend(b"no");
        data.resize(data.len() + 30, 0);
        assert_eq!(why(&data, &[]), format!("an error of the contract's own, {}", named[0].selector()));
        assert_eq!(why(&data, &named), "Closed(until = 9, why = \"no\")");
        let abi = br#"[{"type":"error","name":"Closed","inputs":[{"name":"until","type":"uint256"},{"name":"why","type":"string"}]}]"#;
        assert_eq!(why(&data, &errors_of_abi(abi).expect("an ABI")), "Closed(until = 9, why = \"no\")");
        assert!(errors_of_abi(b"{").is_err());
        for bad in ["", "x", "Closed(uint257)", &"A".repeat(600)] {
            assert!(error(bad).is_err(), "{bad}");
        }
    }
}
