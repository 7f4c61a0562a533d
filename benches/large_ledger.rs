//! A ledger of one account with many transactions, and what whole commands cost on it.
//!
//!   cargo bench --bench large_ledger                    50,000 transactions
//!   cargo bench --bench large_ledger -- 500000          another number
//!
//! The ledger is written through the library as a sync would write it; commands are those of the release binary. No network.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::{
    collections::BTreeSet,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use bitcoin::{
    Amount, OutPoint, Sequence, Transaction, TxIn, TxOut, Txid, Witness, absolute::LockTime, hashes::Hash,
    transaction::Version,
};
use fastness::{
    account::{Account, Keychain, ScriptType},
    ledger::{
        KeyLocation, Ledger,
        bitcoin::{AccountRow, Completeness, Observation, Past, Place, Synced},
        now,
    },
    network::Network,
};

const TPUB: &str =
    "vpub5YsBXyxrEKezpRkeQ5umKqX8ZgKoFPn53Mb8w9RPrTaVVGp2eA7mBLdT1Yqb9Aqn86adb4ZFtEDUanMUJBbomqMfX2dJgR4JMia8LAh3iY1";
/// Transactions that are written in one step, as one sync would.
const BATCH: u32 = 5_000;

fn main() {
    let named = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let count: u32 = named.unwrap_or(50_000);
    let home = tempfile::tempdir().unwrap();
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let path = home.path().join("ledger.db");
    let mut ledger = Ledger::open(&path).unwrap();
    let account = Account::parse(TPUB, Network::Regtest, ScriptType::P2wpkh).unwrap();
    let row = ledger.add_account("bench", &account, KeyLocation::Elsewhere, Past::Possible).unwrap();
    let begun = Instant::now();
    fill(&mut ledger, &row, count);
    println!("{count} transactions written in {:.1?}, {} MiB", begun.elapsed(), size(&path) >> 20);
    println!("  one more transaction   {:>10.2?}   median of 21", median(one_more(&mut ledger, &row, count)));
    drop(ledger);
    for words in [
        &["--version"][..],
        &["balance"],
        &["history", "--limit", "50"],
        &["receive"],
        &["addresses", "--unused"],
        &["coins", "--limit", "50"],
    ] {
        let times = (0..21).map(|_| timed(home.path(), words)).collect();
        println!(
            "  {:<22} {:>10.2?}   median of 21, {} MiB at most",
            words.join(" "),
            median(times),
            peak(home.path(), words)
        );
    }
    println!("  {:<22} {:>10.2?}   once", "addresses", timed(home.path(), &["addresses"]));
}

/// Every script is paid once, and every third coin is spent to a change address of its own.
fn fill(ledger: &mut Ledger, row: &AccountRow, count: u32) {
    let mut first = 0;
    while first < count {
        let last = (first + BATCH).min(count);
        ledger
            .atomically(|ledger| {
                (first..last).try_for_each(|number| observe(ledger, row, number))?;
                ledger.settle(row)
            })
            .unwrap();
        first = last;
    }
    let synced = Synced {
        height: count / 10 + 200,
        hash: "00".repeat(32),
        operator: "a.example".to_owned(),
        at: now(),
        second: None,
    };
    ledger.set_synced(row.id, &synced).unwrap();
}

fn observe(ledger: &Ledger, row: &AccountRow, number: u32) -> Result<(), fastness::ledger::LedgerError> {
    let index = number / 4 * 3 + number % 4;
    let (keychain, index, transaction) = match number % 4 {
        3 => {
            let parent = payment(row, number - 3);
            let spent = OutPoint { txid: parent.compute_txid(), vout: 0 };
            (Keychain::Change, number / 4, pay(row, spent, Keychain::Change, number / 4, 90_000))
        }
        _ => (Keychain::Receive, index, payment(row, number)),
    };
    let place =
        Place::Block { height: number / 10 + 100, hash: format!("{:064x}", number / 10), time: 1_700_000_000 + number };
    let seen = |keychain, index| Observation {
        keychain,
        index,
        signed: BTreeSet::from([transaction.compute_txid()]),
        transactions: vec![(transaction.clone(), place.clone())],
        completeness: Completeness::Part,
        said_by: "a.example".to_owned(),
        tip: u32::MAX,
    };
    ledger.observe(row, &seen(keychain, index))?;
    if number % 4 == 3 {
        ledger.observe(row, &seen(Keychain::Receive, (number - 3) / 4 * 3))?;
    }
    Ok(())
}

fn payment(row: &AccountRow, number: u32) -> Transaction {
    let mut id = [0xee; 32];
    id[..4].copy_from_slice(&number.to_le_bytes());
    let foreign = OutPoint { txid: Txid::from_byte_array(id), vout: 0 };
    pay(row, foreign, Keychain::Receive, number / 4 * 3 + number % 4, 100_000 + u64::from(number % 1_000))
}

fn pay(row: &AccountRow, spent: OutPoint, keychain: Keychain, index: u32, sat: u64) -> Transaction {
    let script_pubkey = row.account.script(keychain, index).unwrap();
    let witness = Witness::from_slice(&[vec![1u8; 72], vec![2u8; 33]]);
    let input = TxIn { previous_output: spent, script_sig: Default::default(), sequence: Sequence::MAX, witness };
    let output = vec![TxOut { value: Amount::from_sat(sat), script_pubkey }];
    Transaction { version: Version::TWO, lock_time: LockTime::ZERO, input: vec![input], output }
}

/// What recording one more payment takes, to the disk.
fn one_more(ledger: &mut Ledger, row: &AccountRow, count: u32) -> Vec<Duration> {
    let record = |number: u32| {
        let begun = Instant::now();
        ledger
            .atomically(|ledger| {
                observe(ledger, row, number)?;
                ledger.settle(row)
            })
            .unwrap();
        begun.elapsed()
    };
    (count..count + 84).filter(|number| number % 4 == 0).map(record).collect()
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().len()
}

fn command(home: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fastness"));
    command.args(words).env("FASTNESS_HOME", home).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn timed(home: &Path, words: &[&str]) -> Duration {
    let begun = Instant::now();
    let status = command(home, words).status().unwrap();
    assert!(status.success(), "{words:?}");
    begun.elapsed()
}

/// The most memory that a command had, in MiB, as GNU time tells.
fn peak(home: &Path, words: &[&str]) -> String {
    let mut time = Command::new("/usr/bin/time");
    time.args(["-f", "%M", env!("CARGO_BIN_EXE_fastness")]).args(words).env("FASTNESS_HOME", home);
    let told = time.stdin(Stdio::null()).stdout(Stdio::null()).output();
    let kib =
        told.ok().and_then(|told| String::from_utf8(told.stderr).ok()?.lines().last()?.trim().parse::<u64>().ok());
    kib.map_or_else(|| "unknown".to_owned(), |kib| (kib >> 10).to_string())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
