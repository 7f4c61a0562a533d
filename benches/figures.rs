//! The figures we publish, measured on whole commands of the release binary: start, balance, first scan, idle re-sync; and what
//! an address costs beside a plain loop.
//!
//!   cargo bench --bench figures                 500 used addresses, 40 ms added to each request
//!   cargo bench --bench figures -- 5000 40      other numbers
//!   FASTNESS_BESIDE=bdk-cli cargo bench --bench figures     the same of bdk-cli with `--features esplora`, in the same run
//!
//! The explorer is the practice chain's server on loopback with a delay of its own. Medians of several runs; no network.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::{
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bitcoin::{CompressedPublicKey, ScriptBuf, bip32::ChildNumber, secp256k1::Secp256k1};
use fastness::{
    account::{Account, Keychain, ScriptType},
    network::Network,
    practice::{PracticeChain, Server, server::Fault},
};

const TPUB: &str =
    "vpub5YsBXyxrEKezpRkeQ5umKqX8ZgKoFPn53Mb8w9RPrTaVVGp2eA7mBLdT1Yqb9Aqn86adb4ZFtEDUanMUJBbomqMfX2dJgR4JMia8LAh3iY1";

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let (used, delay) = (numbers.first().copied().unwrap_or(500), numbers.get(1).copied().unwrap_or(40));
    let home = tempfile::tempdir().unwrap();
    let server = chain_with(used);
    println!("{used} used addresses, {delay} ms added to each request");

    let run = |arguments: &[&str]| timed(home.path(), &server.url(), arguments);
    run(&["account", "add", "--wallet", "bench", "--xpub", TPUB]);
    let delay = Duration::from_millis(delay);
    let ours =
        Figures::measure(&server, delay, &run, Words { scan: &["sync"], sync: &["sync"], balance: &["balance"] });
    println!("fastness");
    ours.print();
    println!("  history          {:>8.2?}   median of 21", median((0..21).map(|_| run(&["history"])).collect()));
    if let Some(program) = std::env::var_os("FASTNESS_BESIDE") {
        let theirs = beside(program.as_ref(), home.path(), &server, delay);
        println!("bdk-cli");
        theirs.print();
        println!("ratios of time: {}", ours.ratios(&theirs));
    }
    for kind in ScriptType::ALL {
        let [ours, plain] = addresses(kind).map(|time| time / ADDRESSES);
        println!("  one {:<13} {ours:>8.2?}   {plain:.2?} in a plain loop of rust-bitcoin", kind.name());
    }
}

/// What one program took.
struct Figures {
    version: Duration,
    balance: Duration,
    scan: Duration,
    scan_requests: u64,
    sync: Duration,
    sync_requests: u64,
}

/// The commands of one program.
struct Words<'a> {
    scan: &'a [&'a str],
    sync: &'a [&'a str],
    balance: &'a [&'a str],
}

impl Figures {
    fn measure(server: &Server, delay: Duration, run: &dyn Fn(&[&str]) -> Duration, words: Words<'_>) -> Self {
        server.faults().plan(Fault::Delay(delay), u32::MAX);
        let before = server.requests();
        let scan = run(words.scan);
        let scan_requests = server.requests() - before;
        let again = server.requests();
        let sync = median((0..5).map(|_| run(words.sync)).collect());
        let sync_requests = (server.requests() - again) / 5;
        server.faults().clear();
        let whole = |words: &[&str]| median((0..21).map(|_| run(words)).collect());
        let (version, balance) = (whole(&["--version"]), whole(words.balance));
        Self { version, balance, scan, scan_requests, sync, sync_requests }
    }

    fn print(&self) {
        println!("  --version        {:>8.2?}   median of 21", self.version);
        println!("  balance          {:>8.2?}   median of 21", self.balance);
        println!("  first scan       {:>8.2?}   {} requests", self.scan, self.scan_requests);
        println!("  idle re-sync     {:>8.2?}   {} requests, median of 5", self.sync, self.sync_requests);
    }

    fn ratios(&self, other: &Self) -> String {
        let ratio = |ours: Duration, theirs: Duration| ours.as_micros() * 100 / theirs.as_micros().max(1);
        let parts = [
            ("--version", ratio(self.version, other.version)),
            ("balance", ratio(self.balance, other.balance)),
            ("first scan", ratio(self.scan, other.scan)),
            ("re-sync", ratio(self.sync, other.sync)),
        ];
        parts.map(|(what, percent)| format!("{what} {}.{:02}", percent / 100, percent % 100)).join(", ")
    }
}

/// bdk-cli with the same descriptor and the same server.
fn beside(program: &std::path::Path, home: &std::path::Path, server: &Server, delay: Duration) -> Figures {
    let account = Account::parse(TPUB, Network::Regtest, ScriptType::P2wpkh).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(["--network", "regtest", "--datadir"]).arg(home.join("bdk")).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let start = Instant::now();
        let status = command.status().unwrap();
        let taken = start.elapsed();
        assert!(status.success(), "{arguments:?}");
        taken
    };
    let (receive, change) = (account.descriptor_of(Keychain::Receive), account.descriptor_of(Keychain::Change));
    let url = server.url();
    let wallet = ["wallet", "--wallet", "bench"];
    let of_wallet = |rest: &[&'static str]| -> Vec<&'static str> { wallet.iter().chain(rest).copied().collect() };
    let mut config: Vec<&str> = of_wallet(&["config", "--client-type", "esplora", "--database-type", "sqlite"]);
    config.extend(["--ext-descriptor", &receive, "--int-descriptor", &change, "--url", &url]);
    run(&config);
    let (scan, sync, balance) = (of_wallet(&["full_scan"]), of_wallet(&["sync"]), of_wallet(&["balance"]));
    Figures::measure(server, delay, &run, Words { scan: &scan, sync: &sync, balance: &balance })
}

/// Addresses that are derived for one figure.
const ADDRESSES: u32 = 10_000;

/// The time for scripts of an account as this program derives them, and as a plain loop does.
fn addresses(kind: ScriptType) -> [Duration; 2] {
    let xpub = Account::parse(TPUB, Network::Regtest, kind).unwrap().keys()[0].xpub;
    let account = Account::parse(&xpub.to_string(), Network::Regtest, kind).unwrap();
    let start = Instant::now();
    let ours: Vec<ScriptBuf> = (0..ADDRESSES).map(|index| account.script(Keychain::Receive, index).unwrap()).collect();
    let first = start.elapsed();
    let secp = Secp256k1::verification_only();
    let start = Instant::now();
    let chain = xpub.derive_pub(&secp, &[ChildNumber::Normal { index: 0 }]).unwrap();
    let plain: Vec<ScriptBuf> = (0..ADDRESSES)
        .map(|index| {
            let key = chain.derive_pub(&secp, &[ChildNumber::Normal { index }]).unwrap().public_key;
            let key = CompressedPublicKey(key);
            match kind {
                ScriptType::P2pkh => ScriptBuf::new_p2pkh(&key.pubkey_hash()),
                ScriptType::P2shP2wpkh => ScriptBuf::new_p2wpkh(&key.wpubkey_hash()).to_p2sh(),
                ScriptType::P2wpkh => ScriptBuf::new_p2wpkh(&key.wpubkey_hash()),
                ScriptType::P2tr => ScriptBuf::new_p2tr(&secp, key.0.x_only_public_key().0, None),
            }
        })
        .collect();
    let second = start.elapsed();
    assert!(ours == plain, "the two derive the same");
    [first, second]
}

/// Payments in one block.
const IN_A_BLOCK: u32 = 20;

/// A chain on which the first `used` receive addresses of the account were paid once each, by transactions of their own.
fn chain_with(used: u64) -> Server {
    let account = Account::parse(TPUB, Network::Regtest, ScriptType::P2wpkh).unwrap();
    let mut chain = PracticeChain::in_memory();
    for index in 0..u32::try_from(used).unwrap() {
        chain.faucet_many(&[(account.script(Keychain::Receive, index).unwrap(), 100_000)]).unwrap();
        if index % IN_A_BLOCK == IN_A_BLOCK - 1 {
            chain.mine(1, None).unwrap();
        }
    }
    chain.mine(1, None).unwrap();
    Server::start(Arc::new(Mutex::new(chain)), "127.0.0.1:0".parse().unwrap()).unwrap()
}

fn timed(home: &std::path::Path, url: &str, arguments: &[&str]) -> Duration {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fastness"));
    command.arg("--home").arg(home.join("home")).args(["--network", "regtest", "--explorer", url]).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let start = Instant::now();
    let status = command.status().unwrap();
    let taken = start.elapsed();
    assert!(status.success(), "{arguments:?}");
    taken
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
