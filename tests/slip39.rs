//! SLIP-0039 beside its reference implementation: shares made here are joined there, and shares made there are joined here.
//! `FASTNESS_SHARES=N` asks for N random cases each
//! way, and a tenth as many with damaged shares.
//!
//! Needs what tests/slip39/install.sh puts into target/. No network.

// Helpers of a test target may stop it.
#![allow(missing_docs, clippy::unwrap_used)]

use std::{
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use fastness::keystore::{
    Passphrase, SecretBytes,
    slip39::{GroupPlan, Share, SplitPlan, join, split},
};
use hex::{DisplayHex, FromHex};
use proptest::{
    prelude::*,
    sample::Index,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};

/// Cases of a run that asks for no other number.
const DEFAULT: usize = 300;

/// The reference implementation, in a process of its own that answers line by line.
struct Reference {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Reference {
    fn start() -> Self {
        let python = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../shamir-mnemonic/current/bin/python");
        assert!(python.exists(), "{} is missing: run tests/slip39/install.sh", python.display());
        let mut command = Command::new(python);
        command.arg("tests/slip39/reference.py").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (questions, answers) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, questions, answers }
    }

    fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.questions.as_ref().unwrap(), "{question}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| unreachable!("no answer to {question}"))
    }

    fn joined(&mut self, shares: &[String], passphrase: &str) -> Value {
        self.ask(&json!({"shares": shares, "passphrase": passphrase}))
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        drop(self.questions.take());
        let _ = self.child.wait();
    }
}

/// A secret, a plan for its shares, and which of them are joined.
#[derive(Debug)]
struct Case {
    threshold: u8,
    groups: Vec<(u8, u8)>,
    exponent: u8,
    secret: Vec<u8>,
    passphrase: String,
    extendable: bool,
    order: Vec<Index>,
}

impl Case {
    fn plan(&self) -> SplitPlan {
        let groups = self.groups.iter().map(|(threshold, count)| GroupPlan::new(*threshold, *count).unwrap());
        SplitPlan::new(self.threshold, groups.collect(), self.exponent).unwrap()
    }

    /// An empty passphrase is none (SLIP-0039, "Passphrase").
    fn passphrase(&self) -> Option<Passphrase> {
        (!self.passphrase.is_empty()).then(|| Passphrase::new(self.passphrase.clone()).unwrap())
    }

    /// Exactly as many shares as are needed, of random groups and members and in random order.
    fn enough(&self, made: &[Vec<String>]) -> Vec<String> {
        let groups = self.some(made.iter().zip(&self.groups).collect(), self.threshold);
        let shares = groups.into_iter().flat_map(|(members, (threshold, _))| self.some(members.clone(), *threshold));
        let shares: Vec<String> = shares.collect();
        let count = u8::try_from(shares.len().min(255)).unwrap();
        self.some(shares, count)
    }

    fn some<T>(&self, list: Vec<T>, count: u8) -> Vec<T> {
        let mut keyed: Vec<_> = list.into_iter().zip(self.order.iter().map(|key| key.index(1 << 30))).collect();
        keyed.sort_by_key(|(_, key)| *key);
        keyed.into_iter().map(|(item, _)| item).take(usize::from(count)).collect()
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let members = prop_oneof![Just((1u8, 1u8)), (2u8..=16).prop_flat_map(|count| (2..=count, Just(count)))];
    let groups = prop_oneof![4 => 1usize..=4, 1 => 1usize..=16]
        .prop_flat_map(move |count| (1..=u8::try_from(count).unwrap(), prop::collection::vec(members.clone(), count)));
    let secret = (8usize..=16).prop_flat_map(|half| prop::collection::vec(any::<u8>(), 2 * half));
    let exponent = prop_oneof![18 => Just(0u8), 1 => Just(1), 1 => Just(2)];
    let order = prop::collection::vec(any::<Index>(), 256);
    (groups, exponent, secret, "[ -~]{0,40}", any::<bool>(), order).prop_map(
        |((threshold, groups), exponent, secret, passphrase, extendable, order)| Case {
            threshold,
            groups,
            exponent,
            secret,
            passphrase,
            extendable,
            order,
        },
    )
}

/// How many cases a run wants.
fn wanted() -> usize {
    std::env::var("FASTNESS_SHARES").ok().map_or(DEFAULT, |text| text.parse().unwrap())
}

/// Runs a check over so many random cases, which differ by their seed and are the same in every run.
fn each(seed: u8, wanted: usize, mut check: impl FnMut(&mut Reference, &Case)) {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let (strategy, mut reference) = (cases(), Reference::start());
    for _ in 0..wanted {
        check(&mut reference, &strategy.new_tree(&mut runner).unwrap().current());
    }
}

fn text(share: &Share) -> String {
    share.words().collect::<Vec<_>>().join(" ")
}

#[test]
fn shares_made_here_are_joined_there() {
    each(1, wanted(), |reference, case| {
        let secret = SecretBytes::new(case.secret.clone());
        let made = split(&secret, case.passphrase().as_ref(), &case.plan()).unwrap();
        let made: Vec<Vec<String>> = made.iter().map(|group| group.iter().map(text).collect()).collect();
        let mut shares = case.enough(&made);
        let answer = reference.joined(&shares, &case.passphrase);
        assert_eq!(answer, json!({"secret": case.secret.to_lower_hex_string()}), "{case:?}");
        shares.pop();
        let answer = reference.joined(&shares, &case.passphrase);
        assert!(answer.get("refused").is_some(), "one share fewer: {answer}, {case:?}");
    });
}

#[test]
fn shares_made_there_are_joined_here() {
    each(2, wanted(), |reference, case| {
        let question = json!({
            "secret": case.secret.to_lower_hex_string(),
            "passphrase": case.passphrase,
            "threshold": case.threshold,
            "groups": case.groups,
            "extendable": case.extendable,
            "exponent": case.exponent,
        });
        let made: Vec<Vec<String>> = serde_json::from_value(reference.ask(&question)["groups"].clone()).unwrap();
        check_facts(case, &made);
        let read = |shares: &[String]| shares.iter().map(|share| Share::parse(share).unwrap()).collect::<Vec<_>>();
        let mut shares = read(&case.enough(&made));
        let found = join(&shares, case.passphrase().as_ref()).unwrap();
        assert_eq!(found.as_bytes(), case.secret, "{case:?}");
        shares.pop();
        assert!(join(&shares, case.passphrase().as_ref()).is_err(), "one share fewer: {case:?}");
    });
}

/// Every share says what it was made for, and its words are those that were read.
fn check_facts(case: &Case, made: &[Vec<String>]) {
    for (group, (members, (threshold, count))) in (1u8..).zip(made.iter().zip(&case.groups)) {
        assert_eq!(members.len(), usize::from(*count));
        for (member, typed) in (1u8..).zip(members) {
            let share = Share::parse(typed).unwrap();
            assert_eq!(text(&share), *typed);
            assert_eq!((share.group(), share.member(), share.member_threshold()), (group, member, *threshold));
            let groups = (usize::from(share.group_count()), share.group_threshold());
            assert_eq!(groups, (case.groups.len(), case.threshold));
            let set = (share.is_extendable(), share.iteration_exponent(), share.secret_length());
            assert_eq!(set, (case.extendable, case.exponent, case.secret.len()));
        }
    }
}

/// Shares of a case with something wrong: a word replaced, one share more than is needed, or one of another set.
fn damaged(case: &Case) -> Vec<String> {
    let made = || {
        let made = split(&SecretBytes::new(case.secret.clone()), case.passphrase().as_ref(), &case.plan()).unwrap();
        made.iter().map(|group| group.iter().map(text).collect()).collect::<Vec<Vec<String>>>()
    };
    let (set, other) = (made(), made());
    let mut shares = case.enough(&set);
    let [kind, which, place, word, ..] = case.order.as_slice() else { unreachable!("256 of them") };
    let which = which.index(shares.len());
    match kind.index(3) {
        0 => {
            let words: Vec<&str> = other.iter().flatten().flat_map(|share| share.split(' ')).collect();
            let mut slipped: Vec<&str> = shares[which].split(' ').collect();
            let place = place.index(slipped.len());
            slipped[place] = words[word.index(words.len())];
            shares[which] = slipped.join(" ");
        }
        1 => shares.extend(set.into_iter().flatten().find(|share| !shares.contains(share))),
        _ => shares[which] = other.into_iter().flatten().next().unwrap(),
    }
    shares
}

/// Both refuse, or both give the same secret where nothing was damaged: the word was the same, or all shares are needed.
#[test]
fn damaged_shares_are_refused_by_both() {
    let mut refused = 0;
    each(3, wanted().div_ceil(10), |reference, case| {
        let damaged = damaged(case);
        let theirs = reference.joined(&damaged, &case.passphrase);
        let theirs = theirs.get("secret").map(|secret| Vec::<u8>::from_hex(secret.as_str().unwrap()).unwrap());
        let read: Result<Vec<Share>, _> = damaged.iter().map(|share| Share::parse(share)).collect();
        let ours = read.and_then(|shares| join(&shares, case.passphrase().as_ref())).ok();
        assert_eq!(ours.as_ref().map(SecretBytes::as_bytes), theirs.as_deref(), "{damaged:?}");
        refused += usize::from(ours.is_none());
    });
    assert!(refused > 0, "nothing was damaged");
}
