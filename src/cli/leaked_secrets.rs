//! Secrets on the command line: refused in every position, for every program on the machine can read it there.

use std::ffi::OsString;

use fastness::keystore::{LeakedSecret, WordCount, find_secret};

use super::CliError;

/// Commands whose arguments may be 64 hex digits: transaction ids and digests.
const TAKES_IDS: &[&str] = &[
    "track",
    "bump",
    "cancel",
    "inspect",
    "label",
    "coins",
    "plan",
    "send",
    "sign",
    "broadcast",
    "history",
    "tx",
    "labels",
    "call",
    "deploy",
    "token",
    "nft",
    "nonce",
    "message",
];

/// Every program on the machine can read the command line: a secret on it is treated as leaked.
pub(super) fn refuse_secrets(arguments: &[OsString]) -> Result<(), CliError> {
    let texts: Vec<String> = arguments.iter().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    let takes_ids = texts.iter().any(|text| TAKES_IDS.contains(&text.as_str()));
    let value = |text: &str| text.split_once('=').map_or(text, |(_, value)| value).to_owned();
    let secret = |text: &String| match find_secret(&value(text)) {
        Some(LeakedSecret::HexKey) => !takes_ids,
        found => found.is_some(),
    };
    if texts.iter().any(secret) || spread_phrase(&texts) {
        return Err(CliError::SecretOnCommandLine);
    }
    Ok(())
}

/// True if a recovery phrase stands on the command line with each word as an argument of its own.
fn spread_phrase(texts: &[String]) -> bool {
    let words: Vec<&str> =
        texts.iter().map(String::as_str).filter(|text| text.chars().all(char::is_alphabetic)).collect();
    let is_phrase = |words: &[&str]| find_secret(&words.join(" ")).is_some();
    WordCount::ALL.iter().any(|count| words.windows(count.words()).any(is_phrase))
}
