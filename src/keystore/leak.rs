//! Recognizes secrets where none belong: on a command line, which every program on the machine can read.
//!
//! Only looks; what it recognized is neither kept nor repeated.

use bitcoin::{PrivateKey, bip32::Xpriv};

use super::{Language, secret::normalized, slip39::Share};

/// What kind of secret a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeakedSecret {
    /// Twelve or more words of a list, whether or not their checksum is right; or a share (SLIP-39).
    Phrase,
    /// An extended private key.
    ExtendedKey,
    /// A private key in wallet import format.
    WalletImportFormat,
    /// 32 bytes of hex. Transaction ids look the same: judge by where it stands.
    HexKey,
}

/// Which secret `text` is, if any. A private key that is encoded with a wrong checksum is not recognized.
#[must_use]
pub fn find_secret(text: &str) -> Option<LeakedSecret> {
    // Longer than any of them can be: a file's content, judged by its reader.
    if text.len() > 4096 {
        return None;
    }
    let text = text.trim();
    if text.parse::<Xpriv>().is_ok() || has_private_prefix(text) {
        return Some(LeakedSecret::ExtendedKey);
    }
    if PrivateKey::from_wif(text).is_ok() {
        return Some(LeakedSecret::WalletImportFormat);
    }
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some(LeakedSecret::HexKey);
    }
    (is_phrase(text) || Share::parse(text).is_ok()).then_some(LeakedSecret::Phrase)
}

/// SLIP-132 prefixes of private keys, wherever they stand (in a descriptor, too).
fn has_private_prefix(text: &str) -> bool {
    ["xprv", "yprv", "zprv", "tprv", "uprv", "vprv", "Yprv", "Zprv", "Uprv", "Vprv"].iter().any(|prefix| {
        text.match_indices(prefix)
            .filter_map(|(start, _)| text.get(start..start + 111))
            .any(|key| key.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    })
}

fn is_phrase(text: &str) -> bool {
    let text = normalized(text);
    let enough = text.split_whitespace().take(12).count() == 12;
    enough && Language::ALL.into_iter().any(|list| text.split_whitespace().all(|word| list.knows(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_recognized() {
        let words = ["zoo"; 12].join(" ");
        // BIP-32 test vector 1 and the wallet import format example of the Bitcoin wiki: published keys.
        let key = "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi";
        for (text, kind) in [
            (words.as_str(), LeakedSecret::Phrase),
            // The first vector of SLIP-39.
            (
                "duckling enlarge academic academic agency result length solution fridge kidney coal piece deal husband erode duke ajar critical decision keyboard",
                LeakedSecret::Phrase,
            ),
            (key, LeakedSecret::ExtendedKey),
            (&format!("wpkh({key}/0/*)"), LeakedSecret::ExtendedKey),
            ("5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ", LeakedSecret::WalletImportFormat),
            (&"0C".repeat(32), LeakedSecret::HexKey),
            (&format!("0x{}", "0c".repeat(32)), LeakedSecret::HexKey),
        ] {
            assert_eq!(find_secret(text), Some(kind), "{text}");
        }
    }

    #[test]
    fn public_things_are_not() {
        for text in [
            "",
            "send",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "0.01btc",
            "/home/me/xprv.txt",
            "savings",
            "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8",
        ] {
            assert_eq!(find_secret(text), None, "{text}");
        }
        assert_eq!(find_secret(&"zoo ".repeat(5000)), None);
    }
}
