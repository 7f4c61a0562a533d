//! What is said of a child that was made: on its screen, on the page and in the document. The secret is in it only by
//! `--secret-to-stdout`.

use crate::cli::{page::Page, report::Report};
use fastness::{
    keystore::{ChildSecret, PassphraseUse, SecretLine},
    ledger::ChildEntry,
    review::Warning,
    text::{SafeText, date, in_fours},
};
use serde::{Serialize, Serializer};

use super::place::ChildPlace;

/// A child that was made.
#[derive(Serialize)]
pub(super) struct ChildReport {
    pub(super) wallet: String,
    #[serde(flatten)]
    pub(super) place: ChildPlace,
    /// Of the child's master key, where it is a wallet.
    pub(super) fingerprint: Option<String>,
    #[serde(serialize_with = "note")]
    pub(super) note: Option<String>,
    pub(super) made_before: Option<MadeBefore>,
    /// Of the wallet: what has to be known beside its words to make the child again.
    pub(super) passphrase: PassphraseUse,
    #[serde(skip)]
    pub(super) choice: Choice,
    #[serde(skip)]
    pub(super) book: Book,
    #[serde(flatten)]
    pub(super) told: Told,
}

/// Who chose the index.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// The person.
    Named,
    /// The book of those that were made.
    Next,
}

/// Whether the ledger can note a child.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Book {
    /// It does.
    Open,
    /// It can only be looked at.
    Closed,
}

/// What the book said of a child that was made before.
#[derive(Serialize)]
pub(super) struct MadeBefore {
    made: u64,
    #[serde(serialize_with = "note")]
    note: Option<String>,
}

/// Where the secret went.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Told {
    /// To the screen, and it is gone.
    OnScreen {},
    /// Into the result.
    Words { words: Vec<&'static str> },
    /// Into the result.
    Line {
        #[serde(serialize_with = "line")]
        secret: SecretLine,
    },
}

impl From<ChildEntry> for MadeBefore {
    fn from(entry: ChildEntry) -> Self {
        Self { made: entry.made, note: Some(entry.note) }
    }
}

impl Told {
    /// The secret, for the result.
    pub(super) fn of(secret: ChildSecret) -> Self {
        match secret {
            ChildSecret::Words(phrase) => Self::Words { words: phrase.words().collect() },
            ChildSecret::Line(secret) => Self::Line { secret },
        }
    }
}

fn line<S: Serializer>(secret: &SecretLine, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.text())
}

/// A note as it is shown; no note and an empty one are the same.
fn note<S: Serializer>(text: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    shown_note(text.as_deref()).serialize(serializer)
}

/// A note made safe to print.
pub(super) fn shown_note(text: Option<&str>) -> Option<SafeText> {
    text.filter(|text| !text.is_empty()).map(SafeText::whole)
}

impl ChildReport {
    /// Above the secret.
    pub(super) fn heading(&self) -> String {
        let ChildPlace { what, index, .. } = &self.place;
        format!("Child {index} of {}: {what}. Who has it has all that it opens.", self.wallet)
    }

    /// Below the secret: where it is, how it comes again, what it does not give away.
    pub(super) fn facts(&self) -> Vec<String> {
        let mut facts = vec![format!("Index: {}.  Path: {}", self.index(), self.place.path)];
        facts.extend(self.fingerprint.as_deref().map(|text| format!("Fingerprint: {}", in_fours(text))));
        facts.push(self.again());
        facts.push(self.apart());
        facts
    }

    /// That it was made before, if it was.
    pub(super) fn made_before_text(&self) -> Option<String> {
        let before = self.made_before.as_ref()?;
        let note = shown_note(before.note.as_deref()).map_or(String::new(), |note| format!(", note {}", note.quoted()));
        Some(format!("Made before, on {}{note}: it is the same secret.", date(before.made)))
    }

    fn index(&self) -> String {
        match self.choice {
            Choice::Named => self.place.index.to_string(),
            Choice::Next => format!("{} (the next free one)", self.place.index),
        }
    }

    fn again(&self) -> String {
        let what = match self.passphrase {
            PassphraseUse::None => format!("The words of {} alone make it again", self.wallet),
            PassphraseUse::Asked | PassphraseUse::Stored => {
                format!("The words of {} and its passphrase make it again", self.wallet)
            }
        };
        format!("{what}, with this path (application and index): it needs no backup of its own.")
    }

    fn apart(&self) -> String {
        format!("Who has it does not have {}; who has {} has it.", self.wallet, self.wallet)
    }
}

impl Report for ChildReport {
    fn page(&self, page: &mut Page) {
        match &self.told {
            Told::Words { words } => return page.verbatim(&words.join(" ")),
            Told::Line { secret } => return page.verbatim(secret.text()),
            Told::OnScreen {} => {}
        }
        page.line(&format!("Child {} of {} was shown, and is gone.", self.place.index, self.wallet));
        page.field("Child", &self.place.what);
        page.field("Index", &self.index());
        page.copyable("Path", &self.place.path);
        if let Some(fingerprint) = &self.fingerprint {
            page.field("Master", &format!("{} (fingerprint)", in_fours(fingerprint)));
        }
        if let Some(note) = shown_note(self.note.as_deref()) {
            page.field("Note", note.as_str());
        }
        page.line(&self.again());
        page.line(&self.apart());
        page.next("fastness child list");
    }

    fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if !matches!(self.told, Told::OnScreen {}) {
            let text = "the secret is in this output: keep it secret".to_owned();
            warnings.push(Warning { code: "secret_in_output", text });
        }
        if let Some(text) = self.made_before_text() {
            warnings.push(Warning { code: "child_made_before", text });
        }
        if self.book == Book::Closed {
            let text = "this home is write-protected, so that nothing notes that this child was made".to_owned();
            warnings.push(Warning { code: "not_noted", text });
        }
        warnings
    }
}
