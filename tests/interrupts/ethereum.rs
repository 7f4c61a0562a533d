//! An anvil behind a go-between that holds the answer to a transaction.

use std::{
    collections::BTreeSet,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::json;

use crate::{
    Form, Scene,
    harness::program,
    node::{ETHER, EvmStage, OURS, SHOP},
    relay::{Relay, Turn},
};

struct OnAnvil {
    stage: EvmStage,
    relay: Relay,
    hold: Arc<AtomicU64>,
    before: u128,
    asked: u128,
}

pub(crate) fn scene() -> Box<dyn Scene> {
    let stage = EvmStage::new();
    stage.anvil.automine(&json!(false));
    let hold = Arc::new(AtomicU64::new(0));
    let held = Arc::clone(&hold);
    let relay = Relay::start(&stage.anvil.url(), move |question, ask| {
        let reply = ask();
        if question["method"] == "eth_sendRawTransaction" {
            std::thread::sleep(Duration::from_millis(held.load(Ordering::Relaxed)));
        }
        Turn::Reply(reply)
    });
    Box::new(OnAnvil { stage, relay, hold, before: 0, asked: 0 })
}

impl OnAnvil {
    fn amount(turn: u32) -> (String, u128) {
        (format!("0.01{turn:02}eth"), u128::from(100 + turn) * ETHER / 10_000)
    }

    fn words(&self, form: Form, turn: u32) -> Vec<String> {
        let (amount, file) = (Self::amount(turn).0, format!("pay{turn}"));
        let password = self.stage.stage.password();
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let agreed = ["--yes", "--max-fee=0.05eth", &password];
        let send = [["send", SHOP, &amount].as_slice(), &agreed].concat();
        match form {
            Form::Broadcast => {
                let (draft, signed) = (format!("{file}.draft"), format!("{file}.signed"));
                self.stage.json(&["plan", SHOP, &amount, "-o", &draft]);
                self.stage.json(&[["sign", &draft, "-o", &signed, "--expect-to", SHOP].as_slice(), &agreed].concat());
                words(&["broadcast", &signed])
            }
            Form::Bump | Form::Cancel => {
                let name = if form == Form::Bump { "bump" } else { "cancel" };
                let sent = self.stage.json(&send);
                words(&[[name, sent["id"].as_str().unwrap()].as_slice(), &agreed].concat())
            }
            _ => words(&send),
        }
    }
}

impl Scene for OnAnvil {
    fn has(&self, form: Form) -> bool {
        form != Form::Sweep
    }

    fn command(&mut self, form: Form, turn: u32) -> Command {
        self.before = self.stage.anvil.balance(SHOP);
        self.asked = Self::amount(turn).1;
        let mut command = program();
        command.current_dir(self.stage.stage.home.path()).arg("--home").arg(self.stage.stage.path("home"));
        command.args(["--network", "local", "--explorer", &self.relay.url]).args(self.words(form, turn));
        command
    }

    fn hold(&mut self, hold: Duration) {
        self.hold.store(u64::try_from(hold.as_millis()).unwrap(), Ordering::Relaxed);
    }

    fn known(&self) -> BTreeSet<String> {
        let pool = self.stage.anvil.rpc("txpool_content", &json!([]));
        let mut known = BTreeSet::new();
        for part in ["pending", "queued"] {
            let accounts = pool[part].as_object().into_iter().flatten();
            for (_, waiting) in accounts.filter(|(account, _)| account.eq_ignore_ascii_case(OURS)) {
                let ids = waiting.as_object().into_iter().flatten();
                known.extend(ids.filter_map(|(_, row)| row["hash"].as_str().map(str::to_owned)));
            }
        }
        known
    }

    fn mine(&mut self) {
        self.stage.anvil.mine();
    }

    fn paid(&self, _turn: u32) -> (u128, u128) {
        (self.stage.anvil.balance(SHOP) - self.before, self.asked)
    }
}
