//! Help as a person reads it: commands in groups, two or three examples for each, options that are seldom needed in the long
//! form only. Every example runs in the tests, with its words in capitals filled in.

use clap::Command;

use super::family::CONSENTS;

/// A command with how it is used.
pub(crate) struct Usage {
    /// Its name.
    pub(crate) command: &'static str,
    /// Whole command lines without the program's name.
    pub(crate) examples: &'static [&'static str],
}

/// Commands that are listed together.
pub(crate) struct Group {
    /// What they are for.
    pub(crate) heading: &'static str,
    /// The commands.
    pub(crate) usages: &'static [Usage],
}

const fn usage(command: &'static str, examples: &'static [&'static str]) -> Usage {
    Usage { command, examples }
}

/// Every command, in the order of the first page.
pub(crate) const GROUPS: &[Group] = &[
    Group {
        heading: "Start here",
        usages: &[
            usage("practice", &["practice", "practice faucet ADDRESS 1btc", "practice mine 1"]),
            usage("new", &["new", "new --words 12 --network testnet4", "new -w savings --type taproot"]),
            usage("restore", &["restore", "restore --from paper.txt -w old", "restore -w old --type taproot"]),
            usage("status", &["status", "status --json"]),
        ],
    },
    Group {
        heading: "Every day",
        usages: &[
            usage("receive", &["receive", "receive --amount 0.01btc --qr", "receive --label rent --new"]),
            usage(
                "send",
                &["send ADDRESS 0.01btc", "send @alice 0.01btc --fee-rate 2", "send ADDRESS all --fee-rate 2"],
            ),
            usage("balance", &["balance", "balance --offline"]),
            usage("history", &["history --limit 10", "history --to @alice --since 30d", "history --csv"]),
            usage("tx", &["tx TXID", "tx TXID --raw"]),
            usage("track", &["track TXID", "track TXID --wait 1 --timeout 0"]),
            usage("watch", &["watch --once", "watch --once --exec \"cat >> events.jsonl\""]),
            usage("sync", &["sync", "sync --full"]),
            usage("fees", &["fees", "fees --json"]),
        ],
    },
    Group {
        heading: "What is on its way",
        usages: &[
            usage("bump", &["bump TXID", "bump TXID --fee-rate 10 -o bump.draft"]),
            usage("cancel", &["cancel TXID", "cancel TXID -o cancel.draft"]),
        ],
    },
    Group {
        heading: "Whom and what",
        usages: &[
            usage("contacts", &["contacts add bob ADDRESS", "contacts list", "contacts export -o contacts.csv"]),
            usage("label", &["label ADDRESS \"the shop\"", "label TXID \"rent, May\""]),
            usage("labels", &["labels list", "labels export -o labels.jsonl"]),
            usage("coins", &["coins", "coins --freeze COIN", "coins --unfreeze COIN"]),
            usage("addresses", &["addresses", "addresses --unused", "addresses --find OWN"]),
        ],
    },
    Group {
        heading: "Offline signing",
        usages: &[
            usage(
                "plan",
                &["plan ADDRESS 0.01btc --fee-rate 2 -o new.draft", "plan --recipients payees.csv --fee-rate 2"],
            ),
            usage("inspect", &["inspect pay.draft", "inspect pay.draft --json"]),
            usage("sign", &["sign pay.draft -o pay.signed", "sign pay.draft --raw"]),
            usage("broadcast", &["broadcast done.signed", "broadcast done.signed --private"]),
            usage("sweep", &["sweep", "sweep --key-file paper.key --fee-rate 2"]),
        ],
    },
    Group {
        heading: "Wallets",
        usages: &[
            usage("wallets", &["wallets"]),
            usage("show", &["show", "show -w main"]),
            usage("account", &["account list", "account export", "account add --type taproot"]),
            usage(
                "backup",
                &[
                    "backup verify --from paper.txt",
                    "backup words",
                    "backup sheet -o sheet.html",
                    "backup split 2of3",
                    "backup file -o home.backup",
                ],
            ),
            usage(
                "recover",
                &[
                    "recover words --fingerprint 24581326 --from partly.txt",
                    "recover words --mistake swapped --address OWN",
                ],
            ),
            usage("child", &["child words --count 12 --note phone", "child password --length 20", "child list"]),
            usage("password", &["password"]),
        ],
    },
    Group {
        heading: "Ethereum and its family",
        usages: &[
            usage(
                "call",
                &[
                    "call CONTRACT \"balanceOf(address) returns (uint256)\" ACCOUNT --view",
                    "call CONTRACT \"transfer(address,uint256)\" PAYEE 5",
                ],
            ),
            usage(
                "token",
                &["token list", "token add CONTRACT", "token import tokens.json", "token send PAYEE \"25 CONTRACT\""],
            ),
            usage("nft", &["nft send NFT 7 PAYEE"]),
            usage("message", &["message sign \"hello\"", "message verify ACCOUNT SIGNATURE \"hello\""]),
            usage("deploy", &["deploy contract.hex"]),
            usage("delegate", &["delegate DELEGATE", "delegate none"]),
            usage("nonce", &["nonce status"]),
        ],
    },
    Group {
        heading: "The program itself",
        usages: &[
            usage("networks", &["networks"]),
            usage("explorers", &["explorers list", "explorers test"]),
            usage("privacy", &["privacy report"]),
            usage("doctor", &["doctor"]),
            usage("errors", &["errors", "errors bitcoin.insufficient_funds"]),
            usage("completions", &["completions bash"]),
            usage("man", &["man", "man send"]),
        ],
    },
];

/// Letters that a line has for what a command is for.
const ROOM: usize = 65;
/// Options that are in the long help of their commands only: those of whoever knows why.
const SELDOM: [&str; 9] =
    ["gas_limit", "nonce", "tx_type", "tip", "gas_price", "trust_single_explorer", "no_rbf", "private", "approve"];

/// Options of every command that a person needs often; the others are in the long help.
const OFTEN: [&str; 4] = ["wallet", "network", "json", "offline"];

/// The definition with groups and examples.
pub(crate) fn with_examples(mut whole: Command) -> Command {
    let seldom: Vec<clap::Id> = whole
        .get_arguments()
        .filter(|argument| argument.is_global_set() && !OFTEN.contains(&argument.get_id().as_str()))
        .map(|argument| argument.get_id().clone())
        .collect();
    for id in seldom {
        whole = whole.mut_arg(id, |argument| argument.hide_short_help(true));
    }
    whole = whole.mut_subcommands(shortened);
    let names: Vec<String> = whole.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    for usage in
        GROUPS.iter().flat_map(|group| group.usages).filter(|usage| names.iter().any(|name| name == usage.command))
    {
        whole = whole.mut_subcommand(usage.command, |command| command.after_help(examples(usage)));
    }
    let template = format!(
        "{{before-help}}{{about}}\n\nUsage: {{usage}}\n\nCommands:\n\n{}\nOptions:\n{{options}}\n\nMore: fastness help COMMAND, fastness help all\n{{after-help}}",
        groups(&whole)
    );
    whole.help_template(template)
}

/// A command whose short help has what is needed often.
fn shortened(command: Command) -> Command {
    let is_seldom = |argument: &&clap::Arg| {
        SELDOM.contains(&argument.get_id().as_str()) || argument.get_help_heading() == Some(CONSENTS)
    };
    let seldom: Vec<clap::Id> = command.get_arguments().filter(is_seldom).map(|one| one.get_id().clone()).collect();
    let hidden = |command: Command, id| command.mut_arg(id, |argument| argument.hide_short_help(true));
    seldom.into_iter().fold(command, hidden)
}

fn examples(usage: &Usage) -> String {
    let lines = usage.examples.iter().map(|example| format!("\n  fastness {example}"));
    format!("Examples:{}", lines.collect::<String>())
}

/// The commands that this build has, in their groups, each on a line.
fn groups(whole: &Command) -> String {
    let mut text = String::new();
    for group in GROUPS {
        let commands = group.usages.iter().filter_map(|usage| whole.find_subcommand(usage.command));
        let lines: String = commands.map(line).collect();
        if !lines.is_empty() {
            text += &format!("{}\n{lines}", group.heading);
        }
    }
    text
}

/// A command with what it is for, or the first part of that, within 80 columns.
fn line(command: &Command) -> String {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let first = || about.split([':', ';', '(']).next().unwrap_or_default().trim();
    let short = if about.chars().count() <= ROOM { about.as_str() } else { first() };
    format!("  {:<12} {short}\n", command.get_name())
}

/// The long help of the program and of every command, one after the other.
pub(crate) fn all(mut whole: Command) -> String {
    whole.build();
    let mut text = whole.render_long_help().to_string();
    for command in whole.get_subcommands_mut().filter(|command| command.get_name() != "help") {
        text += &format!("\n{}\n{}", "-".repeat(72), command.render_long_help());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::definition;

    #[test]
    fn every_command_stands_in_one_group_with_its_examples() {
        let whole = definition();
        let listed: Vec<&str> = GROUPS.iter().flat_map(|group| group.usages).map(|usage| usage.command).collect();
        for command in whole.get_subcommands() {
            let times = listed.iter().filter(|name| **name == command.get_name()).count();
            assert_eq!(times, 1, "{} is listed {times} times", command.get_name());
        }
        for usage in GROUPS.iter().flat_map(|group| group.usages) {
            assert!(usage.examples.iter().all(|example| example.split(' ').next() == Some(usage.command)));
        }
    }

    /// A page that scrolls away is not read.
    #[test]
    fn short_help_fits_a_screen() {
        let mut whole = definition();
        whole.build();
        for command in whole.get_subcommands_mut() {
            let lines = command.render_help().to_string().lines().count();
            assert!(lines <= 64, "{} takes {lines} lines", command.get_name());
        }
        assert!(all(definition()).lines().count() > 500);
    }
}
