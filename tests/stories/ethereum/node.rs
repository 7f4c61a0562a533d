//! An anvil of its own for each story, a few words of JSON-RPC, and a home with a funded wallet.

use std::{
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::rpc::Node;
use crate::harness::{Answer, Stage, finish, program};

/// First Ethereum address of the stories' words (tests/vectors/derivation.json, BIP-44).
pub(crate) const OURS: &str = "0xa9D329B459730dd0043e761D38424452F8B3cDE4";
/// A stranger: an account of anvil's own words.
pub(crate) const SHOP: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
/// Anvil's first account, which is rich and unlocked.
pub(crate) const RICH: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
/// One ether in wei.
pub(crate) const ETHER: u128 = 1_000_000_000_000_000_000;

/// A running anvil; it ends with this value.
pub(crate) struct Anvil(Node);

/// Where tests/ethereum/install.sh puts it. Without it these stories fail: they are not skipped.
fn binary() -> PathBuf {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../anvil/anvil");
    assert!(target.exists(), "anvil is missing: run tests/ethereum/install.sh");
    target
}

impl Anvil {
    /// With chain id 31337, a block for every transaction.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(arguments: &[&str]) -> Self {
        Self(Node::start(&binary(), arguments))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.0.port)
    }

    pub(crate) const fn port(&self) -> u16 {
        self.0.port
    }

    /// One question; an error of the node fails the story.
    #[track_caller]
    pub(crate) fn rpc(&self, method: &str, params: &Value) -> Value {
        self.0.ask(method, params)
    }

    pub(crate) fn fund(&self, address: &str, wei: u128) {
        self.rpc("anvil_setBalance", &json!([address, format!("{wei:#x}")]));
    }

    pub(crate) fn balance(&self, address: &str) -> u128 {
        number(&self.rpc("eth_getBalance", &json!([address, "latest"])))
    }

    pub(crate) fn nonce(&self, address: &str) -> u128 {
        number(&self.rpc("eth_getTransactionCount", &json!([address, "latest"])))
    }

    pub(crate) fn mine(&self) {
        self.rpc("evm_mine", &json!([]));
    }

    pub(crate) fn automine(&self, on: &Value) {
        self.rpc("evm_setAutomine", &json!([on]));
    }

    /// Creates a contract of tests/ethereum/contracts with anvil's own account; `arguments` are words in hex.
    pub(crate) fn deploy(&self, name: &str, arguments: &str) -> String {
        let code = code(name);
        let transaction = json!({"from": RICH, "data": format!("{code}{arguments}"), "gas": "0x300000"});
        let hash = self.rpc("eth_sendTransaction", &json!([transaction]));
        let receipt = self.receipt(&hash);
        assert_eq!(receipt["status"], "0x1", "{receipt}");
        let address: alloy_primitives::Address = receipt["contractAddress"].as_str().unwrap().parse().unwrap();
        address.to_string()
    }

    /// The receipt of a transaction, which anvil may mine a moment after it answered.
    fn receipt(&self, hash: &Value) -> Value {
        let start = Instant::now();
        loop {
            let receipt = self.rpc("eth_getTransactionReceipt", &json!([hash]));
            if !receipt.is_null() || start.elapsed() > Duration::from_secs(10) {
                return receipt;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What a call returns, in hex.
    pub(crate) fn call(&self, to: &str, data: &str) -> String {
        self.rpc("eth_call", &json!([{"to": to, "data": data}, "latest"])).as_str().unwrap().to_owned()
    }

    /// `balanceOf(address)`.
    pub(crate) fn coins(&self, contract: &str, owner: &str) -> u128 {
        let data = format!("0x70a08231{}", word(owner));
        number(&Value::String(self.call(contract, &data)))
    }
}

/// Init code of a contract.
pub(crate) fn code(name: &str) -> String {
    let contracts: Value = serde_json::from_str(include_str!("../../ethereum/contracts/Stage.json")).unwrap();
    contracts[name].as_str().unwrap().to_owned()
}

/// An address or a number as one word in hex.
pub(crate) fn word(text: &str) -> String {
    let digits = text.strip_prefix("0x").unwrap_or(text).to_lowercase();
    format!("{digits:0>64}")
}

#[track_caller]
pub(crate) fn number(value: &Value) -> u128 {
    let digits = value.as_str().unwrap_or_else(|| panic!("{value}")).trim_start_matches("0x").trim_start_matches('0');
    if digits.is_empty() { 0 } else { u128::from_str_radix(digits, 16).unwrap() }
}

/// A home with the stories' wallet, and an anvil on which its account has 100 ether.
pub(crate) struct EvmStage {
    pub(crate) stage: Stage,
    pub(crate) anvil: Anvil,
}

impl EvmStage {
    pub(crate) fn new() -> Self {
        Self::on(Anvil::start())
    }

    pub(crate) fn on(anvil: Anvil) -> Self {
        anvil.fund(OURS, 100 * ETHER);
        Self { stage: Stage::with_wallet(), anvil }
    }

    /// With a token of 6 decimals, all million of it ours and looked up.
    pub(crate) fn with_coin() -> (Self, String) {
        let stage = Self::new();
        let arguments = format!("{}{}", word(&format!("{:x}", 1_000_000_000_000u64)), word(OURS));
        let coin = stage.anvil.deploy("Coin", &arguments);
        stage.json(&["token", "add", &coin]);
        (stage, coin)
    }

    /// The program with the options every story needs.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.current_dir(self.stage.home.path());
        command.arg("--home").arg(self.stage.path("home")).args([
            "--network",
            "local",
            "--explorer",
            &self.anvil.url(),
        ]);
        command.args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Answer {
        finish(self.command(arguments))
    }

    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let answer = self.run(&[arguments, &["--json"]].concat());
        answer.expect_code(0);
        let document: Value = serde_json::from_str(&answer.stdout).unwrap();
        document["data"].clone()
    }

    /// The option that agrees to exactly this draft.
    #[track_caller]
    pub(crate) fn approve(&self, draft: &str) -> String {
        format!("--approve={}", self.json(&["inspect", draft])["review"]["digest"].as_str().unwrap())
    }

    /// A command that signs, agreed to by a fee limit.
    #[track_caller]
    pub(crate) fn signed(&self, arguments: &[&str]) -> Value {
        self.json(&[arguments, &["--yes", "--max-fee=0.05eth", &self.stage.password()]].concat())
    }

    /// The same, refused: its error's code and all that was said.
    #[track_caller]
    pub(crate) fn refused(&self, arguments: &[&str]) -> (String, String) {
        let password = self.stage.password();
        let answer = self.run(&[arguments, &["--yes", "--max-fee=0.05eth", &password, "--json"]].concat());
        assert_ne!(answer.code, 0, "{answer:#?}");
        (answer.error_code(), answer.stdout)
    }

    #[track_caller]
    pub(crate) fn tracked(&self, sent: &Value) -> Value {
        self.json(&["track", sent["id"].as_str().unwrap()])["status"].clone()
    }
}
