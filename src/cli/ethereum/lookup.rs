//! Tokens and recipients of the command line: pinned ones by symbol, others by contract, as they were added.

use crate::cli::{CliError, context::Context};
use alloy_primitives::{Address, U256};
use fastness::{
    address::{Checked, parse_evm},
    amount::{Denomination, Typed, Units},
    contact::ContactBook,
    explain::Failure,
    ledger::Ledger,
    network::EvmChain,
    review::Warning,
    text::SafeText,
    token::{Token, is_one_word},
};

/// A token with what is known of it, and how surely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownToken {
    /// Its contract.
    pub(crate) address: Address,
    /// How it is counted.
    pub(crate) denomination: Denomination,
    /// True for the list that ships with fastness; else the contract's own words, taken when it was added.
    pub(crate) pinned: bool,
}

/// Every token that is known on a chain: the pinned ones, then those that were added.
pub(crate) fn tokens(ledger: &Ledger, chain: &EvmChain) -> Result<Vec<KnownToken>, Failure> {
    let pinned = Token::of_chain(chain.id).map(|token| KnownToken {
        address: token.address,
        denomination: token.denomination(),
        pinned: true,
    });
    let added = ledger.added_tokens(chain.id)?.into_iter().map(|token| KnownToken {
        address: token.address,
        denomination: Denomination::new(token.symbol.as_str(), token.decimals),
        pinned: false,
    });
    Ok(pinned.chain(added).collect())
}

/// The added tokens as a review may name them: a symbol of several words would go on as a sentence.
pub(crate) fn named_in_reviews(ledger: &Ledger, chain: &EvmChain) -> Result<Vec<(Address, Denomination)>, Failure> {
    let added = ledger.added_tokens(chain.id)?.into_iter().filter(|token| is_one_word(token.symbol.as_str()));
    Ok(added.map(|token| (token.address, Denomination::new(token.symbol.as_str(), token.decimals))).collect())
}

/// The token of a symbol or contract.
pub(crate) fn token(ledger: &Ledger, chain: &EvmChain, text: &str) -> Result<KnownToken, Failure> {
    let known = tokens(ledger, chain)?;
    let found = if text.starts_with("0x") {
        let (address, _) = parse_evm(text, chain)?;
        known.into_iter().find(|token| token.address == address)
    } else {
        let mut same = known.into_iter().filter(|t| t.denomination.symbol.as_str().eq_ignore_ascii_case(text));
        let first = same.next();
        // Pinned symbols are unique; an added one must not pass for another.
        if first.as_ref().is_some_and(|token| !token.pinned) && same.next().is_some() {
            let what = format!("several tokens call themselves `{}`; name the contract", SafeText::new(text));
            return Err(CliError::Usage(what).into());
        }
        first
    };
    found.ok_or_else(|| {
        let what = format!(
            "`{}` is no token that is known on {}; `fastness token add CONTRACT` looks one up",
            SafeText::new(text),
            chain.title
        );
        CliError::Usage(what).into()
    })
}

/// What a quantity of the command line is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EvmQuantity {
    /// All of the chain's own coin.
    AllNative,
    /// So much of the chain's own coin.
    Native(Units),
    /// All of a token.
    AllOf(KnownToken),
    /// So much of a token.
    Of(KnownToken, U256),
}

impl EvmQuantity {
    /// The token that it is about; nothing for the chain's own coin.
    pub(crate) const fn token(&self) -> Option<&KnownToken> {
        match self {
            Self::AllNative | Self::Native(_) => None,
            Self::AllOf(token) | Self::Of(token, _) => Some(token),
        }
    }
}

/// Reads `1.5eth`, `25 USDC`, `25 0xCONTRACT`, `all` or `all USDC`.
pub(crate) fn quantity(ledger: &Ledger, chain: &EvmChain, text: &str) -> Result<EvmQuantity, Failure> {
    let native = Denomination::new(chain.symbol, chain.decimals);
    let is_native = |unit: &str| {
        let unit = unit.to_ascii_lowercase();
        unit == chain.symbol.to_ascii_lowercase() || unit == "wei" || unit == "gwei"
    };
    if text.eq_ignore_ascii_case("all") {
        return Ok(EvmQuantity::AllNative);
    }
    if let Some((all, unit)) = text.split_once(' ')
        && all.eq_ignore_ascii_case("all")
    {
        return if is_native(unit) {
            Ok(EvmQuantity::AllNative)
        } else {
            token(ledger, chain, unit).map(EvmQuantity::AllOf)
        };
    }
    // A contract's address begins with a digit: `25 0x...`.
    if let Some((number, contract)) = text.split_once(" 0x") {
        let found = token(ledger, chain, &format!("0x{contract}"))?;
        let value = fastness::amount::decimal_to_u256(number, found.denomination.decimals)?;
        return Ok(EvmQuantity::Of(found, value));
    }
    let typed = Typed::split(text)?;
    if is_native(typed.unit) {
        return Ok(EvmQuantity::Native(native.read(&typed)?));
    }
    let found = token(ledger, chain, typed.unit)?;
    let value = fastness::amount::decimal_to_u256(typed.number, found.denomination.decimals)?;
    Ok(EvmQuantity::Of(found, value))
}

/// A recipient: an address or the `@name` of a contact. An address without capitals has no checksum, and that is said.
pub(crate) fn recipient(
    context: &Context,
    ledger: &Ledger,
    chain: &'static EvmChain,
    text: &str,
) -> Result<Address, Failure> {
    let text = ContactBook::new(ledger.contacts(None)?, chain.name).address(text)?;
    let (address, checked) = parse_evm(&text, chain)?;
    if checked == Checked::NoChecksum && text.bytes().any(|byte| byte.is_ascii_alphabetic() && byte != b'x') {
        let text = format!("the address has no capitals, so a typo in it cannot be noticed; it is read as {address}");
        context.ui.warn(&Warning { code: "no_checksum", text });
    }
    Ok(address)
}
