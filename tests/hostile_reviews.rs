//! Hostile reviews: thousands of transactions and messages, each of which hides one transfer among up to 1,000 other things.
//!
//! A person who agrees without retyping a digest must have seen the recipient and the amount on the rendered page, and
//! `--expect-to` must know the recipient. Everything here is made from a seed, so that a failure can be made again.

// Helpers of a test target may stop it, and the pages are used in part only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code)]

#[path = "hostile_reviews/cli.rs"]
mod cli;
#[path = "hostile_reviews/kinds.rs"]
mod kinds;
#[path = "hostile_reviews/messages.rs"]
mod messages;
#[path = "hostile_reviews/page.rs"]
mod page;
mod synthetic;
#[path = "hostile_reviews/transactions.rs"]
mod transactions;

use std::collections::BTreeMap;

use alloy_primitives::{Address, U256};
use fastness::network::EvmChain;
use synthetic::Dice;

/// Reviews in a run that asks for no other number; `FASTNESS_REVIEWS=10000` is what `tests/run.sh --long` asks for.
const REVIEWS: u64 = 1_000;
/// Every fourth one is a message.
const MESSAGES: u64 = 4;
/// The least that has to end in either way, so that neither makes the test empty.
const LEAST: usize = 50;

/// The transfer that is hidden.
pub(crate) struct Hidden {
    pub(crate) to: Address,
    /// In smallest units; no other number here is as large.
    pub(crate) amount: U256,
}

impl Hidden {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let mut to = [0xb0; 20];
        to[1..].copy_from_slice(&dice.bytes()[..19]);
        Self { to: to.into(), amount: U256::from(dice.between(1_000_000_000_000, 999_999_999_999_999)) }
    }

    /// Whether a person who saw this page saw the recipient and the amount, in smallest units or in the token's.
    pub(crate) fn is_on(&self, page: &str) -> bool {
        let plain = |text: &str| text.split_whitespace().collect::<String>().replace(',', "").to_lowercase();
        let page = plain(page);
        let usdc = fastness::token::Token::at(1, transactions::USDC).unwrap().denomination();
        let ether = fastness::chain::ethereum::units::native(chain(), self.amount);
        let amounts = [self.amount.to_string(), plain(&usdc.of(self.amount).to_string()), plain(&ether.to_string())];
        page.contains(&plain(&self.to.to_string())) && amounts.iter().any(|amount| page.contains(amount.as_str()))
    }
}

/// How a review ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// Recipient and amount were on the page, and nothing but a yes was asked for.
    Shown,
    /// The digest, or an address, has to be retyped.
    Stopped,
    /// It is never signed.
    Refused,
    /// It was agreed to, and the transfer was not on the page, or `--expect-to` did not know its recipient.
    Hidden,
}

pub(crate) fn chain() -> &'static EvmChain {
    EvmChain::by_id(1).unwrap()
}

/// How many other things surround the transfer: mostly few, at times a thousand.
pub(crate) fn crowd(dice: &mut Dice) -> usize {
    usize::try_from(dice.spread(1, 1_000)).unwrap()
}

fn reviewed(seed: u64) -> (&'static str, End) {
    let mut dice = Dice(seed);
    if seed.is_multiple_of(MESSAGES) { messages::reviewed(&mut dice) } else { transactions::reviewed(&mut dice) }
}

#[test]
fn no_hidden_transfer_is_agreed_to() {
    let reviews = std::env::var("FASTNESS_REVIEWS").ok().map_or(REVIEWS, |text| text.parse().unwrap());
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let ends = std::thread::scope(|scope| {
        let run = |first| {
            move || {
                (first..reviews)
                    .step_by(usize::try_from(threads).unwrap())
                    .map(|seed| (seed, reviewed(seed)))
                    .collect::<Vec<_>>()
            }
        };
        let running: Vec<_> = (0..threads).map(|first| scope.spawn(run(first))).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let mut counts: BTreeMap<(&str, End), usize> = BTreeMap::new();
    for (_, (kind, end)) in &ends {
        *counts.entry((kind, *end)).or_default() += 1;
    }
    for ((kind, end), count) in &counts {
        println!("{count:>6}  {kind:<30} {end:?}");
    }
    let count = |wanted: End| ends.iter().filter(|(_, (_, end))| *end == wanted).count();
    println!(
        "{} reviews: {} shown, {} stopped, {} refused",
        ends.len(),
        count(End::Shown),
        count(End::Stopped),
        count(End::Refused)
    );
    let hidden: Vec<_> = ends.iter().filter(|(_, (_, end))| *end == End::Hidden).take(5).collect();
    assert!(hidden.is_empty(), "agreed to and not shown: {} reviews, the first of them {hidden:?}", count(End::Hidden));
    assert!(count(End::Shown) > LEAST && count(End::Stopped) > LEAST, "the reviews are too much alike");
}
