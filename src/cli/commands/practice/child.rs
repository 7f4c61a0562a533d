//! Runs this same program on the tour's home: what the tour shows is what the commands do.
//!
//! A child gets no standard input, and its answers as options. Errors keep their code. Must not run anything else.

use std::{
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Command, Stdio},
};

use super::error::PracticeCliError;
use crate::cli::{CliError, all_errors, cli_error::Relayed, ui::Ui};
use fastness::{explain::Failure, text::SafeText};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

/// No command of the tour says more on stderr.
const MAX_STDERR: u64 = 100_000;

/// Named where a person has to name it; elsewhere the wallet's accounts know, and the tour makes sure.
pub(super) const NETWORK: &str = "--network";

/// A command of the tour: what a person types, and the options that answer in the person's place.
#[derive(Clone, Copy, Debug)]
pub(super) struct TypedWords<'a> {
    pub(super) words: &'a [&'a str],
    pub(super) answers: &'a [&'a str],
}

/// This program, with the options that tie it to the tour's home and chain.
#[derive(Debug)]
pub(super) struct Program {
    path: PathBuf,
    folder: PathBuf,
    options: Vec<String>,
}

#[derive(Deserialize)]
struct SuccessJson {
    data: Box<RawValue>,
}

#[derive(Deserialize)]
struct RefusalJson {
    error: Told,
}

/// What a child says of its failure.
#[derive(Deserialize)]
struct Told {
    code: String,
    message: String,
}

impl TypedWords<'_> {
    /// The line as it is typed.
    pub(super) fn line(&self) -> String {
        format!("fastness {}", self.words.join(" "))
    }

    fn failed(&self, why: String) -> Failure {
        PracticeCliError::Step { command: self.line(), why }.into()
    }
}

impl Program {
    /// This program on `folder` as its home, asking the explorer at `url`.
    pub(super) fn new(folder: PathBuf, url: &str) -> Result<Self, Failure> {
        let path =
            std::env::current_exe().map_err(|_| CliError::Child("this program does not find itself".to_owned()))?;
        let home = folder.display().to_string();
        let options = ["--home", &home, "--explorer", url].map(str::to_owned).to_vec();
        Ok(Self { path, folder, options })
    }

    fn command(&self, typed: &TypedWords) -> Command {
        let mut command = Command::new(&self.path);
        command.args(typed.words).args(typed.answers).args(&self.options);
        if !typed.words.contains(&NETWORK) {
            command.args([NETWORK, "regtest"]);
        }
        command.current_dir(&self.folder).env_remove("FASTNESS_HOME").stdin(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// Runs a command that shows its result to the person itself.
    pub(super) fn show(&self, ui: &Ui, typed: &TypedWords) -> Result<(), Failure> {
        let mut child = self.command(typed).spawn().map_err(|error| typed.failed(error.to_string()))?;
        let told = child.stderr.take().and_then(|stderr| listen(ui, stderr));
        let status = child.wait().map_err(|error| typed.failed(error.to_string()))?;
        if status.success() {
            return Ok(());
        }
        Err(told.and_then(relayed).unwrap_or_else(|| typed.failed(ended(status.code()))))
    }

    /// Runs a command for its data.
    pub(super) fn data(&self, typed: &TypedWords) -> Result<Box<RawValue>, Failure> {
        let output = self.command(typed).arg("--json").output().map_err(|error| typed.failed(error.to_string()))?;
        if output.status.success() {
            let document: Result<SuccessJson, _> = serde_json::from_slice(&output.stdout);
            return document.map(|it| it.data).map_err(|_| typed.failed("its answer is not understood".to_owned()));
        }
        let told = serde_json::from_slice::<RefusalJson>(&output.stdout).ok().map(|document| document.error);
        Err(told.and_then(relayed).unwrap_or_else(|| typed.failed(ended(output.status.code()))))
    }

    /// Runs a command that changes nothing, for the figures in its data.
    pub(super) fn ask<T: DeserializeOwned>(&self, words: &[&str]) -> Result<T, Failure> {
        let typed = TypedWords { words, answers: &[] };
        self.read(&typed)
    }

    /// Runs a command for the figures in its data.
    pub(super) fn read<T: DeserializeOwned>(&self, typed: &TypedWords) -> Result<T, Failure> {
        let data = self.data(typed)?;
        serde_json::from_str(data.get()).map_err(|_| typed.failed("its data is not understood".to_owned()))
    }
}

/// Passes warnings on as they come; keeps the failure, which the tour tells in its own place.
fn listen(ui: &Ui, stderr: impl Read) -> Option<Told> {
    let mut told = None;
    for line in BufReader::new(stderr.take(MAX_STDERR)).lines() {
        let Ok(line) = line else { break };
        match failure_line(&line) {
            Some(failure) => told = Some(failure),
            None if told.is_none() && line.starts_with("warning[") => ui.say(&line),
            None => {}
        }
    }
    told
}

/// `error[code]: message` or `stop[code]: message`.
fn failure_line(line: &str) -> Option<Told> {
    let rest = line.strip_prefix("error[").or_else(|| line.strip_prefix("stop["))?;
    let (code, message) = rest.split_once("]: ")?;
    Some(Told { code: code.to_owned(), message: message.to_owned() })
}

/// The child's own error, with its code, hint and exit code.
fn relayed(told: Told) -> Option<Failure> {
    let entry = all_errors().into_iter().find(|entry| entry.code == told.code)?;
    Some(Relayed { entry, message: SafeText::new(told.message.lines().next().unwrap_or_default()).to_string() }.into())
}

fn ended(code: Option<i32>) -> String {
    code.map_or_else(|| "it was ended by a signal".to_owned(), |code| format!("it ended with exit code {code}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_keep_their_code() {
        let told = failure_line("stop[practice.tour_balance]: the wallet holds 1 sat").expect("a failure");
        let failure = relayed(told).expect("a known code");
        assert_eq!(failure.entry().code, "practice.tour_balance");
        assert_eq!(failure.message(), "the wallet holds 1 sat");
        assert!(failure_line("warning[odd]: x").is_none() && failure_line("hint: error[x]: y").is_none());
        assert!(relayed(Told { code: "no.such_code".to_owned(), message: String::new() }).is_none());
    }
}
