//! What the tour leaves behind: its steps and figures for programs, and what to type next for a person.
//!
//! Shows; the tour is walked in tour.rs and checked in checks.rs.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::cli::{commands::practice::figures::Figures, page::Page, report::Report};

/// A step as JSON has it.
#[derive(Serialize)]
pub(super) struct Step {
    pub(super) number: usize,
    pub(super) title: &'static str,
    pub(super) height: u32,
    pub(super) commands: Vec<Ran>,
}

#[derive(Serialize)]
pub(super) struct Ran {
    pub(super) command: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data: Option<Box<RawValue>>,
}

/// The tour as a whole.
#[derive(Serialize)]
pub(super) struct TourReport {
    pub(super) home: String,
    pub(super) steps: Vec<Step>,
    /// Without the time the person took to read.
    pub(super) seconds: u64,
    /// Absent when the person left before the end.
    pub(super) figures: Option<Figures>,
}

impl Report for TourReport {
    fn page(&self, page: &mut Page) {
        match &self.figures {
            Some(_) => page.line(&format!(
                "That was a whole payment, twice, in {} s. Every figure was checked against the chain itself.",
                self.seconds
            )),
            None => page.line(&format!("Left after step {} of {STEPS}. Everything so far is kept.", self.steps.len())),
        }
        page.field("Kept in", &self.home);
        page.blank();
        page.line("Go on from here: one terminal runs the chain,");
        page.verbatim(&format!("  fastness practice serve --dir {}/chain", self.home));
        page.line(&format!("and another uses the wallet (its password is in the file `{PASSWORD_FILE}` there):"));
        page.verbatim(&format!("  fastness --home {} balance -w practice", self.home));
        page.line("Or do it all by hand; this says what to type next:");
        page.verbatim("  fastness practice serve");
    }
}

/// Steps of the tour.
pub(crate) const STEPS: usize = 9;

/// Where the tour keeps it.
pub(crate) const PASSWORD_FILE: &str = "password";
