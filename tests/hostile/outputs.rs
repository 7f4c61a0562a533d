//! Lies about what is paid: false change, ransom paths, burnt money, more than can exist.

use super::{
    Honest, honest, honest_with,
    synthetic::{Dice, numbered, stranger, wallet_of},
};
use bitcoin::{
    Amount, Psbt, ScriptBuf, TxOut,
    bip32::{DerivationPath, Fingerprint},
    opcodes,
    psbt::Output,
};
use fastness::{
    account::{Account, Keychain, ScriptType, Search},
    chain::bitcoin::{
        BitcoinError, OwnAccount, Ownership, Plan,
        decode::{examine, review},
        policy::check_search,
    },
    review::Role,
};

/// The place of the change output of an honest plan.
fn change_place(honest: &Honest) -> usize {
    let review = review(&honest.plan, &honest.ours).unwrap();
    review.outputs.iter().position(|output| output.role == Role::Change).unwrap()
}

/// Says that this output is ours at a place, in every way that a PSBT can.
fn claim(output: &mut Output, account: &Account, fingerprint: Fingerprint, path: &DerivationPath) {
    let key = account.derived(Keychain::Change, 0).unwrap().single_key().unwrap().public_key;
    output.bip32_derivation.insert(key, (fingerprint, path.clone()));
    output.tap_key_origins.insert(key.x_only_public_key().0, (Vec::new(), (fingerprint, path.clone())));
}

fn roles(plan: &Plan, honest: &Honest) -> Vec<Role> {
    review(plan, &honest.ours).unwrap().outputs.iter().map(|output| output.role).collect()
}

#[test]
fn a_payee_disguised_as_change() {
    for kind in ScriptType::ALL {
        let honest = honest(kind, 20);
        let account = &honest.snapshot.account;
        let path = account.path(Keychain::Change, 7).unwrap();
        for place in 0..3 {
            let plan = honest.changed(|psbt| {
                psbt.unsigned_tx.output[place].script_pubkey = stranger(&mut Dice(99));
                psbt.outputs[place] = Output::default();
                claim(&mut psbt.outputs[place], account, account.keys()[0].fingerprint, &path);
            });
            let problem = review(&plan, &honest.ours).unwrap_err();
            assert!(matches!(problem, BitcoinError::FalseOwnership { .. }), "{problem:?}");
            assert_eq!(examine(&plan, &honest.ours).review.outputs[place].role, Role::Pay);
            // With another wallet's fingerprint it is no attack on us, and no change either.
            let plan = honest.changed(|psbt| {
                psbt.unsigned_tx.output[place].script_pubkey = stranger(&mut Dice(99));
                psbt.outputs[place] = Output::default();
                claim(&mut psbt.outputs[place], account, Fingerprint::default(), &path);
            });
            assert_eq!(examine(&plan, &honest.ours).review.outputs[place].role, Role::Pay);
        }
    }
}

/// The plan with its change moved to another place of an account.
fn moved(honest: &Honest, account: &Account, (keychain, index): (Keychain, u32)) -> Plan {
    let place = change_place(honest);
    honest.changed(|psbt| {
        psbt.unsigned_tx.output[place].script_pubkey = account.script(keychain, index).unwrap();
        psbt.outputs[place] = Output::default();
        let path = account.path(keychain, index).unwrap();
        claim(&mut psbt.outputs[place], account, account.keys()[0].fingerprint, &path);
    })
}

/// How often a plan may be judged to pay us in a way that a search finds: the role, and whether it has to be agreed to.
fn judged(honest: &Honest, plan: &Plan, ours: &Ownership) -> (Role, bool) {
    let review = review(plan, ours).unwrap();
    let output = &review.outputs[change_place(honest)];
    let named = [plan.psbt.unsigned_tx.output[change_place(honest)].script_pubkey.clone()];
    assert_eq!(check_search(&review, &[]).is_err(), output.beyond_search.is_some());
    assert_eq!(check_search(&review, &named), Ok(()), "it can be agreed to by name");
    (output.role, output.beyond_search.is_some())
}

/// Change behind the gap could be held for ransom: it is paid away, and has to be agreed to by name.
#[test]
fn change_that_no_search_finds() {
    for kind in ScriptType::ALL {
        let honest = honest(kind, 21);
        let account = &honest.snapshot.account;
        let spent = |keychain| {
            let coins = honest.snapshot.coins.iter().filter(|coin| coin.keychain == keychain);
            coins.map(|coin| coin.index + 1).max().unwrap_or(0)
        };
        let knows = |next| Ownership::of(vec![OwnAccount::searched(account.clone(), Search::after(next, 20))]);
        for (keychain, role) in [(Keychain::Receive, Role::Own), (Keychain::Change, Role::Change)] {
            let at = |index| moved(&honest, account, (keychain, index));
            // Keys alone: twenty behind the coins that are spent.
            let end = spent(keychain) + 20;
            assert_eq!(judged(&honest, &at(end - 1), &honest.ours), (role, false), "{kind:?} {end}");
            for index in [end, 9_000, 1_000_001, 0x7fff_ffff] {
                assert_eq!(judged(&honest, &at(index), &honest.ours), (Role::Pay, true), "{kind:?} {index}");
            }
            // A wallet that has searched: twenty behind what it found, and a coin behind a hole moves nothing.
            let (used, unused) = (knows([500, 500]), knows([0, 0]));
            assert_eq!(judged(&honest, &at(519), &used), (role, false));
            assert_eq!(judged(&honest, &at(520), &used), (Role::Pay, true));
            let holed = honest.snapshot.coins.iter().all(|coin| coin.keychain != keychain || coin.index >= 20);
            assert_eq!(judged(&honest, &at(20), &unused), if holed { (Role::Pay, true) } else { (role, false) });
        }
    }
}

/// An account that a restored wallet does not search is ours only while it alone pays.
#[test]
fn change_to_an_account_that_nobody_searches() {
    for kind in ScriptType::ALL {
        let honest = honest(kind, 26);
        let main = &honest.snapshot.account;
        let other = numbered(kind, 57);
        assert!(main.is_restored() && !other.is_restored());
        let ours = Ownership::new(vec![main.clone(), other.clone()]);
        let away = moved(&honest, &other, (Keychain::Change, 0));
        assert_eq!(judged(&honest, &away, &ours), (Role::Pay, true));
        let kinds = ScriptType::ALL.into_iter().filter(|other| *other != kind);
        for sibling in kinds.map(|kind| numbered(kind, 0)) {
            let ours = Ownership::new(vec![main.clone(), sibling.clone()]);
            let plan = moved(&honest, &sibling, (Keychain::Change, 3));
            assert_eq!(judged(&honest, &plan, &ours), (Role::Change, false), "a restored wallet searches all kinds");
        }
    }
    // The whole wallet is in that account: its change comes back to it.
    let mut dice = Dice(27);
    let snapshot = wallet_of(&mut dice, numbered(ScriptType::P2wpkh, 57), &[200_000, 300_000]);
    let honest = honest_with(snapshot, &mut dice);
    assert_eq!(roles(&honest.plan, &honest).iter().filter(|role| **role == Role::Change).count(), 1);
}

/// Without a claim we do not know our own change, and say so rather than guess.
#[test]
fn change_without_a_claim_counts_as_paid() {
    for kind in ScriptType::ALL {
        let honest = honest(kind, 22);
        let place = change_place(&honest);
        let plan = honest.changed(|psbt| psbt.outputs[place] = Output::default());
        assert_eq!(roles(&plan, &honest)[place], Role::Pay);
    }
}

#[test]
fn money_burnt_or_made() {
    for kind in ScriptType::ALL {
        let honest = honest(kind, 23);
        let malformed = |change: fn(&mut Psbt)| {
            let problem = honest.refusal(change);
            assert!(matches!(problem, BitcoinError::Malformed(_)), "{problem:?}");
        };
        malformed(|psbt| {
            let memo = psbt.unsigned_tx.output.iter_mut().find(|output| output.script_pubkey.is_op_return());
            memo.unwrap().value = Amount::ONE_SAT;
        });
        malformed(|psbt| psbt.unsigned_tx.output[0].value = Amount::MAX_MONEY + Amount::ONE_SAT);
        malformed(|psbt| psbt.unsigned_tx.output[0].value = Amount::MAX);
        malformed(|psbt| {
            psbt.unsigned_tx.output[0].value = Amount::MAX_MONEY;
            psbt.unsigned_tx.output[1].value = Amount::MAX_MONEY;
        });
        malformed(|psbt| (psbt.unsigned_tx.output, psbt.outputs) = (Vec::new(), Vec::new()));
        // A witness version without rules, and a taproot key that is not on the curve.
        malformed(|psbt| {
            let program = ScriptBuf::builder().push_opcode(opcodes::all::OP_PUSHNUM_2).push_slice([7; 32]);
            psbt.unsigned_tx.output[0].script_pubkey = program.into_script();
        });
        malformed(|psbt| {
            let program = ScriptBuf::builder().push_opcode(opcodes::all::OP_PUSHNUM_1).push_slice([0xff; 32]);
            psbt.unsigned_tx.output[0].script_pubkey = program.into_script();
        });
    }
}

#[test]
fn more_paid_than_spent_and_dust() {
    for kind in ScriptType::ALL {
        let honest = honest(kind, 24);
        let pays = honest.plan.psbt.unsigned_tx.output.iter().position(|o| o.value.to_sat() == 350_000).unwrap();
        let too_much = honest.changed(|psbt| psbt.unsigned_tx.output[pays].value = Amount::from_sat(500_001));
        assert!(matches!(review(&too_much, &honest.ours), Err(BitcoinError::Malformed(_))));
        assert_eq!(examine(&too_much, &honest.ours).review.fee, None, "no fee is better than a wrong one");
        let dust = honest.changed(|psbt| psbt.unsigned_tx.output[pays].value = Amount::from_sat(100));
        assert!(matches!(review(&dust, &honest.ours), Err(BitcoinError::Dust { value: 100, .. })));
    }
}

/// The review's digest covers the outputs, the inputs and what they hold.
#[test]
fn the_digest_names_one_transaction() {
    let honest = honest(ScriptType::P2wpkh, 25);
    let digest = |plan: &Plan| examine(plan, &honest.ours).review.digest;
    let original = digest(&honest.plan);
    let others = [
        honest.changed(|psbt| psbt.unsigned_tx.output[0].value += Amount::ONE_SAT),
        honest.changed(|psbt| psbt.unsigned_tx.input[0].previous_output.vout ^= 1),
        honest.changed(|psbt| psbt.unsigned_tx.input.swap(0, 1)),
        honest.changed(|psbt| psbt.unsigned_tx.lock_time = bitcoin::absolute::LockTime::ZERO),
        honest.changed(|psbt| {
            psbt.unsigned_tx.output.push(TxOut { value: Amount::ZERO, script_pubkey: ScriptBuf::new() })
        }),
        honest.changed(|psbt| (psbt.inputs[0].witness_utxo, psbt.inputs[0].non_witness_utxo) = (None, None)),
    ];
    for other in others {
        assert_ne!(digest(&other), original);
    }
    let labelled = honest.changed(|psbt| psbt.outputs[0].bip32_derivation.clear());
    assert_eq!(digest(&labelled), original, "what is only claimed does not count");
}
