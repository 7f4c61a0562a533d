//! Child seeds against every published vector of BIP-85 for the applications that there are here, and their bounds.
//!
//! Tests only. The vectors are those of BIP-85, version 3.0.0.

use proptest::prelude::*;

use bitcoin::NetworkKind;

use super::*;

/// The words whose master key all vectors of BIP-85 begin with (`xprv9s21ZrQH143K2LBWUUQRFXhucrQqBpKdRRxNVq2zBqsx8HVqFk2u...`),
/// from the tests of its first implementation (ethankosakovsky/bip85).
const OF_THE_BIP: &str = "install scatter logic circle pencil average fall shoe quantum disease suspect usage";

fn keys(class: NetworkClass) -> Keys {
    Keys::from_phrase(&Phrase::parse(OF_THE_BIP).unwrap(), None, class, &Sealed::for_tests()).unwrap()
}

fn child_of(class: NetworkClass, application: ChildApplication, index: u32) -> ChildSeed {
    ChildPath::new(application, index).unwrap().derive(&keys(class), &Sealed::for_tests()).unwrap()
}

fn text(child: &ChildSeed) -> String {
    match &child.secret {
        ChildSecret::Words(phrase) => phrase.words().collect::<Vec<_>>().join(" "),
        ChildSecret::Line(line) => line.text().to_owned(),
    }
}

const fn english(count: WordCount) -> ChildApplication {
    ChildApplication::Words { count, language: Language::English }
}

#[test]
fn every_published_child_is_made() {
    let published = [
        (
            "m/83696968'/39'/0'/12'/0'",
            english(WordCount::Twelve),
            "girl mad pet galaxy egg matter matrix prison refuse sense ordinary nose",
        ),
        (
            "m/83696968'/39'/0'/18'/0'",
            english(WordCount::Eighteen),
            "near account window bike charge season chef number sketch tomorrow excuse sniff circle vital hockey \
             outdoor supply token",
        ),
        (
            "m/83696968'/39'/0'/24'/0'",
            english(WordCount::TwentyFour),
            "puppy ocean match cereal symbol another shed magic wrap hammer bulb intact gadget divorce twin tonight \
             reason outdoor destroy simple truth cigar social volcano",
        ),
        ("m/83696968'/2'/0'", ChildApplication::Wif, "Kzyv4uF39d4Jrw2W7UryTHwZr1zQVNk4dAFyqE6BuMrMh1Za7uhp"),
        (
            "m/83696968'/32'/0'",
            ChildApplication::Xprv,
            "xprv9s21ZrQH143K2srSbCSg4m4kLvPMzcWydgmKEnMmoZUurYuBuYG46c6P71UGXMzmriLzCCBvKQWBUv3vPB3m1SATMhp3uEjXHJ42jFg7myX",
        ),
        (
            "m/83696968'/128169'/64'/0'",
            ChildApplication::Hex { bytes: 64 },
            "492db4698cf3b73a5a24998aa3e9d7fa96275d85724a91e71aa2d645442f878555d078fd1f1f67e368976f04137b1f7a0d19232136ca50c\
             44614af72b5582a5c",
        ),
        ("m/83696968'/707764'/21'/0'", ChildApplication::Base64 { characters: 21 }, "dKLoepugzdVJvdL56ogNV"),
        ("m/83696968'/707785'/12'/0'", ChildApplication::Base85 { characters: 12 }, "_s`{TW89)i4`"),
    ];
    for (path, application, expected) in published {
        assert_eq!(ChildPath::new(application, 0).unwrap().to_string(), path);
        assert_eq!(text(&child_of(NetworkClass::Main, application, 0)), expected, "{path}");
    }
}

/// The entropy that BIP-85 prints beside its children, and that of its two general test cases.
#[test]
fn every_published_entropy_is_made() {
    let keys = keys(NetworkClass::Main);
    for (path, expected) in [
        (
            "m/83696968'/0'/0'",
            "efecfbccffea313214232d29e71563d941229afb4338c21f9517c41aaa0d16f00b83d2a09ef747e7a64e8e2bd5a14869e693da66ce94ac2d\
             a570ab7ee48618f7",
        ),
        (
            "m/83696968'/0'/1'",
            "70c6e3e8ebee8dc4c0dbba66076819bb8c09672527c4277ca8729532ad711872218f826919f6b67218adde99018a6df9095ab2b58d803b5b\
             93ec9802085a690e",
        ),
        ("m/83696968'/39'/0'/12'/0'", "6250b68daf746d12a24d58b4787a714b"),
        ("m/83696968'/39'/0'/18'/0'", "938033ed8b12698449d4bbca3c853c66b293ea1b1ce9d9dc"),
        ("m/83696968'/39'/0'/24'/0'", "ae131e2312cdc61331542efe0d1077bac5ea803adf24b313a4f0e48e9c51f37f"),
        ("m/83696968'/2'/0'", "7040bb53104f27367f317558e78a994ada7296c6fde36a364e5baf206e502bb1"),
        (
            "m/83696968'/707764'/21'/0'",
            "74a2e87a9ba0cdd549bdd2f9ea880d554c6c355b08ed25088cfa88f3f1c4f74632b652fd4a8f5fda43074c6f6964a3753b08bb5210c8f5e7\
             5c07a4c2a20bf6e9",
        ),
        (
            "m/83696968'/707785'/12'/0'",
            "f7cfe56f63dca2490f65fcbf9ee63dcd85d18f751b6b5e1c1b8733af6459c904a75e82b4a22efff9b9e69de2144b293aa8714319a054b6cb\
             55826a8e51425209",
        ),
    ] {
        let entropy = keys.child_entropy(&path.parse().unwrap()).unwrap().to_lower_hex_string();
        assert!(entropy.starts_with(expected), "{path}: {entropy}");
    }
    // Of an extended key the document prints the private key, which is the second half.
    let entropy = keys.child_entropy(&"m/83696968'/32'/0'".parse().unwrap()).unwrap().to_lower_hex_string();
    assert!(entropy.ends_with("ead0b33988a616cf6a497f1c169d9e92562604e38305ccd3fc96f2252c177682"), "{entropy}");
}

#[test]
fn words_of_every_language_and_length_hold_the_entropy_of_their_path() {
    let keys = keys(NetworkClass::Main);
    for (number, language) in (0..).zip(Language::ALL) {
        for count in WordCount::ALL {
            let path = ChildPath::new(ChildApplication::Words { count, language }, 7).unwrap();
            assert_eq!(path.to_string(), format!("m/83696968'/39'/{number}'/{}'/7'", count.words()));
            let child = path.derive(&keys, &Sealed::for_tests()).unwrap();
            let ChildSecret::Words(phrase) = &child.secret else { panic!("no words") };
            assert_eq!((phrase.language(), phrase.count()), (language, count));
            let entropy = keys.child_entropy(&path.levels()).unwrap();
            assert_eq!(phrase.entropy().as_bytes(), &entropy[..count.bytes()]);
            let restored = Keys::from_phrase(phrase, None, NetworkClass::Main, &Sealed::for_tests()).unwrap();
            assert_eq!(child.fingerprint, Some(restored.fingerprint()));
        }
    }
}

/// A wallet of test coins makes the same bytes, in the forms of test networks.
#[test]
fn keys_are_of_the_class_of_their_wallet() {
    let child = |class, application| text(&child_of(class, application, 3));
    let (main, test) = (NetworkClass::Main, NetworkClass::Test);
    let wif = |class| PrivateKey::from_wif(&child(class, ChildApplication::Wif)).unwrap();
    assert_eq!(wif(main).inner, wif(test).inner);
    assert_eq!((wif(main).network, wif(test).network), (NetworkKind::Main, NetworkKind::Test));
    assert!(wif(main).compressed && wif(test).compressed);
    let xprv = |class| child(class, ChildApplication::Xprv).parse::<Xpriv>().unwrap();
    assert_eq!(xprv(main).private_key, xprv(test).private_key);
    assert_eq!((xprv(main).network, xprv(test).network), (NetworkKind::Main, NetworkKind::Test));
    assert_eq!((xprv(test).depth, xprv(test).parent_fingerprint), (0, Fingerprint::default()));
    let seen = child_of(test, ChildApplication::Xprv, 3).fingerprint;
    assert_eq!(seen, Some(xprv(test).fingerprint(&bitcoin::secp256k1::Secp256k1::new())));
    for other in [english(WordCount::Twelve), ChildApplication::Hex { bytes: 32 }] {
        assert_eq!(child(main, other), child(test, other));
    }
}

#[test]
fn only_wallets_have_a_fingerprint() {
    for application in [
        ChildApplication::Wif,
        ChildApplication::Hex { bytes: 16 },
        ChildApplication::Base64 { characters: 86 },
        ChildApplication::Base85 { characters: 80 },
    ] {
        assert_eq!(child_of(NetworkClass::Main, application, 0).fingerprint, None);
    }
}

#[test]
fn sizes_and_indexes_that_the_bip_does_not_have_are_refused() {
    let is_refused =
        |application, index| matches!(ChildPath::new(application, index), Err(KeystoreError::ChildSeed(_)));
    for (lowest, highest, application) in [
        (16, 64, (|bytes| ChildApplication::Hex { bytes }) as fn(u8) -> ChildApplication),
        (20, 86, |characters| ChildApplication::Base64 { characters }),
        (10, 80, |characters| ChildApplication::Base85 { characters }),
    ] {
        for size in 0..=u8::MAX {
            assert_eq!(is_refused(application(size), 0), !(lowest..=highest).contains(&size), "{size}");
        }
        for size in [lowest, highest] {
            let child = text(&child_of(NetworkClass::Main, application(size), 0));
            let per_unit = if matches!(application(size), ChildApplication::Hex { .. }) { 2 } else { 1 };
            assert_eq!(child.len(), per_unit * usize::from(size));
            assert!(child.bytes().all(|byte| byte.is_ascii_graphic()), "{child}");
        }
    }
    assert!(!is_refused(ChildApplication::Wif, 0x7fff_ffff));
    assert!(is_refused(ChildApplication::Wif, 0x8000_0000) && is_refused(ChildApplication::Wif, u32::MAX));
}

#[test]
fn entropy_that_makes_no_key_is_refused() {
    for bytes in [[0; 64], [0xff; 64]] {
        for refused in [wif(&bytes, NetworkClass::Main).err(), xprv(&bytes, NetworkClass::Main).err()] {
            assert!(matches!(refused, Some(KeystoreError::ChildSeed(_))), "{refused:?}");
        }
    }
}

#[test]
fn paths_of_other_applications_are_not_read() {
    for text in [
        "",
        "m",
        "39'",
        "39'/0'/13'",
        "39'/10'/12'",
        "39/0/12",
        "2'/0'",
        "128169'/15'",
        "128169'/272'",
        "89101'/6'/10'",
    ] {
        assert_eq!(ChildApplication::from_path(text), None, "{text}");
    }
}

fn applications() -> impl Strategy<Value = ChildApplication> {
    prop_oneof![
        (0usize..5, 0usize..10).prop_map(|(count, list)| ChildApplication::Words {
            count: WordCount::ALL[count],
            language: Language::ALL[list]
        }),
        Just(ChildApplication::Wif),
        Just(ChildApplication::Xprv),
        (16u8..=64).prop_map(|bytes| ChildApplication::Hex { bytes }),
        (20u8..=86).prop_map(|characters| ChildApplication::Base64 { characters }),
        (10u8..=80).prop_map(|characters| ChildApplication::Base85 { characters }),
    ]
}

proptest! {
    #[test]
    fn every_path_is_read_back(application in applications()) {
        prop_assert_eq!(ChildApplication::from_path(&application.path()), Some(application));
    }

    #[test]
    fn base85_is_read_back(bytes in proptest::collection::vec(any::<u8>(), 64)) {
        let text = base85(&bytes.clone().try_into().unwrap());
        prop_assert_eq!(text.len(), 80);
        let digit = |byte: u8| DIGITS_85.iter().position(|digit| *digit == byte).unwrap() as u64;
        let groups = text.as_bytes().chunks(5).map(|group| group.iter().fold(0, |sum, byte| sum * 85 + digit(*byte)));
        let read: Vec<u8> = groups.flat_map(|number| u32::try_from(number).unwrap().to_be_bytes()).collect();
        prop_assert_eq!(read, bytes);
    }
}
