//! Menus on the person's terminal, by dialoguer: for choices that are no secret and agree to no money.
//!
//! Passwords, words and agreement are asked for in terminal.rs. Without a terminal, with `--json` or `--yes` nothing is ever
//! asked: then there is no menu, and the error names the option that answers.

use std::io::{ErrorKind, IsTerminal};

use console::{Term, truncate_str};
use dialoguer::{FuzzySelect, Input, MultiSelect, Select, theme::SimpleTheme};
use fastness::{explain::Failure, text::SafeText};

use nix::sys::signal::{SigSet, Signal};

use super::{CliError, report::OutputFormat, terminal::SignalKeysOff};

/// Columns before a line of a menu, and one that stays free.
const MARK: usize = 7;
/// Most lines of a menu at once.
const LINES: usize = 12;

/// The right to ask: there is a person at a terminal.
#[derive(Debug)]
pub(crate) struct Prompt(Term);

impl Prompt {
    /// That right, if there is one.
    pub(crate) fn open(form: OutputFormat) -> Option<Self> {
        let is_person = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        (is_person && form == OutputFormat::Text).then(|| Self(Term::stderr()))
    }

    /// The place of one of these lines.
    pub(crate) fn one_of(&self, question: &str, lines: &[String]) -> Result<usize, Failure> {
        let menu = Select::with_theme(&SimpleTheme)
            .with_prompt(question)
            .items(self.fitted(lines))
            .default(0)
            .max_length(LINES);
        self.answer(|term| menu.interact_on_opt(term))
    }

    /// The same, narrowed by typing.
    pub(crate) fn one_found(&self, question: &str, lines: &[String]) -> Result<usize, Failure> {
        let menu = FuzzySelect::with_theme(&SimpleTheme)
            .with_prompt(question)
            .items(self.fitted(lines))
            .default(0)
            .max_length(LINES);
        self.answer(|term| menu.interact_on_opt(term))
    }

    /// The places of some of these lines.
    pub(crate) fn some_of(&self, question: &str, lines: &[String]) -> Result<Vec<usize>, Failure> {
        let question = format!("{question} (space marks, Enter ends)");
        let menu =
            MultiSelect::with_theme(&SimpleTheme).with_prompt(question).items(self.fitted(lines)).max_length(LINES);
        self.answer(|term| menu.interact_on_opt(term))
    }

    /// A line that passes `check`; what is wrong with another is said, and it is asked again.
    pub(crate) fn line(&self, question: &str, check: impl Fn(&str) -> Result<(), String>) -> Result<String, Failure> {
        let judged = |text: &String| check(text.trim()).map_err(|what| SafeText::new(&what));
        let input = Input::<String>::with_theme(&SimpleTheme).with_prompt(question).validate_with(judged);
        Ok(self.answer(|term| input.interact_text_on(term).map(Some))?.trim().to_owned())
    }

    /// Lines that stay on one row: the library erases as many rows as it has lines. What is chosen is shown whole afterwards.
    fn fitted(&self, lines: &[String]) -> Vec<String> {
        let room = usize::from(self.0.size().1).saturating_sub(MARK).max(MARK);
        lines.iter().map(|line| truncate_str(line, room, "\u{2026}").into_owned()).collect()
    }

    /// Escape, `q` and Ctrl-C decline. The library turns Ctrl-C into a signal for this thread, which would end the process
    /// with the cursor hidden: it waits outside and is taken away. No thread is started for it, for a process that is sealed
    /// later must have none.
    fn answer<T>(&self, menu: impl FnOnce(&Term) -> dialoguer::Result<Option<T>>) -> Result<T, Failure> {
        // The library reads keys one at a time, and between two of them Ctrl-C would be a signal of the terminal.
        let keys = SignalKeysOff::begin();
        let interrupt = SigSet::from(Signal::SIGINT);
        let is_held = interrupt.thread_block().is_ok();
        let answer = menu(&self.0);
        if let Err(dialoguer::Error::IO(error)) = &answer
            && error.kind() == ErrorKind::Interrupted
            && is_held
        {
            let _ = interrupt.wait();
        }
        // A menu that was left hides the cursor.
        let _ = self.0.show_cursor();
        drop(keys);
        let _ = interrupt.thread_unblock();
        answer.ok().flatten().ok_or_else(|| CliError::Declined.into())
    }
}
