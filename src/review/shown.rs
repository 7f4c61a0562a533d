//! What is shown before it is agreed to, and the proof that it was shown whole.
//!
//! Nothing is left out without a [`Gap`]. What has a gap has no [`Complete`] and is agreed to only by retyping its digest.
//! No limit here cuts in silence; the author of a new one adds its gap.

use std::ops::Deref;

use alloy_primitives::B256;
use serde::{Serialize, Serializer};

use super::{Consent, TreeLine};
use crate::text::SafeText;

/// Most lines that are shown: about fifty full screens. A person does not read more.
pub const MAX_LINES: usize = 2_000;
/// Most bytes of all lines together: ten times what the largest transaction holds.
pub const MAX_TEXT: usize = 1_000_000;

const TOO_LONG: &str = "it is longer than anybody reads, and is not shown whole";
const UNREAD: &str = "not every byte of it was read";

/// Why something is not shown whole, or not understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The reason, in words.
    pub why: SafeText,
    /// How often it holds.
    pub times: usize,
}

/// The proof that every byte was read and shown, and no line and no text was cut. Made by [`Shown::complete`] only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Complete(());

/// Lines being written, with an account of the bytes that they stand for.
#[derive(Debug)]
pub struct Showing {
    lines: Vec<TreeLine>,
    text: usize,
    expected: usize,
    read: usize,
    gaps: Vec<Gap>,
}

impl Showing {
    /// For something of this many bytes; all of them have to be [read](Self::read), or there is a gap.
    #[must_use]
    pub const fn of(bytes: usize) -> Self {
        Self { lines: Vec::new(), text: 0, expected: bytes, read: 0, gaps: Vec::new() }
    }

    /// A line; above the bounds a gap.
    pub fn line(&mut self, depth: usize, name: &str, value: &str) {
        let line = TreeLine { depth, name: SafeText::whole(name), value: SafeText::whole(value) };
        self.text = self.text.saturating_add(line.name.as_str().len()).saturating_add(line.value.as_str().len());
        if self.lines.len() < MAX_LINES && self.text <= MAX_TEXT {
            self.lines.push(line);
        } else if !self.gaps.iter().any(|gap| gap.why.as_str() == TOO_LONG) {
            let (name, value) = (SafeText::whole("NOT SHOWN"), SafeText::whole("the rest: this is too long"));
            self.lines.push(TreeLine { depth: 0, name, value });
            self.gap(TOO_LONG);
        }
    }

    /// Something that is not shown, or not understood.
    pub fn gap(&mut self, why: &str) {
        let why = SafeText::whole(why);
        match self.gaps.iter_mut().find(|gap| gap.why == why) {
            Some(gap) => gap.times = gap.times.saturating_add(1),
            None => self.gaps.push(Gap { why, times: 1 }),
        }
    }

    /// So many bytes were decoded, and what they hold was given to [`Self::line`].
    pub const fn read(&mut self, bytes: usize) {
        self.read = self.read.saturating_add(bytes);
    }

    /// So many of the bytes that were read are themselves something to be read, and count only when they are.
    pub const fn opened(&mut self, bytes: usize) {
        self.expected = self.expected.saturating_add(bytes);
    }

    /// The lines, and what is missing in them.
    #[must_use]
    pub fn finish(mut self) -> Shown {
        if self.read != self.expected && self.gaps.is_empty() {
            self.gap(UNREAD);
        }
        Shown { lines: self.lines, gaps: self.gaps }
    }
}

/// Finished lines. In JSON they are the list of lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    lines: Vec<TreeLine>,
    gaps: Vec<Gap>,
}

impl Shown {
    /// What is not shown, or not understood; each reason once.
    #[must_use]
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// The proof that nothing is missing.
    #[must_use]
    pub const fn complete(&self) -> Option<Complete> {
        if self.gaps.is_empty() { Some(Complete(())) } else { None }
    }

    /// The consents that the gaps ask for: with any, `digest` has to be retyped.
    #[must_use]
    pub fn consents(&self, digest: B256) -> Vec<Consent> {
        let blind = |gap: &Gap| Consent::Blind { digest, why: counted(gap) };
        self.gaps.iter().map(blind).collect()
    }
}

fn counted(gap: &Gap) -> SafeText {
    match gap.times {
        1 => gap.why.clone(),
        times => SafeText::whole(&format!("{} (in {times} places)", gap.why)),
    }
}

impl Deref for Shown {
    type Target = [TreeLine];

    fn deref(&self) -> &[TreeLine] {
        &self.lines
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.lines.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_whole_is_complete() {
        let mut showing = Showing::of(7);
        showing.line(0, "name", &"x".repeat(5_000));
        showing.read(7);
        let shown = showing.finish();
        assert!(shown.complete().is_some() && shown.consents(B256::ZERO).is_empty());
        assert_eq!(shown[0].value.as_str().len(), 5_000, "no text is cut");
    }

    #[test]
    fn every_bound_leaves_a_gap() {
        let gaps = |fill: &dyn Fn(&mut Showing)| {
            let mut showing = Showing::of(0);
            fill(&mut showing);
            let shown = showing.finish();
            assert_eq!(shown.complete().is_none(), !shown.consents(B256::ZERO).is_empty());
            shown.gaps().to_vec()
        };
        let lines = |count: usize| move |showing: &mut Showing| (0..count).for_each(|_| showing.line(0, "a", "b"));
        assert_eq!(gaps(&lines(MAX_LINES)), []);
        assert_eq!(gaps(&lines(MAX_LINES + 1))[0].why.as_str(), TOO_LONG);
        assert_eq!(gaps(&|showing| showing.line(0, "", &"x".repeat(MAX_TEXT + 1)))[0].why.as_str(), TOO_LONG);
        assert_eq!(gaps(&|showing| showing.opened(1))[0].why.as_str(), UNREAD);
        let twice = gaps(&|showing| {
            showing.gap("it is a guess");
            showing.gap("it is a guess");
        });
        assert_eq!(twice, [Gap { why: SafeText::whole("it is a guess"), times: 2 }]);
    }
}
