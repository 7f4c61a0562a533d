//! The sealed child of a sweep, from the side of its parent: what it is told, and what it answers.
//!
//! It is told drafts and answers with a public key, then with signed transactions, which must be those drafts.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdout, Command, Stdio},
};

use super::Args;
use crate::cli::{
    CliError,
    context::Context,
    interrupts,
    sealed_child::{self, ChildWords},
};
use bitcoin::secp256k1::PublicKey;
use fastness::{
    explain::Failure,
    flow::bitcoin::{Draft, SignedFile},
    ledger::bitcoin::AccountRow,
};

/// The last words of a sealed child that did not get as far as its answer.
const NO_ANSWER: &str = "it ended before it had read the key";
/// Between two drafts; no draft's text holds it.
pub(super) const SEPARATOR: &str = "\0";

/// The sealed child while it waits for the drafts.
pub(super) struct SealedChild {
    process: Child,
    answers: BufReader<ChildStdout>,
}

impl SealedChild {
    /// Starts it; it asks for the key by itself.
    pub(super) fn start(args: &Args, context: &mut Context, row: &AccountRow) -> Result<Self, Failure> {
        let mut words = ChildWords::new(&["sweep", "--sealed-child", "--json"]);
        words.option("wallet", Some(&row.wallet));
        words.option("account", Some(&row.name));
        words.option("network", Some(row.account.network.name()));
        words.option("home", Some(context.home()?.root()));
        let globals = context.globals().clone();
        words.option("password-fd", globals.password_fd.map(|number| number.to_string()));
        words.option("password-file", globals.password_file);
        words.option("passphrase-fd", globals.passphrase_fd.map(|number| number.to_string()));
        words.option("key-fd", args.key_fd.map(|number| number.to_string()));
        words.option("key-file", args.key_file.as_ref());
        let words = words.limited(&args.limits, context.consent());
        let gone = |_| CliError::Child("it does not start".to_owned());
        let program = std::env::current_exe().map_err(gone)?;
        let mut command = Command::new(program);
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(sealed_child::stderr_of_child());
        let mut process = command.spawn().map_err(gone)?;
        sealed_child::relay(process.stderr.take());
        let stdout = process.stdout.take().ok_or_else(|| CliError::Child("it has no output".to_owned()))?;
        Ok(Self { process, answers: BufReader::new(stdout) })
    }

    /// The first line that the child prints.
    pub(super) fn public_key(&mut self) -> Result<PublicKey, Failure> {
        let mut line = String::new();
        let read = interrupts::while_child_works(self.process.id(), || self.answers.read_line(&mut line))?;
        read.map_err(|_| CliError::Child(NO_ANSWER.to_owned()))?;
        match line.trim().parse() {
            Ok(key) => Ok(key),
            Err(_) => Err(self.failed(line)),
        }
    }

    /// Hands the drafts over and reads the signed transactions, in the same order.
    pub(super) fn sign(mut self, drafts: &[Draft]) -> Result<Vec<SignedFile>, Failure> {
        let texts = drafts.iter().map(Draft::to_text).collect::<Result<Vec<_>, _>>()?;
        if let Some(mut stdin) = self.process.stdin.take() {
            let _ = stdin.write_all(texts.join(SEPARATOR).as_bytes());
        }
        let text = interrupts::while_child_works(self.process.id(), || self.rest(String::new()))??;
        match self.process.wait().ok().and_then(|status| status.code()) {
            Some(0) => sealed_child::all_signed_by_child(drafts, text.as_bytes()),
            other => Err(sealed_child::relayed(text.as_bytes(), other)),
        }
    }

    fn failed(&mut self, begun: String) -> Failure {
        drop(self.process.stdin.take());
        match self.rest(begun) {
            Ok(text) => {
                sealed_child::relayed(text.as_bytes(), self.process.wait().ok().and_then(|status| status.code()))
            }
            Err(failure) => failure,
        }
    }

    fn rest(&mut self, mut text: String) -> Result<String, Failure> {
        std::io::Read::read_to_string(&mut self.answers, &mut text)
            .map_err(|_| CliError::Child(NO_ANSWER.to_owned()))?;
        Ok(text)
    }
}
