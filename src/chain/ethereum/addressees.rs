//! What an address among the arguments of a call is for: a beneficiary, or a token, a source, a remark.
//!
//! Where a function's own definition says nothing else, an address gains. Decides about addresses only.

use alloy_dyn_abi::DynSolValue;
use alloy_json_abi::{Function, Param};
use alloy_primitives::Address;

/// Members of parameters that Solidity's signatures leave without names.
const MEMBERS: &[(&str, &[&str])] = &[
    (
        "exactInputSingle((address,address,uint24,address,uint256,uint256,uint256,uint160))",
        &["tokenIn", "tokenOut", "fee", "recipient", "deadline", "amountIn", "amountOutMinimum", "sqrtPriceLimitX96"],
    ),
    (
        "exactInputSingle((address,address,uint24,address,uint256,uint256,uint160))",
        &["tokenIn", "tokenOut", "fee", "recipient", "amountIn", "amountOutMinimum", "sqrtPriceLimitX96"],
    ),
    (
        "exactInput((bytes,address,uint256,uint256,uint256))",
        &["path", "recipient", "deadline", "amountIn", "amountOutMinimum"],
    ),
    (
        "exactOutputSingle((address,address,uint24,address,uint256,uint256,uint256,uint160))",
        &["tokenIn", "tokenOut", "fee", "recipient", "deadline", "amountOut", "amountInMaximum", "sqrtPriceLimitX96"],
    ),
    (
        "exactOutputSingle((address,address,uint24,address,uint256,uint256,uint160))",
        &["tokenIn", "tokenOut", "fee", "recipient", "amountOut", "amountInMaximum", "sqrtPriceLimitX96"],
    ),
    ("collect((uint256,address,uint128,uint128))", &["tokenId", "recipient", "amount0Max", "amount1Max"]),
];
/// Names, in the definitions of well-known functions, of addresses to which nothing goes.
const NO_PAYEE: &[&str] = &[
    "token",
    "tokenA",
    "tokenB",
    "tokenIn",
    "tokenOut",
    "path",
    "asset",
    "cTokens",
    "burnToken",
    "localToken",
    "remoteToken",
    "gasToken",
    "referral",
    "from",
];
/// The zeros in front of an address that is written as a word.
const WORD_ZEROS: usize = 12;

/// What the call does with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// It may gain by the call.
    Gains,
    /// It is named by the call, and nothing goes to it.
    Named,
}

/// How much of a function's definition is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Definition {
    /// The names of its parameters are those of its standard, or of a contract that is pinned.
    Known,
    /// Any address may gain.
    Unknown,
}

/// A function with the names of its tuples' members, where they are known.
pub(super) fn with_members(function: &Function) -> Function {
    let mut function = function.clone();
    let signature = function.signature();
    let known = MEMBERS.iter().find(|(known, _)| *known == signature);
    if let (Some((_, names)), Some(first)) = (known, function.inputs.first_mut()) {
        for (member, name) in first.components.iter_mut().zip(*names) {
            (*name).clone_into(&mut member.name);
        }
    }
    function
}

/// Every address among the arguments, at any depth, with its part.
pub(super) fn among(function: &Function, arguments: &[DynSolValue], definition: Definition) -> Vec<(Address, Part)> {
    let mut found = Vec::new();
    for (param, value) in function.inputs.iter().zip(arguments) {
        collect(param, value, definition, &mut found);
    }
    found
}

fn collect(param: &Param, value: &DynSolValue, definition: Definition, found: &mut Vec<(Address, Part)>) {
    let part = match definition {
        Definition::Known if NO_PAYEE.contains(&param.name.as_str()) => Part::Named,
        Definition::Known | Definition::Unknown => Part::Gains,
    };
    match value {
        DynSolValue::Address(address) => found.push((*address, part)),
        DynSolValue::FixedBytes(word, size) if *size == 32 => {
            found.extend(in_word(word.as_slice()).map(|it| (it, part)))
        }
        DynSolValue::Tuple(members) => {
            for (place, member) in members.iter().enumerate() {
                collect(param.components.get(place).unwrap_or(param), member, definition, found);
            }
        }
        DynSolValue::Array(items) | DynSolValue::FixedArray(items) => {
            items.iter().for_each(|item| collect(param, item, definition, found));
        }
        _ => {}
    }
}

/// Every `bytes` among the arguments, at any depth.
pub(super) fn bytes_among(arguments: &[DynSolValue]) -> Vec<&[u8]> {
    arguments.iter().flat_map(bytes_in).collect()
}

fn bytes_in(value: &DynSolValue) -> Vec<&[u8]> {
    match value {
        DynSolValue::Bytes(bytes) => vec![bytes.as_slice()],
        DynSolValue::Tuple(items) | DynSolValue::Array(items) | DynSolValue::FixedArray(items) => bytes_among(items),
        _ => Vec::new(),
    }
}

/// The addresses in bytes that are whole words, with or without a selector in front.
pub(super) fn in_words(bytes: &[u8]) -> Vec<Address> {
    let words = match bytes.len() % 32 {
        0 => bytes,
        4 => bytes.get(4..).unwrap_or_default(),
        _ => return Vec::new(),
    };
    words.chunks(32).filter_map(in_word).collect()
}

/// The address in a word, as bridges write recipients: twelve zeros, then bytes that begin with none.
fn in_word(word: &[u8]) -> Option<Address> {
    let (zeros, address) = word.split_at_checked(WORD_ZEROS)?;
    let plain = zeros.iter().all(|byte| *byte == 0) && address.first().is_some_and(|byte| *byte != 0);
    plain.then(|| Address::try_from(address).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use alloy_dyn_abi::JsonAbiExt;
    use alloy_primitives::B256;

    use super::*;

    #[test]
    fn members_fit_their_functions() {
        for (signature, names) in MEMBERS {
            let function = with_members(&Function::parse(signature).expect(signature));
            let members: Vec<&str> = function.inputs[0].components.iter().map(|member| member.name.as_str()).collect();
            assert_eq!(members, *names, "{signature}");
        }
    }

    #[test]
    fn addresses_are_found_at_any_depth() {
        let at = Address::repeat_byte;
        let function = Function::parse("f((address,(bytes32,address)[]) it, address[2][] more)").expect("a function");
        let inner = DynSolValue::Tuple(vec![at(2).into_word().into(), at(3).into()]);
        let arguments = [
            DynSolValue::Tuple(vec![at(1).into(), DynSolValue::Array(vec![inner])]),
            DynSolValue::Array(vec![DynSolValue::FixedArray(vec![at(4).into(), at(5).into()])]),
        ];
        function.abi_encode_input(&arguments).expect("they fit");
        let found: Vec<Address> =
            among(&function, &arguments, Definition::Unknown).into_iter().map(|(address, _)| address).collect();
        assert_eq!(found, [1, 2, 3, 4, 5].map(at));
        let number = Function::parse("f(bytes32 hash)").expect("a function");
        assert!(among(&number, &[B256::repeat_byte(7).into()], Definition::Unknown).is_empty());
    }

    #[test]
    fn addresses_are_found_in_words_that_nobody_reads() {
        let to = Address::repeat_byte(0xb0);
        let words = [B256::with_last_byte(9).as_slice(), to.into_word().as_slice()].concat();
        assert_eq!(in_words(&words), [to]);
        assert_eq!(in_words(&[&[1, 2, 3, 4][..], &words].concat()), [to]);
        assert!(in_words(&words[1..]).is_empty());
        let nested = DynSolValue::Array(vec![DynSolValue::Tuple(vec![DynSolValue::Bytes(words.clone())])]);
        assert_eq!(bytes_among(&[nested]), [words.as_slice()]);
    }

    #[test]
    fn nothing_goes_to_a_token_of_a_known_function_only() {
        let function = Function::parse("supply(address asset, uint256 amount, address onBehalfOf, uint16 code)");
        let function = function.expect("a function");
        let number = DynSolValue::Uint(alloy_primitives::U256::ZERO, 256);
        let arguments = [Address::repeat_byte(1).into(), number.clone(), Address::repeat_byte(2).into(), number];
        let parts = |definition| among(&function, &arguments, definition).into_iter().map(|(_, part)| part);
        assert!(parts(Definition::Known).eq([Part::Named, Part::Gains]));
        assert!(parts(Definition::Unknown).eq([Part::Gains, Part::Gains]));
    }
}
