//! Words as a person types or files them: collected, corrected one by one, read as a phrase.
//!
//! First letters stand for the one word that begins with them, which is shown; no other word is ever guessed. Capitals are read
//! as small letters, because no list has any.

use std::path::PathBuf;

use fastness::{
    explain::Failure,
    keystore::{
        KeystoreError, Language, Phrase, PhraseError, TypedWord, WordCount, backup::check_words, look_up,
        refuse_electrum,
    },
};
use zeroize::Zeroizing;

use super::{
    CliError,
    clean_words::split,
    context::Context,
    page::Tone,
    wallet_error::WalletError,
    words_screen::{Captions, WordsScreen},
};

/// Most words of a phrase.
const MOST: usize = 24;
/// Standard input, as a file.
const STDIN: &str = "/dev/fd/0";
/// How often words may be typed wrongly before a new wallet is given up.
const TRIES: usize = 3;
pub(crate) const WORDS_FLAG: &str = "--words-fd or --words-file";

/// Where words come from, and in which language they are.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct WordsArgs {
    /// Read the words from this file descriptor
    #[arg(long, value_name = "N", conflicts_with = "words_file")]
    words_fd: Option<u32>,
    /// Read the backup from this file, in any form: words, shares, SeedQR, entropy in hex, xprv, or a picture of a QR
    /// code (PNG); `-` for standard input
    #[arg(long, visible_alias = "from", value_name = "FILE")]
    words_file: Option<PathBuf>,
    /// Language of the words; found out by itself unless they fit several
    #[arg(long, value_name = "NAME", value_parser = language)]
    language: Option<Language>,
}

/// The language of that name, for the command line.
pub(crate) fn language(name: &str) -> Result<Language, String> {
    let names = || Language::ALL.map(Language::name).join(", ");
    Language::from_name(name).ok_or_else(|| format!("the languages are {}", names()))
}

/// A number of words that a phrase can have, for the command line.
pub(crate) fn word_count(text: &str) -> Result<WordCount, String> {
    let count = text.parse::<usize>().ok().and_then(|count| WordCount::of_words(count).ok());
    count.ok_or_else(|| "a phrase has 12, 15, 18, 21 or 24 words".to_owned())
}

/// Words that may still be wrong.
struct TypedWords(Vec<Zeroizing<String>>);

impl WordsArgs {
    /// True when they do not have to be typed.
    pub(crate) const fn in_a_file(&self) -> bool {
        self.words_fd.is_some() || self.words_file.is_some()
    }

    /// Fails early when there is no terminal to ask on.
    pub(crate) fn require_source(&self, context: &Context) -> Result<(), CliError> {
        if self.in_a_file() { Ok(()) } else { context.ui.terminal(WORDS_FLAG).map(|_| ()) }
    }

    /// The language of the words, if one was named.
    pub(crate) const fn language(&self) -> Option<Language> {
        self.language
    }

    /// The file that holds them, if one was named.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        let descriptor = self.words_fd.map(|number| PathBuf::from(format!("/dev/fd/{number}")));
        let named = |path: PathBuf| if path.as_os_str() == "-" { PathBuf::from(STDIN) } else { path };
        descriptor.or_else(|| self.words_file.clone().map(named))
    }
}

impl TypedWords {
    /// Asks for words until their end, and about each one that is in no list while it is typed.
    fn ask(screen: &mut WordsScreen, language: Option<Language>, end: End) -> Result<Self, CliError> {
        let mut words = Self(Vec::with_capacity(2 * MOST));
        words.ask_rest(screen, language, end)?;
        Ok(words)
    }

    fn ask_rest(&mut self, screen: &mut WordsScreen, language: Option<Language>, end: End) -> Result<(), CliError> {
        while self.ask_line(screen, end)? {
            self.settle(screen, language)?;
        }
        Ok(())
    }

    /// Asks for one line more; false when the words are at their end. An empty line takes nothing away: a person gives up with
    /// Ctrl-C.
    fn ask_line(&mut self, screen: &mut WordsScreen, end: End) -> Result<bool, CliError> {
        let most = if let End::LastWord(count) = end { count } else { MOST };
        if self.0.len() >= most {
            return Ok(false);
        }
        let question = format!("{:>4} ", self.0.len() + 1);
        let line = if self.0.is_empty() { screen.ask(&question)? } else { screen.ask_on(&question)? };
        if line.trim().is_empty() && !self.0.is_empty() && matches!(end, End::EmptyLine) {
            return Ok(false);
        }
        self.0.extend(split(&line));
        Ok(true)
    }

    /// Says which word first letters became, and asks for each word that is in no list until it is in one.
    fn settle(&mut self, screen: &mut WordsScreen, language: Option<Language>) -> Result<(), CliError> {
        let mut place = 0;
        while let Some(found) = look_up(&self.text(), language).get(place) {
            match found {
                TypedWord::Whole => place += 1,
                TypedWord::Begins(whole) => {
                    place += 1;
                    screen.say(Tone::Normal, &Zeroizing::new(format!("word {place} is {whole}")));
                    self.correct(place, whole);
                }
                TypedWord::Unknown { language, suggestions } => {
                    let (position, language, suggestions) = (place + 1, *language, suggestions.clone());
                    let error = PhraseError::UnknownWord { position, language, suggestions };
                    screen.say(Tone::Claimed, &Zeroizing::new(error.to_string()));
                    self.ask_again(position, screen)?;
                }
            }
        }
        Ok(())
    }

    fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(self.0.iter().map(|word| word.len() + 1).sum()));
        for word in &self.0 {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        }
        text
    }

    fn show(&self, screen: &mut WordsScreen) -> Result<(), CliError> {
        screen.list(&self.0.iter().map(|word| word.as_str()).collect::<Vec<_>>())
    }

    fn all_again(screen: &mut WordsScreen, language: Option<Language>) -> Result<Self, CliError> {
        screen.say(Tone::Normal, "All of them again, please; an empty line ends them.");
        Self::ask(screen, language, End::EmptyLine)
    }

    /// One word less than a phrase has: asks where it is missing, and for that word.
    fn with_missing_word(mut self, screen: &mut WordsScreen, language: Option<Language>) -> Result<Self, CliError> {
        self.show(screen)?;
        let most = self.0.len() + 1;
        let question =
            format!("One word is missing, it seems. Its number (1 to {most}); Enter alone types all again: ");
        loop {
            let answer = screen.ask(&question)?;
            match answer.trim().parse::<usize>() {
                Ok(position) if (1..=most).contains(&position) => {
                    let line = screen.ask(&format!("word {position}: "))?;
                    self.0.splice(position - 1..position - 1, split(&line));
                    self.settle(screen, language)?;
                    return Ok(self);
                }
                _ if answer.trim().is_empty() => return Self::all_again(screen, language),
                _ => screen.say(Tone::Claimed, &format!("That is no number from 1 to {most}.")),
            }
        }
    }

    /// Puts what is typed in the place of one word: another word, or two that had grown together. As many as a phrase has are
    /// all of them again.
    fn correct(&mut self, position: usize, line: &str) {
        let words = split(line);
        if WordCount::of_words(words.len()).is_ok() {
            self.0 = words;
            return;
        }
        let place = position.saturating_sub(1).min(self.0.len());
        let end = position.min(self.0.len());
        self.0.splice(place..end, words);
    }

    fn ask_again(&mut self, position: usize, screen: &mut WordsScreen) -> Result<(), CliError> {
        loop {
            let line = screen.ask(&format!("word {position}: "))?;
            if !line.trim().is_empty() {
                self.correct(position, &line);
                return Ok(());
            }
        }
    }
}

/// What ends the typing.
#[derive(Clone, Copy)]
enum End {
    /// The last word of so many.
    LastWord(usize),
    /// An empty line, or the last word of the longest phrase.
    EmptyLine,
}

/// Reads words in the language that was named, else in whichever they are.
///
/// # Errors
/// They are no phrase; words of Electrum are named as that.
pub(crate) fn parse(language: Option<Language>, text: &str) -> Result<Phrase, KeystoreError> {
    let read = match language {
        Some(language) => Phrase::parse_in(language, text),
        None => Phrase::parse(text),
    };
    if read.is_err() {
        refuse_electrum(text)?;
    }
    Ok(read?)
}

/// The words of a text as files and notes have them.
pub(crate) fn cleaned(text: &str) -> Zeroizing<String> {
    TypedWords(split(text)).text()
}

/// Asks for a phrase that begins with this line, until it is one or the person gives up.
pub(crate) fn ask_phrase(screen: &mut WordsScreen, first: &str, language: Option<Language>) -> Result<Phrase, Failure> {
    let mut typed = TypedWords(split(first));
    typed.settle(screen, language)?;
    typed.ask_rest(screen, language, End::EmptyLine)?;
    loop {
        let error = match parse(language, &typed.text()) {
            Ok(phrase) => return Ok(phrase),
            Err(KeystoreError::Phrase(error)) if !matches!(error, PhraseError::Ambiguous { .. }) => error,
            Err(error) => return Err(error.into()),
        };
        screen.say(Tone::Claimed, &Zeroizing::new(error.to_string()));
        match error {
            PhraseError::UnknownWord { position, .. } => typed.ask_again(position, screen)?,
            PhraseError::WordCount { found } if WordCount::of_words(found + 1).is_ok() => {
                typed = typed.with_missing_word(screen, language)?;
            }
            PhraseError::WordCount { .. } => typed = TypedWords::all_again(screen, language)?,
            _ => {
                typed.show(screen)?;
                let answer = screen.ask("Number of the word to correct; Enter alone gives up: ")?;
                match answer.trim().parse::<usize>() {
                    Ok(position) if (1..=typed.0.len()).contains(&position) => typed.ask_again(position, screen)?,
                    _ if answer.trim().is_empty() => return Err(error.into()),
                    _ => screen.say(Tone::Claimed, &format!("That is no number from 1 to {}.", typed.0.len())),
                }
            }
        }
    }
}

/// Shows the words of a new wallet and has them typed back. A slip shows them again, and asks for that word again.
///
/// # Errors
/// The person stopped, or three slips: then the paper cannot be trusted.
pub(crate) fn teach(screen: &mut WordsScreen, phrase: &Phrase, captions: &Captions<'_>) -> Result<(), Failure> {
    let (end, language) = (End::LastWord(phrase.count().words()), Some(phrase.language()));
    let words: Vec<&str> = phrase.words().collect();
    screen.show(&words, captions)?;
    let ask_all = |screen: &mut WordsScreen| {
        let count = phrase.count().words();
        screen.say(Tone::Normal, &format!("Now type the {count} words back from the paper, one or several on a line."));
        TypedWords::ask(screen, language, end)
    };
    let mut typed = ask_all(screen)?;
    for left in (1..=TRIES).rev() {
        let Err(error) = check_words(phrase, &typed.text()) else { return Ok(()) };
        let left = if left == 1 { "One try is left.".to_owned() } else { format!("{left} tries are left.") };
        let alarm = format!("{error}: compare it with your paper, and correct the paper if it is wrong. {left}");
        screen.show(&words, &Captions { alarm: Some(&alarm), ..*captions })?;
        if let PhraseError::BackupDiffers { position } = error {
            screen.say(Tone::Normal, &format!("Type word {position} alone, as it is on your paper."));
            typed.ask_again(position, screen)?;
            typed.settle(screen, language)?;
        } else {
            typed = ask_all(screen)?;
        }
    }
    check_words(phrase, &typed.text()).map_err(|_| WalletError::BackupUnproven.into())
}

#[cfg(test)]
#[path = "typed_words_tests.rs"]
mod tests;
