//! Two machines: one with the network and no key, one with nothing but the keystore. And other wallets' PSBTs, in and out.

use std::fs;

use crate::harness::{Stage, finish, program, sat};

#[test]
fn plan_here_sign_there_broadcast_here() {
    let stage = Stage::with_coins(&[50_000_000]);
    stage.json(&["plan", &Stage::shop(), "0.2btc", "--fee-rate", "3", "-o", "pay.draft"]);
    assert_eq!(
        stage.run(&["plan", &Stage::shop(), "0.2btc", "--fee-rate", "3", "-o", "pay.draft", "--json"]).error_code(),
        "store.exists"
    );

    // The other machine: a home with the wallet file alone.
    let offline = stage.path("offline");
    fs::create_dir_all(offline.join("wallets")).unwrap();
    for folder in [&offline, &offline.join("wallets")] {
        fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    }
    fs::copy(stage.path("home/wallets/main.keystore"), offline.join("wallets/main.keystore")).unwrap();
    let inspected = stage.json(&["inspect", "pay.draft"]);
    assert_eq!(inspected["may_be_signed"], true);
    let digest = inspected["review"]["digest"].as_str().unwrap();

    let mut look = program();
    look.current_dir(stage.home.path()).arg("--home").arg(&offline).args(["inspect", "pay.draft"]);
    let looked = finish(look);
    assert!(looked.stdout.contains("cannot tell here"), "{looked:?}");

    let mut sign = program();
    sign.current_dir(stage.home.path()).arg("--home").arg(&offline);
    sign.args(["sign", "pay.draft", "-o", "pay.signed", "--json", "--approve", digest, &stage.password()]);
    let signed = finish(sign);
    signed.expect_code(0);
    assert!(
        signed.stdout.contains("\"role\": \"change\""),
        "change is recognised from the keys alone: {}",
        signed.stdout
    );

    let sent = stage.json(&["broadcast", "pay.signed"]);
    assert_eq!(sent["verdict"], "accepted");
    assert_eq!(stage.json(&["broadcast", "pay.signed"])["verdict"], "accepted", "the same bytes again are no error");
    stage.mine(1);
    assert_eq!(stage.chain_balance(&Stage::shop()), 20_000_000);
}

#[test]
fn other_wallets_psbts_in_and_out() {
    let stage = Stage::with_coins(&[50_000_000]);
    stage.json(&["plan", &Stage::shop(), "0.2btc", "--fee-rate", "3", "-o", "pay.psbt", "--psbt"]);
    let text = fs::read_to_string(stage.path("pay.psbt")).unwrap();
    assert!(text.starts_with("cHNidP8"), "{text}");
    // The same PSBT in binary.
    let psbt: bitcoin::Psbt = text.trim().parse().unwrap();
    fs::write(stage.path("binary.psbt"), psbt.serialize()).unwrap();
    let password = stage.password();
    let signed = stage.json(&[
        "sign",
        "binary.psbt",
        "--psbt",
        "-o",
        "signed.psbt",
        "--yes",
        "--expect-to",
        &Stage::shop(),
        &password,
    ]);
    let finalized: bitcoin::Psbt = fs::read_to_string(stage.path("signed.psbt")).unwrap().trim().parse().unwrap();
    assert_eq!(finalized.extract_tx().unwrap().compute_txid().to_string(), signed["id"].as_str().unwrap());
    assert_eq!(stage.json(&["broadcast", "signed.psbt"])["verdict"], "accepted");
}

#[test]
fn a_draft_that_lies_is_refused_with_its_reason() {
    let stage = Stage::with_coins(&[50_000_000]);
    stage.json(&["plan", &Stage::shop(), "0.2btc", "--fee-rate", "3", "-o", "pay.psbt", "--psbt"]);
    let honest: bitcoin::Psbt = fs::read_to_string(stage.path("pay.psbt")).unwrap().trim().parse().unwrap();
    let refused = |name: &str, psbt: &bitcoin::Psbt| {
        fs::write(stage.path(name), psbt.serialize()).unwrap();
        let answer = stage.run(&["sign", name, "--yes", "--max-fee", "100000000sat", &stage.password(), "--json"]);
        assert_ne!(answer.code, 0);
        assert!(!stage.run(&["inspect", name]).stdout.contains("nothing speaks against"));
        answer.error_code()
    };
    // The payee's output claims our change path.
    let mut fake_change = honest.clone();
    let change = fake_change.outputs.iter().position(|output| !output.bip32_derivation.is_empty()).unwrap();
    fake_change.outputs[1 - change].bip32_derivation = fake_change.outputs[change].bip32_derivation.clone();
    assert_eq!(refused("fake-change", &fake_change), "bitcoin.false_ownership");
    // The amount is claimed, not proven.
    let mut no_parent = honest.clone();
    no_parent.inputs[0].non_witness_utxo = None;
    assert_eq!(refused("no-parent", &no_parent), "bitcoin.contradiction");
    let mut wrong_amount = honest.clone();
    wrong_amount.inputs[0].witness_utxo.as_mut().unwrap().value = bitcoin::Amount::from_sat(90_000_000);
    assert_eq!(refused("wrong-amount", &wrong_amount), "bitcoin.contradiction");
    // Only its own output would be signed.
    let mut single = honest.clone();
    single.inputs[0].sighash_type = Some(bitcoin::EcdsaSighashType::SinglePlusAnyoneCanPay.into());
    assert_eq!(refused("single", &single), "bitcoin.sighash");
    // Not ours.
    let mut foreign = honest;
    foreign.inputs[0].bip32_derivation.clear();
    assert_eq!(refused("foreign", &foreign), "bitcoin.foreign_input");
}

#[test]
fn a_passphrase_wallet_is_recognised_by_its_fingerprint() {
    let stage = Stage::new();
    fs::write(stage.path("words"), crate::harness::WORDS).unwrap();
    fs::write(stage.path("passphrase"), "correct horse\n").unwrap();
    let shell = |script: &str| {
        let mut command = std::process::Command::new("sh");
        let program = env!("CARGO_BIN_EXE_fastness");
        let options =
            format!("--home {} --network regtest --explorer {}", stage.path("home").display(), stage.server.url());
        command
            .current_dir(stage.home.path())
            .args(["-c", &script.replace("FASTNESS", &format!("{program} {options}"))]);
        command
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        finish(command)
    };
    shell("FASTNESS restore --wallet deep --words-file words --password-file password --passphrase --passphrase-fd 3 --yes 3<passphrase").expect_code(0);
    let address = stage.json(&["receive"])["address"].as_str().unwrap().to_owned();
    stage.fund(&address, 10_000_000);
    stage.json(&["sync"]);
    let pay = format!(
        "FASTNESS send {} 0.01btc --fee-rate 1 --yes --max-fee 1000sat --password-file password --json",
        Stage::shop()
    );
    fs::write(stage.path("wrong"), "Correct horse\n").unwrap();
    let wrong = shell(&format!("{pay} --passphrase-fd 3 3<wrong"));
    wrong.expect_code(6);
    assert_eq!(wrong.error_code(), "keystore.wrong_passphrase");
    shell(&format!("{pay} --passphrase-fd 3 3<passphrase")).expect_code(0);
    stage.mine(1);
    assert_eq!(stage.chain_balance(&Stage::shop()), 1_000_000);
    assert_eq!(sat(&stage.json(&["balance", "--sync"])["accounts"][0]["confirmed"]), 10_000_000 - 1_000_000 - 153);
}

/// What was damaged on its way here is found out before a byte of it leaves, wherever the ledger knows what it spends.
#[test]
fn a_signed_file_with_a_damaged_signature_is_not_sent() {
    let stage = Stage::with_coins(&[50_000_000]);
    stage.json(&["plan", &Stage::shop(), "0.2btc", "--fee-rate", "3", "-o", "pay.draft"]);
    stage
        .run(&[
            "sign",
            "pay.draft",
            "-o",
            "pay.hex",
            "--raw",
            "--yes",
            "--max-fee=5000sat",
            "--expect-to",
            &Stage::shop(),
            &stage.password(),
        ])
        .expect_code(0);
    let raw = fs::read_to_string(stage.path("pay.hex")).unwrap();
    let bytes = <Vec<u8> as hex::FromHex>::from_hex(raw.trim()).unwrap();
    let mut transaction: bitcoin::Transaction = bitcoin::consensus::deserialize(&bytes).unwrap();
    let mut items = transaction.input[0].witness.to_vec();
    let middle = items[0].len() / 2;
    items[0][middle] ^= 1;
    transaction.input[0].witness = bitcoin::Witness::from_slice(&items);
    fs::write(stage.path("damaged.hex"), bitcoin::consensus::encode::serialize_hex(&transaction)).unwrap();
    let refused = stage.run(&["broadcast", "damaged.hex", "--json"]);
    assert_eq!(refused.error_code(), "flow.not_signed", "{refused:#?}");
    stage.mine(1);
    assert_eq!(stage.chain_balance(&Stage::shop()), 0);
    stage.json(&["broadcast", "pay.hex"]);
    stage.mine(1);
    assert_eq!(stage.chain_balance(&Stage::shop()), 20_000_000, "and what is whole is sent");
}
