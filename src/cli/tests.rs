//! The command line's grammar, read as a person types it.
//!
//! Tests only.

use super::{
    first_page::{FIRST_PAGE, OFFLINE_PAGE},
    *,
};

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
