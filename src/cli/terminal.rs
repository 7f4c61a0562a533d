//! The terminal at /dev/tty: questions, hidden answers, the alternate screen; restored on every way out.
//!
//! Only ui.rs and words_screen.rs use it. Secrets typed here go straight into their own types and are never echoed, logged or kept.

use std::{
    fs::File,
    io::{Read, Write},
    sync::Mutex,
};

use console::measure_text_width;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    termios::{self, LocalModes, OptionalActions, SpecialCodeIndex, Termios},
};
use zeroize::Zeroizing;

use super::{CliError, page::Page, pager::Size};

/// Longest line that is read, in bytes: 24 words of any language fit several times.
const MAX_LINE: usize = 2048;
/// Enter and leave the alternate screen; the first also clears it.
const ALTERNATE: (&str, &str) = ("\x1b[?1049h\x1b[2J\x1b[H", "\x1b[2J\x1b[H\x1b[?1049l");
/// What a wiped screen says when the program goes on.
const STOPPED: &str = "The program was stopped, and what stood here was wiped. Enter goes on; Ctrl-C ends it.\r\n";
/// How soon another size of the window is noticed.
const GLANCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
/// Wipe the screen.
const CLEAR: &str = "\x1b[2J\x1b[H";

/// Switches off a control key (`_POSIX_VDISABLE`).
const NO_KEY: u8 = if cfg!(target_os = "linux") { 0 } else { 0xff };

/// What has to be undone before the process ends, however it ends.
static DISTURBED: Mutex<Disturbed> = Mutex::new(Disturbed { echo: None, keys: None, screen: None });

struct Disturbed {
    echo: Option<(File, Termios)>,
    keys: Option<(File, Termios)>,
    screen: Option<File>,
}

/// Whether what is typed can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Echo {
    /// As usual.
    Shown,
    /// Not at all.
    Hidden,
}

/// The person's terminal.
#[derive(Debug)]
pub(crate) struct Terminal {
    tty: File,
}

impl Terminal {
    /// Opens the controlling terminal, and makes sure that an interrupt leaves it as it was.
    pub(crate) fn open() -> Option<Self> {
        let tty = File::options().read(true).write(true).open("/dev/tty").ok()?;
        termios::tcgetattr(&tty).ok()?;
        Some(Self { tty })
    }

    /// Columns, or 80 if the terminal does not say.
    pub(crate) fn columns(&self) -> usize {
        self.size().columns
    }

    /// Columns and rows; 80 and 24 where the terminal does not say.
    pub(crate) fn size(&self) -> Size {
        let told = termios::tcgetwinsize(&self.tty).ok();
        let known = |number: Option<u16>| number.map(usize::from).filter(|number| *number > 0);
        Size {
            columns: known(told.map(|size| size.ws_col)).unwrap_or(80),
            rows: known(told.map(|size| size.ws_row)).unwrap_or(24),
        }
    }

    /// Shows text.
    pub(crate) fn show(&mut self, text: &str) {
        // A terminal that went away is noticed by the next read.
        let _ = self.tty.write_all(text.as_bytes());
        let _ = self.tty.flush();
    }

    /// Asks for one line. What was typed before the question is thrown away.
    pub(crate) fn ask(&mut self, question: &str, echo: Echo) -> Result<Zeroizing<String>, CliError> {
        self.begin_question(question);
        let hidden = (echo == Echo::Hidden).then(|| self.hide());
        let line = self.read_line();
        if let Some(hidden) = hidden {
            restore_echo();
            self.show("\n");
            hidden?;
        }
        line
    }

    /// Asks for one line in the open, until the window has another size than this one: then there is no answer, and what was
    /// shown for that size has to be shown anew.
    pub(crate) fn ask_in_window(&mut self, question: &str, size: Size) -> Result<Option<Zeroizing<String>>, CliError> {
        self.begin_question(question);
        while !self.has_input() {
            if self.size() != size {
                return Ok(None);
            }
        }
        self.read_line().map(Some)
    }

    /// Whether something can be read, a moment after it is asked; an end of the terminal can be read too.
    fn has_input(&self) -> bool {
        let mut wanted = [PollFd::new(&self.tty, PollFlags::IN)];
        // Only a signal ends the wait early, and then it is asked again.
        poll(&mut wanted, Some(&GLANCE)).is_ok_and(|ready| ready > 0)
    }

    /// Asks for one more line in the open; what was typed or pasted already counts.
    pub(crate) fn ask_on(&mut self, question: &str) -> Result<Zeroizing<String>, CliError> {
        self.show_question(question);
        self.read_line()
    }

    /// Throws away what was typed before, and shows the question.
    fn begin_question(&mut self, question: &str) {
        let _ = termios::tcflush(&self.tty, termios::QueueSelector::IFlush);
        self.show_question(question);
    }

    /// The question, broken between words where the terminal would break it within one, and one space for the answer.
    fn show_question(&mut self, question: &str) {
        let columns = self.columns();
        if measure_text_width(question) < columns {
            return self.show(question);
        }
        let mut page = Page::for_terminal(columns);
        page.line(question);
        self.show(page.into_text().trim_end());
        self.show(" ");
    }

    /// Wipes the screen.
    pub(crate) fn clear(&mut self) {
        self.show(CLEAR);
    }

    fn hide(&self) -> Result<(), CliError> {
        let before = termios::tcgetattr(&self.tty).map_err(|_| CliError::TerminalGone)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        without_escape(&mut silent);
        lock().echo = Some((self.another()?, before));
        termios::tcsetattr(&self.tty, OptionalActions::Flush, &silent).map_err(|_| CliError::TerminalGone)
    }

    fn read_line(&mut self) -> Result<Zeroizing<String>, CliError> {
        let mut line = Zeroizing::new(Vec::with_capacity(MAX_LINE));
        let mut byte = Zeroizing::new([0u8; 1]);
        loop {
            match self.tty.read(byte.as_mut_slice()) {
                Ok(0) => return Err(CliError::InputEnded),
                Ok(_) if byte[0] == b'\n' => break,
                Ok(_) if line.len() < MAX_LINE => line.push(byte[0]),
                Ok(_) => return Err(CliError::LineTooLong),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return Err(CliError::TerminalGone),
            }
        }
        let text = std::str::from_utf8(&line).map_err(|_| CliError::NotText)?;
        Ok(Zeroizing::new(text.trim_end_matches('\r').to_owned()))
    }

    /// Enters the alternate screen, whose text is gone when it is left.
    pub(crate) fn enter_alternate(&mut self) -> Result<(), CliError> {
        let before = termios::tcgetattr(&self.tty).map_err(|_| CliError::TerminalGone)?;
        let mut steady = before.clone();
        without_escape(&mut steady);
        lock().keys = Some((self.another()?, before));
        lock().screen = Some(self.another()?);
        termios::tcsetattr(&self.tty, OptionalActions::Now, &steady).map_err(|_| CliError::TerminalGone)?;
        self.show(ALTERNATE.0);
        Ok(())
    }

    fn another(&self) -> Result<File, CliError> {
        self.tty.try_clone().map_err(|_| CliError::TerminalGone)
    }

    /// Leaves the alternate screen, wiped.
    pub(crate) fn leave_alternate(&mut self) {
        leave_screen();
    }
}

/// A poisoned lock still holds what has to be restored.
fn lock() -> std::sync::MutexGuard<'static, Disturbed> {
    DISTURBED.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn restore_echo() {
    if let Some((tty, before)) = lock().echo.take() {
        let _ = termios::tcsetattr(&tty, OptionalActions::Flush, &before);
    }
}

fn leave_screen() {
    if let Some(mut screen) = lock().screen.take() {
        let _ = screen.write_all(ALTERNATE.1.as_bytes());
        let _ = screen.flush();
    }
    if let Some((tty, before)) = lock().keys.take() {
        let _ = termios::tcsetattr(&tty, OptionalActions::Now, &before);
    }
}

/// Suspending (^Z) or aborting (^\) would leave words on the screen, or the shell without echo; an interrupt (^C) cleans up.
fn without_escape(modes: &mut Termios) {
    modes.special_codes[SpecialCodeIndex::VSUSP] = NO_KEY;
    modes.special_codes[SpecialCodeIndex::VQUIT] = NO_KEY;
}

/// Puts the terminal back as it was found.
pub(crate) fn restore() {
    restore_echo();
    leave_screen();
}

/// The terminal with its keys for signals switched off, until it is dropped: they come as letters.
#[derive(Debug)]
pub(crate) struct SignalKeysOff {
    tty: File,
    before: Termios,
}

impl SignalKeysOff {
    /// Switches them off.
    pub(crate) fn begin() -> Option<Self> {
        let tty = Terminal::open()?.tty;
        let before = termios::tcgetattr(&tty).ok()?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ISIG);
        termios::tcsetattr(&tty, OptionalActions::Now, &quiet).ok()?;
        Some(Self { tty, before })
    }
}

impl Drop for SignalKeysOff {
    fn drop(&mut self) {
        let _ = termios::tcsetattr(&self.tty, OptionalActions::Now, &self.before);
    }
}

/// Puts the terminal right for the shell while this process is stopped; what has to be restored stays known.
pub(crate) fn lend() {
    let mut disturbed = lock();
    if let Some((tty, before)) = &disturbed.echo {
        let _ = termios::tcsetattr(tty, OptionalActions::Now, before);
    }
    if let Some(screen) = &mut disturbed.screen {
        let _ = screen.write_all(ALTERNATE.1.as_bytes());
    }
    if let Some((tty, before)) = &disturbed.keys {
        let _ = termios::tcsetattr(tty, OptionalActions::Now, before);
    }
}

/// Goes on where [`lend`] left off: hidden again where an answer is hidden. A screen of words stays wiped.
pub(crate) fn take_back() {
    let mut disturbed = lock();
    if let Some((tty, before)) = &disturbed.keys {
        let mut steady = before.clone();
        without_escape(&mut steady);
        let _ = termios::tcsetattr(tty, OptionalActions::Now, &steady);
    }
    if let Some(screen) = &mut disturbed.screen {
        let _ = screen.write_all(ALTERNATE.0.as_bytes());
        let _ = screen.write_all(STOPPED.as_bytes());
    }
    if let Some((tty, before)) = &disturbed.echo {
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        without_escape(&mut silent);
        let _ = termios::tcsetattr(tty, OptionalActions::Flush, &silent);
    }
}

/// Ends what is being asked, before the process ends: the next output starts on a line of its own.
pub(crate) fn end_questions() {
    let asking = lock().echo.is_some() || lock().screen.is_some();
    restore();
    if asking {
        let _ = std::io::stderr().write_all(b"\n");
    }
}
