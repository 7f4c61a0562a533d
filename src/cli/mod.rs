//! The command-line interface: words become values once, a command runs, its report is shown. Part of the binary only.
//!
//! No decision about money, keys or networks is made here; each command calls the library's modules.

mod account_choice;
mod bitcoin;
mod book_rows;
mod clean_words;
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
mod first_page;
mod guided_payment;
mod heading;
mod help;
mod history_filter;
mod home_backup;
mod hook;
mod input_file;
mod interrupts;
mod key_side;
mod leaked_secrets;
mod limits;
mod new_password;
mod new_wallet;
mod note;
mod packed_home;
mod page;
mod pager;
mod prompt;
mod qr;
mod qr_image;
mod recipients_file;
mod report;
mod sealed_child;
mod sheet;
mod stopping;
mod terminal;
mod text_file;
mod transaction_choice;
mod typed_backup;
mod typed_words;
mod ui;
mod wallet_error;
mod way_out;
mod words_screen;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser, error::ErrorKind};
use fastness::{
    explain::{Failure, Kind},
    network::AnyNetwork,
    seal::close_inherited,
};
use rustix::fs::Mode;

pub(crate) use self::cli_error::{CATALOGUE, CliError};
use self::{
    commands::Command,
    context::Context,
    family::Given,
    first_page::{ShownPage, first_page},
    leaked_secrets::refuse_secrets,
    report::{Outcome, OutputFormat},
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
    let (cli, given) = match parsed(arguments)? {
        Invocation::Command(cli, given) => (cli, given),
        Invocation::Page(text) => {
            ui.result(&ShownPage { text })?;
            return Ok(0);
        }
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

/// What was typed: a command with its options, or a text of the program about itself that was asked for.
enum Invocation {
    Command(Box<Cli>, Given),
    Page(String),
}

fn parsed(arguments: &[OsString]) -> Result<Invocation, CliError> {
    let words = arguments.get(1..).unwrap_or_default();
    // Asked by scripts at every start: the whole grammar is not built for it.
    if words == ["--version"] || words == ["-V"] {
        return Ok(Invocation::Page(format!("fastness {}\n", env!("CARGO_PKG_VERSION"))));
    }
    let mut definition = definition();
    if words == ["help", "all"] {
        return Ok(Invocation::Page(help::all(definition)));
    }
    let found = definition.try_get_matches_from_mut(arguments);
    match found.and_then(|found| Ok((Cli::from_arg_matches(&found)?, Given::read(&definition, &found)))) {
        Ok((cli, given)) => Ok(Invocation::Command(Box::new(cli), given)),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Ok(Invocation::Page(error.render().to_string()))
        }
        Err(error) => Err(CliError::Usage(usage(&error))),
    }
}

/// The parser's message without its own prefix.
fn usage(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
    let help = format!("`fastness help{}`", command_of(text));
    text.replace("For more information, try '--help'.", &format!("More: {help}"))
}

/// The command that a usage line is about, each word behind a space.
fn command_of(text: &str) -> String {
    let usage = text.lines().find_map(|line| line.trim_start().strip_prefix("Usage: fastness")).unwrap_or_default();
    let is_word = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let words = usage.split_whitespace().take_while(is_word).take_while(|word| !word.starts_with('-'));
    words.map(|word| format!(" {word}")).collect()
}

/// The program's own description of its commands, for completions and the man page.
pub(crate) fn definition() -> clap::Command {
    help::with_examples(Cli::command())
}

/// Every catalogue of errors there is, for `docs/errors.md`.
pub(crate) fn all_errors() -> Vec<&'static fastness::explain::Entry> {
    let modules = [
        CATALOGUE,
        config::CATALOGUE,
        config::EDIT_CATALOGUE,
        config::HISTORY_CATALOGUE,
        config::CORE_CATALOGUE,
        wallet_error::CATALOGUE,
    ];
    let library = fastness::catalogues();
    let modules = library.iter().chain(&modules).chain(commands::CATALOGUES);
    let mut all: Vec<_> = modules.flat_map(|module| module.iter().copied()).collect();
    all.sort_by_key(|entry| entry.code);
    all
}

/// Kinds, for `docs/errors.md`.
pub(crate) const fn all_kinds() -> [Kind; 9] {
    Kind::ALL
}

#[cfg(test)]
mod tests;
