//! This program started again as a sealed child that signs: what it is told, what it answers, and its errors passed on.
//!
//! The parent holds no key. It believes nothing that the child answers before it has compared it with the plan.

use std::{
    ffi::{OsStr, OsString},
    io::{Read, Write},
    process::{Child, ChildStderr, Command, Output, Stdio},
};

use super::{
    CliError,
    context::{Assent, Context},
    interrupts,
    limits::LimitArgs,
};
use fastness::{
    chain::bitcoin::{Ownership, decode},
    explain::Failure,
    flow::bitcoin::{Draft, SignedFile},
    text::SafeText,
};
use rustix::fs::FileType;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Starts this program again as `sign -`, hands it the draft, and reads back what it signed. `unusual` are the addresses that
/// were agreed to by name.
pub(crate) fn sign_in_child(
    context: &mut Context,
    draft: &Draft,
    limits: &LimitArgs,
    unusual: &[String],
) -> Result<SignedFile, Failure> {
    let wallet = context.wallet()?;
    let mut words = ChildWords::of_signer(context, Some(wallet.as_str()))?;
    unusual.iter().for_each(|address| words.option("to-unusual", Some(address)));
    let digest = decode::examine(&draft.plan, &Ownership::new(Vec::new())).review.digest;
    let limits = limits.for_child(context.consent(), digest);
    let raw = run_signer(&words.limited(&limits, context.consent()), draft.to_text()?.as_bytes())?;
    SignedFile::of_draft(draft, &raw)
}

/// Runs a sealed child that signs what it reads, and answers with the raw bytes in hex that it reports.
pub(crate) fn run_signer(words: &[OsString], draft: &[u8]) -> Result<Vec<u8>, Failure> {
    raw_of(&started(words, draft)?)
}

/// Runs a sealed child that signs what it reads, and answers with everything that it reports.
pub(crate) fn document(words: &[OsString], draft: &[u8]) -> Result<Map<String, Value>, Failure> {
    data_of(&started(words, draft)?)
}

/// What a child answered that signed.
fn started(words: &[OsString], draft: &[u8]) -> Result<Vec<u8>, Failure> {
    let child = |what: &str| CliError::Child(what.to_owned());
    let program = std::env::current_exe().map_err(|_| child("this program does not find itself"))?;
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr_of_child());
    let mut running = command.spawn().map_err(|_| child("it does not start"))?;
    relay(running.stderr.take());
    let output = interrupts::while_child_works(running.id(), || {
        if let Some(mut stdin) = running.stdin.take() {
            // A child that ended early says why by itself.
            let _ = stdin.write_all(draft);
        }
        whole_answer(running)
    })?;
    let output = output.map_err(|_| child("its answer cannot be read"))?;
    match output.status.code() {
        Some(0) => Ok(output.stdout),
        other => Err(relayed(&output.stdout, other)),
    }
}

/// Everything that a child says on its standard output, and how it ended. The standard library's `wait_with_output` panics
/// where a pipe cannot be read.
fn whole_answer(mut running: Child) -> std::io::Result<Output> {
    let mut stdout = Vec::new();
    let read = running.stdout.take().map_or(Ok(0), |mut pipe| pipe.read_to_end(&mut stdout));
    let status = running.wait()?;
    read.map(|_| Output { status, stdout, stderr: Vec::new() })
}

/// The child's standard error: ours, or a pipe where ours is a socket, which a sealed process refuses.
pub(crate) fn stderr_of_child() -> Stdio {
    let found = rustix::fs::fstat(std::io::stderr()).map(|found| FileType::from_raw_mode(found.st_mode));
    if found == Ok(FileType::Socket) { Stdio::piped() } else { Stdio::inherit() }
}

/// Passes on what a child says on a pipe, as long as it speaks.
pub(crate) fn relay(stderr: Option<ChildStderr>) {
    if let Some(mut stderr) = stderr {
        // Words that are not heard fail nothing.
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::stderr()));
    }
}

/// What a child signed of several plans at once, in their order: each must be the plan that it was given.
pub(crate) fn all_signed_by_child(drafts: &[Draft], stdout: &[u8]) -> Result<Vec<SignedFile>, Failure> {
    let not_understood = || CliError::Child("its answer is not understood".to_owned());
    let data = data_of(stdout)?;
    let signed = data.get("signed").and_then(Value::as_array).ok_or_else(not_understood)?;
    if signed.len() != drafts.len() {
        return Err(not_understood().into());
    }
    let mut files = Vec::new();
    for (draft, one) in drafts.iter().zip(signed) {
        let raw = one.get("raw").and_then(Value::as_str).ok_or_else(not_understood)?;
        files.push(SignedFile::of_draft(draft, raw.as_bytes())?);
    }
    Ok(files)
}

/// The command line of a sealed child. Paths are handed on as they are, whatever their bytes.
#[derive(Debug)]
pub(crate) struct ChildWords(Vec<OsString>);

impl ChildWords {
    /// A child that signs what comes on its standard input, with this process's wallet and secrets' sources.
    /// Without a wallet, the child finds the draft's own.
    pub(crate) fn of_signer(context: &mut Context, wallet: Option<&str>) -> Result<Self, Failure> {
        Self::of(context, &["sign", "-", "--json"], wallet)
    }

    /// A child that begins with these words, with this process's home and secrets' sources, and this wallet.
    pub(crate) fn of(context: &mut Context, words: &[&str], wallet: Option<&str>) -> Result<Self, Failure> {
        let mut words = Self::new(words);
        let globals = context.globals().clone();
        words.option("wallet", wallet);
        words.option("home", Some(context.home()?.root()));
        words.option("password-fd", globals.password_fd.map(|number| number.to_string()));
        words.option("password-file", globals.password_file);
        words.option("passphrase-fd", globals.passphrase_fd.map(|number| number.to_string()));
        Ok(words)
    }

    /// Begins with these words.
    pub(crate) fn new(words: &[&str]) -> Self {
        Self(words.iter().map(OsString::from).collect())
    }

    /// Adds `--name=value`, if there is a value.
    pub(crate) fn option(&mut self, name: &str, value: Option<impl AsRef<OsStr>>) {
        if let Some(value) = value {
            let mut word = OsString::from(format!("--{name}="));
            word.push(value);
            self.0.push(word);
        }
    }

    /// Adds a word that stands alone.
    pub(crate) fn flag(&mut self, word: &str) {
        self.0.push(word.into());
    }

    /// All of it.
    pub(crate) fn whole(self) -> Vec<OsString> {
        self.0
    }

    /// Ends with the limits and the consent.
    pub(crate) fn limited(mut self, limits: &LimitArgs, consent: Assent) -> Vec<OsString> {
        self.option("max-fee", limits.max_fee.as_ref());
        self.option("approve", limits.approve.as_ref());
        limits.max_total.iter().for_each(|amount| self.option("max-total", Some(amount)));
        limits.expect_to.iter().for_each(|address| self.option("expect-to", Some(address)));
        if consent == Assent::Given {
            self.0.push("--yes".into());
        }
        self.0
    }
}

#[derive(Deserialize)]
struct ChildDocument<T> {
    #[serde(alias = "error")]
    data: T,
}

#[derive(Deserialize)]
struct ChildError {
    code: String,
    message: String,
}

/// The signed bytes in hex that a child reports.
pub(crate) fn raw_of(stdout: &[u8]) -> Result<Vec<u8>, Failure> {
    match data_of(stdout)?.remove("raw") {
        Some(Value::String(raw)) => Ok(raw.into_bytes()),
        _ => Err(CliError::Child("its answer holds no signed bytes".to_owned()).into()),
    }
}

fn data_of(stdout: &[u8]) -> Result<Map<String, Value>, Failure> {
    let document: ChildDocument<Map<String, Value>> =
        serde_json::from_slice(stdout).map_err(|_| CliError::Child("its answer is not understood".to_owned()))?;
    Ok(document.data)
}

/// The child's own error, with its code, so that a script sees the same as from `sign`.
pub(crate) fn relayed(stdout: &[u8], exit: Option<i32>) -> Failure {
    let known = serde_json::from_slice::<ChildDocument<ChildError>>(stdout).ok().and_then(|document| {
        let entry = super::all_errors().into_iter().find(|entry| entry.code == document.data.code)?;
        Some(super::cli_error::Relayed { entry, message: SafeText::new(&document.data.message).to_string() })
    });
    match known {
        Some(relayed) => relayed.into(),
        None => CliError::Child(format!(
            "it ended with {}",
            exit.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"))
        ))
        .into(),
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::{Psbt, Transaction, TxIn, TxOut, absolute::LockTime, transaction::Version};
    use fastness::network::Network;

    use super::*;

    #[test]
    fn every_answer_belongs_to_its_own_plan() {
        let (input, output) = (vec![TxIn::default()], vec![TxOut::NULL]);
        let plan = Transaction { version: Version::TWO, lock_time: LockTime::ZERO, input, output };
        let psbt = Psbt::from_unsigned_tx(plan).unwrap().serialize();
        let drafts = [Draft::read(&psbt, Some(Network::Regtest)).unwrap()];
        for answer in
            [r#"{"data": {"signed": []}}"#, r#"{"data": {}}"#, "{}", "", r#"{"data": {"signed": [{"raw": 1}]}}"#]
        {
            let error = all_signed_by_child(&drafts, answer.as_bytes()).unwrap_err();
            assert_eq!(error.entry().code, "desk.sealed_process", "{answer}");
        }
    }
}
