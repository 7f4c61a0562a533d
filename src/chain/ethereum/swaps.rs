//! What a swap at a pinned exchange gives, gets, and for whom, as a sentence. Uniswap v2's and v3's functions, by the names of
//! their arguments (IUniswapV2Router01.sol, ISwapRouter.sol, IV3SwapRouter.sol).
//!
//! It decides nothing about what is blind, and reads no bytes: a path in bytes is no sentence.

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, U256};

use super::{
    allowance::is_unlimited,
    call_reader::{Decoded, Reader},
    call_values::{moved, or_unlimited},
    units::native,
};
use crate::review::Consent;

/// The arguments of a function, or the members of its only struct, by name.
struct Fields<'a>(Vec<(&'a str, &'a DynSolValue)>);

impl<'a> Fields<'a> {
    fn of(decoded: &'a Decoded) -> Self {
        let inputs = &decoded.function.inputs;
        let names = |params: &'a [alloy_json_abi::Param]| params.iter().map(|param| param.name.as_str());
        Self(match (inputs.as_slice(), decoded.arguments.as_slice()) {
            ([only], [DynSolValue::Tuple(members)]) => names(&only.components).zip(members).collect(),
            (inputs, values) => names(inputs).zip(values).collect(),
        })
    }

    fn get(&self, wanted: &[&str]) -> Option<&'a DynSolValue> {
        self.0.iter().find(|(name, _)| wanted.contains(name)).map(|(_, value)| *value)
    }

    fn address(&self, wanted: &[&str]) -> Option<Address> {
        self.get(wanted)?.as_address()
    }

    fn uint(&self, wanted: &[&str]) -> Option<U256> {
        self.get(wanted)?.as_uint().map(|(number, _)| number)
    }

    fn path(&self) -> Option<Vec<Address>> {
        self.get(&["path"])?.as_array()?.iter().map(DynSolValue::as_address).collect()
    }
}

/// A side of a swap: the chain's own coin, or a token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SwapAsset {
    Native,
    Token(Address),
}

/// A swap as its arguments say it.
struct Swap {
    gives: SwapAsset,
    gets: SwapAsset,
    /// Given exactly, or at most.
    given: U256,
    is_most: bool,
    /// Got exactly, or at least.
    got: U256,
    is_least: bool,
    to: Address,
}

impl Swap {
    fn of(decoded: &Decoded, value: U256) -> Option<Self> {
        let fields = Fields::of(decoded);
        let name = decoded.function.name.as_str();
        let path = fields.path().unwrap_or_default();
        let first = fields.address(&["tokenIn"]).or_else(|| path.first().copied())?;
        let last = fields.address(&["tokenOut"]).or_else(|| path.last().copied())?;
        let is_paid_in_coins = name == "swapExactETHForTokens" || name == "swapETHForExactTokens";
        let is_got_in_coins = name == "swapExactTokensForETH" || name == "swapTokensForExactETH";
        let most =
            fields.uint(&["amountInMax", "amountInMaximum"]).or((name == "swapETHForExactTokens").then_some(value));
        let given = fields.uint(&["amountIn"]).or((name == "swapExactETHForTokens").then_some(value));
        let least = fields.uint(&["amountOutMin", "amountOutMinimum"]);
        Some(Self {
            gives: if is_paid_in_coins { SwapAsset::Native } else { SwapAsset::Token(first) },
            gets: if is_got_in_coins { SwapAsset::Native } else { SwapAsset::Token(last) },
            given: given.or(most)?,
            is_most: given.is_none(),
            got: least.or_else(|| fields.uint(&["amountOut"]))?,
            is_least: least.is_some(),
            to: fields.address(&["recipient", "to"])?,
        })
    }
}

/// The sentence of a swap at `exchange`; nothing for another function. Notes what leaves, and what speaks against it.
pub(super) fn sentence(reader: &mut Reader<'_>, exchange: Address, decoded: &Decoded, depth: usize) -> Option<String> {
    let swap = Swap::of(decoded, reader.value)?;
    coins(reader, &swap, depth);
    if let SwapAsset::Token(token) = swap.gives {
        moved(reader, token, swap.given, depth);
        if is_unlimited(reader.facts.chain, token, swap.given) {
            reader.consent(Consent::Unlimited { spender: exchange });
        }
    }
    if swap.got.is_zero() {
        reader.warn("no_minimum", "a swap takes whatever it is given: the least that it has to get is 0".to_owned());
    }
    // In a batch the next call takes it from there; alone, the first taker does.
    if swap.to == exchange && depth == 0 {
        let why = "the exchange itself, from which anybody can take it";
        reader.consent(Consent::UnusualDestination { to: exchange, why });
    }
    let most = if swap.is_most { "at most " } else { "" };
    let least = if swap.is_least { "at least " } else { "" };
    let (gives, gets) = (in_words(reader, swap.gives, swap.given), in_words(reader, swap.gets, swap.got));
    // SwapRouter02 takes an exact 0 for its own balance.
    let all = if swap.given.is_zero() && !swap.is_most { " (0 stands for all that the exchange holds)" } else { "" };
    Some(format!("Swap {most}{gives}{all} for {least}{gets}, which {} gets", reader.name(swap.to)))
}

/// Coins that go along: they are what is given, or are wrapped into it, or stay at the exchange.
fn coins(reader: &mut Reader<'_>, swap: &Swap, depth: usize) {
    let is_given = swap.gives == SwapAsset::Native;
    if is_given && depth == 0 {
        reader.tells_coins = true;
        reader.reading.moved = Some(native(reader.facts.chain, reader.value));
    }
    let wrapped = reader.facts.chain.wrapped().map(SwapAsset::Token);
    let is_wrapped = wrapped == Some(swap.gives) && swap.given == reader.value;
    if !reader.value.is_zero() && !is_given && !is_wrapped {
        reader.blind("coins go along with a swap that does not take them", depth);
    }
}

fn in_words(reader: &Reader<'_>, coin: SwapAsset, value: U256) -> String {
    match coin {
        SwapAsset::Native => native(reader.facts.chain, value).to_string(),
        SwapAsset::Token(token) => or_unlimited(reader, token, value),
    }
}
