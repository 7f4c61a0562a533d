//! `errors`: every error code with kind, exit code and hint, or one of them; `docs/errors.md` is the list that it prints.

use serde::Serialize;

use fastness::{explain::Entry, text::SafeText};

use crate::cli::{
    CliError, all_errors, all_kinds,
    context::Context,
    page::Page,
    report::{Answer, Report, answer},
};

/// Every error code with its exit code and hint, or one of them
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The code to explain, such as store.missing
    code: Option<String>,
}

/// One code, for a person who met it.
#[derive(Serialize)]
struct ExplainedError {
    code: &'static str,
    exit: u8,
    meaning: &'static str,
    hint: &'static str,
}

#[derive(Serialize)]
struct ErrorRow {
    code: &'static str,
    exit: u8,
    hint: &'static str,
}

#[derive(Serialize)]
struct ErrorList {
    errors: Vec<ErrorRow>,
}

impl Args {
    pub(crate) fn run(&self, _context: &mut Context) -> Answer {
        if let Some(code) = &self.code {
            return answer(explained(code)?);
        }
        let row = |entry: &Entry| ErrorRow { code: entry.code, exit: entry.kind.exit_code(), hint: entry.hint };
        answer(ErrorList { errors: all_errors().into_iter().map(row).collect() })
    }
}

fn explained(code: &str) -> Result<ExplainedError, CliError> {
    let all = all_errors();
    let found = all.iter().find(|entry| entry.code == code);
    let entry = found.ok_or_else(|| unknown(code, &all))?;
    Ok(ExplainedError {
        code: entry.code,
        exit: entry.kind.exit_code(),
        meaning: entry.kind.meaning(),
        hint: entry.hint,
    })
}

/// Names the codes of the same module.
fn unknown(code: &str, all: &[&'static Entry]) -> CliError {
    let module = code.split('.').next().unwrap_or_default();
    let is_beside = |entry: &&&Entry| entry.code.split('.').next() == Some(module);
    let near: Vec<&str> = all.iter().filter(is_beside).map(|entry| entry.code).collect();
    let shown = SafeText::new(code);
    CliError::Usage(if near.is_empty() {
        format!("`{shown}` is no error code; `fastness errors` lists all")
    } else {
        format!("`{shown}` is no error code; those of its module are {}", near.join(", "))
    })
}

impl Report for ExplainedError {
    fn page(&self, page: &mut Page) {
        page.line(self.code);
        page.field("Exit", &format!("{}: {}", self.exit, self.meaning));
        page.field("Do", self.hint);
    }
}

impl Report for ErrorList {
    fn page(&self, page: &mut Page) {
        if !page.is_plain() {
            for row in &self.errors {
                page.line(&format!("{}  (exit {})", row.code, row.exit));
                page.line(&format!("    {}", row.hint));
            }
            return;
        }
        page.verbatim(
            "# Exit codes and error codes\n\nPrinted by `fastness errors`; a test keeps this file equal to it.\n",
        );
        page.verbatim("| exit | meaning |\n|---|---|\n| 0 | done |");
        for kind in all_kinds() {
            page.verbatim(&format!("| {} | {} |", kind.exit_code(), kind.meaning()));
        }
        page.verbatim("\n| code | exit | what to do |\n|---|---|---|");
        for row in &self.errors {
            page.verbatim(&format!("| `{}` | {} | {} |", row.code, row.exit, row.hint));
        }
    }
}
