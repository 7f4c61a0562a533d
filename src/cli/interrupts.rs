//! Interrupts (SIGINT, SIGTERM, SIGHUP) end a command with what is true: nothing was sent, or something may have been.
//!
//! Until the first byte of a transaction may leave, an interrupt ends the process as declined. From then on it is
//! noted, and the command ends with what it knows; it never ends as declined again. One result is told, by the thread
//! that comes first. Nothing here sends, signs or decides what is sent.

use std::{
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::Duration,
};

use fastness::explain::{Explain, Failure, Kind};
use rustix::process::{Pid, Signal, kill_process};

use crate::cli::{CliError, report::Outcome, report::OutputFormat, terminal, ui::Ui};

/// How long an answer is waited for after an interrupt: most hosts answer sooner, and a person expects an end.
const GRACE: Duration = Duration::from_secs(10);

/// The reader of stdout, for the thread that waits for signals.
static FORM: OnceLock<OutputFormat> = OnceLock::new();

static WATCH: Mutex<Watch> =
    Mutex::new(Watch { sent: None, before: None, child: None, noted: false, is_looked_for: false, is_told: false });

/// What an interrupt has to respect.
struct Watch {
    /// What is true if the process has to end now, once something may have left.
    sent: Option<Box<dyn Outcome + Send>>,
    /// What is true before the next of several transactions may leave: those before it are settled.
    before: Option<Box<dyn Outcome + Send>>,
    /// The sealed child that is at work.
    child: Option<Pid>,
    /// An interrupt came.
    noted: bool,
    /// The command looks itself whether an interrupt came, and ends with what it did.
    is_looked_for: bool,
    /// The result is being printed: there is no second one.
    is_told: bool,
}

/// Names the reader of stdout; the first word counts.
pub(crate) fn set_form(form: OutputFormat) {
    let _ = FORM.set(form);
}

/// Starts the thread that waits for signals. A sealed process calls it within its sealing, for later no thread can start.
pub(crate) fn watch() {
    // A second call changes nothing: the first handler stays.
    let _ = ctrlc::set_handler(interrupted);
}

/// Called before the first byte may leave: from here on an interrupt is noted only. `known` is what is told if no answer
/// is waited for; a later call, for one more transaction, replaces it.
///
/// # Errors
/// An interrupt came before, and nothing has left.
pub(crate) fn may_leave(known: impl Outcome + Send + 'static) -> Result<(), CliError> {
    let mut watch = lock();
    if watch.noted && watch.sent.is_none() {
        return Err(CliError::Interrupted);
    }
    watch.sent = Some(Box::new(known));
    Ok(())
}

/// Called between two transactions of one command: what was sent is settled, and `known` is told if an interrupt comes before the
/// next may leave.
pub(crate) fn settled(known: impl Outcome + Send + 'static) {
    let mut watch = lock();
    watch.sent = None;
    watch.before = Some(Box::new(known));
}

/// Waits for the sealed child with this process id; an interrupt ends the child first, so that it leaves no question behind.
///
/// # Errors
/// An interrupt came: what the child answered is not used.
pub(crate) fn while_child_works<T>(process: u32, wait: impl FnOnce() -> T) -> Result<T, CliError> {
    lock().child = i32::try_from(process).ok().and_then(Pid::from_raw);
    let answer = wait();
    let mut watch = lock();
    watch.child = None;
    if watch.noted { Err(CliError::Interrupted) } else { Ok(answer) }
}

/// Called before the result is printed: an interrupt comes too late now. Answers whether one came before.
pub(crate) fn begin_telling() -> bool {
    let mut watch = lock();
    watch.is_told = true;
    watch.noted
}

/// From here on an interrupt is noted only: the command looks for it with [`came`], and ends soon.
pub(crate) fn note_only() {
    lock().is_looked_for = true;
}

/// An interrupt ends the process again.
pub(crate) fn note_no_more() {
    lock().is_looked_for = false;
}

/// Whether an interrupt came: a command of several steps begins no other one.
pub(crate) fn came() -> bool {
    lock().noted
}

/// What may have left, if a command that was interrupted ends with a failure that would deny it.
pub(crate) fn instead_of(failure: &Failure) -> Option<Box<dyn Outcome + Send>> {
    let is_denial = failure.entry() == CliError::Interrupted.entry();
    let mut watch = lock();
    if is_denial { watch.sent.take().or_else(|| watch.before.take()) } else { None }
}

/// A poisoned lock still holds what is true.
fn lock() -> MutexGuard<'static, Watch> {
    WATCH.lock().unwrap_or_else(PoisonError::into_inner)
}

fn ui() -> Ui {
    Ui::new(FORM.get().copied().unwrap_or(OutputFormat::Text))
}

/// Runs on the thread that waits for signals. The lock is held until the process has ended, so that no command sends.
fn interrupted() {
    let mut watch = lock();
    if watch.is_told {
        return;
    }
    let is_first = !std::mem::replace(&mut watch.noted, true);
    if let Some(child) = watch.child {
        let _ = kill_process(child, if is_first { Signal::TERM } else { Signal::KILL });
    }
    if watch.is_looked_for && is_first {
        return;
    }
    match (&watch.sent, watch.child) {
        (Some(_), _) if is_first => wait_a_little(),
        (Some(known), _) => end_with(known.as_ref()),
        // The main thread sees the child end, and tells why.
        (None, Some(_)) if is_first => {}
        (None, _) => match &watch.before {
            Some(known) => end_with(known.as_ref()),
            None => end_as_declined(),
        },
    }
}

/// The answer may come any moment; if it does not, the command ends without it.
fn wait_a_little() {
    ui().say("Interrupted. The transaction may have left already; waiting a moment for what became of it.");
    thread::spawn(|| {
        thread::sleep(GRACE);
        let watch = lock();
        if let (Some(known), false) = (&watch.sent, watch.is_told) {
            end_with(known.as_ref());
        }
    });
}

fn end_with(known: &dyn Outcome) -> ! {
    terminal::end_questions();
    // The exit code says it, whatever becomes of the text.
    let _ = ui().result(known);
    std::process::exit(i32::from(known.exit_code()))
}

fn end_as_declined() -> ! {
    ui().failure(&CliError::Interrupted.into());
    std::process::exit(i32::from(Kind::Declined.exit_code()))
}

/// Why it is unclear what became of a transaction whose command was interrupted.
pub(crate) const NO_ANSWER_YET: &str = "interrupted before an answer came";
