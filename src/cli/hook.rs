//! A command of the person that is run for an event, with the event as JSON on its standard input: a shop's hook.
//!
//! It runs in a process group of its own, so that an interrupt at the terminal does not end it half-way. The process
//! that starts it opened no keystore, so that it can inherit no secret; and nothing that it writes is read.

use std::{
    io::Write,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
};

use super::CliError;

/// A hook that was started and waits for its event.
pub(crate) struct StartedHook(Child);

/// Starts a shell with the person's command.
///
/// # Errors
/// No shell could be started.
pub(crate) fn start(command: &str) -> Result<StartedHook, CliError> {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).stdin(Stdio::piped()).stdout(Stdio::null()).process_group(0);
    let child = shell.spawn().map_err(|error| CliError::Usage(format!("the hook does not start: {error}")))?;
    Ok(StartedHook(child))
}

impl StartedHook {
    /// Hands the event over, and waits until the hook has ended; whether it ended well.
    pub(crate) fn told(mut self, event: &str) -> bool {
        if let Some(mut stdin) = self.0.stdin.take() {
            // A hook that does not want to read it ends by itself.
            let _ = stdin.write_all(event.as_bytes()).and_then(|()| stdin.write_all(b"\n"));
        }
        self.0.wait().is_ok_and(|status| status.success())
    }
}
