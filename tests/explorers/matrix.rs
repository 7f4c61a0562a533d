//! The lying matrix: three explorers, each honest, lying or down, and every lie about every fact.
//!
//! A wrong number must never be called proven or agreed, a failed question must never look like an empty wallet, and
//! with honest explorers alone everything must be right.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use bitcoin::Txid;
use fastness::{
    explorer::{Claim, Explorer, TxPlace, Verdict},
    flow::{self, Depth},
    ledger::Evidence,
    network::Network,
};

use super::{
    layer::{Act, Asked, Host, Layer},
    lies::{Fact, LIES, Liar, Lie, Told},
    tellings::own,
    world::{CHANGE, DEEP, GAP, WAITING, World, YOUNG},
};

/// What one of the three is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Honest,
    Lying,
    Down,
}

const ROLES: [Role; 3] = [Role::Honest, Role::Lying, Role::Down];

/// A server that says what is true.
pub struct Honest(pub Arc<World>);

impl Host for Honest {
    fn answer(&self, asked: &Asked) -> Act {
        Act::Say(self.0.honest(asked))
    }
}

/// Three explorers and what they are.
struct Case {
    roles: [Role; 3],
    lie: Lie,
    explorer: Explorer,
    /// Kept so that they answer.
    _layers: Vec<Layer>,
}

fn case(world: &Arc<World>, roles: [Role; 3], lie: Lie) -> Case {
    let (mut urls, mut layers) = (Vec::new(), Vec::new());
    for (number, role) in roles.into_iter().enumerate() {
        let place = number as u8 + 1;
        let layer = match role {
            Role::Honest => Layer::start(place, Honest(Arc::clone(world))),
            Role::Lying => Layer::start(place, Liar { world: Arc::clone(world), lie, number }),
            // Nobody listens there.
            Role::Down => {
                urls.push(format!("http://127.0.1.{place}:9"));
                continue;
            }
        };
        urls.push(layer.url());
        layers.push(layer);
    }
    Case { roles, lie, explorer: Explorer::connect(Network::Regtest, &urls).unwrap(), _layers: layers }
}

/// What was found wrong, and what was counted.
#[derive(Default)]
struct Findings {
    wrong: Vec<String>,
    tally: BTreeMap<&'static str, usize>,
}

impl Case {
    fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Nobody lies and somebody answers.
    fn must_be_right(&self) -> bool {
        !self.has(Role::Lying) && self.has(Role::Honest)
    }

    /// Several liars, and nothing in what they say that differs: what nobody can prove is then theirs to say.
    fn is_conspiracy(&self) -> bool {
        self.lie.told == Told::Alike && self.roles.iter().filter(|role| **role == Role::Lying).count() > 1
    }

    fn judge(&self, world: &World, findings: &mut Findings) {
        let mut seen = Seen { case: self, findings };
        match self.lie.fact {
            Fact::Coins | Fact::Place => seen.sync(world),
            Fact::Tip => {
                seen.tip(world);
                seen.sync(world);
            }
            Fact::Fee => seen.fee(),
            Fact::Spent => seen.spent(world),
            Fact::Sent => seen.sent(world),
        }
        if self.lie.fact == Fact::Place {
            seen.places(world);
        }
    }
}

/// One case being looked at.
struct Seen<'a> {
    case: &'a Case,
    findings: &'a mut Findings,
}

impl Seen<'_> {
    fn count(&mut self, what: &'static str) {
        *self.findings.tally.entry(what).or_default() += 1;
    }

    fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            let line = format!("{:?}, {}: {}", self.case.roles, self.case.lie.name, what());
            self.findings.wrong.push(line);
        }
    }

    /// A claim that is more than one operator's word must be true, and any claim where nobody lies.
    fn claim<T: PartialEq + std::fmt::Debug>(&mut self, claim: &Claim<T>, is_true: bool) {
        let label = match claim {
            Claim::Proven(_) => "proven",
            Claim::Agreed { .. } => "agreed",
            Claim::Single { .. } => "said by one",
        };
        self.count(label);
        let may_be_wrong = match claim {
            Claim::Single { .. } => !self.case.must_be_right(),
            Claim::Agreed { .. } if self.case.is_conspiracy() && !is_true => {
                self.count("agreed by liars alike");
                true
            }
            _ => false,
        };
        self.check(is_true || may_be_wrong, || format!("{label}: {claim:?}"));
    }

    fn sync(&mut self, world: &World) {
        let (mut ledger, row) = world.ledger();
        let outcome = flow::sync(&mut ledger, &row, &self.case.explorer, (Depth::Full, GAP), &mut |_| {});
        let row = ledger.accounts(None).unwrap().remove(0);
        if let Err(failure) = outcome {
            self.count("explicit error");
            let left = ledger.balance(row.id).unwrap().confirmed;
            if row.synced.is_some() {
                self.count("failed, and what a liar said is in the ledger");
            }
            self.check(row.synced.is_none() || left > 0, || "a failed sync looks like an empty wallet".to_owned());
            let right = self.case.must_be_right();
            return self.check(!right, || format!("honest explorers, and {}", failure.message()));
        }
        self.count("synced");
        let (balance, history) = (ledger.balance(row.id).unwrap(), ledger.history(row.id).unwrap());
        if self.case.must_be_right() {
            let confirmed = DEEP.iter().sum::<u64>() + YOUNG + CHANGE;
            self.check(balance.confirmed == confirmed, || format!("confirmed {balance:?}"));
            self.check(balance.proven == confirmed - YOUNG, || format!("proven {balance:?}"));
            self.check(balance.unconfirmed == WAITING, || format!("unconfirmed {balance:?}"));
            self.check(history.len() == 7, || format!("{} rows of history", history.len()));
        }
        let chain = world.chain.lock().unwrap();
        for entry in history.iter().filter(|entry| entry.evidence == Evidence::Proven) {
            let txid: Txid = entry.txid.parse().unwrap();
            let depth = chain.confirmations(&txid).unwrap_or(0);
            let there = entry.height == Some(world.tip + 1 - depth.max(1)) && depth > 0;
            self.check(there, || format!("{} is called proven at {:?}", entry.txid, entry.height));
            let shown = row.synced.as_ref().map_or(0, |tip| tip.height.saturating_sub(world.tip - depth));
            if shown > depth {
                self.count("proven, with more confirmations than there are");
            }
        }
        for coin in ledger.coins(row.id).unwrap().iter().filter(|coin| coin.evidence == Evidence::Proven) {
            let real = chain.transaction(&coin.outpoint.txid).map(|tx| tx.output[coin.outpoint.vout as usize].value);
            let same = real.is_some_and(|value| value.to_sat() == coin.value);
            self.check(same, || format!("coin {} of {} is called proven", coin.outpoint, coin.value));
        }
    }

    fn places(&mut self, world: &World) {
        for txid in [world.deep[0], world.deep[2], world.young, world.waiting] {
            let Ok(claim) = self.case.explorer.place(txid) else { continue };
            let is_true = match claim.value() {
                TxPlace::Unknown => false,
                TxPlace::Mempool => world.height(&txid).is_none(),
                TxPlace::Confirmed(block) => {
                    world.height(&txid) == Some(block.height)
                        && block.hash.to_string() == world.block_hash(block.height)
                }
            };
            self.claim(&claim, is_true);
        }
    }

    fn tip(&mut self, world: &World) {
        let Ok(claim) = self.case.explorer.tip() else { return self.count("explicit error") };
        let tip = *claim.value();
        let is_true = tip.height <= world.tip && world.block_hash(tip.height) == tip.hash.to_string();
        self.claim(&claim, is_true);
    }

    fn fee(&mut self) {
        let Ok(claim) = self.case.explorer.fee_rates() else { return self.count("explicit error") };
        let next = claim.value().get(&1).map(|rate| rate.sat_per_kvb);
        self.claim(&claim, next == Some(5_000));
    }

    fn spent(&mut self, world: &World) {
        for (coin, truth) in [(world.spent, Some(world.spender)), (own(world), None)] {
            match self.case.explorer.outspend(coin) {
                Ok(claim) => self.claim(&claim, *claim.value() == truth),
                Err(_) => self.count("explicit error"),
            }
        }
    }

    fn sent(&mut self, world: &World) {
        let txid = world.letter.compute_txid();
        let bytes = bitcoin::consensus::encode::serialize(&world.letter);
        let verdict = self.case.explorer.broadcast(&bytes, txid);
        let there = world.chain.lock().unwrap().mempool_txids().contains(&txid);
        world.chain.lock().unwrap().evict(&txid).unwrap();
        self.count(match verdict {
            Verdict::Accepted { .. } => "accepted",
            Verdict::Rejected(_) => "rejected",
            Verdict::NotSent(_) => "not sent",
            Verdict::Unknown => "unknown",
            _ => "known or confirmed",
        });
        if there && matches!(verdict, Verdict::Rejected(_) | Verdict::NotSent(_)) {
            self.count("refused, and held by a liar");
            self.check(!self.case.has(Role::Honest), || format!("{verdict:?}, and an explorer holds it"));
        }
        self.check(!matches!(verdict, Verdict::Confirmed(_)), || format!("{verdict:?}, and it is in no block"));
        let right = matches!(verdict, Verdict::Accepted { .. }) && there;
        self.check(right || !self.case.must_be_right(), || format!("honest explorers, and {verdict:?}"));
        let several = matches!(&verdict, Verdict::Accepted { operators } if operators.len() > 1);
        self.check(!several || there || !self.case.has(Role::Honest), || format!("{verdict:?}, and nobody holds it"));
    }
}

/// Every set of roles in which somebody lies; those without a liar once for each fact, for they do not differ by lie.
fn cases() -> Vec<([Role; 3], Lie)> {
    let mut all = Vec::new();
    for (place, lie) in LIES.into_iter().enumerate() {
        let first_of_fact = place == 0 || LIES[place - 1].fact != lie.fact;
        for number in 0..27 {
            let roles = [ROLES[number / 9], ROLES[number / 3 % 3], ROLES[number % 3]];
            if roles.contains(&Role::Lying) || first_of_fact {
                all.push((roles, lie));
            }
        }
    }
    all
}

#[test]
fn no_lie_is_ever_called_proven_or_agreed() {
    let cases = cases();
    assert!(cases.len() >= 500, "{} cases", cases.len());
    let (findings, next) = (Mutex::new(Findings::default()), Mutex::new(cases.iter()));
    let take = || next.lock().unwrap().next().copied();
    let work = || {
        // Of its own, for a broadcast changes a chain.
        let world = Arc::new(World::new());
        while let Some((roles, lie)) = take() {
            let mut own = Findings::default();
            case(&world, roles, lie).judge(&world, &mut own);
            let mut all = findings.lock().unwrap();
            all.wrong.extend(own.wrong);
            own.tally.into_iter().for_each(|(what, count)| *all.tally.entry(what).or_default() += count);
        }
    };
    std::thread::scope(|scope| (0..6).for_each(|_| drop(scope.spawn(work))));
    let Findings { wrong, tally } = findings.into_inner().unwrap();
    println!("lying matrix: {} cases of {} lies, {} wrong; {tally:?}", cases.len(), LIES.len(), wrong.len());
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
