//! What is called ours is found again: the judgement of a review against the very scan that a restored wallet makes.

use std::{cell::Cell, collections::BTreeSet, sync::LazyLock};

use bitcoin::{
    Amount, OutPoint, Psbt, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness, absolute::LockTime,
    transaction::Version,
};
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::{
    fake,
    history::HostHistory,
    questions::{Pace, ScriptAnswer, ScriptQuery},
    scan::run,
};
use crate::{
    account::{Account, Keychain, ScriptType, Search},
    chain::bitcoin::{OwnAccount, Ownership, Plan, decode::review},
    explorer::bitcoin::{ScanAnswer, ScanPlan, TxAt},
    network::Network,
    review::Role,
    text::SafeText,
};

/// Account 0 of BIP-84's own test vector.
const ACCOUNT: &str = "wpkh([73c5da0a/84h/0h/0h]xpub6CatWdiZiodmUeTDp8LT5or8nmbKNcuyvz7WyksVFkKB4RHwCD3XyuvPEbvqAQY3rAPshWcMLoP2fMFMKHPJ4ZeZXYVUhLv1VMrjPC7PW6V/<0;1>/*)";
/// Indices of each chain that a case may use.
const INDICES: u32 = 120;

static ACCOUNT_0: LazyLock<Account> =
    LazyLock::new(|| Account::parse(ACCOUNT, Network::Bitcoin, ScriptType::P2wpkh).expect("an account"));
static SCRIPTS: LazyLock<[Vec<ScriptBuf>; 2]> = LazyLock::new(|| {
    Keychain::ALL
        .map(|chain| (0..INDICES + 80).map(|index| ACCOUNT_0.script(chain, index).expect("a script")).collect())
});

type Place = (Keychain, u32);

fn script((keychain, index): Place) -> ScriptBuf {
    SCRIPTS[keychain.position()][usize::try_from(index).expect("an index")].clone()
}

/// The scan of a wallet that was restored from its words, on a chain where these places were used.
fn restored(used: &BTreeSet<Place>, gap: u32) -> ScanAnswer {
    let scripts: BTreeSet<ScriptBuf> = used.iter().map(|place| script(*place)).collect();
    let derive = |keychain: Keychain, index: u32| Some(script((keychain, index)));
    let plan = ScanPlan { derive: &derive, ask: Vec::new(), known: &|_, _| None, next: [0, 0], gap };
    let history = |script: &ScriptBuf| {
        let tx = scripts.contains(script).then(|| TxAt { tx: fake::payment(script, 1), place: None });
        ScriptAnswer::History(HostHistory { txs: tx.into_iter().collect(), mempool_capped: false })
    };
    let ask = async |asked: &[ScriptQuery]| {
        Ok((asked.iter().map(|asked| history(&asked.script)).collect(), SafeText::new("fake")))
    };
    fake::block_on(run(&plan, Pace::SINGLE, &mut |_| {}, ask)).expect("an answer")
}

fn found(answer: &ScanAnswer) -> BTreeSet<Place> {
    answer.scripts.iter().filter(|seen| !seen.txs.is_empty()).map(|seen| (seen.keychain, seen.index)).collect()
}

/// A draft that spends coins on these places and sends all of it to another, with every place claimed.
fn draft(spent: &[Place], to: Place) -> Plan {
    let parents: Vec<Transaction> =
        (1u32..).zip(spent).map(|(number, place)| fake::payment(&script(*place), number)).collect();
    let outpoint = |parent: &Transaction| OutPoint { txid: parent.compute_txid(), vout: 0 };
    let input = |parent: &Transaction| TxIn {
        previous_output: outpoint(parent),
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness: Witness::new(),
    };
    let transaction = Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: parents.iter().map(input).collect(),
        output: vec![TxOut { value: Amount::from_sat(600), script_pubkey: script(to) }],
    };
    let mut psbt = Psbt::from_unsigned_tx(transaction).expect("unsigned");
    let origin = |(keychain, index): Place| {
        let key = ACCOUNT_0.derived(keychain, index).expect("a place").single_key().expect("a key").public_key;
        (key, (ACCOUNT_0.keys()[0].fingerprint, ACCOUNT_0.path(keychain, index).expect("a path")))
    };
    for ((map, parent), place) in psbt.inputs.iter_mut().zip(parents).zip(spent) {
        map.non_witness_utxo = Some(parent);
        map.bip32_derivation.extend([origin(*place)]);
    }
    psbt.outputs[0].bip32_derivation.extend([origin(to)]);
    Plan { network: Network::Bitcoin, psbt }
}

#[test]
fn all_that_is_called_ours_is_found_by_a_restored_wallet() {
    use proptest::collection::btree_set;
    let (ours, not_ours) = (Cell::new(0), Cell::new(0));
    let uses = (btree_set(0u32..70, 1..8), btree_set(0u32..70, 0..8));
    let strategy = (uses, 1u32..25, 0u32..INDICES, 0usize..16, proptest::bool::ANY, proptest::bool::ANY);
    let config = Config { cases: 2_000, ..Config::default() };
    let outcome = TestRunner::new(config).run(&strategy, |((receive, change), gap, index, coin, to_change, knows)| {
        let receive = receive.into_iter().map(|index| (Keychain::Receive, index));
        let used: BTreeSet<Place> = receive.chain(change.into_iter().map(|index| (Keychain::Change, index))).collect();
        let before = restored(&used, gap);
        let coins: Vec<Place> = found(&before).into_iter().collect();
        let spent: Vec<Place> = coins.iter().cycle().skip(coin).take(coins.len().min(2)).copied().collect();
        if spent.is_empty() {
            return Ok(());
        }
        let to = (if to_change { Keychain::Change } else { Keychain::Receive }, index);
        let account = ACCOUNT_0.clone();
        let own = if knows {
            OwnAccount::searched(account, Search::after(before.next, gap))
        } else {
            OwnAccount::unsearched(account, gap)
        };
        let told =
            review(&draft(&spent, to), &Ownership::of(vec![own])).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let is_ours = told.outputs[0].role != Role::Pay;
        let counter = if is_ours { &ours } else { &not_ours };
        counter.set(counter.get() + 1);
        let after = restored(&used.into_iter().chain([to]).collect(), gap);
        proptest::prop_assert!(!is_ours || found(&after).contains(&to), "{to:?} is called ours, and is not found");
        // Where this wallet has searched, the judgement is exact: what is not called ours is not found either.
        let is_exact = !knows || is_ours == found(&after).contains(&to);
        proptest::prop_assert!(is_exact, "{to:?} is found, and is not called ours");
        Ok(())
    });
    outcome.expect("all is found");
    assert!(ours.get() > 200 && not_ours.get() > 200, "{} and {}", ours.get(), not_ours.get());
}
