//! Words into a payment request: recipients with amounts, BIP-21 URIs, fees, coins, memo. Shared by `plan` and `send`.

use std::path::{Path, PathBuf};

use super::{
    coin_choice,
    fee_choice::{self, FeeChoice},
};
use bitcoin::Transaction;

use crate::cli::{
    CliError,
    cli_error::problems_named,
    context::{Context, NetworkAccess},
    family::BITCOIN,
    guided_payment,
    input_file::read_bounded,
    limits::LimitArgs,
    recipients_file::{self, RecipientLine},
};
use fastness::{
    address,
    amount::{Amount, FeeRate, Quantity},
    chain::bitcoin::replace::Original,
    contact::ContactBook,
    explain::Failure,
    explorer::{Explorer, bitcoin::FeeAdvice},
    flow::{
        self, FlowError,
        bitcoin::{AccountLedger, Alone, Draft},
    },
    network::{AnyNetwork, Network},
    payment_uri::PaymentUri,
    request::{CoinChoice, Fee, FeeLimit, FeePayer, Leftover, Payment, Replacement, Request},
    review::Warning,
    text::SafeText,
};

/// Fee rate of the practice chain and other test nets whose explorers give no estimate.
const FALLBACK_TEST_RATE: FeeRate = FeeRate::from_sat_per_vb(1);
/// Blocks within which a payment should confirm if nothing else is said.
const DEFAULT_TARGET: u16 = 6;

/// What to pay and how.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct PayArgs {
    /// Recipients: ADDRESS AMOUNT [ADDRESS AMOUNT]..., where @NAME is a contact; or one bitcoin: or ethereum: URI. Amounts carry units (0.01btc, 15000sat, 1.5eth, "25 USDC") or are `all`
    #[arg(conflicts_with = "recipients", value_name = "ADDRESS AMOUNT")]
    to: Vec<String>,
    /// Read recipients from a file, or - for standard input: one `ADDRESS AMOUNT` a line, or columns with , or ; or tabs between, with heads or without; further columns are not used. On Ethereum and its family each line is a transaction
    #[arg(long, value_name = "FILE")]
    recipients: Option<PathBuf>,
    /// Public note in the transaction (OP_RETURN); older nodes relay at most 80 bytes
    #[arg(long, value_name = "TEXT", help_heading = BITCOIN)]
    memo: Option<String>,
    #[command(flatten)]
    fee: FeeArgs,
    /// Take the fee from the amount: the recipient gets so much less
    #[arg(long, help_heading = BITCOIN)]
    fee_from_amount: bool,
    /// Spend exactly these coins (txid:vout), or those that you mark after `ask`. Repeatable
    #[arg(long, value_name = "COIN", help_heading = BITCOIN)]
    coins: Vec<String>,
    /// Do not mark the payment as replaceable
    #[arg(long, help_heading = BITCOIN)]
    no_rbf: bool,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
}

/// How far one explorer is trusted that no other confirms.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct TrustArgs {
    /// Spend coins of which one explorer alone says that they are there and unspent
    #[arg(long, alias = "offline-trust", help_heading = BITCOIN)]
    trust_single_explorer: bool,
}

impl TrustArgs {
    /// Has the coins of a draft confirmed, unless the network is off; one explorer is enough only if the person says
    /// so.
    pub(crate) fn check_unspent(
        &self,
        context: &mut Context,
        account: AccountLedger<'_>,
        draft: &Draft,
    ) -> Result<(), Failure> {
        self.judged(context, account.row.account.network, |explorer, alone| {
            flow::bitcoin::check_unspent(account, explorer, draft, alone)
        })
    }

    /// Has what is to be replaced confirmed, in the same way.
    pub(crate) fn check_original(
        &self,
        context: &mut Context,
        account: AccountLedger<'_>,
        original: &Original,
    ) -> Result<(), Failure> {
        self.judged(context, account.row.account.network, |explorer, alone| {
            flow::bitcoin::check_original(account, explorer, original, alone)
        })
    }

    /// The same for the transactions that a child pays for.
    pub(crate) fn check_parents(
        &self,
        context: &mut Context,
        account: AccountLedger<'_>,
        parents: &[Transaction],
    ) -> Result<(), Failure> {
        self.judged(context, account.row.account.network, |explorer, alone| {
            parents.iter().try_for_each(|parent| flow::bitcoin::check_bytes(account, explorer, parent, alone))
        })
    }

    fn judged(
        &self,
        context: &mut Context,
        network: Network,
        check: impl Fn(&Explorer, Alone) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if context.reach() == NetworkAccess::Offline {
            return Ok(());
        }
        let explorer = context.explorer(network)?;
        match check(&explorer, Alone::IsDoubted) {
            Err(failure) if self.trust_single_explorer && is_word_of_one(&failure) => {
                let text = format!("{}; believed all the same, as --trust-single-explorer says", failure.message());
                context.ui.warn(&Warning { code: "single_source", text });
                check(&explorer, Alone::IsEnough)
            }
            other => other,
        }
    }
}

fn is_word_of_one(failure: &Failure) -> bool {
    failure.find().is_some_and(FlowError::is_word_of_one)
}

/// How the fee is chosen.
#[derive(Clone, Debug, clap::Args)]
#[group(multiple = false)]
pub(crate) struct FeeArgs {
    /// Fee per virtual byte, such as 1.5
    #[arg(long, value_name = "SAT/VB", help_heading = BITCOIN)]
    fee_rate: Option<String>,
    /// Blocks within which it should confirm, 1 to 1008 (default 6)
    #[arg(long, value_name = "BLOCKS", help_heading = BITCOIN, value_parser = clap::value_parser!(u16).range(1..=1008))]
    target: Option<u16>,
    /// slow, normal or fast; on Bitcoin also an absolute fee, such as 2000sat
    #[arg(long, value_name = "AMOUNT")]
    fee: Option<String>,
}

impl FeeArgs {
    /// `--fee` on an EVM chain.
    pub(crate) fn level(&self) -> Option<&str> {
        self.fee.as_deref()
    }

    /// Whether any fee was asked for.
    pub(crate) const fn is_named(&self) -> bool {
        self.fee_rate.is_some() || self.target.is_some() || self.fee.is_some()
    }

    /// What was asked for, if anything.
    pub(crate) fn asked(&self, context: &mut Context, network: Network) -> Result<Option<Fee>, Failure> {
        let named = self.named(network)?;
        let Some(target) = self.wanted() else { return Ok(named) };
        self.estimated(context, network, target).map(|resolved| Some(resolved.fee))
    }

    /// What was asked for, else the estimate for six blocks.
    pub(crate) fn resolved(&self, context: &mut Context, network: Network) -> Result<ResolvedFee, Failure> {
        match self.named(network)? {
            Some(fee) => Ok(ResolvedFee { fee, choices: Vec::new() }),
            None => self.estimated(context, network, self.wanted().unwrap_or(DEFAULT_TARGET)),
        }
    }

    /// The blocks within which it should confirm, as a number or as a speed.
    fn wanted(&self) -> Option<u16> {
        self.target.or_else(|| fee_choice::target_of(self.fee.as_deref()?))
    }

    /// What a transaction of so many virtual bytes would cost at other speeds, as far as an explorer tells.
    pub(crate) fn choices(context: &mut Context, network: Network, vsize: u64) -> Vec<FeeChoice> {
        let told = context.explorer(network).and_then(|explorer| Ok(explorer.fee_advice(&fee_choice::SPEED_TARGETS)?));
        let choices = told.map(|told| fee_choice::by_speed(&told)).unwrap_or_default();
        choices.into_iter().flatten().map(|choice| choice.of_size(vsize)).collect()
    }

    /// The fee that was named as a number; it excludes a target.
    fn named(&self, network: Network) -> Result<Option<Fee>, Failure> {
        if let Some(text) = &self.fee_rate {
            return Ok(Some(Fee::Rate(FeeRate::parse(text)?)));
        }
        let Some(text) = self.fee.as_ref().filter(|_| self.wanted().is_none()) else { return Ok(None) };
        Ok(Some(Fee::Exact(Amount::parse(text, network.asset())?.to_sat().unwrap_or(u64::MAX))))
    }

    fn estimated(&self, context: &mut Context, network: Network, target: u16) -> Result<ResolvedFee, Failure> {
        if context.reach() == NetworkAccess::Offline {
            return Err(CliError::Usage(
                "without the network no fee can be estimated; name one with --fee-rate or --fee".to_owned(),
            )
            .into());
        }
        let explorer = context.explorer(network)?;
        let told = explorer.fee_advice(&fee_choice::targets(target))?;
        let choices = fee_choice::choices(&told);
        let advice = told.first();
        if let Some(advice) = advice.filter(|advice| advice.is_disputed()) {
            context.ui.warn(&Warning { code: "fee_spread", text: disputed(advice) });
        }
        match advice.and_then(|advice| advice.rate) {
            Some(rate) => Ok(ResolvedFee { fee: Fee::Rate(rate), choices }),
            None if network.class() == fastness::network::NetworkClass::Test => {
                Ok(ResolvedFee { fee: Fee::Rate(FALLBACK_TEST_RATE), choices })
            }
            None => {
                Err(CliError::Usage("the explorer has no fee estimate; name one with --fee-rate or --fee".to_owned())
                    .into())
            }
        }
    }
}

/// A fee, and what others would be, where that was asked.
pub(crate) struct ResolvedFee {
    /// The fee.
    pub(crate) fee: Fee,
    choices: Vec<FeeChoice>,
}

/// A request with what else its fee could be.
pub(crate) struct PricedRequest {
    /// What is asked for.
    pub(crate) request: Request,
    /// Estimates for other speeds; none where the person named the fee.
    pub(crate) choices: Vec<FeeChoice>,
}

/// Explorers whose estimates are far apart, in a sentence. A person or a limit agrees to the fee that the review shows.
fn disputed(advice: &FeeAdvice) -> String {
    let said: Vec<String> = advice.said.iter().map(|(host, rate)| format!("{host} says {rate}")).collect();
    let used = advice.rate.map_or_else(String::new, |rate| format!("; {rate} is used, and --fee-rate names another"));
    format!("explorers do not agree on the fee: {}{used}", said.join(", "))
}

impl PayArgs {
    /// The same with a recipient and an amount: a person who typed none is asked. `command` is what they are for.
    pub(crate) fn completed(&self, context: &mut Context, command: &str) -> Result<Self, Failure> {
        let mut pay = self.clone();
        if pay.to.is_empty() && pay.recipients.is_none() {
            pay.to = guided_payment::asked(context, command)?;
        }
        Ok(pay)
    }

    /// The first word that was typed as a recipient.
    pub(crate) fn first(&self) -> Option<&str> {
        self.to.first().map(String::as_str)
    }

    /// The file of recipients.
    pub(crate) fn list(&self) -> Option<&Path> {
        self.recipients.as_deref()
    }

    /// How the fee is chosen.
    pub(crate) const fn fee(&self) -> &FeeArgs {
        &self.fee
    }

    /// The recipients and amounts as typed; a number and its unit that a shell took apart are one word again.
    pub(crate) fn words(&self) -> Vec<String> {
        match self.to.as_slice() {
            [to, number, unit] if is_number(number) => vec![to.clone(), format!("{number} {unit}")],
            words => words.to_vec(),
        }
    }

    /// The request, with every word checked against the network.
    pub(crate) fn request(
        &self,
        context: &mut Context,
        network: Network,
        limits: &LimitArgs,
    ) -> Result<PricedRequest, Failure> {
        let (payments, note) = self.payments(&context.contacts(AnyNetwork::Bitcoin(network))?, network)?;
        let coins = if self.coins.iter().any(|text| text == coin_choice::ASK) {
            let (ledger, row) = context.account()?;
            coin_choice::coins_named(context, &ledger, &row, &self.coins)?
        } else {
            self.coins.clone()
        };
        let coins = coins.iter().map(|text| super::outpoint::parse(text)).collect::<Result<Vec<_>, _>>()?;
        if let Some(note) = note {
            context.ui.say(&format!("The payment URI says: {note}"));
        }
        let ResolvedFee { fee, choices } = self.fee.resolved(context, network)?;
        let request = Request {
            payments,
            memo: self.memo.as_ref().map(|memo| memo.clone().into_bytes()),
            fee,
            fee_payer: self.fee_payer(),
            fee_limit: fee_limit(limits)?,
            leftover: if limits.max_fee.is_some() { Leftover::ToMiner } else { Leftover::Refuse },
            coins: if coins.is_empty() { CoinChoice::Automatic } else { CoinChoice::Exactly(coins) },
            replacement: if self.no_rbf { Replacement::NotSignalled } else { Replacement::Signalled },
        };
        Ok(PricedRequest { request, choices })
    }

    /// The side that bears the fee.
    pub(crate) const fn fee_payer(&self) -> FeePayer {
        if self.fee_from_amount { FeePayer::Recipient } else { FeePayer::Sender }
    }

    /// The note that goes with it.
    pub(crate) fn memo(&self) -> Option<&str> {
        self.memo.as_deref()
    }

    /// The payees and their amounts, and what a payment URI says about it.
    pub(crate) fn payments(
        &self,
        book: &ContactBook,
        network: Network,
    ) -> Result<(Vec<Payment>, Option<SafeText>), Failure> {
        if let Some(path) = &self.recipients {
            return Ok((from_file(&read_bounded(path, recipients_file::MAX_BYTES)?, book, network)?, None));
        }
        let words = self.words();
        if let [uri, rest @ ..] = words.as_slice()
            && PaymentUri::looks_like(uri)
        {
            return from_uri(uri, rest, network);
        }
        let mut payments = Vec::new();
        for pair in words.chunks(2) {
            let [to, amount] = pair else {
                let lonely = pair.first().map(|text| SafeText::new(text).to_string()).unwrap_or_default();
                return Err(CliError::Usage(format!(
                    "`{lonely}` has no amount; write ADDRESS AMOUNT pairs, as bc1q... 0.01btc"
                ))
                .into());
            };
            let script = address::parse(&book.address(to)?, network)?;
            payments.push(Payment { script, quantity: Quantity::parse(amount, network.asset())? });
        }
        Ok((payments, None))
    }
}

/// Digits with what groups them, and no unit.
fn is_number(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_digit())
        && word.chars().all(|letter| letter.is_ascii_digit() || matches!(letter, '.' | ',' | ' '))
}

/// All recipients of a file; all that is wrong is named, each with its line.
fn from_file(bytes: &[u8], book: &ContactBook, network: Network) -> Result<Vec<Payment>, Failure> {
    let mut payments = Vec::new();
    let mut wrong = Vec::new();
    for line in recipients_file::read(bytes)? {
        match payment(&line, book, network) {
            Ok(payment) => payments.push(payment),
            Err(what) => wrong.push(format!("line {} of the recipients: {what}", line.number)),
        }
    }
    if wrong.is_empty() {
        return Ok(payments);
    }
    Err(CliError::Usage(problems_named(wrong)).into())
}

/// The payment of a line, or what is wrong with it.
fn payment(line: &RecipientLine, book: &ContactBook, network: Network) -> Result<Payment, String> {
    let to = book.address(&line.to).map_err(|error| error.to_string())?;
    let script = address::parse(&to, network).map_err(|error| error.to_string())?;
    if line.amount.is_empty() {
        return Err("there is no amount".to_owned());
    }
    let quantity = Quantity::parse(&line.amount, network.asset()).map_err(|error| error.to_string())?;
    Ok(Payment { script, quantity })
}

fn from_uri(uri: &str, rest: &[String], network: Network) -> Result<(Vec<Payment>, Option<SafeText>), Failure> {
    let uri = PaymentUri::parse(uri, network)?;
    let typed = match rest {
        [] => None,
        [amount] => Some(Quantity::parse(amount, network.asset())?),
        _ => return Err(CliError::Usage("after a payment URI only an amount can follow".to_owned()).into()),
    };
    let quantity = match (uri.amount, typed) {
        (Some(asked), Some(Quantity::Exact(typed))) if asked != typed => {
            return Err(CliError::Usage(format!("the URI asks for {asked}, and {typed} was typed")).into());
        }
        (Some(asked), _) => Quantity::Exact(asked),
        (None, Some(typed)) => typed,
        (None, None) => return Err(CliError::Usage("the URI names no amount; type one after it".to_owned()).into()),
    };
    Ok((vec![Payment { script: uri.script, quantity }], uri.label.or(uri.message)))
}

/// `--max-fee` replaces the standard stops.
pub(crate) fn fee_limit(limits: &LimitArgs) -> Result<FeeLimit, Failure> {
    Ok(limits.max_fee()?.map_or(FeeLimit::Standard, FeeLimit::Absolute))
}
