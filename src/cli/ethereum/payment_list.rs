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
    flow::{
        FlowError,
        ethereum::{self, Fate},
    },
    network::EvmChain,
    request::EvmValue,
};
use serde::Serialize;

use super::{
    args::Options,
    lookup, payment,
    report::EvmSent,
    session::{Again, CallArgs, EvmSession, SignedBefore},
};
use crate::cli::{
    CliError,
    cli_error::problems_named,
    context::Context,
    input_file::read_bounded,
    interrupts,
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
#[derive(Clone, Serialize)]
struct PaidLine {
    line: usize,
    to: String,
    amount: String,
    id: String,
    state: LineState,
}

/// How far a line got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum LineState {
    /// Sent by this run.
    Sent,
    /// Sent by an earlier run under the same key: paid, or on its way.
    Earlier,
    /// It may have left.
    Unknown,
    /// Sent under the same key, and failed in its block: nothing but its fee was taken.
    Failed,
    /// Sent under the same key, and another transaction took its nonce: it was cancelled.
    Replaced,
}

impl LineState {
    const fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Earlier => "earlier",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
            Self::Replaced => "replaced",
        }
    }
}

/// Why a list came to its end before its last line.
#[derive(Clone, Serialize)]
struct ListStop {
    /// The line that it stopped at.
    line: usize,
    /// The code of that failure.
    code: &'static str,
    message: String,
    #[serde(skip)]
    exit_code: u8,
}

/// What became of a list.
#[derive(Serialize)]
pub(crate) struct PaidList {
    network: &'static EvmChain,
    lines: usize,
    payments: Vec<PaidLine>,
    stopped: Option<ListStop>,
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
    if !options.limits.expect_to.is_empty() {
        let what =
            "the list itself names who is paid: leave --expect-to out, and bound it with --max-total and --max-fee";
        return Err(CliError::Usage(what.to_owned()).into());
    }
    let mut work = EvmSession::begin(context, chain, *options)?;
    ethereum::refresh(&mut work.ledger, &work.node, chain, work.row.account.address)?;
    let listed = read(context, &work, key, &read_bounded(path, MAX_BYTES)?)?;
    let mut paid =
        PaidList { network: chain, lines: listed.len(), payments: Vec::new(), stopped: None, sent: Vec::new() };
    let open = paid.without_earlier(&work, listed)?;
    check_sums(context, &work, &open)?;
    drop(work);
    context.ui.say(&format!("{} of {} payments on {}, one after the other.", open.len(), paid.lines, chain.name));
    pay_lines(context, options, &open, &mut paid)?;
    paid.payments.sort_by_key(|paid| paid.line);
    Ok(paid)
}

/// Pays the lines that are open, one after the other. A failure of the first of all is the command's own.
fn pay_lines(
    context: &mut Context,
    options: &Options<'_>,
    open: &[ListedPayment],
    paid: &mut PaidList,
) -> Result<(), Failure> {
    for payment in open {
        if interrupts::came() {
            paid.stop(payment, &CliError::Interrupted.into());
            break;
        }
        if !paid.sent.is_empty() {
            // What is told if an interrupt ends this run while the next line is planned or asked about.
            interrupts::settled(paid.so_far(payment));
        }
        let options = Options { once: Some(&payment.key), ..*options };
        let begun = EvmSession::begin(context, paid.network, options);
        match begun.and_then(|mut work| work.whole(context, &payment.call, Again::No)) {
            Ok(sent) => {
                let state = if sent.exit_code() == 0 { LineState::Sent } else { LineState::Unknown };
                paid.add(payment, sent.id().to_string(), state);
                paid.sent.push(sent);
                if state == LineState::Unknown {
                    paid.stop_unknown(payment);
                    break;
                }
            }
            Err(failure) if paid.payments.is_empty() => return Err(failure),
            Err(failure) => {
                paid.stop(payment, &failure);
                break;
            }
        }
    }
    Ok(())
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
    if !coins.is_zero() && !work.limits.max_total.is_empty() {
        let Some(fee) = work.limits.max_fee else {
            let what = "--max-total bounds a whole list with its fees: name with --max-fee the most that each line may pay for gas";
            return Err(CliError::Usage(what.to_owned()).into());
        };
        let all = coins.saturating_add(fee.saturating_mul(U256::from(listed.len())));
        check_bound(work, None, all, || unit(all).to_string())?;
    }
    if coins > available {
        return Err(insufficient(unit(coins).to_string(), unit(available).to_string()).into());
    }
    let known = lookup::tokens(&work.ledger, work.chain)?;
    for (token, needed) in tokens {
        let denomination = known.iter().find(|known| known.address == token).map(|known| &known.denomination);
        let unit =
            |value: U256| denomination.map_or_else(|| value.to_string(), |known| known.clone().of(value).to_string());
        check_bound(work, Some(token), needed, || unit(needed))?;
        let available = payment::balance(context, work, token)?;
        if needed > available {
            return Err(insufficient(unit(needed), unit(available)).into());
        }
    }
    Ok(())
}

/// `--max-total` bounds the whole list: what leaves by all its lines, with the fees that `--max-fee` allows.
fn check_bound(
    work: &EvmSession<'_>,
    token: Option<Address>,
    sum: U256,
    shown: impl Fn() -> String,
) -> Result<(), Failure> {
    let bounds = &work.limits.max_total;
    if bounds.is_empty() || sum.is_zero() {
        return Ok(());
    }
    let most =
        bounds.iter().filter(|bound| bound.token == token).map(|bound| &bound.most).min_by_key(|most| most.value);
    match most {
        Some(most) if sum <= most.value => Ok(()),
        Some(most) => {
            Err(FlowError::Limit(format!("{} would leave by the whole list, and at most {most} were allowed", shown()))
                .into())
        }
        None => {
            Err(FlowError::Limit(format!("{} would leave by the list, and no --max-total names that", shown())).into())
        }
    }
}

/// The amount of a token's `transfer(address,uint256)`.
fn transferred(data: &[u8]) -> Option<U256> {
    let arguments = data.strip_prefix(&TRANSFER)?;
    (arguments.len() == 64).then(|| arguments.get(32..).map(U256::from_be_slice)).flatten()
}

const fn insufficient(needed: String, available: String) -> EthereumError {
    EthereumError::InsufficientFunds { needed, available }
}

impl ListedPayment {
    fn paid(&self, id: String, state: LineState, network: &EvmChain) -> PaidLine {
        let RecipientLine { number, amount, to } = self.line.clone();
        let is_token = !self.call.data.is_empty();
        let whom = self.call.to.filter(|_| !is_token).map_or(to, |to| evm_text(to, network));
        PaidLine { line: number, to: whom, amount, id, state }
    }
}

impl PaidList {
    /// The lines that are still to be paid. What was signed under the key is looked up first; what was signed and never told is
    /// taken up by the session, as of any payment.
    fn without_earlier(
        &mut self,
        work: &EvmSession<'_>,
        listed: Vec<ListedPayment>,
    ) -> Result<Vec<ListedPayment>, Failure> {
        let mut open = Vec::new();
        for payment in listed {
            match work.signed_under(&payment.key, &payment.call)? {
                Some(SignedBefore { hash, fate, is_told: true }) => {
                    let state = match fate {
                        Fate::Paid | Fate::Waits => LineState::Earlier,
                        Fate::Unknown => LineState::Unknown,
                        Fate::Failed => LineState::Failed,
                        Fate::Replaced => LineState::Replaced,
                    };
                    self.payments.push(payment.paid(hash.to_string(), state, self.network));
                }
                _ => open.push(payment),
            }
        }
        Ok(open)
    }

    fn add(&mut self, payment: &ListedPayment, id: String, state: LineState) {
        self.payments.push(payment.paid(id, state, self.network));
    }

    fn stop(&mut self, payment: &ListedPayment, failure: &Failure) {
        let entry = failure.entry();
        let (line, message, exit_code) = (payment.line.number, failure.message(), entry.kind.exit_code());
        self.stopped = Some(ListStop { line, code: entry.code, message, exit_code });
    }

    /// Stops at a line of which nobody knows whether it left.
    fn stop_unknown(&mut self, payment: &ListedPayment) {
        let message = "it is not known whether it left".to_owned();
        let exit_code = Kind::Unknown.exit_code();
        self.stopped = Some(ListStop { line: payment.line.number, code: "unknown", message, exit_code });
    }

    /// What is known before a line, for an interrupt while it asks.
    fn so_far(&self, next: &ListedPayment) -> Self {
        let mut known = Self {
            network: self.network,
            lines: self.lines,
            payments: self.payments.clone(),
            stopped: None,
            sent: Vec::new(),
        };
        known.stop(next, &CliError::Interrupted.into());
        known
    }

    fn count(&self, state: LineState) -> usize {
        self.payments.iter().filter(|payment| payment.state == state).count()
    }
}

impl Report for PaidList {
    fn page(&self, page: &mut Page) {
        let row = |paid: &PaidLine| {
            vec![
                paid.line.to_string(),
                paid.state.name().to_owned(),
                paid.amount.clone(),
                paid.to.clone(),
                paid.id.clone(),
            ]
        };
        let rows: Vec<Vec<String>> = self.payments.iter().map(row).collect();
        page.table(&["line", "state", "amount", "to", "id"], &rows);
        let (sent, earlier) = (self.count(LineState::Sent), self.count(LineState::Earlier));
        page.line(&format!("Of {} lines {sent} were sent now, and {earlier} earlier under the same key.", self.lines));
        if let Some(stop) = &self.stopped {
            let text = format!("Stopped at line {}: {} ({})", stop.line, stop.message, stop.code);
            page.toned(Tone::Stop, &text);
            page.line("The same command goes on with that line, and pays none twice.");
        }
        if self.count(LineState::Unknown) > 0 {
            let text = "Not sure of those that are `unknown`: they may be on the network (exit 5); `fastness track` finds out.";
            page.toned(Tone::Claimed, text);
        }
        if self.count(LineState::Failed) + self.count(LineState::Replaced) > 0 {
            let text = "What is `failed` or `replaced` was not paid, and this key never pays it: another key does, with those lines alone.";
            page.toned(Tone::Stop, text);
        }
    }

    fn exit_code(&self) -> u8 {
        if self.count(LineState::Unknown) > 0 {
            return Kind::Unknown.exit_code();
        }
        let lost = self.count(LineState::Failed) + self.count(LineState::Replaced) > 0;
        let lost = if lost { Kind::Refused.exit_code() } else { 0 };
        match &self.stopped {
            None => lost,
            // Codes that say that nothing left, or that nothing was done, are not true of a list of which something was sent.
            Some(_) if self.count(LineState::Sent) > 0 => Kind::Refused.exit_code(),
            Some(stop) => stop.exit_code,
        }
    }

    fn told(&self, ledger: OpenLedger<'_>) -> Result<(), Failure> {
        self.sent.iter().try_for_each(|sent| sent.told(ledger))
    }
}
