//! The printed page of a backup: what it says, as one SVG picture or as HTML around it. A4, and within US Letter.
//!
//! Pure: it turns a [`Sheet`] into text, and must not read, write or ask. Words are borrowed, and the page is wiped when it is
//! dropped. The page runs no script and loads nothing.

mod head;
mod notes;
mod seed_qr;
mod svg;
mod words;

use std::path::Path;

use zeroize::Zeroizing;

pub(crate) use self::seed_qr::{SeedQr, SeedQrSize};
use self::svg::Drawing;
use super::CliError;

/// Width of the printed part in tenths of a millimetre: A4 and US Letter have that between margins of 15 mm.
const WIDTH: usize = 1800;
/// Its height: US Letter, the lower of the two, has that between margins of 12 mm.
const HEIGHT: usize = 2500;
/// Most words of a sheet: more lines are too low to be written on.
pub(crate) const MOST_WORDS: usize = 60;
/// Height of the lower part that holds a SeedQR and what is said beside it.
const LOWER: usize = 1140;
/// The same without a SeedQR.
const LOWER_PLAIN: usize = 580;
/// Free space above the lower part.
const SPACE: usize = 30;

/// The file format of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SheetForm {
    /// One picture of the size of A4.
    Svg,
    /// A page for a browser, which prints it or makes a PDF of it.
    Html,
}

/// What a page says.
pub(crate) struct Sheet<'a> {
    /// Name of the wallet.
    pub(crate) wallet: &'a str,
    /// Fingerprint of its master key, eight hex digits (BIP-32).
    pub(crate) fingerprint: &'a str,
    /// Name of the word list.
    pub(crate) language: &'a str,
    /// Whether the words are enough.
    pub(crate) passphrase: PassphraseNote,
    /// What a restored wallet is compared with.
    pub(crate) addresses: &'a [FirstAddress],
    /// What is to be kept.
    pub(crate) kind: SheetKind<'a>,
}

/// Whether a passphrase (BIP-39) belongs to the wallet; it is never on a sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PassphraseNote {
    /// None does.
    None,
    /// Without it the words make another wallet.
    Needed,
}

/// The first address of an account.
#[derive(Debug)]
pub(crate) struct FirstAddress {
    /// The account, as a person knows it.
    pub(crate) account: String,
    /// The address, whole.
    pub(crate) address: String,
}

/// What a sheet keeps.
pub(crate) enum SheetKind<'a> {
    /// All words of a wallet.
    Words {
        /// In order.
        words: &'a [&'a str],
        /// The same as a code, where there is one.
        code: Option<&'a SeedQr>,
    },
    /// The words of one share of a wallet's backup (SLIP-39).
    #[cfg_attr(not(test), expect(dead_code, reason = "`backup split` shows its shares on the screen"))]
    Share {
        /// In order.
        words: &'a [&'a str],
        /// Which share it is.
        place: WhichShare,
    },
    /// Nothing: lines to write on.
    Blank {
        /// How many.
        count: usize,
        /// The code to fill, where these words have one.
        code: Option<&'a SeedQr>,
    },
}

/// Which share of which group, each counted from 1 (SLIP-39).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WhichShare {
    /// The group.
    pub(crate) group: u8,
    /// How many groups there are.
    pub(crate) groups: u8,
    /// How many of them are needed.
    pub(crate) groups_needed: u8,
    /// The share within the group.
    pub(crate) share: u8,
    /// How many shares the group has, where that is known.
    pub(crate) shares: Option<u8>,
    /// How many of them are needed.
    pub(crate) shares_needed: u8,
}

impl SheetKind<'_> {
    /// How many words there are.
    const fn count(&self) -> usize {
        match self {
            Self::Words { words, .. } | Self::Share { words, .. } => words.len(),
            Self::Blank { count, .. } => *count,
        }
    }

    /// The words, unless they are to be written by hand.
    const fn words(&self) -> &[&str] {
        match self {
            Self::Words { words, .. } | Self::Share { words, .. } => words,
            Self::Blank { .. } => &[],
        }
    }

    const fn code(&self) -> Option<&SeedQr> {
        match self {
            Self::Words { code, .. } | Self::Blank { code, .. } => *code,
            Self::Share { .. } => None,
        }
    }
}

impl SheetForm {
    /// The form that is asked for, else the one that the file's name has.
    pub(crate) fn of(asked: Option<Self>, path: &Path) -> Self {
        let is_svg = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("svg"));
        asked.unwrap_or(if is_svg { Self::Svg } else { Self::Html })
    }

    /// The end of a file's name.
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Html => "html",
        }
    }
}

impl Sheet<'_> {
    /// The page as a file.
    ///
    /// # Errors
    /// No words at all, or more of them than [`MOST_WORDS`].
    pub(crate) fn page(&self, form: SheetForm) -> Result<Zeroizing<String>, CliError> {
        let count = self.kind.count();
        if !(1..=MOST_WORDS).contains(&count) {
            return Err(CliError::Usage(format!("a sheet has 1 to {MOST_WORDS} words, not {count}")));
        }
        let mut drawing = Drawing::new();
        let top = head::draw(&mut drawing, self);
        let lower = HEIGHT - if self.kind.code().is_some() { LOWER } else { LOWER_PLAIN };
        words::draw(&mut drawing, &self.kind, top..lower - SPACE);
        if let Some(code) = self.kind.code() {
            code.draw(&mut drawing, lower);
        }
        notes::draw(&mut drawing, self, lower);
        Ok(match form {
            SheetForm::Svg => drawing.into_svg(),
            SheetForm::Html => drawing.into_html(),
        })
    }
}

#[cfg(test)]
#[path = "sheet_tests.rs"]
mod tests;
