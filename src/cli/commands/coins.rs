//! `coins`: the single coins of an account; frozen ones are never chosen for a payment.

use crate::cli::{
    CliError,
    bitcoin::{
        coin_choice::{ASK, coins_named},
        outpoint::parse,
    },
    context::Context,
    page::Page,
    report::{Answer, Report, answer},
};
use fastness::{
    address,
    amount::Amount,
    explain::Failure,
    ledger::{LabelKind, Ledger, Limit, bitcoin::AccountRow},
    request::Freeze,
    text::SafeText,
};
use serde::Serialize;

/// The single coins; freeze and unfreeze them
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Never choose this coin (txid:vout) for a payment; without one you mark them. Repeatable
    #[arg(long, value_name = "COIN", num_args = 0..=1, default_missing_value = ASK)]
    freeze: Vec<String>,
    /// Allow this coin to be chosen again; without one you mark them. Repeatable
    #[arg(long, value_name = "COIN", num_args = 0..=1, default_missing_value = ASK)]
    unfreeze: Vec<String>,
    /// Show only the largest
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

#[derive(Serialize)]
struct CoinLine {
    coin: String,
    amount: Amount,
    address: String,
    path: String,
    height: Option<u32>,
    frozen: bool,
    /// The first block that may spend it, where the next one may not.
    matures_at: Option<u32>,
    label: Option<String>,
}

#[derive(Serialize)]
struct CoinList {
    account: String,
    /// Absent until the first sync: unknown is not none.
    coins: Option<Vec<CoinLine>>,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let (ledger, row) = context.account()?;
        for (texts, freeze) in [(&self.freeze, Freeze::Frozen), (&self.unfreeze, Freeze::Free)] {
            for text in coins_named(context, &ledger, &row, texts)? {
                set(&ledger, &row, &text, freeze)?;
            }
        }
        let mut coins = Vec::new();
        for coin in ledger.coins(row.id, self.limit.map_or(Limit::None, Limit::First))? {
            let script = row.account.script(coin.keychain, coin.index)?;
            let name = coin.outpoint.to_string();
            coins.push(CoinLine {
                label: ledger.label(LabelKind::Output, &name)?.map(|text| text.to_string()),
                coin: name,
                amount: Amount::sat(coin.value),
                address: address::of(&script, row.account.network).unwrap_or_default(),
                path: format!("m/{}", row.account.path(coin.keychain, coin.index)?),
                height: coin.height,
                frozen: coin.freeze == Freeze::Frozen,
                matures_at: coin.matures_at,
            });
        }
        let coins = (row.synced.is_some() || !coins.is_empty()).then_some(coins);
        answer(CoinList { account: format!("{}/{}", row.wallet, row.name), coins })
    }
}

fn set(ledger: &Ledger, row: &AccountRow, text: &str, freeze: Freeze) -> Result<(), Failure> {
    if ledger.set_frozen(row.id, parse(text)?, freeze)? {
        return Ok(());
    }
    Err(CliError::Usage(format!("coin {} is not an unspent coin of this account", SafeText::new(text))).into())
}

impl Report for CoinList {
    fn page(&self, page: &mut Page) {
        let Some(coins) = &self.coins else {
            return page.line("Unknown: no sync has succeeded yet; run `fastness sync`.");
        };
        if coins.is_empty() {
            return page.line(&format!("No coins in {} as far as is known.", self.account));
        }
        for row in coins {
            let state = row.height.map_or_else(|| "unconfirmed".to_owned(), |height| format!("block {height}"));
            let frozen = if row.frozen { " · frozen" } else { "" };
            let reward =
                row.matures_at.map_or_else(String::new, |block| format!(" · block reward, from block {block} on"));
            let label = row.label.as_ref().map_or_else(String::new, |label| format!(" · {label}"));
            page.line(&format!("{}  {state}{reward}{frozen}{label}", row.amount));
            page.id_line(&row.coin, "");
            page.line(&format!("  {}  {}", row.path, row.address));
        }
    }
}
