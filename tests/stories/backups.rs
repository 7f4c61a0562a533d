//! Backups that restore: shares, SeedQR, entropy and root keys, brought back from files, pictures and the terminal.

use serde_json::Value;

use crate::harness::{
    Stage, WORDS,
    terminal::{SMALL, Session, USUAL},
};

/// BIP-32's test vector 1, whose seed is the bytes 0 to 15, for test networks.
const TPRV: &str =
    "tprv8ZgxMBicQKsPeDgjzdC36fs6bMjGApWDNLR9erAXMs5skhMv36j9MV5ecvfavji5khqjWaWSFhN3YcCUUdiKH6isR4Pwy3U5y5egddBr16m";
const ELECTRUM: &str = "cram swing cover prefer miss modify ritual silly deliver chunk behind inform able";

/// A stage with a file that only its owner reads.
fn kept(stage: &Stage, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = stage.path(name);
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    format!("--from={}", path.display())
}

fn restored(stage: &Stage, wallet: &str, more: &[&str]) -> Value {
    let restore = ["restore", "--wallet", wallet, "--yes", &stage.password()];
    stage.json(&[&restore[..], more].concat())
}

/// The shares of the wallet, each as a line of words.
fn shares(stage: &Stage, plan: &[&str]) -> Vec<String> {
    let split = ["backup", "split", "--shares-to-stdout", &stage.password(), "--wallet=main"];
    let told = stage.json(&[&split[..], plan].concat());
    let words = |share: &Value| {
        let words = share["words"].as_array().unwrap().iter();
        words.map(|word| word.as_str().unwrap()).collect::<Vec<_>>().join(" ")
    };
    told["shares"].as_array().unwrap().iter().map(words).collect()
}

fn fingerprint(stage: &Stage) -> String {
    stage.json(&["show", "--wallet=main"])["keystore"]["fingerprint"].as_str().unwrap().to_owned()
}

#[test]
fn shares_bring_the_same_wallet_back_and_fewer_bring_nothing() {
    let stage = Stage::with_wallet();
    let shares = shares(&stage, &["2of3"]);
    assert!(shares.len() == 3 && shares.iter().all(|share| share.split(' ').count() == 20), "{shares:?}");
    let two = kept(&stage, "shares", format!("{}\n\n{}\n", shares[2], shares[0].to_uppercase()));
    let expected = format!("--expect-fingerprint={}", fingerprint(&stage));
    let again = restored(&stage, "again", &[&two, &expected]);
    let descriptor = |wallet: &str| stage.json(&["show", wallet])["accounts"][0]["descriptor"].clone();
    assert!(descriptor("--wallet=main").is_string());
    assert_eq!(descriptor("--wallet=main"), descriptor("--wallet=again"));
    assert_eq!((&again["word_count"], &again["language"]), (&12.into(), &"english".into()), "{again}");
    // The same shares as a hardware wallet reads them are another wallet, without words.
    let seed = restored(&stage, "seed", &[&two, "--shares-hold=seed"]);
    assert_ne!(seed["fingerprint"], again["fingerprint"]);
    assert_eq!((&seed["word_count"], seed["language"].is_null()), (&0.into(), true), "{seed}");
    let words = ["backup", "words", "--words-to-stdout", "--wallet=seed", &stage.password(), "--json"];
    assert_eq!(stage.run(&words).error_code(), "keystore.no_words");
    // It is split again, and its shares hold the seed.
    let split = stage.json(&["backup", "split", "1of1", "--shares-to-stdout", "--wallet=seed", &stage.password()]);
    assert_eq!(split["hold"], "seed", "{split}");

    let restore = ["restore", "--wallet=none", "--yes", &stage.password(), "--json"];
    let refused = |from: &str| stage.run(&[&restore[..], &[from]].concat()).error_code();
    assert_eq!(refused(&two), "restore.two_wallets");
    assert_eq!(refused(&kept(&stage, "one", &shares[1])), "slip39.too_few");
    let slip = shares[0].replacen(shares[0].split(' ').nth(4).unwrap(), "academic", 1);
    assert_eq!(refused(&kept(&stage, "slip", format!("{slip}\n{}", shares[1]))), "slip39.checksum");
    assert_eq!(refused(&kept(&stage, "slip", slip)), "slip39.checksum");
    assert!(!stage.path("home/wallets/none.keystore").exists());
}

#[test]
fn groups_and_a_passphrase_of_the_shares() {
    let stage = Stage::with_wallet();
    let passphrase = stage.path("share-passphrase");
    std::fs::write(&passphrase, "TREZOR\n").unwrap();
    std::fs::set_permissions(&passphrase, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let file = format!("--share-passphrase-file={}", passphrase.display());
    let shares = shares(&stage, &["1of1", "2of3", "--groups-needed=2", &file]);
    assert_eq!(shares.len(), 4);
    let three = kept(&stage, "shares", [&shares[0], &shares[1], &shares[3]].map(String::as_str).join("\n"));
    let expected = format!("--expect-fingerprint={}", fingerprint(&stage));
    restored(&stage, "again", &[&three, &file, &expected]);
    // Without the passphrase it is another wallet, which the fingerprint tells.
    let restore = ["restore", "--wallet=none", "--yes", &stage.password(), "--json", &three, &expected];
    assert_eq!(stage.run(&restore).error_code(), "wallet.other_fingerprint");
    for (plan, code) in [
        (&["3of2"][..], "desk.usage"),
        (&["1of3"], "desk.usage"),
        (&["two of three"], "desk.usage"),
        (&["2of3", "--groups-needed=2"], "slip39.plan"),
    ] {
        let split = ["backup", "split", "--wallet=main", "--shares-to-stdout", &stage.password(), "--json"];
        let answer = stage.run(&[&split[..], plan].concat());
        assert_eq!((answer.code, answer.error_code().as_str()), (2, code), "{plan:?}: {answer:?}");
    }
}

#[test]
fn a_backup_of_shares_is_verified_without_a_password() {
    let stage = Stage::with_wallet();
    let shares = shares(&stage, &["2of2"]);
    let from = kept(&stage, "shares", shares.join("\n"));
    let told = stage.json(&["backup", "verify", "--wallet=main", &from]);
    assert_eq!((&told["backup"], &told["word_count"]), (&"shares (SLIP-39)".into(), &12.into()), "{told}");
    let other = Stage::new();
    other.restore("main", "legal winner thank year wave sausage worth useful legal winner thank yellow");
    let answer = other.run(&["backup", "verify", "--wallet=main", &from, "--json"]);
    assert_eq!(answer.error_code(), "wallet.other_backup", "{answer:?}");
}

/// A picture of a QR code, as another program draws it.
fn picture(content: &[u8]) -> Vec<u8> {
    let code = qrcode::QrCode::new(content).unwrap();
    let (width, colors) = (code.width(), code.to_colors());
    let side = (width + 8) * 4;
    let dark = |place: usize| {
        let (x, y) = ((place % side / 4).wrapping_sub(4), (place / side / 4).wrapping_sub(4));
        x < width && y < width && colors[y * width + x] == qrcode::Color::Dark
    };
    let pixels: Vec<u8> = (0..side * side).map(|place| if dark(place) { 0 } else { 255 }).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side.try_into().unwrap(), side.try_into().unwrap());
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}

/// Codes that other programs draw: numbers of the words, and their bytes.
#[test]
fn seed_qr_entropy_and_root_keys_are_recognised_in_files_and_pictures() {
    let stage = Stage::with_wallet();
    let list = bip39::Language::English.word_list();
    let number = |word: &str| list.iter().position(|known| *known == word).unwrap();
    let digits: String = WORDS.split(' ').map(|word| format!("{:04}", number(word))).collect();
    let entropy = bip39::Mnemonic::parse_in(bip39::Language::English, WORDS).unwrap().to_entropy();
    let hex: String = entropy.iter().map(|byte| format!("{byte:02x}")).collect();
    let ours = format!("--expect-fingerprint={}", fingerprint(&stage));
    for (wallet, content) in [
        ("digits", digits.clone().into_bytes()),
        ("hex", hex.clone().into_bytes()),
        ("hex-qr", picture(hex.as_bytes())),
        ("seed-qr", picture(digits.as_bytes())),
        ("compact", picture(&entropy)),
        ("words-qr", picture(WORDS.as_bytes())),
    ] {
        restored(&stage, wallet, &[&kept(&stage, wallet, content), &ours]);
    }
}

#[test]
fn a_root_key_makes_a_wallet_and_what_is_no_backup_says_what_it_is() {
    let stage = Stage::with_wallet();
    let root = restored(&stage, "root", &[&kept(&stage, "root", TPRV)]);
    assert_eq!((&root["fingerprint"], &root["word_count"]), (&"3442193e".into(), &0.into()), "{root}");
    // A wallet without words receives, and pays.
    stage.fund(stage.json(&["receive", "--wallet=root"])["address"].as_str().unwrap(), 50_000_000);
    stage.send(&[&Stage::shop(), "0.1btc", "--fee-rate", "2", "--wallet=root"]);
    let split = ["backup", "split", "2of3", "--shares-to-stdout", "--wallet=root", &stage.password(), "--json"];
    assert_eq!(stage.run(&split).error_code(), "restore.not_split");
    let page = stage.run(&["show", "--wallet=root"]).stdout;
    assert!(page.contains("what it was restored from"), "{page}");

    let xprv = "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi";
    for (content, code) in [
        (xprv.as_bytes().to_vec(), "restore.other_networks"),
        (b"cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA".to_vec(), "restore.single_key"),
        (b"{\"version\":3,\"crypto\":{}}".to_vec(), "restore.ethereum_keystore"),
        (ELECTRUM.as_bytes().to_vec(), "restore.electrum"),
        (std::fs::read(stage.path("home/wallets/main.keystore")).unwrap(), "restore.wallet_file"),
        (
            stage.json(&["show", "--wallet=main"])["accounts"][0]["descriptor"].as_str().unwrap().into(),
            "restore.watch_only",
        ),
        (picture(b"hello, this is no backup of anything at all"), "phrase.word_count"),
    ] {
        let from = kept(&stage, "other", content);
        let answer = stage.run(&["restore", "--wallet=none", "--yes", &stage.password(), &from, "--json"]);
        assert_eq!(answer.error_code(), code, "{answer:?}");
    }
    assert!(!stage.path("home/wallets/none.keystore").exists());
}

#[test]
fn shares_are_shown_one_by_one_and_typed_back_on_the_alternate_screen() {
    for size in [USUAL, SMALL] {
        let stage = Stage::with_wallet();
        let mut session = Session::start(&stage, size, &["backup", "split", "2of2"]);
        session.password().wait_for("Press Enter");
        let mut pages = Vec::new();
        while session.is_alternate() {
            let before = session.screen();
            pages.push(before.clone());
            session.line("").wait_until("other screen", |session| {
                let screen = session.screen();
                !session.is_alternate() || screen != before && screen.contains("Press Enter")
            });
        }
        assert_eq!(session.exit_code(), 0, "{}", session.screen());
        session.left_well();
        let text = pages.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
        for share in 1..=2 {
            assert!(text.contains(&format!("Share {share}. 2 such shares are needed.")), "{text}");
        }
    }
    let stage = Stage::with_wallet();
    let shares = shares(&stage, &["2of2"]);
    let mut session = Session::start(&stage, USUAL, &["backup", "verify", "--shares"]);
    session.wait_for("share 1:");
    session.line(&shares[0].replacen(' ', " wrong ", 1)).wait_for("words, not 20");
    // Several may be pasted at once, with empty lines between them.
    session.line(&shares[0]).line("").line(&shares[0]).wait_for("1 more").wait_for("twice");
    session.line(&shares[1]);
    assert_eq!(session.exit_code(), 0, "{}", session.screen());
    assert!(session.screen().contains("This backup restores this wallet"), "{}", session.screen());
    session.left_well();
    // Without an option, the first line says what it is; a person names which wallet is meant.
    let other = Stage::new();
    let mut session = Session::start(&other, USUAL, &["restore"]);
    session.wait_for("   1 ");
    session.line(&shares[0]).wait_for("share 2:");
    session.line(&shares[1]).wait_for("Type entropy or");
    session.line("entropy").wait_for("Type yes");
    assert!(session.screen().contains("shares (SLIP-39) of 12 words"), "{}", session.screen());
    session.line("no");
    assert_eq!(session.exit_code(), 3, "{}", session.screen());
    session.left_well();
}

/// A home with wallets, accounts of two families, notes and contacts comes back on a machine that has nothing.
#[test]
fn a_whole_home_comes_back_from_one_file() {
    let stage = Stage::with_coins(&[50_000_000]);
    stage.restore("second", "legal winner thank year wave sausage worth useful legal winner thank yellow");
    let main = ["--wallet=main", &stage.password()];
    stage.json(&[&["account", "add", "--type=taproot"][..], &main].concat());
    let lines: String = (0..200)
        .map(|number| format!("{{\"type\":\"tx\",\"ref\":\"{number:064x}\",\"label\":\"note {number}\"}}\n"))
        .collect();
    std::fs::write(stage.path("labels.jsonl"), lines).unwrap();
    stage.json(&["labels", "import", "labels.jsonl"]);
    for number in 0..10 {
        let address = stage.json(&["receive", "--new", "--wallet=main"])["address"].as_str().unwrap().to_owned();
        stage.json(&["contacts", "add", &format!("payee-{number}"), &address]);
    }
    stage.send(&[&Stage::shop(), "0.1btc", "--fee-rate", "2", "--wallet=main"]);
    let file = stage.path("home.backup").display().to_string();
    let written = stage.json(&["backup", "file", "-o", &file, &stage.password()]);
    assert_eq!((written["labels"].as_u64(), written["contacts"].as_u64()), (Some(200), Some(10)), "{written}");
    assert_eq!(written["wallets"], serde_json::json!(["main", "second"]));
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert!(!stage.path("home/ledger.snapshot").exists());
    let from = format!("--from={file}");
    assert_eq!(stage.json(&["backup", "verify", &from, &stage.password()])["action"], "verified");
    // Nothing is overwritten: neither the file, nor a home that goes on.
    assert_eq!(stage.run(&["backup", "file", "-o", &file, &stage.password(), "--json"]).error_code(), "store.exists");
    stage.json(&["contacts", "add", "later", &Stage::shop()]);
    assert_eq!(stage.run(&["restore", &from, &stage.password(), "--json"]).error_code(), "wallet.home_in_use");

    stage.json(&["contacts", "remove", "later"]);

    let empty = stage.path("elsewhere").display().to_string();
    comes_back(&stage, &from, &empty);
    let home = stage.path("home").display().to_string();
    assert!(told(&home) == told(&empty), "the same home");
    let open = bare(&["--home", &empty, "backup", "words", "--wallet=second", "--words-to-stdout", &stage.password()]);
    assert!(open.stdout.contains("legal winner thank"), "{open:?}");
    // Without keys the wallets are watched only; a damaged file says so.
    let public = stage.path("public.backup").display().to_string();
    let told = stage.json(&["backup", "file", "-o", &public, "--without-keys", &stage.password()]);
    assert_eq!(told["wallets"], serde_json::json!([]));
    let mut bytes = std::fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&public, bytes).unwrap();
    let damaged = stage.run(&["backup", "verify", &format!("--from={public}"), &stage.password(), "--json"]);
    assert_eq!(damaged.error_code(), "keystore.damaged", "{damaged:?}");
}

/// Restored with its password alone, into a home that has nothing else.
fn comes_back(stage: &Stage, from: &str, empty: &str) {
    let wrong = kept(stage, "wrong", "another password\n").replacen("--from", "--password-file", 1);
    let refused = bare(&["--home", empty, "restore", from, &wrong, "--json"]);
    assert_eq!((refused.code, refused.error_code().as_str()), (6, "keystore.wrong_password"), "{refused:?}");
    let restore = ["--home", empty, "restore", from, &stage.password(), "--json"];
    bare(&restore).expect_code(0);
    assert_eq!(bare(&restore).error_code(), "wallet.home_in_use");
    // A run that was killed before the ledger was in its place is taken up again.
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        let _ = std::fs::remove_file(stage.path("elsewhere").join(name));
    }
    bare(&restore).expect_code(0);
}

/// What a home says of its first wallet: balances, labels, the next address, history.
fn told(home: &str) -> (Vec<(Value, Value)>, Value, Value, Value) {
    let ask = |words: &[&str]| {
        let all = [words, &["--home", home, "--network=regtest", "--wallet=main", "--offline", "--json"]].concat();
        let answer = bare(&all);
        answer.expect_code(0);
        serde_json::from_str::<Value>(&answer.stdout).unwrap()["data"].clone()
    };
    let balance = ask(&["balance"])["accounts"].clone();
    let held = |account: &Value| (account["account"].clone(), account["unconfirmed"].clone());
    let balance = balance.as_array().unwrap().iter().map(held).collect();
    let next = ask(&["receive", "--new"])["address"].clone();
    (balance, ask(&["labels", "list"])["labels"].clone(), next, ask(&["history"])["transactions"].clone())
}

/// Without the options that every other story has.
fn bare(arguments: &[&str]) -> crate::harness::Answer {
    let mut command = crate::harness::program();
    command.args(arguments);
    crate::harness::finish(command)
}
