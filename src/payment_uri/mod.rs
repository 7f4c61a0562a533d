//! Payment URIs: `bitcoin:ADDRESS?amount=0.01&label=...` (BIP-21, with the stricter rules of BIP-321), and those of Ethereum.
//!
//! A URI is a stranger's text: whatever is doubtful refuses the whole of it. Must not follow links or open `pop`.

mod ethereum;

use bitcoin::ScriptBuf;

pub use self::ethereum::EvmPaymentUri;

use crate::{
    address,
    amount::{Amount, Asset, decimal_to_integer},
    explain::{Entry, Explain, Failure, catalogue},
    network::Network,
    text::SafeText,
};

/// Longest URI that is read.
const MAX_CHARS: usize = 2_000;
const SCHEME: &str = "bitcoin:";
/// Keys that mean something here, and so stand in a URI once.
const MEANT: [&str; 6] = ["amount", "label", "message", "bc", "tb", "bcrt"];

/// What a payment URI asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentUri {
    /// The script to pay.
    pub script: ScriptBuf,
    /// How much, if it says.
    pub amount: Option<Amount>,
    /// Name of the payee as the URI's author wrote it.
    pub label: Option<SafeText>,
    /// What the payment is for, as the URI's author wrote it.
    pub message: Option<SafeText>,
}

/// Why a URI is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("this payment URI is refused: {0}")]
pub struct UriError(&'static str);

catalogue! {
    BAD_URI = "uri.refused", Usage, "Ask the payee for another URI, or type address and amount by hand";
}

impl Explain for UriError {
    fn entry(&self) -> &'static Entry {
        BAD_URI
    }
}

impl PaymentUri {
    /// True for text that begins like a payment URI.
    #[must_use]
    pub fn looks_like(text: &str) -> bool {
        text.trim_start().get(..SCHEME.len()).is_some_and(|head| head.eq_ignore_ascii_case(SCHEME))
    }

    /// Reads a URI for a payment on `network`.
    ///
    /// # Errors
    /// Any rule of BIP-21 or BIP-321 is broken, or the address is not of this network.
    pub fn parse(text: &str, network: Network) -> Result<Self, Failure> {
        let text = text.trim();
        if text.len() > MAX_CHARS || !Self::looks_like(text) {
            return Err(UriError("it is too long, or does not begin with bitcoin:").into());
        }
        let rest = text.get(SCHEME.len()..).unwrap_or_default();
        // Two slashes are in no standard, and in the links of many shops.
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (to, query) = rest.split_once('?').unwrap_or((rest, ""));
        let query = parameters(query)?;
        let in_query =
            query.iter().find(|(key, _)| Some(key.as_str()) == network.chain().bech32).map(|(_, address)| *address);
        let to = if to.is_empty() { in_query.unwrap_or(to) } else { to };
        let mut uri = Self { script: address::parse(to, network)?, amount: None, label: None, message: None };
        for (key, value) in &query {
            uri.set(key, value)?;
        }
        Ok(uri)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), UriError> {
        match key {
            "amount" => self.amount = Some(amount(value)?),
            "label" => self.label = Some(SafeText::new(&decoded(value)?)),
            "message" => self.message = Some(SafeText::new(&decoded(value)?)),
            _ if key.starts_with("req-") => {
                return Err(UriError("it requires something that this wallet does not know"));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Keys, whose letters have no case, and values. What is not known here may be there more than once (BIP-321).
fn parameters(query: &str) -> Result<Vec<(String, &str)>, UriError> {
    let mut found: Vec<(String, &str)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let key = key.to_ascii_lowercase();
        if MEANT.contains(&key.as_str()) && found.iter().any(|(other, _)| *other == key) {
            return Err(UriError("a parameter stands twice in it"));
        }
        found.push((key, value));
    }
    Ok(found)
}

/// BIP-21: bitcoin as decimals, with digits on at least one side of the point; no unit, no exponent, no sign.
fn amount(value: &str) -> Result<Amount, UriError> {
    const BAD: UriError = UriError("its amount is not a plain decimal number of bitcoin");
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return Err(BAD);
    }
    let exact = match fraction.trim_end_matches('0') {
        "" => format!("0{whole}"),
        fraction => format!("0{whole}.{fraction}"),
    };
    let smallest = decimal_to_integer(&exact, Asset::Bitcoin.decimals()).map_err(|_| BAD)?;
    if smallest > Asset::Bitcoin.supply_limit() {
        return Err(BAD);
    }
    Ok(Amount { asset: Asset::Bitcoin, smallest })
}

/// RFC 3986 percent-decoding into UTF-8.
fn decoded(value: &str) -> Result<String, UriError> {
    const BAD: UriError = UriError("its text is not percent-encoded UTF-8");
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next().ok_or(BAD)?, rest.next().ok_or(BAD)?];
        let digits = std::str::from_utf8(&digits).map_err(|_| BAD)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(BAD);
        }
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| BAD)?);
    }
    String::from_utf8(bytes).map_err(|_| BAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TO: &str = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";

    fn parse(query: &str) -> Result<PaymentUri, Failure> {
        PaymentUri::parse(&format!("bitcoin:{TO}{query}"), Network::Bitcoin)
    }

    #[test]
    fn reads_amount_and_words() {
        let uri = parse("?amount=20.3&label=Luke%2DJr&somethingyoudontunderstand=50").expect("a URI");
        assert_eq!(uri.amount, Some(Amount::sat(2_030_000_000)));
        assert_eq!(uri.label, Some(SafeText::new("Luke-Jr")));
        assert!(PaymentUri::parse(&format!("BITCOIN:{}", TO.to_uppercase()), Network::Bitcoin).is_ok());
    }

    #[test]
    fn reads_what_the_grammars_allow_and_shops_write() {
        let exact = parse("?amount=0.01").expect("a URI");
        assert_eq!(exact.amount, Some(Amount::sat(1_000_000)));
        for same in ["?amount=0.010000000", "?amount=.01", "?amount=0.01&lno=a&lno=b", "?amount=00.01", "?AMOUNT=0.01&"]
        {
            assert_eq!(parse(same).expect(same), exact, "{same}");
        }
        assert_eq!(parse("?amount=1.").expect("a URI").amount, Some(Amount::sat(100_000_000)));
        let whole = [
            format!("bitcoin://{TO}?amount=0.01"),
            format!("bitcoin:?bc={TO}&amount=0.01"),
            format!(" bitcoin:{TO}?amount=0.01\n"),
        ];
        for same in whole {
            assert_eq!(PaymentUri::parse(&same, Network::Bitcoin).expect(&same), exact, "{same}");
        }
        assert!(PaymentUri::parse(&format!("bitcoin:?tb={TO}"), Network::Bitcoin).is_err(), "of another network");
    }

    #[test]
    fn refuses_whatever_is_doubtful() {
        for bad in [
            "?amount=1e3",
            "?amount=1,5",
            "?amount=-1",
            "?amount=1&amount=2",
            "?label=a&label=a",
            "?req-x=1",
            "?label=%zz",
            "?label=%+1",
            "?amount=.",
            "?amount=0.010000001",
            "?amount=0.01BTC",
            "?bc=a&bc=a",
            "?amount=21000001",
            "?amount=",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(PaymentUri::parse(&format!("bitcoin:{TO}"), Network::Signet).is_err());
    }

    #[test]
    fn their_words_cannot_steer_the_terminal() {
        let uri = parse("?label=%1b%5b2J").expect("a URI");
        assert_eq!(uri.label.map(|label| label.to_string()), Some("\\u{1b}[2J".to_owned()));
    }
}
