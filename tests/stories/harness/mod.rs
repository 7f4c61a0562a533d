//! What stories are told with: a practice chain on loopback, a temporary home, the program and its answers.

pub mod socks;
pub mod terminal;

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex, OnceLock},
};

use bitcoin::{Address, ScriptBuf, address::NetworkUnchecked};
use fastness::practice::{PracticeChain, Server};
use serde_json::Value;

/// The words of every story's wallet (first row of tests/vectors/derivation.json), and its password.
pub const WORDS: &str = "develop pool radar lobster dress blind flat grass leaf slim globe border";
pub const PASSWORD: &str = "correct horse battery staple";

/// A chain, its explorer, and a home.
pub struct Stage {
    pub server: Server,
    pub home: tempfile::TempDir,
}

/// What the program answered.
#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Stage {
    /// An empty chain and an empty home.
    pub fn new() -> Self {
        // What stories write, passwords and settings among it, is closed to others as the program demands.
        rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
        let chain = Arc::new(Mutex::new(PracticeChain::in_memory()));
        let server = Server::start(chain, "127.0.0.1:0".parse().unwrap()).unwrap();
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("password"), format!("{PASSWORD}\n")).unwrap();
        Self { server, home }
    }

    /// With a wallet `main` restored from [`WORDS`]: restored once for all stories, then copied, for sealing takes its time.
    pub fn with_wallet() -> Self {
        static RESTORED: OnceLock<Stage> = OnceLock::new();
        let restored = RESTORED.get_or_init(|| {
            let stage = Self::new();
            stage.restore("main", WORDS);
            stage
        });
        let stage = Self::new();
        for folder in ["home", "home/wallets"] {
            std::fs::create_dir(stage.path(folder)).unwrap();
            std::fs::set_permissions(stage.path(folder), PermissionsExt::from_mode(0o700)).unwrap();
        }
        for file in ["home/wallets/main.keystore", "home/ledger.db"] {
            std::fs::copy(restored.path(file), stage.path(file)).unwrap();
        }
        stage
    }

    pub fn restore(&self, name: &str, words: &str) {
        let file = self.path("words");
        std::fs::write(&file, words).unwrap();
        let words = format!("--words-file={}", file.display());
        self.run(&["restore", "--wallet", name, &words, &self.password(), "--yes"]).expect_code(0);
    }

    /// A path in the outer folder; the program's home is `home` inside it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub fn password(&self) -> String {
        format!("--password-file={}", self.path("password").display())
    }

    /// The program with the options every story needs.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.current_dir(self.home.path());
        command
            .arg("--home")
            .arg(self.path("home"))
            .args(["--network", "regtest", "--explorer"])
            .arg(self.server.url());
        command.args(arguments);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Answer {
        finish(self.command(arguments))
    }

    /// Runs with `--json` and answers with its `data`.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let answer = self.run(&[arguments, &["--json"]].concat());
        answer.expect_code(0);
        let document: Value = serde_json::from_str(&answer.stdout).unwrap();
        assert_eq!(document["schema"], 1);
        document["data"].clone()
    }

    /// Mines blocks to the faucet.
    pub fn mine(&self, blocks: u32) {
        self.server.chain().lock().unwrap().mine(blocks, None).unwrap();
    }

    /// Pays an address and confirms it.
    pub fn fund(&self, address: &str, sat: u64) -> String {
        let txid = self.server.chain().lock().unwrap().faucet(script(address), sat).unwrap();
        self.mine(1);
        txid.to_string()
    }

    /// What the chain says is on an address.
    pub fn chain_balance(&self, address: &str) -> u64 {
        self.server.chain().lock().unwrap().balance(&script(address))
    }

    /// An address that no wallet owns.
    pub fn shop() -> String {
        Self::stranger(b"shop")
    }

    /// The same of another name.
    fn stranger(name: &[u8]) -> String {
        address_of(&ScriptBuf::new_p2wsh(&bitcoin::WScriptHash::from_raw_hash(bitcoin::hashes::Hash::hash(name))))
    }

    /// Plans a payment to fifty strangers, the first 10 000 sat and each other one a satoshi more, as `pay.draft`; their
    /// addresses.
    pub fn plan_for_fifty(&self) -> Vec<String> {
        let payees: Vec<String> = (0..50u8).map(|number| Self::stranger(&[number])).collect();
        let list: String = (10_000u32..).zip(&payees).map(|(sat, payee)| format!("{payee} {sat}sat\n")).collect();
        std::fs::write(self.path("payees"), list).unwrap();
        self.json(&["plan", "--recipients", "payees", "--fee-rate", "2", "-o", "pay.draft"]);
        payees
    }

    /// A funded wallet that knows it.
    pub fn with_coins(amounts: &[u64]) -> Self {
        let stage = Self::with_wallet();
        for sat in amounts {
            let address = stage.json(&["receive"])["address"].as_str().unwrap().to_owned();
            stage.fund(&address, *sat);
            stage.json(&["sync"]);
        }
        stage
    }

    pub fn confirmed(&self) -> u64 {
        sat(&self.json(&["balance"])["accounts"][0]["confirmed"])
    }
}

impl Answer {
    #[track_caller]
    pub fn expect_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// The error of a failed `--json` run.
    #[track_caller]
    pub fn error_code(&self) -> String {
        let document: Value = serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("{self:#?}"));
        document["error"]["code"].as_str().unwrap_or_else(|| panic!("{self:#?}")).to_owned()
    }
}

/// The program, without a terminal.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fastness"));
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub fn finish(mut command: Command) -> Answer {
    answer(command.spawn().unwrap().wait_with_output().unwrap())
}

pub fn answer(output: Output) -> Answer {
    Answer {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

pub fn script(address: &str) -> ScriptBuf {
    address.parse::<Address<NetworkUnchecked>>().unwrap().assume_checked().script_pubkey()
}

pub fn address_of(script: &ScriptBuf) -> String {
    Address::from_script(script, bitcoin::Network::Regtest).unwrap().to_string()
}

/// An amount of a report, in satoshi.
#[track_caller]
pub fn sat(amount: &Value) -> u64 {
    amount["smallest"].as_str().unwrap_or_else(|| panic!("{amount}")).parse().unwrap()
}

pub fn exists(path: &Path) -> bool {
    path.exists()
}

/// The extended key of a descriptor of one key.
pub fn key_of(descriptor: &str) -> &str {
    let (_, key) = descriptor.split_once(']').unwrap();
    key.split_once('/').unwrap().0
}

/// A descriptor with another extended key in the place of its own, and a checksum that fits.
pub fn with_key(descriptor: &str, key: &str) -> String {
    let body = descriptor.split_once('#').unwrap().0.replace(key_of(descriptor), key);
    let sum = miniscript::descriptor::checksum::desc_checksum(&body).unwrap();
    format!("{body}#{sum}")
}
