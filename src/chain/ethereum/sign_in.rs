//! Sign-in messages (EIP-4361, "Sign-In with Ethereum"): read as the standard writes them, and told by their parts.
//!
//! What only looks like one is said to. It must not change a byte: what is signed is the text as it came.

use std::time::UNIX_EPOCH;

use alloy_primitives::Address;

use crate::{
    address::{evm_text, parse_evm},
    network::EvmChain,
    review::Warning,
    text::{SafeText, date},
};

const WANTS: &str = " wants you to sign in with your Ethereum account:";
/// Words by which a text is recognised that is not written as the standard says.
const LOOKS_LIKE: &str = "wants you to sign in with your";
const OPTIONAL: [&str; 3] = ["Expiration Time: ", "Not Before: ", "Request ID: "];

/// A message as EIP-4361 writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SignIn<'a> {
    domain: &'a str,
    address: Address,
    uri: &'a str,
    chain_id: &'a str,
    issued: &'a str,
    expires: Option<&'a str>,
    not_before: Option<&'a str>,
    resources: usize,
}

/// What is said about a text that signs its holder in.
#[derive(Debug, Default)]
pub(super) struct SignInReading {
    /// The sentence, where it is read.
    pub(super) sentence: Option<String>,
    /// The account that it is for, which has to be the signer.
    pub(super) account: Option<Address>,
    pub(super) warnings: Vec<Warning>,
}

impl SignInReading {
    fn warn(&mut self, code: &'static str, text: impl Into<String>) {
        self.warnings.push(Warning { code, text: text.into() });
    }
}

/// What there is to say about a text; nothing where it has nothing of a sign-in. `now` is in seconds since 1970.
pub(super) fn told(text: &str, chain: &EvmChain, now: u64) -> SignInReading {
    let mut told = SignInReading::default();
    // A sender that hides the words between line ends, blanks or capitals is still recognised.
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    if !words.contains(LOOKS_LIKE) {
        return told;
    }
    told.warn(
        "sign_in",
        "this signs you in at the site that its first line names; check that it is the one you are on",
    );
    let Some(sign_in) = read(text, chain) else {
        told.warn(
            "sign_in_form",
            "it looks like a sign-in message and is not written as EIP-4361 says: read every line",
        );
        return told;
    };
    told.account = Some(sign_in.address);
    let until = sign_in.expires.map_or_else(|| "without an end".to_owned(), |time| format!("until {}", moment(time)));
    told.sentence = Some(format!(
        "SIGNS YOU IN at {} as {} (URI {}, chain {}), {until}",
        SafeText::whole(sign_in.domain),
        evm_text(sign_in.address, chain),
        SafeText::whole(sign_in.uri),
        SafeText::whole(sign_in.chain_id)
    ));
    doubts(&sign_in, chain, now).into_iter().for_each(|(code, text)| told.warn(code, text));
    told
}

/// What speaks against a message that is written as the standard says.
fn doubts(sign_in: &SignIn<'_>, chain: &EvmChain, now: u64) -> Vec<(&'static str, String)> {
    let mut doubts = Vec::new();
    if sign_in.chain_id.parse() != Ok(chain.id) {
        let text = format!("it is for chain {}, and this is {chain}", SafeText::whole(sign_in.chain_id));
        doubts.push(("sign_in_chain", text));
    }
    if host(sign_in.uri) != Some(host_of_domain(sign_in.domain)) {
        doubts.push(("sign_in_host", "the site of its first line and that of its URI are not the same".to_owned()));
    }
    match sign_in.expires.map(seconds) {
        Some(None) => doubts.push(("sign_in_time", "its expiration time is not a date that is read here".to_owned())),
        Some(Some(end)) if end <= now => doubts.push(("sign_in_expired", format!("it expired on {}", date(end)))),
        _ => {}
    }
    match sign_in.not_before.map(seconds) {
        Some(None) => doubts.push(("sign_in_time", "its \"Not Before\" is not a date that is read here".to_owned())),
        Some(Some(start)) if start > now => {
            doubts.push(("sign_in_early", "it is not good yet: its \"Not Before\" lies ahead".to_owned()));
        }
        _ => {}
    }
    if sign_in.resources > 0 {
        let text = format!("it also asks for {} resources, listed at its end", sign_in.resources);
        doubts.push(("sign_in_resources", text));
    }
    doubts
}

/// The parts by their order in the ABNF of EIP-4361; line ends are LF and nothing else.
fn read<'a>(text: &'a str, chain: &EvmChain) -> Option<SignIn<'a>> {
    let mut lines = text.split('\n').peekable();
    let domain = lines.next()?.strip_suffix(WANTS)?;
    let (address, _) = parse_evm(lines.next()?, chain).ok()?;
    // An authority of RFC 3986: other letters are written in punycode.
    let is_authority = !domain.is_empty() && domain.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_authority || !lines.next()?.is_empty() {
        return None;
    }
    // The statement is one line between blank ones, and may be missing.
    let statement = lines.next()?;
    if !statement.is_empty() && !lines.next()?.is_empty() {
        return None;
    }
    let uri = lines.next()?.strip_prefix("URI: ")?;
    let _version = lines.next()?.strip_prefix("Version: ").filter(|version| *version == "1")?;
    let digits = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let chain_id = lines.next()?.strip_prefix("Chain ID: ").filter(digits)?;
    let is_nonce = |nonce: &&str| nonce.len() >= 8 && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let _nonce = lines.next()?.strip_prefix("Nonce: ").filter(is_nonce)?;
    let issued = lines.next()?.strip_prefix("Issued At: ")?;
    let [expires, not_before, _request] =
        OPTIONAL.map(|name| lines.next_if(|line| line.starts_with(name)).and_then(|line| line.strip_prefix(name)));
    let resources = match lines.next_if(|line| *line == "Resources:") {
        Some(_) => std::iter::from_fn(|| lines.next_if(|line| line.starts_with("- "))).count(),
        None => 0,
    };
    let whole = lines.next().is_none() && !text.contains('\r');
    whole.then_some(SignIn { domain, address, uri, chain_id, issued, expires, not_before, resources })
}

/// A time as the text has it, or as a date that a person reads.
fn moment(text: &str) -> String {
    seconds(text).map_or_else(|| SafeText::whole(text).to_string(), date)
}

/// Seconds since 1970 of a time of RFC 3339 in UTC.
fn seconds(text: &str) -> Option<u64> {
    let time = humantime::parse_rfc3339(text).ok()?;
    time.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
}

/// Host and port of a URI.
fn host(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    Some(authority.rsplit('@').next().unwrap_or(authority))
}

/// The domain may begin with a scheme.
fn host_of_domain(domain: &str) -> &str {
    host(domain).unwrap_or(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
    const NOW: u64 = 1_795_000_000;

    fn message(change: (&str, &str)) -> String {
        let text = format!(
            "example.org wants you to sign in with your Ethereum account:\n{ANA}\n\nI accept the terms.\n\n\
             URI: https://example.org/login\nVersion: 1\nChain ID: 1\nNonce: 32891756\n\
             Issued At: 2026-11-18T11:00:00Z\nExpiration Time: 2026-11-19T11:00:00Z"
        );
        assert!(text.contains(change.0), "{change:?}");
        text.replacen(change.0, change.1, 1)
    }

    fn codes(text: &str) -> Vec<&'static str> {
        told(text, EvmChain::by_id(1).expect("a chain"), NOW).warnings.iter().map(|warning| warning.code).collect()
    }

    #[test]
    fn a_sign_in_is_told_by_its_parts() {
        let told = told(&message(("", "")), EvmChain::by_id(1).expect("a chain"), NOW);
        assert_eq!(
            told.sentence.as_deref(),
            Some(&*format!(
                "SIGNS YOU IN at example.org as {ANA} (URI https://example.org/login, chain 1), until 2026-11-19 11:00 UTC"
            ))
        );
        assert_eq!(told.account, Some(ANA.parse().expect("an address")));
        assert_eq!(codes(&message(("", ""))), ["sign_in"]);
        assert_eq!(codes("hello"), [""; 0]);
        let bare = message(("I accept the terms.\n\n", "\n"));
        assert_eq!(codes(&bare), ["sign_in"], "without a statement");
    }

    #[test]
    fn every_change_is_said() {
        for (change, code) in [
            (("Chain ID: 1", "Chain ID: 10"), "sign_in_chain"),
            (("URI: https://example.org", "URI: https://evil.example"), "sign_in_host"),
            (("URI: https://example.org", "URI: https://example.org@evil.example"), "sign_in_host"),
            (("Time: 2026-11-19", "Time: 2026-11-17"), "sign_in_expired"),
            (("Time: 2026-11-19T11:00:00Z", "Time: some day"), "sign_in_time"),
            (("Z\nExpiration Time: 2026", "Z\nNot Before: 2027"), "sign_in_early"),
            (
                ("Time: 2026-11-19T11:00:00Z", "Time: 2026-11-19T11:00:00Z\nResources:\n- https://x.example"),
                "sign_in_resources",
            ),
            (("Version: 1", "Version: 2"), "sign_in_form"),
            (("Nonce: 32891756", "Nonce: 1"), "sign_in_form"),
            (("Nonce: 32891756", "Nonce:         "), "sign_in_form"),
            (("Chain ID: 1", "Chain ID: +1"), "sign_in_form"),
            (("example.org wants", "ex\u{430}mple.org wants"), "sign_in_form"),
            (("example.org wants", "example.org or another wants"), "sign_in_form"),
            (("Z\nExpiration Time: 2026-11-19T11:00:00Z", "Z\nNot Before: soon"), "sign_in_time"),
            ((ANA, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"), "sign_in_form"),
            (("account:\n", "account:\r\n"), "sign_in_form"),
            (("example.org wants", "\u{feff}example.org WANTS"), "sign_in_form"),
            (("you to", "you\tto"), "sign_in_form"),
            (("11:00:00Z\nExp", "11:00:00Z\nI sell everything\nExp"), "sign_in_form"),
        ] {
            assert_eq!(codes(&message(change)), ["sign_in", code], "{change:?}");
        }
    }
}
