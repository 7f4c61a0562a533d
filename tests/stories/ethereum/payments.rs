//! Paying on an EVM chain: coins and tokens, everything, bumped, cancelled, delegated; and what is said afterwards.

use serde_json::json;

use super::node::{Anvil, ETHER, EvmStage, OURS, SHOP, word};

#[test]
fn a_payment_from_plan_to_confirmation() {
    let stage = EvmStage::new();
    let before = stage.anvil.balance(SHOP);
    let planned = stage.json(&["plan", SHOP, "1.5eth"]);
    assert_eq!(planned["review"]["action"], format!("Send 1.5 ETH to {SHOP}"));
    assert_eq!((&planned["review"]["nonce"], &planned["review"]["fee"]["gas_limit"]), (&json!(0), &json!(21_000)));

    let sent = stage.signed(&["send", SHOP, "1.5eth"]);
    assert_eq!((&sent["verdict"], &sent["nonce"]), (&json!("accepted"), &json!(0)));
    assert_eq!(stage.anvil.balance(SHOP) - before, ETHER * 3 / 2);
    let status = stage.tracked(&sent);
    assert_eq!((&status["state"], &status["outcome"]["outcome"]), (&json!("mined"), &json!("success")));

    let id = sent["id"].as_str().unwrap();
    for _ in 0..70 {
        stage.anvil.mine();
    }
    let settled = stage.json(&["track", id, "--until", "finalized", "--timeout", "1"]);
    assert_eq!(settled["status"]["depth"]["depth"], "finalized", "{settled}");
    assert_eq!(stage.json(&["history"])["transactions"][0]["id"], id);
}

#[test]
fn everything_leaves_nothing_but_what_gas_did_not_take() {
    let stage = EvmStage::new();
    let sent = stage.signed(&["send", SHOP, "all"]);
    assert_eq!(stage.tracked(&sent)["state"], "mined");
    let left = stage.anvil.balance(OURS);
    assert!(left < ETHER / 1_000, "only the unused part of the fee limit: {left}");
}

#[test]
fn tokens_are_sent_by_symbol_and_all_of_them() {
    let (stage, coin) = EvmStage::with_coin();
    let planned = stage.json(&["plan", SHOP, "25.5 STG"]);
    assert_eq!(planned["review"]["action"], format!("Send 25.5 STG to {SHOP}"));
    assert_eq!(planned["review"]["value"]["smallest"], "0");
    stage.signed(&["send", SHOP, "25.5 STG"]);
    assert_eq!(stage.anvil.coins(&coin, SHOP), 25_500_000);
    stage.signed(&["token", "send", SHOP, &format!("4.5 {coin}")]);
    assert_eq!(stage.anvil.coins(&coin, SHOP), 30_000_000);
    let balances = stage.json(&["balance"]);
    assert_eq!(balances["tokens"]["balances"][0]["balance"]["smallest"], "999970000000");
    stage.signed(&["send", SHOP, "all STG"]);
    assert_eq!((stage.anvil.coins(&coin, OURS), stage.anvil.coins(&coin, SHOP)), (0, 1_000_000_000_000));
}

#[test]
fn every_type_of_transaction_is_mined() {
    let stage = EvmStage::new();
    for (name, number) in [("legacy", 0), ("access-list", 1), ("dynamic-fee", 2)] {
        let sent = stage.signed(&["send", SHOP, "0.1eth", "--tx-type", name, "--again"]);
        let transaction = stage.anvil.rpc("eth_getTransactionByHash", &json!([sent["id"]]));
        assert_eq!(transaction["type"], format!("{number:#x}"));
        assert_eq!(stage.tracked(&sent)["outcome"]["outcome"], "success");
    }
}

#[test]
fn a_payment_that_waits_is_bumped_and_another_is_cancelled() {
    let stage = EvmStage::new();
    stage.anvil.automine(&json!(false));
    let before = stage.anvil.balance(SHOP);
    let slow = stage.signed(&["send", SHOP, "1eth", "--fee", "slow"]);
    assert_eq!(stage.tracked(&slow)["state"], "pending");
    let bumped = stage.signed(&["bump", slow["id"].as_str().unwrap()]);
    assert_eq!((&bumped["nonce"], &bumped["verdict"]), (&slow["nonce"], &json!("accepted")));

    let unwanted = stage.signed(&["send", SHOP, "7eth"]);
    assert_eq!(unwanted["nonce"], 1);
    let cancelled = stage.signed(&["cancel", unwanted["id"].as_str().unwrap()]);
    assert_eq!(cancelled["nonce"], 1);
    stage.anvil.mine();
    assert_eq!(stage.anvil.balance(SHOP) - before, ETHER);
    assert_eq!(stage.tracked(&bumped)["state"], "mined");
    assert_eq!(stage.tracked(&cancelled)["state"], "mined");
    for replaced in [slow, unwanted] {
        let answer = stage.run(&["track", replaced["id"].as_str().unwrap(), "--json"]);
        answer.expect_code(1);
        assert!(answer.stdout.contains("replaced"), "{answer:#?}");
    }
    let (code, _) = stage.refused(&["bump", bumped["id"].as_str().unwrap()]);
    assert_eq!(code, "flow.not_replaceable");
}

#[test]
fn after_a_bump_everything_names_the_replacement() {
    let stage = EvmStage::new();
    stage.anvil.automine(&json!(false));
    let slow = stage.signed(&["send", SHOP, "1eth", "--fee", "slow"]);
    let slow = slow["id"].as_str().unwrap();
    let bumped = stage.signed(&["bump", slow]);
    let told = &bumped["replaces"];
    assert_eq!((told["id"].as_str(), told["effect"].as_str()), (Some(slow), Some("same")), "{bumped}");
    let new = bumped["id"].as_str().unwrap();
    for _ in 0..2 {
        let tracked = stage.run(&["track", slow, "--json"]);
        tracked.expect_code(1);
        assert!(tracked.stdout.contains("replaced") && tracked.stdout.contains(new), "{tracked:#?}");
    }
    let open = &stage.json(&["nonce", "status"])["open"];
    assert_eq!((&open[0]["state"], &open[0]["replaced_by"]), (&json!("replaced"), &json!(new)), "{open}");
    assert_eq!((&open[1]["id"], &open[1]["replaced_by"]), (&json!(new), &json!(null)), "{open}");
    let history = stage.json(&["history"]);
    assert_eq!(history["transactions"][1]["replaced_by"], new, "{history}");
    let (code, said) = stage.refused(&["send", SHOP, "1eth"]);
    assert_eq!(code, "flow.same_payment");
    assert!(said.contains(new) && !said.contains(slow), "{said}");
    // Named by the hash that was replaced: it is about what waits now.
    let back = stage.signed(&["cancel", slow]);
    assert_eq!((&back["replaces"]["id"], &back["replaces"]["effect"]), (&json!(new), &json!("nothing")));
    stage.anvil.mine();
    assert_eq!(stage.tracked(&back)["state"], "mined");
}

#[test]
fn chains_of_the_settings_are_chains_like_others() {
    let anvil = Anvil::with(&["--chain-id", "7777"]);
    let stage = EvmStage::on(anvil);
    let home = stage.stage.path("home");
    let url = stage.anvil.url();
    let text = format!("[[chain]]\nid = 7777\nname = \"staging\"\nsymbol = \"STG\"\nrpc = [\"{url}\"]\n");
    std::fs::write(home.join("config.toml"), text).unwrap();
    let mut command = crate::harness::program();
    let password = stage.stage.password();
    command.arg("--home").arg(&home).args(["--network", "staging", "send", SHOP, "2stg", "--yes", "--max-fee=0.01stg"]);
    command.args([&password, "--json"]);
    crate::harness::finish(command).expect_code(0);
    assert_eq!(stage.anvil.balance(SHOP), 10_002 * ETHER);
}

#[test]
fn a_delegation_goes_only_to_whom_the_settings_allow() {
    let stage = EvmStage::new();
    let register = stage.anvil.deploy("Register", "");
    let delegate = ["delegate", &register];
    let to = format!("--delegate-to={register}");
    let (code, said) = stage.refused(&[&delegate[..], &[to.as_str()]].concat());
    assert_eq!(code, "ethereum.refused");
    assert!(said.contains("config.toml"), "{said}");

    let text = format!("[delegates]\nlocal = [\"{register}\"]\n");
    std::fs::write(stage.stage.path("home").join("config.toml"), text).unwrap();
    let (code, _) = stage.refused(&delegate);
    assert_eq!(code, "ethereum.consent_missing");
    let sent = stage.signed(&[&delegate[..], &[to.as_str()]].concat());
    assert_eq!(stage.tracked(&sent)["outcome"]["outcome"], "success");
    let code = stage.anvil.rpc("eth_getCode", &json!([OURS, "latest"]));
    assert_eq!(code, format!("0xef0100{}", word(&register).trim_start_matches('0')).to_lowercase());

    stage.signed(&["delegate", "none"]);
    assert_eq!(stage.anvil.rpc("eth_getCode", &json!([OURS, "latest"])), "0x");
}

#[test]
fn a_nonce_above_one_that_nobody_holds_is_told_to_wait() {
    let stage = EvmStage::new();
    let warned = |arguments: &[&str]| {
        let planned = stage.run(&[&["plan", SHOP, "1eth", "--json"], arguments].concat());
        planned.expect_code(0);
        planned.stdout.contains("nonce_gap")
    };
    assert!(!warned(&[]) && !warned(&["--nonce=0"]));
    assert!(warned(&["--nonce=1"]) && warned(&["--nonce=9223372036854775807"]));
    let beyond = stage.run(&["plan", SHOP, "1eth", "--json", "--nonce=18446744073709551600"]);
    assert_eq!((beyond.code, beyond.error_code().as_str()), (2, "ethereum.bad_request"), "{beyond:?}");
    // What is set aside for a draft is held.
    stage.json(&["plan", SHOP, "1eth", "-o", "pay.draft"]);
    assert!(!warned(&["--nonce=1"]));
    let page = stage.run(&["plan", SHOP, "1eth", "--nonce=99"]);
    assert!(format!("{}{}", page.stdout, page.stderr).contains("98 of the nonces from 1 on"), "{page:?}");
}

/// What a speed costs is told before a payment, and is what the review then shows.
#[test]
fn speeds_are_told_with_what_they_cost() {
    let stage = EvmStage::new();
    let told = stage.json(&["fees"]);
    let speeds: Vec<&str> =
        told["estimates"].as_array().unwrap().iter().map(|one| one["speed"].as_str().unwrap()).collect();
    assert_eq!(speeds, ["slow", "normal", "fast"]);
    let page = stage.run(&["fees"]).stdout;
    assert!(page.contains("at most") && page.contains("gwei") && page.contains("for a token"), "{page}");
    for (place, speed) in speeds.iter().enumerate() {
        let planned = stage.json(&["plan", SHOP, "1eth", "--fee", speed]);
        let most = &told["estimates"][place]["max_fee_per_gas"];
        assert_eq!(
            planned["review"]["fee"]["max_fee_per_gas"].to_string().trim_matches('"'),
            most.to_string(),
            "{planned}"
        );
    }
    let asked = stage.run(&["plan", SHOP, "1eth"]);
    assert!(asked.stderr.contains("Fees now: slow at most"), "{asked:?}");
    assert!(!stage.run(&["plan", SHOP, "1eth", "--fee", "slow"]).stderr.contains("Fees now"));
}
