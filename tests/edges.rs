//! Edges of planning and reviewing that random spends reach too rarely: dust beside `all`, mixed sweeps, shared paths.
//!
//! No network, no files.

// Helpers of a test target may stop it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod synthetic;

use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_eips::Encodable2718;
use alloy_primitives::{Address, Signature, TxKind, U256};
use bitcoin::{
    Network, TxOut,
    bip32::{DerivationPath, Xpriv, Xpub},
    secp256k1::Secp256k1,
};
use fastness::{
    account::{Account, EthereumAccount, Keychain, STANDARD_GAP, ScriptType, Search},
    amount::{Amount, FeeRate, Quantity},
    chain::bitcoin::{
        Coin, OwnAccount, Ownership, Snapshot, decode,
        plan::plan,
        sweep::{Destination, KeyCoin, SweepRequest, sweep},
    },
    chain::ethereum as evm,
    explain::Explain,
    flow::{
        self,
        bitcoin::{CarriedPsbt, Draft, DraftContext, SignedFile},
        ethereum::{CarriedTransaction, EvmContext, EvmDraft},
    },
    network::{EvmChain, NetworkClass},
    request::{CoinChoice, Fee, FeeLimit, FeePayer, Freeze, Leftover, Payment, Replacement, Request},
    review::Role,
};
use synthetic::Dice;

fn everything(script: bitcoin::ScriptBuf, rate: u64) -> Request {
    Request {
        payments: vec![Payment { script, quantity: Quantity::All }],
        memo: None,
        fee: Fee::Rate(FeeRate::from_sat_per_vb(rate)),
        fee_payer: FeePayer::Sender,
        fee_limit: FeeLimit::Standard,
        leftover: Leftover::Refuse,
        coins: CoinChoice::Automatic,
        replacement: Replacement::Signalled,
    }
}

#[test]
fn all_is_not_made_smaller_by_dust_that_somebody_sent() {
    let mut dice = Dice(1);
    let mut values = vec![400; 50];
    values.push(10_000_000);
    let wallet = synthetic::wallet(&mut dice, ScriptType::P2wpkh, &values);
    let to = synthetic::stranger(&mut dice);
    let made = plan(&everything(to, 50), &wallet, dice.bytes()).unwrap();
    assert_eq!(made.psbt.unsigned_tx.input.len(), 1, "at 50 sat/vB a coin of 400 sat costs 3,400 to spend");
    assert!(made.psbt.unsigned_tx.output[0].value.to_sat() > 9_990_000);
}

/// What leaves is what was asked for, beside what is too little for change; the recipient gets the rest.
#[test]
fn a_fee_taken_from_the_amount_makes_nothing_else_leave() {
    let (mut planned, mut refused) = (0, 0);
    for seed in 0..2_000 {
        let mut dice = Dice(seed);
        let values: Vec<u64> = (0..dice.between(1, 12)).map(|_| dice.spread(1_000, 5_000_000)).collect();
        let kind = ScriptType::ALL[dice.index(4)];
        let wallet = synthetic::wallet(&mut dice, kind, &values);
        let asked = values.iter().sum::<u64>() / 100 * dice.between(1, 100);
        let payment = Payment { script: synthetic::stranger(&mut dice), quantity: Quantity::Exact(Amount::sat(asked)) };
        let request = Request {
            payments: vec![payment],
            fee_payer: FeePayer::Recipient,
            fee_limit: FeeLimit::Absolute(u64::MAX),
            leftover: Leftover::ToMiner,
            ..everything(bitcoin::ScriptBuf::new(), dice.spread(1, 300))
        };
        let Ok(made) = plan(&request, &wallet, dice.bytes()) else {
            refused += 1;
            continue;
        };
        planned += 1;
        let ours = Ownership::new(vec![wallet.account.clone()]);
        let review = decode::review(&made, &ours).unwrap();
        let (paid, fee) = (review.paid.to_sat().unwrap(), review.fee.and_then(Amount::to_sat).unwrap());
        assert!(paid < asked && paid + fee >= asked, "{seed}: {asked} asked, {paid} paid, fee {fee}");
        // Beyond it only what no change output can hold.
        let beyond = paid + fee - asked;
        assert!(beyond == 0 || review.outputs.len() == 1 && beyond < 3_000, "{seed}: {beyond} beyond");
    }
    assert!(planned > 1_000, "{planned} planned, {refused} refused");
    let two = Payment { script: synthetic::stranger(&mut Dice(1)), quantity: Quantity::Exact(Amount::sat(9_000)) };
    let request = Request {
        payments: vec![two.clone(), two],
        fee_payer: FeePayer::Recipient,
        ..everything(bitcoin::ScriptBuf::new(), 2)
    };
    let wallet = synthetic::wallet(&mut Dice(1), ScriptType::P2wpkh, &[1_000_000]);
    assert_eq!(plan(&request, &wallet, [1; 32]).unwrap_err().entry().code, "bitcoin.bad_request");
}

#[test]
fn a_mixed_sweep_is_not_reckoned_too_small() {
    let mut dice = Dice(2);
    let account = synthetic::account(ScriptType::P2wpkh);
    let key =
        synthetic::account(ScriptType::P2pkh).derived(Keychain::Receive, 0).unwrap().single_key().unwrap().public_key;
    let mut coins = Vec::new();
    for kind in [ScriptType::P2pkh; 9].into_iter().chain([ScriptType::P2wpkh]) {
        let output = TxOut { value: bitcoin::Amount::from_sat(5_000_000), script_pubkey: kind.script(key) };
        let parent = synthetic::transaction(&mut dice, vec![output]);
        let outpoint = bitcoin::OutPoint { txid: parent.compute_txid(), vout: 0 };
        coins.push(KeyCoin { outpoint, parent, script_type: kind });
    }
    let request = SweepRequest {
        network: account.network,
        to: Destination::Own { account: Box::new(account.clone()), index: 0 },
        rate: FeeRate::from_sat_per_vb(10),
        fee_limit: FeeLimit::Standard,
    };
    let made = sweep(key, &coins, &request).unwrap();
    let destination = OwnAccount::searched(account, Search::from_start(STANDARD_GAP)).as_destination();
    let review = decode::review(&made, &Ownership::of_key(key).with(vec![destination])).unwrap();
    // Version, locktime and counts; one P2WPKH output; nine legacy inputs with their empty witnesses; one segwit input.
    let weight: u64 = 4 * (8 + 2 + 31) + 2 + 9 * (588 + 1) + 271;
    assert_eq!(review.vsize, weight.div_ceil(4));
    assert!(review.fee_rate.unwrap() >= FeeRate::from_sat_per_vb(10));
}

#[test]
fn accounts_of_several_kinds_can_share_a_path() {
    let mut dice = Dice(3);
    let wallet = synthetic::wallet(&mut dice, ScriptType::P2wpkh, &[1_000_000]);
    let to = synthetic::stranger(&mut dice);
    let made = plan(&everything(to, 2), &wallet, dice.bytes()).unwrap();
    let own = &wallet.account;
    let key = own.single_key().unwrap();
    let twin = Account::new(own.network, ScriptType::P2tr, key.fingerprint, key.origin.clone(), key.xpub).unwrap();
    for accounts in [vec![twin.clone(), own.clone()], vec![own.clone(), twin.clone()]] {
        let review = decode::review(&made, &Ownership::new(accounts)).unwrap();
        assert_eq!(review.outputs[0].role, Role::Pay);
        assert!(review.inputs[0].path.is_some());
    }
    assert!(decode::review(&made, &Ownership::new(vec![twin])).is_err(), "a claim that no account bears out is false");
}

/// Another program's signer: rust-bitcoin's own, which knows PSBTs and nothing of ours.
fn signed_by_another(psbt: &bitcoin::Psbt, master: &Xpriv) -> bitcoin::Psbt {
    let mut psbt = psbt.clone();
    psbt.sign(master, &Secp256k1::new()).map_err(|(_, errors)| errors).expect("signed");
    psbt
}

#[test]
fn a_psbt_that_was_signed_elsewhere_is_the_plan_or_refused() {
    let secp = Secp256k1::new();
    let master = Xpriv::new_master(Network::Regtest, &[7; 32]).unwrap();
    for kind in ScriptType::ALL {
        let origin: DerivationPath = format!("{}h/1h/0h", kind.purpose()).parse().unwrap();
        let xpub = Xpub::from_priv(&secp, &master.derive_priv(&secp, &origin).unwrap());
        let fingerprint = master.fingerprint(&secp);
        let account = Account::new(fastness::network::Network::Regtest, kind, fingerprint, origin, xpub).unwrap();
        let mut dice = Dice(3);
        let state = fastness::chain::bitcoin::CoinState::Confirmed(5);
        let coin = |index| {
            let script_pubkey = account.script(Keychain::Receive, index).unwrap();
            let mut parent = synthetic::wallet(&mut Dice(u64::from(index)), kind, &[1]).coins.remove(0).parent;
            parent.output = vec![TxOut { value: bitcoin::Amount::from_sat(70_000), script_pubkey }];
            let outpoint = bitcoin::OutPoint { txid: parent.compute_txid(), vout: 0 };
            Coin { outpoint, parent, keychain: Keychain::Receive, index, state, freeze: Freeze::Free }
        };
        let coins = (0..3).map(coin).collect();
        let snapshot = Snapshot { account: account.clone(), coins, tip_height: synthetic::TIP, next_change: 0 };
        let payment =
            Payment { script: synthetic::stranger(&mut dice), quantity: Quantity::Exact(Amount::sat(150_000)) };
        let request = Request { payments: vec![payment], ..everything(bitcoin::ScriptBuf::new(), 3) };
        let draft = Draft { plan: plan(&request, &snapshot, [1; 32]).unwrap(), context: DraftContext::default() };
        let ours = Ownership::new(vec![account]);
        let approved = flow::bitcoin::approve(&draft, &ours, |_| Ok(())).unwrap();
        let signed = signed_by_another(&draft.plan.psbt, &master);
        let answer = |psbt| flow::bitcoin::sign(&approved, &CarriedPsbt(psbt)).map_err(|failure| failure.entry().code);
        assert_eq!(answer(signed.clone()).map(|signed| signed.input_amounts), Ok(vec![70_000; 3]), "{kind:?}");
        let network = Some(fastness::network::Network::Regtest);
        let file = SignedFile::read(&signed.serialize(), network).unwrap();
        assert_eq!(file.signed.input_amounts, [70_000; 3], "{kind:?}: signatures are enough for a broadcast");
        let mut other = signed.clone();
        other.unsigned_tx.output[0].value += bitcoin::Amount::from_sat(1);
        assert_eq!(answer(other), Err("flow.review_changed"), "{kind:?}");
        let mut less = signed.clone();
        (less.inputs[1].partial_sigs, less.inputs[1].tap_key_sig) = Default::default();
        assert_eq!(answer(less), Err("bitcoin.contradiction"), "{kind:?}");
        let mut swapped = signed;
        let (first, second) = swapped.inputs.split_at_mut(1);
        std::mem::swap(&mut first[0].partial_sigs, &mut second[0].partial_sigs);
        std::mem::swap(&mut first[0].tap_key_sig, &mut second[0].tap_key_sig);
        assert!(answer(swapped).is_err(), "{kind:?}: signatures of another input");
    }
}

/// One key signs in several vaults: a plan of one that this home does not know is not ours, and no lie.
#[test]
fn a_key_that_signs_elsewhere_too_makes_nothing_ours_and_no_liar() {
    let secp = Secp256k1::new();
    let [a, b, c] = [1, 2, 3].map(|byte| {
        let master = Xpriv::new_master(Network::Regtest, &[byte; 32]).unwrap();
        let path: DerivationPath = "48h/1h/0h/2h".parse().unwrap();
        let xpub = Xpub::from_priv(&secp, &master.derive_priv(&secp, &path).unwrap());
        format!("[{}/48h/1h/0h/2h]{xpub}/<0;1>/*", master.fingerprint(&secp))
    });
    let vault = |other: &str| {
        let text = format!("wsh(sortedmulti(2,{a},{other}))");
        Account::parse(&text, synthetic::NETWORK, ScriptType::P2wpkh).unwrap()
    };
    let (known, unknown) = (vault(&b), vault(&c));
    let mut dice = Dice(9);
    let wallet = synthetic::wallet_of(&mut dice, unknown, &[1_000_000]);
    let to = synthetic::stranger(&mut dice);
    let request = Request {
        payments: vec![Payment { script: to, quantity: Quantity::Exact(Amount::sat(400_000)) }],
        ..everything(bitcoin::ScriptBuf::new(), 2)
    };
    let made = plan(&request, &wallet, dice.bytes()).unwrap();
    let examination = decode::examine(&made, &Ownership::new(vec![known]));
    let codes: Vec<_> = examination.problems.iter().map(|problem| problem.entry().code).collect();
    assert_eq!(codes, ["bitcoin.several_keys"]);
    assert!(examination.review.outputs.iter().all(|output| output.role == Role::Pay), "nothing of it is ours");
}

/// A transfer of 5 wei by the account of a key, and the same signed by another program.
fn evm_transfer(key: &k256::ecdsa::SigningKey, value: u64) -> (EvmDraft, Vec<u8>) {
    let chain = EvmChain::by_id(31_337).unwrap();
    let transaction = TxEip1559 {
        chain_id: 31_337,
        nonce: 7,
        gas_limit: 21_000,
        max_fee_per_gas: 2_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        to: TxKind::Call(Address::repeat_byte(0x22)),
        value: U256::from(value),
        ..TxEip1559::default()
    };
    let mut unsigned = Vec::new();
    transaction.encode_for_signing(&mut unsigned);
    let from = Address::from_public_key(key.verifying_key());
    let plan = evm::Plan { chain, from, unsigned, delegate: None };
    let (signature, parity) = key.sign_prehash_recoverable(transaction.signature_hash().as_slice()).unwrap();
    let signed = transaction.into_signed(Signature::from((signature, parity))).encoded_2718();
    (EvmDraft { plan, context: EvmContext::default() }, signed)
}

#[test]
fn a_transaction_that_was_signed_elsewhere_is_the_plan_or_refused() {
    let [key, other] = [7, 8].map(|byte| k256::ecdsa::SigningKey::from_slice(&[byte; 32]).unwrap());
    let (draft, signed) = evm_transfer(&key, 5);
    let ours = evm::Ownership {
        accounts: vec![EthereumAccount::watched(NetworkClass::Test, draft.plan.from)],
        ..evm::Ownership::default()
    };
    let approved = flow::ethereum::approve(&draft, &ours, |_| Ok(())).unwrap();
    let answer =
        |bytes| flow::ethereum::sign(&approved, &CarriedTransaction(bytes)).map_err(|failure| failure.entry().code);
    assert_eq!(answer(signed.clone()).map(|found| found.bytes), Ok(signed.clone()));
    assert_eq!(answer(evm_transfer(&key, 6).1), Err("flow.review_changed"), "another amount");
    assert_eq!(answer(evm_transfer(&other, 5).1), Err("flow.review_changed"), "another signer");
    assert!(answer(signed[..signed.len() - 1].to_vec()).is_err(), "cut short");
    assert!(answer(draft.plan.unsigned.clone()).is_err(), "not signed at all");
}
