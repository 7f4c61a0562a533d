//! Lies about what is paid: false change, ransom paths, burnt money, more than can exist.

use bitcoin::{
    Amount, Psbt, ScriptBuf, TxOut,
    bip32::{DerivationPath, Fingerprint},
    opcodes,
    psbt::Output,
};
use fastness::{
    account::{Account, Keychain, ScriptType},
    chain::bitcoin::{
        BitcoinError, Plan,
        decode::{examine, review},
    },
    intent::Role,
};

use super::{
    Honest, honest,
    synthetic::{Dice, stranger},
};

/// The place of the change output of an honest plan.
fn change_place(honest: &Honest) -> usize {
    let review = review(&honest.plan, &honest.ours).unwrap();
    review.outputs.iter().position(|output| output.role == Role::Change).unwrap()
}

/// Says that this output is ours at a place, in every way that a PSBT can.
fn claim(output: &mut Output, account: &Account, fingerprint: Fingerprint, path: &DerivationPath) {
    let key = account.public_key(Keychain::Change, 0).unwrap();
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
                claim(&mut psbt.outputs[place], account, account.fingerprint, &path);
            });
            let problem = review(&plan, &honest.ours).unwrap_err();
            assert!(matches!(problem, BitcoinError::FalseOwnership { .. }), "{problem:?}");
            assert_eq!(examine(&plan, &honest.ours).review.outputs[place].role, Role::Pay);
            // With somebody else's fingerprint it is no attack on us, and no change either.
            let plan = honest.changed(|psbt| {
                psbt.unsigned_tx.output[place].script_pubkey = stranger(&mut Dice(99));
                psbt.outputs[place] = Output::default();
                claim(&mut psbt.outputs[place], account, Fingerprint::default(), &path);
            });
            assert_eq!(examine(&plan, &honest.ours).review.outputs[place].role, Role::Pay);
        }
    }
}

/// Change far beyond any index that a wallet looks at could be held for ransom: it counts as paid away.
#[test]
fn change_on_a_ransom_path() {
    for kind in ScriptType::ALL {
        let honest = honest(kind, 21);
        let (account, place) = (&honest.snapshot.account, change_place(&honest));
        for (index, role) in [(1_000_000, Role::Change), (1_000_001, Role::Pay), (0x7fff_ffff, Role::Pay)] {
            let plan = honest.changed(|psbt| {
                psbt.unsigned_tx.output[place].script_pubkey = account.script(Keychain::Change, index).unwrap();
                psbt.outputs[place] = Output::default();
                let path = account.path(Keychain::Change, index).unwrap();
                claim(&mut psbt.outputs[place], account, account.fingerprint, &path);
            });
            assert_eq!(roles(&plan, &honest)[place], role, "index {index}");
            let warned = examine(&plan, &honest.ours).review.warnings.iter().any(|warning| warning.code == "far_index");
            assert_eq!(warned, role == Role::Change, "index {index}");
        }
    }
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
