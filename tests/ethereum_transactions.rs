//! Random transactions of types 0, 1, 2 and 4 through the whole wallet: planned, reviewed, signed by a sealed process. Bytes
//! and hash must equal those of eth-account, and anvil must mine every one. `FASTNESS_TRANSACTIONS=N` asks for N of them.
//!
//! Has no test harness: the program starts itself as the sealed signer, because a sealed process can start nothing.

// Helpers of a test target may stop it, and this one reports on standard output.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

#[path = "ethereum/cases.rs"]
mod cases;
#[path = "ethereum/rpc.rs"]
mod rpc;

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Command, Stdio},
    time::Instant,
};

use serde_json::{Value, json};

/// Transactions in a run that asks for no other number.
const DEFAULT: u64 = 1_000;
/// Set in the environment of the sealed signer.
const SIGNER: &str = "FASTNESS_SIGNER";

fn main() {
    // Runners ask every target what it holds.
    if std::env::args().any(|argument| argument == "--list") {
        return println!("random_transactions: test");
    }
    let wanted = std::env::var("FASTNESS_TRANSACTIONS").ok().map_or(DEFAULT, |text| text.parse().unwrap());
    if std::env::var_os(SIGNER).is_some() {
        return cases::sign_all(wanted);
    }
    let start = Instant::now();
    let signed = signed(wanted);
    assert_eq!(u64::try_from(signed.len()).unwrap(), wanted);
    compare(&signed);
    let mined = mine(&signed);
    println!(
        "{} transactions equal to eth-account's, {mined} of them mined by anvil, {:.1?}",
        signed.len(),
        start.elapsed()
    );
    let mut types: BTreeMap<u64, u64> = BTreeMap::new();
    for line in &signed {
        *types.entry(line["type"].as_u64().unwrap()).or_default() += 1;
    }
    println!("by type: {types:?}");
    assert_eq!(types.keys().copied().collect::<Vec<_>>(), [0, 1, 2, 4]);
}

/// What the sealed signer made, a JSON object for each transaction.
fn signed(wanted: u64) -> Vec<Value> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(SIGNER, "1").env("FASTNESS_TRANSACTIONS", wanted.to_string()).stdout(Stdio::piped());
    let output = command.spawn().unwrap().wait_with_output().unwrap();
    assert!(output.status.success(), "the sealed signer failed");
    output.stdout.lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect()
}

fn target(path: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("..").join(path);
    assert!(path.exists(), "{} is missing: run tests/ethereum/install.sh", path.display());
    path
}

/// Bytes and hash must be those of eth-account.
fn compare(signed: &[Value]) {
    let mut command = Command::new(target("eth-account/current/bin/python"));
    command.arg("tests/ethereum/sign_again.py").arg(cases::WORDS);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let lines: Vec<String> = signed.iter().map(|line| line["fields"].to_string()).collect();
    let writer = std::thread::spawn(move || lines.iter().for_each(|line| writeln!(stdin, "{line}").unwrap()));
    let mut compared = 0;
    for (ours, theirs) in signed.iter().zip(BufReader::new(child.stdout.take().unwrap()).lines()) {
        let expected = format!("{} {}", ours["raw"].as_str().unwrap(), ours["hash"].as_str().unwrap());
        assert_eq!(theirs.unwrap(), expected, "{ours}");
        compared += 1;
    }
    writer.join().unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(compared, signed.len());
}

/// Mines until the sender's nonce is this one: anvil puts what it was sent into blocks a moment later.
fn wait_for(anvil: &rpc::Node, nonce: u64) {
    let start = Instant::now();
    loop {
        let found = anvil.ask("eth_getTransactionCount", &json!([cases::SENDER, "latest"]));
        let found = u64::from_str_radix(found.as_str().unwrap().trim_start_matches("0x"), 16).unwrap();
        if found == nonce {
            return;
        }
        assert!(start.elapsed().as_secs() < 60, "mined up to nonce {found} of {nonce}");
        anvil.ask("evm_mine", &json!([]));
    }
}

/// Sends every transaction to an anvil of its own; each must be in a block.
fn mine(signed: &[Value]) -> usize {
    let anvil = rpc::Node::start(&target("anvil/anvil"), &[]);
    anvil.ask("anvil_setBalance", &json!([cases::SENDER, "0xffffffffffffffffffffffff"]));
    for line in signed {
        let raw = format!("0x{}", line["raw"].as_str().unwrap());
        let hash = anvil.ask("eth_sendRawTransaction", &json!([raw]));
        assert_eq!(hash.as_str().unwrap().trim_start_matches("0x"), line["hash"].as_str().unwrap());
        // An authorisation of the sender takes a nonce that no pool foresees.
        if line["type"] == 4 {
            wait_for(&anvil, line["fields"]["nonce"].as_u64().unwrap() + 2);
        }
    }
    let last = signed.last().unwrap();
    wait_for(&anvil, last["fields"]["nonce"].as_u64().unwrap() + if last["type"] == 4 { 2 } else { 1 });
    let mined = signed.iter().filter(|line| {
        let receipt = anvil.ask("eth_getTransactionReceipt", &json!([format!("0x{}", line["hash"].as_str().unwrap())]));
        assert!(!receipt.is_null(), "not mined: {line}");
        true
    });
    mined.count()
}
