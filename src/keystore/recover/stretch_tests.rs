//! The lanes against the `pbkdf2` crate, on every width that this machine has.

use proptest::prelude::*;

use super::*;

/// What the plain crates make of it.
fn plain(text: &str, passphrase: &str, rounds: u32) -> [u8; 64] {
    let mut seed = [0; 64];
    pbkdf2::pbkdf2::<Hmac<Sha512>>(text.as_bytes(), format!("mnemonic{passphrase}").as_bytes(), rounds, &mut seed)
        .unwrap();
    seed
}

/// The seeds of as many candidates as there are lanes, or of fewer.
fn in_lanes(width: Width, candidates: &[(String, String)], rounds: u32) -> Vec<[u8; 64]> {
    let mut batch = Batch::new(width);
    for (text, passphrase) in candidates {
        assert!(!batch.is_full());
        batch.push(&PhraseKey::new(text.as_bytes()).unwrap(), passphrase);
    }
    batch.stretch(rounds);
    (0..candidates.len()).map(|lane| *batch.taken(lane)).collect()
}

fn assert_equal(width: Width, candidates: &[(String, String)], rounds: u32) {
    for part in candidates.chunks(width.lanes()) {
        let expected: Vec<_> = part.iter().map(|(text, passphrase)| plain(text, passphrase, rounds)).collect();
        assert!(in_lanes(width, part, rounds) == expected, "{} differs: {part:?}", width.name());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    /// Texts of every length around the block of 128 bytes above which a key is hashed first.
    #[test]
    fn lanes_are_pbkdf2(
        candidates in prop::collection::vec(("[a-z ]{0,300}", "\\PC{0,60}"), 16),
        rounds in 1u32..5,
    ) {
        for width in Width::all() {
            assert_equal(width, &candidates, rounds);
        }
    }
}

#[test]
fn every_length_of_a_text_and_of_a_passphrase_is_hashed_alike() {
    let candidates: Vec<_> = (0..272).map(|length| ("w".repeat(length), "p".repeat(4 * length))).collect();
    for width in Width::all() {
        assert_equal(width, &candidates, 2);
    }
}

#[test]
fn the_whole_stretch_is_that_of_bip_39() {
    let words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    let long = "letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic bless";
    assert!(words.len() < BLOCK && long.len() > BLOCK);
    let candidates = [(words.to_owned(), "TREZOR".to_owned()), (long.to_owned(), "TREZOR".to_owned())];
    for width in Width::all() {
        assert_equal(width, &candidates, ROUNDS);
    }
    // The vector of BIP-39 itself, so that lanes and crate are not wrong together.
    let seed = hex::DisplayHex::to_lower_hex_string(&plain(words, "TREZOR", ROUNDS));
    assert!(seed.starts_with("2e8905819b8723fe2c1d161860e5ee1830318dbf49a83bd451cfb8440c28bd6f"), "{seed}");
}

#[test]
fn lanes_do_not_mix_and_a_batch_is_empty_again() {
    let width = Width::widest();
    let candidates: Vec<_> = (0..width.lanes()).map(|lane| (format!("words {lane}"), String::new())).collect();
    let all = in_lanes(width, &candidates, 3);
    for (candidate, seed) in candidates.iter().zip(&all) {
        assert_eq!(in_lanes(width, std::slice::from_ref(candidate), 3), [*seed]);
    }
    let mut batch = Batch::new(Width::One);
    batch.push(&PhraseKey::new(b"words").unwrap(), "");
    assert!(batch.is_full());
    assert_eq!(batch.seeds().map(|seed| *seed).collect::<Vec<_>>(), [plain("words", "", ROUNDS)]);
    assert!(!batch.is_full() && batch.seeds().count() == 0);
}
