//! What a command hands to the CLI: data for programs, a page for people, warnings for both, and an exit code.
//!
//! One JSON document on stdout, success or failure (docs/output.md). Nothing here prints.

use fastness::{
    explain::{Failure, Kind},
    ledger::Ledger,
    review::Warning,
};
use serde::Serialize;

use crate::cli::page::Page;

/// The reader of stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutputFormat {
    /// A person, or a simple script.
    Text,
    /// A program: one JSON document.
    Json,
}

/// Version of the JSON envelope.
const SCHEMA: u32 = 1;

/// Opens the ledger, for a result that is to be noted there.
pub(crate) type OpenLedger<'a> = &'a mut dyn FnMut() -> Result<Ledger, Failure>;

/// A result that knows how a person reads it.
pub(crate) trait Report: Serialize {
    /// Writes the page for a person.
    fn page(&self, page: &mut Page);

    /// Things to know, printed on stderr for a person and listed in JSON.
    fn warnings(&self) -> Vec<Warning> {
        Vec::new()
    }

    /// The exit code, 0 unless the outcome is one to act on.
    fn exit_code(&self) -> u8 {
        0
    }

    /// Runs once the result was printed.
    ///
    /// # Errors
    /// What was to be noted could not be.
    fn told(&self, _ledger: OpenLedger<'_>) -> Result<(), Failure> {
        Ok(())
    }
}

/// Any report, whatever its type.
pub(crate) trait Outcome {
    /// The JSON document of a success.
    fn json(&self) -> Result<String, Failure>;
    /// Writes the page for a person.
    fn page(&self, page: &mut Page);
    /// Things to know.
    fn warnings(&self) -> Vec<Warning>;
    /// The exit code.
    fn exit_code(&self) -> u8;
    /// Runs once the result was printed.
    fn told(&self, ledger: OpenLedger<'_>) -> Result<(), Failure>;
}

#[derive(Serialize)]
struct Success<'a, T: Serialize> {
    schema: u32,
    data: &'a T,
    warnings: Vec<Warning>,
}

#[derive(Serialize)]
struct ErrorDocument<'a> {
    schema: u32,
    error: ErrorBody<'a>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    code: &'a str,
    message: String,
    causes: Vec<String>,
    hint: &'a str,
}

impl<T: Report> Outcome for T {
    fn json(&self) -> Result<String, Failure> {
        let document = Success { schema: SCHEMA, data: self, warnings: Report::warnings(self) };
        serde_json::to_string_pretty(&document).map_err(|_| super::CliError::Unprintable.into())
    }

    fn page(&self, page: &mut Page) {
        Report::page(self, page);
    }

    fn warnings(&self) -> Vec<Warning> {
        Report::warnings(self)
    }

    fn exit_code(&self) -> u8 {
        Report::exit_code(self)
    }

    fn told(&self, ledger: OpenLedger<'_>) -> Result<(), Failure> {
        Report::told(self, ledger)
    }
}

/// The JSON document of a failure.
pub(crate) fn failure_json(failure: &Failure) -> String {
    let entry = failure.entry();
    let error = ErrorBody { code: entry.code, message: failure.message(), causes: failure.causes(), hint: entry.hint };
    serde_json::to_string_pretty(&ErrorDocument { schema: SCHEMA, error }).unwrap_or_default()
}

/// What a failure is called in front of its code: a stop is something we refuse to do for the person's sake.
pub(crate) const fn failure_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Refused | Kind::Verification => "stop",
        _ => "error",
    }
}

/// What a command answers: a report, or nothing if it already showed everything.
pub(crate) type Answer = Result<Option<Box<dyn Outcome>>, Failure>;

/// A report as an answer.
pub(crate) fn answer(report: impl Outcome + 'static) -> Answer {
    Ok(Some(Box::new(report)))
}
