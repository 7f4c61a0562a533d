//! Words as files and notes have them, and corrected in their place.
//!
//! Tests only.

use super::*;

const WORDS: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

#[test]
fn capitals_tabs_and_lines_do_not_matter() {
    let typed =
        TypedWords(split("Legal WINNER\tthank\nyear  wave sausage\u{3000}worth useful legal winner thank yellow "));
    assert_eq!(*typed.text(), WORDS);
    assert!(parse(None, &typed.text()).is_ok());
}

#[test]
fn one_word_is_corrected_in_its_place() {
    let mut typed = TypedWords(split(WORDS));
    typed.correct(2, "wimmer");
    assert!(typed.text().starts_with("legal wimmer thank"));
    typed.correct(2, "winner");
    typed.correct(12, "yellow");
    assert_eq!(*typed.text(), WORDS);
}

#[test]
fn words_grown_together_are_split_by_a_correction() {
    let mut typed = TypedWords(split(&WORDS.replace("year wave", "yearwave")));
    typed.correct(4, "year wave");
    assert_eq!(*typed.text(), WORDS);
    typed.correct(13, "more");
    assert!(typed.text().ends_with("yellow more"), "beyond the end is appended");
}

#[test]
fn a_file_of_words_may_have_any_layout() {
    assert_eq!(*cleaned(&(WORDS.replace(' ', "\r\n") + "\n\n")), WORDS);
}

#[test]
fn words_of_electrum_that_are_no_phrase_are_named() {
    let electrum = "cram swing cover prefer miss modify ritual silly deliver chunk behind inform able";
    for language in [None, Some(Language::English)] {
        let error = parse(language, electrum).err().unwrap();
        assert!(matches!(error, KeystoreError::Restore(_)), "{error}");
        assert!(matches!(parse(language, "legal winner thank"), Err(KeystoreError::Phrase(_))));
    }
}

#[test]
fn languages_are_named_when_one_is_unknown() {
    assert_eq!(language("czech"), Ok(Language::Czech));
    assert!(language("klingon").is_err_and(|message| message.contains("portuguese")));
}

#[test]
fn words_are_read_as_files_and_notes_have_them() {
    for text in [
        "legal winner thank",
        " Legal\tWINNER\r\nthank\n",
        "1. legal\n2. winner\n3. thank",
        "1) legal 2) winner 3) thank",
        "1 legal 2 winner 3 thank",
        "1.legal 2:winner 3)thank",
        "legal, winner,thank;",
        "\"legal\" \u{201c}winner\u{201d} 'thank'",
        "\u{feff}legal win\u{200b}ner thank\u{2060}",
    ] {
        let words: Vec<String> = split(text).iter().map(|word| word.to_string()).collect();
        assert_eq!(words, ["legal", "winner", "thank"], "{text:?}");
    }
    assert!(split("1. 2. ,, \u{200b}").is_empty());
}

#[test]
fn only_the_five_lengths_are_phrases() {
    for count in WordCount::ALL {
        assert_eq!(word_count(&count.words().to_string()), Ok(count));
    }
    for wrong in ["13", "0", "-12", "twelve", "3"] {
        assert!(word_count(wrong).is_err(), "{wrong}");
    }
}
