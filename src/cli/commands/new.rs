//! `new`: being written.

use super::Answer;
use crate::cli::{DeskError, context::Context};

/// Being written
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

impl Args {
    pub(crate) fn run(&self, _context: &mut Context) -> Answer {
        Err(DeskError::Usage("not built yet".to_owned()).into())
    }
}
