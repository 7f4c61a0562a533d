//! `completions`: what a shell needs to complete our commands. Prints a script; installs nothing.

use clap_complete::Shell;

use crate::cli::{context::Context, definition, report::Answer};

/// Completions for a shell, on stdout
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// bash, zsh, fish, elvish or powershell
    shell: Shell,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut definition(), "fastness", &mut script);
        context.ui.for_programs(&String::from_utf8_lossy(&script))
    }
}
