//! What is called ours is found again: change where no search looks is a payment that has to be agreed to by name, and what is
//! called change is there for a wallet restored from its words. Key origins as other programs write them.

use std::{fs, str::FromStr};

use bitcoin::{
    Psbt, ScriptBuf,
    bip32::{ChildNumber, DerivationPath, Fingerprint, Xpub},
    secp256k1::Secp256k1,
};

use crate::harness::{Answer, Stage, WORDS, address_of, finish, program, sat};

/// A planned payment of 0.2 BTC as a PSBT, and the place of its change.
struct Planned {
    stage: Stage,
    psbt: Psbt,
    change: usize,
    account: Xpub,
}

impl Planned {
    fn new() -> Self {
        let stage = Stage::with_coins(&[50_000_000]);
        let account = stage.json(&["account", "export"])["xpub"].as_str().unwrap().parse().unwrap();
        stage.json(&["plan", &Stage::shop(), "0.2btc", "--fee-rate", "3", "-o", "pay.psbt", "--psbt"]);
        let psbt: Psbt = fs::read_to_string(stage.path("pay.psbt")).unwrap().trim().parse().unwrap();
        let change = psbt.outputs.iter().position(|output| !output.bip32_derivation.is_empty()).unwrap();
        Self { stage, psbt, change, account }
    }

    /// The same with its change at this place of the account, in a file; and the address of it.
    fn moved(&self, name: &str, (chain, index): (u32, u32)) -> (Psbt, String) {
        let path: DerivationPath = format!("{chain}/{index}").parse().unwrap();
        let key = self.account.derive_pub(&Secp256k1::new(), &path).unwrap().public_key;
        let mut psbt = self.psbt.clone();
        let script = ScriptBuf::new_p2wpkh(&bitcoin::CompressedPublicKey(key).wpubkey_hash());
        let (fingerprint, old) = psbt.outputs[self.change].bip32_derivation.values().next().unwrap().clone();
        let full: DerivationPath = old.into_iter().take(3).copied().chain(path.into_iter().copied()).collect();
        psbt.unsigned_tx.output[self.change].script_pubkey = script.clone();
        psbt.outputs[self.change].bip32_derivation = [(key, (fingerprint, full))].into();
        fs::write(self.stage.path(name), psbt.serialize()).unwrap();
        (psbt, address_of(&script))
    }

    fn sign(&self, file: &str, more: &[&str]) -> Answer {
        let password = self.stage.password();
        let shop = Stage::shop();
        let words = ["sign", file, "--yes", "--max-fee", "5000sat", "--expect-to", &shop, &password, "--json"];
        self.stage.run(&[words.as_slice(), more].concat())
    }

    /// Signs on a machine that has nothing but the keystore.
    fn sign_elsewhere(&self, file: &str, more: &[&str]) -> Answer {
        let home = self.stage.path("elsewhere");
        if !home.exists() {
            fs::create_dir_all(home.join("wallets")).unwrap();
            for folder in [&home, &home.join("wallets")] {
                fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
            }
            fs::copy(self.stage.path("home/wallets/main.keystore"), home.join("wallets/main.keystore")).unwrap();
        }
        let mut sign = program();
        sign.current_dir(self.stage.home.path()).arg("--home").arg(&home).args([
            "--network",
            "regtest",
            "sign",
            file,
            "--expect-to",
            &Stage::shop(),
        ]);
        sign.args(["--yes", "--max-fee", "5000sat", "--json", &self.stage.password()]).args(more);
        finish(sign)
    }
}

#[test]
fn change_that_a_search_would_miss_is_a_payment_and_a_stop() {
    let planned = Planned::new();
    let stage = &planned.stage;
    for (place, name) in [((1, 9_999), "far"), ((1, 20), "next"), ((0, 21), "receive")] {
        let (_, address) = planned.moved(name, place);
        assert_eq!(planned.sign(name, &[]).error_code(), "bitcoin.beyond_search", "{name}");
        let looked = stage.json(&["inspect", name]);
        let output = &looked["review"]["outputs"][planned.change];
        assert_eq!((&output["role"], &output["address"]), (&"pay".into(), &address.into()), "{looked}");
        assert!(output["beyond_search"].as_str().unwrap().ends_with(&format!("/{}/{}", place.0, place.1)));
        let page = stage.run(&["inspect", name]).stdout;
        assert!(page.contains("where no search looks") && !page.contains("re-derived"), "{page}");
        assert!(page.contains("--to-unusual") && !page.contains("nothing speaks against"), "{page}");
    }
    assert_eq!(planned.sign_elsewhere("far", &[]).error_code(), "bitcoin.beyond_search");
    let (_, address) = planned.moved("far", (1, 9_999));
    assert_eq!(planned.sign("far", &["--to-unusual", &Stage::shop()]).error_code(), "bitcoin.beyond_search");
    planned.sign("far", &["--to-unusual", &address, "--expect-to", &address, "-o", "far.signed"]).expect_code(0);

    // The last place that a search covers is change, is mined, and is there for a wallet restored from its words.
    planned.moved("last", (1, 19));
    planned.sign("last", &["-o", "last.signed"]).expect_code(0);
    assert_eq!(stage.json(&["broadcast", "last.signed"])["verdict"], "accepted");
    stage.mine(1);
    let fresh = stage.path("fresh");
    let restored = |arguments: &[&str]| {
        let mut command = program();
        command.current_dir(stage.home.path()).arg("--home").arg(&fresh).args(["--network", "regtest", "--explorer"]);
        command.arg(stage.server.url()).args(arguments).arg("--json");
        finish(command).expect_code(0).stdout.clone()
    };
    fs::write(stage.path("words"), WORDS).unwrap();
    restored(&["restore", "--wallet", "again", "--words-file", "words", "--yes", &stage.password()]);
    restored(&["sync", "--full"]);
    let balance: serde_json::Value = serde_json::from_str(&restored(&["balance"])).unwrap();
    assert_eq!(sat(&balance["data"]["accounts"][0]["confirmed"]), 50_000_000 - 20_000_000 - 459);
}

/// Change to another account of the same keys: only what a restored wallet searches counts.
#[test]
fn change_to_account_57_is_a_stop() {
    let planned = Planned::new();
    let stage = &planned.stage;
    stage.json(&["account", "add", "--number", "57", &stage.password()]);
    let rows = stage.json(&["account", "list"])["accounts"].clone();
    let other = rows.as_array().unwrap().iter().find(|row| row["path"] == "m/84'/1'/57'").unwrap().clone();
    let xpub = Xpub::from_str(other["xpub"].as_str().unwrap()).unwrap();
    let key = xpub.derive_pub(&Secp256k1::new(), &[ChildNumber::from(1), ChildNumber::from(0)]).unwrap().public_key;
    let mut psbt = planned.psbt.clone();
    let script = ScriptBuf::new_p2wpkh(&bitcoin::CompressedPublicKey(key).wpubkey_hash());
    let fingerprint: Fingerprint = other["fingerprint"].as_str().unwrap().parse().unwrap();
    psbt.unsigned_tx.output[planned.change].script_pubkey = script;
    let path: DerivationPath = "84'/1'/57'/1/0".parse().unwrap();
    psbt.outputs[planned.change].bip32_derivation = [(key, (fingerprint, path))].into();
    fs::write(stage.path("57"), psbt.serialize()).unwrap();
    assert_eq!(planned.sign("57", &[]).error_code(), "bitcoin.beyond_search");
    assert_eq!(planned.sign_elsewhere("57", &[]).error_code(), "bitcoin.beyond_search");
}

/// As a watch-only wallet without an origin writes it: the account key's fingerprint and the path below it, or eight zeros.
#[test]
fn origins_relative_to_the_account_key_are_derived_too() {
    let planned = Planned::new();
    let (key, unknown) = (planned.account.fingerprint(), Fingerprint::default());
    // The name, the fingerprint, and how many levels of the path from the master are left out.
    let forms = [("key", key, 3), ("zeros", unknown, 3), ("zeros-whole", unknown, 0)];
    let mut ids = Vec::new();
    for (name, fingerprint, left_out) in forms {
        let mut psbt = planned.psbt.clone();
        let maps = psbt.inputs.iter_mut().map(|map| &mut map.bip32_derivation);
        for source in
            maps.chain(psbt.outputs.iter_mut().map(|map| &mut map.bip32_derivation)).flat_map(|m| m.values_mut())
        {
            let path: DerivationPath = source.1.into_iter().skip(left_out).copied().collect();
            *source = (fingerprint, path);
        }
        fs::write(planned.stage.path(name), psbt.serialize()).unwrap();
        for answer in [planned.sign(name, &[]), planned.sign_elsewhere(name, &[])] {
            answer.expect_code(0);
            let document: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
            assert_eq!(document["data"]["review"]["outputs"][planned.change]["role"], "change", "{name}");
            ids.push(document["data"]["id"].clone());
        }
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}
