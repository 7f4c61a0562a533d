//! The lies that explorers may tell about a world whose truth is known, and the server that tells one of them.
//!
//! Each liar of a case has a number, and liars of different numbers tell the same lie in different ways, as liars who
//! have not agreed with each other would.

use std::sync::Arc;

use super::{
    layer::{Act, Asked, Host, Reply},
    tellings::{
        Work, future, headers, invented, left_out, lists, made_up, of_another, other_amount, other_bytes,
        other_prevout, own, placed, proof, rates, real_block, refusal, renamed_tip, reworked, sending, spend,
        spent_by_invention, stale, unheard_of,
    },
    world::World,
};

/// What a lie is about, hence which question shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Which transactions there are: coins, amounts, history.
    Coins,
    /// Which block a transaction is in.
    Place,
    /// The newest block.
    Tip,
    /// Fee rates.
    Fee,
    /// Whether a coin is spent.
    Spent,
    /// What became of a broadcast.
    Sent,
}

/// Whether liars who have not agreed with each other would say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Each says something else.
    Apart,
    /// There is one way to tell it, so that several liars cannot be told from several honest sources.
    Alike,
}

/// One lie, told by liar number so and so.
#[derive(Clone, Copy)]
pub struct Lie {
    pub fact: Fact,
    pub name: &'static str,
    pub told: Told,
    tell: fn(&World, usize, &Asked) -> Reply,
}

/// A server that tells it.
pub struct Liar {
    pub world: Arc<World>,
    pub lie: Lie,
    pub number: usize,
}

impl Host for Liar {
    fn answer(&self, asked: &Asked) -> Act {
        Act::Say((self.lie.tell)(&self.world, self.number, asked))
    }
}

/// Every lie.
pub const LIES: [Lie; 36] = [
    lie(Fact::Coins, "a payment is left out of the lists", |w, n, a| left_out(w, a, w.deep[n % 3])),
    lie(Fact::Coins, "a payment does not exist at all", |w, n, a| unheard_of(w, a, w.deep[n % 3])),
    alike(Fact::Coins, "the spend of a coin is left out", |w, _, a| left_out(w, a, w.spender)),
    lie(Fact::Coins, "a payment is invented in a real block", |w, n, a| invented(w, a, n, Some(w.deep[n % 3]))),
    lie(Fact::Coins, "a payment is invented that waits", |w, n, a| invented(w, a, n, None)),
    lie(Fact::Coins, "the listed amount is higher", |w, n, a| other_amount(w, a, n)),
    lie(Fact::Coins, "amounts of previous outputs are swapped", |w, n, a| other_prevout(w, a, n)),
    lie(Fact::Coins, "amount and bytes are of another transaction", |w, n, a| {
        other_bytes(w, &other_amount(w, a, n), a)
    }),
    lie(Fact::Coins, "the history of another script", |w, n, a| of_another(w, a, n)),
    alike(Fact::Coins, "nothing ever happened", |w, _, a| lists(w, a, |list| list.clear())),
    lie(Fact::Place, "what waits is in a real block", |w, n, a| placed(w, a, w.waiting, Some(real_block(w, n)))),
    lie(Fact::Place, "what waits is in a block of its own", |w, n, a| {
        placed(w, a, w.waiting, Some((w.tip - 9, made_up(n))))
    }),
    lie(Fact::Place, "what is in a block waits", |w, n, a| placed(w, a, w.deep[n % 3], None)),
    lie(Fact::Place, "what is in a block is in another", |w, n, a| placed(w, a, w.deep[2], Some(real_block(w, n % 2)))),
    lie(Fact::Place, "what is young is deep", |w, n, a| placed(w, a, w.young, Some(real_block(w, n)))),
    lie(Fact::Place, "a block has another name", |w, n, a| {
        let height = w.height(&w.deep[2]).unwrap();
        placed(w, a, w.deep[2], Some((height, made_up(n))))
    }),
    lie(Fact::Place, "the branch of a proof is forged", |w, n, a| proof(w, a, |p| p["merkle"][0] = made_up(n).into())),
    lie(Fact::Place, "the position in a proof is another", |w, n, a| proof(w, a, |p| p["pos"] = (n + 2).into())),
    lie(Fact::Place, "a header is not what its name says", |w, n, a| {
        headers(w, a, &|entry, _| entry["nonce"] = (n + 7).into())
    }),
    lie(Fact::Place, "a header has no work", |w, n, a| reworked(w, a, n, Work::Missing)),
    lie(Fact::Place, "a header does not follow the one before", |w, n, a| reworked(w, a, n, Work::Done)),
    lie(Fact::Tip, "blocks that are not there yet", |w, n, a| future(w, a, w.tip + 1_000 * (n as u32 + 1), n)),
    lie(Fact::Tip, "one block more", |w, n, a| future(w, a, w.tip + 1 + n as u32, n)),
    lie(Fact::Tip, "the newest block of some time ago", |w, n, a| stale(w, a, w.tip - 3 - n as u32)),
    lie(Fact::Tip, "the newest block has another name", |w, n, a| renamed_tip(w, a, n)),
    lie(Fact::Fee, "rates are inflated", |w, n, a| rates(w, a, |rate| rate * (50.0 + n as f64))),
    lie(Fact::Fee, "rates are a tenth", |w, n, a| rates(w, a, |rate| rate / (10.0 + n as f64))),
    lie(Fact::Fee, "rates are absurd", |w, n, a| rates(w, a, |_| 1e15 + n as f64)),
    alike(Fact::Spent, "a spent coin is unspent", |w, _, a| spend(w, a, w.spent, None)),
    lie(Fact::Spent, "a coin is spent by nobody known", |w, n, a| spend(w, a, own(w), made_up(n).parse().ok())),
    lie(Fact::Spent, "a coin is spent by an invention", |w, n, a| spent_by_invention(w, a, n)),
    lie(Fact::Spent, "a coin is spent by what does not touch it", |w, n, a| spend(w, a, own(w), Some(w.deep[n % 2]))),
    lie(Fact::Sent, "taken under another id", |w, n, a| sending(w, a, || Reply::text(200, made_up(n)))),
    alike(Fact::Sent, "taken and not passed on", |w, _, a| {
        sending(w, a, || Reply::text(200, w.letter.compute_txid().to_string()))
    }),
    lie(Fact::Sent, "refused without reason", |w, n, a| sending(w, a, || refusal(n))),
    lie(Fact::Sent, "passed on and called refused", |w, n, a| {
        w.honest(a);
        sending(w, a, || refusal(n))
    }),
];

const fn lie(fact: Fact, name: &'static str, tell: fn(&World, usize, &Asked) -> Reply) -> Lie {
    Lie { fact, name, told: Told::Apart, tell }
}

const fn alike(fact: Fact, name: &'static str, tell: fn(&World, usize, &Asked) -> Reply) -> Lie {
    Lie { told: Told::Alike, ..lie(fact, name, tell) }
}
