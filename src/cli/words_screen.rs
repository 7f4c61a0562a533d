//! The alternate screen on which words are shown and typed, and other secrets shown; whatever stood on it is gone when it is
//! left.
//!
//! It is the person's terminal itself, never stdout or stderr. The screen leaves on every way out of its scope.

use console::{Alignment, measure_text_width, pad_str};
use fastness::{
    explain::Failure,
    keystore::{DiceReport, DiceRolls, PhraseError, SecretLine, WordCount},
};
use zeroize::Zeroizing;

use super::{
    CliError,
    page::{Medium, Page, Tone},
    pager::{Size, screens},
    terminal::{Echo, Terminal},
    ui::Ui,
};

/// Widest grid of words: more columns are read in the wrong order.
const MAX_COLUMNS: usize = 4;
/// The question that a screen of words waits with.
const ENTER: &str = "Press Enter and the screen clears. ";
/// The question of a screen that is not the last one.
const NEXT: &str = "Press Enter for the next. ";
/// The longest line that a person types in one go.
const LONGEST_GRID: usize = 4096;

/// The alternate screen, until it is dropped.
#[derive(Debug)]
pub(crate) struct WordsScreen {
    terminal: Terminal,
}

/// A secret that is shown between its captions.
enum Shown<'a> {
    /// Words, with their numbers.
    Words(&'a [&'a str]),
    /// One line, whole: the terminal breaks it, so that it is copied as it is.
    Line(&'a str),
}

impl Shown<'_> {
    fn whole(&self, size: Size) -> Zeroizing<String> {
        match self {
            Self::Words(words) => grid(words, 0, size.columns),
            Self::Line(line) => Zeroizing::new(format!("{line}\n")),
        }
    }

    /// Texts that each fit a screen.
    fn parts(&self, size: Size) -> Vec<Zeroizing<String>> {
        match self {
            Self::Words(words) => grids(words, size),
            Self::Line(_) => vec![self.whole(size)],
        }
    }
}

/// What stands around the words.
#[derive(Debug)]
pub(crate) struct Captions<'a> {
    /// Above them.
    pub(crate) above: &'a str,
    /// Below them, a paragraph each.
    pub(crate) below: &'a [String],
    /// Said in red before everything, after something went wrong.
    pub(crate) alarm: Option<&'a str>,
}

impl Drop for WordsScreen {
    fn drop(&mut self) {
        self.terminal.leave_alternate();
    }
}

impl WordsScreen {
    /// Enters the alternate screen of the person's terminal.
    pub(crate) fn open(ui: &Ui, flag: &'static str) -> Result<Self, CliError> {
        let mut terminal = ui.terminal(flag)?;
        terminal.enter_alternate()?;
        Ok(Self { terminal })
    }

    /// Shows the words with numbers, waits for Enter, and clears them. In a window that is too low for all of it, screen after
    /// screen, each with words that follow each other: this one cannot be scrolled back. A window of another size begins anew.
    pub(crate) fn show(&mut self, words: &[&str], captions: &Captions<'_>) -> Result<(), CliError> {
        self.show_until_entered(&Shown::Words(words), captions)
    }

    /// Shows a secret of one line in the same way.
    pub(crate) fn show_line(&mut self, line: &SecretLine, captions: &Captions<'_>) -> Result<(), CliError> {
        self.show_until_entered(&Shown::Line(line.text()), captions)
    }

    fn show_until_entered(&mut self, secret: &Shown<'_>, captions: &Captions<'_>) -> Result<(), CliError> {
        loop {
            let size = self.terminal.size();
            let screens = self.screens(secret, captions, size);
            if self.leafed(&screens, size)? {
                return Ok(());
            }
        }
    }

    /// The secret and what stands around it, as they fit a window.
    fn screens(&self, secret: &Shown<'_>, captions: &Captions<'_>, size: Size) -> Vec<Zeroizing<String>> {
        let above = self.laid(|page| {
            if let Some(alarm) = captions.alarm {
                page.toned(Tone::Stop, alarm);
                page.blank();
            }
            page.line(captions.above);
            page.blank();
        });
        let below = self.laid(|page| {
            page.blank();
            captions.below.iter().for_each(|line| page.line(line));
        });
        let whole = Zeroizing::new([above.as_str(), &secret.whole(size), &below].concat());
        if size.holds(&whole) {
            return vec![whole];
        }
        let captions = |text: &str| screens(text.trim_start_matches('\n'), size).into_iter().map(Zeroizing::new);
        captions(&above).chain(secret.parts(size)).chain(captions(&below)).collect()
    }

    /// Shows screen after screen; false as soon as the window has another size than they were made for.
    fn leafed(&mut self, screens: &[Zeroizing<String>], size: Size) -> Result<bool, CliError> {
        for (place, screen) in (1..).zip(screens) {
            self.terminal.clear();
            self.terminal.show(screen);
            let question = question(place, screens.len());
            if self.terminal.ask_in_window(&question, size)?.is_none() {
                return Ok(false);
            }
            self.terminal.clear();
        }
        Ok(true)
    }

    /// Shows a passphrase of random words, waits for Enter, and clears it.
    pub(crate) fn show_passphrase(&mut self, passphrase: &str) -> Result<(), CliError> {
        self.terminal.clear();
        let columns = self.terminal.columns();
        self.page(|page| {
            page.line(
                "This password opens the wallet on this machine. Write it down; it is not the backup of the wallet.",
            );
            page.blank();
            page.verbatim(&at_dashes(passphrase, columns));
            page.blank();
        });
        self.enter()
    }

    /// Shows how dice were mixed in, so that a second tool can compute the words.
    pub(crate) fn show_dice(&mut self, report: &DiceReport) -> Result<(), CliError> {
        self.terminal.clear();
        let kernel = report.kernel_hex();
        self.page(|page| {
            page.line(
                "How these words came about, for a check with a second, offline tool. This is as secret as they are.",
            );
            page.blank();
            page.field("Kernel", &kernel);
            page.field("Rolls", report.rolls());
            page.field("Formula", DiceReport::FORMULA);
            page.field("Used", &format!("{} bytes of the hash", report.used_bytes()));
            page.blank();
        });
        self.enter()
    }

    /// Asks for rolls of a die until there are enough of them.
    pub(crate) fn ask_dice(&mut self, count: WordCount) -> Result<DiceRolls, Failure> {
        self.page(|page| {
            page.line(&format!(
                "Roll a die {} times or more and type what it shows, as many rolls on a line as you like. They are \
                 mixed into the kernel's random bytes; they can only add to them.",
                count.rolls()
            ));
            page.blank();
        });
        let mut rolls = Zeroizing::new(String::with_capacity(LONGEST_GRID));
        loop {
            let question = format!("{:>3} of {}  ", rolls.len(), count.rolls());
            let line = self.ask(&question)?;
            if line.trim().is_empty() {
                return Err(CliError::InputEnded.into());
            }
            if !line.chars().all(|roll| matches!(roll, '1'..='6') || roll.is_whitespace()) {
                self.say(Tone::Claimed, "A die shows 1 to 6; that line was left out.");
                continue;
            }
            rolls.extend(line.chars().filter(|roll| !roll.is_whitespace()));
            match DiceRolls::parse(&rolls, count) {
                Err(PhraseError::Dice { found, needed }) if found < needed => {}
                other => return Ok(other?),
            }
        }
    }

    /// A paragraph with a meaning.
    pub(crate) fn say(&mut self, tone: Tone, text: &str) {
        self.page(|page| page.toned(tone, text));
    }

    /// Words with their numbers; in a window that is too low for them, screen after screen.
    pub(crate) fn list(&mut self, words: &[&str]) -> Result<(), CliError> {
        let grids = grids(words, self.terminal.size());
        for (place, grid) in grids.iter().enumerate() {
            self.terminal.show(grid);
            if place + 1 < grids.len() {
                self.ask(NEXT)?;
            }
        }
        Ok(())
    }

    /// Asks in the open; only this screen sees it.
    pub(crate) fn ask(&mut self, question: &str) -> Result<Zeroizing<String>, CliError> {
        self.terminal.ask(question, Echo::Shown)
    }

    /// Asks without throwing away what was typed or pasted before.
    pub(crate) fn ask_on(&mut self, question: &str) -> Result<Zeroizing<String>, CliError> {
        self.terminal.ask_on(question)
    }

    fn page(&mut self, fill: impl FnOnce(&mut Page)) {
        let text = self.laid(fill);
        self.terminal.show(&text);
    }

    /// A page as text for this terminal.
    fn laid(&self, fill: impl FnOnce(&mut Page)) -> Zeroizing<String> {
        let mut page = Page::new(Medium::Terminal(self.terminal.columns()));
        fill(&mut page);
        Zeroizing::new(page.into_text())
    }

    fn enter(&mut self) -> Result<(), CliError> {
        self.ask(ENTER)?;
        self.terminal.clear();
        Ok(())
    }
}

/// What a screen of several waits with.
fn question(screen: usize, of: usize) -> String {
    if screen < of { format!("Screen {screen} of {of}. {NEXT}") } else { ENTER.to_owned() }
}

/// Columns of a cell: a number, the longest word and two spaces.
fn cell(words: &[&str]) -> usize {
    let longest = words.iter().map(|word| measure_text_width(word)).max().unwrap_or(0);
    "  24 ".len() + longest + 2
}

/// How many columns of words a terminal of this width has room for.
fn columns(words: &[&str], width: usize) -> usize {
    (width / cell(words)).clamp(1, MAX_COLUMNS)
}

/// Grids that each fit a screen, of words that follow each other.
fn grids(words: &[&str], size: Size) -> Vec<Zeroizing<String>> {
    let chunk = size.room() * columns(words, size.columns);
    words.chunks(chunk).enumerate().map(|(place, part)| grid(part, place * chunk, size.columns)).collect()
}

/// Numbered words in columns that are read downwards, as many as fit; `before` words stand on earlier screens.
fn grid(words: &[&str], before: usize, width: usize) -> Zeroizing<String> {
    let rows = words.len().div_ceil(columns(words, width));
    let wide = cell(words) - "  24 ".len();
    let mut text = Zeroizing::new(String::with_capacity(LONGEST_GRID));
    for row in 0..rows {
        for place in (row..words.len()).step_by(rows.max(1)) {
            let Some(word) = words.get(place) else { continue };
            text.push_str(&format!("{:>4} ", before + place + 1));
            let last = place + rows >= words.len();
            let room = if last { measure_text_width(word) } else { wide };
            text.push_str(&Zeroizing::new(pad_str(word, room, Alignment::Left, None).into_owned()));
        }
        text.push('\n');
    }
    text
}

/// A passphrase of words with dashes, broken behind dashes alone.
fn at_dashes(passphrase: &str, columns: usize) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(LONGEST_GRID));
    let mut used = 0;
    for word in passphrase.split_inclusive('-') {
        if used > 0 && used + word.len() >= columns {
            text.push('\n');
            used = 0;
        }
        text.push_str(word);
        used += word.len();
    }
    text
}

#[cfg(test)]
#[path = "words_screen_tests.rs"]
mod tests;
