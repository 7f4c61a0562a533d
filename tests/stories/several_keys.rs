//! Accounts of several keys, watch-only: added by their descriptor, paid, seen, planned into a PSBT that their cosigners sign with
//! another program, and sent.

use std::fs;

use bitcoin::{
    NetworkKind, Psbt,
    bip32::{DerivationPath, Xpriv, Xpub},
    secp256k1::Secp256k1,
};
use fastness::chain::bitcoin::sign::{finished, with_signatures};
use miniscript::{Descriptor, DescriptorPublicKey};

use crate::harness::{Stage, sat};

/// The point that nobody knows a private key of (BIP-341).
const UNSPENDABLE: &str = "50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0";

fn masters() -> [Xpriv; 3] {
    [1, 2, 3].map(|byte| Xpriv::new_master(NetworkKind::Test, &[byte; 32]).unwrap())
}

/// The keys as a descriptor has them.
fn keys() -> [String; 3] {
    let (secp, path) = (Secp256k1::new(), "48h/1h/0h/2h".parse::<DerivationPath>().unwrap());
    masters().map(|master| {
        let account = Xpub::from_priv(&secp, &master.derive_priv(&secp, &path).unwrap());
        format!("[{}/48h/1h/0h/2h]{account}/<0;1>/*", master.fingerprint(&secp))
    })
}

/// The address of a place as miniscript derives it.
fn derived(descriptor: &str, chain: usize, index: u32) -> String {
    let chains = descriptor.parse::<Descriptor<DescriptorPublicKey>>().unwrap().into_single_descriptors().unwrap();
    chains[chain].at_derivation_index(index).unwrap().address(bitcoin::Network::Regtest).unwrap().to_string()
}

/// A wallet that watches a descriptor, with one coin.
fn vault(descriptor: &str) -> Stage {
    let stage = Stage::new();
    let account = stage.json(&["account", "add", "--wallet", "vault", "--descriptor", descriptor]);
    assert!(account["watch_only"] == true && account["xpub"].is_null(), "{account}");
    assert_eq!(account["first_address"], derived(descriptor, 0, 0));
    for index in 0..2 {
        let received = stage.json(&["receive", "--new"]);
        assert_eq!(received["address"], derived(descriptor, 0, index));
    }
    stage.fund(&derived(descriptor, 0, 1), 50_000_000);
    stage.json(&["sync"]);
    assert_eq!(stage.confirmed(), 50_000_000);
    stage
}

/// The bare PSBT of a payment to the shop.
fn planned(stage: &Stage) -> Psbt {
    let planned = stage.json(&["plan", &Stage::shop(), "0.2btc", "--fee-rate", "3", "-o", "pay.psbt", "--psbt"]);
    let vsize = planned["review"]["vsize"].as_u64().unwrap();
    assert_eq!(sat(&planned["review"]["fee"]), vsize * 3, "the fee is that of the size it says");
    fs::read_to_string(stage.path("pay.psbt")).unwrap().trim().parse().unwrap()
}

/// What the cosigners with these numbers make of it; none if they do not suffice.
fn cosigned(psbt: &Psbt, signers: &[usize]) -> Option<Psbt> {
    let (secp, masters, mut given) = (Secp256k1::new(), masters(), psbt.clone());
    for signer in signers {
        let _ = given.sign(&masters[*signer], &secp);
    }
    with_signatures(psbt, given).ok()
}

/// The whole story of one descriptor and of the keys that sign.
fn pays(descriptor: &str, signers: &[usize], too_few: &[usize]) {
    let stage = vault(descriptor);
    let inspected_change = derived(descriptor, 1, 0);
    let psbt = planned(&stage);
    let inspected = stage.json(&["inspect", "pay.psbt"]);
    assert_eq!(inspected["may_be_signed"], true, "{descriptor}: {inspected}");
    let outputs = inspected["review"]["outputs"].as_array().unwrap();
    let change = outputs.iter().find(|output| output["role"] == "change").unwrap();
    assert_eq!(change["address"], inspected_change);
    assert!(cosigned(&psbt, too_few).is_none(), "{descriptor}");
    let done = cosigned(&psbt, signers).unwrap();
    let (transaction, _) = finished(&done).unwrap();
    let said = inspected["review"]["vsize"].as_u64().unwrap();
    assert!(transaction.vsize() as u64 <= said, "{} vbytes, said to be {said}: {descriptor}", transaction.vsize());
    fs::write(stage.path("signed.psbt"), done.serialize()).unwrap();
    assert_eq!(stage.json(&["broadcast", "signed.psbt"])["verdict"], "accepted", "{descriptor}");
    stage.mine(1);
    stage.json(&["sync"]);
    assert_eq!(stage.chain_balance(&Stage::shop()), 20_000_000);
    let fee = sat(&inspected["review"]["fee"]);
    assert_eq!(stage.confirmed(), 50_000_000 - 20_000_000 - fee, "{descriptor}");
    let history = stage.json(&["history"]);
    assert!(history.to_string().contains(&transaction.compute_txid().to_string()));
}

#[test]
fn a_multisig_is_watched_planned_signed_elsewhere_and_sent() {
    let [a, b, c] = keys();
    let multisig = format!("sortedmulti(2,{a},{b},{c})");
    for form in [format!("wsh({multisig})"), format!("sh(wsh({multisig}))"), format!("sh({multisig})")] {
        pays(&form, &[2, 0], &[1]);
    }
}

#[test]
fn conditions_of_miniscript_and_taproot_scripts_too() {
    let [a, b, c] = keys();
    pays(&format!("wsh(or_d(pk({a}),and_v(v:pkh({b}),older(1000))))"), &[0], &[1, 2]);
    pays(&format!("tr({a},and_v(v:pk({b}),older(1000)))"), &[0], &[1]);
    // A key whose addresses have one chain for both (BIP-389).
    pays(&format!("wsh(multi(2,{a},{}))", b.replace("<0;1>", "7")), &[0, 1], &[1]);
    pays(&format!("tr({UNSPENDABLE},{{multi_a(2,{a},{b},{c}),pk({c})}})"), &[0, 1], &[1]);
}

/// Where every path is locked, the plan has the lock in it.
#[test]
fn a_lock_that_every_path_needs_is_in_the_plan() {
    let [a, b, _] = keys();
    let stage = vault(&format!("wsh(and_v(v:pk({a}),older(10)))"));
    let refused = stage.run(&["plan", &Stage::shop(), "0.2btc", "--fee-rate", "3", "--json"]);
    assert_eq!(refused.error_code(), "bitcoin.insufficient_funds", "its coin is too young");
    assert!(refused.stdout.contains("locked"), "{}", refused.stdout);
    stage.mine(10);
    stage.json(&["sync"]);
    let psbt = planned(&stage);
    assert_eq!(psbt.unsigned_tx.input[0].sequence.to_consensus_u32(), 10);
    let done = cosigned(&psbt, &[0]).unwrap();
    fs::write(stage.path("signed.psbt"), done.serialize()).unwrap();
    assert_eq!(stage.json(&["broadcast", "signed.psbt"])["verdict"], "accepted");

    let stage = vault(&format!("wsh(and_v(v:pkh({b}),after(150)))"));
    let psbt = planned(&stage);
    assert_eq!(psbt.unsigned_tx.lock_time.to_consensus_u32(), 150);
}

/// A descriptor that would lose or leak money is refused with its reason.
#[test]
fn what_is_no_account_is_refused_by_name() {
    let [a, b, _] = keys();
    let stage = Stage::new();
    let add = |descriptor: &str| {
        let answer = stage.run(&["account", "add", "--wallet", "vault", "--descriptor", descriptor, "--json"]);
        (answer.error_code(), answer.stdout)
    };
    for (descriptor, code, reason) in [
        (format!("wsh(sortedmulti(1,{a},{a}))"), "account.unsupported", "safe"),
        (format!("wsh(and_v(v:pk({a}),older(0)))"), "account.not_an_account", "read"),
        (format!("wsh(or_i(pk({a}),older(10)))"), "account.unsupported", "safe"),
        (format!("wsh(sortedmulti(3,{a},{b}))"), "account.not_an_account", "read"),
        (
            format!("wsh(multi(2,{},{}))", a.replace("<0;1>", "<0;1;2>"), b.replace("<0;1>", "<0;1;2>")),
            "account.unsupported",
            "chains",
        ),
        (format!("wsh(multi(2,{},{}))", a.replace("/*", "/*h"), b), "account.unsupported", "private key"),
        (
            format!("wsh(multi(2,{},{}))", a.replace("<0;1>", "3"), b.replace("<0;1>", "4")),
            "account.unsupported",
            "chain",
        ),
    ] {
        let (found, said) = add(&descriptor);
        assert!(found == code && said.contains(reason), "{descriptor}: {said}");
    }
    // A chain alone is widened, and that is said.
    let added = stage.run(&[
        "account",
        "add",
        "--wallet",
        "vault",
        "--json",
        "--descriptor",
        &format!("wsh(multi(2,{},{}))", a.replace("<0;1>", "0"), b.replace("<0;1>", "0")),
    ]);
    added.expect_code(0);
    assert!(added.stdout.contains("change_added"), "{}", added.stdout);
    let twice = add(&format!("wsh(multi(2,{a},{b}))"));
    assert_eq!(twice.0, "ledger.account_exists");
}
