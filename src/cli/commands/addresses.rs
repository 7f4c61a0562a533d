//! `addresses`: the address list of an account, and the answer to "is this address mine, and at which path?".

use crate::cli::{
    context::Context,
    page::{Page, Tone},
    report::{Answer, Report, answer},
};
use fastness::{
    account::Keychain,
    address,
    amount::Amount,
    explain::Failure,
    flow,
    ledger::{LabelKind, Ledger, Limit, bitcoin::AccountRow},
};
use serde::Serialize;

/// How far beyond the last used index `--find` derives.
const FIND_BEYOND: u32 = 1_000;

/// Every address with path, use, balance and label
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Tell whether this address is mine, and at which path
    #[arg(long, value_name = "ADDRESS")]
    find: Option<String>,
    /// Change addresses too
    #[arg(long)]
    change: bool,
    /// Only those that were given out and never paid
    #[arg(long, conflicts_with = "find")]
    unused: bool,
}

#[derive(Serialize)]
struct AddressLine {
    path: String,
    address: String,
    /// Absent until an explorer was asked about it: unknown is never zero.
    transactions: Option<u32>,
    balance: Option<Amount>,
    label: Option<String>,
}

#[derive(Serialize)]
struct AddressList {
    account: String,
    /// Path of the account.
    origin: String,
    addresses: Vec<AddressLine>,
}

#[derive(Serialize)]
struct FoundAddress {
    address: String,
    mine: bool,
    wallet: Option<String>,
    account: Option<String>,
    path: Option<String>,
    /// Whether a search of this wallet reaches it; none before the first sync, and for what is not ours.
    searched: Option<bool>,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        match &self.find {
            Some(text) => find(context, text),
            None => self.list(context),
        }
    }

    fn list(&self, context: &mut Context) -> Answer {
        let (ledger, row) = context.account()?;
        let mut addresses = Vec::new();
        let all = if self.unused { ledger.unused_addresses(row.id, Limit::None)? } else { ledger.addresses(row.id)? };
        for known in all {
            let interesting = known.issued.is_some() || known.transactions > 0;
            if !interesting || (known.keychain == Keychain::Change && !self.change) {
                continue;
            }
            let address = address::of(&known.script, row.account.network).unwrap_or_default();
            let label = ledger.label(LabelKind::Addr, &address)?.map(|text| text.to_string());
            // What we sent ourselves is known before any explorer was asked.
            let is_known = known.checked.is_some() || known.transactions > 0;
            addresses.push(AddressLine {
                path: format!("m/{}", row.account.path(known.keychain, known.index)?),
                address,
                transactions: is_known.then_some(known.transactions),
                balance: is_known.then(|| Amount::sat(known.balance)),
                label,
            });
        }
        let origin = format!("m/{}", row.account.origin());
        answer(AddressList { account: format!("{}/{}", row.wallet, row.name), origin, addresses })
    }
}

/// Looks through every account of the network, far beyond what was used, deriving as it goes.
fn find(context: &mut Context, text: &str) -> Answer {
    let network = context.network()?;
    let script = address::parse(text, network)?;
    let ledger = context.ledger()?;
    for row in ledger.accounts(None)?.into_iter().filter(|row| row.account.network == network) {
        if let Some((keychain, index)) = place(&ledger, &row, &script)? {
            let searched = flow::bitcoin::searched(&ledger, &row)?.map(|search| search.covers(keychain, index));
            let path = Some(format!("m/{}", row.account.path(keychain, index)?));
            let (wallet, account) = (Some(row.wallet), Some(row.name));
            return answer(FoundAddress { address: text.to_owned(), mine: true, wallet, account, path, searched });
        }
    }
    let address = text.to_owned();
    answer(FoundAddress { address, mine: false, wallet: None, account: None, path: None, searched: None })
}

fn place(ledger: &Ledger, row: &AccountRow, script: &bitcoin::Script) -> Result<Option<(Keychain, u32)>, Failure> {
    for keychain in Keychain::ALL {
        let end = ledger.next_index(row.id, keychain)?.saturating_add(FIND_BEYOND);
        for index in 0..end {
            if row.account.script(keychain, index)? == *script {
                return Ok(Some((keychain, index)));
            }
        }
    }
    Ok(None)
}

impl Report for AddressList {
    fn page(&self, page: &mut Page) {
        if self.addresses.is_empty() {
            return page
                .line(&format!("No address of {} was used yet. `fastness receive` shows the first.", self.account));
        }
        page.line(&format!("{}, below {}", self.account, self.origin));
        let labelled = self.addresses.iter().any(|row| row.label.is_some());
        let heads = ["path", "address", "used", "balance", "label"];
        let columns = if labelled { heads.len() } else { heads.len() - 1 };
        let row = |row: &AddressLine| {
            let uses = match row.transactions {
                None => "unknown".to_owned(),
                Some(0) => "unused".to_owned(),
                Some(count) => format!("{count} tx"),
            };
            let balance = row.balance.map_or_else(|| "unknown".to_owned(), |balance| balance.to_string());
            let below = row.path.strip_prefix(&self.origin).unwrap_or(&row.path).trim_start_matches('/').to_owned();
            let label = row.label.clone().unwrap_or_default();
            let mut cells = vec![below, row.address.clone(), uses, balance, label];
            cells.truncate(columns);
            cells
        };
        let rows: Vec<_> = self.addresses.iter().map(row).collect();
        page.table(heads.get(..columns).unwrap_or_default(), &rows);
        if self.addresses.iter().any(|row| row.balance.is_none()) {
            page.line("Unknown: no explorer was asked about it yet; run `fastness sync`.");
        }
    }
}

impl Report for FoundAddress {
    fn page(&self, page: &mut Page) {
        let address = page.grouped(&self.address);
        page.field("Address", &address);
        match (&self.path, &self.wallet, &self.account) {
            (Some(path), Some(wallet), Some(account)) => {
                page.toned_field("Mine", (Tone::Proven, &format!("yes: {path} of {wallet}/{account}, derived here")));
                if self.searched == Some(false) {
                    let text = "no search looks there: a payment to it would not be seen by a restored wallet";
                    page.toned_field("Warning", (Tone::Stop, text));
                }
            }
            _ => page.toned_field(
                "Mine",
                (Tone::Claimed, "no: none of the accounts here derives it (looked 1,000 addresses past the last used)"),
            ),
        }
    }

    fn exit_code(&self) -> u8 {
        u8::from(!self.mine)
    }
}
