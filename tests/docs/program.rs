//! The program, as the documents use it: run in an empty home, and asked for the help of its commands.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    process::{Command, Stdio},
};

use super::reading;

/// An empty home, without a terminal or an environment.
pub(crate) struct Home {
    folder: tempfile::TempDir,
}

/// What the program answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) stdout: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("home")).unwrap();
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(folder.path().join("home"), private).unwrap();
        Self { folder }
    }

    /// Puts a file into the home.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join("home").join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

    pub(crate) fn run(&self, words: &[&str]) -> Answer {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fastness"));
        command.env_clear().stdin(Stdio::null()).current_dir(self.folder.path());
        let output = command.arg("--home").arg(self.folder.path().join("home")).args(words).output().unwrap();
        Answer { code: output.status.code().unwrap_or(-1), stdout: String::from_utf8(output.stdout).unwrap() }
    }
}

/// Help texts by command, each asked for once.
pub(crate) struct Helps {
    home: Home,
    known: RefCell<BTreeMap<String, String>>,
}

impl Helps {
    pub(crate) fn new() -> Self {
        Self { home: Home::new(), known: RefCell::new(BTreeMap::new()) }
    }

    /// What `fastness COMMAND --help` prints, or nothing if there is no such command.
    fn of(&self, command: &[&str]) -> Option<String> {
        let name = command.join(" ");
        let mut known = self.known.borrow_mut();
        let text = known.entry(name).or_insert_with(|| {
            let answer = self.home.run(&[command, &["--help"]].concat());
            if answer.code == 0 { answer.stdout } else { String::new() }
        });
        (!text.is_empty()).then(|| text.clone())
    }
}

/// Commands and options that a document names and the program does not know.
pub(crate) fn unknown_words(path: &str, text: &str, helps: &Helps) -> Vec<String> {
    let lines = reading::typed(text);
    let commands = lines.iter().flat_map(|line| line.split("&&").flat_map(|part| part.split('|')));
    let fastness = commands.filter_map(|command| {
        let command = command.trim();
        let words = command.strip_prefix("$ ").unwrap_or(command).strip_prefix("fastness ")?;
        Some(words.split_whitespace().collect::<Vec<_>>())
    });
    fastness.filter_map(|words| unknown(&words, helps)).map(|what| format!("{path}: {what}")).collect()
}

/// The first word of a command line that the program does not know.
fn unknown(words: &[&str], helps: &Helps) -> Option<String> {
    let shown = words.join(" ");
    let mut command: Vec<&str> = Vec::new();
    let mut help = helps.of(&[])?;
    // Options of the whole program may stand before the command, if they are of one word.
    let rest = words.iter().skip_while(|word| word.starts_with('-'));
    for word in rest.filter(|word| !word.starts_with('-')) {
        if !help.contains("Commands:") {
            break;
        }
        if !word.chars().all(|c| c.is_ascii_lowercase()) || (command.is_empty() && *word == "help") {
            return None;
        }
        command.push(word);
        match helps.of(&command) {
            Some(found) => help = found,
            None => return Some(format!("`fastness {shown}`: there is no `{}`", command.join(" "))),
        }
    }
    let options = words.iter().filter(|word| word.starts_with('-') && word.len() > 1);
    let mut names = options.filter_map(|word| word.split('=').next());
    let missing = names.find(|name| !help.split([' ', ',', '\n', '=']).any(|word| word == *name));
    missing.map(|name| format!("`fastness {shown}`: `{}` has no {name}", command.join(" ")))
}
