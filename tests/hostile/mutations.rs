//! Thousands of PSBTs with random changes in their maps: never a panic, never false change, never a hidden output, and
//! nothing is signed whose amounts are not true.

use std::sync::LazyLock;

use super::{
    Honest, honest,
    synthetic::{Dice, stranger},
};
use bitcoin::{
    Amount, OutPoint, Psbt, ScriptBuf, TxOut, Witness,
    bip32::{ChildNumber, DerivationPath, Fingerprint},
    psbt::{PsbtSighashType, raw},
    secp256k1::PublicKey,
};
use fastness::{
    account::{Account, Keychain, ScriptType},
    chain::bitcoin::{Plan, decode::examine, psbt::read_psbt, sign::jobs},
    review::{AmountProof, Role},
};
use proptest::prelude::*;

/// One of 32 honest plans, made once.
fn some_honest(kind: usize, seed: u64) -> &'static Honest {
    static MADE: LazyLock<Vec<Honest>> =
        LazyLock::new(|| (0..32).map(|number| honest(ScriptType::ALL[number % 4], number as u64 / 4)).collect());
    &MADE[kind + 4 * Dice(seed).index(8)]
}

/// A path that is likely to be looked at: of the account, with a small, large or hardened end.
fn path(dice: &mut Dice, account: &Account) -> DerivationPath {
    let end = match dice.index(4) {
        0 => u32::try_from(dice.between(999_990, 1_000_010)).unwrap(),
        _ => u32::try_from(dice.between(0, 12)).unwrap(),
    };
    let chain = u32::try_from(dice.between(0, 2)).unwrap();
    let end = if dice.one_in(8) { ChildNumber::from_hardened_idx(end) } else { ChildNumber::from_normal_idx(end) };
    account.origin().extend([ChildNumber::from_normal_idx(chain).unwrap(), end.unwrap()])
}

fn fingerprint(dice: &mut Dice, account: &Account) -> Fingerprint {
    if dice.one_in(4) { Fingerprint::default() } else { account.keys()[0].fingerprint }
}

/// One random change.
fn mutate(dice: &mut Dice, psbt: &mut Psbt, account: &Account) {
    if dice.one_in(2) { mutate_output(dice, psbt, account) } else { mutate_input(dice, psbt, account) }
}

fn key_at(account: &Account, keychain: Keychain, index: u32) -> PublicKey {
    account.derived(keychain, index).unwrap().single_key().unwrap().public_key
}

fn mutate_output(dice: &mut Dice, psbt: &mut Psbt, account: &Account) {
    let place = dice.index(psbt.outputs.len());
    let other = dice.index(psbt.outputs.len());
    let source = (fingerprint(dice, account), path(dice, account));
    let key = key_at(account, Keychain::ALL[dice.index(2)], u32::try_from(dice.between(0, 12)).unwrap());
    let output = &mut psbt.outputs[place];
    match dice.index(8) {
        0 | 1 => _ = output.bip32_derivation.insert(key, source),
        2 | 3 => _ = output.tap_key_origins.insert(key.x_only_public_key().0, (Vec::new(), source)),
        4 => output.redeem_script = Some(stranger(dice)),
        5 => output.tap_internal_key = Some(key.x_only_public_key().0),
        6 => psbt.outputs.swap(place, other),
        _ => psbt.unsigned_tx.output[place].script_pubkey = stranger(dice),
    }
}

fn mutate_input(dice: &mut Dice, psbt: &mut Psbt, account: &Account) {
    let place = dice.index(psbt.inputs.len());
    let source = (fingerprint(dice, account), path(dice, account));
    let key = key_at(account, Keychain::Receive, u32::try_from(dice.between(0, 12)).unwrap());
    let lie = Amount::from_sat(dice.between(0, 2));
    let input = &mut psbt.inputs[place];
    match dice.index(14) {
        0 => _ = input.bip32_derivation.insert(key, source),
        1 => _ = input.tap_key_origins.insert(key.x_only_public_key().0, (Vec::new(), source)),
        2 => input.witness_utxo = None,
        3 => input.non_witness_utxo = None,
        4 => input.witness_utxo = Some(TxOut { value: Amount::from_sat(dice.roll()), script_pubkey: stranger(dice) }),
        5 => input.witness_utxo.iter_mut().for_each(|output| output.value += lie),
        6 => input.non_witness_utxo.iter_mut().for_each(|parent| parent.output[1].value += lie),
        7 => input.sighash_type = Some(PsbtSighashType::from_u32(u32::try_from(dice.between(0, 3)).unwrap())),
        8 => input.redeem_script = Some(stranger(dice)),
        9 => input.witness_script = Some(stranger(dice)),
        10 => input.final_script_witness = Some(Witness::from_slice(&[dice.bytes()])),
        11 => input.final_script_sig = Some(ScriptBuf::from_bytes(dice.bytes().to_vec())),
        12 => _ = input.unknown.insert(raw::Key { type_value: 0x77, key: vec![1] }, dice.bytes().to_vec()),
        _ => psbt.inputs.swap(0, 1),
    }
}

/// The true output behind an outpoint of the honest plan.
fn truth(honest: &Honest, outpoint: OutPoint) -> Option<TxOut> {
    let coin = honest.snapshot.coins.iter().find(|coin| coin.outpoint == outpoint)?;
    coin.parent.output.get(usize::try_from(outpoint.vout).ok()?).cloned()
}

/// True if the script is the account's at the path that the review prints.
fn is_at(account: &Account, shown: &str, script: &ScriptBuf) -> bool {
    let path: DerivationPath = shown.parse().unwrap();
    let place = account.place_of(account.keys()[0].fingerprint, &path);
    place.is_some_and(|place| account.script(place.keychain, place.index).unwrap() == *script)
}

fn check(honest: &Honest, plan: &Plan) -> Result<bool, TestCaseError> {
    let (account, transaction) = (&honest.snapshot.account, &plan.psbt.unsigned_tx);
    let examination = examine(plan, &honest.ours);
    let review = &examination.review;
    prop_assert_eq!(review.outputs.len(), transaction.output.len());
    for (told, output) in review.outputs.iter().zip(&transaction.output) {
        prop_assert_eq!(&told.script, &output.script_pubkey.to_hex_string());
        prop_assert_eq!(told.amount.to_sat(), Some(output.value.to_sat()));
        let ours = matches!(told.role, Role::Change | Role::Own);
        prop_assert_eq!(ours, told.path.is_some());
        prop_assert!(told.path.iter().all(|path| is_at(account, path, &output.script_pubkey)), "false change");
    }
    let signable = jobs(plan, &honest.ours);
    prop_assert!(signable.is_ok() || !examination.problems.is_empty(), "reviewed as good, and not signable");
    for (told, input) in review.inputs.iter().zip(&transaction.input) {
        let Some(true_output) = truth(honest, input.previous_output) else { continue };
        // A taproot signature over a lie is worthless (see inputs.rs); every other signature needs the truth.
        if signable.is_ok() && told.proof != AmountProof::CommittedBySignature {
            prop_assert_eq!(told.amount.and_then(fastness::amount::Amount::to_sat), Some(true_output.value.to_sat()));
            let path = told.path.as_ref().expect("whose it is");
            prop_assert!(is_at(account, path, &true_output.script_pubkey));
        }
    }
    Ok(examination.problems.is_empty())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn changed_maps(seed in any::<u64>(), kind in 0usize..4, changes in 1usize..7) {
        let mut dice = Dice(seed);
        let honest = some_honest(kind, seed);
        let plan = honest.changed(|psbt| (0..changes).for_each(|_| mutate(&mut dice, psbt, &honest.snapshot.account)));
        check(honest, &plan)?;
    }

    #[test]
    fn flipped_bits(seed in any::<u64>(), kind in 0usize..4, flips in 1usize..4) {
        let mut dice = Dice(seed);
        let honest = some_honest(kind, seed);
        let mut bytes = honest.plan.psbt.serialize();
        for _ in 0..flips {
            let place = dice.index(bytes.len());
            bytes[place] ^= 1 << dice.index(8);
        }
        if let Ok(psbt) = read_psbt(&bytes) {
            check(honest, &Plan { network: honest.plan.network, psbt })?;
        }
    }

    #[test]
    fn cut_and_random_bytes(seed in any::<u64>(), noise in prop::collection::vec(any::<u8>(), 0..300)) {
        let bytes = some_honest(2, seed).plan.psbt.serialize();
        let cut = Dice(seed).index(bytes.len());
        prop_assert!(read_psbt(&bytes[..cut]).is_err());
        prop_assert!(read_psbt(&noise).is_err());
    }
}

/// The property must meet both sides: changes that matter and changes that do not.
#[test]
fn some_changes_are_harmless_and_some_are_not() {
    let mut verdicts = [0, 0];
    for seed in 0..200 {
        let mut dice = Dice(seed);
        let honest = some_honest(2, seed);
        let plan = honest.changed(|psbt| mutate(&mut dice, psbt, &honest.snapshot.account));
        verdicts[usize::from(check(honest, &plan).unwrap())] += 1;
    }
    assert!(verdicts.iter().all(|count| *count > 20), "{verdicts:?}");
}
