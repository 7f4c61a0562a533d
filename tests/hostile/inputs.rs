//! Lies about what is spent: sighash types, amounts, owners, previous transactions.

use bitcoin::{
    Amount, OutPoint, ScriptBuf, TxOut, Witness,
    bip32::{ChildNumber, DerivationPath, Fingerprint},
    key::TapTweak,
    psbt::{Input, PsbtSighashType},
    secp256k1::{Keypair, Message, Secp256k1},
    sighash::TapSighashType,
    taproot,
};
use fastness::{
    account::{Keychain, ScriptType},
    chain::bitcoin::{BitcoinError, Ownership, consensus, decode::review, sign::jobs},
};

use super::{honest, synthetic::master};

/// Every byte as signature hash type, for every kind of script: only ALL, and taproot's DEFAULT, may be signed.
#[test]
fn signatures_that_leave_parts_open() {
    let (mut refused, mut allowed) = (0, Vec::new());
    for kind in ScriptType::ALL {
        let honest = honest(kind, 1);
        for byte in (0u32..=255).chain([257, 0x0100_0001, u32::MAX]) {
            let plan = honest.changed(|psbt| psbt.inputs[1].sighash_type = Some(PsbtSighashType::from_u32(byte)));
            match (review(&plan, &honest.ours), jobs(&plan, &honest.ours)) {
                (Ok(_), Ok(_)) => allowed.push((kind, byte)),
                (Err(BitcoinError::Sighash { input: 1, .. }), Err(BitcoinError::Sighash { input: 1, .. })) => {
                    refused += 1;
                }
                other => panic!("{kind:?} {byte}: {other:?}"),
            }
        }
    }
    let [legacy, nested, segwit, taproot] = ScriptType::ALL;
    assert_eq!(allowed, [(legacy, 1), (nested, 1), (segwit, 1), (taproot, 0), (taproot, 1)]);
    assert_eq!(refused, 4 * 259 - 5);
}

/// CVE-2020-14199: the amount of a segwit v0 input is believed only with the whole previous transaction.
#[test]
fn amounts_that_are_only_claimed() {
    for kind in [ScriptType::P2shP2wpkh, ScriptType::P2wpkh] {
        let honest = honest(kind, 2);
        for change in [0, 1, 100_000] {
            let problem = honest.refusal(|psbt| {
                psbt.inputs[0].non_witness_utxo = None;
                psbt.inputs[0].witness_utxo.as_mut().unwrap().value += Amount::from_sat(change);
            });
            let BitcoinError::Contradiction { input: 0, problem } = problem else { panic!("{problem:?}") };
            assert_eq!(problem, "its amount is only claimed: the whole previous transaction is missing");
        }
    }
}

#[test]
fn amounts_that_contradict_the_previous_transaction() {
    for kind in ScriptType::ALL {
        let honest = honest(kind, 3);
        let spent = |psbt: &bitcoin::Psbt, change: u64| {
            let (input, claims) = (&psbt.unsigned_tx.input[0], &psbt.inputs[0]);
            let parent = claims.non_witness_utxo.clone().unwrap();
            let mut output = parent.output[usize::try_from(input.previous_output.vout).unwrap()].clone();
            output.value += Amount::from_sat(change);
            output
        };
        assert!(
            review(&honest.changed(|psbt| psbt.inputs[0].witness_utxo = Some(spent(psbt, 0))), &honest.ours).is_ok()
        );
        let problem = honest.refusal(|psbt| psbt.inputs[0].witness_utxo = Some(spent(psbt, 1)));
        assert!(matches!(problem, BitcoinError::Contradiction { problem, .. } if problem.contains("two descriptions")));
        // The previous transaction itself may not be touched, not in any output.
        for place in 0..3 {
            let problem = honest.refusal(|psbt| {
                psbt.inputs[0].witness_utxo = None;
                psbt.inputs[0].non_witness_utxo.as_mut().unwrap().output[place].value += Amount::ONE_SAT;
            });
            let not_the_one = |problem: &str| problem.starts_with("the previous transaction given is not the one");
            assert!(matches!(problem, BitcoinError::Contradiction { problem, .. } if not_the_one(problem)));
        }
        let problem = honest.refusal(|psbt| psbt.unsigned_tx.input[0].previous_output.vout = 9);
        assert!(
            matches!(problem, BitcoinError::Contradiction { problem, .. } if problem.contains("no output of that"))
        );
    }
}

/// A taproot signature commits to every amount, so one over a lie is worth nothing on the true coin.
#[test]
fn a_taproot_signature_over_a_lied_amount_is_worthless() {
    let honest = honest(ScriptType::P2tr, 4);
    let truth: Vec<TxOut> = honest.plan.psbt.inputs.iter().map(|input| input.witness_utxo.clone().unwrap()).collect();
    for lie in [0, 1] {
        let plan = honest.changed(|psbt| {
            psbt.inputs[0].non_witness_utxo = None;
            psbt.inputs[0].witness_utxo.as_mut().unwrap().value += Amount::from_sat(lie);
        });
        let secp = Secp256k1::new();
        let mut transaction = plan.psbt.unsigned_tx.clone();
        for (job, input) in jobs(&plan, &honest.ours).unwrap().iter().zip(&mut transaction.input) {
            let key = master().derive_priv(&secp, &job.path).unwrap().private_key;
            let pair = Keypair::from_secret_key(&secp, &key).tap_tweak(&secp, None).to_keypair();
            let signature = secp.sign_schnorr_no_aux_rand(&Message::from_digest(job.digest), &pair);
            input.witness =
                Witness::p2tr_key_spend(&taproot::Signature { signature, sighash_type: TapSighashType::Default });
        }
        assert_eq!(consensus::verify(&transaction, &truth).is_ok(), lie == 0);
    }
}

#[test]
fn coins_of_others() {
    for kind in ScriptType::ALL {
        let honest = honest(kind, 5);
        for strangers in [Vec::new(), ScriptType::ALL.into_iter().filter(|other| *other != kind).collect::<Vec<_>>()] {
            let ours = Ownership::new(strangers.into_iter().map(super::synthetic::account).collect());
            assert_eq!(review(&honest.plan, &ours), Err(BitcoinError::ForeignInput(0)));
            assert_eq!(jobs(&honest.plan, &ours).unwrap_err(), BitcoinError::ForeignInput(0));
        }
        let forget = |input: &mut Input| {
            input.bip32_derivation.clear();
            input.tap_key_origins.clear();
        };
        assert_eq!(honest.refusal(|psbt| forget(&mut psbt.inputs[1])), BitcoinError::ForeignInput(1));
        let other = Fingerprint::from([0xde, 0xad, 0xbe, 0xef]);
        assert_eq!(honest.refusal(|psbt| claim_place(&mut psbt.inputs[1], other, None)), BitcoinError::ForeignInput(1));
    }
}

/// Rewrites every claimed owner: another fingerprint, and another path if there is one.
fn claim_place(input: &mut Input, fingerprint: Fingerprint, path: Option<&DerivationPath>) {
    let origins = input.tap_key_origins.values_mut().map(|(_, source)| source);
    for source in input.bip32_derivation.values_mut().chain(origins) {
        *source = (fingerprint, path.unwrap_or(&source.1).clone());
    }
}

/// Key origins as other programs write them: eight zeros for an unknown master; the account key's own fingerprint, or zeros,
/// with the path below the account (descriptors without an origin). The place is derived and compared all the same.
#[test]
fn coins_whose_origin_is_told_in_other_ways() {
    for kind in ScriptType::ALL {
        let honest = honest(kind, 8);
        let account = &honest.snapshot.account;
        let (unknown, key) = (Fingerprint::default(), account.keys()[0].xpub.fingerprint());
        let relative = |psbt: &bitcoin::Psbt, place: usize| {
            let coin = psbt.unsigned_tx.input[place].previous_output;
            let coin = honest.snapshot.coins.iter().find(|known| known.outpoint == coin).unwrap();
            format!("{}/{}", coin.keychain.number(), coin.index).parse::<DerivationPath>().unwrap()
        };
        let original = review(&honest.plan, &honest.ours).unwrap();
        for (fingerprint, below) in [(unknown, false), (key, true), (unknown, true)] {
            let plan = honest.changed(|psbt| {
                for place in 0..2 {
                    let path = below.then(|| relative(psbt, place));
                    claim_place(&mut psbt.inputs[place], fingerprint, path.as_ref());
                }
            });
            assert_eq!(review(&plan, &honest.ours).as_ref(), Ok(&original), "{kind:?} {fingerprint} {below}");
            assert_eq!(jobs(&plan, &honest.ours).unwrap().len(), 2);
        }
        // A wrong place beside our own fingerprint is a lie; beside none it says nothing.
        let elsewhere: DerivationPath = "0/999".parse().unwrap();
        let lie = honest.refusal(|psbt| claim_place(&mut psbt.inputs[0], key, Some(&elsewhere)));
        assert!(matches!(lie, BitcoinError::FalseOwnership { .. }), "{lie:?}");
        let nothing = honest.refusal(|psbt| claim_place(&mut psbt.inputs[0], unknown, Some(&elsewhere)));
        assert_eq!(nothing, BitcoinError::ForeignInput(0));
    }
}

#[test]
fn coins_claimed_at_a_wrong_place() {
    for kind in ScriptType::ALL {
        let honest = honest(kind, 6);
        let account = &honest.snapshot.account;
        let elsewhere = account.path(Keychain::Receive, 999).unwrap();
        let problem =
            honest.refusal(|psbt| claim_place(&mut psbt.inputs[0], account.keys()[0].fingerprint, Some(&elsewhere)));
        assert!(matches!(problem, BitcoinError::FalseOwnership { .. }), "{problem:?}");
        // Paths that no account of ours has: the coin has no owner here.
        let mut hardened = elsewhere.clone();
        hardened = hardened.extend([ChildNumber::from_hardened_idx(0).unwrap()]);
        for path in [hardened, DerivationPath::master(), account.origin()] {
            let problem =
                honest.refusal(|psbt| claim_place(&mut psbt.inputs[0], account.keys()[0].fingerprint, Some(&path)));
            assert_eq!(problem, BitcoinError::ForeignInput(0));
        }
    }
}

#[test]
fn coins_spent_twice_or_out_of_nothing() {
    for kind in ScriptType::ALL {
        let honest = honest(kind, 7);
        let problem = honest.refusal(|psbt| {
            psbt.unsigned_tx.input[1] = psbt.unsigned_tx.input[0].clone();
            psbt.inputs[1] = psbt.inputs[0].clone();
        });
        assert_eq!(problem, BitcoinError::Malformed("it spends the same coin twice".to_owned()));
        let problem = honest.refusal(|psbt| psbt.unsigned_tx.input[0].previous_output = OutPoint::null());
        assert!(matches!(problem, BitcoinError::Malformed(_)));
        let problem = honest.refusal(|psbt| (psbt.unsigned_tx.input, psbt.inputs) = (Vec::new(), Vec::new()));
        assert!(matches!(problem, BitcoinError::Malformed(_)));
        let problem = honest.refusal(|psbt| {
            (psbt.inputs[0].witness_utxo, psbt.inputs[0].non_witness_utxo) = (None, None);
        });
        assert!(matches!(problem, BitcoinError::Contradiction { problem: "nothing says what it spends", .. }));
    }
}

#[test]
fn scripts_that_the_coin_does_not_commit_to() {
    for kind in ScriptType::ALL {
        let honest = honest(kind, 8);
        let other = ScriptBuf::from_bytes(vec![0x51]);
        let problem = honest.refusal(|psbt| psbt.inputs[0].redeem_script = Some(other.clone()));
        assert!(matches!(problem, BitcoinError::Contradiction { problem, .. } if problem.contains("redeem script")));
        let problem = honest.refusal(|psbt| psbt.inputs[0].witness_script = Some(other.clone()));
        assert!(matches!(problem, BitcoinError::Contradiction { problem, .. } if problem.contains("witness script")));
    }
}
