//! The only file that touches stdout, stderr and the terminal.
//!
//! stdout is the result and nothing else. Questions and hidden answers go to the terminal at /dev/tty; progress, warnings
//! and errors to stderr. Without a terminal nothing is ever asked: the error names the flag that answers.

use std::io::{IsTerminal, Write};

use super::{
    CliError,
    page::{Medium, Page},
    pager::screens,
    report::{Outcome, OutputFormat, Report, failure_json, failure_word},
    terminal::{self, Echo, Terminal},
};
use console::Style;
use fastness::{
    explain::{Explain, Failure},
    flow::FlowError,
    review::Warning,
};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use zeroize::Zeroizing;

#[derive(Serialize)]
struct ForPrograms {
    text: String,
}

impl Report for ForPrograms {
    fn page(&self, page: &mut Page) {
        page.verbatim(&self.text);
    }
}

/// The conversation with the person or program that started this process.
#[derive(Debug)]
pub(crate) struct Ui {
    form: OutputFormat,
}

impl Ui {
    pub(crate) const fn new(form: OutputFormat) -> Self {
        Self { form }
    }

    /// The reader of stdout.
    pub(crate) const fn form(&self) -> OutputFormat {
        self.form
    }

    /// The medium that stdout is.
    pub(crate) fn medium() -> Medium {
        if std::io::stdout().is_terminal() { Medium::Terminal(columns()) } else { Medium::Plain }
    }

    /// Prints a result, then its warnings.
    pub(crate) fn result(&self, outcome: &dyn Outcome) -> Result<(), Failure> {
        let text = match self.form {
            OutputFormat::Json => outcome.json()? + "\n",
            OutputFormat::Text => {
                let mut page = Page::new(Self::medium());
                outcome.page(&mut page);
                page.into_text()
            }
        };
        print_raw(&text)?;
        if self.form == OutputFormat::Text {
            outcome.warnings().iter().for_each(|warning| self.warn(warning));
        }
        Ok(())
    }

    /// Text for another program, such as a script for a shell: byte for byte on stdout, or a string of the one JSON document.
    ///
    /// # Errors
    /// It could not be written.
    pub(crate) fn for_programs(&self, text: &str) -> Result<Option<Box<dyn Outcome>>, Failure> {
        if self.form == OutputFormat::Json {
            return Ok(Some(Box::new(ForPrograms { text: text.to_owned() })));
        }
        print_raw(text)?;
        Ok(None)
    }

    /// Prints a failure: on stderr for a person, as the one document on stdout for a program.
    pub(crate) fn failure(&self, failure: &Failure) {
        terminal::restore();
        if self.form == OutputFormat::Json {
            // The exit code says that it failed, whatever becomes of the document.
            let _ = print_raw(&(failure_json(failure) + "\n"));
            return;
        }
        let entry = failure.entry();
        // The terminal echoes ^C behind the question that it ends.
        if entry == CliError::Interrupted.entry() && std::io::stderr().is_terminal() {
            say_raw("\n");
        }
        let head = format!("{}[{}]", failure_word(entry.kind), entry.code);
        let mut page = Page::new(err_medium());
        page.line(&format!("{head}: {}", failure.message()));
        for cause in failure.causes() {
            page.line(&format!("  because: {cause}"));
        }
        page.line(&format!("hint: {}", entry.hint));
        say_raw(&painted(&page.into_text(), &head, &Style::new().for_stderr().red().bold()));
    }

    /// A warning on stderr.
    pub(crate) fn warn(&self, warning: &Warning) {
        let head = format!("warning[{}]", warning.code);
        let mut page = Page::new(err_medium());
        page.line(&format!("{head}: {}", warning.text));
        say_raw(&painted(&page.into_text(), &head, &Style::new().for_stderr().yellow()));
    }

    /// A line of the conversation, on stderr; silent for programs.
    pub(crate) fn say(&self, text: &str) {
        if self.form == OutputFormat::Text {
            let mut page = Page::new(err_medium());
            page.line(text);
            say_raw(&page.into_text());
        }
    }

    /// A bar for long work: on a terminal only.
    pub(crate) fn progress(&self, what: &str) -> ProgressBar {
        if self.form == OutputFormat::Json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{prefix}  {wide_bar}  {pos} of ~{len} {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(what.to_owned());
        bar
    }

    /// The person's terminal; `flag` answers the question in its place.
    pub(crate) fn terminal(&self, flag: &'static str) -> Result<Terminal, CliError> {
        Terminal::open().ok_or(CliError::NoTerminal(flag))
    }

    /// Asks in the open.
    pub(crate) fn ask(&self, question: &str, flag: &'static str) -> Result<Zeroizing<String>, CliError> {
        self.terminal(flag)?.ask(question, Echo::Shown)
    }

    /// Asks without echo.
    pub(crate) fn ask_hidden(&self, question: &str, flag: &'static str) -> Result<Zeroizing<String>, CliError> {
        self.terminal(flag)?.ask(question, Echo::Hidden)
    }

    /// Shows a page to the person on the terminal itself, whatever stdout is: screen after screen where it is long.
    /// What is asked next is asked of a person who has seen the last one.
    pub(crate) fn show_page(&self, flag: &'static str, fill: impl FnOnce(&mut Page)) -> Result<(), Failure> {
        let mut terminal = self.terminal(flag)?;
        let mut page = Page::for_terminal(terminal.columns());
        fill(&mut page);
        let screens = screens(&page.into_text(), terminal.size());
        let count = screens.len();
        for (shown, screen) in screens.into_iter().enumerate() {
            if shown > 0 {
                next_screen(
                    &mut terminal,
                    &format!("-- {shown} of {count} screens; Enter shows the next, q declines: "),
                )?;
            }
            terminal.show(&screen);
        }
        Ok(())
    }
}

fn next_screen(terminal: &mut Terminal, question: &str) -> Result<(), Failure> {
    match terminal.ask(question, Echo::Shown)?.trim() {
        "" => Ok(()),
        _ => Err(FlowError::Declined.into()),
    }
}

fn columns() -> usize {
    Terminal::open().map_or(80, |terminal| terminal.columns())
}

fn err_medium() -> Medium {
    if std::io::stderr().is_terminal() { Medium::Terminal(columns()) } else { Medium::Plain }
}

fn painted(text: &str, head: &str, style: &Style) -> String {
    text.replacen(head, &style.apply_to(head).to_string(), 1)
}

/// Prints to stdout as it is. A reader that closed the pipe has seen enough; any other failure loses the result.
pub(crate) fn print_raw(text: &str) -> Result<(), CliError> {
    match write_unbuffered(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(CliError::OutputLost(error.to_string())),
        _ => Ok(()),
    }
}

/// Not through the buffer of `std::io::Stdout`, which would keep a copy of the words until the process has ended.
fn write_unbuffered(mut rest: &[u8]) -> std::io::Result<()> {
    let stdout = std::io::stdout().lock();
    while !rest.is_empty() {
        match rustix::io::write(&stdout, rest) {
            Ok(0) => return Err(std::io::ErrorKind::WriteZero.into()),
            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The conversation may be unheard: nothing fails because stderr is closed.
fn say_raw(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
