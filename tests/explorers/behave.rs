//! The real program against every hostile behaviour: bounded time, bounded memory, a hint with every error, and not one
//! byte of what the server wrote on the terminal.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::Path,
    process::Child,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use fastness::practice::PracticeChain;
use serde_json::Value;

use super::{
    behaviours::{Behaviour, How, all},
    harness::{Answer, Stage, answer, program, sat},
    layer::{Act, Asked, Greeting, Host, Layer, Reply},
    world::honest,
};

/// Most memory that the program may have used at any time, in KiB.
const MEMORY: u64 = 128 << 10;
/// What the wallet has.
const FUNDS: u64 = 50_000_000;

/// Runs at the same time: nearly all of their time is waiting.
const AT_ONCE: usize = 20;

/// When a server turns hostile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// With the first question.
    AtOnce,
    /// After it has shown the right chain and its newest block.
    Later,
}

/// A server that behaves so.
struct Hostile {
    chain: Arc<Mutex<PracticeChain>>,
    how: How,
    turn: Turn,
}

impl Host for Hostile {
    fn greet(&self) -> Greeting {
        match self.how {
            How::Connection(greet) | How::Tls(greet) => greet(),
            _ => Greeting::Listen,
        }
    }

    fn answer(&self, asked: &Asked) -> Act {
        let shows_chain = ["/block-height", "/blocks/tip"].iter().any(|path| asked.path.starts_with(path));
        let is_first = shows_chain || asked.path == "/blocks";
        // Nothing is handed in, so that no run changes the chain of the others.
        let honest = if asked.method == "POST" && asked.path == "/tx" {
            Reply::text(200, "0".repeat(64))
        } else {
            honest(&self.chain, asked)
        };
        match self.how {
            How::Answer(act) if self.turn == Turn::AtOnce || !is_first => act(asked, honest),
            _ => Act::Say(honest),
        }
    }
}

/// A home that knows a wallet and has never asked, a signed payment, and the chain.
struct Template {
    stage: Stage,
    funding: String,
}

fn template() -> Template {
    let stage = Stage::with_wallet();
    let address = stage.json(&["receive"])["address"].as_str().unwrap().to_owned();
    let funding = stage.fund(&address, FUNDS);
    copy(&stage.path("home"), &stage.path("fresh"));
    stage.mine(3);
    stage.json(&["sync"]);
    stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "2", "-o", "pay.draft"]);
    stage.json(&["sign", "pay.draft", "-o", "pay.signed", "--yes", "--expect-to", &Stage::shop(), &stage.password()]);
    Template { stage, funding }
}

fn copy(from: &Path, to: &Path) {
    fs::DirBuilder::new().mode(0o700).create(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
            fs::set_permissions(&target, PermissionsExt::from_mode(0o600)).unwrap();
        }
    }
}

/// What one run of the program cost.
struct Cost {
    /// Less the time that it waited for a processor.
    took: Duration,
    /// Most resident memory, in KiB.
    memory: u64,
}

/// The commands, when the server turns, and the time that each may take: what limits.rs allows one host in that command,
/// and a second.
const COMMANDS: [(&str, Turn, u64); 5] = [
    ("sync", Turn::Later, 61),
    ("explorers", Turn::AtOnce, 13),
    ("balance", Turn::Later, 61),
    ("track", Turn::Later, 91),
    ("broadcast", Turn::Later, 121),
];

fn words(command: &str, template: &Template) -> Vec<String> {
    let signed = template.stage.path("pay.signed").display().to_string();
    let words = match command {
        "explorers" => vec!["explorers", "--test"],
        "sync" => vec!["sync", "--json"],
        "balance" => vec!["balance", "--sync"],
        "track" => vec!["track", &template.funding],
        _ => vec!["broadcast", &signed, "--json"],
    };
    words.into_iter().map(str::to_owned).collect()
}

/// Runs the program and watches its memory.
fn run(home: &Path, explorer: &str, words: &[String]) -> (Answer, Cost) {
    let mut command = program();
    command
        .current_dir(home)
        .arg("--home")
        .arg(home)
        .args(["--network", "regtest", "--explorer", explorer])
        .args(words);
    let started = Instant::now();
    let mut child = command.spawn().unwrap();
    let (memory, waited) = watch(&mut child);
    let took = started.elapsed().saturating_sub(waited);
    (answer(child.wait_with_output().unwrap()), Cost { took, memory })
}

/// Waits for the end; the most memory it had in KiB, and how long it was ready to run while others ran. No answer here
/// is longer than a pipe holds.
fn watch(child: &mut Child) -> (u64, Duration) {
    let folder = format!("/proc/{}", child.id());
    let read = |name: &str| fs::read_to_string(format!("{folder}/{name}")).unwrap_or_default();
    let (mut most, mut waited) = (0, 0);
    while child.try_wait().unwrap().is_none() {
        let now = read("status").lines().find_map(|line| kib(line.strip_prefix("VmHWM:")?));
        // Before it is started, a child is a copy of the test: only what is read last is its own.
        most = now.unwrap_or(most);
        waited = read("schedstat").split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or(waited);
        std::thread::sleep(Duration::from_millis(4));
    }
    (most, Duration::from_nanos(waited))
}

fn kib(text: &str) -> Option<u64> {
    text.trim().trim_end_matches(" kB").parse().ok()
}

/// What is wrong about a run, if anything.
fn judge(command: &str, answer: &Answer, home: &Path) -> Result<(), String> {
    let all = format!("{}{}", answer.stdout, answer.stderr);
    for trace in ["evil.example", "UPDATE-NOW", "\u{1b}", "\u{7}"] {
        if all.contains(trace) {
            return Err("shows what the server wrote".to_owned());
        }
    }
    let says_why = "None of them answers, so nothing can be asked or sent: the line below each says why.";
    if command == "explorers" && answer.code == 4 && answer.stdout.contains(says_why) {
        return Ok(());
    }
    if answer.code != 0 {
        return judge_error(answer);
    }
    if matches!(command, "sync" | "balance") {
        let offline = ["balance", "--offline", "--json"].map(str::to_owned);
        let (shown, _) = run(home, "http://127.0.0.1:9", &offline);
        let document: Value = serde_json::from_str(&shown.stdout).map_err(|error| error.to_string())?;
        let confirmed = &document["data"]["accounts"][0]["confirmed"];
        if confirmed.is_null() || sat(confirmed) != FUNDS {
            return Err(format!("success, and the balance is {confirmed}"));
        }
    }
    Ok(())
}

/// An error has a published code, its exit code, and a hint.
pub fn judge_error(answer: &Answer) -> Result<(), String> {
    let entry = |code: &str| {
        let mut entries = fastness::catalogues().into_iter().flatten();
        entries.find(|entry| entry.code == code)
    };
    let (code, hint) = match serde_json::from_str::<Value>(&answer.stdout) {
        // Not sure what became of a payment: a result with exit code 5, whose page says what to do next.
        Ok(document) if document["data"]["verdict"] == "unknown" && answer.code == 5 => return Ok(()),
        Ok(document) => (document["error"]["code"].clone(), document["error"]["hint"].clone()),
        Err(_) => {
            let code = answer.stderr.split(['[', ']']).nth(1).unwrap_or_default();
            let hint = answer.stderr.split("hint: ").nth(1).unwrap_or_default();
            (code.into(), hint.trim().into())
        }
    };
    let Some(entry) = code.as_str().and_then(entry) else { return Err(format!("code {code} is not published")) };
    if hint.as_str().unwrap_or_default().is_empty() {
        return Err("no hint".to_owned());
    }
    if answer.code != i32::from(entry.kind.exit_code()) {
        return Err(format!("exit code {} for {code}", answer.code));
    }
    Ok(())
}

/// What all runs came to.
#[derive(Default)]
struct Total {
    runs: usize,
    hints: usize,
    slowest: (Duration, String),
    largest: (u64, String),
    wrong: Vec<String>,
}

impl Total {
    fn add(&mut self, name: &str, limit: u64, (answer, cost): &(Answer, Cost), verdict: Result<(), String>) {
        self.runs += 1;
        self.hints += usize::from(answer.code != 0 && verdict.is_ok());
        self.slowest = self.slowest.clone().max((cost.took, name.to_owned()));
        self.largest = self.largest.clone().max((cost.memory, name.to_owned()));
        if let Err(what) = verdict {
            self.wrong.push(format!("{name}: {what}: {answer:?}"));
        }
        if cost.took > Duration::from_secs(limit) {
            self.wrong.push(format!("{name}: took {:?}, and {limit} s are allowed", cost.took));
        }
        if cost.memory > MEMORY {
            self.wrong.push(format!("{name}: {} MiB", cost.memory >> 10));
        }
    }
}

fn one(
    template: &Template,
    home: &Path,
    (_, how): Behaviour,
    command: (&str, Turn, u64),
) -> ((Answer, Cost), Result<(), String>) {
    copy(&template.stage.path("fresh"), home);
    let layer = Layer::start(1, Hostile { chain: template.stage.server.chain(), how, turn: command.1 });
    let url = match how {
        How::Nobody => "http://127.0.1.1:9".to_owned(),
        How::Tls(_) => layer.https_url(),
        _ => layer.url(),
    };
    let outcome = run(home, &url, &words(command.0, template));
    let verdict = judge(command.0, &outcome.0, home);
    (outcome, verdict)
}

#[test]
fn every_hostile_server_costs_little_and_says_nothing() {
    let template = template();
    let behaviours = all();
    let mut jobs: Vec<(usize, Behaviour, (&str, Turn, u64))> = Vec::new();
    let every = std::env::var("FASTNESS_BEHAVIOURS").is_ok_and(|text| text == "all");
    for (place, command) in COMMANDS.into_iter().enumerate().rev() {
        // The usual form asks each server with the first command and takes turns with the other four.
        let is_due = |number: usize| every || place == 0 || number % 4 == place - 1;
        let due = behaviours.iter().enumerate().filter(|(number, _)| is_due(*number));
        jobs.extend(due.map(|(number, behaviour)| (number, *behaviour, command)));
    }
    let (total, next) = (Mutex::new(Total::default()), Mutex::new(jobs.into_iter()));
    let take = || next.lock().unwrap().next();
    let work = || {
        while let Some((number, behaviour, command)) = take() {
            let home = template.stage.path(&format!("{}-{number}", command.0));
            let (outcome, verdict) = one(&template, &home, behaviour, command);
            let name = format!("{} against: {}", command.0, behaviour.0);
            total.lock().unwrap().add(&name, command.2, &outcome, verdict);
        }
    };
    let started = Instant::now();
    std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
    let total = total.into_inner().unwrap();
    println!(
        "hostile behaviours: {} in {} runs, {} s; slowest {:.1} s ({}); most memory {} MiB ({}); {} errors with a hint",
        behaviours.len(),
        total.runs,
        started.elapsed().as_secs(),
        total.slowest.0.as_secs_f32(),
        total.slowest.1,
        total.largest.0 >> 10,
        total.largest.1,
        total.hints
    );
    assert!(behaviours.len() >= 50);
    assert!(total.wrong.is_empty(), "{} wrong:\n{}", total.wrong.len(), total.wrong.join("\n"));
}
