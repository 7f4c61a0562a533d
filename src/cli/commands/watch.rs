//! `watch`: tells every arrival and confirmation as it happens, as a line, as JSON, or to a hook, until it is stopped.
//!
//! Each event once, over any number of restarts: what happened in between is told at the next start. One process tells the
//! events of an account; a second one is refused.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use crate::cli::{
    CliError,
    bitcoin::{depth, net_amount::NetAmount, refresh::sync},
    context::Context,
    hook,
    report::{Answer, OutputFormat},
    ui::print_raw,
};
use bitcoin::Txid;
use fastness::{
    amount::Amount,
    explain::{Failure, Kind},
    flow::bitcoin::{AddressNames, Counterparty, SyncScope},
    ledger::{
        Ledger, LedgerError, Limit,
        bitcoin::{AccountRow, HistoryRow, Telling, WatchedEvent},
    },
    network::Network,
    store::{Lock, StoreError},
    text::date,
};
use serde::Serialize;

/// Seconds between two looks, where the person names no other number.
const PAUSE: u64 = 30;
const PRACTICE_PAUSE: u64 = 1;
/// How long a watcher that is about to end is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How soon a stop is noticed.
const NOTICE: Duration = Duration::from_millis(100);

/// Someone asked for the end.
static STOP: AtomicBool = AtomicBool::new(false);

/// Tell every arrival and confirmation as it happens (Bitcoin)
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run this command of the shell for each event, with the event as JSON on its standard input
    #[arg(long, value_name = "COMMAND")]
    exec: Option<String>,
    /// Tell a confirmation once it is this deep
    #[arg(long, value_name = "N", default_value_t = 1)]
    confirmations: u32,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS")]
    every: Option<u64>,
    /// Look once, tell what is new, and end
    #[arg(long)]
    once: bool,
}

/// An event as programs and hooks read it.
#[derive(Serialize)]
struct Event {
    event: &'static str,
    /// The same for the same event, whenever it is told.
    id: String,
    /// It may have been told before: a process ended while it was handed over.
    again: bool,
    txid: String,
    network: Network,
    account: String,
    received: Option<Amount>,
    sent: Option<Amount>,
    confirmations: u32,
    height: Option<u32>,
    time: Option<u64>,
    /// Own addresses that it pays, with their notes.
    paid_to: Vec<Counterparty>,
    /// The other side, as far as it is shown.
    counterparties: Vec<Counterparty>,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        if let Some(chain) = context.asked_chain()? {
            return Err(CliError::OtherFamily(chain.name).into());
        }
        // The first handler stays; nothing else of this process is to be ended by a signal.
        let _ = ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed));
        let (mut ledger, row) = context.account()?;
        let _alone = alone(context, &row)?;
        if row.synced.is_none() {
            sync(context, &mut ledger, &row, SyncScope::Incremental)?;
        }
        ledger.begin_watching(row.id)?;
        let usual = if row.account.network == Network::Regtest { PRACTICE_PAUSE } else { PAUSE };
        let pause = Duration::from_secs(self.every.unwrap_or(usual));
        context.ui.say(&format!("Watching {}/{}; Ctrl-C ends it.", row.wallet, row.name));
        let mut silent = false;
        while !STOP.load(Ordering::Relaxed) {
            let known = match sync(context, &mut ledger, &row, SyncScope::Incremental) {
                // A line that is down for a while ends nothing; it is said once.
                Err(failure) if failure.entry().kind == Kind::Network && !self.once => {
                    if !std::mem::replace(&mut silent, true) {
                        context.ui.say(&format!("Nobody answers ({}); trying on.", failure.message()));
                    }
                    None
                }
                asked => {
                    asked?;
                    silent = false;
                    Some(ledger.again(&row)?)
                }
            };
            if let Some(row) = known {
                self.tell(context, &ledger, &row)?;
            }
            if self.once {
                break;
            }
            wait(pause);
        }
        Ok(None)
    }

    /// Tells what is new, oldest first.
    fn tell(&self, context: &Context, ledger: &Ledger, row: &AccountRow) -> Result<(), Failure> {
        let names = AddressNames::of(ledger, row.account.network)?;
        let watched = Watched { ledger, row, names: &names };
        let mut entries = ledger.history(row.id, Limit::None)?;
        entries.reverse();
        for entry in &entries {
            let txid = entry.txid.parse().map_err(|_| LedgerError::Damaged("transaction"))?;
            if let Some(event) = self.due(entry, row) {
                self.tell_one(context, &watched, News { txid, event, entry: Some(entry) })?;
            }
        }
        for txid in ledger.told_and_gone(row.id)? {
            self.tell_one(context, &watched, News { txid, event: WatchedEvent::Gone, entry: None })?;
        }
        Ok(())
    }

    /// What can be told of a transaction: that it arrived while it waits, that it is confirmed once it is deep enough.
    fn due(&self, entry: &HistoryRow, row: &AccountRow) -> Option<WatchedEvent> {
        let is_deep = entry.height.is_some() && depth::confirmations(entry, row) >= self.confirmations;
        match entry.height {
            _ if is_deep => Some(WatchedEvent::Confirmed),
            None => Some(WatchedEvent::Arrived),
            Some(_) => None,
        }
    }

    fn tell_one(&self, context: &Context, watched: &Watched<'_>, news: News<'_>) -> Result<(), Failure> {
        let (ledger, id, News { txid, event, .. }) = (watched.ledger, watched.row.id, news);
        let telling = ledger.telling(id, txid, event)?;
        if telling == Telling::Done || STOP.load(Ordering::Relaxed) {
            return Ok(());
        }
        let told = watched.event(news, telling)?;
        let json = serde_json::to_string(&told).map_err(|_| CliError::Unprintable)?;
        // The hook is there before the event is taken for told, and reads it after.
        let hook = self.exec.as_deref().map(hook::start).transpose()?;
        ledger.set_telling(id, txid, event, Telling::Begun)?;
        match context.ui.form() {
            OutputFormat::Json => print_raw(&(json.clone() + "\n"))?,
            OutputFormat::Text => print_raw(&told.line())?,
        }
        if hook.is_some_and(|hook| !hook.told(&json)) {
            context.ui.say(&format!("The hook failed for {}; it is not run again for this event.", told.id));
        }
        Ok(ledger.set_telling(id, txid, event, Telling::Done)?)
    }
}

/// The right to tell what happens to an account: each event is told by one process.
fn alone(context: &mut Context, row: &AccountRow) -> Result<Lock, Failure> {
    context.home()?.watch_lock(row.id.number(), PATIENCE).map_err(|error| match error {
        StoreError::Locked { .. } => CliError::Watched(format!("{}/{}", row.wallet, row.name)).into(),
        other => other.into(),
    })
}

/// Something that happened to a transaction.
#[derive(Clone, Copy)]
struct News<'a> {
    txid: Txid,
    event: WatchedEvent,
    /// Its line in the history; nothing where it counts no more.
    entry: Option<&'a HistoryRow>,
}

/// What is watched.
struct Watched<'a> {
    ledger: &'a Ledger,
    row: &'a AccountRow,
    names: &'a AddressNames<'a>,
}

impl Watched<'_> {
    fn event(&self, News { txid, event, entry }: News<'_>, telling: Telling) -> Result<Event, Failure> {
        let account = format!("{}/{}", self.row.wallet, self.row.name);
        let known = self.ledger.transaction(self.row, txid)?;
        let (mut paid_to, mut counterparties) = (Vec::new(), Vec::new());
        if let Some((transaction, _)) = &known {
            let outputs = self.names.outputs(transaction)?;
            paid_to.extend(outputs.into_iter().filter(|output| output.account.as_ref() == Some(&account)));
            counterparties = self.names.others(self.row, transaction, entry.map_or(0, |entry| entry.sent))?;
        }
        Ok(Event {
            event: event.name(),
            id: format!("{txid}:{account}:{}", event.name()),
            again: telling == Telling::Begun,
            txid: txid.to_string(),
            network: self.row.account.network,
            received: entry.map(|entry| Amount::sat(entry.received)),
            sent: entry.map(|entry| Amount::sat(entry.sent)),
            confirmations: entry.map_or(0, |entry| depth::confirmations(entry, self.row)),
            height: entry.and_then(|entry| entry.height),
            time: entry.map(|entry| entry.time),
            account,
            paid_to,
            counterparties,
        })
    }
}

impl Event {
    /// A line for a person.
    fn line(&self) -> String {
        let nothing = Amount::sat(0);
        let net = NetAmount::of(self.received.unwrap_or(nothing), self.sent.unwrap_or(nothing));
        let time = self.time.map_or_else(String::new, date);
        let names: Vec<String> =
            self.paid_to.iter().filter_map(|own| own.label.as_ref()).map(ToString::to_string).collect();
        let label = if names.is_empty() { String::new() } else { format!("  {}", names.join(", ")) };
        let again = if self.again { "  (may have been told before)" } else { "" };
        format!("{time}  {}  {net}  {}{label}{again}\n", self.event, self.txid)
    }
}

fn wait(pause: Duration) {
    let end = Instant::now() + pause;
    while Instant::now() < end && !STOP.load(Ordering::Relaxed) {
        std::thread::sleep(NOTICE.min(end.saturating_duration_since(Instant::now())));
    }
}
