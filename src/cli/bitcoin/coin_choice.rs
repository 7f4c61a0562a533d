//! Coins that a person marks in a list, where `ask` stands in the place of a coin.

use fastness::{
    address,
    amount::Amount,
    explain::Failure,
    ledger::{LabelKind, Ledger, Limit, bitcoin::AccountRow},
};

use crate::cli::{CliError, context::Context};

/// In the place of a coin: the person marks them.
pub(crate) const ASK: &str = "ask";
/// Largest coins that are offered.
const OFFERED: usize = 500;
const FLAG: &str = "a coin as txid:vout";

/// The coins as typed, with those that the person marks in the place of `ask`.
pub(crate) fn coins_named(
    context: &Context,
    ledger: &Ledger,
    row: &AccountRow,
    typed: &[String],
) -> Result<Vec<String>, Failure> {
    let mut named: Vec<String> = typed.iter().filter(|text| text.as_str() != ASK).cloned().collect();
    if named.len() == typed.len() {
        return Ok(named);
    }
    let prompt = context.prompt().ok_or(CliError::NoTerminal(FLAG))?;
    let (mut coins, mut lines) = (Vec::new(), Vec::new());
    for coin in ledger.coins(row.id, Limit::First(OFFERED))? {
        let name = coin.outpoint.to_string();
        let script = row.account.script(coin.keychain, coin.index)?;
        let address = address::of(&script, row.account.network).unwrap_or_default();
        let own = ledger.label(LabelKind::Output, &name)?;
        let label = if own.is_some() { own } else { ledger.label(LabelKind::Addr, &address)? };
        let label = label.map_or_else(String::new, |label| format!("  {label}"));
        lines.push(format!("{}  {address}{label}", Amount::sat(coin.value)));
        coins.push(name);
    }
    if coins.is_empty() {
        return Err(CliError::Usage("there are no coins here to choose from".to_owned()).into());
    }
    let marked = prompt.some_of("Which coins?", &lines)?;
    named.extend(marked.into_iter().filter_map(|place| coins.get(place).cloned()));
    Ok(named)
}
