//! Options that are for one family of networks: the headings that declare them, and the refusal of those of the other family.
//!
//! What a command does not use is an error and never passed over. Families are chosen elsewhere; this only compares.

use clap::{ArgMatches, Command, parser::ValueSource};

use super::CliError;

/// Heading of options for Bitcoin and its test networks.
pub(crate) const BITCOIN: &str = "Bitcoin";
/// Heading of options for Ethereum and its family.
pub(crate) const EVM: &str = "Ethereum and its family";
/// Heading of consents, which only transactions of Ethereum and its family ask for.
pub(crate) const CONSENTS: &str = "Agreeing to what is unusual";

/// A family of networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// Bitcoin and its test networks.
    Bitcoin,
    /// Ethereum and those like it.
    Evm,
}

impl Family {
    /// The family whose options stand under this heading.
    fn of_heading(heading: &str) -> Option<Self> {
        match heading {
            BITCOIN => Some(Self::Bitcoin),
            EVM | CONSENTS => Some(Self::Evm),
            _ => None,
        }
    }

    /// In the words of an error.
    pub(super) const fn in_words(self) -> &'static str {
        match self {
            Self::Bitcoin => "Bitcoin and its test networks",
            Self::Evm => "Ethereum and its family",
        }
    }
}

/// The options on the command line that are for one family only.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given(Vec<(String, Family)>);

impl Given {
    /// What was typed for the command, whose arguments say by their headings which family they are for.
    pub(crate) fn read(definition: &Command, matches: &ArgMatches) -> Self {
        let (mut command, mut matches) = (definition, matches);
        while let Some((name, inner)) = matches.subcommand() {
            let Some(found) = command.find_subcommand(name) else { break };
            (command, matches) = (found, inner);
        }
        let typed = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
        let known: Vec<&str> = matches.ids().map(clap::Id::as_str).filter(|id| typed(id)).collect();
        // What this program says to its own child stands under the heading of what is declared before it.
        let arguments = command.get_arguments().filter(|argument| !argument.is_hide_set());
        let arguments = arguments.filter(|argument| known.contains(&argument.get_id().as_str()));
        let of_family = arguments.filter_map(|argument| {
            let family = argument.get_help_heading().and_then(Family::of_heading)?;
            Some((format!("--{}", argument.get_long()?), family))
        });
        Self(of_family.collect())
    }

    /// Stops a command of one family that was given options of the other.
    ///
    /// # Errors
    /// There is such an option; all of them are named.
    pub(crate) fn fit(&self, family: Family, network: &'static str) -> Result<(), CliError> {
        let foreign = self.0.iter().filter(|(_, of)| *of != family);
        let names: Vec<&str> = foreign.map(|(name, _)| name.as_str()).collect();
        let other = if family == Family::Bitcoin { Family::Evm } else { Family::Bitcoin };
        if names.is_empty() {
            return Ok(());
        }
        Err(CliError::OtherOptions { options: names.join(", "), family: other.in_words(), network })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Options that both families use, by command; the author of a new one decides whether it belongs under a heading.
    const OF_BOTH: &[(&str, &[&str])] = &[
        ("send", &["fee", "recipients", "again", "once", "max-fee", "max-total", "expect-to", "to-unusual", "approve"]),
        ("plan", &["fee", "recipients", "output", "max-fee", "max-total", "expect-to", "to-unusual", "approve"]),
        ("bump", &["fee", "output", "max-fee", "max-total", "expect-to", "to-unusual", "approve"]),
        ("cancel", &["fee", "output", "max-fee", "max-total", "expect-to", "to-unusual", "approve"]),
        ("broadcast", &[]),
        ("track", &["wait", "timeout"]),
        ("sign", &["output", "raw", "max-fee", "max-total", "expect-to", "to-unusual", "approve"]),
        ("inspect", &[]),
    ];

    #[test]
    fn every_option_of_a_command_for_both_is_of_one_family_or_known_to_be_of_both() {
        let definition = crate::cli::definition();
        for (name, both) in OF_BOTH {
            let command = definition.find_subcommand(name).unwrap();
            let of_both = |argument: &&clap::Arg| argument.get_help_heading().and_then(Family::of_heading).is_none();
            let free = command.get_arguments().filter(of_both).filter(|argument| !argument.is_hide_set());
            let free: Vec<&str> = free.filter_map(|argument| argument.get_long()).collect();
            assert_eq!(BTreeSet::from_iter(free), BTreeSet::from_iter(both.iter().copied()), "{name}");
        }
    }

    #[test]
    fn what_is_typed_for_the_other_family_is_named() {
        let mut definition = crate::cli::definition();
        let words = ["fastness", "send", "a", "1btc", "--memo", "x", "--gas-price", "1gwei", "--tip=1gwei"];
        let matches = definition.try_get_matches_from_mut(words).unwrap();
        let given = Given::read(&definition, &matches);
        let bitcoin = given.fit(Family::Bitcoin, "regtest").unwrap_err().to_string();
        assert!(bitcoin.contains("--gas-price, --tip") && !bitcoin.contains("--memo"), "{bitcoin}");
        let evm = given.fit(Family::Evm, "base").unwrap_err().to_string();
        assert!(evm.contains("--memo") && !evm.contains("--tip"), "{evm}");
    }
}
