//! `balance`: what every account of a wallet holds, with how sure it is and when it was asked. Reads the ledger only.

use crate::cli::{
    bitcoin::{
        refresh::{BestBlock, behind},
        total::Total,
    },
    context::Context,
    duration::span,
    ethereum::args::example_network,
    page::{Page, Tone},
    report::{Answer, Report, answer},
};
use fastness::{
    address,
    amount::Amount,
    explain::Failure,
    ledger::{
        Ledger,
        bitcoin::{AccountRow, HistoryDisagreement, PROVEN_HERE},
        now,
    },
};
use serde::Serialize;

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
    /// Everything, in blocks or not, and what of it is on its way; absent until the first sync. `status` has it as JSON.
    #[serde(skip)]
    total: Option<Total>,
    confirmed_coins: Option<u64>,
    /// Part of `confirmed` whose arrival is proven by work; absent until the first sync. Being unspent cannot be
    /// proven.
    proven: Option<Amount>,
    /// Part of `confirmed` of which two organisations say that it is there and unspent; absent until the first sync.
    agreed: Option<Amount>,
    /// Operators that say the same about that part: two at least.
    agreed_by: Vec<String>,
    /// What explorers say differently about this account.
    disagreements: Vec<Disagreeing>,
    least_confirmations: Option<u32>,
    unconfirmed: Option<Amount>,
    /// Addresses of which the explorer lists only part of what waits: the sums may be too low, and miss what was spent.
    incomplete: Option<u32>,
    frozen: Option<Amount>,
    /// Part of `confirmed` that is block rewards of less than 100 confirmations, and the first block that may spend all of it.
    immature: Option<Amount>,
    matures_at: Option<u32>,
    said_by: Option<String>,
    /// The best block that `said_by` knows, and the one that another organisation knows.
    height: Option<u32>,
    second: Option<SecondHeight>,
    asked_seconds_ago: Option<u64>,
}

/// The second source that was asked, and its best block.
#[derive(Serialize)]
struct SecondHeight {
    operator: String,
    height: u32,
}

/// Something that one has and another has not.
#[derive(Serialize)]
struct Disagreeing {
    address: String,
    txid: String,
    has: String,
    lacks: String,
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
    /// A network that it can be asked about.
    #[serde(skip)]
    example: &'static str,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        if let Some(chain) = context.asked_chain()? {
            return crate::cli::ethereum::views::balance(context, chain);
        }
        if self.sync {
            crate::cli::bitcoin::refresh::refresh_all(context)?;
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
        if accounts.is_empty() && (named.is_some() || network.is_some()) {
            // Says which accounts there are.
            context.account()?;
        }
        let is_asked = |name: &String| network.is_none() && named.as_ref().is_none_or(|named| named == name);
        let evm_rows = ledger.evm_accounts(Some(wallet.as_str()))?.into_iter().filter(|row| is_asked(&row.name));
        let evm_accounts = evm_rows
            .map(|row| EvmAccount {
                account: row.name,
                address: row.account.address.to_string(),
                example: example_network(row.account.class),
            })
            .collect();
        answer(BalanceSheet { wallet: wallet.as_str().to_owned(), accounts, evm_accounts })
    }
}

fn balance(ledger: &Ledger, row: &AccountRow) -> Result<AccountBalance, Failure> {
    let balance = ledger.balance(row.id)?;
    let synced = row.synced.as_ref();
    let known = |sat: u64| synced.map(|_| Amount::sat(sat));
    let depth = |height: u32| synced.map(|synced| synced.counted_height().saturating_sub(height).saturating_add(1));
    Ok(AccountBalance {
        account: row.name.clone(),
        network: row.account.network,
        confirmed: known(balance.confirmed),
        total: synced.map(|_| Total::of(&[balance])),
        confirmed_coins: synced.map(|_| balance.confirmed_coins),
        proven: known(balance.proven),
        agreed: known(balance.agreed),
        agreed_by: if balance.agreed > 0 { ledger.agreed_by(row.id)? } else { Vec::new() },
        disagreements: disagreements(ledger, row)?,
        least_confirmations: balance.youngest_height.and_then(depth),
        unconfirmed: known(balance.unconfirmed),
        incomplete: synced.map(|_| ledger.mempool_cuts(row.id)).transpose()?,
        frozen: known(balance.frozen),
        immature: known(balance.immature),
        matures_at: balance.matures_at,
        said_by: synced.map(|synced| synced.operator.clone()),
        height: synced.map(|synced| synced.height),
        second: synced
            .and_then(|synced| synced.second.clone())
            .map(|(operator, height)| SecondHeight { operator, height }),
        asked_seconds_ago: synced.map(|synced| now().saturating_sub(synced.at)),
    })
}

fn disagreements(ledger: &Ledger, row: &AccountRow) -> Result<Vec<Disagreeing>, Failure> {
    let named = |what: HistoryDisagreement| -> Result<Disagreeing, Failure> {
        let script = row.account.script(what.keychain, what.index)?;
        let address = address::of(&script, row.account.network).unwrap_or_default();
        Ok(Disagreeing { address, txid: what.txid, has: what.has, lacks: what.lacks })
    };
    ledger.disagreements(row.id)?.into_iter().map(named).collect()
}

impl Report for BalanceSheet {
    fn page(&self, page: &mut Page) {
        let oldest = self.accounts.iter().filter_map(|account| account.asked_seconds_ago).max();
        page.heading(
            &self.wallet,
            &oldest.map_or_else(|| "never synced".to_owned(), |seconds| format!("asked {} ago", span(seconds))),
        );
        for account in &self.accounts {
            account.write(page);
        }
        for account in &self.evm_accounts {
            page.line(&format!("  {}", account.account));
            page.line(&format!(
                "    asked when you want to know: `fastness balance --network {}`, or another network",
                account.example
            ));
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
            return page.toned_field("", (Tone::Claimed, "unknown: no sync has succeeded yet; run `fastness sync`"));
        };
        if let Some(total) = self.total.filter(Total::waits) {
            page.field("", &total.sentence());
        }
        let count = self.confirmed_coins.unwrap_or(0);
        let coins = if count == 1 { "1 coin".to_owned() } else { format!("{count} coins") };
        let depth = self.least_confirmations.map_or_else(String::new, |depth| {
            format!(", {depth} confirmation{} or more", if depth == 1 { "" } else { "s" })
        });
        page.field("", &format!("{confirmed}   {coins}{depth}"));
        self.write_evidence(page, confirmed);
        if unconfirmed.smallest > 0 {
            page.toned_field(
                "",
                (Tone::Claimed, &format!("{unconfirmed}   on its way, unconfirmed; `fastness history` lists it")),
            );
        }
        if let Some(count) = self.incomplete.filter(|count| *count > 0) {
            let which = if count == 1 { "1 address".to_owned() } else { format!("{count} addresses") };
            let said_by = self.said_by.as_deref().unwrap_or("the explorer");
            let line = format!("not all: {said_by} lists only part of what waits at {which}; more may be on its way");
            page.toned_field("", (Tone::Stop, &line));
        }
        if let Some(frozen) = self.frozen.filter(|frozen| frozen.smallest > 0) {
            page.field("", &format!("{frozen}   of this is frozen"));
        }
        if let Some((immature, block)) = self.immature.filter(|part| part.smallest > 0).zip(self.matures_at) {
            let line = format!("{immature}   of this is block rewards; all of it can be spent from block {block} on");
            page.toned_field("", (Tone::Claimed, &line));
        }
        self.write_differences(page);
    }

    /// What explorers do not agree on: the best block, and single transactions.
    fn write_differences(&self, page: &mut Page) {
        if let (Some(said_by), Some(height), Some(second)) = (&self.said_by, self.height, &self.second)
            && let Some(line) = behind(
                BestBlock { operator: said_by, height },
                BestBlock { operator: &second.operator, height: second.height },
            )
        {
            page.toned_field("", (Tone::Claimed, &line));
        }
        for what in &self.disagreements {
            let line = format!(
                "{} is {}, and {} does not list it there; address {}",
                what.txid,
                has(&what.has),
                what.lacks,
                what.address
            );
            page.toned_field("", (Tone::Stop, &line));
        }
    }

    /// The evidence for the confirmed sum: its arrival by proof, its being unspent by agreement.
    fn write_evidence(&self, page: &mut Page, confirmed: Amount) {
        if confirmed.smallest == 0 {
            let said_by = self.said_by.as_deref().unwrap_or("nobody");
            return page.field("", &format!("said by {said_by}"));
        }
        let part = |of: Option<Amount>| match of {
            Some(part) if part.smallest == confirmed.smallest => Some(String::new()),
            Some(part) if part.smallest > 0 => Some(format!("{part}   of this ")),
            _ => None,
        };
        let said_by = self.said_by.as_deref().unwrap_or("nobody");
        match part(self.proven) {
            Some(part) => page.toned_field("", (Tone::Proven, &format!("{part}proven to have arrived in a block"))),
            None => page.toned_field("", (Tone::Claimed, &format!("arrived, as {said_by} says; not proven yet"))),
        }
        match part(self.agreed) {
            Some(part) => {
                let agreed_by = self.agreed_by.join(" and ");
                page.toned_field("", (Tone::Proven, &format!("{part}unspent, as {agreed_by} agree")));
            }
            None => page.toned_field("", (Tone::Claimed, &format!("unspent, as {said_by} alone says"))),
        }
    }
}

/// The holder of it, in a sentence.
fn has(who: &str) -> String {
    if who == PROVEN_HERE { who.to_owned() } else { format!("listed by {who}") }
}
