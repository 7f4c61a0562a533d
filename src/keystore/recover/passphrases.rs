//! Which passphrases are tried: none, a list, or every text of a pattern such as `Summer?d?d`.
//!
//! A passphrase is a secret, and so is what is known of one: no Debug, wiped when dropped. Must not decide what is right.

use zeroize::Zeroizing;

use super::RecoverError;
use crate::keystore::{
    Passphrase,
    secret::{MAX_SECRET, normalized},
};

/// Longest pattern, in bytes.
const MAX_PATTERN: usize = 1024;
/// Characters of `?d`, `?l` and `?u`.
const DIGITS: &str = "0123456789";
const SMALL: &str = "abcdefghijklmnopqrstuvwxyz";
const CAPITAL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Characters of `?s`: the space and every printable character of ASCII that is no letter and no digit.
const SYMBOLS: &str = " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// The passphrases that are tried with every phrase.
///
/// ```compile_fail
/// let all = fastness::keystore::recover::Passphrases::none();
/// println!("{all:?}");
/// ```
pub struct Passphrases(Source);

enum Source {
    List(Vec<Option<Passphrase>>),
    Pattern(Vec<Piece>),
}

/// A piece of a pattern.
enum Piece {
    /// This text (NFKD).
    Text(Zeroizing<String>),
    /// One of these characters of ASCII.
    OneOf(&'static str),
}

impl Piece {
    fn count(&self) -> u128 {
        match self {
            Self::Text(_) => 1,
            Self::OneOf(characters) => u128::try_from(characters.len()).unwrap_or(u128::MAX),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::OneOf(_) => 1,
        }
    }
}

impl Passphrases {
    /// No passphrase.
    #[must_use]
    pub fn none() -> Self {
        Self(Source::List(vec![None]))
    }

    /// These, in this order; `None` stands for no passphrase.
    ///
    /// # Errors
    /// The list is empty.
    pub fn list(candidates: Vec<Option<Passphrase>>) -> Result<Self, RecoverError> {
        if candidates.is_empty() {
            return Err(RecoverError::Pattern("the list of passphrases is empty"));
        }
        Ok(Self(Source::List(candidates)))
    }

    /// Every text of a pattern: `?d` is a digit, `?l` a small letter, `?u` a capital, `?s` a symbol or the space (all of
    /// ASCII), `??` a question mark; every other character stands for itself.
    ///
    /// # Errors
    /// Another character after `?`, nothing to fill in, or texts that are no passphrase for their length.
    pub fn pattern(typed: &str) -> Result<Self, RecoverError> {
        if typed.len() > MAX_PATTERN {
            return Err(RecoverError::Pattern("it is longer than 1024 bytes"));
        }
        let pieces = pieces(typed)?;
        if pieces.iter().all(|piece| matches!(piece, Piece::Text(_))) {
            return Err(RecoverError::Pattern("nothing in it is unknown: ?d, ?l, ?u or ?s is missing"));
        }
        if pieces.iter().map(Piece::bytes).sum::<usize>() > MAX_SECRET {
            return Err(RecoverError::Pattern("its texts are longer than 1024 bytes"));
        }
        Ok(Self(Source::Pattern(pieces)))
    }

    /// How many there are, at least 1.
    #[must_use]
    pub fn count(&self) -> u128 {
        match &self.0 {
            Source::List(candidates) => u128::try_from(candidates.len()).unwrap_or(u128::MAX),
            Source::Pattern(pieces) => pieces.iter().map(Piece::count).fold(1, u128::saturating_mul),
        }
    }

    /// Writes the passphrase (NFKD) with this number over `text`; no passphrase is no text.
    pub(super) fn write(&self, number: u64, text: &mut Zeroizing<String>) {
        text.clear();
        match &self.0 {
            Source::List(candidates) => {
                let candidate = usize::try_from(number).ok().and_then(|number| candidates.get(number));
                text.push_str(candidate.and_then(Option::as_ref).map_or("", Passphrase::as_str));
            }
            Source::Pattern(pieces) => write_pattern(pieces, number, text),
        }
    }

    /// A buffer in which every one fits without moving.
    pub(super) fn buffer() -> Zeroizing<String> {
        Zeroizing::new(String::with_capacity(MAX_SECRET))
    }

    /// The passphrase with this number.
    ///
    /// # Errors
    /// It is none, which never happens to what was counted.
    pub(super) fn get(&self, number: u64) -> Result<Option<Passphrase>, RecoverError> {
        let mut text = Self::buffer();
        self.write(number, &mut text);
        if text.is_empty() {
            return Ok(None);
        }
        let made = Passphrase::new(std::mem::take(&mut *text));
        made.map(Some).map_err(|_| RecoverError::SelfCheck("a passphrase of the list cannot be made"))
    }
}

fn pieces(typed: &str) -> Result<Vec<Piece>, RecoverError> {
    let mut pieces = Vec::new();
    let mut text = Zeroizing::new(String::with_capacity(typed.len()));
    let mut characters = typed.chars();
    while let Some(character) = characters.next() {
        let one_of = match (character, (character == '?').then(|| characters.next())) {
            (literal, None) | (_, Some(Some(literal @ '?'))) => {
                text.push(literal);
                continue;
            }
            (_, Some(Some('d'))) => DIGITS,
            (_, Some(Some('l'))) => SMALL,
            (_, Some(Some('u'))) => CAPITAL,
            (_, Some(Some('s'))) => SYMBOLS,
            (_, Some(_)) => return Err(RecoverError::Pattern("after ? comes d, l, u, s or another ?")),
        };
        push_text(&mut pieces, &mut text);
        pieces.push(Piece::OneOf(one_of));
    }
    push_text(&mut pieces, &mut text);
    Ok(pieces)
}

/// Each text is normalized alone: what stands beside it is ASCII, with which no accent changes its place.
fn push_text(pieces: &mut Vec<Piece>, text: &mut Zeroizing<String>) {
    if !text.is_empty() {
        pieces.push(Piece::Text(normalized(text)));
        text.clear();
    }
}

/// The last place counts fastest, as with numbers.
fn write_pattern(pieces: &[Piece], number: u64, text: &mut String) {
    let mut below: u64 = pieces
        .iter()
        .map(Piece::count)
        .fold(1, |product, count| product.saturating_mul(u64::try_from(count).unwrap_or(u64::MAX)));
    let mut rest = number;
    for piece in pieces {
        match piece {
            Piece::Text(literal) => text.push_str(literal),
            Piece::OneOf(characters) => {
                below /= u64::try_from(characters.len()).unwrap_or(u64::MAX).max(1);
                let place = usize::try_from(rest / below.max(1)).unwrap_or(usize::MAX);
                rest %= below.max(1);
                text.extend(characters.chars().nth(place));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(passphrases: &Passphrases) -> Vec<String> {
        let mut text = Passphrases::buffer();
        let one = |number| {
            passphrases.write(number, &mut text);
            text.to_string()
        };
        (0..u64::try_from(passphrases.count()).unwrap()).map(one).collect()
    }

    #[test]
    fn a_pattern_is_every_text_of_it_once() {
        let found = all(&Passphrases::pattern("a?d\u{e9}?u??").unwrap());
        assert_eq!(found.len(), 260);
        assert_eq!((found[0].as_str(), found[1].as_str()), ("a0e\u{301}A?", "a0e\u{301}B?"));
        assert_eq!(found[259], "a9e\u{301}Z?");
        assert_eq!(found.iter().collect::<std::collections::HashSet<_>>().len(), 260);
        assert_eq!(all(&Passphrases::pattern("?s").unwrap()).concat(), SYMBOLS);
        assert_eq!(SYMBOLS.len(), 33);
        assert_eq!(Passphrases::pattern("?l?u").unwrap().count(), 676);
    }

    #[test]
    fn patterns_that_mean_nothing_are_refused() {
        for wrong in ["", "abc", "a?", "a?x", "??", "?D", "?d?"] {
            assert!(matches!(Passphrases::pattern(wrong), Err(RecoverError::Pattern(_))), "{wrong}");
        }
        assert!(Passphrases::pattern(&"?d".repeat(600)).is_err());
        assert!(Passphrases::pattern(&format!("{}?d", "\u{fdfa}".repeat(300))).is_err());
        assert!(Passphrases::pattern(&"?d".repeat(512)).unwrap().count() > u128::from(u64::MAX));
        assert!(matches!(Passphrases::list(Vec::new()), Err(RecoverError::Pattern(_))));
    }

    #[test]
    fn a_list_keeps_its_order_and_may_hold_none() {
        let typed = |text: &str| Some(Passphrase::new(text.to_owned()).unwrap());
        let passphrases = Passphrases::list(vec![typed("one"), None, typed("two")]).unwrap();
        assert_eq!(all(&passphrases), ["one", "", "two"]);
        assert!(passphrases.get(1).unwrap().is_none());
        assert_eq!(passphrases.get(2).unwrap().unwrap().as_str(), "two");
        assert_eq!(all(&Passphrases::none()), [""]);
    }

    proptest! {
        #[test]
        fn what_a_pattern_writes_is_what_a_person_would_have_typed(
            before in "[a-z\u{e0}-\u{ff}\u{300}-\u{310}]{0,6}",
            after in "[a-z\u{e0}-\u{ff}\u{300}-\u{310}]{0,6}",
            number in 0u64..10,
        ) {
            let passphrases = Passphrases::pattern(&format!("{before}?d{after}")).unwrap();
            let typed = Passphrase::new(format!("{before}{number}{after}")).unwrap();
            let written = passphrases.get(number).unwrap().unwrap();
            prop_assert_eq!(written.as_str(), typed.as_str());
        }
    }
}
