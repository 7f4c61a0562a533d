//! Every example of the help does what it says: its words in capitals are filled in, and what a person would type for a
//! question comes as an option.

use bitcoin::secp256k1::Secp256k1;
use fastness::chain::bitcoin::sweep::scripts;

use crate::{
    ethereum::node::{EvmStage, OURS, SHOP, code},
    harness::{Answer, Stage, WORDS, finish, program},
};

/// The test-net private key whose secret is 1.
const WIF: &str = "cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA";

/// Every command of the help with its examples.
fn examples() -> Vec<(String, Vec<String>)> {
    let mut help = program();
    help.args(["help", "all"]);
    let text = finish(help).stdout;
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("  fastness ")) {
        let command = line.split(' ').next().unwrap().to_owned();
        match commands.last_mut() {
            Some((last, lines)) if *last == command => lines.push(line.to_owned()),
            _ => commands.push((command, vec![line.to_owned()])),
        }
    }
    commands
}

/// The words of an example as a shell reads them.
fn words(example: &str, filled: &[(&str, String)]) -> Vec<String> {
    let mut words = Vec::new();
    for (place, part) in example.split('"').enumerate() {
        // Every second part stands in quotes.
        if place % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    for word in &mut words {
        for (name, value) in filled {
            if word.split(' ').any(|part| part == *name) {
                *word = word.replace(name, value);
            }
        }
    }
    words
}

/// What a person would answer, as options.
fn answers(command: &str, example: &str, stage: &Stage) -> Vec<String> {
    let (password, limit) = (stage.password(), "--max-fee=200000sat".to_owned());
    let yes = || "--yes".to_owned();
    let new_password = format!("--new-password-file={}", stage.path("password").display());
    let fingerprint = "--expect-fingerprint=24581326".to_owned();
    match command {
        "send" => vec![yes(), limit, password],
        "bump" | "cancel" if !example.contains("-o") => vec![yes(), limit, password],
        "sign" => vec![yes(), limit, format!("--expect-to={}", Stage::shop()), password],
        "sweep" if example.contains("--key-file") => vec![yes(), limit, password],
        "sweep" => vec![yes(), limit, password, "--key-file=paper.key".to_owned()],
        "new" => vec!["--words-to-stdout".to_owned(), password],
        "restore" if example.contains("--from") => vec![yes(), fingerprint, password],
        "restore" => vec![yes(), fingerprint, password, "--words-file=paper.txt".to_owned()],
        "account" if example.contains("add") => vec![password],
        "recover" if example.contains("--from") => vec!["--words-to-stdout".to_owned()],
        "recover" => vec!["--words-to-stdout".to_owned(), "--from=swapped.txt".to_owned()],
        "backup" if example.contains("file -o") => vec![password],
        "backup" if example.contains("split") => vec!["--shares-to-stdout".to_owned(), password],
        "backup" if example.contains("words") && !example.contains("verify") => {
            vec!["--words-to-stdout".to_owned(), password]
        }
        "child" if !example.contains("list") => vec!["--secret-to-stdout".to_owned(), password],
        "password" => vec![password, new_password],
        "practice" if example == "practice" => vec![yes()],
        _ => Vec::new(),
    }
}

/// A home with what the examples name, and their values.
fn bitcoin_stage() -> (Stage, Vec<(&'static str, String)>) {
    let stage = Stage::with_coins(&[50_000_000, 20_000_000]);
    let write = |name: &str, text: &str| std::fs::write(stage.path(name), text).unwrap();
    let shop = Stage::shop();
    stage.json(&["contacts", "add", "alice", &shop]);
    let id = stage.send(&[&shop, "0.04btc", "--fee-rate", "2"])["id"].as_str().unwrap().to_owned();
    stage.json(&["plan", &shop, "0.02btc", "--fee-rate", "2", "-o", "pay.draft"]);
    stage.json(&["plan", &shop, "0.03btc", "--fee-rate", "2", "-o", "done.draft"]);
    let limits = ["--yes", "--max-fee=5000sat", "--expect-to", &shop, &stage.password()];
    stage.json(&[&["sign", "done.draft", "-o", "done.signed"][..], &limits].concat());
    let coin = stage.json(&["coins"])["coins"][0]["coin"].as_str().unwrap().to_owned();
    let own = stage.json(&["receive"])["address"].as_str().unwrap().to_owned();
    write("paper.txt", WORDS);
    let words: Vec<&str> = WORDS.split(' ').collect();
    write("partly.txt", &[&words[..11], &["?"]].concat().join(" "));
    write("swapped.txt", &[&[words[1], words[0]], &words[2..]].concat().join(" "));
    write("payees.csv", &format!("{shop}, 0.01btc\n"));
    write("paper.key", WIF);
    let key = bitcoin::PrivateKey::from_wif(WIF).unwrap().public_key(&Secp256k1::new()).inner;
    stage.server.chain().lock().unwrap().faucet(scripts(key)[2].1.clone(), 500_000).unwrap();
    let stranger =
        bitcoin::ScriptBuf::new_p2wsh(&bitcoin::WScriptHash::from_raw_hash(bitcoin::hashes::Hash::hash(b"b")));
    let address = crate::harness::address_of(&stranger);
    let filled = vec![("ADDRESS", address), ("TXID", id), ("COIN", coin), ("OWN", own)];
    (stage, filled)
}

/// What is wrong with an example, if anything is.
fn wrong(example: &str, answer: &Answer) -> Option<String> {
    // What was waited for in vain, or sent to nobody yet, is told by its code; nothing else may be wrong.
    let may_wait = example.contains("--wait");
    let is_right = answer.code == 0 || (may_wait && answer.code == 5);
    (!is_right).then(|| format!("`fastness {example}`: {answer:?}"))
}

const OF_EVM: [&str; 7] = ["call", "token", "nft", "message", "deploy", "delegate", "nonce"];
/// Their examples belong to the chain that `practice serve` runs, which has a story of its own.
const OF_PRACTICE: [&str; 2] = ["practice faucet ADDRESS 1btc", "practice mine 1"];

#[test]
fn examples_of_bitcoin_run() {
    let commands = examples();
    assert!(commands.len() > 40, "{}", commands.len());
    let (mut ran, mut wrongs, home) = (0, Vec::new(), bitcoin_stage());
    for (command, lines) in commands.iter().filter(|(command, _)| !OF_EVM.contains(&command.as_str())) {
        for example in lines.iter().filter(|example| !OF_PRACTICE.contains(&example.as_str())) {
            // On a home of its own where it changes what others find.
            let pays =
                ["new", "send", "bump", "cancel", "sweep", "sign", "broadcast", "restore"].contains(&command.as_str());
            let other = pays.then(bitcoin_stage);
            let (stage, filled) = other.as_ref().unwrap_or(&home);
            if command == "sweep" {
                stage.mine(1);
            }
            let mut typed = words(example, filled);
            typed.extend(answers(command, example, stage));
            if ["restore", "new"].contains(&command.as_str()) && !example.contains(" -w ") {
                typed.push(format!("--wallet=another-{ran}"));
            }
            let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
            wrongs.extend(wrong(example, &stage.run(&typed)));
            ran += 1;
        }
    }
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
    assert!(ran > 60, "{ran} examples");
}

#[test]
fn examples_of_ethereum_run() {
    let (stage, coin) = EvmStage::with_coin();
    let picture = stage.anvil.deploy("Picture", &crate::ethereum::node::word(OURS));
    std::fs::write(stage.stage.path("contract.hex"), code("Register")).unwrap();
    std::fs::write(stage.stage.path("tokens.json"), "{\"name\":\"A list\",\"tokens\":[]}").unwrap();
    std::fs::write(stage.stage.path("home/config.toml"), format!("[delegates]\nlocal = [\"{coin}\"]\n")).unwrap();
    let digest = stage.json(&["message", "inspect", "hello"])["digest"].as_str().unwrap().to_owned();
    let signed = stage.json(&["message", "sign", "hello", &stage.stage.password(), "--approve", &digest]);
    let signature = signed["signature"].as_str().unwrap().to_owned();
    let filled: Vec<(&str, String)> = vec![
        ("CONTRACT", coin.clone()),
        ("ACCOUNT", OURS.to_owned()),
        ("PAYEE", SHOP.to_owned()),
        ("NFT", picture),
        ("SIGNATURE", signature),
        ("DELEGATE", coin),
    ];
    let mut wrongs = Vec::new();
    for (command, lines) in examples().iter().filter(|(command, _)| OF_EVM.contains(&command.as_str())) {
        for example in lines {
            let mut typed = words(example, &filled);
            let asks = example.contains("--view")
                || ["token list", "token add", "token import", "nonce", "message verify"]
                    .iter()
                    .any(|start| example.starts_with(start));
            if !asks {
                let agreed = match command.as_str() {
                    "message" => ["--approve".to_owned(), digest.clone()],
                    _ => ["--yes".to_owned(), "--max-fee=0.05eth".to_owned()],
                };
                typed.extend(agreed.into_iter().chain([stage.stage.password()]));
            }
            if command == "delegate" && example.contains("DELEGATE") {
                typed.extend(["--delegate-to".to_owned(), filled[5].1.clone()]);
            }
            let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
            wrongs.extend(wrong(example, &stage.run(&typed)));
        }
    }
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
}
