//! Plants breaks one by one in a copy of the tree and expects each one's test to fail, after it compiled.
//!
//! The tree itself is never changed.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Instant,
};

use tempfile::TempDir;

use crate::list::{Break, root};

/// What a copy of the tree needs.
const PARTS: [&str; 9] =
    ["src", "tests", "benches", "docs", "Cargo.toml", "Cargo.lock", "README.md", ".clippy.toml", "CHANGELOG.md"];

/// How a break ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// The test noticed.
    Red,
    /// The test passed all the same.
    Green,
    /// The break does not compile, so it says nothing.
    NotCompiled,
}

/// Plants all breaks, or those of these numbers with commas between them.
pub(crate) fn all(breaks: &[Break], which: &str) {
    let numbers: Vec<usize> = which.split(',').filter_map(|number| number.parse().ok()).collect();
    let is_chosen = |number: usize| numbers.is_empty() || numbers.contains(&number);
    let chosen: Vec<_> = (1..).zip(breaks).filter(|(number, _)| is_chosen(*number)).collect();
    let copy = Copy::make();
    copy.control(chosen.iter().map(|(_, planted)| *planted));
    let mut missed = Vec::new();
    for (number, planted) in &chosen {
        let start = Instant::now();
        let end = copy.plant(planted);
        println!("{number:>3} {end:?} {:.0?} {} ({})", start.elapsed(), planted.promise, planted.test_name());
        if end != End::Red {
            missed.push(number);
        }
    }
    println!("{} breaks planted, {} noticed", chosen.len(), chosen.len() - missed.len());
    assert!(missed.is_empty(), "not noticed: {missed:?}");
}

/// A copy of the tree with a target folder of its own.
struct Copy {
    tree: TempDir,
    target: PathBuf,
}

impl Copy {
    fn make() -> Self {
        let scratch = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("breaks");
        std::fs::create_dir_all(scratch.join("target")).unwrap();
        let copy = Self { tree: tempfile::tempdir_in(&scratch).unwrap(), target: scratch.join("target") };
        for part in PARTS.map(|part| root().join(part)) {
            assert!(Command::new("cp").arg("-a").arg(part).arg(copy.tree.path()).status().unwrap().success());
        }
        for tool in ["anvil", "eth-account"] {
            let place = copy.target.join(tool);
            let _ = std::fs::remove_file(&place);
            let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).join("..").join(tool);
            let _ = std::os::unix::fs::symlink(tools, place);
        }
        copy
    }

    /// Without a break every test is green, or its red would say nothing.
    fn control<'a>(&self, breaks: impl Iterator<Item = &'a Break>) {
        let mut by_target: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for planted in breaks {
            let (target, name) = planted.target_and_name();
            by_target.entry(target).or_default().push(name);
        }
        for (target, names) in by_target {
            let target: Vec<&str> = target.split_whitespace().collect();
            let run = self.cargo(&[&["test", "--locked"], target.as_slice(), &["--"], names.as_slice()].concat());
            let output = String::from_utf8_lossy(&run.stdout);
            assert!(run.status.success(), "{target:?} is red without a break:\n{output}");
            println!("    {target:?} is green without a break");
        }
    }

    fn plant(&self, planted: &Break) -> End {
        let path = self.tree.path().join(&planted.file);
        let before = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, before.replacen(&planted.find, &planted.put, 1)).unwrap();
        let end = self.test(planted);
        std::fs::write(&path, before).unwrap();
        end
    }

    fn test(&self, planted: &Break) -> End {
        let (target, name) = planted.target_and_name();
        let target: Vec<&str> = target.split_whitespace().collect();
        if !self.cargo(&[&["test", "--locked", "--no-run"], target.as_slice()].concat()).status.success() {
            return End::NotCompiled;
        }
        let run = self.cargo(&[&["test", "--locked"], target.as_slice(), &["--", name]].concat());
        if run.status.success() { End::Green } else { End::Red }
    }

    fn cargo(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO"));
        command.args(arguments).current_dir(self.tree.path()).env("CARGO_TARGET_DIR", &self.target);
        command.env("FASTNESS_SPENDS", "300").env("FASTNESS_TRANSACTIONS", "50");
        command.env_remove("FASTNESS_BREAKS").output().unwrap()
    }
}
