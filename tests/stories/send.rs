//! Paying: one go, several recipients, everything, with memo, chosen coins; and what the ledger says afterwards.

use crate::harness::{Stage, sat};

const LIMIT: &str = "--max-fee=5000sat";

impl Stage {
    /// `send` with the password from a file and a fee limit in a person's place.
    pub fn send(&self, arguments: &[&str]) -> serde_json::Value {
        let password = self.password();
        let mut words = [&["send"], arguments, &["--yes", &password]].concat();
        if !words.iter().any(|word| word.starts_with("--max-fee")) {
            words.push(LIMIT);
        }
        self.json(&words)
    }
}

#[test]
fn a_payment_from_plan_to_confirmation() {
    let stage = Stage::with_coins(&[100_000_000]);
    let sent = stage.send(&[&Stage::shop(), "0.25btc", "--fee-rate", "2"]);
    assert_eq!(sent["verdict"], "accepted");
    let txid = sent["id"].as_str().unwrap().to_owned();

    let tracked = stage.json(&["track", &txid]);
    assert_eq!(tracked["status"]["state"], "unconfirmed");
    let pending = &stage.json(&["balance"])["accounts"][0];
    assert_eq!((sat(&pending["confirmed"]), sat(&pending["unconfirmed"])), (0, 75_000_000 - 306));

    stage.mine(1);
    let tracked = stage.json(&["track", &txid, "--wait", "1"]);
    assert_eq!(tracked["status"]["confirmations"], 1);
    assert_eq!(stage.chain_balance(&Stage::shop()), 25_000_000);
    assert_eq!(stage.confirmed(), 75_000_000 - 306);
    let history = stage.json(&["history"]);
    assert_eq!(history["transactions"][0]["txid"], txid.as_str());
    assert_eq!(sat(&history["transactions"][0]["fee"]), 306);
}

#[test]
fn several_recipients_a_memo_and_the_rest() {
    let stage = Stage::with_coins(&[40_000_000, 30_000_000]);
    let other = stage.json(&["receive"])["address"].as_str().unwrap().to_owned();
    let shop = Stage::shop();
    stage.send(&[&shop, "0.1btc", &other, "20000000sat", "--memo", "invoice 17", "--fee-rate", "1"]);
    stage.mine(1);
    assert_eq!(stage.chain_balance(&shop), 10_000_000);
    assert_eq!(stage.chain_balance(&other), 20_000_000);

    let sent = stage.send(&[&shop, "all", "--fee-rate", "1"]);
    stage.mine(1);
    stage.json(&["sync"]);
    assert_eq!(stage.confirmed(), 0, "{sent}");
    let total = stage.chain_balance(&shop);
    assert!((69_990_000..70_000_000).contains(&total), "all but two fees: {total}");
}

#[test]
fn a_fee_can_be_taken_from_the_amount() {
    let stage = Stage::with_coins(&[40_000_000]);
    let shop = Stage::shop();
    let said = stage.run(&["plan", &shop, "0.1btc", "--fee-from-amount", "--fee-rate", "2"]);
    assert!(said.stderr.contains("0.100 000 00 BTC leave: the recipient gets 0.099 996 94 BTC"), "{said:?}");
    stage.send(&[&shop, "0.1btc", "--fee-from-amount", "--fee-rate", "2"]);
    stage.mine(1);
    stage.json(&["sync"]);
    assert_eq!((stage.chain_balance(&shop), stage.confirmed()), (10_000_000 - 306, 30_000_000));
    let tiny = stage.run(&["plan", &shop, "400sat", "--fee-from-amount", "--fee-rate", "4", "--json"]);
    assert_eq!(tiny.error_code(), "bitcoin.bad_request", "{tiny:?}");
}

/// A thousand payees are more than a person reads: the largest are shown, the others summed up, all of them on request.
#[test]
fn many_recipients_are_summed_up_and_shown_on_request() {
    let stage = Stage::with_coins(&[60_000_000]);
    let payees = stage.plan_for_fifty();
    // A file or pipe has room for everybody.
    let whole = stage.run(&["inspect", "pay.draft"]).stdout;
    assert!(payees.iter().all(|payee| whole.contains(payee)) && whole.contains("Nothing else"), "{whole}");
    assert!(whole.contains("for 50 recipients, fee counted; 0.59"), "{whole}");
}

#[test]
fn chosen_and_frozen_coins_are_respected() {
    let stage = Stage::with_coins(&[10_000_000, 20_000_000]);
    let coins = stage.json(&["coins"])["coins"].as_array().unwrap().clone();
    let (large, small) = (coins[0]["coin"].as_str().unwrap(), coins[1]["coin"].as_str().unwrap());
    let shop = Stage::shop();
    let planned = stage.json(&["plan", &shop, "0.05btc", "--fee-rate", "1", "--coins", small]);
    assert_eq!(planned["review"]["inputs"][0]["outpoint"], small);

    stage.json(&["coins", "--freeze", large]);
    let refused = stage.run(&["plan", &shop, "0.15btc", "--fee-rate", "1", "--json"]);
    refused.expect_code(7);
    assert_eq!(refused.error_code(), "bitcoin.insufficient_funds");
    assert_eq!(sat(&stage.json(&["balance"])["accounts"][0]["frozen"]), 20_000_000);
    stage.json(&["coins", "--unfreeze", large]);
    stage.json(&["plan", &shop, "0.15btc", "--fee-rate", "1"]);
}

#[test]
fn what_is_too_little_for_change_is_given_away_only_by_name() {
    let stage = Stage::with_coins(&[1_000_000]);
    let (shop, password) = (Stage::shop(), stage.password());
    let payment = ["plan", &shop, "999600sat", "--fee-rate", "1", "--json"];
    let refused = stage.run(&payment);
    refused.expect_code(1);
    assert_eq!(refused.error_code(), "bitcoin.left_over");
    assert!(refused.stdout.contains("278 sat"), "{refused:#?}");

    stage.json(&["send", &shop, "999600sat", "--fee-rate", "1", "--max-fee=400sat", "--yes", &password]);
    stage.mine(1);
    assert_eq!(stage.chain_balance(&shop), 999_600);
}

#[test]
fn sends_at_once_never_share_a_coin() {
    let stage = Stage::with_coins(&[10_000_000, 10_000_000, 10_000_000]);
    let (shop, password) = (Stage::shop(), stage.password());
    let send = ["send", &shop, "0.05btc", "--fee-rate", "1", "--yes", LIMIT, &password, "--json", "--again"];
    let running: Vec<_> = (0..4).map(|_| stage.command(&send).spawn().unwrap()).collect();
    let finished = running.into_iter().map(|child| crate::harness::answer(child.wait_with_output().unwrap()));
    let answers: Vec<_> = finished.collect();
    assert!(answers.iter().all(|answer| answer.code == 0), "each waits for its turn: {answers:#?}");
    stage.mine(1);
    assert_eq!(stage.chain_balance(&shop), 4 * 5_000_000);
}

#[test]
fn a_thousand_people_are_paid_from_a_file() {
    let stage = Stage::with_coins(&[200_000_000]);
    let mut lines = String::from("# salaries\n");
    let mut addresses = Vec::new();
    for number in 0..1_000u32 {
        let hash = bitcoin::hashes::Hash::hash(&number.to_le_bytes());
        let address =
            crate::harness::address_of(&bitcoin::ScriptBuf::new_p2wpkh(&bitcoin::WPubkeyHash::from_raw_hash(hash)));
        lines += &format!("{address}, {}sat\n", 1_000 + number);
        addresses.push(address);
    }
    std::fs::write(stage.path("people"), &lines).unwrap();
    let sent = stage.send(&["--recipients", "people", "--fee-rate", "1", "--max-fee=60000sat"]);
    assert_eq!(sent["verdict"], "accepted");
    stage.mine(1);
    for (number, address) in (0u64..).zip(&addresses) {
        assert_eq!(stage.chain_balance(address), 1_000 + number);
    }
    std::fs::write(stage.path("people"), lines.replace("1007sat", "1007")).unwrap();
    let bad = stage.run(&["plan", "--recipients", "people", "--fee-rate", "1", "--json"]);
    assert!(bad.stdout.contains("line 9 of the recipients"), "{bad:?}");
}

#[test]
fn recipients_as_a_spreadsheet_writes_them_and_all_that_is_wrong_at_once() {
    let stage = Stage::with_coins(&[50_000_000]);
    let [first, second] = [1u8, 2].map(|number| {
        let hash = bitcoin::hashes::Hash::hash(&[number]);
        crate::harness::address_of(&bitcoin::ScriptBuf::new_p2wpkh(&bitcoin::WPubkeyHash::from_raw_hash(hash)))
    });
    let paid = |text: &[u8]| {
        std::fs::write(stage.path("people.csv"), text).unwrap();
        let planned = stage.json(&["plan", "--recipients", "people.csv", "--fee-rate", "1"]);
        let outputs = planned["review"]["outputs"].as_array().unwrap().clone();
        let mut paid: Vec<(String, u64)> = outputs
            .iter()
            .filter(|output| output["role"] == "pay")
            .map(|output| (output["address"].as_str().unwrap().to_owned(), sat(&output["amount"])))
            .collect();
        paid.sort_by_key(|(_, amount)| *amount);
        paid
    };
    let wanted = [(second.clone(), 2_000), (first.clone(), 1_000_000)];
    let with_heads = format!("Label;Address;Amount\r\n\"rent; tea\";{first};0.01btc\r\n;{second};2000 sat\r\n");
    assert_eq!(paid(with_heads.as_bytes()), wanted);
    let wide: Vec<u8> =
        format!("\u{feff}{first}\t0.01btc\n{second}\t2000sat\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(paid(&wide), wanted);

    let wrong = format!("{first},0.01\nnowhere,5sat\n{second},2000sat\n{second}\n");
    std::fs::write(stage.path("people.csv"), wrong).unwrap();
    let refused = stage.run(&["plan", "--recipients", "people.csv", "--fee-rate", "1", "--json"]);
    assert_eq!(refused.error_code(), "desk.usage");
    for line in [1, 2, 4] {
        assert!(refused.stdout.contains(&format!("line {line} of the recipients")), "{refused:?}");
    }
    assert!(!refused.stdout.contains("line 3 "), "{refused:?}");
}

#[test]
fn an_interrupted_send_that_is_started_again_does_not_pay_twice() {
    let stage = Stage::with_coins(&[10_000_000, 10_000_000]);
    let (shop, password) = (Stage::shop(), stage.password());
    let first = stage.send(&[&shop, "0.02btc", "--fee-rate", "1"]);
    let again = ["send", &shop, "0.02btc", "--fee-rate", "3", "--yes", LIMIT, &password, "--json"];
    let refused = stage.run(&again);
    refused.expect_code(1);
    assert_eq!(refused.error_code(), "flow.same_payment");
    assert!(refused.stdout.contains(first["id"].as_str().unwrap()), "{refused:#?}");

    stage.send(&[&shop, "0.03btc", "--fee-rate", "1"]);
    stage.send(&[&shop, "0.02btc", "--fee-rate", "1", "--again"]);
    stage.mine(1);
    assert_eq!(stage.chain_balance(&shop), 7_000_000);
    let refused = stage.run(&again);
    refused.expect_code(1);
    assert_eq!(refused.error_code(), "flow.paid_lately", "in a block, and not a day old");
    stage.send(&[&shop, "0.02btc", "--fee-rate", "1", "--again"]);
    stage.mine(1);
    assert_eq!(stage.chain_balance(&shop), 9_000_000);
    stage.age_journal(25 * 3600);
    stage.send(&[&shop, "0.03btc", "--fee-rate", "1"]);
    stage.mine(1);
    assert_eq!(stage.chain_balance(&shop), 12_000_000, "what is older than a day is no repeat");
}

#[test]
fn recipients_of_a_file_are_paid_once_a_day_in_whatever_order() {
    let stage = Stage::with_coins(&[10_000_000]);
    let (shop, password) = (Stage::shop(), stage.password());
    let other = crate::harness::address_of(&bitcoin::ScriptBuf::new_p2wpkh(&bitcoin::WPubkeyHash::from_raw_hash(
        bitcoin::hashes::Hash::hash(b"other"),
    )));
    std::fs::write(stage.path("people"), format!("{shop} 20000sat\n{other} 30000sat\n")).unwrap();
    stage.send(&["--recipients", "people", "--fee-rate", "1"]);
    stage.mine(1);
    std::fs::write(stage.path("people"), format!("{other}, 0.0003btc\n{shop}, 0.0002btc\n")).unwrap();
    let refused =
        stage.run(&["send", "--recipients", "people", "--fee-rate", "4", "--yes", LIMIT, &password, "--json"]);
    assert_eq!(refused.error_code(), "flow.paid_lately");
    std::fs::write(stage.path("people"), format!("{other}, 0.0003btc\n{shop}, 0.00021btc\n")).unwrap();
    stage.send(&["--recipients", "people", "--fee-rate", "1"]);
}

#[test]
fn a_key_names_one_payment_for_ever() {
    let stage = Stage::with_coins(&[10_000_000, 10_000_000]);
    let (shop, password) = (Stage::shop(), stage.password());
    let first = stage.send(&[&shop, "0.02btc", "--fee-rate", "1", "--once", "invoice 17"]);
    let again = ["send", &shop, "0.02btc", "--fee-rate", "3", "--yes", LIMIT, &password, "--json", "--once"];
    let refused = |key: &str| {
        let answer = stage.run(&[again.as_slice(), &[key]].concat());
        assert!(answer.stdout.contains(first["id"].as_str().unwrap()), "{answer:#?}");
        answer.error_code()
    };
    assert_eq!(refused("invoice 17"), "flow.key_used", "while it waits");
    stage.mine(1);
    stage.age_journal(90 * 24 * 3600);
    assert_eq!(refused("invoice 17"), "flow.key_used", "and when it is long in a block");
    // An empty key is an unset variable, and two purposes at once are none.
    for more in [&[""][..], &[" "], &["invoice 19", "--again"]] {
        let answer = stage.run(&[again.as_slice(), more].concat());
        assert_eq!((answer.code, answer.error_code().as_str()), (2, "desk.usage"), "{answer:?}");
    }
    // Another key is another payment, although the same is asked for.
    stage.send(&[&shop, "0.02btc", "--fee-rate", "1", "--once", "invoice 18"]);
    stage.mine(1);
    assert_eq!(stage.chain_balance(&shop), 4_000_000);
}

#[test]
fn what_was_signed_before_an_interruption_is_sent_and_nothing_else() {
    let stage = Stage::with_coins(&[10_000_000, 10_000_000]);
    let (shop, password) = (Stage::shop(), stage.password());
    // Every question but the broadcast is answered: what is signed stays at home.
    let mut first = stage.command(&["send", &shop, "0.02btc", "--fee-rate", "1", "--yes", LIMIT, &password, "--json"]);
    stage.server.faults().plan(fastness::practice::server::Fault::HoldBroadcast(std::time::Duration::from_secs(60)), 1);
    let mut child = first.spawn().unwrap();
    let signed = stage.wait_for_the_journal();
    child.kill().unwrap();
    child.wait().unwrap();
    stage.server.faults().clear();
    stage.mine(1);
    let sent = stage.send(&[&shop, "0.02btc", "--fee-rate", "7"]);
    assert_eq!(sent["id"], signed.as_str(), "its own bytes, whatever fee is asked for now");
    stage.mine(1);
    assert_eq!(stage.chain_balance(&shop), 2_000_000);
}

impl Stage {
    /// Makes everything in the journal so many seconds older.
    fn age_journal(&self, seconds: u64) {
        let ledger = rusqlite::Connection::open(self.path("home/ledger.db")).unwrap();
        let sql = "UPDATE journal SET created = created - ?1";
        ledger.execute(sql, [seconds]).unwrap();
        ledger
            .execute("UPDATE transactions SET block_time = block_time - ?1, first_seen = first_seen - ?1", [seconds])
            .unwrap();
    }

    /// The id of the first transaction that is signed, once it is.
    fn wait_for_the_journal(&self) -> String {
        let start = std::time::Instant::now();
        while start.elapsed() < std::time::Duration::from_secs(60) {
            let ledger = fastness::ledger::Ledger::open(&self.path("home/ledger.db")).unwrap();
            if let Some(row) = ledger.journal(fastness::network::Network::Regtest).unwrap().first()
                && row.state == fastness::ledger::bitcoin::JournalState::Unknown
            {
                return row.txid.clone();
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("nothing was signed");
    }
}

#[test]
fn a_unit_behind_its_number_is_read_as_it_is_spoken() {
    let stage = Stage::with_coins(&[50_000_000]);
    let planned = |words: &[&str]| stage.json(&[&["plan", &Stage::shop()], words, &["--fee-rate", "2"]].concat());
    let amount = |planned: serde_json::Value| {
        let outputs = planned["review"]["outputs"].as_array().unwrap().clone();
        outputs.into_iter().find(|output| output["role"] == "pay").unwrap()["amount"].to_string()
    };
    let same = amount(planned(&["0.25btc"]));
    for words in [&["0.25", "btc"][..], &["25,000,000", "sat"], &["0.25 btc"]] {
        assert_eq!(amount(planned(words)), same, "{words:?}");
    }
    let nothing = stage.run(&["receive", "--amount", "0btc", "--json"]);
    assert_eq!(nothing.error_code(), "desk.usage", "{nothing:?}");
}
