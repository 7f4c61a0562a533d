//! Calldata that commands make: tokens, NFTs, allowances, and any function by its signature with arguments as text.
//!
//! Arguments are read strictly, for what is encoded is signed. Reads nothing from a network.

use alloy_dyn_abi::{DynSolType, DynSolValue, FunctionExt, JsonAbiExt, Specifier};
use alloy_json_abi::{Function, JsonAbi};
use alloy_primitives::{Address, B256, Bytes, U256};

use super::{EthereumError, tree::Tree};
use crate::{address::parse_evm, network::EvmChain, review::Shown, text::SafeText};

/// Longest function signature, in bytes.
const MAX_SIGNATURE: usize = 2_000;
/// Arguments nested deeper than this are not typed by hand.
const MAX_NESTING: usize = 16;

fn bad(what: impl Into<String>) -> EthereumError {
    EthereumError::Abi(SafeText::new(&what.into()))
}

fn encode(signature: &'static str, arguments: &[DynSolValue]) -> Result<Bytes, EthereumError> {
    let function = Function::parse(signature).map_err(|_| EthereumError::Bug("a signature of our own"))?;
    let data = function.abi_encode_input(arguments).map_err(|_| EthereumError::Bug("arguments of our own"))?;
    Ok(data.into())
}

fn uint(number: U256) -> DynSolValue {
    DynSolValue::Uint(number, 256)
}

/// Selector of ERC-20's `transfer(address,uint256)`.
pub const TRANSFER: [u8; 4] = [0xa9, 0x05, 0x9c, 0xbb];

/// An ERC-20 transfer in calldata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenTransfer {
    /// Who gets it.
    pub to: Address,
    /// How much, in the token's smallest units.
    pub amount: U256,
}

/// The transfer of calldata that is one and nothing else.
#[must_use]
pub fn transfer_of(data: &[u8]) -> Option<TokenTransfer> {
    let arguments = data.strip_prefix(&TRANSFER).filter(|arguments| arguments.len() == 64)?;
    let (to, amount) = (arguments.get(12..32)?, arguments.get(32..)?);
    Some(TokenTransfer { to: Address::from_slice(to), amount: U256::try_from_be_slice(amount)? })
}

/// ERC-20 `transfer`.
///
/// # Errors
/// Never.
pub fn transfer(to: Address, amount: U256) -> Result<Bytes, EthereumError> {
    encode("transfer(address,uint256)", &[to.into(), uint(amount)])
}

/// ERC-20 `approve`; nothing takes an allowance away.
///
/// # Errors
/// Never.
pub fn approve(spender: Address, amount: U256) -> Result<Bytes, EthereumError> {
    encode("approve(address,uint256)", &[spender.into(), uint(amount)])
}

/// EIP-1271 `isValidSignature`, to be asked.
///
/// # Errors
/// Never.
pub fn is_valid_signature(digest: B256, signature: &[u8]) -> Result<Bytes, EthereumError> {
    let arguments = [DynSolValue::FixedBytes(digest, 32), DynSolValue::Bytes(signature.to_vec())];
    encode("isValidSignature(bytes32,bytes)", &arguments)
}

/// ERC-20 `allowance`, to be asked.
///
/// # Errors
/// Never.
pub fn allowance(owner: Address, spender: Address) -> Result<Bytes, EthereumError> {
    encode("allowance(address,address)", &[owner.into(), spender.into()])
}

/// ERC-721 and 1155 `isApprovedForAll`, to be asked.
///
/// # Errors
/// Never.
pub fn is_operator(owner: Address, operator: Address) -> Result<Bytes, EthereumError> {
    encode("isApprovedForAll(address,address)", &[owner.into(), operator.into()])
}

/// `setApprovalForAll(operator, false)`.
///
/// # Errors
/// Never.
pub fn revoke_operator(operator: Address) -> Result<Bytes, EthereumError> {
    encode("setApprovalForAll(address,bool)", &[operator.into(), DynSolValue::Bool(false)])
}

/// ERC-721 `safeTransferFrom`.
///
/// # Errors
/// Never.
pub fn send_nft(from: Address, to: Address, id: U256) -> Result<Bytes, EthereumError> {
    encode("safeTransferFrom(address,address,uint256)", &[from.into(), to.into(), uint(id)])
}

/// ERC-1155 `safeTransferFrom`.
///
/// # Errors
/// Never.
pub fn send_items(from: Address, to: Address, id: U256, amount: U256) -> Result<Bytes, EthereumError> {
    let arguments = [from.into(), to.into(), uint(id), uint(amount), DynSolValue::Bytes(Vec::new())];
    encode("safeTransferFrom(address,address,uint256,uint256,bytes)", &arguments)
}

/// Reads a function as Solidity writes it: `stake(uint256,address)`, with names and `returns (...)` if they are known.
///
/// # Errors
/// Not a function.
pub fn function(signature: &str) -> Result<Function, EthereumError> {
    if signature.len() > MAX_SIGNATURE {
        return Err(bad("the signature is longer than any function's"));
    }
    Function::parse(signature)
        .map_err(|_| bad(format!("`{signature}` is not a function such as stake(uint256,address)")))
}

/// The function of this name in an ABI file; several of one name are told by the number of arguments.
///
/// # Errors
/// Not an ABI, or no such function.
pub fn function_of_abi(json: &[u8], name: &str, arguments: usize) -> Result<Function, EthereumError> {
    let abi: JsonAbi = serde_json::from_slice(json).map_err(|_| bad("the file is not a contract ABI in JSON"))?;
    if name.contains('(') {
        let asked = function(name)?;
        let known = abi.functions().find(|known| known.selector() == asked.selector());
        return known.cloned().ok_or_else(|| bad(format!("the ABI has no function `{name}`")));
    }
    let mut fitting = abi.functions().filter(|function| function.name == name && function.inputs.len() == arguments);
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one.clone()),
        (None, _) => Err(bad(format!("the ABI has no function `{name}` with {arguments} arguments"))),
        (Some(_), Some(_)) => Err(bad(format!("the ABI has several `{name}`; write it with its types"))),
    }
}

/// Calldata of a function with arguments as text.
///
/// # Errors
/// Another number of arguments, or one that is not of its type.
pub fn call_data(function: &Function, arguments: &[String], chain: &EvmChain) -> Result<Bytes, EthereumError> {
    let values = values(&types_of(&function.inputs)?, arguments, chain)?;
    let data = function.abi_encode_input(&values).map_err(|_| bad("the arguments do not fit the function"))?;
    Ok(data.into())
}

/// Init code with the arguments of a constructor, such as `constructor(uint256,address)`.
///
/// # Errors
/// As [`call_data`].
pub fn init_code(
    code: Bytes,
    constructor: Option<&str>,
    arguments: &[String],
    chain: &EvmChain,
) -> Result<Bytes, EthereumError> {
    let Some(constructor) = constructor else {
        return if arguments.is_empty() {
            Ok(code)
        } else {
            Err(bad("name the constructor's types for its arguments"))
        };
    };
    let types =
        constructor.strip_prefix("constructor").ok_or_else(|| bad("write it as constructor(uint256,address)"))?;
    let function = function(&format!("f{types}"))?;
    let values = values(&types_of(&function.inputs)?, arguments, chain)?;
    let encoded =
        function.abi_encode_input_raw(&values).map_err(|_| bad("the arguments do not fit the constructor"))?;
    Ok([code.as_ref(), &encoded].concat().into())
}

fn types_of(inputs: &[alloy_json_abi::Param]) -> Result<Vec<DynSolType>, EthereumError> {
    inputs.iter().map(|input| input.resolve().map_err(|_| bad(format!("`{}` is not a type", input.ty)))).collect()
}

fn values(types: &[DynSolType], arguments: &[String], chain: &EvmChain) -> Result<Vec<DynSolValue>, EthereumError> {
    if types.len() != arguments.len() {
        return Err(bad(format!("the function takes {} arguments, and {} were given", types.len(), arguments.len())));
    }
    types.iter().zip(arguments).map(|(ty, text)| value(ty, text, chain)).collect()
}

/// One argument. Addresses keep their checksum rule; numbers are plain digits or 0x hex, without a unit.
fn value(ty: &DynSolType, text: &str, chain: &EvmChain) -> Result<DynSolValue, EthereumError> {
    let wrong = || bad(format!("`{text}` is not a {}", ty.sol_type_name()));
    if text.bytes().filter(|byte| matches!(byte, b'[' | b'(')).count() > MAX_NESTING * 16 {
        return Err(wrong());
    }
    match ty {
        DynSolType::Address => {
            let (address, _) = parse_evm(text, chain).map_err(|error| bad(error.to_string()))?;
            Ok(DynSolValue::Address(address))
        }
        DynSolType::Uint(_) | DynSolType::Int(_) => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.is_empty();
            let hex = digits.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
            if !(plain || hex) {
                return Err(wrong());
            }
            ty.coerce_str(text).map_err(|_| wrong())
        }
        _ => {
            check_addresses(text, chain)?;
            ty.coerce_str(text).map_err(|_| wrong())
        }
    }
}

/// Addresses inside of lists and tuples keep their checksum rule too.
fn check_addresses(text: &str, chain: &EvmChain) -> Result<(), EthereumError> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let mut addresses = words.filter(|word| word.len() == 42 && word.starts_with("0x"));
    addresses.try_for_each(|word| parse_evm(word, chain).map(|_| ()).map_err(|error| bad(error.to_string())))
}

/// What a read-only call answered, by the types after `returns`; whole words in hex where none were given.
///
/// # Errors
/// The answer is not of these types.
pub fn answer(function: &Function, data: &[u8], chain: &EvmChain) -> Result<Shown, EthereumError> {
    let mut tree = Tree::new(chain);
    if function.outputs.is_empty() {
        tree.line(0, "data", &super::tree::bytes_text(data));
        return Ok(tree.finish());
    }
    let values = function.abi_decode_output(data).map_err(|_| bad("the contract answered with other types"))?;
    for (param, value) in function.outputs.iter().zip(&values) {
        tree.value(0, param, value);
    }
    Ok(tree.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain() -> &'static EvmChain {
        EvmChain::by_id(1).expect("a chain")
    }

    fn data(signature: &str, arguments: &[&str]) -> Result<Bytes, EthereumError> {
        let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
        call_data(&function(signature)?, &arguments, chain())
    }

    const ANA: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

    #[test]
    fn arguments_are_read_strictly() {
        assert_eq!(
            data("transfer(address,uint256)", &[ANA, "25"]),
            transfer(ANA.parse().expect("an address"), U256::from(25))
        );
        assert!(data("f(uint8)", &["255"]).is_ok());
        assert!(data("f(int8)", &["-128"]).is_ok());
        assert!(
            data(
                "f(bool,string,bytes,uint256[],(uint256,address))",
                &["true", "hi", "0x00ff", "[1,2]", &format!("(1,{ANA})")]
            )
            .is_ok()
        );
        for (signature, argument) in [
            ("f(uint8)", "256"),
            ("f(uint8)", "-1"),
            ("f(int8)", "128"),
            ("f(uint256)", "1.5"),
            ("f(uint256)", "1 ether"),
            ("f(uint256)", "1e18"),
            ("f(address)", "ana.eth"),
            ("f(address)", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"),
            ("f(address[])", "[0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD]"),
            ("f(bytes4)", "0x0102"),
            ("f(bool)", "maybe"),
        ] {
            assert!(matches!(data(signature, &[argument]), Err(EthereumError::Abi(_))), "{signature} {argument}");
        }
        assert!(data("f(uint256)", &[]).is_err());
        assert!(data("f(uint257)", &["1"]).is_err());
        assert!(data("f", &[]).is_err());
    }

    #[test]
    fn abi_files_are_read_by_name() {
        let abi = br#"[{"type":"function","name":"a","inputs":[{"name":"x","type":"uint256"}],"outputs":[],"stateMutability":"view"},
            {"type":"function","name":"b","inputs":[{"name":"x","type":"uint256"}],"outputs":[],"stateMutability":"view"},
            {"type":"function","name":"b","inputs":[{"name":"x","type":"address"}],"outputs":[],"stateMutability":"view"}]"#;
        assert!(function_of_abi(abi, "a", 1).is_ok());
        assert!(function_of_abi(abi, "a", 2).is_err());
        assert!(function_of_abi(abi, "b", 1).is_err(), "two of one name");
        assert!(function_of_abi(abi, "b(address)", 1).is_ok());
        assert!(function_of_abi(b"{}", "a", 1).is_err());
    }

    #[test]
    fn answers_are_read_by_their_types() {
        let named = function("balanceOf(address) returns (uint256 balance)").expect("a function");
        let lines = answer(&named, &U256::from(7).to_be_bytes::<32>(), chain()).expect("an answer");
        assert_eq!((lines[0].name.as_str(), lines[0].value.as_str()), ("balance", "7"));
        assert!(answer(&named, &[1, 2, 3], chain()).is_err());
    }
}
