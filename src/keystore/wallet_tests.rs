//! Wallets on disk: made, opened, changed, and left alone when they must be.

use std::{fs, os::unix::fs::PermissionsExt};

use super::*;
use crate::{
    explain::{Explain, Kind},
    keystore::{Language, Phrase, PhraseError, RootKey, SecretBytes, Seed, WordCount},
};

fn password(text: &str) -> Password {
    Password::new(text.to_owned()).unwrap()
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned()).unwrap()
}

fn wallet(passphrase: PassphraseRule) -> NewWallet {
    let phrase = Phrase::from_entropy(&SecretBytes::new(vec![0x7f; 16]), Language::English).unwrap();
    NewWallet { secret: MasterSecret::Phrase(phrase), passphrase, class: NetworkClass::Test, cost: Cost::FLOOR }
}

struct Place {
    dir: tempfile::TempDir,
    sealed: Sealed,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), sealed: Sealed::for_tests() }
    }

    fn path(&self) -> std::path::PathBuf {
        self.dir.path().join("w.keystore")
    }

    fn create(&self, rule: PassphraseRule) -> Result<Header, KeystoreError> {
        create(&self.path(), wallet(rule), &password("right"), &self.sealed)
    }
}

#[test]
fn a_wallet_opens_as_it_was_made() {
    let place = Place::new();
    let made = place.create(PassphraseRule::None).unwrap();
    assert_eq!(read_header(&place.path()).unwrap(), made);
    assert_eq!(fs::metadata(place.path()).unwrap().permissions().mode() & 0o7777, 0o600);
    let unlocked = unlock(&place.path(), &password("right"), &place.sealed).unwrap();
    assert!(unlocked.secret().same_as(&wallet(PassphraseRule::None).secret) && !unlocked.needs_passphrase());
    let keys = unlocked.into_keys(&place.sealed).unwrap();
    assert_eq!((keys.fingerprint(), keys.class()), (made.fingerprint, NetworkClass::Test));

    let before = fs::read(place.path()).unwrap();
    let wrong = unlock(&place.path(), &password("wrong"), &place.sealed).err().unwrap();
    assert_eq!((&wrong, wrong.entry().kind), (&KeystoreError::WrongPassword, Kind::WrongPassword));
    let again = place.create(PassphraseRule::None).err().unwrap();
    assert!(matches!(again, KeystoreError::Store(StoreError::Exists { .. })), "{again}");
    assert_eq!(fs::read(place.path()).unwrap(), before);
}

#[test]
fn damage_is_told_from_a_wrong_password() {
    let place = Place::new();
    place.create(PassphraseRule::None).unwrap();
    let mut bytes = fs::read(place.path()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] = if bytes[middle] == b'0' { b'1' } else { b'0' };
    fs::write(place.path(), &bytes).unwrap();
    let damaged = unlock(&place.path(), &password("right"), &place.sealed).err().unwrap();
    assert_eq!(damaged.entry().kind, Kind::Verification);
    assert_eq!(fs::read(place.path()).unwrap(), bytes, "a damaged file is left as it is");
}

/// A seed and a root key are kept as they are; no passphrase belongs to them, and no words can be shown.
#[test]
fn wallets_without_words_open_and_say_that_they_have_none() {
    let bytes = |length| SecretBytes::new(vec![0x5a; length]);
    let secrets = || {
        [16, 32, 64]
            .map(|length| MasterSecret::Seed(Seed::new(bytes(length)).unwrap()))
            .into_iter()
            .chain([MasterSecret::RootKey(RootKey::from_bytes(bytes(64)).unwrap())])
    };
    for (secret, same) in secrets().zip(secrets()) {
        let place = Place::new();
        let class = NetworkClass::Main;
        let wallet = NewWallet { secret, passphrase: PassphraseRule::None, class, cost: Cost::FLOOR };
        let made = create(&place.path(), wallet, &password("right"), &place.sealed).unwrap();
        assert_eq!((made.version, made.words, made.language), (2, 0, None));
        let opened = unlock(&place.path(), &password("right"), &place.sealed).unwrap();
        assert!(opened.secret().same_as(&same));
        assert_eq!(opened.secret().phrase().err(), Some(KeystoreError::NoWords));
        let fingerprint = opened.into_keys(&place.sealed).unwrap().fingerprint();
        assert_eq!(fingerprint, made.fingerprint);
        change_password(&place.path(), &password("right"), &password("new"), Cost::FLOOR, &place.sealed).unwrap();
        assert!(unlock(&place.path(), &password("new"), &place.sealed).unwrap().secret().same_as(&same));
    }
    let place = Place::new();
    let secret = secrets().next().unwrap();
    let passphrase = PassphraseRule::Asked(passphrase("x"));
    let wallet = NewWallet { secret, passphrase, class: NetworkClass::Main, cost: Cost::FLOOR };
    let refused = create(&place.path(), wallet, &password("right"), &place.sealed).err();
    assert!(refused == Some(KeystoreError::NoWords) && !place.path().exists());
}

#[test]
fn an_asked_passphrase_is_checked_and_nowhere_written() {
    let place = Place::new();
    let made = place.create(PassphraseRule::Asked(passphrase("  edge  "))).unwrap();
    let open = || unlock(&place.path(), &password("right"), &place.sealed).unwrap();
    assert!(open().needs_passphrase());
    assert_eq!(open().into_keys(&place.sealed).err(), Some(KeystoreError::PassphraseNeeded));
    let wrong = open().with_passphrase(&passphrase("edge"), &place.sealed).err().unwrap();
    assert_eq!((&wrong, wrong.entry().kind), (&KeystoreError::WrongPassphrase, Kind::WrongPassword));
    let keys = open().with_passphrase(&passphrase("  edge  "), &place.sealed).unwrap();
    assert_eq!(keys.fingerprint(), made.fingerprint);
}

#[test]
fn a_stored_passphrase_needs_no_question() {
    let place = Place::new();
    let made = place.create(PassphraseRule::Stored(passphrase("TREZOR"))).unwrap();
    let keys = unlock(&place.path(), &password("right"), &place.sealed).unwrap().into_keys(&place.sealed).unwrap();
    let without =
        Keys::from_secret(&wallet(PassphraseRule::None).secret, None, NetworkClass::Test, &place.sealed).unwrap();
    assert_eq!(keys.fingerprint(), made.fingerprint);
    assert_ne!(keys.fingerprint(), without.fingerprint());
}

#[test]
fn a_new_password_replaces_the_old_one() {
    let place = Place::new();
    let made = place.create(PassphraseRule::None).unwrap();
    let before = fs::read(place.path()).unwrap();
    let change = |old: &str, new: &str| {
        change_password(&place.path(), &password(old), &password(new), Cost::FLOOR, &place.sealed)
    };
    assert_eq!(change("wrong", "new").err(), Some(KeystoreError::WrongPassword));
    assert_eq!(fs::read(place.path()).unwrap(), before, "a wrong old password writes nothing");
    let changed = change("right", "new").unwrap();
    assert_eq!((changed.id, changed.fingerprint), (made.id, made.fingerprint));
    assert_ne!(changed.kdf.salt, made.kdf.salt);
    assert_ne!(changed.cipher.nonce, made.cipher.nonce);
    let old = unlock(&place.path(), &password("right"), &place.sealed).err();
    assert_eq!(old, Some(KeystoreError::WrongPassword));
    assert!(unlock(&place.path(), &password("new"), &place.sealed).is_ok());
    let names: Vec<_> = fs::read_dir(place.dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "the wallet and its lock, no litter: {names:?}");
}

#[test]
fn files_that_others_can_read_are_not_opened() {
    let place = Place::new();
    fs::write(place.path(), GOLDEN).unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o640)).unwrap();
    let refused = unlock(&place.path(), &password("x"), &place.sealed).err();
    assert!(matches!(refused, Some(KeystoreError::Store(StoreError::Loose { .. }))));
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(read_header(&place.path()).is_ok());
    fs::write(place.path(), vec![b' '; 64 * 1024 + 1]).unwrap();
    assert!(matches!(read_header(&place.path()), Err(KeystoreError::Store(StoreError::TooLarge { .. }))));
}

#[test]
fn a_fingerprint_of_other_words_is_noticed() {
    let place = Place::new();
    let facts = Facts {
        id: Hexed([1; 16]),
        network_class: NetworkClass::Test,
        fingerprint: bitcoin::bip32::Fingerprint::from([0; 4]),
        passphrase: PassphraseUse::None,
    };
    let plain = Plain { secret: wallet(PassphraseRule::None).secret, stored: None };
    let (_, bytes) = write_sealed(facts, &plain, &password("right"), Cost::FLOOR).unwrap();
    let refused = open(&bytes, &password("right")).unwrap().into_keys(&place.sealed).err();
    assert!(matches!(refused, Some(KeystoreError::Damaged(_))));
}

/// A file of the first version ever written: every later program must open it.
const GOLDEN: &[u8] = include_bytes!("../../tests/vectors/wallet-v1.keystore");

#[test]
fn the_first_file_ever_written_opens() {
    let opened = open(GOLDEN, &password("correct horse battery staple")).unwrap();
    let phrase = opened.secret().phrase().unwrap();
    assert_eq!((phrase.count(), phrase.language()), (WordCount::Twelve, Language::English));
    assert!(opened.secret().same_as(&wallet(PassphraseRule::None).secret));
    // "legal winner ... yellow" with TREZOR is a vector of BIP-39's own list; its seed begins with 2e8905819b8723fe.
    let seed = phrase.seed(opened.plain.stored.as_ref());
    assert_eq!(seed[..8], [0x2e, 0x89, 0x05, 0x81, 0x9b, 0x87, 0x23, 0xfe]);
    assert!(opened.into_keys(&Sealed::for_tests()).is_ok());
}

#[test]
fn errors_name_their_next_step() {
    let word: KeystoreError = PhraseError::Checksum.into();
    assert_eq!((word.entry().code, word.entry().kind), ("phrase.checksum", Kind::Usage));
    for entry in crate::keystore::CATALOGUE {
        assert!(!entry.hint.ends_with('.') && !entry.hint.is_empty(), "{}", entry.code);
    }
}

const MARKER: &str = "FASTNESS_TEST_SEALED_KEYSTORE";

/// Not a test of its own: does nothing unless it is the child of `a_sealed_process_does_all_of_this`.
#[test]
fn sealed_child() {
    let Some(dir) = std::env::var_os(MARKER).map(std::path::PathBuf::from) else { return };
    let sealed =
        crate::seal::seal_this_process(&crate::seal::FileAccess { read: Vec::new(), write: vec![dir.clone()] })
            .unwrap();
    let path = dir.join("w.keystore");
    let made = create(&path, wallet(PassphraseRule::None), &password("right"), &sealed).unwrap();
    change_password(&path, &password("right"), &password("new"), Cost::FLOOR, &sealed).unwrap();
    let keys = unlock(&path, &password("new"), &sealed).unwrap().into_keys(&sealed).unwrap();
    assert_eq!(keys.fingerprint(), made.fingerprint);
    let phrase = Phrase::generate(WordCount::TwentyFour, Language::English).unwrap();
    assert_eq!(phrase.words().count(), 24);
    nothing_gets_out();
    fs::write(dir.join("reached the end"), b"").unwrap();
}

/// With the keys in memory: every way out of the process that the standard library offers is refused by the kernel (EPERM).
fn nothing_gets_out() {
    const EPERM: Option<i32> = Some(1);
    let refused = |what: &str, error: std::io::Error| assert_eq!(error.raw_os_error(), EPERM, "{what}: {error}");
    refused("connect", std::net::TcpStream::connect("127.0.0.1:9").unwrap_err());
    refused("listen", std::net::TcpListener::bind("127.0.0.1:0").unwrap_err());
    refused("datagram", std::net::UdpSocket::bind("127.0.0.1:0").unwrap_err());
    refused("unix socket", std::os::unix::net::UnixStream::connect("/dev/log").unwrap_err());
    refused("program", std::process::Command::new("/bin/true").spawn().unwrap_err());
    assert!(std::net::ToSocketAddrs::to_socket_addrs("example.org:80").is_err(), "a name was looked up");
}

#[test]
fn a_sealed_process_does_all_of_this_and_nothing_gets_out_after_unlocking() {
    let dir = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "keystore::wallet::tests::sealed_child", "--nocapture"])
        .env(MARKER, dir.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(dir.path().join("reached the end").exists());
}
