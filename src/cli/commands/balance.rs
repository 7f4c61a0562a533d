//! `balance`: what every account of a wallet holds, with how sure it is and when it was asked. Reads the ledger only.

use fastness::{
    amount::Amount,
    explain::Failure,
    ledger::{AccountRow, Ledger, now},
};
use serde::Serialize;

use super::{Answer, answer};
use crate::cli::{
    context::Context,
    page::{Page, Tone},
    report::Report,
};

/// What you have, and how sure it is (as of the last sync)
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Sync first
    #[arg(long)]
    sync: bool,
}

#[derive(Serialize)]
struct AccountBalance {
    account: String,
    network: fastness::network::Network,
    /// Absent until the first sync: unknown is never zero.
    confirmed: Option<Amount>,
    confirmed_coins: u64,
    /// Part of `confirmed` whose confirmations are proven by work; absent until the first sync.
    proven: Option<Amount>,
    least_confirmations: Option<u32>,
    unconfirmed: Option<Amount>,
    frozen: Option<Amount>,
    said_by: Option<String>,
    asked_seconds_ago: Option<u64>,
}

#[derive(Serialize)]
struct BalanceSheet {
    wallet: String,
    accounts: Vec<AccountBalance>,
    /// Accounts on EVM chains: what they hold is asked per network.
    evm_accounts: Vec<EvmAccount>,
}

#[derive(Serialize)]
struct EvmAccount {
    account: String,
    address: String,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        if let Some(chain) = context.asked_chain()? {
            return super::evm_views::balance(context, chain);
        }
        if self.sync {
            super::sync::refresh_all(context)?;
        }
        let ledger = context.ledger()?;
        let (wallet, network) = (context.wallet_in(&ledger)?, context.asked_network());
        let named = context.globals().account.clone();
        let mut accounts = Vec::new();
        for row in ledger.accounts(Some(wallet.as_str()))? {
            let asked = network.is_none_or(|network| network == row.account.network);
            if asked && named.as_ref().is_none_or(|name| *name == row.name) {
                accounts.push(balance(&ledger, &row)?);
            }
        }
        if accounts.is_empty() && named.is_some() {
            // Says which accounts there are.
            context.account()?;
        }
        let is_asked = |name: &String| network.is_none() && named.as_ref().is_none_or(|named| named == name);
        let evm_rows = ledger.evm_accounts(Some(wallet.as_str()))?.into_iter().filter(|row| is_asked(&row.name));
        let evm_accounts =
            evm_rows.map(|row| EvmAccount { account: row.name, address: row.account.address.to_string() }).collect();
        answer(BalanceSheet { wallet: wallet.as_str().to_owned(), accounts, evm_accounts })
    }
}

fn balance(ledger: &Ledger, row: &AccountRow) -> Result<AccountBalance, Failure> {
    let balance = ledger.balance(row.id)?;
    let synced = row.synced.as_ref();
    let known = |sat: u64| synced.map(|_| Amount::sat(sat));
    let depth = |height: u32| synced.map(|synced| synced.height.saturating_sub(height).saturating_add(1));
    Ok(AccountBalance {
        account: row.name.clone(),
        network: row.account.network,
        confirmed: known(balance.confirmed),
        confirmed_coins: balance.confirmed_coins,
        proven: known(balance.proven),
        least_confirmations: balance.youngest_height.and_then(depth),
        unconfirmed: known(balance.unconfirmed),
        frozen: known(balance.frozen),
        said_by: synced.map(|synced| synced.operator.clone()),
        asked_seconds_ago: synced.map(|synced| now().saturating_sub(synced.at)),
    })
}

/// `14 s`, `3 min`, `5 h`, `12 days`.
pub(super) fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

impl Report for BalanceSheet {
    fn page(&self, page: &mut Page) {
        let oldest = self.accounts.iter().filter_map(|account| account.asked_seconds_ago).max();
        page.heading(
            &self.wallet,
            &oldest.map_or_else(|| "never asked".to_owned(), |seconds| format!("asked {} ago", span(seconds))),
        );
        for account in &self.accounts {
            account.write(page);
        }
        for account in &self.evm_accounts {
            page.line(&format!("  {}", account.account));
            page.line("    asked when you want to know: `fastness balance --network ethereum`, or another network");
        }
    }
}

impl AccountBalance {
    fn write(&self, page: &mut Page) {
        let name = if self.network == fastness::network::Network::Bitcoin {
            self.account.clone()
        } else {
            format!("{} ({})", self.account, self.network)
        };
        page.line(&format!("  {name}"));
        let (Some(confirmed), Some(unconfirmed)) = (self.confirmed, self.unconfirmed) else {
            return page.toned_field("", (Tone::Claimed, "unknown: no explorer was asked yet; run `fastness sync`"));
        };
        let said_by = self.said_by.as_deref().unwrap_or("nobody");
        let coins =
            if self.confirmed_coins == 1 { "1 coin".to_owned() } else { format!("{} coins", self.confirmed_coins) };
        let depth = self.least_confirmations.map_or_else(String::new, |depth| {
            format!(", {depth} confirmation{} or more", if depth == 1 { "" } else { "s" })
        });
        let proven = self.proven.map_or(0, |proven| proven.smallest);
        let evidence = if proven == 0 || proven < confirmed.smallest {
            format!("confirmed, said by {said_by}")
        } else {
            format!("proven to be in the chain; that nothing else happened is said by {said_by}")
        };
        page.field("", &format!("{confirmed}   {coins}{depth}; {evidence}"));
        if let Some(part) = self.proven.filter(|part| part.smallest > 0 && part.smallest < confirmed.smallest) {
            page.field("", &format!("{part}   of this is proven to be in the chain"));
        }
        if unconfirmed.smallest > 0 {
            page.toned_field(
                "",
                (Tone::Claimed, &format!("{unconfirmed}   on its way, unconfirmed, said by {said_by}")),
            );
        }
        if let Some(frozen) = self.frozen.filter(|frozen| frozen.smallest > 0) {
            page.field("", &format!("{frozen}   of this is frozen"));
        }
    }
}
