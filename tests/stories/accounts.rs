//! Every kind of account pays and is paid; descriptors go out and come back as watch-only accounts.

use crate::harness::{Stage, WORDS};

#[test]
fn every_script_type_receives_and_spends() {
    let stage = Stage::with_wallet();
    for (kind, prefix) in [("taproot", "bcrt1p"), ("nested-segwit", "2"), ("legacy", "m")] {
        let added = stage.json(&["account", "add", "--type", kind, "--number", "1", &stage.password()]);
        let name = added["account"].as_str().unwrap().to_owned();
        assert_eq!(name, format!("{kind}-1"));
        let address = stage.json(&["receive", "--account", &name])["address"].as_str().unwrap().to_owned();
        assert!(address.starts_with(prefix) || (kind == "legacy" && address.starts_with('n')), "{address}");
        stage.fund(&address, 5_000_000);
        stage.json(&["sync", "--account", &name]);
        let sent = stage.send(&[&Stage::shop(), "0.01btc", "--fee-rate", "2", "--account", &name]);
        assert_eq!(sent["verdict"], "accepted", "{kind}");
        stage.mine(1);
        assert_eq!(
            stage.json(&["track", sent["id"].as_str().unwrap(), "--account", &name])["status"]["state"],
            "confirmed"
        );
    }
    assert_eq!(stage.chain_balance(&Stage::shop()), 3_000_000);
}

#[test]
fn an_exported_descriptor_watches_the_same_addresses() {
    let stage = Stage::with_wallet();
    let exported = stage.json(&["account", "export"]);
    let descriptor = exported["descriptor"].as_str().unwrap();
    assert!(descriptor.starts_with("wpkh([24581326/84'/1'/0']tpub"), "{descriptor}");
    stage.json(&["account", "add", "--wallet", "watch", "--descriptor", descriptor]);
    let mine = stage.json(&["receive", "--wallet", "main"]);
    let watched = stage.json(&["receive", "--wallet", "watch"]);
    assert_eq!(mine["address"], watched["address"]);
    let broken = descriptor.replacen("tpub", "tpuc", 1);
    stage.run(&["account", "add", "--wallet", "broken", "--descriptor", &broken]).expect_code(2);
    let again = stage.run(&["account", "add", "--wallet", "watch", "--descriptor", descriptor, "--json"]);
    assert_eq!(again.error_code(), "ledger.account_exists");
}

#[test]
fn processes_at_once_never_hand_out_the_same_address() {
    let stage = Stage::with_wallet();
    let running: Vec<_> = (0..8).map(|_| stage.command(&["receive", "--new", "--json"]).spawn().unwrap()).collect();
    let answers: Vec<_> =
        running.into_iter().map(|child| crate::harness::answer(child.wait_with_output().unwrap())).collect();
    let addresses: std::collections::BTreeSet<String> = answers
        .iter()
        .map(|answer| serde_json::from_str::<serde_json::Value>(&answer.stdout).unwrap()["data"]["address"].to_string())
        .collect();
    assert_eq!(addresses.len(), 8, "{answers:#?}");
}

#[test]
fn processes_at_once_open_a_home_that_is_new() {
    let stage = Stage::new();
    let running: Vec<_> = (0..8).map(|_| stage.command(&["account", "list", "--json"]).spawn().unwrap()).collect();
    for child in running {
        crate::harness::answer(child.wait_with_output().unwrap()).expect_code(0);
    }
}

#[test]
fn a_sync_asks_about_every_account_of_the_wallet() {
    let stage = Stage::with_wallet();
    stage.json(&["account", "add", "--type", "taproot", &stage.password()]);
    let address = stage.json(&["receive", "--account", "taproot-0"])["address"].as_str().unwrap().to_owned();
    stage.fund(&address, 5_000_000);
    assert_eq!(stage.json(&["sync"])["accounts"].as_array().unwrap().len(), 2);
    assert_eq!(crate::harness::sat(&stage.json(&["balance"])["accounts"][1]["confirmed"]), 5_000_000);
    assert_eq!(stage.json(&["sync", "--account", "segwit-0"])["accounts"].as_array().unwrap().len(), 1);
}

#[test]
fn a_labelled_address_is_not_given_to_somebody_else() {
    let stage = Stage::with_wallet();
    let address = |words: &[&str]| stage.json(&[&["receive"], words].concat())["address"].as_str().unwrap().to_owned();
    let carol = address(&["--label", "Carol"]);
    let dave = address(&["--label", "Dave"]);
    assert_ne!(carol, dave);
    assert_eq!(address(&["--label", "Carol"]), carol);
    assert!(![carol, dave].contains(&address(&[])));
}

#[test]
fn a_key_of_unknown_origin_is_pointed_out_and_a_missing_wallet_is_called_missing() {
    let stage = Stage::with_wallet();
    let xpub = stage.json(&["account", "export"])["xpub"].as_str().unwrap().to_owned();
    let added = stage.run(&["account", "add", "--wallet", "watch", "--xpub", &xpub]);
    assert!(added.stderr.contains("warning[unknown_origin]"), "{added:?}");
    let nobody = stage.run(&["receive", "--wallet", "nope", "--json"]);
    assert!(nobody.stdout.contains("there is no wallet `nope`"), "{nobody:?}");
}

/// An id that a signature changes is absent, not wrong: what is not signed yet has none, where the signature is part of it.
#[test]
fn the_id_of_a_draft_is_told_only_where_signing_does_not_change_it() {
    for (kind, is_known) in [("legacy", false), ("nested-segwit", false), ("segwit", true), ("taproot", true)] {
        let stage = Stage::new();
        let words = stage.path("words");
        std::fs::write(&words, WORDS).unwrap();
        let words = format!("--words-file={}", words.display());
        stage.run(&["restore", "--type", kind, &words, &stage.password(), "--yes"]).expect_code(0);
        let address = stage.json(&["receive"])["address"].as_str().unwrap().to_owned();
        stage.fund(&address, 50_000_000);
        stage.json(&["sync"]);
        let planned = stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "2", "-o", "pay.draft"]);
        let told = planned["review"]["txid"].as_str().map(str::to_owned);
        let sign = ["sign", "pay.draft", "--yes", "--expect-to", &Stage::shop(), &stage.password()];
        let signed = stage.json(&sign)["id"].as_str().unwrap().to_owned();
        assert_eq!(told, is_known.then_some(signed), "{kind}: {planned}");
    }
}

/// The descriptor is carried to the machine that watches as a picture, which an independent reader reads back.
#[test]
fn a_descriptor_is_drawn_for_the_machine_that_watches() {
    let stage = Stage::with_wallet();
    let descriptor = stage.json(&["account", "export"])["descriptor"].as_str().unwrap().to_owned();
    let shown = stage.run(&["account", "export", "--qr", "--qr-png", "account.png"]);
    shown.expect_code(0);
    assert!(shown.stdout.contains('\u{2588}'), "{}", shown.stdout);
    let file = std::fs::File::open(stage.path("account.png")).unwrap();
    let mut reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    let (width, height, line) = (frame.width as usize, frame.height as usize, frame.line_size);
    assert_eq!(line, width, "one byte a pixel");
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| pixels[y * line + x]);
    let (_, text) = prepared.detect_grids()[0].decode().unwrap();
    assert_eq!(text, descriptor);
    assert_eq!(stage.run(&["account", "export", "--qr-png", "account.png", "--json"]).error_code(), "store.exists");
}

/// A wallet is for real money or for test networks: what would add an account of the other is not offered.
#[test]
fn a_wallet_of_the_other_class_of_networks_is_told_as_that() {
    let stage = Stage::with_wallet();
    for network in ["bitcoin", "ethereum"] {
        let mut command = crate::harness::program();
        command.arg("--home").arg(stage.path("home")).args(["-n", network, "receive", "--json"]);
        let refused = crate::harness::finish(command);
        assert_eq!(refused.error_code(), "account.wrong_network", "{refused:?}");
        assert!(refused.stdout.contains("never for both"), "{refused:?}");
    }
}
