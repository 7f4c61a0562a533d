//! What a command hands to the front desk: data for programs, a page for people, warnings for both, and an exit code.
//!
//! One JSON document on stdout, success or failure (docs/output.md). Nothing here prints.

use super::{
    context::Context,
    page::Page,
    ui::{self, Form},
};
use fastness::{
    explain::{Failure, Kind},
    review::Warning,
};
use serde::Serialize;

/// Version of the JSON envelope.
const SCHEMA: u32 = 1;

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
    fn told(&self, _context: &mut Context) -> Result<(), Failure> {
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
    fn told(&self, context: &mut Context) -> Result<(), Failure>;
}

/// Text for another program, such as a script for a shell.
#[derive(Serialize)]
struct ForPrograms {
    text: String,
}

impl Report for ForPrograms {
    fn page(&self, page: &mut Page) {
        page.verbatim(&self.text);
    }
}

/// Such text: byte for byte on stdout, or a string of the one JSON document.
///
/// # Errors
/// It could not be written.
pub(crate) fn for_programs(context: &Context, text: &str) -> Result<Option<Box<dyn Outcome>>, Failure> {
    if context.ui.form() == Form::Json {
        return Ok(Some(Box::new(ForPrograms { text: text.to_owned() })));
    }
    ui::print_raw(text)?;
    Ok(None)
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
        serde_json::to_string_pretty(&document).map_err(|_| super::DeskError::Unprintable.into())
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

    fn told(&self, context: &mut Context) -> Result<(), Failure> {
        Report::told(self, context)
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
