//! The guided tour: a home and a chain of its own, nine steps of the real program, and a report at the end.
//!
//! Stages the tour; what happens in each step is in steps.rs. Touches no wallet but those it makes.

use std::{
    path::{Path, PathBuf},
    sync::PoisonError,
    time::{Duration, Instant},
};

use fastness::{
    explain::{Failure, Kind},
    practice::{PracticeChain, Server},
    store::{Home, StoreError, WriteRule, atomic_write},
};
use serde_json::value::RawValue;

use crate::cli::{
    CliError,
    commands::practice::{
        child::{Program, TypedWords},
        error::PracticeCliError,
        report::{PASSWORD_FILE, Ran, STEPS, Step},
        serve,
    },
    context::{Assent, Context},
    page::{Medium, Page},
    report::OutputFormat,
    ui::{self, Ui},
};

/// Tours kept in one home before it has to be tidied.
const MAX_TOURS: u32 = 10_000;
/// Guards coins worth nothing; a file of its own all the same, so that opening a wallet is the real thing.
const PASSWORD: &str = "practice makes perfect\n";
/// Whether the tour waits after each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TourPace {
    Waits,
    Straight,
}

/// Why a tour ends before its end.
pub(super) enum Stop {
    /// The person has seen enough.
    Left,
    /// A step failed.
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<PracticeCliError> for Stop {
    fn from(error: PracticeCliError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<CliError> for Stop {
    fn from(error: CliError) -> Self {
        Self::Failed(error.into())
    }
}

/// A tour on its way.
pub(super) struct Tour<'a> {
    context: &'a mut Context,
    pace: TourPace,
    pub(super) home: PathBuf,
    pub(super) program: Program,
    server: Server,
    steps: Vec<Step>,
    /// Time the person took to read.
    pub(super) waited: Duration,
}

impl<'a> Tour<'a> {
    pub(super) fn stage(context: &'a mut Context) -> Result<Self, Failure> {
        let home = Home::open(Some(&new_folder(context.home()?.root())?))?.root().to_owned();
        say_where_on_the_way_out(context.ui.form(), &home);
        atomic_write(&home.join(PASSWORD_FILE), PASSWORD.as_bytes(), WriteRule::New)?;
        let server = serve::start(PracticeChain::open(&home.join("chain"))?, 0)?;
        let program = Program::new(home.clone(), &server.url())?;
        let person = context.consent() == Assent::Ask
            && context.ui.form() == OutputFormat::Text
            && Ui::medium() != Medium::Plain
            && context.ui.terminal("--yes").is_ok();
        let pace = if person { TourPace::Waits } else { TourPace::Straight };
        Ok(Self { context, pace, home, program, server, steps: Vec::new(), waited: Duration::ZERO })
    }

    /// Opens the next step: waits for the person, then shows its title and two lines on what it is about.
    pub(super) fn step(&mut self, title: &'static str, about: [&str; 2]) -> Result<(), Stop> {
        if !self.steps.is_empty() {
            let asked = Instant::now();
            self.wait()?;
            self.waited += asked.elapsed();
        }
        let (number, height) = (self.steps.len() + 1, self.chain(|chain| chain.tip().0));
        self.steps.push(Step { number, title, height, commands: Vec::new() });
        self.speak(|page| {
            page.heading(&format!("{number} of {STEPS}  {title}"), &format!("practice chain, height {height}"));
            about_lines(about, page);
            page.blank();
        });
        Ok(())
    }

    fn wait(&self) -> Result<(), Stop> {
        if self.pace == TourPace::Straight {
            return Ok(());
        }
        match self.context.ui.ask("Enter to go on, q to leave: ", "--yes") {
            Ok(typed) if typed.trim().eq_ignore_ascii_case("q") => Err(Stop::Left),
            Err(CliError::InputEnded) => Err(Stop::Left),
            Ok(_) => {
                self.speak(Page::blank);
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Runs a command and shows what it shows.
    pub(super) fn run(&mut self, typed: &TypedWords) -> Result<(), Failure> {
        self.announce(typed);
        let data = match self.context.ui.form() {
            OutputFormat::Json => Some(self.program.data(typed)?),
            OutputFormat::Text => {
                self.program.show(&self.context.ui, typed)?;
                None
            }
        };
        self.note(typed, data);
        self.speak(Page::blank);
        Ok(())
    }

    /// Shows the command that is about to run, on one line so that it can be copied.
    pub(super) fn announce(&self, typed: &TypedWords) {
        let line = typed.line();
        self.speak(|page| {
            page.verbatim(&format!("  $ {line}"));
            page.blank();
        });
    }

    /// Keeps a command for the report.
    pub(super) fn note(&mut self, typed: &TypedWords, data: Option<Box<RawValue>>) {
        if let Some(step) = self.steps.last_mut() {
            step.commands.push(Ran { command: typed.line(), data });
        }
    }

    /// Shows text to a person; programs get the report only.
    pub(super) fn speak(&self, fill: impl FnOnce(&mut Page)) {
        if self.context.ui.form() == OutputFormat::Text {
            let mut page = Page::new(Ui::medium());
            fill(&mut page);
            // The tour is a conversation: nothing is lost when its output is closed.
            let _ = ui::print_raw(&page.into_text());
        }
    }

    /// Asks the chain itself, past every server and ledger.
    pub(super) fn chain<T>(&self, ask: impl FnOnce(&PracticeChain) -> T) -> T {
        ask(&self.server.chain().lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn close(self) -> Vec<Step> {
        self.server.stop();
        self.steps
    }
}

/// One paragraph on a terminal, where it is wrapped; two lines for everything else.
fn about_lines(about: [&str; 2], page: &mut Page) {
    match Ui::medium() {
        Medium::Terminal(_) => page.line(&about.join(" ")),
        Medium::Plain => about.iter().for_each(|line| page.line(line)),
    }
}

/// An interrupt ends the tour and the server with it; it says where everything stays.
fn say_where_on_the_way_out(form: OutputFormat, home: &Path) {
    let farewell = format!("\nStopped. Everything so far is kept in {}", home.display());
    // Without a handler the interrupt still ends the tour.
    let _ = ctrlc::set_handler(move || {
        Ui::new(form).say(&farewell);
        std::process::exit(i32::from(Kind::Declined.exit_code()));
    });
}

/// A folder that does not exist yet: `practice/tour-1`, `practice/tour-2`, ...
fn new_folder(home: &Path) -> Result<PathBuf, PracticeCliError> {
    use std::os::unix::fs::DirBuilderExt;
    let practice = home.join("practice");
    serve::private_folder(&practice)?;
    let mut last = PracticeCliError::Folder { path: practice.clone(), cause: std::io::ErrorKind::AlreadyExists.into() };
    for path in (1..=MAX_TOURS).map(|number| practice.join(format!("tour-{number}"))) {
        match std::fs::DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => return Ok(path),
            Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(cause) => {
                last = PracticeCliError::Folder { path, cause };
                break;
            }
        }
    }
    Err(last)
}

/// The tour's wallet and the copy restored from its words.
pub(crate) const WALLET: &str = "practice";

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn every_tour_has_a_private_folder_of_its_own() {
        let home = tempfile::tempdir().unwrap();
        let (first, second) = (new_folder(home.path()).unwrap(), new_folder(home.path()).unwrap());
        assert_ne!(first, second);
        for folder in [&first, &second] {
            assert_eq!(std::fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
        }
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("practice"), b"").unwrap();
        let error = new_folder(home.path()).unwrap_err();
        assert!(error.to_string().contains("practice"), "{error}");
    }
}
