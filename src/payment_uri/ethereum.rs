//! Payment URIs of Ethereum and its family (EIP-681, with the `pay-` prefix of EIP-831): coins to an address, or a token's
//! `transfer`; written by `receive` and read back by `send`.
//!
//! Whatever is doubtful refuses the whole, and so does every other function: what it would do is not for a URI to say. Gas
//! and its price are the payer's choice and are passed over. Must not resolve names.

use std::fmt;

use alloy_primitives::U256;

use super::{MAX_CHARS, UriError};

const SCHEME: &str = "ethereum:";
/// EIP-831's prefix for payments.
const PAY: &str = "pay-";
/// 2^256 has 78 decimal digits: no exponent of a value in wei is greater.
const MAX_EXPONENT: usize = 77;

/// What an `ethereum:` URI asks for. Addresses are as they were written: their form depends on the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvmPaymentUri {
    /// The payee.
    pub to: String,
    /// The token's contract; the chain's own coin without it.
    pub token: Option<String>,
    /// The chain, where it is named.
    pub chain_id: Option<u64>,
    /// How much in the smallest unit, if it says.
    pub amount: Option<U256>,
}

impl EvmPaymentUri {
    /// True for text that begins like such a URI.
    #[must_use]
    pub fn looks_like(text: &str) -> bool {
        text.get(..SCHEME.len()).is_some_and(|head| head.eq_ignore_ascii_case(SCHEME))
    }

    /// Reads a URI.
    ///
    /// # Errors
    /// It is not of EIP-681's form, names a parameter twice or one that is not known, or asks for anything but a payment.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        if text.len() > MAX_CHARS || !Self::looks_like(text) {
            return Err(UriError("it is too long, or does not begin with ethereum:"));
        }
        let rest = text.get(SCHEME.len()..).unwrap_or_default();
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (target, function) = match path.split_once('/') {
            Some((target, function)) => (target, Some(function)),
            None => (path, None),
        };
        let target = target.strip_prefix(PAY).unwrap_or(target);
        let (address, chain) = match target.split_once('@') {
            Some((address, chain)) => (address, Some(chain)),
            None => (target, None),
        };
        let chain_id = chain.map(decimal).transpose()?;
        let query = Query::parse(query)?;
        match function {
            None => query.coins(plain_address(address)?, chain_id),
            Some("transfer") => query.token(plain_address(address)?, chain_id),
            Some(_) => Err(UriError("it calls a function other than a token's transfer")),
        }
    }
}

/// Hex and nothing else: a name would have to be resolved by a host that is believed.
fn plain_address(text: &str) -> Result<String, UriError> {
    let is_hex = text.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if is_hex { Ok(text.to_owned()) } else { Err(UriError("it names no address of 0x and 40 hex digits")) }
}

fn decimal(text: &str) -> Result<u64, UriError> {
    const BAD: UriError = UriError("its chain id is not a number");
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().map_err(|_| BAD) } else { Err(BAD) }
}

/// The parameters that matter.
#[derive(Default)]
struct Query<'a> {
    value: Option<U256>,
    amount: Option<U256>,
    address: Option<&'a str>,
}

impl<'a> Query<'a> {
    fn parse(text: &'a str) -> Result<Self, UriError> {
        let mut query = Self::default();
        let mut seen = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if seen.contains(&key) {
                return Err(UriError("a parameter stands twice in it"));
            }
            seen.push(key);
            match key {
                "value" => query.value = Some(number(value)?),
                "uint256" => query.amount = Some(number(value)?),
                "address" => query.address = Some(value),
                "gas" | "gasLimit" | "gasPrice" => {}
                _ => return Err(UriError("it has a parameter that this wallet does not know")),
            }
        }
        Ok(query)
    }

    fn coins(&self, to: String, chain_id: Option<u64>) -> Result<EvmPaymentUri, UriError> {
        if self.amount.is_some() || self.address.is_some() {
            return Err(UriError("it has arguments, and no function that they are for"));
        }
        Ok(EvmPaymentUri { to, token: None, chain_id, amount: self.value })
    }

    fn token(&self, contract: String, chain_id: Option<u64>) -> Result<EvmPaymentUri, UriError> {
        if self.value.is_some_and(|value| !value.is_zero()) {
            return Err(UriError("it sends coins along with a token's transfer"));
        }
        let to = self.address.ok_or(UriError("it does not say whom to pay the token"))?;
        Ok(EvmPaymentUri { to: plain_address(to)?, token: Some(contract), chain_id, amount: self.amount })
    }
}

/// EIP-681's number, `2.014e18` among them, as the exact integer that it is.
fn number(text: &str) -> Result<U256, UriError> {
    const BAD: UriError = UriError("its amount is not a whole number of the smallest unit");
    let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || digits.ends_with('.') || ![whole, fraction, exponent].into_iter().all(plain) {
        return Err(BAD);
    }
    let fraction = fraction.trim_end_matches('0');
    let exponent: usize = exponent.parse().map_err(|_| BAD)?;
    let zeros = exponent.checked_sub(fraction.len()).filter(|_| exponent <= MAX_EXPONENT).ok_or(BAD)?;
    let digits: U256 = format!("{whole}{fraction}").parse().map_err(|_| BAD)?;
    U256::from(10).checked_pow(U256::from(zeros)).and_then(|scale| digits.checked_mul(scale)).ok_or(BAD)
}

impl fmt::Display for EvmPaymentUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chain = |f: &mut fmt::Formatter<'_>| self.chain_id.map_or(Ok(()), |id| write!(f, "@{id}"));
        let Some(token) = &self.token else {
            write!(f, "{SCHEME}{}", self.to)?;
            chain(f)?;
            return self.amount.map_or(Ok(()), |amount| write!(f, "?value={amount}"));
        };
        write!(f, "{SCHEME}{token}")?;
        chain(f)?;
        write!(f, "/transfer?address={}", self.to)?;
        self.amount.map_or(Ok(()), |amount| write!(f, "&uint256={amount}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TO: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
    const USDC: &str = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";

    fn parse(rest: &str) -> Result<EvmPaymentUri, UriError> {
        EvmPaymentUri::parse(&format!("ethereum:{rest}"))
    }

    /// The examples of EIP-681, with an address in place of the name in one of them.
    #[test]
    fn the_examples_of_the_standard_are_read() {
        let coins = parse(&format!("{TO}?value=2.014e18")).unwrap();
        assert_eq!(coins.amount, Some(U256::from(2_014_000_000_000_000_000_u64)));
        assert_eq!((coins.to.as_str(), coins.token, coins.chain_id), (TO, None, None));
        let token = parse(&format!("{USDC}/transfer?address={TO}&uint256=1")).unwrap();
        assert_eq!((token.to.as_str(), token.token.as_deref(), token.amount), (TO, Some(USDC), Some(U256::ONE)));
        let pay = parse(&format!("pay-{TO}@8453?value=1e18&gas=21000&gasPrice=50000000000")).unwrap();
        assert_eq!((pay.chain_id, pay.amount), (Some(8453), Some(U256::from(1_000_000_000_000_000_000_u64))));
        assert_eq!(parse(TO).unwrap().amount, None);
    }

    #[test]
    fn refuses_whatever_is_doubtful() {
        for bad in [
            format!("{TO}?value=1.5"),
            format!("{TO}?value=2.014e2"),
            format!("{TO}?value=1e-2"),
            format!("{TO}?value=-1"),
            format!("{TO}?value=+1"),
            format!("{TO}?value="),
            format!("{TO}?value=1."),
            format!("{TO}?value=0x10"),
            format!("{TO}?value=1e78"),
            format!("{TO}?value=1e99999999999999999999"),
            format!("{TO}?value=1&value=2"),
            format!("{TO}?value=1&data=0x00"),
            format!("{TO}?uint256=1"),
            format!("{TO}@?value=1"),
            format!("{TO}@0x1"),
            format!("{TO}@18446744073709551616"),
            format!("{USDC}/transfer?uint256=1"),
            format!("{USDC}/transfer?address={TO}&uint256=1&value=1"),
            format!("{USDC}/approve?address={TO}&uint256=1"),
            format!("{USDC}/transfer?address=vitalik.eth&uint256=1"),
            "vitalik.eth?value=1".to_owned(),
            String::new(),
        ] {
            assert!(parse(&bad).is_err(), "{bad}");
        }
        assert!(EvmPaymentUri::parse("bitcoin:x").is_err());
        assert!(parse(&format!("{TO}?value={}", "1".repeat(MAX_CHARS))).is_err());
    }

    proptest! {
        /// What is written reads back as it was.
        #[test]
        fn what_is_written_reads_back(amount: [u64; 4], chain: Option<u64>, token: bool, named: bool) {
            let amount = named.then(|| U256::from_limbs(amount));
            let uri = EvmPaymentUri { to: TO.to_owned(), token: token.then(|| USDC.to_owned()), chain_id: chain, amount };
            prop_assert_eq!(EvmPaymentUri::parse(&uri.to_string()), Ok(uri));
        }

        /// A scientific number is the integer that its digits say, or refused.
        #[test]
        fn numbers_are_exact(whole in 0u64..1_000_000, fraction in "[0-9]{0,6}", exponent in 0usize..20) {
            let text = if fraction.is_empty() { format!("{whole}e{exponent}") } else { format!("{whole}.{fraction}e{exponent}") };
            let padded = format!("{fraction:0<20}");
            let (kept, lost) = padded.split_at(exponent);
            let exact = lost.bytes().all(|digit| digit == b'0');
            let plain: U256 = format!("{whole}{kept}").parse().unwrap();
            prop_assert_eq!(number(&text).ok(), exact.then_some(plain));
        }
    }
}
