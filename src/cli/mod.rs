//! The command-line interface: words become values once, a command runs, its report is shown. Part of the binary only.
//!
//! No decision about money, keys or networks is made here; each command calls the library's modules.

mod account_choice;
mod bitcoin;
mod book_rows;
mod cli_error;
mod commands;
mod config;
mod context;
mod descriptors;
mod disclosures;
mod duration;
mod ending;
mod ethereum;
mod family;
mod guided_payment;
mod heading;
mod help;
mod history_filter;
mod hook;
mod input_file;
mod interrupts;
mod key_side;
mod limits;
mod new_password;
mod new_wallet;
mod note;
mod page;
mod pager;
mod prompt;
mod qr;
mod recipients_file;
mod report;
mod sealed_child;
mod stopping;
mod terminal;
mod text_file;
mod transaction_choice;
mod typed_words;
mod ui;
mod wallet_error;
mod way_out;
mod words_screen;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser, error::ErrorKind};
use fastness::{
    explain::{Failure, Kind},
    keystore::{LeakedSecret, WordCount, find_secret},
    network::AnyNetwork,
    seal::close_inherited,
};
use rustix::fs::Mode;
use serde::Serialize;

pub(crate) use self::cli_error::{CATALOGUE, CliError};
use self::{
    commands::Command,
    context::Context,
    family::Given,
    page::Page,
    report::{Outcome, OutputFormat, Report},
    ui::Ui,
};

/// An HD wallet for the terminal: keys stay sealed, explorers are never believed.
#[derive(Debug, Parser)]
#[command(name = "fastness", version, disable_help_subcommand = false, infer_subcommands = false)]
#[command(max_term_width = 80)]
#[command(help_template = "{before-help}{about}\n\nUsage: {usage}\n\n{all-args}{after-help}")]
#[command(
    after_help = "Exit codes: 0 done, 1 refused, 2 usage, 3 declined, 4 network (nothing sent), 5 unknown (may have happened), 6 wrong password, 7 insufficient funds, 8 verification failed, 70 bug."
)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Globals {
    /// Wallet to use; needed only if there are several
    #[arg(long, short, global = true, value_name = "NAME")]
    wallet: Option<String>,
    /// Account of the wallet, as `account list` names it
    #[arg(long, global = true, value_name = "NAME")]
    account: Option<String>,
    /// Network, such as bitcoin, testnet4, ethereum, base; `networks` lists all
    #[arg(long, short, global = true, value_name = "NET")]
    network: Option<String>,
    /// Home directory of wallets and ledger
    #[arg(long, global = true, value_name = "DIR")]
    home: Option<PathBuf>,
    /// Explorer to ask, in place of the configured ones; repeat for a fall-over list
    #[arg(long, global = true, value_name = "URL")]
    explorer: Vec<String>,
    /// SOCKS5 proxy for everything beyond this machine, such as socks5://127.0.0.1:9050 for Tor
    #[arg(long, global = true, value_name = "URL")]
    proxy: Option<String>,
    /// Print one JSON document on stdout, success or failure
    #[arg(long, global = true)]
    json: bool,
    /// Use no network; answer from what is known
    #[arg(long, global = true)]
    offline: bool,
    /// Agree without being asked; signing needs a stated limit with it
    #[arg(long, short, global = true)]
    yes: bool,
    /// Read the password from this file descriptor
    #[arg(long, global = true, value_name = "N", conflicts_with = "password_file")]
    password_fd: Option<u32>,
    /// Read the password from the first line of this file
    #[arg(long, global = true, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Read the wallet's passphrase (BIP-39) from this file descriptor
    #[arg(long, global = true, value_name = "N")]
    passphrase_fd: Option<u32>,
}

/// How to begin, where there is no wallet yet.
const FIRST_PAGE: &str = "\
fastness 0.1: an HD wallet for the terminal.
Keys stay sealed; explorers are never believed.

Start here
  practice   make a whole payment on a private practice chain, at no risk
  new        create a wallet and back it up
  restore    bring a wallet back from its words
Every day
  status     where things stand, and what to type next
  receive    an address to be paid at
  send       plan, review, sign and broadcast in one go
  balance    what you have, and how sure it is
  history    what happened
Offline signing
  plan       write an unsigned draft
  inspect    explain any draft, PSBT or transaction
  sign       review and sign a draft
  broadcast  send what was signed
More: fastness help COMMAND, or fastness help all
";

/// The same of the build without the network: only what it can do.
const OFFLINE_PAGE: &str = "\
fastness 0.1, without the network: an HD wallet for a machine that is never online.
Keys stay sealed.

Start here
  new        create a wallet and back it up
  restore    bring a wallet back from its words
Signing
  inspect    explain any draft, PSBT or transaction
  sign       review and sign a draft
Looking after it
  status     where things stand, and what to type next
  account    add accounts, and export them to the machine that watches
  backup     show the words again, or prove that your paper restores them
  receive    an address to be paid at
More: fastness help COMMAND, or fastness help all
";

/// A text of the program about itself: help, the version, the first page.
#[derive(Serialize)]
struct ShownPage {
    text: String,
}

impl Report for ShownPage {
    fn page(&self, page: &mut Page) {
        page.verbatim(&self.text);
    }
}

/// The program without a command: where things stand, or how to begin where there is no wallet.
fn first_page(mut context: Context) -> Result<u8, Failure> {
    context.require_named_wallet()?;
    let status = commands::status::status(&mut context)?;
    if status.is_empty() && context.ui.form() == OutputFormat::Text {
        let page = if fastness::explorer::IS_BUILT_IN { FIRST_PAGE } else { OFFLINE_PAGE };
        let is_here = |line: &&str| cfg!(feature = "practice") || !line.starts_with("  practice ");
        let text = page.split_inclusive('\n').filter(is_here).collect();
        context.ui.result(&ShownPage { text })?;
    } else {
        context.ui.result(&status)?;
    }
    Ok(0)
}

/// Runs the program on its arguments and answers with the exit code.
pub(crate) fn main() -> ExitCode {
    // Everything this program ever writes is for one person; SQLite makes its files by itself.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    stopping::hold_back_file_size_signal();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let form =
        if arguments.iter().any(|argument| argument == "--json") { OutputFormat::Json } else { OutputFormat::Text };
    interrupts::set_form(form);
    let ui = Ui::new(form);
    ending::with(run(&arguments, ui).unwrap_or_else(|failure| {
        Ui::new(form).failure(&failure);
        failure.entry().kind.exit_code()
    }))
}

/// Never a part of its caller, whose own place on the stack is not overwritten.
#[inline(never)]
fn run(arguments: &[OsString], ui: Ui) -> Result<u8, Failure> {
    close_inherited(&descriptors::named(arguments))?;
    refuse_secrets(arguments)?;
    let mut definition = definition();
    if arguments.get(1..).is_some_and(|words| words == ["help", "all"]) {
        ui.result(&ShownPage { text: help::all(definition) })?;
        return Ok(0);
    }
    let parsed = definition.try_get_matches_from_mut(arguments);
    let (cli, given) =
        match parsed.and_then(|found| Ok((Cli::from_arg_matches(&found)?, Given::read(&definition, &found)))) {
            Ok(parsed) => parsed,
            Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
                ui.result(&ShownPage { text: error.render().to_string() })?;
                return Ok(0);
            }
            Err(error) => return Err(CliError::Usage(usage(&error)).into()),
        };
    let Some(command) = cli.command else { return first_page(Context::new(cli.globals, given, ui)) };
    if command.sends() {
        interrupts::watch();
    }
    if let Some(wallet) = &cli.globals.wallet {
        page::set_named_wallet(&fastness::text::SafeText::new(wallet).to_string());
    }
    let mut context = Context::new(cli.globals, given, ui);
    if let Some(name) = context.globals().network.clone()
        && name.parse::<AnyNetwork>().is_err()
    {
        // It may be a chain of config.toml, which makes its chains known when it is read.
        context.config()?;
        name.parse::<AnyNetwork>()?;
    }
    if !command.may_name_a_new_wallet() {
        context.require_named_wallet()?;
    }
    let outcome = command.run(&mut context);
    let was_interrupted = interrupts::begin_telling();
    context.keep_health();
    let outcome = match outcome {
        Ok(None) => return Ok(0),
        Ok(Some(outcome)) => outcome,
        Err(failure) => interrupts::instead_of(&failure).map(|known| known as Box<dyn Outcome>).ok_or(failure)?,
    };
    context.ui.result(outcome.as_ref())?;
    // A person who interrupts may not read the result, so the same command takes up what was signed. The result stands.
    if !was_interrupted {
        let _ = outcome.told(&mut || context.ledger());
    }
    Ok(outcome.exit_code())
}

/// The parser's message without its own prefix.
fn usage(error: &clap::Error) -> String {
    let text = error.render().to_string();
    text.strip_prefix("error: ").unwrap_or(&text).trim_end().to_owned()
}

/// Commands whose arguments may be 64 hex digits: transaction ids and digests.
const TAKES_IDS: &[&str] = &[
    "track",
    "bump",
    "cancel",
    "inspect",
    "label",
    "coins",
    "plan",
    "send",
    "sign",
    "broadcast",
    "history",
    "tx",
    "labels",
    "call",
    "deploy",
    "token",
    "nft",
    "nonce",
    "message",
];

/// Every program on the machine can read the command line: a secret on it is treated as leaked.
fn refuse_secrets(arguments: &[OsString]) -> Result<(), CliError> {
    let texts: Vec<String> = arguments.iter().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    let takes_ids = texts.iter().any(|text| TAKES_IDS.contains(&text.as_str()));
    let value = |text: &str| text.split_once('=').map_or(text, |(_, value)| value).to_owned();
    let secret = |text: &String| match find_secret(&value(text)) {
        Some(LeakedSecret::HexKey) => !takes_ids,
        found => found.is_some(),
    };
    if texts.iter().any(secret) || spread_phrase(&texts) {
        return Err(CliError::SecretOnCommandLine);
    }
    Ok(())
}

/// True if a recovery phrase stands on the command line with each word as an argument of its own.
fn spread_phrase(texts: &[String]) -> bool {
    let words: Vec<&str> =
        texts.iter().map(String::as_str).filter(|text| text.chars().all(char::is_alphabetic)).collect();
    let is_phrase = |words: &[&str]| find_secret(&words.join(" ")).is_some();
    WordCount::ALL.iter().any(|count| words.windows(count.words()).any(is_phrase))
}

/// The program's own description of its commands, for completions and the man page.
pub(crate) fn definition() -> clap::Command {
    help::with_examples(Cli::command())
}

/// Every catalogue of errors there is, for `docs/errors.md`.
pub(crate) fn all_errors() -> Vec<&'static fastness::explain::Entry> {
    let rooms = [
        CATALOGUE,
        config::CATALOGUE,
        config::EDIT_CATALOGUE,
        config::HISTORY_CATALOGUE,
        config::CORE_CATALOGUE,
        wallet_error::CATALOGUE,
    ];
    let library = fastness::catalogues();
    let rooms = library.iter().chain(&rooms).chain(commands::CATALOGUES);
    let mut all: Vec<_> = rooms.flat_map(|room| room.iter().copied()).collect();
    all.sort_by_key(|entry| entry.code);
    all
}

/// Kinds, for `docs/errors.md`.
pub(crate) const fn all_kinds() -> [Kind; 9] {
    Kind::ALL
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(words: &[&str]) -> bool {
        let arguments: Vec<OsString> =
            std::iter::once("fastness").chain(words.iter().copied()).map(OsString::from).collect();
        refuse_secrets(&arguments).is_err()
    }

    #[test]
    fn the_definition_is_consistent() {
        definition().debug_assert();
    }

    /// What the first pages of both builds name can be typed.
    #[test]
    fn first_pages_name_commands_that_there_are() {
        let definition = definition();
        for page in [FIRST_PAGE, OFFLINE_PAGE] {
            let named: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
            assert!(named.len() > 7, "{page}");
            for name in named {
                let is_there = definition.find_subcommand(name).is_some();
                assert!(is_there || (name == "practice" && !cfg!(feature = "practice")), "{name}");
            }
        }
    }

    #[test]
    fn secrets_on_the_command_line_are_refused_in_every_position() {
        let words = "develop pool radar lobster dress blind flat grass leaf slim globe border";
        assert!(refused(&["restore", words]));
        assert!(refused(&["restore", &format!("--words={words}")]));
        let spread: Vec<&str> = std::iter::once("restore").chain(words.split(' ')).collect();
        assert!(refused(&spread));
        assert!(refused(&["sweep", "L1aW4aubDFB7yfras2S1mN3bqg9nwySY8nkoLmJebSLD5BWv3ENZ"]));
        assert!(refused(&["receive", &"ab".repeat(32)]));
        assert!(!refused(&["track", &"ab".repeat(32)]));
        assert!(!refused(&["send", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "0.01btc"]));
    }

    #[test]
    fn help_fits_eighty_columns() {
        fn walk(command: &mut clap::Command) {
            for text in [command.render_help().to_string(), command.render_long_help().to_string()] {
                for line in text.lines() {
                    assert!(line.chars().count() <= 80, "{}: {line}", command.get_name());
                }
            }
            command.get_subcommands_mut().for_each(walk);
        }
        let mut definition = definition();
        definition.build();
        walk(&mut definition);
    }

    #[test]
    fn no_option_takes_a_secret() {
        fn walk(command: &clap::Command) {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                let secret = ["password", "passphrase", "words", "seed", "key", "wif", "mnemonic"].contains(&name);
                assert!(!secret || !argument.get_action().takes_values() || name == "words", "{name} takes a secret");
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&definition());
    }
}
