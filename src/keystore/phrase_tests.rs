//! Recovery phrases in every language, Unicode form and size, with the published vectors of BIP-39.
//!
//! Tests only.

use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

use super::*;

fn typed(phrase: &Phrase, separator: &str) -> String {
    phrase.words().collect::<Vec<_>>().join(separator)
}

fn zeros(language: Language) -> Phrase {
    Phrase::from_entropy(&SecretBytes::new(vec![0; 16]), language).unwrap()
}

#[test]
fn first_letters_stand_for_their_words() {
    let phrase = zeros(Language::English);
    let short: Vec<String> = phrase.words().map(|word| word.chars().take(4).collect()).collect();
    for read in [Phrase::parse(&short.join(" ")), Phrase::parse_in(Language::English, &short.join(" "))] {
        assert!(read.unwrap().same_as(&phrase));
    }
    assert!(matches!(Phrase::parse(&short.join(" ").replace("aban", "aba")), Err(PhraseError::UnknownWord { .. })));
}

#[test]
fn every_size_and_language_reads_back() {
    for language in Language::ALL {
        for count in WordCount::ALL {
            let phrase = Phrase::generate(count, language).unwrap();
            let again = Phrase::parse_in(language, &typed(&phrase, " ")).unwrap();
            assert!(phrase.same_as(&again) && again.words().count() == count.words(), "{language}");
        }
    }
}

#[test]
fn every_unicode_form_is_the_same_phrase() {
    for language in Language::ALL {
        let phrase = Phrase::generate(WordCount::TwentyFour, language).unwrap();
        let text = typed(&phrase, "\u{3000}");
        for form in [text.nfc().to_string(), text.nfd().to_string(), text.nfkc().to_string(), format!(" {text}\n")] {
            assert!(Phrase::parse_in(language, &form).unwrap().same_as(&phrase), "{language}");
        }
    }
}

#[test]
fn an_unknown_word_is_named_by_its_place() {
    let text = typed(&zeros(Language::English), " ").replacen("abandon", "abandno", 3);
    let Err(PhraseError::UnknownWord { position, language, suggestions }) = Phrase::parse(&text) else {
        panic!("accepted")
    };
    assert_eq!((position, language, suggestions.first()), (1, Language::English, Some(&"abandon")));
    let spanish = typed(&zeros(Language::Spanish), " ") + "x";
    let Err(PhraseError::UnknownWord { position, language, .. }) = Phrase::parse(&spanish) else { panic!("accepted") };
    assert_eq!((position, language), (12, Language::Spanish));
}

#[test]
fn counts_and_checksums_are_checked() {
    let eleven = ["abandon"; 11].join(" ");
    assert_eq!(Phrase::parse(&eleven).err(), Some(PhraseError::WordCount { found: 11 }));
    assert_eq!(Phrase::parse(&format!("{eleven} abandon")).err(), Some(PhraseError::Checksum));
    assert!(Phrase::parse(&format!("{eleven} about")).is_ok());
    assert!(matches!(Phrase::parse(&"a ".repeat(100_000)).err(), Some(PhraseError::WordCount { .. })));
    assert_eq!(Phrase::parse("").err(), Some(PhraseError::WordCount { found: 0 }));
}

#[test]
fn a_phrase_of_two_languages_is_a_question() {
    // The two Chinese lists share 1,275 characters at the same places; entropy whose words are all among them.
    let shared = (0u8..=255).find_map(|byte| {
        let phrase = Phrase::from_entropy(&SecretBytes::new(vec![byte; 16]), Language::ChineseSimplified).unwrap();
        let text = typed(&phrase, " ");
        Phrase::parse_in(Language::ChineseTraditional, &text).is_ok().then_some(text)
    });
    let candidates = vec![Language::ChineseSimplified, Language::ChineseTraditional];
    assert_eq!(Phrase::parse(&shared.unwrap()).err(), Some(PhraseError::Ambiguous { candidates }));
}

#[test]
fn japanese_with_its_passphrase_gives_the_published_seed() {
    // First Japanese vector that BIP-39 links to (bip32JP/bip32JP.github.io).
    let phrase = zeros(Language::Japanese);
    let passphrase = "\u{334d}\u{30ac}\u{30d0}\u{30f4}\u{30a1}\u{3071}\u{3070}\u{3050}\u{309e}\u{3061}\u{3062}\u{5341}\u{4eba}\u{5341}\u{8272}";
    let seed = phrase.seed(Some(&Passphrase::new(passphrase.to_owned()).unwrap()));
    assert_eq!(
        hex::DisplayHex::to_lower_hex_string(seed.as_slice()),
        "a262d6fb6122ecf45be09c50492b31f92e9beb7d9a845987a02cefda57a15f9c\
         467a17872029a9e92299b5cbdf306e3a0ee620245cbd508959b6cb7ca637bd55"
    );
}

#[test]
fn dice_are_mixed_with_the_kernels_bytes() {
    let rolls = || DiceRolls::parse(&"6".repeat(99), WordCount::TwentyFour).unwrap();
    let (first, report) = Phrase::generate_with_dice(WordCount::TwentyFour, Language::English, rolls()).unwrap();
    let (second, _) = Phrase::generate_with_dice(WordCount::TwentyFour, Language::English, rolls()).unwrap();
    assert!(!first.same_as(&second), "dice alone must not decide");
    assert_eq!(report.kernel_hex().len(), 64);
    let few = DiceRolls::parse(&"6".repeat(50), WordCount::Twelve).unwrap();
    assert!(Phrase::generate_with_dice(WordCount::TwentyFour, Language::English, few).is_err());
}

proptest! {
    #[test]
    fn any_entropy_survives_its_words(bytes in proptest::collection::vec(any::<u8>(), 32), size in 0usize..5, list in 0usize..10) {
        let count = WordCount::ALL[size];
        let bytes = SecretBytes::new(bytes[..count.bytes()].to_vec());
        let phrase = Phrase::from_entropy(&bytes, Language::ALL[list]).unwrap();
        let decoded = phrase.entropy();
        prop_assert_eq!(decoded.as_bytes(), bytes.as_bytes());
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        let _ = Phrase::parse(&text);
    }
}
