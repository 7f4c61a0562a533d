//! `man`: the manual page in roff, for `man -l -` or a package.

use crate::cli::{CliError, context::Context, definition, report::Answer};

/// The man page, on stdout
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The page of this command instead of the whole program's
    command: Option<String>,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let whole = definition();
        let page = match &self.command {
            None => clap_mangen::Man::new(whole),
            Some(name) => {
                let command = whole.find_subcommand(name).cloned().ok_or_else(|| {
                    CliError::Usage(format!("there is no command `{}`", fastness::text::SafeText::new(name)))
                })?;
                let command = command.bin_name(format!("fastness {name}"));
                clap_mangen::Man::new(command).title(format!("fastness-{name}"))
            }
        };
        let mut roff = Vec::new();
        page.render(&mut roff).map_err(|_| CliError::Unprintable)?;
        context.ui.for_programs(&String::from_utf8_lossy(&roff))
    }
}
