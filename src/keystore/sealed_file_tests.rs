//! The wallet file under attack: every small damage, every clever one, and headers that ask for the moon.

use std::time::{Duration, Instant};

use super::*;
use crate::keystore::entropy::fresh;

const KEY: [u8; 64] = [7; 64];

fn plain(stored: Option<&str>) -> Plain {
    let phrase = Phrase::from_entropy(&SecretBytes::new(vec![0x7f; 32]), Language::English).unwrap();
    Plain { secret: MasterSecret::Phrase(phrase), stored: stored.map(|text| Passphrase::new(text.to_owned()).unwrap()) }
}

fn facts(passphrase: PassphraseUse) -> Facts {
    Facts {
        id: Hexed(fresh().unwrap()),
        network_class: NetworkClass::Main,
        fingerprint: Fingerprint::from([1, 2, 3, 4]),
        passphrase,
    }
}

fn sealed() -> SealedFile {
    let plain = plain(Some("passphrase"));
    let header = Header::fresh(facts(PassphraseUse::Stored), &plain.secret, Cost::DEFAULT).unwrap();
    SealedFile::seal(header, &Derived::from_bytes(KEY), &plain).unwrap()
}

/// What an editor with the skill to fix the checksum would leave.
fn with_checksum_fixed(mut file: SealedFile) -> SealedFile {
    file.checksum = file.compute_checksum().unwrap();
    file
}

#[test]
fn what_was_sealed_opens() {
    for stored in [None, Some("passphrase")] {
        let plain = plain(stored);
        let passphrase = if stored.is_some() { PassphraseUse::Stored } else { PassphraseUse::None };
        let header = Header::fresh(facts(passphrase), &plain.secret, Cost::DEFAULT).unwrap();
        let bytes = SealedFile::seal(header, &Derived::from_bytes(KEY), &plain).unwrap().to_bytes().unwrap();
        let opened = SealedFile::parse(&bytes).unwrap().open(&Derived::from_bytes(KEY)).unwrap();
        assert!(opened.secret.same_as(&plain.secret));
        assert_eq!(opened.stored.as_ref().map(Passphrase::as_str), stored);
    }
}

#[test]
fn the_size_tells_nothing_about_a_stored_passphrase() {
    let size = |text: Option<&str>| encode(&plain(text)).unwrap().len();
    assert_eq!(size(None), PLAIN_SIZE);
    assert_eq!(size(Some(&"x".repeat(1024))), PLAIN_SIZE);
}

#[test]
fn every_small_damage_is_noticed() {
    let bytes = sealed().to_bytes().unwrap();
    let refused = |damaged: &[u8], what: &str, at: usize| {
        assert!(SealedFile::parse(damaged).is_err(), "{what} at {at} was accepted");
    };
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        for bit in 0..8 {
            damaged[at] ^= 1 << bit;
            refused(&damaged, "a flipped bit", at);
            damaged[at] ^= 1 << bit;
        }
        damaged[at] ^= 0x20;
        refused(&damaged, "another case", at);
        damaged.remove(at);
        refused(&damaged, "a missing byte", at);
        damaged.insert(at, bytes[at]);
        for extra in [bytes[at], b'\0', b' ', b'\n', b'0'] {
            damaged.clone_from(&bytes);
            damaged.insert(at, extra);
            refused(&damaged, "an inserted byte", at);
        }
        refused(&bytes[..at], "a prefix", at);
    }
    for tail in [&b"\n"[..], b" ", b"\0", b"{}", &bytes] {
        refused(&[&bytes[..], tail].concat(), "a tail", tail.len());
    }
}

#[test]
fn damage_with_a_matching_checksum_does_not_open() {
    let (original, key) = (sealed(), Derived::from_bytes(KEY));
    let bytes = original.to_bytes().unwrap();
    let mut edited = 0;
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            let Ok(file) = serde_json::from_slice::<SealedFile>(&damaged).map(with_checksum_fixed) else { continue };
            if file.to_bytes().unwrap() != bytes {
                edited += 1;
                assert!(file.open(&key).is_err(), "byte {at}, bit {bit}");
            }
        }
    }
    assert!(edited > 5_000, "the test edits too little: {edited}");
}

#[test]
fn every_fact_of_the_header_is_bound() {
    let key = Derived::from_bytes(KEY);
    let edits: [fn(&mut Header); 10] = [
        |header| header.id.0[0] ^= 1,
        |header| header.network_class = NetworkClass::Test,
        |header| header.fingerprint = Fingerprint::from([1, 2, 3, 5]),
        |header| header.words = 12,
        |header| header.language = Some(Language::French),
        |header| header.passphrase = PassphraseUse::Asked,
        |header| header.kdf.n *= 2,
        |header| header.kdf.salt.0[0] ^= 1,
        |header| header.cipher.nonce.0[0] ^= 1,
        |header| header.commitment.0[0] ^= 1,
    ];
    for (number, edit) in edits.into_iter().enumerate() {
        let mut file = sealed();
        edit(&mut file.header);
        let bytes = with_checksum_fixed(file).to_bytes().unwrap();
        let refused = SealedFile::parse(&bytes).and_then(|file| file.open(&key)).err();
        let expected =
            if number == 9 { KeystoreError::WrongPassword } else { KeystoreError::Damaged("its content was changed") };
        assert_eq!(refused, Some(expected), "edit {number}");
    }
}

/// A file of one version that says what only the other may say, and content of another kind, length or padding.
#[test]
fn the_two_versions_are_not_mixed() {
    let key = Derived::from_bytes(KEY);
    let seed = Plain { secret: MasterSecret::Seed(Seed::new(SecretBytes::new(vec![9; 64])).unwrap()), stored: None };
    let without = || Header::fresh(facts(PassphraseUse::None), &seed.secret, Cost::DEFAULT).unwrap();
    assert_eq!((without().version, without().words, without().language), (2, 0, None));
    let edits: [fn(&mut Header); 4] = [
        |header| header.version = 1,
        |header| header.words = 12,
        |header| header.language = Some(Language::English),
        |header| header.passphrase = PassphraseUse::Asked,
    ];
    for (number, edit) in edits.into_iter().enumerate() {
        let mut header = without();
        edit(&mut header);
        let bytes = SealedFile::seal(header, &key, &seed).unwrap().to_bytes().unwrap();
        let refused = SealedFile::parse(&bytes).err();
        assert!(matches!(refused, Some(KeystoreError::Damaged(_))), "edit {number}: {refused:?}");
    }
    let good = encode(&seed).unwrap();
    assert!(decode_without_words(&good).is_ok());
    for (place, byte) in [(0, 3), (1, 15), (1, 65), (66, 1), (1091, 1)] {
        let mut bad = good.to_vec();
        bad[place] = byte;
        assert!(decode_without_words(&bad).is_err(), "byte {place}");
    }
    assert!(decode_without_words(&good[1..]).is_err() && decode_without_words(&[]).is_err());
}

#[test]
fn duplicates_unknown_keys_and_other_forms_are_refused() {
    let text = String::from_utf8(sealed().to_bytes().unwrap()).unwrap();
    let again = |line: &str| text.replacen(line, &format!("{line}\n{line}"), 1);
    for line in text.lines().filter(|line| line.ends_with("\",") || line.ends_with(',')) {
        assert!(SealedFile::parse(again(line).as_bytes()).is_err(), "{line}");
    }
    for other in [
        text.replacen("\"header\"", "\"comment\": 1, \"header\"", 1),
        text.replacen("\"words\"", "\"hint\": \"x\", \"words\"", 1),
        text.replace('\n', "\r\n"),
        text.replace("  ", "\t"),
        text.split_whitespace().collect::<String>(),
        format!("\u{feff}{text}"),
        text.trim_end().to_owned(),
        text.replacen("\"scrypt\"", "\"\\u0073crypt\"", 1),
        text.replacen("24", "24.0", 1),
    ] {
        assert!(matches!(SealedFile::parse(other.as_bytes()), Err(KeystoreError::Damaged(_))), "{other}");
    }
}

#[test]
fn halves_of_two_files_do_not_make_one() {
    let (first, second) = (sealed(), sealed());
    let key = Derived::from_bytes(KEY);
    let (left, right) = (first.to_bytes().unwrap(), second.to_bytes().unwrap());
    for at in (1..left.len().min(right.len())).step_by(7) {
        let spliced = [&left[..at], &right[at..]].concat();
        assert!(spliced == left || spliced == right || SealedFile::parse(&spliced).is_err(), "{at}");
    }
    let crossed = with_checksum_fixed(SealedFile { ciphertext: second.ciphertext, ..first });
    assert!(matches!(crossed.open(&key), Err(KeystoreError::Damaged(_))));
    for at in (0..left.len()).step_by(512) {
        let mut zeroed = left.clone();
        zeroed.iter_mut().skip(at).take(4096).for_each(|byte| *byte = 0);
        assert!(SealedFile::parse(&zeroed).is_err());
    }
    assert!(SealedFile::parse(&[]).is_err());
}

#[test]
fn a_newer_file_names_its_version() {
    let text = String::from_utf8(sealed().to_bytes().unwrap()).unwrap();
    let newer = text.replacen("\"version\": 1", "\"version\": 3, \"new\": []", 1);
    assert_eq!(SealedFile::parse(newer.as_bytes()).err(), Some(KeystoreError::UnknownVersion(3)));
}

#[test]
fn hostile_headers_are_refused_at_once() {
    let text = String::from_utf8(sealed().to_bytes().unwrap()).unwrap();
    let numbers = [
        "0",
        "1",
        "2",
        "1000",
        "16384",
        "65536",
        "262143",
        "4294967295",
        "4294967296",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "-1",
        "1e9",
        "1.5",
        "null",
        "\"8\"",
        "[]",
        "true",
        "2097152",
        "67108864",
        "99999999",
    ];
    let mut tried = 0;
    for (name, honest) in [("n", "262144"), ("r", "8"), ("p", "1")] {
        // As p, 1 and 2 are fair; every other number must be refused in every place.
        for number in numbers.into_iter().filter(|number| name != "p" || !["1", "2"].contains(number)) {
            let hostile = text.replacen(&format!("\"{name}\": {honest}"), &format!("\"{name}\": {number}"), 1);
            assert_ne!(hostile, text, "{name} {number}");
            let hostile = serde_json::from_str(&hostile)
                .map_or(hostile.into_bytes(), |file| with_checksum_fixed(file).to_bytes().unwrap());
            let started = Instant::now();
            let refused = SealedFile::parse(&hostile);
            assert!(started.elapsed() < Duration::from_millis(50), "{name} {number}");
            assert!(matches!(refused, Err(KeystoreError::Kdf(_) | KeystoreError::Damaged(_))), "{name} {number}");
            tried += 1;
        }
    }
    assert_eq!(tried, 64);
}

#[test]
fn nesting_does_not_exhaust_the_stack() {
    for open in ["[", "{\"header\":"] {
        let deep = open.repeat(64 * 1024 / open.len());
        assert!(matches!(SealedFile::parse(deep.as_bytes()), Err(KeystoreError::Damaged(_))));
    }
}

#[test]
fn half_a_key_is_no_key() {
    let file = sealed();
    let (mut other_cipher, mut other_commitment) = (KEY, KEY);
    other_cipher[0] ^= 1;
    other_commitment[63] ^= 1;
    assert!(matches!(file.open(&Derived::from_bytes(other_cipher)), Err(KeystoreError::Damaged(_))));
    assert_eq!(file.open(&Derived::from_bytes(other_commitment)).err(), Some(KeystoreError::WrongPassword));
}

#[test]
fn content_that_contradicts_itself_is_refused() {
    let good = encode(&plain(Some("passphrase"))).unwrap();
    assert!(decode(&good, Language::English).is_ok());
    // Entropy of a size no phrase has; a byte in the padding; a passphrase that is too long; one that is not UTF-8.
    for (at, value) in [(0, 17), (0, 33), (PLAIN_SIZE - 1, 1), (ENTROPY_ROOM, 0xff), (ENTROPY_ROOM + 2, 0xff)] {
        let mut bad = good.clone();
        bad[at] = value;
        assert!(decode(&bad, Language::English).is_err(), "{at}");
    }
    assert!(decode(&good[1..], Language::English).is_err());
    let header = Header::fresh(facts(PassphraseUse::None), &plain(None).secret, Cost::DEFAULT).unwrap();
    let file = SealedFile::seal(header, &Derived::from_bytes(KEY), &plain(Some("passphrase"))).unwrap();
    assert!(matches!(file.open(&Derived::from_bytes(KEY)), Err(KeystoreError::Damaged(_))));
}

#[test]
fn salts_and_nonces_never_repeat() {
    let mut seen = std::collections::HashSet::new();
    for _ in 0..5_000 {
        let header = Header::fresh(facts(PassphraseUse::None), &plain(None).secret, Cost::DEFAULT).unwrap();
        assert!(seen.insert(header.kdf.salt.0.to_vec()) && seen.insert(header.cipher.nonce.0.to_vec()));
    }
}

/// Multiplication in the field of GCM (NIST SP 800-38D section 6.3); the first bit is the most significant one.
fn times(left: u128, right: u128) -> u128 {
    let (mut product, mut shifted) = (0, right);
    for bit in (0..128).rev() {
        if left >> bit & 1 == 1 {
            product ^= shifted;
        }
        shifted = (shifted >> 1) ^ if shifted & 1 == 1 { 0xe1 << 120 } else { 0 };
    }
    product
}

/// The inverse: the field has 2^128 elements, so it is the power 2^128 - 2.
fn inverse(value: u128) -> u128 {
    let (mut result, mut square) = (1 << 127, value);
    for _ in 1..128 {
        square = times(square, square);
        result = times(result, square);
    }
    result
}

/// A tag under a key, of one to three ciphertext blocks, without associated data.
fn tag_by_hand(key: &Derived, nonce: [u8; 12], blocks: &[u128]) -> u128 {
    let (hash_key, mask) = block_secrets(key, nonce);
    let bits = u128::try_from(blocks.len()).unwrap() * 128;
    let hashed = blocks.iter().chain([&bits]).fold(0, |sum, block| times(sum ^ block, hash_key));
    hashed ^ mask
}

/// The hash key and the tag's mask, through the cipher's own interface: an empty message's tag is the mask alone, and
/// one zero block of associated data shows nothing else; so the hash key follows from a difference.
fn block_secrets(key: &Derived, nonce: [u8; 12]) -> (u128, u128) {
    use aes_gcm::aes::{
        Aes256,
        cipher::{BlockEncrypt, KeyInit},
    };
    let aes = Aes256::new_from_slice(key.cipher_key()).unwrap();
    let encrypt = |block: [u8; 16]| {
        let mut block = block.into();
        aes.encrypt_block(&mut block);
        u128::from_be_bytes(block.into())
    };
    let mut counter = [0; 16];
    counter[..12].copy_from_slice(&nonce);
    counter[15] = 1;
    (encrypt([0; 16]), encrypt(counter))
}

#[test]
fn a_file_for_two_passwords_is_refused_by_its_commitment() {
    let (mine, theirs) = (Derived::from_bytes([1; 64]), Derived::from_bytes([2; 64]));
    let nonce = [9; 12];
    // Find the block X for which one ciphertext has one tag under both keys: the equation is linear in X.
    let (first, second) = (tag_by_hand(&mine, nonce, &[0, 5]), tag_by_hand(&theirs, nonce, &[0, 5]));
    let weight = |key: &Derived| {
        let hash_key = block_secrets(key, nonce).0;
        times(times(hash_key, hash_key), hash_key)
    };
    let block = times(first ^ second, inverse(weight(&mine) ^ weight(&theirs)));
    let crafted = [block.to_be_bytes(), 5u128.to_be_bytes()].concat();
    let tag = tag_by_hand(&mine, nonce, &[block, 5]).to_be_bytes();
    for key in [&mine, &theirs] {
        let mut buffer = crafted.clone();
        let opened =
            key.cipher().unwrap().decrypt_in_place_detached(&Nonce::from(nonce), &[], &mut buffer, &tag.into());
        assert!(opened.is_ok(), "the cipher alone accepts both keys");
    }
    // In a file, the second password meets the commitment to the first.
    assert_ne!(mine.commitment(COMMITMENT_LABEL).unwrap(), theirs.commitment(COMMITMENT_LABEL).unwrap());
    let mut file = sealed();
    file.header.commitment = Hexed(mine.commitment(COMMITMENT_LABEL).unwrap());
    file.header.cipher.nonce = Hexed(nonce);
    file.ciphertext = HexedBytes([crafted, tag.to_vec()].concat());
    let file = with_checksum_fixed(file);
    assert_eq!(file.open(&theirs).err(), Some(KeystoreError::WrongPassword));
}
