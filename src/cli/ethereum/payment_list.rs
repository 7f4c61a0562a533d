//! `send --recipients` on an EVM chain: a transaction for each line, under one key, so that the same command goes on where it stopped.
//!
//! Everything of the list is read and summed before anything is signed. A line that was paid under the key is never paid again,
//! wherever it stands by then.

use std::{collections::BTreeMap, path::Path};

use alloy_primitives::{Address, U256};
use fastness::{
    address::evm_text,
    chain::ethereum::{EthereumError, calls, units::native},
    explain::Failure,
    flow::{
        FlowError,
        ethereum::{self, Fate},
    },
    network::EvmChain,
    request::EvmValue,
};

use super::{
    args::Options,
    lookup,
    paid_list::{LineState, PaidLine, PaidList},
    payment,
    session::{Again, CallArgs, EvmSession, SignedBefore},
};
use crate::cli::{
    CliError,
    cli_error::problems_named,
    context::Context,
    input_file::read_bounded,
    interrupts,
    recipients_file::{self, RecipientLine},
    report::Report,
};

/// Most lines: more would wait in the pools of nodes.
const MOST_LINES: usize = 1_000;

/// A line as a call.
struct ListedPayment {
    line: RecipientLine,
    call: CallArgs,
    /// The key of this payment alone: of several alike each has its own.
    key: String,
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
    refuse_options_of_one(options)?;
    let mut work = EvmSession::begin(context, chain, *options)?;
    ethereum::refresh(&mut work.ledger, &work.node, chain, work.row.account.address)?;
    let listed = read(context, &work, key, &read_bounded(path, recipients_file::MAX_BYTES)?)?;
    let mut paid = PaidList::new(chain, listed.len());
    let open = paid.without_earlier(&work, listed)?;
    check_sums(context, &work, &open)?;
    drop(work);
    context.ui.say(&format!("{} of {} payments on {}, one after the other.", open.len(), paid.lines, chain.name));
    pay_lines(context, options, &open, &mut paid)?;
    paid.payments.sort_by_key(|paid| paid.line);
    Ok(paid)
}

/// Options that are about one transaction alone would stop the list at its second line.
fn refuse_options_of_one(options: &Options<'_>) -> Result<(), CliError> {
    let of_one = [
        ("--expect-to", !options.limits.expect_to.is_empty()),
        ("--approve", options.limits.approve.is_some()),
        ("--nonce", options.evm.nonce.is_some()),
    ];
    match of_one.iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((option, _)) => Err(CliError::Usage(format!(
            "{option} is about one transaction, and the list itself names who is paid: leave it out, and bound the list \
             with --max-total and --max-fee"
        ))),
    }
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
            paid.stop(payment.line.number, &CliError::Interrupted.into());
            break;
        }
        if !paid.sent.is_empty() {
            // What is told if an interrupt ends this run while the next line is planned or asked about.
            interrupts::settled(paid.so_far(payment.line.number));
        }
        let options = Options { once: Some(&payment.key), ..*options };
        let begun = EvmSession::begin(context, paid.network, options);
        match begun.and_then(|mut work| work.whole(context, &payment.call, Again::No)) {
            Ok(sent) => {
                let state = if sent.exit_code() == 0 { LineState::Sent } else { LineState::Unknown };
                paid.payments.push(payment.paid(sent.id().to_string(), state, paid.network));
                paid.sent.push(sent);
                if state == LineState::Unknown {
                    paid.stop_unknown(payment.line.number);
                    break;
                }
            }
            Err(failure) if paid.payments.is_empty() => return Err(failure),
            Err(failure) => {
                paid.stop(payment.line.number, &failure);
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
        if let (Some(token), Some(transfer)) = (payment.call.to, calls::transfer_of(&payment.call.data)) {
            let sum = tokens.entry(token).or_default();
            *sum = sum.saturating_add(transfer.amount);
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
                        Fate::Sent => LineState::Earlier,
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
}
