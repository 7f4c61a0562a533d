//! This program started again as a sealed child that signs: what it is told, what it answers, and its errors passed on.
//!
//! The parent holds no key. It believes nothing that the child answers before it has compared it with the plan.

use std::{
    ffi::{OsStr, OsString},
    io::Write,
    process::{Command, Stdio},
};

use fastness::{
    explain::Failure,
    flow::{Draft, FlowError, SignedFile},
    text::SafeText,
};
use serde::Deserialize;

use super::{
    DeskError,
    agreement::LimitArgs,
    context::{Consent, Context},
    interrupts,
};

/// Starts this program again as `sign -`, hands it the draft, and reads back what it signed.
pub(crate) fn sign_in_child(context: &mut Context, draft: &Draft, limits: &LimitArgs) -> Result<SignedFile, Failure> {
    let (stdout, exit) = started(&child_arguments(context, limits)?, &draft.to_text()?)?;
    signed_by_child(draft, &stdout, exit)
}

/// Runs a sealed child that signs what it reads, and answers with the raw bytes in hex that it reports.
pub(crate) fn run_signer(words: &[OsString], text: &str) -> Result<Vec<u8>, Failure> {
    let (stdout, exit) = started(words, text)?;
    if exit != Some(0) {
        return Err(relayed(&stdout, exit));
    }
    Ok(raw_of(&stdout)?)
}

fn started(words: &[OsString], text: &str) -> Result<(Vec<u8>, Option<i32>), Failure> {
    let child = |what: &str| DeskError::Child(what.to_owned());
    let program = std::env::current_exe().map_err(|_| child("this program does not find itself"))?;
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = command.spawn().map_err(|_| child("it does not start"))?;
    let output = interrupts::while_child_works(running.id(), || {
        if let Some(mut stdin) = running.stdin.take() {
            // A child that ended early says why by itself.
            let _ = stdin.write_all(text.as_bytes());
        }
        running.wait_with_output()
    })?;
    let output = output.map_err(|_| child("it did not end"))?;
    Ok((output.stdout, output.status.code()))
}

/// Reads what a child signed, which must be the plan that it was given; or passes its error on.
pub(crate) fn signed_by_child(draft: &Draft, stdout: &[u8], exit: Option<i32>) -> Result<SignedFile, Failure> {
    if exit != Some(0) {
        return Err(relayed(stdout, exit));
    }
    let signed = SignedFile::read(&raw_of(stdout)?, Some(draft.plan.network))?;
    same_payment(draft, &signed)?;
    Ok(signed)
}

/// What the child signed must be the plan that it was given.
fn same_payment(draft: &Draft, signed: &SignedFile) -> Result<(), Failure> {
    let mut bare = signed.transaction.clone();
    for input in &mut bare.input {
        (input.script_sig, input.witness) = Default::default();
    }
    let same = bare == draft.plan.psbt.unsigned_tx;
    if same { Ok(()) } else { Err(FlowError::ReviewChanged.into()) }
}

fn child_arguments(context: &mut Context, limits: &LimitArgs) -> Result<Vec<OsString>, Failure> {
    Ok(ChildWords::of_signer(context)?.limited(limits, context.consent()))
}

/// The command line of a sealed child. Paths are handed on as they are, whatever their bytes.
#[derive(Debug)]
pub(crate) struct ChildWords(Vec<OsString>);

impl ChildWords {
    /// A child that signs what comes on its standard input, with this process's wallet and secrets' sources.
    pub(crate) fn of_signer(context: &mut Context) -> Result<Self, Failure> {
        let mut words = Self::new(&["sign", "-", "--json"]);
        let globals = context.globals().clone();
        words.option("wallet", Some(context.wallet()?.as_str()));
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

    /// Ends with the limits and the consent.
    pub(crate) fn limited(mut self, limits: &LimitArgs, consent: Consent) -> Vec<OsString> {
        self.option("max-fee", limits.max_fee.as_ref());
        self.option("approve", limits.approve.as_ref());
        limits.expect_to.iter().for_each(|address| self.option("expect-to", Some(address)));
        if consent == Consent::Given {
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
struct ChildData {
    raw: String,
}

#[derive(Deserialize)]
struct ChildError {
    code: String,
    message: String,
}

fn raw_of(stdout: &[u8]) -> Result<Vec<u8>, DeskError> {
    let document: ChildDocument<ChildData> =
        serde_json::from_slice(stdout).map_err(|_| DeskError::Child("its answer is not understood".to_owned()))?;
    Ok(document.data.raw.into_bytes())
}

/// The child's own error, with its code, so that a script sees the same as from `sign`.
pub(crate) fn relayed(stdout: &[u8], exit: Option<i32>) -> Failure {
    let known = serde_json::from_slice::<ChildDocument<ChildError>>(stdout).ok().and_then(|document| {
        let entry = super::all_errors().into_iter().find(|entry| entry.code == document.data.code)?;
        Some(super::desk_error::Relayed { entry, message: SafeText::new(&document.data.message).to_string() })
    });
    match known {
        Some(relayed) => relayed.into(),
        None => DeskError::Child(format!(
            "it ended with {}",
            exit.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"))
        ))
        .into(),
    }
}
