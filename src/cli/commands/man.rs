//! `man`: the manual page in roff, for `man -l -` or a package.

use super::Answer;
use crate::cli::{DeskError, context::Context, definition, ui};

/// The man page, on stdout
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The page of this command instead of the whole program's
    command: Option<String>,
}

impl Args {
    pub(crate) fn run(&self, _context: &mut Context) -> Answer {
        let whole = definition();
        let page = match &self.command {
            None => whole,
            Some(name) => whole.find_subcommand(name).cloned().ok_or_else(|| {
                DeskError::Usage(format!("there is no command `{}`", fastness::text::SafeText::new(name)))
            })?,
        };
        let mut roff = Vec::new();
        clap_mangen::Man::new(page).render(&mut roff).map_err(|_| DeskError::Unprintable)?;
        ui::print_raw(&String::from_utf8_lossy(&roff))?;
        Ok(None)
    }
}
