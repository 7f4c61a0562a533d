//! The practice chain, whose explorer carries a broadcast out and holds its answer.

use std::{collections::BTreeSet, process::Command, time::Duration};

use bitcoin::secp256k1::Secp256k1;
use fastness::{chain::bitcoin::sweep::scripts, practice::server::Fault};

use crate::{
    Form, Scene,
    harness::{Stage, address_of, sat},
};

/// The test-net private key whose secret is 1.
const WIF: &str = "cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA";
const SWEPT: u64 = 1_000_000;

struct Practice {
    stage: Stage,
    /// What the shop, or for a sweep the wallet, had before this turn.
    before: u64,
    asked: u64,
    form: Form,
    known: BTreeSet<String>,
}

pub(crate) fn scene() -> Box<dyn Scene> {
    let stage = Stage::with_coins(&[100_000_000, 100_000_000]);
    std::fs::write(stage.path("paper"), format!("{WIF}\n")).unwrap();
    Box::new(Practice { stage, before: 0, asked: 0, form: Form::Send, known: BTreeSet::new() })
}

impl Practice {
    fn balance(&self) -> u64 {
        match self.form {
            Form::Sweep => {
                let accounts = self.stage.json(&["balance"]);
                sat(&accounts["accounts"][0]["confirmed"]) + sat(&accounts["accounts"][0]["unconfirmed"])
            }
            _ => self.stage.chain_balance(&Stage::shop()),
        }
    }

    /// The command's words, once what it needs is there.
    fn words(&self, form: Form, turn: u32) -> Vec<String> {
        let (shop, amount, file) = (Stage::shop(), format!("{}sat", self.asked), format!("pay{turn}"));
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let password = self.stage.password();
        let send = ["send", &shop, &amount, "--fee-rate=2", "--yes", "--max-fee=50000sat", &password];
        match form {
            Form::Send => words(&send),
            Form::Broadcast => {
                let (draft, signed) = (format!("{file}.draft"), format!("{file}.signed"));
                self.stage.json(&["plan", &shop, &amount, "--fee-rate=2", "-o", &draft]);
                self.stage.json(&["sign", &draft, "-o", &signed, "--yes", "--expect-to", &shop, &password]);
                words(&["broadcast", &signed])
            }
            Form::Bump | Form::Cancel => {
                let name = if form == Form::Bump { "bump" } else { "cancel" };
                let sent = self.stage.json(&send);
                let id = sent["id"].as_str().unwrap();
                words(&[name, id, "--fee-rate=9", "--yes", "--max-fee=50000sat", &password])
            }
            Form::Sweep => {
                let key = bitcoin::PrivateKey::from_wif(WIF).unwrap().public_key(&Secp256k1::new()).inner;
                let (_, script) = scripts(key)[2].clone();
                self.stage.fund(&address_of(&script), SWEPT);
                words(&["sweep", "--key-file=paper", "--fee-rate=2", "--yes", "--max-fee=50000sat", &password])
            }
        }
    }
}

impl Scene for Practice {
    fn has(&self, _form: Form) -> bool {
        true
    }

    fn command(&mut self, form: Form, turn: u32) -> Command {
        self.form = form;
        self.before = self.balance();
        self.asked = if form == Form::Sweep { SWEPT } else { 100_000 + u64::from(turn) };
        let words = self.words(form, turn);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.stage.command(&words)
    }

    fn hold(&mut self, hold: Duration) {
        self.stage.server.faults().clear();
        if hold > Duration::ZERO {
            self.stage.server.faults().plan(Fault::HoldBroadcast(hold), u32::MAX);
        }
    }

    fn known(&self) -> BTreeSet<String> {
        let chain = self.stage.server.chain();
        let waiting = chain.lock().unwrap().mempool_txids().iter().map(ToString::to_string).collect::<BTreeSet<_>>();
        waiting.union(&self.known).cloned().collect()
    }

    fn mine(&mut self) {
        self.known = self.known();
        self.stage.mine(1);
    }

    fn paid(&self, _turn: u32) -> (u128, u128) {
        let now = self.balance();
        let paid = now.checked_sub(self.before).unwrap_or_else(|| panic!("{now} after {}", self.before));
        (u128::from(paid), u128::from(self.asked))
    }
}
