//! `send --recipients` on an EVM chain: a transaction for each line, under one key, so that the same command goes on where it stopped.
//!
//! Everything of the list is read and summed before anything is signed. A line that was paid under the key is never paid again,
//! wherever it stands by then.

use std::{collections::BTreeMap, path::Path};

use alloy_primitives::{Address, U256};
use fastness::{
    address::evm_text,
    chain::ethereum::{EthereumError, units::native},
    explain::{Failure, Kind},
    flow::FlowError,
    network::EvmChain,
    request::EvmValue,
};
use serde::Serialize;

use super::{
    args::Options,
    lookup, payment,
    report::EvmSent,
    session::{Again, CallArgs, EvmSession},
};
use crate::cli::{
    CliError,
    cli_error::problems_named,
    context::Context,
    input_file::read_bounded,
    page::{Page, Tone},
    recipients_file::{self, RecipientLine},
    report::{OpenLedger, Report},
};

/// Most bytes of a list.
const MAX_BYTES: u64 = 4 << 20;
/// Most lines: more would wait in the pools of nodes.
const MOST_LINES: usize = 1_000;

/// Selector of `transfer(address,uint256)` (ERC-20).
const TRANSFER: [u8; 4] = [0xa9, 0x05, 0x9c, 0xbb];

/// A line as a call.
struct ListedPayment {
    line: RecipientLine,
    call: CallArgs,
    /// The key of this payment alone: of several alike each has its own.
    key: String,
}

/// What became of a line.
#[derive(Serialize)]
struct PaidLine {
    line: usize,
    to: String,
    amount: String,
    id: String,
    /// `sent` now, `earlier` under the same key, or `unknown`.
    state: &'static str,
}

/// What became of a list.
#[derive(Serialize)]
pub(crate) struct PaidList {
    network: &'static EvmChain,
    lines: usize,
    payments: Vec<PaidLine>,
    #[serde(skip)]
    sent: Vec<EvmSent>,
}

/// Pays every line that was not paid under the key before; stops at the first that fails or of which nobody knows.
pub(crate) fn pay(
    context: &mut Context,
    chain: &'static EvmChain,
    options: &Options<'_>,
    path: &Path,
) -> Result<PaidList, Failure> {
    let Some(key) = options.once else {
        let what = "on EVM networks a list is a transaction for each line: name it with --once KEY, such as payroll-2026-12, \
                    so that the same command goes on where it stopped and pays no line twice";
        return Err(CliError::Usage(what.to_owned()).into());
    };
    let work = EvmSession::begin(context, chain, *options)?;
    let listed = read(context, &work, key, &read_bounded(path, MAX_BYTES)?)?;
    check_sums(context, &work, &listed)?;
    context.ui.say(&format!("{} payments on {}, one after the other.", listed.len(), chain.name));
    let mut paid = PaidList { network: chain, lines: listed.len(), payments: Vec::new(), sent: Vec::new() };
    for payment in &listed {
        let options = Options { once: Some(&payment.key), ..*options };
        let done = EvmSession::begin(context, chain, options)
            .and_then(|mut work| work.whole(context, &payment.call, Again::No));
        match done {
            Ok(sent) => {
                let is_known = sent.exit_code() == 0;
                paid.add(payment, sent.id().to_string(), if is_known { "sent" } else { "unknown" });
                paid.sent.push(sent);
                if !is_known {
                    break;
                }
            }
            Err(failure) => match failure.find() {
                Some(FlowError::KeyUsed(id)) => paid.add(payment, id.clone(), "earlier"),
                _ if paid.payments.is_empty() => return Err(failure),
                _ => return Err(stopped(&paid, payment, &failure).into()),
            },
        }
    }
    Ok(paid)
}

/// All lines as calls, or everything that is wrong with them, each with its line.
fn read(context: &Context, work: &EvmSession<'_>, key: &str, bytes: &[u8]) -> Result<Vec<ListedPayment>, Failure> {
    let lines = recipients_file::read(bytes)?;
    if lines.is_empty() || lines.len() > MOST_LINES {
        let what = format!("the list has {} recipients: 1 to {MOST_LINES} can be paid at once", lines.len());
        return Err(CliError::Usage(what).into());
    }
    let (mut listed, mut wrong, mut alike) = (Vec::new(), Vec::new(), BTreeMap::new());
    for line in lines {
        match call(context, work, &line) {
            Ok(call) => {
                let same = format!("{:?} {:?} {}", call.to, call.value, call.data);
                let place: &mut usize = alike.entry(same.clone()).or_default();
                *place += 1;
                let key = format!("{key}\n{same}\n{place}");
                listed.push(ListedPayment { line, call, key });
            }
            Err(failure) => wrong.push(format!("line {} of the recipients: {}", line.number, failure.message())),
        }
    }
    if wrong.is_empty() { Ok(listed) } else { Err(CliError::Usage(problems_named(wrong)).into()) }
}

fn call(context: &Context, work: &EvmSession<'_>, line: &RecipientLine) -> Result<CallArgs, Failure> {
    let is_all = |text: &str| text.split_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case("all"));
    if line.amount.is_empty() || is_all(&line.amount) {
        return Err(CliError::Usage("a line has an amount of its own, such as 0.1eth or 25 USDC".to_owned()).into());
    }
    payment::call(context, work, &[line.to.clone(), line.amount.clone()])
}

/// Refuses a list that the account cannot pay, before its first line is.
fn check_sums(context: &Context, work: &EvmSession<'_>, listed: &[ListedPayment]) -> Result<(), Failure> {
    let mut coins = U256::ZERO;
    let mut tokens: BTreeMap<Address, U256> = BTreeMap::new();
    for payment in listed {
        if let EvmValue::Exactly(value) = payment.call.value {
            coins = coins.saturating_add(value);
        }
        if let (Some(token), Some(value)) = (payment.call.to, transferred(&payment.call.data)) {
            let sum = tokens.entry(token).or_default();
            *sum = sum.saturating_add(value);
        }
    }
    let available = work.node.account(work.row.account.address)?.value().balance;
    let unit = |value| native(work.chain, value);
    if coins > available {
        return Err(insufficient(unit(coins).to_string(), unit(available).to_string()).into());
    }
    for (token, needed) in tokens {
        let available = payment::balance(context, work, token)?;
        if needed > available {
            let known = lookup::tokens(&work.ledger, work.chain)?.into_iter().find(|known| known.address == token);
            let unit = |value: U256| {
                known
                    .as_ref()
                    .map_or_else(|| value.to_string(), |token| token.denomination.clone().of(value).to_string())
            };
            return Err(insufficient(unit(needed), unit(available)).into());
        }
    }
    Ok(())
}

/// The amount of a token's `transfer(address,uint256)`.
fn transferred(data: &[u8]) -> Option<U256> {
    let arguments = data.strip_prefix(&TRANSFER)?;
    (arguments.len() == 64).then(|| arguments.get(32..).map(U256::from_be_slice)).flatten()
}

const fn insufficient(needed: String, available: String) -> EthereumError {
    EthereumError::InsufficientFunds { needed, available }
}

fn stopped(paid: &PaidList, payment: &ListedPayment, failure: &Failure) -> CliError {
    CliError::ListStopped {
        line: payment.line.number,
        why: failure.message(),
        paid: paid.payments.len(),
        lines: paid.lines,
    }
}

impl PaidList {
    fn add(&mut self, payment: &ListedPayment, id: String, state: &'static str) {
        let RecipientLine { number, amount, to } = payment.line.clone();
        let is_token = !payment.call.data.is_empty();
        let whom = payment.call.to.filter(|_| !is_token).map_or(to, |to| evm_text(to, self.network));
        self.payments.push(PaidLine { line: number, to: whom, amount, id, state });
    }

    fn count(&self, state: &str) -> usize {
        self.payments.iter().filter(|payment| payment.state == state).count()
    }
}

impl Report for PaidList {
    fn page(&self, page: &mut Page) {
        let row = |paid: &PaidLine| {
            vec![paid.line.to_string(), paid.state.to_owned(), paid.amount.clone(), paid.to.clone(), paid.id.clone()]
        };
        let rows: Vec<Vec<String>> = self.payments.iter().map(row).collect();
        page.table(&["line", "state", "amount", "to", "id"], &rows);
        let (sent, earlier) = (self.count("sent"), self.count("earlier"));
        page.line(&format!("{sent} of {} sent now, {earlier} earlier under the same key.", self.lines));
        if self.exit_code() != 0 {
            let text = "Not sure of the last one: it may be on the network (exit 5). The same command takes it up and goes on.";
            page.toned(Tone::Claimed, text);
        }
    }

    fn exit_code(&self) -> u8 {
        if self.count("unknown") > 0 { Kind::Unknown.exit_code() } else { 0 }
    }

    fn told(&self, ledger: OpenLedger<'_>) -> Result<(), Failure> {
        self.sent.iter().try_for_each(|sent| sent.told(ledger))
    }
}
