//! Options of one family of networks on the other one: an error that names them, for every option of every such command.

use crate::harness::{Stage, finish, program};

const SHOP: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const HASH: &str = "0x1111111111111111111111111111111111111111111111111111111111111111";

/// A command that serves both, in words that are whole but for the option.
struct Case {
    command: &'static str,
    bitcoin: Vec<String>,
    evm: Vec<String>,
}

fn case(command: &'static str, bitcoin: &[&str], evm: &[&str]) -> Case {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Case { command, bitcoin: words(bitcoin), evm: words(evm) }
}

/// The options under a heading of a command's help, with a value that its placeholder asks for.
fn options(help: &str, heading: &str) -> Vec<Vec<String>> {
    let section = help.split(&format!("\n{heading}:\n")).nth(1).unwrap_or_default();
    let section = section.split("\n\n").take_while(|part| part.starts_with("  ")).collect::<Vec<_>>().join("\n");
    let option = |line: &str| {
        let line = line.trim_start();
        let name = line.split_whitespace().next()?.to_owned();
        let value = line.split_once('<').map(|(_, rest)| rest.split('>').next().unwrap_or_default().to_owned());
        Some(match value {
            Some(value) => vec![name.clone(), value_for(&name, &value)],
            None => vec![name],
        })
    };
    section.lines().filter(|line| line.starts_with("      --") || line.starts_with("  -")).filter_map(option).collect()
}

fn value_for(option: &str, placeholder: &str) -> String {
    let value = match (option, placeholder) {
        ("--tx-type", _) => "legacy",
        ("--until", _) => "safe",
        ("--layout", _) => "ledger-live",
        ("--type", _) => "taproot",
        (_, "PRICE") => "2gwei",
        (_, "ADDRESS") => SHOP,
        (_, "DIGEST") => HASH,
        (_, "COIN") => "1111111111111111111111111111111111111111111111111111111111111111:0",
        (_, "TEXT" | "FUNCTION") => "text()",
        (_, "FILE") => "pay.draft",
        _ => "1",
    };
    value.to_owned()
}

#[test]
fn an_option_of_the_other_family_is_an_error_that_names_it() {
    let stage = Stage::with_coins(&[10_000_000]);
    let shop = Stage::shop();
    stage.json(&["plan", &shop, "0.01btc", "--fee-rate", "2", "-o", "pay.draft"]);
    let id = "1".repeat(64);
    let cases = [
        case("send", &[&shop, "0.01btc"], &[SHOP, "1eth"]),
        case("plan", &[&shop, "0.01btc", "-o=x"], &[SHOP, "1eth", "-o=x"]),
        case("bump", &[&id, "-o=x"], &[HASH, "-o=x"]),
        case("cancel", &[&id, "-o=x"], &[HASH, "-o=x"]),
        case("track", &[&id], &[HASH]),
        case("sign", &["pay.draft"], &[]),
        case("inspect", &["pay.draft"], &[]),
        case("account add", &["bitcoin"], &["ethereum"]),
    ];
    let mut tried = 0;
    for Case { command, bitcoin, evm } in &cases {
        let path: Vec<&str> = command.split(' ').collect();
        let help = stage.run(&[["help"].as_slice(), &path].concat()).stdout;
        let foreign = [
            ("regtest", bitcoin, ["Ethereum and its family", "Agreeing to what is unusual"].as_slice()),
            ("local", evm, ["Bitcoin"].as_slice()),
        ];
        for (network, words, headings) in foreign.into_iter().filter(|(_, words, _)| !words.is_empty()) {
            for option in headings.iter().flat_map(|heading| options(&help, heading)) {
                // A file of recipients stands in place of those that are typed.
                let typed = if option[0] == "--recipients" { &[] } else { words.as_slice() };
                let words: Vec<&str> = path.iter().copied().chain(typed.iter().map(String::as_str)).collect();
                // What an option requires beside it comes with it.
                let beside = if option[0] == "--tip" { ["--gas-price", "2gwei"].as_slice() } else { &[] };
                let option: Vec<&str> = option.iter().map(String::as_str).collect();
                let mut program = program();
                program.current_dir(stage.home.path()).arg("--home").arg(stage.path("home"));
                program.args(["--network", network, "--explorer", &stage.server.url(), "--json"]);
                program.args(words).args(&option).args(beside);
                let answer = finish(program);
                assert_eq!(answer.code, 2, "{network} {command} {option:?}: {answer:#?}");
                assert_eq!(answer.error_code(), "desk.other_options", "{network} {command} {option:?}: {answer:#?}");
                assert!(answer.stdout.contains(option[0]), "{answer:#?}");
                tried += 1;
            }
        }
    }
    assert!(tried >= 60, "{tried} options");
}
