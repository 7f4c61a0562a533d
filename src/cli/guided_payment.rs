//! A payment that was asked for without a recipient: a person at a terminal is asked for whom and how much, and sees the
//! words that would have said the same.
//!
//! What is typed here is read again by the command, like any other words; nothing is agreed to.

use fastness::{
    address::{self, parse_evm},
    amount::{Quantity, Typed},
    explain::Failure,
    network::{AnyNetwork, EvmChain, Network},
    payment_uri::{EvmPaymentUri, PaymentUri},
};

use super::{CliError, context::Context, prompt::Prompt};

/// The last line of the list of contacts.
const ANOTHER: &str = "someone else";

/// The words of a recipient and an amount. `command` is what they are for.
pub(crate) fn asked(context: &mut Context, command: &str) -> Result<Vec<String>, Failure> {
    let Some(prompt) = context.prompt() else {
        let what = "name whom you pay and how much, such as bc1q... 0.01btc, or a payment URI";
        return Err(CliError::Usage(what.to_owned()).into());
    };
    let to = recipient(context, &prompt)?;
    let mut words = vec![to];
    if !names_its_amount(context, &words[0]) {
        words.push(amount(context, &prompt, &words[0])?);
    }
    let quoted: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    let network = context.asked().map_or_else(String::new, |network| format!(" --network {}", network.name()));
    context.ui.say(&format!("The same as: fastness {command} {}{network}", quoted.join(" ")));
    Ok(words)
}

/// A word as a shell takes it for itself, whatever is in it: a payment URI comes from the payee.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "@.,:_-+/".contains(letter);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

fn recipient(context: &mut Context, prompt: &Prompt) -> Result<String, Failure> {
    let wanted = context.asked().map(AnyNetwork::name);
    let contacts = context.ledger()?.contacts(wanted)?;
    if !contacts.is_empty() {
        let line = |contact: &fastness::contact::Contact| {
            format!("@{}  {}  {}", contact.name, contact.network, contact.address)
        };
        let lines: Vec<String> = contacts.iter().map(line).chain([ANOTHER.to_owned()]).collect();
        let place = prompt.one_found("Whom do you pay? (type to narrow)", &lines)?;
        if let Some(contact) = contacts.get(place) {
            // The address that was chosen is meant, and no other of the same name.
            context.ask_for(&contact.network);
            return Ok(format!("@{}", contact.name));
        }
    }
    let network = context.network().ok();
    prompt.line("Whom do you pay? (an address, a payment URI, or @ and the name of a contact)", |text| {
        is_recipient(text, network)
    })
}

fn is_recipient(text: &str, network: Option<Network>) -> Result<(), String> {
    if PaymentUri::looks_like(text) || EvmPaymentUri::looks_like(text) {
        return Ok(());
    }
    if text.starts_with("0x") {
        let chain = EvmChain::by_name("ethereum").ok_or("Ethereum is not known here")?;
        return parse_evm(text, chain).map(drop).map_err(|error| error.to_string());
    }
    let network = network.ok_or("name the network with --network, or type 0x...")?;
    address::parse(text, network).map(drop).map_err(|error| error.to_string())
}

/// Whether it is a URI that names an amount.
fn names_its_amount(context: &mut Context, typed: &str) -> bool {
    if EvmPaymentUri::looks_like(typed) {
        return EvmPaymentUri::parse(typed).is_ok_and(|uri| uri.amount.is_some());
    }
    let Ok(network) = context.network() else { return false };
    PaymentUri::looks_like(typed) && PaymentUri::parse(typed, network).is_ok_and(|uri| uri.amount.is_some())
}

fn amount(context: &mut Context, prompt: &Prompt, to: &str) -> Result<String, Failure> {
    let network = context.network().ok();
    let is_evm = to.starts_with("0x") || EvmPaymentUri::looks_like(to) || network.is_none();
    if is_evm {
        let check = |text: &str| match text {
            "all" => Ok(()),
            text => Typed::split(text).map(drop).map_err(|error| error.to_string()),
        };
        return prompt.line("How much? (such as 1.5eth, 25 USDC, all)", check);
    }
    let asset = network.unwrap_or(Network::Bitcoin).asset();
    let check = |text: &str| Quantity::parse(text, asset).map(drop).map_err(|error| error.to_string());
    prompt.line("How much? (such as 0.01btc, 15000sat, all)", check)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_a_payee_is_one_word_to_a_shell() {
        for plain in ["@alice", "0.01btc", "bc1qw508", "bitcoin:bc1q"] {
            assert_eq!(quoted(plain), plain);
        }
        for word in ["bitcoin:bc1q?amount=1&label=$(touch x)", "a`b`", "a;b", "it's", "25 USDC", "\"", "a\nb"] {
            let answer =
                std::process::Command::new("/bin/sh").args(["-c", &format!("printf %s {}", quoted(word))]).output();
            assert_eq!(String::from_utf8(answer.unwrap().stdout).unwrap(), word);
        }
    }
}
