//! `tx`: everything that is known of one transaction. Of this home's it reads the ledger; of others it asks explorers.

use crate::cli::{
    CliError,
    bitcoin::{
        depth::{self, BlockDepth},
        net_amount::NetAmount,
        review_page::locktime_words,
    },
    context::{Context, NetworkAccess},
    ethereum::{session::hash, transaction},
    page::{Page, Tone},
    report::{Answer, Report, answer},
    transaction_choice::{Offer, chosen},
};
use bitcoin::{OutPoint, Transaction, Txid, consensus};
use fastness::{
    amount::{Amount, FeeRate, sat_text},
    chain::bitcoin::decode,
    explain::Failure,
    flow::{
        self, FlowError,
        bitcoin::{AddressNames, Counterparty},
    },
    ledger::{
        LabelKind, Ledger,
        bitcoin::{AccountRow, HistoryRow},
    },
    network::Network,
    review::{Evidence, Locktime, Status},
    text::{SafeText, date},
};
use hex::DisplayHex;
use serde::Serialize;

/// Everything about one transaction: amounts, whom, fee, depth, what replaced it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Transaction id; without it you choose one
    txid: Option<String>,
    /// Its raw bytes too, in hex
    #[arg(long)]
    raw: bool,
}

/// Why a fee is not told.
const UNKNOWN_COINS: &str = "not every coin that it spends is known here";

/// What it means for an account of this home.
#[derive(Serialize)]
struct Share {
    account: String,
    received: Amount,
    sent: Amount,
    #[serde(skip)]
    depth: BlockDepth,
    #[serde(skip)]
    time: u64,
}

/// An input or output with its coin.
#[derive(Serialize)]
struct Side {
    coin: String,
    #[serde(flatten)]
    party: Counterparty,
    /// The note on the coin.
    coin_label: Option<String>,
}

#[derive(Serialize)]
struct TransactionReport {
    id: String,
    network: Network,
    /// Accounts of this home that it concerns; none for a stranger's.
    accounts: Vec<Share>,
    status: Status,
    evidence: Evidence,
    /// Seconds since 1970: of its block, or when it was first seen here.
    time: Option<u64>,
    inputs: Vec<Side>,
    outputs: Vec<Side>,
    fee: Option<Amount>,
    fee_rate: Option<FeeRate>,
    vsize: u64,
    replaceable: bool,
    locktime: Locktime,
    label: Option<String>,
    /// The first transaction of a block, which spends nothing.
    block_reward: bool,
    /// Transactions of this home that it took the place of.
    replaces: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<String>,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let typed = chosen(context, self.txid.as_ref(), Offer::Any)?;
        if typed.starts_with("0x") || context.asked_chain()?.is_some() {
            let chain = context.chain()?;
            return transaction::show(context, chain, hash(&typed)?, self.raw.then_some(transaction::Raw));
        }
        let txid = typed.parse();
        let txid = txid.map_err(|_| CliError::Usage(format!("`{}` is no transaction id", SafeText::new(&typed))))?;
        let network = context.network()?;
        let ledger = context.ledger()?;
        let mut rows = ledger.accounts(None)?;
        rows.retain(|row| row.account.network == network);
        let home = Home { ledger: &ledger, network, rows: &rows };
        let (transaction, told) = match home.transaction(txid)? {
            Some(transaction) => (transaction, None),
            None => {
                let (transaction, told) = asked(context, network, txid)?;
                (transaction, Some(told))
            }
        };
        let mut report = home.report(&transaction, told)?;
        report.raw = self.raw.then(|| consensus::serialize(&transaction).to_lower_hex_string());
        answer(report)
    }
}

/// Of a transaction that this home does not know: its bytes and where it is, as explorers say.
fn asked(context: &mut Context, network: Network, txid: Txid) -> Result<(Transaction, Told), Failure> {
    let unknown = || FlowError::UnknownTransaction(SafeText::new(&txid.to_string()));
    if context.reach() == NetworkAccess::Offline {
        return Err(unknown().into());
    }
    let explorer = context.explorer(network)?;
    let tracking = flow::bitcoin::track(&mut context.ledger()?, &explorer, network, txid)?;
    let transaction = explorer.transaction(txid)?.ok_or_else(unknown)?;
    Ok((transaction, Told { status: tracking.status, evidence: tracking.evidence }))
}

/// Where a transaction is, as explorers said just now.
struct Told {
    status: Status,
    evidence: Evidence,
}

/// What this home knows of a network.
struct Home<'a> {
    ledger: &'a Ledger,
    network: Network,
    rows: &'a [AccountRow],
}

impl Home<'_> {
    /// Its bytes: from what was synced, or from what was signed here.
    fn transaction(&self, txid: Txid) -> Result<Option<Transaction>, Failure> {
        if let Some(row) = self.rows.first()
            && let Some((transaction, _)) = self.ledger.transaction(row, txid)?
        {
            return Ok(Some(transaction));
        }
        let signed = self.ledger.journal_row(self.network, &txid.to_string())?;
        Ok(signed.and_then(|row| consensus::deserialize(&row.raw).ok()))
    }

    fn report(&self, transaction: &Transaction, told: Option<Told>) -> Result<TransactionReport, Failure> {
        let (txid, vsize) = (transaction.compute_txid(), transaction.vsize() as u64);
        let names = AddressNames::of(self.ledger, self.network)?;
        let (mut accounts, mut fee, mut replaces) = (Vec::new(), None, Vec::new());
        for row in self.rows {
            let Some(entry) = self.ledger.history_line(row.id, txid)? else { continue };
            fee = fee.or(entry.fee);
            if entry.sent > 0 {
                replaces.extend(flow::bitcoin::replaced_by(self.ledger, row, txid)?);
            }
            accounts.push(share(row, &entry));
        }
        let (status, evidence) = self.standing(txid, accounts.first(), told)?;
        let (inputs, outputs) = (names.inputs(transaction)?, names.outputs(transaction)?);
        let fee = fee.or_else(|| if transaction.is_coinbase() { None } else { left_over(&inputs, &outputs) });
        let spent = transaction.input.iter().filter(|_| !transaction.is_coinbase()).map(|input| input.previous_output);
        let made = (0..).zip(&transaction.output).map(|(vout, _)| OutPoint { txid, vout });
        Ok(TransactionReport {
            id: txid.to_string(),
            network: self.network,
            time: accounts.first().map(|share| share.time),
            inputs: self.sides(spent, inputs)?,
            outputs: self.sides(made, outputs)?,
            block_reward: transaction.is_coinbase(),
            fee: fee.map(Amount::sat),
            fee_rate: fee.map(|fee| FeeRate::of(fee, vsize)),
            vsize,
            replaceable: transaction.is_explicitly_rbf(),
            locktime: decode::locktime(transaction),
            label: self.ledger.label(LabelKind::Tx, &txid.to_string())?.map(|text| text.to_string()),
            accounts,
            status,
            evidence,
            replaces,
            raw: None,
        })
    }

    /// Where it is: as explorers said just now, as the ledger knows, or, where it counts no more, what took its place.
    fn standing(&self, txid: Txid, share: Option<&Share>, told: Option<Told>) -> Result<(Status, Evidence), Failure> {
        if let Some(Told { status, evidence }) = told {
            return Ok((status, evidence));
        }
        if let Some(Share { depth: BlockDepth { height, confirmations, evidence }, .. }) = share {
            let block = self.ledger.block_of(self.network, txid)?.unwrap_or_default();
            let confirmed = |height: &u32| Status::Confirmed { height: *height, confirmations: *confirmations, block };
            return Ok((height.as_ref().map_or(Status::Unconfirmed, confirmed), *evidence));
        }
        for row in self.rows {
            let current = flow::bitcoin::current(self.ledger, row, txid)?;
            if current != txid {
                return Ok((Status::Replaced { by: current.to_string() }, Evidence::Said));
            }
        }
        Ok((Status::NotFound, Evidence::Said))
    }

    fn sides(&self, coins: impl Iterator<Item = OutPoint>, parties: Vec<Counterparty>) -> Result<Vec<Side>, Failure> {
        let side = |(coin, party): (OutPoint, Counterparty)| {
            let coin = coin.to_string();
            let coin_label = self.ledger.label(LabelKind::Output, &coin)?.map(|text| text.to_string());
            Ok(Side { coin, party, coin_label })
        };
        coins.zip(parties).map(side).collect()
    }
}

/// What the inputs hold beyond the outputs, where every amount is known.
fn left_over(inputs: &[Counterparty], outputs: &[Counterparty]) -> Option<u64> {
    let sum = |sides: &[Counterparty]| {
        sides.iter().try_fold(0u64, |sum, side| sum.checked_add(side.amount.and_then(Amount::to_sat)?))
    };
    sum(inputs)?.checked_sub(sum(outputs)?)
}

fn share(row: &AccountRow, entry: &HistoryRow) -> Share {
    Share {
        account: format!("{}/{}", row.wallet, row.name),
        received: Amount::sat(entry.received),
        sent: Amount::sat(entry.sent),
        depth: BlockDepth {
            height: entry.height,
            confirmations: depth::confirmations(entry, row),
            evidence: entry.evidence,
        },
        time: entry.time,
    }
}

impl Share {
    fn net(&self) -> NetAmount {
        NetAmount::of(self.received, self.sent)
    }
}

impl Side {
    fn write(&self, name: &str, page: &mut Page) {
        if let Some(memo) = &self.party.memo {
            return page.field("Memo", &format!("\"{}\"", memo.as_str().replace('"', "\\\"")));
        }
        let amount = self.party.amount.map_or_else(|| "amount not known".to_owned(), |amount| amount.to_string());
        let address = self.party.address.as_deref();
        let address = address.map_or_else(|| "address not shown".to_owned(), |address| page.grouped(address));
        page.field(name, &format!("{amount}   {address}"));
        let whose = self.party.account.as_ref().map(|account| (Tone::Proven, format!("yours: {account}")));
        let contact = self.party.contact.as_ref().map(|contact| (Tone::Normal, format!("@{contact} (contact)")));
        let label = self.party.label.as_ref().map(|label| (Tone::Normal, format!("labelled {}", label.quoted())));
        let coin = self.coin_label.as_ref().map(|label| (Tone::Normal, format!("coin labelled \"{label}\"")));
        for (tone, text) in whose.into_iter().chain(contact).chain(label).chain(coin) {
            page.toned_field("", (tone, &text));
        }
    }
}

impl TransactionReport {
    fn write_status(&self, page: &mut Page) {
        let time = self.time.map_or_else(String::new, |time| format!(" · {}", date(time)));
        match &self.status {
            Status::Confirmed { height, confirmations, .. } => {
                let depth =
                    BlockDepth { height: Some(*height), confirmations: *confirmations, evidence: self.evidence };
                let tone = if self.evidence == Evidence::Said { Tone::Claimed } else { Tone::Proven };
                page.toned_field("Status", (tone, &format!("{depth} · block {height}{time}")));
            }
            Status::Unconfirmed => page.toned_field("Status", (Tone::Claimed, &format!("unconfirmed{time}"))),
            Status::Replaced { by } => page.toned_field("Status", (Tone::Stop, &format!("replaced by {by}"))),
            Status::NotFound => {
                let text = "signed here, and not on the network as far as is known";
                page.toned_field("Status", (Tone::Claimed, text));
            }
        }
    }

    fn write_sides(&self, page: &mut Page) {
        let is_ours = |side: &&Side| side.party.account.is_some();
        let (back, paid): (Vec<&Side>, Vec<&Side>) = self.outputs.iter().partition(is_ours);
        self.inputs.iter().for_each(|side| side.write("From", page));
        paid.iter().for_each(|side| side.write("To", page));
        back.iter().for_each(|side| side.write("To you", page));
    }
}

impl Report for TransactionReport {
    fn page(&self, page: &mut Page) {
        let mut accounts: Vec<&str> = self.accounts.iter().map(|share| share.account.as_str()).collect();
        // What counts no more is in no account's history, and was of these.
        let sides = self.inputs.iter().chain(&self.outputs);
        accounts.extend(sides.filter_map(|side| side.party.account.as_deref()));
        accounts.sort_unstable();
        accounts.dedup();
        let whose = if accounts.is_empty() { "of no account here".to_owned() } else { accounts.join(", ") };
        page.heading("Transaction", &format!("{} · {whose}", self.network));
        page.blank();
        page.copyable("Id", &self.id);
        if let Some(label) = &self.label {
            page.field("Note", label);
        }
        self.write_status(page);
        for share in &self.accounts {
            page.field("In all", &format!("{} for {}", share.net(), share.account));
        }
        self.write_sides(page);
        match (self.fee.and_then(Amount::to_sat), self.fee_rate) {
            (Some(fee), Some(rate)) => page.field("Fee", &format!("{}   {rate}, {} vbytes", sat_text(fee), self.vsize)),
            _ if self.block_reward => page.field("Fee", "none: this is the reward of a block"),
            _ => page.field("Fee", &format!("not known, {} vbytes: {UNKNOWN_COINS}", self.vsize)),
        }
        let replaceable = if self.replaceable { "replaceable" } else { "not marked replaceable" };
        page.field("Rules", &format!("{replaceable} · {}", locktime_words(&self.locktime)));
        for other in &self.replaces {
            page.field("Replaces", other);
        }
        if let Some(raw) = &self.raw {
            page.copyable("Raw", raw);
        }
    }
}
