//! `errors`: every error code with kind, exit code and hint; `docs/errors.md` is this command's output.

use serde::Serialize;

use crate::cli::{
    all_errors, all_kinds,
    context::Context,
    page::Page,
    report::{Answer, Report, answer},
};

/// Every error code with its exit code and hint
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

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
        let row = |entry: &fastness::explain::Entry| ErrorRow {
            code: entry.code,
            exit: entry.kind.exit_code(),
            hint: entry.hint,
        };
        answer(ErrorList { errors: all_errors().into_iter().map(row).collect() })
    }
}

impl Report for ErrorList {
    fn page(&self, page: &mut Page) {
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
