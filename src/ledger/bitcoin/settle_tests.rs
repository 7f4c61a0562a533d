//! What is settled change by change is what is derived anew from raw rows: random lives of two accounts, with arrivals,
//! conflicts, reorganisations and disappearances, compared after every step.

use std::collections::BTreeSet;

use bitcoin::{
    Amount, NetworkKind, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness,
    absolute::LockTime,
    bip32::{ChainCode, ChildNumber, DerivationPath, Fingerprint, Xpub},
    consensus,
    hashes::Hash,
    transaction::Version,
};
use proptest::prelude::*;

use super::*;
use crate::{
    account::{Account, Keychain, ScriptType},
    ledger::{KeyLocation, Ledger, set_clock},
    network::Network,
    request::Freeze,
};

const KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
const NETWORK: Network = Network::Regtest;
/// Sequences that are compared, unless `FASTNESS_SEQUENCES` names another number; ten thousand take five minutes.
const CASES: u32 = 1_000;
/// Everything that is derived, in an order of its own.
const DERIVED: [&str; 6] = [
    "SELECT hex(txid), height, gone, signed FROM transactions ORDER BY 1",
    "SELECT account, hex(txid), vout, keychain, idx, value, hex(spent_by), frozen, height, proven, agreed, reward, counts
     FROM coins ORDER BY 1, 2, 3",
    "SELECT account, hex(txid), received, sent, fee, height, time FROM account_transactions ORDER BY 1, 2",
    "SELECT account, confirmed, proven, agreed, frozen, coins, value FROM sums WHERE coins > 0 ORDER BY 1, 2, 3, 4, 5",
    "SELECT account, keychain, idx, transactions, balance FROM scripts ORDER BY 1, 2, 3",
    "SELECT account, hex(txid) FROM unsettled ORDER BY 1, 2",
];

fn account(kind: ScriptType) -> Account {
    let xpub = Xpub {
        network: NetworkKind::Test,
        depth: 3,
        parent_fingerprint: Fingerprint::from([0; 4]),
        child_number: ChildNumber::Hardened { index: 0 },
        public_key: KEY.parse().unwrap(),
        chain_code: ChainCode::from([7; 32]),
    };
    let origin: DerivationPath = format!("{}h/1h/0h", kind.purpose()).parse().unwrap();
    Account::new(NETWORK, kind, Fingerprint::from([1; 4]), origin, xpub).unwrap()
}

/// A ledger with two accounts, and how it derives.
struct Side {
    ledger: Ledger,
    rows: Vec<AccountRow>,
    derives: Derives,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Derives {
    ByChange,
    Anew,
}

impl Side {
    fn new(derives: Derives) -> Self {
        let ledger = Ledger::in_memory().unwrap();
        let add = |kind| ledger.add_account("main", &account(kind), KeyLocation::Here, Past::None).unwrap();
        let rows = [ScriptType::P2wpkh, ScriptType::P2tr].map(add).to_vec();
        ledger.derives_anew.set(derives == Derives::Anew);
        Self { ledger, rows, derives }
    }

    fn settle(&self) {
        match self.derives {
            Derives::ByChange => self.rows.iter().for_each(|row| self.ledger.settle(row).unwrap()),
            Derives::Anew => self.ledger.rebuild().unwrap(),
        }
    }

    fn derived(&self) -> Vec<Vec<String>> {
        DERIVED.iter().map(|sql| self.rows_of(sql)).collect()
    }

    fn rows_of(&self, sql: &str) -> Vec<String> {
        let mut statement = self.ledger.db.prepare(sql).unwrap();
        let columns = statement.column_count();
        let text = |row: &rusqlite::Row<'_>| {
            Ok((0..columns).map(|column| format!("{:?}", row.get_ref(column).unwrap())).collect::<Vec<_>>().join(" "))
        };
        statement.query_map([], text).unwrap().collect::<Result<_, _>>().unwrap()
    }
}

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    /// An explorer lists these of the pool for a script, at these places.
    Sees {
        account: usize,
        place: (Keychain, u32),
        listed: Vec<(usize, Where)>,
        signed: bool,
        whole: bool,
    },
    /// One of the pool is signed here and sent.
    Sends(usize),
    /// One that was sent is refused, or replaced.
    Ends(usize, JournalState),
    GivesUp(usize),
    TakesBack {
        which: usize,
        before: Vec<usize>,
    },
    Reorganises(u32),
    Proves(usize),
    Agrees {
        account: usize,
        place: (Keychain, u32),
    },
    Forgets {
        account: usize,
        place: (Keychain, u32),
    },
    Freezes {
        account: usize,
        coin: (usize, u32),
        freeze: bool,
    },
    Derives {
        account: usize,
        place: (Keychain, u32),
    },
}

#[derive(Clone, Copy, Debug)]
enum Where {
    Mempool,
    Block { height: u32, fork: u8 },
}

/// How a transaction of the pool is made: what it spends and whom it pays.
#[derive(Clone, Debug)]
struct Recipe {
    spends: Vec<(usize, u32)>,
    pays: Vec<(usize, Keychain, u32)>,
    is_reward: bool,
}

fn place() -> impl Strategy<Value = (Keychain, u32)> {
    (prop_oneof![Just(Keychain::Receive), Just(Keychain::Change)], 0u32..3)
}

fn recipe() -> impl Strategy<Value = Recipe> {
    let pay = (0usize..3, place()).prop_map(|(account, (keychain, index))| (account, keychain, index));
    (prop::collection::vec((0usize..9, 0u32..2), 1..3), prop::collection::vec(pay, 1..3), 0u8..12)
        .prop_map(|(spends, pays, dice)| Recipe { spends, pays, is_reward: dice == 0 })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let at = prop_oneof![
        2 => Just(Where::Mempool),
        3 => (1u32..6, 0u8..2).prop_map(|(height, fork)| Where::Block { height, fork }),
    ];
    let sees = (0usize..2, place(), prop::collection::vec((0usize..7, at), 0..4), any::<bool>(), any::<bool>())
        .prop_map(|(account, place, listed, signed, whole)| Step::Sees { account, place, listed, signed, whole });
    let states = prop_oneof![Just(JournalState::Rejected), Just(JournalState::Replaced), Just(JournalState::Confirmed)];
    let step = prop_oneof![
        8 => sees,
        3 => (0usize..7).prop_map(Step::Sends),
        1 => (0usize..7, states).prop_map(|(which, state)| Step::Ends(which, state)),
        1 => (0usize..7).prop_map(Step::GivesUp),
        1 => (0usize..7, prop::collection::vec(0usize..7, 0..3))
            .prop_map(|(which, before)| Step::TakesBack { which, before }),
        1 => (0u32..6).prop_map(Step::Reorganises),
        2 => (0usize..7).prop_map(Step::Proves),
        1 => (0usize..2, place()).prop_map(|(account, place)| Step::Agrees { account, place }),
        1 => (0usize..2, place()).prop_map(|(account, place)| Step::Forgets { account, place }),
        1 => (0usize..2, (0usize..7, 0u32..2), any::<bool>())
            .prop_map(|(account, coin, freeze)| Step::Freezes { account, coin, freeze }),
        1 => (0usize..2, place()).prop_map(|(account, place)| Step::Derives { account, place }),
    ];
    prop::collection::vec(step, 1..14)
}

/// Seven transactions that spend foreign coins or each other's outputs, and pay the accounts or others.
fn pool(recipes: &[Recipe], rows: &[AccountRow]) -> Vec<Transaction> {
    let mut pool: Vec<Transaction> = Vec::new();
    for (number, recipe) in (0u8..).zip(recipes) {
        let spent = |(which, vout): &(usize, u32)| match pool.get(*which) {
            Some(parent) => OutPoint { txid: parent.compute_txid(), vout: *vout },
            None => OutPoint { txid: Txid::from_byte_array([u8::try_from(*which).unwrap(); 32]), vout: *vout },
        };
        let coins: BTreeSet<OutPoint> = recipe.spends.iter().map(spent).collect();
        let coins: Vec<OutPoint> = if recipe.is_reward { vec![OutPoint::null()] } else { coins.into_iter().collect() };
        let input = |previous_output| TxIn {
            previous_output,
            script_sig: ScriptBuf::new(),
            sequence: Sequence::MAX,
            witness: Witness::new(),
        };
        let script = |(account, keychain, index): &(usize, Keychain, u32)| match rows.get(*account) {
            Some(row) => row.account.script(*keychain, *index).unwrap(),
            None => ScriptBuf::new(),
        };
        let output = |pay| TxOut { value: Amount::from_sat(1_000 + u64::from(number)), script_pubkey: script(pay) };
        pool.push(Transaction {
            version: Version::TWO,
            lock_time: LockTime::from_consensus(u32::from(number)),
            input: coins.into_iter().map(input).collect(),
            output: recipe.pays.iter().map(output).collect(),
        });
    }
    pool
}

fn block(at: Where) -> Place {
    match at {
        Where::Mempool => Place::Mempool,
        Where::Block { height, fork } => {
            Place::Block { height, hash: format!("{height}-{fork}"), time: 1_000 + height }
        }
    }
}

fn apply(side: &Side, step: &Step, pool: &[Transaction]) {
    let (ledger, rows) = (&side.ledger, &side.rows);
    let id = |which: usize| pool[which].compute_txid();
    match step {
        Step::Sees { account, place, listed, signed, whole } => {
            let transactions: Vec<_> = listed.iter().map(|(which, at)| (pool[*which].clone(), block(*at))).collect();
            let signed = if *signed { listed.iter().map(|(which, _)| id(*which)).collect() } else { BTreeSet::new() };
            let completeness = if *whole { Completeness::Whole } else { Completeness::Part };
            let (keychain, index) = *place;
            let (said_by, tip) = ("a.example".to_owned(), 4);
            let observation = Observation { keychain, index, transactions, signed, completeness, said_by, tip };
            ledger.observe(&rows[*account], &observation).unwrap();
        }
        Step::Sends(which) => {
            let text = id(*which).to_string();
            ledger.record_signed(NETWORK, &text, &consensus::serialize(&pool[*which])).unwrap();
            ledger.set_journal_state(NETWORK, &text, JournalState::Sent, "").unwrap();
            ledger.observe_own(&rows[0], &pool[*which]).unwrap();
        }
        Step::Ends(which, state) => {
            ledger.set_journal_state(NETWORK, &id(*which).to_string(), *state, "").unwrap();
        }
        Step::GivesUp(which) => ledger.give_up(&rows[0], id(*which)).unwrap(),
        Step::TakesBack { which, before } => {
            let before: Vec<Txid> = before.iter().map(|which| id(*which)).collect();
            ledger.take_back(&rows[0], id(*which), &before).unwrap();
        }
        Step::Reorganises(height) => ledger.unconfirm_above(&rows[0], *height).unwrap(),
        Step::Proves(which) => {
            for (height, fork) in (1..6).flat_map(|height| [(height, 0), (height, 1)]) {
                let hash = format!("{height}-{fork}");
                if fork == u8::from(which % 2 == 0) {
                    ledger.put_proof(&rows[0], id(*which), (height, &hash)).unwrap();
                }
            }
        }
        Step::Agrees { account, place } => {
            let said = SameHistory { place: *place, operator: "b.example", beside: "a.example" };
            ledger.put_opinion(rows[*account].id, &said).unwrap();
        }
        Step::Forgets { account, place } => ledger.forget_opinion(rows[*account].id, *place).unwrap(),
        Step::Freezes { account, coin: (which, vout), freeze } => {
            let freeze = if *freeze { Freeze::Frozen } else { Freeze::Free };
            ledger.set_frozen(rows[*account].id, OutPoint { txid: id(*which), vout: *vout }, freeze).unwrap();
        }
        Step::Derives { account, place: (keychain, index) } => {
            ledger.ensure_script(&rows[*account], *keychain, *index).unwrap();
        }
    }
}

#[test]
fn what_is_settled_is_what_is_derived_anew() {
    let sides = [Side::new(Derives::ByChange), Side::new(Derives::Anew)];
    let named = std::env::var("FASTNESS_SEQUENCES").ok().and_then(|text| text.parse().ok());
    let cases = named.unwrap_or(CASES);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let strategy = (prop::collection::vec(recipe(), 7), steps());
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let steps_seen = std::cell::Cell::new(0u64);
    let result = runner.run(&strategy, |(recipes, steps)| {
        sides.iter().for_each(|side| side.ledger.db.execute_batch("SAVEPOINT life").unwrap());
        let pool = pool(&recipes, &sides[0].rows);
        let mut difference = None;
        for (time, step) in (1_000u64..).zip(&steps) {
            set_clock(time);
            for side in &sides {
                apply(side, step, &pool);
                side.settle();
            }
            steps_seen.set(steps_seen.get() + 1);
            let [by_change, anew] = [sides[0].derived(), sides[1].derived()];
            if by_change != anew {
                difference = Some(format!("after {step:?}:\n{by_change:#?}\n{anew:#?}"));
                break;
            }
        }
        sides.iter().for_each(|side| side.ledger.db.execute_batch("ROLLBACK TO life; RELEASE life").unwrap());
        prop_assert!(difference.is_none(), "{}", difference.unwrap_or_default());
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    let taken = steps_seen.get();
    assert!(taken > u64::from(cases) * 3, "{taken} steps");
}
