//! `sweep`: everything behind a single private key (a paper wallet) to an address of this wallet, or to one that was typed.
//!
//! The key is typed into a sealed child process, which hands out only the public key, and later the signed transactions.
//! An address is called ours only where that child derived it from the wallet's keys; the ledger's word is not enough.

mod coins;
mod process;
mod sealed;

use std::path::PathBuf;

use self::process::SealedChild;

use crate::cli::{
    CliError,
    bitcoin::{
        delivery::{self, DeliveryReport, DiscretionArgs},
        payment::{FeeArgs, fee_limit},
    },
    context::Context,
    limits::LimitArgs,
    page::{Page, Tone},
    report::{Answer, Report, answer},
};
use fastness::{
    account::Keychain,
    address,
    amount::{Amount, FeeRate, sat_text},
    chain::bitcoin::{
        BitcoinError,
        sweep::{Destination, KeyCoin, Shares, SweepRequest, shares, sweep, total},
    },
    explain::Failure,
    flow::{
        FlowError,
        bitcoin::{Draft, DraftContext, SignedFile},
    },
    ledger::{Ledger, bitcoin::AccountRow},
    request::Fee,
    review::Warning,
};
use serde::Serialize;

/// Move everything behind a single private key (wallet import format) into this wallet
///
/// The address is proven with this wallet's keys, so its password is asked for too. With --expect-to ADDRESS everything
/// goes to that address, and no password is needed.
#[derive(Debug, clap::Args)]
#[command(mut_arg("fee", |fee| fee.hide(true)))]
pub(crate) struct Args {
    /// Read the key from this file descriptor
    #[arg(long, value_name = "N", conflicts_with = "key_file")]
    key_fd: Option<u32>,
    /// Read the key from the first line of this file
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    #[command(flatten)]
    fee: FeeArgs,
    #[command(flatten)]
    discretion: DiscretionArgs,
    #[command(flatten)]
    limits: LimitArgs,
    /// This process is the sealed child of another sweep
    #[arg(long, hide = true)]
    sealed_child: bool,
}

/// What became of a sweep.
#[derive(Serialize)]
struct Swept {
    #[serde(flatten)]
    first: DeliveryReport,
    /// The other transactions, where one does not hold all coins.
    also: Vec<DeliveryReport>,
    /// Coins that would cost more than they bring.
    left_out: Remaining,
    /// Coins that are for another sweep.
    later: Remaining,
    /// Why the rest was not sent, and how many transactions that are.
    unsent: Option<Unsent>,
}

/// What became of each transaction.
struct Delivered {
    first: DeliveryReport,
    also: Vec<DeliveryReport>,
    unsent: Option<Unsent>,
}

/// Coins that stay behind the key.
#[derive(Serialize)]
struct Remaining {
    coins: usize,
    amount: Amount,
}

#[derive(Serialize)]
struct Unsent {
    transactions: usize,
    code: &'static str,
    why: String,
    #[serde(skip)]
    exit_code: u8,
}

impl Remaining {
    fn of(coins: &[KeyCoin]) -> Result<Self, Failure> {
        Ok(Self { coins: coins.len(), amount: Amount::sat(total(coins)?) })
    }

    fn describe(&self) -> String {
        let coins = if self.coins == 1 { "1 coin".to_owned() } else { format!("{} coins", self.coins) };
        format!("{coins} of {} together", self.amount.to_sat().map_or_else(|| self.amount.to_string(), sat_text))
    }
}

impl Args {
    /// Whether this process is the one that holds the key.
    pub(crate) const fn is_sealed_child(&self) -> bool {
        self.sealed_child
    }

    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        if self.sealed_child { self.child(context) } else { self.parent(context) }
    }

    /// The keyless side: finds the coins, plans, and sends.
    fn parent(&self, context: &mut Context) -> Answer {
        let _lock = context.payment_lock()?;
        let (ledger, row) = crate::cli::bitcoin::refresh::refreshed(context)?;
        let network = row.account.network;
        let Fee::Rate(rate) = self.fee.resolved(context, network)?.fee else {
            return Err(CliError::Usage("a sweep takes a fee rate: use --fee-rate or --target".to_owned()).into());
        };
        let to = self.destination(&ledger, &row)?;
        let explorer = context.explorer(network)?;
        let mut child = SealedChild::start(self, context, &row)?;
        let key = child.public_key()?;
        let shares = shares(coins::spendable(context, network, &explorer, key)?, &to.script()?, rate)?;
        say_left_out(context, &shares, rate)?;
        let request = SweepRequest { network, to, rate, fee_limit: fee_limit(&self.limits)? };
        let plan = |coins: &Vec<KeyCoin>| -> Result<Draft, Failure> {
            Ok(Draft { plan: sweep(key, coins, &request)?, context: named(&row) })
        };
        let drafts = shares.transactions.iter().map(plan).collect::<Result<Vec<Draft>, _>>()?;
        self.check_total(&drafts)?;
        if let Destination::Own { index, .. } = &request.to {
            ledger.issue(&row, Keychain::Receive, *index)?;
        }
        let signed = child.sign(&drafts)?;
        let Delivered { first, also, unsent } = self.send_all(context, &signed)?;
        let (left_out, later) = (Remaining::of(&shares.left_out)?, Remaining::of(&shares.later)?);
        answer(Swept { first, also, left_out, later, unsent })
    }

    /// The address that was typed, else the next one of this wallet.
    fn destination(&self, ledger: &Ledger, row: &AccountRow) -> Result<Destination, Failure> {
        match self.limits.expect_to.as_slice() {
            [] => {
                let index = ledger.next_index(row.id, Keychain::Receive)?;
                Ok(Destination::Own { account: Box::new(row.account.clone()), index })
            }
            [typed] => Ok(Destination::Typed(address::parse(typed, row.account.network)?)),
            _ => Err(CliError::Usage("a sweep goes to one address; name one with --expect-to".to_owned()).into()),
        }
    }

    /// `--max-fee` bounds all transactions of a sweep together.
    fn check_total(&self, drafts: &[Draft]) -> Result<(), Failure> {
        if drafts.len() > 1 && self.limits.approve.is_some() {
            let what = "--approve agrees to one transaction, and this sweep takes several: use --yes with --max-fee";
            return Err(CliError::Usage(what.to_owned()).into());
        }
        let Some(most) = self.limits.max_fee()? else { return Ok(()) };
        let fees = drafts.iter().filter_map(|draft| draft.plan.psbt.fee().ok());
        let fees = fees.fold(0u64, |sum, fee| sum.saturating_add(fee.to_sat()));
        if fees <= most {
            return Ok(());
        }
        let what = format!("the fees are {} together, and at most {} was allowed", sat_text(fees), sat_text(most));
        Err(FlowError::Limit(what).into())
    }

    /// Sends one after the other. What was sent is told, whatever became of the rest.
    fn send_all(&self, context: &mut Context, signed: &[SignedFile]) -> Result<Delivered, Failure> {
        let (head, tail) = signed.split_first().ok_or(BitcoinError::NothingToSweep)?;
        let mut delivered =
            Delivered { first: delivery::send(context, head, &self.discretion)?, also: Vec::new(), unsent: None };
        for (place, file) in tail.iter().enumerate() {
            match delivery::send(context, file, &self.discretion) {
                Ok(sent) => delivered.also.push(sent),
                Err(failure) => {
                    let (code, exit_code) = (failure.entry().code, failure.entry().kind.exit_code());
                    let transactions = tail.len().saturating_sub(place);
                    delivered.unsent = Some(Unsent { transactions, code, why: failure.message(), exit_code });
                    break;
                }
            }
        }
        Ok(delivered)
    }
}

fn named(row: &AccountRow) -> DraftContext {
    let (wallet, account) = (Some(row.wallet.clone()), Some(row.name.clone()));
    DraftContext { wallet, account, ..DraftContext::default() }
}

/// Names what stays behind the key, before anything is agreed to.
fn say_left_out(context: &Context, shares: &Shares, rate: FeeRate) -> Result<(), Failure> {
    if !shares.left_out.is_empty() {
        let what = Remaining::of(&shares.left_out)?.describe();
        if shares.transactions.is_empty() {
            let text = format!("no coin of this key brings more than it costs at {rate}: {what}");
            return Err(CliError::Usage(text).into());
        }
        let text = format!("left out: {what}, for each costs more at {rate} than it brings");
        context.ui.warn(&Warning { code: "coins_left_out", text });
    }
    if !shares.later.is_empty() {
        let text = format!("{} are left for another sweep, after this one", Remaining::of(&shares.later)?.describe());
        context.ui.warn(&Warning { code: "coins_left_for_later", text });
    }
    if shares.transactions.len() > 1 {
        context.ui.say(&format!("This takes {} transactions, shown one after the other.", shares.transactions.len()));
    }
    Ok(())
}

impl Report for Swept {
    fn page(&self, page: &mut Page) {
        self.first.page(page);
        for sent in &self.also {
            page.blank();
            sent.page(page);
        }
        if let Some(Unsent { transactions, why, .. }) = &self.unsent {
            page.toned_field(
                "Not sent",
                (Tone::Stop, &format!("{transactions} more: {why}; sweep again to send them")),
            );
        }
        if self.left_out.coins > 0 {
            page.field("Left out", &format!("{}: more fee than money", self.left_out.describe()));
        }
        if self.later.coins > 0 {
            page.toned_field("Remains", (Tone::Claimed, &format!("{}: sweep again", self.later.describe())));
        }
    }

    fn exit_code(&self) -> u8 {
        let sent = [&self.first].into_iter().chain(&self.also).map(Report::exit_code).max().unwrap_or(0);
        if sent > 0 { sent } else { self.unsent.as_ref().map_or(0, |unsent| unsent.exit_code) }
    }
}
