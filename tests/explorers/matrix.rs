//! The lying matrix: three explorers, each honest, lying or down, and every lie about every fact.
//!
//! A wrong number must never be called proven or agreed, a failed question must never look like an empty wallet, and
//! with honest explorers alone everything must be right.

use std::{
    collections::BTreeMap,
    fmt::{Debug, Display},
    sync::{Arc, Mutex},
};

use super::{
    layer::{Act, Asked, Host, Layer},
    lies::{Fact, LIES, Liar, Lie, Told},
    tellings::own,
    world::{CHANGE, DEEP, GAP, WAITING, World, YOUNG, honest},
};
use bitcoin::Txid;
use fastness::{
    explorer::{
        Explorer,
        bitcoin::{Claim, TxPlace, Verdict},
    },
    flow::bitcoin::{AccountSync, SyncScope},
    ledger::{
        Ledger,
        bitcoin::{AccountRow, Synced},
    },
    network::Network,
    practice::PracticeChain,
    review::Evidence,
};

/// What one of the three is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
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

/// The same of a chain alone.
struct AllTrue(Arc<Mutex<PracticeChain>>);

impl Host for AllTrue {
    fn answer(&self, asked: &Asked) -> Act {
        Act::Say(honest(&self.0, asked))
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

/// The addresses of three explorers of these roles, and those of them that answer as long as they are kept.
pub fn servers(world: &Arc<World>, roles: [Role; 3], lie: Lie) -> (Vec<String>, Vec<Layer>) {
    let (mut urls, mut layers) = (Vec::new(), Vec::new());
    for (number, role) in roles.into_iter().enumerate() {
        let place = number as u8 + 1;
        let layer = match role {
            Role::Honest => Layer::start(place, Honest(Arc::clone(world))),
            Role::Lying => Layer::start(place, Liar { world: Arc::clone(world), lie, number }),
            // No server listens there.
            Role::Down => {
                urls.push(format!("http://127.0.1.{place}:9"));
                continue;
            }
        };
        urls.push(layer.url());
        layers.push(layer);
    }
    (urls, layers)
}

fn case(world: &Arc<World>, roles: [Role; 3], lie: Lie) -> Case {
    let (urls, layers) = servers(world, roles, lie);
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

    /// No explorer lies and at least one answers.
    fn must_be_right(&self) -> bool {
        !self.has(Role::Lying) && self.has(Role::Honest)
    }

    /// Several liars, and nothing in what they say that differs: what cannot be proven is then theirs to say.
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

    /// The same lie, told to a ledger that knows the truth already.
    fn judge_known(&self, world: &World, findings: &mut Findings) {
        Seen { case: self, findings }.sync_known(world);
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

    fn wrong(&mut self, what: impl Display) {
        let line = format!("{:?}, {}: {what}", self.case.roles, self.case.lie.name);
        self.findings.wrong.push(line);
    }

    /// Where no explorer lies, this must be so.
    fn must_equal<T: PartialEq + Debug>(&mut self, what: &str, found: T, truth: T) {
        if self.case.must_be_right() && found != truth {
            self.wrong(format!("{what} is {found:?} and not {truth:?}"));
        }
    }

    /// A claim that is more than one operator's word must be true, and any claim where no explorer lies.
    fn claim<T: Debug>(&mut self, claim: &Claim<T>, truth: impl FnOnce(&T) -> bool) {
        let is_true = truth(claim.value());
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
        if !is_true && !may_be_wrong {
            self.wrong(format!("{label}: {claim:?}"));
        }
    }

    fn sync(&mut self, world: &World) {
        let (mut ledger, row) = world.ledger();
        let outcome = AccountSync { row: &row, explorer: &self.case.explorer, scope: SyncScope::Full, gap: GAP }
            .run(&mut ledger, &mut |_| {});
        let row = ledger.accounts(None).unwrap().remove(0);
        let (balance, history) =
            (ledger.balance(row.id).unwrap(), ledger.history(row.id, fastness::ledger::Limit::None).unwrap());
        match outcome {
            Ok(_) => {
                self.count("synced");
                let confirmed = DEEP.iter().sum::<u64>() + YOUNG + CHANGE;
                self.must_equal("confirmed", balance.confirmed, confirmed);
                self.must_equal("proven", balance.proven, confirmed - YOUNG);
                self.must_equal("unconfirmed", balance.unconfirmed, WAITING);
                self.must_equal("rows of history", history.len(), 7);
                self.history(world, &ledger, &row);
            }
            Err(failure) => {
                self.count("explicit error");
                self.must_equal("the sync", failure.message(), String::new());
                if row.synced.is_some() {
                    self.count("failed, and what a liar said is in the ledger");
                }
                if row.synced.is_some() && balance.confirmed == 0 {
                    self.wrong("a failed sync looks like an empty wallet");
                }
            }
        }
    }

    /// After a sync with honest explorers, one block ago: what is proven stays, whatever is said now.
    fn sync_known(&mut self, world: &World) {
        let (mut ledger, row) = world.ledger();
        let honest = Layer::start(9, AllTrue(Arc::clone(&world.chain)));
        let explorer = Explorer::connect(Network::Regtest, &[honest.url()]).unwrap();
        AccountSync { row: &row, explorer: &explorer, scope: SyncScope::Full, gap: GAP }
            .run(&mut ledger, &mut |_| {})
            .unwrap();
        let synced = ledger.accounts(None).unwrap().remove(0).synced.unwrap();
        let before = Synced { height: world.tip - 1, hash: world.block_hash(world.tip - 1), ..synced };
        ledger.set_synced(row.id, &before).unwrap();
        let row = ledger.accounts(None).unwrap().remove(0);
        let outcome = AccountSync { row: &row, explorer: &self.case.explorer, scope: SyncScope::Incremental, gap: GAP }
            .run(&mut ledger, &mut |_| {});
        self.count(if outcome.is_ok() { "known, and synced again" } else { "known, and an explicit error" });
        let row = ledger.accounts(None).unwrap().remove(0);
        let proven = DEEP.iter().sum::<u64>() + CHANGE;
        let balance = ledger.balance(row.id).unwrap();
        if balance.proven != proven {
            self.wrong(format!("{} of {proven} that was proven is so still", balance.proven));
        }
        if outcome.is_err() && (balance.confirmed, balance.unconfirmed) != (proven + YOUNG, WAITING) {
            self.wrong(format!("a failed sync changed something: {balance:?}"));
        }
        if self.case.must_be_right() && balance.confirmed != proven + YOUNG {
            self.wrong(format!("{} confirmed and nobody lies", balance.confirmed));
        }
        self.history(world, &ledger, &row);
    }

    /// What is called proven is where it is said to be, and worth what it is said to be.
    fn history(&mut self, world: &World, ledger: &Ledger, row: &AccountRow) {
        let height_now = row.synced.as_ref().map_or(0, Synced::counted_height);
        for entry in ledger
            .history(row.id, fastness::ledger::Limit::None)
            .unwrap()
            .iter()
            .filter(|entry| entry.evidence == Evidence::Proven)
        {
            let txid: Txid = entry.txid.parse().unwrap();
            if entry.height.is_none() || entry.height != world.height(&txid) {
                self.wrong(format!("{txid} is called proven at {:?}", entry.height));
            }
            if height_now > world.tip {
                self.count("proven, with more confirmations than there are");
            }
        }
        for coin in ledger
            .coins(row.id, fastness::ledger::Limit::None)
            .unwrap()
            .iter()
            .filter(|coin| coin.evidence == Evidence::Proven)
        {
            let real = world.chain.lock().unwrap().transaction(&coin.outpoint.txid);
            let value = real.map(|tx| tx.output[coin.outpoint.vout as usize].value.to_sat());
            if value != Some(coin.value) {
                self.wrong(format!("coin {} of {} is called proven", coin.outpoint, coin.value));
            }
        }
        for coin in ledger
            .coins(row.id, fastness::ledger::Limit::None)
            .unwrap()
            .iter()
            .filter(|coin| coin.unspent == Evidence::Agreed)
        {
            self.count("coins agreed to be unspent");
            let there = world.chain.lock().unwrap().transaction(&coin.outpoint.txid).is_some();
            let is_true = there && coin.outpoint != world.spent && coin.height == world.height(&coin.outpoint.txid);
            if !is_true && self.case.is_conspiracy() {
                self.count("agreed by liars alike");
            } else if !is_true {
                self.wrong(format!("coin {} of {} is called agreed", coin.outpoint, coin.value));
            }
        }
    }

    fn places(&mut self, world: &World) {
        for txid in [world.deep[0], world.deep[2], world.young, world.waiting] {
            let Ok(placed) = self.case.explorer.place(txid) else { continue };
            let height = world.height(&txid);
            let (claim, is_named) = (placed.claim, !placed.others.is_empty());
            self.claim(&claim, |place| match place {
                TxPlace::Unknown => false,
                TxPlace::Mempool => height.is_none(),
                TxPlace::Confirmed(block) => {
                    height == Some(block.height) && block.hash.to_string() == world.block_hash(block.height)
                }
            });
            if is_named {
                self.count("places that differ, and named");
            }
        }
    }

    fn tip(&mut self, world: &World) {
        let Ok(claim) = self.case.explorer.tip() else { return self.count("explicit error") };
        self.claim(&claim, |tip| tip.height <= world.tip && world.block_hash(tip.height) == tip.hash.to_string());
    }

    fn fee(&mut self) {
        let Ok(Some(advice)) = self.case.explorer.fee_advice(&[1]).map(|advice| advice.into_iter().next()) else {
            return self.count("explicit error");
        };
        let rate = advice.rate.map(|rate| rate.sat_per_kvb);
        self.must_equal("the fee rate", rate, Some(5_000));
        let count = |role| self.case.roles.iter().filter(|other| **other == role).count();
        if count(Role::Honest) > count(Role::Lying) && rate != Some(5_000) {
            self.wrong(format!("one liar among {:?} made the fee rate {rate:?}", advice.said));
        }
        if rate.is_some_and(|rate| rate > 500_000) {
            self.wrong(format!("a fee rate of {rate:?}"));
        }
        self.count(if advice.is_disputed() { "prices apart, and said" } else { "prices alike" });
    }

    fn spent(&mut self, world: &World) {
        for (coin, truth) in [(world.spent, Some(world.spender)), (own(world), None)] {
            match self.case.explorer.outspend(coin) {
                Ok(claim) => self.claim(&claim, |spender| *spender == truth),
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
        let word = match &verdict {
            Verdict::Accepted(_) => "accepted",
            Verdict::Rejected(_) => "rejected",
            Verdict::NotSent(_) => "not sent",
            Verdict::Unknown => "unknown",
            _ => "known or confirmed",
        };
        self.count(word);
        self.must_equal("the verdict", (word, there), ("accepted", true));
        if there && matches!(word, "rejected" | "not sent") {
            self.count("refused, and held by a liar");
            if self.case.has(Role::Honest) {
                self.wrong(format!("{verdict:?}, and an explorer holds it"));
            }
        }
        if matches!(verdict, Verdict::Confirmed { .. }) {
            self.wrong(format!("{verdict:?}, and it is in no block"));
        }
        if self.case.has(Role::Honest)
            && word == "accepted"
            && !there
            && !matches!(&verdict, Verdict::Accepted(taken) if taken.operators.len() < 2)
        {
            self.wrong(format!("{verdict:?}, and nobody holds it"));
        }
    }
}

/// Every set of roles with a liar; those without a liar once for each fact, for they do not differ by lie.
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
            if matches!(lie.fact, Fact::Coins | Fact::Place | Fact::Tip) {
                case(&world, roles, lie).judge_known(&world, &mut own);
            }
            let mut all = findings.lock().unwrap();
            all.wrong.extend(own.wrong);
            own.tally.into_iter().for_each(|(what, count)| *all.tally.entry(what).or_default() += count);
        }
    };
    std::thread::scope(|scope| (0..10).for_each(|_| drop(scope.spawn(work))));
    let Findings { wrong, tally } = findings.into_inner().unwrap();
    println!("lying matrix: {} cases of {} lies, {} wrong; {tally:?}", cases.len(), LIES.len(), wrong.len());
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
