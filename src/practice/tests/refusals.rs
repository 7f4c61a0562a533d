//! Every refusal, in Bitcoin Core's words.

use bitcoin::{
    Amount, OutPoint, ScriptBuf, Sequence, TxOut, Txid, Witness,
    hashes::Hash as _,
    opcodes::{
        OP_TRUE,
        all::{OP_CHECKMULTISIG, OP_PUSHNUM_1, OP_PUSHNUM_3, OP_RETURN},
    },
    script::{Builder, PushBytesBuf},
    transaction::Version,
};

use super::{address, fund, funded, keyless, output_of, refusal, spend};
use crate::{
    amount::FeeRate,
    practice::{Policy, PracticeChain},
};

fn data(bytes: usize) -> TxOut {
    let push = PushBytesBuf::try_from(vec![1u8; bytes]).expect("short");
    TxOut { value: Amount::ZERO, script_pubkey: Builder::new().push_opcode(OP_RETURN).push_slice(push).into_script() }
}

#[test]
fn accepts_a_spend_and_says_so_again() {
    let (mut chain, coins) = funded(1, 100_000);
    let payment = spend(&coins, &[(2, 99_000)]);
    let txid = payment.compute_txid();
    let accepted = chain.check(&payment).expect("fine");
    assert_eq!((accepted.fee, accepted.vsize), (1_000, payment.vsize() as u64));
    assert_eq!(chain.submit(payment.clone()), Ok(txid));
    assert_eq!(chain.submit(payment.clone()), Ok(txid));
    assert_eq!(chain.check(&payment).expect_err("known").rpc_text(), "RPC error -26: txn-already-in-mempool");
    assert_eq!(chain.balance(&address(2)), 99_000);
    assert_eq!(chain.confirmations(&txid), Some(0));
}

#[test]
fn refuses_another_witness_for_what_waits() {
    let (mut chain, coins) = funded(1, 100_000);
    let payment = spend(&coins, &[(2, 99_000)]);
    chain.submit(payment.clone()).expect("fine");
    let mut twin = payment;
    twin.input[0].witness = Witness::from_slice(&[&[8u8][..], keyless(1).as_bytes()]);
    let text = chain.check(&twin).expect_err("same id").rpc_text();
    assert_eq!(text, "RPC error -26: txn-same-nonwitness-data-in-mempool");
}

#[test]
fn refuses_what_is_confirmed_or_lost() {
    let (mut chain, coins) = funded(1, 100_000);
    let payment = spend(&coins, &[(1, 99_000)]);
    chain.submit(payment.clone()).expect("fine");
    chain.mine(1, None).expect("mined");
    assert_eq!(chain.check(&payment).expect_err("known").rpc_text(), "RPC error -26: txn-already-known");
    assert_eq!(refusal(&mut chain, payment.clone()), "RPC error -27: Transaction outputs already in utxo set");
    chain.submit(spend(&[output_of(&payment, 0)], &[(2, 98_000)])).expect("fine");
    chain.mine(1, None).expect("mined");
    assert_eq!(refusal(&mut chain, payment), "RPC error -25: bad-txns-inputs-missingorspent");
    let stranger = OutPoint { txid: Txid::all_zeros(), vout: 0 };
    let orphan = spend(&[stranger], &[(2, 1_000)]);
    assert_eq!(refusal(&mut chain, orphan), "RPC error -25: bad-txns-inputs-missingorspent");
}

#[test]
fn refuses_impossible_shapes() {
    let (mut chain, coins) = funded(1, 100_000);
    let good = spend(&coins, &[(2, 99_000)]);
    let mut says = |change: &dyn Fn(&mut bitcoin::Transaction)| {
        let mut bad = good.clone();
        change(&mut bad);
        refusal(&mut chain, bad)
    };
    assert_eq!(says(&|it| it.input.clear()), "RPC error -26: bad-txns-vin-empty");
    assert_eq!(says(&|it| it.output.clear()), "RPC error -26: bad-txns-vout-empty");
    assert_eq!(says(&|it| it.output[0] = data(1_000_000)), "RPC error -26: bad-txns-oversize");
    let most = Amount::MAX_MONEY;
    assert_eq!(says(&|it| it.output[0].value = most + Amount::from_sat(1)), "RPC error -26: bad-txns-vout-toolarge");
    let twice = |it: &mut bitcoin::Transaction| it.output = vec![TxOut { value: most, ..it.output[0].clone() }; 2];
    assert_eq!(says(&twice), "RPC error -26: bad-txns-txouttotal-toolarge");
    assert_eq!(says(&|it| it.input.push(it.input[0].clone())), "RPC error -26: bad-txns-inputs-duplicate");
    assert_eq!(says(&|it| it.input[0].previous_output = OutPoint::null()), "RPC error -26: coinbase");
    let nothing = |it: &mut bitcoin::Transaction| {
        it.input.push(it.input[0].clone());
        it.input[1].previous_output = OutPoint::null();
    };
    assert_eq!(says(&nothing), "RPC error -26: bad-txns-prevout-null");
    assert_eq!(
        says(&|it| it.output[0].value = Amount::from_sat(100_001)),
        "RPC error -26: bad-txns-in-belowout, value in (0.001) < value out (0.00100001)"
    );
}

#[test]
fn refuses_what_is_not_standard() {
    let (mut chain, coins) = funded(1, 10_000_000);
    let good = spend(&coins, &[(2, 5_000_000)]);
    let mut says = |change: &dyn Fn(&mut bitcoin::Transaction)| {
        let mut bad = good.clone();
        change(&mut bad);
        refusal(&mut chain, bad)
    };
    for version in [0, 4, -1] {
        assert_eq!(says(&|it| it.version = Version(version)), "RPC error -26: version");
    }
    assert_eq!(says(&|it| it.output = vec![it.output[0].clone(); 3_000]), "RPC error -26: tx-size");
    let pushes = ScriptBuf::from_bytes([0x01, 0x01].repeat(900));
    assert_eq!(says(&|it| it.input[0].script_sig = pushes.clone()), "RPC error -26: scriptsig-size");
    let operation = Builder::new().push_opcode(OP_RETURN).into_script();
    assert_eq!(says(&|it| it.input[0].script_sig = operation.clone()), "RPC error -26: scriptsig-not-pushonly");
    let bare = Builder::new().push_opcode(OP_TRUE).into_script();
    assert_eq!(says(&|it| it.output[0].script_pubkey = bare.clone()), "RPC error -26: scriptpubkey");
    assert_eq!(says(&|it| it.output.extend([data(20), data(20)])), "RPC error -26: multi-op-return");
    let small = TxOut { value: Amount::from_sat(329), script_pubkey: address(3) };
    assert_eq!(says(&|it| it.output.extend([small.clone(), small.clone()])), "RPC error -26: dust");
    assert_eq!(says(&|it| it.output.push(small.clone())), "RPC error -26: dust, tx with dust output must be 0-fee");
    assert_eq!(
        says(&|it| it.output = vec![TxOut { script_pubkey: operation.clone(), value: Amount::ZERO }]),
        "RPC error -26: tx-size-small"
    );
    let enough = TxOut { value: Amount::from_sat(330), script_pubkey: address(3) };
    let mut fine = good.clone();
    fine.output.extend([enough, data(500)]);
    chain.set_policy(Policy { max_data: 83, ..Policy::default() });
    assert_eq!(refusal(&mut chain, fine.clone()), "RPC error -26: datacarrier");
    chain.set_policy(Policy::default());
    assert!(chain.submit(fine).is_ok());
}

#[test]
fn refuses_too_many_signature_operations() {
    let (mut chain, coins) = funded(1, 100_000_000);
    let multisig = Builder::new()
        .push_opcode(OP_PUSHNUM_1)
        .push_slice([2; 33])
        .push_slice([3; 33])
        .push_slice([2; 33])
        .push_opcode(OP_PUSHNUM_3)
        .push_opcode(OP_CHECKMULTISIG)
        .into_script();
    let mut greedy = spend(&coins, &[]);
    greedy.output = vec![TxOut { value: Amount::from_sat(10_000), script_pubkey: multisig }; 201];
    assert_eq!(refusal(&mut chain, greedy), "RPC error -26: bad-txns-too-many-sigops, 16080");
}

#[test]
fn refuses_strange_inputs_and_witnesses() {
    let (mut chain, coins) = funded(1, 100_000);
    let bare = Builder::new().push_opcode(OP_TRUE).into_script();
    let block = chain.mine(1, Some(bare)).expect("mined")[0];
    let coinbase = chain.block(chain.tip().0).filter(|it| it.block_hash() == block).expect("there").txdata[0].clone();
    chain.mine(99, None).expect("mined");
    let strange = spend(&[output_of(&coinbase, 0)], &[(2, 10_000)]);
    assert_eq!(refusal(&mut chain, strange), "RPC error -26: bad-txns-nonstandard-inputs");
    let mut fat = spend(&coins, &[(2, 90_000)]);
    fat.input[0].witness = Witness::from_slice(&[&[1u8; 81][..], keyless(1).as_bytes()]);
    assert_eq!(refusal(&mut chain, fat), "RPC error -26: bad-witness-nonstandard");
}

#[test]
fn refuses_young_coinbases() {
    let mut chain = PracticeChain::in_memory();
    chain.mine(1, Some(address(1))).expect("mined");
    let coinbase = chain.block(1).expect("there").txdata[0].clone();
    chain.mine(98, None).expect("mined");
    let early = spend(&[output_of(&coinbase, 0)], &[(2, 10_000_000)]);
    let early = {
        let mut it = early;
        it.output[0].value = Amount::from_sat(4_999_990_000);
        it
    };
    assert_eq!(
        refusal(&mut chain, early.clone()),
        "RPC error -26: bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth 99"
    );
    chain.mine(1, None).expect("mined");
    assert!(chain.submit(early).is_ok());
}

#[test]
fn refuses_fees_too_low_or_too_high() {
    let (mut chain, coins) = funded(1, 100_000_000);
    let free = spend(&coins, &[(2, 100_000_000)]);
    let vsize = free.vsize() as u64;
    assert_eq!(refusal(&mut chain, free), format!("RPC error -26: min relay fee not met, 0 < {vsize}"));
    let short = spend(&coins, &[(2, 100_000_001 - vsize)]);
    assert_eq!(refusal(&mut chain, short), format!("RPC error -26: min relay fee not met, {} < {vsize}", vsize - 1));
    let mad = spend(&coins, &[(2, 1_000_000)]);
    assert_eq!(
        refusal(&mut chain, mad),
        "RPC error -25: Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)"
    );
    chain.set_policy(Policy { mempool_min: FeeRate::from_sat_per_vb(3), ..Policy::default() });
    let below = spend(&coins, &[(2, 100_000_000 - 2 * vsize)]);
    assert_eq!(
        refusal(&mut chain, below),
        format!("RPC error -26: mempool min fee not met, {} < {}", 2 * vsize, 3 * vsize)
    );
    chain.set_policy(Policy { min_relay: FeeRate { sat_per_kvb: 100 }, ..Policy::default() });
    assert!(chain.submit(spend(&coins, &[(2, 100_000_000 - vsize.div_ceil(10))])).is_ok());
}

#[test]
fn refuses_burning_coins() {
    let (mut chain, coins) = funded(1, 100_000);
    let mut burn = spend(&coins, &[(2, 50_000)]);
    burn.output.push(TxOut { value: Amount::from_sat(1), ..data(4) });
    assert_eq!(
        refusal(&mut chain, burn),
        "RPC error -25: Unspendable output exceeds maximum configured by user (maxburnamount)"
    );
}

#[test]
fn refuses_long_families_and_a_full_mempool() {
    let (mut chain, coins) = funded(1, 1_000_000);
    let mut coin = coins[0];
    for turn in 1..=64u64 {
        let link = spend(&[coin], &[(1, 1_000_000 - turn * 1_000)]);
        coin = output_of(&link, 0);
        chain.submit(link).expect("64 fit");
    }
    let one_more = spend(&[coin], &[(1, 900_000)]);
    assert_eq!(refusal(&mut chain, one_more), "RPC error -26: too-large-cluster");
    let (mut small, coins) = funded(2, 100_000);
    small.set_policy(Policy { capacity: 1, ..Policy::default() });
    small.submit(spend(&coins[..1], &[(2, 99_000)])).expect("room for one");
    assert_eq!(refusal(&mut small, spend(&coins[1..], &[(2, 99_000)])), "RPC error -26: mempool full");
}

#[test]
fn refuses_scripts_that_do_not_hold() {
    let (mut chain, coins) = funded(1, 100_000);
    let mut wrong = spend(&coins, &[(2, 99_000)]);
    wrong.input[0].witness = Witness::from_slice(&[&[7u8][..], keyless(5).as_bytes()]);
    let expected = format!(
        "RPC error -26: mempool-script-verify-flag-failed (unknown error), input 0 of {} (wtxid {}), spending {}",
        wrong.compute_txid(),
        wrong.compute_wtxid(),
        coins[0]
    );
    assert_eq!(refusal(&mut chain, wrong), expected);
}

#[test]
fn sequences_of_refused_transactions_leave_no_trace() {
    let (mut chain, coins) = funded(1, 100_000);
    let mut bad = spend(&coins, &[(2, 99_000)]);
    bad.input[0].sequence = Sequence::from_height(500);
    let _ = refusal(&mut chain, bad);
    assert!(chain.mempool_txids().is_empty());
    assert_eq!(fund(&mut chain, 1, 5_000).len(), 1);
}
