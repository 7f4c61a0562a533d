//! Every mistake, made at random places: the right phrase is among the candidates, at the number that is reckoned for it.

use proptest::{prelude::*, sample::Index};

use super::*;
use crate::keystore::{Phrase, SecretBytes};

impl Puzzle {
    /// The number of a phrase, reckoned apart from [`fill`]: arrangements are tried, their open places read as digits. For
    /// puzzles whose open places may hold every word.
    pub(in crate::keystore::recover) fn index_of(&self, phrase: &Phrase) -> Option<u64> {
        let mut walk = self.walk();
        let mut before = 0;
        for reading in &self.readings {
            let (all, fillings) =
                (u64::try_from(reading.candidates).unwrap(), u64::try_from(reading.fillings).unwrap());
            let words = numbers(phrase, reading.language);
            for arrangement in 0..all / fillings {
                let base = before + arrangement * fillings;
                let first = walk.guess(base)?.words.to_vec();
                let last = walk.guess(base + fillings - 1)?.words.to_vec();
                let digit = |(place, word): (usize, &Option<u16>)| (first[place] != last[place]).then_some(*word);
                let digits: Option<Vec<u16>> = words.iter().enumerate().filter_map(digit).collect();
                let filling = digits?.into_iter().fold(0, |number, digit| number * 2048 + u64::from(digit));
                let is_it = |guess: &Guess<'_>| {
                    guess.language == phrase.language() && guess.words.iter().map(|word| Some(*word)).eq(words.clone())
                };
                if walk.guess(base + filling).as_ref().is_some_and(is_it) {
                    return Some(base + filling);
                }
            }
            before += all;
        }
        None
    }
}

fn numbers(phrase: &Phrase, language: Language) -> Vec<Option<u16>> {
    phrase.words().map(|word| language.list().find_word(word)).collect()
}

fn puzzle(typed: &[&str], phrase: &Phrase, mistake: &Mistake) -> Puzzle {
    Puzzle::new(&typed.join(" "), phrase.count(), mistake, Some(phrase.language())).unwrap()
}

/// What a random phrase is made of.
fn origin() -> impl Strategy<Value = (Index, Index, [u8; 32])> {
    any::<(Index, Index, [u8; 32])>()
}

fn phrase_of((count, language, bytes): (Index, Index, [u8; 32])) -> Phrase {
    let count = count.get(&WordCount::ALL);
    let entropy = SecretBytes::new(bytes[..count.bytes()].to_vec());
    Phrase::from_entropy(&entropy, *language.get(&Language::ALL)).unwrap()
}

/// Two different places.
fn two(first: &Index, second: &Index, of: usize) -> [usize; 2] {
    let (first, second) = (first.index(of), second.index(of - 1));
    let second = second + usize::from(second >= first);
    [first.min(second), first.max(second)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn words_that_are_marked_or_wrong_are_found(
        phrase in origin(),
        places in any::<(Index, Index)>(),
        other in any::<Index>(),
    ) {
        let phrase = phrase_of(phrase);
        let right: Vec<_> = phrase.words().collect();
        let [first, second] = two(&places.0, &places.1, right.len());
        let mut typed = right.clone();
        typed[first] = "?";
        prop_assert!(puzzle(&typed, &phrase, &Mistake::Marked).index_of(&phrase).is_some());
        typed[second] = "?";
        prop_assert!(puzzle(&typed, &phrase, &Mistake::Marked).index_of(&phrase).is_some());
        typed[second] = phrase.language().list().word_list()[other.index(2048)];
        prop_assert!(puzzle(&typed, &phrase, &Mistake::Wrong(Slips::One)).index_of(&phrase).is_some());
        typed[first] = phrase.language().list().word_list()[(other.index(2048) + 1) % 2048];
        let found = puzzle(&typed, &phrase, &Mistake::Wrong(Slips::Two));
        prop_assert!(found.index_of(&phrase).is_some());
        let pairs = u128::try_from(right.len() * (right.len() - 1) / 2).unwrap();
        prop_assert_eq!(found.candidates(), pairs * 2048 * 2048);
    }

    #[test]
    fn words_that_are_missing_swapped_or_mixed_are_found(
        phrase in origin(),
        places in any::<(Index, Index)>(),
        mixed in prop::sample::subsequence((0..12).collect::<Vec<usize>>(), 2..=6),
    ) {
        let phrase = phrase_of(phrase);
        let right: Vec<_> = phrase.words().collect();
        let [first, second] = two(&places.0, &places.1, right.len());
        let mut typed = right.clone();
        typed.remove(second);
        prop_assert!(puzzle(&typed, &phrase, &Mistake::Missing).index_of(&phrase).is_some());
        typed.remove(first);
        prop_assert!(puzzle(&typed, &phrase, &Mistake::Missing).index_of(&phrase).is_some());
        let mut typed = right.clone();
        typed.swap(first, second);
        prop_assert!(puzzle(&typed, &phrase, &Mistake::Swapped).index_of(&phrase).is_some());
        let mut typed = right.clone();
        for pair in mixed.windows(2) {
            typed.swap(pair[0], pair[1]);
        }
        let places = mixed.iter().map(|place| place + 1).collect();
        prop_assert!(puzzle(&typed, &phrase, &Mistake::Shuffled(places)).index_of(&phrase).is_some());
    }

    #[test]
    fn every_number_is_another_phrase_in_whatever_order_they_are_asked(start in 0u64..24_000, step in 1u64..500) {
        let typed = format!("{} able", ["abandon"; 11].join(" "));
        let puzzle = Puzzle::new(&typed, WordCount::Twelve, &Mistake::Wrong(Slips::One), None).unwrap();
        let (mut walk, mut fresh) = (puzzle.walk(), puzzle.walk());
        for number in [start, start + step, start, 0, 24_575] {
            let guess = walk.guess(number).map(|guess| guess.words.to_vec());
            prop_assert_eq!(&guess, &fresh.guess(number).map(|guess| guess.words.to_vec()));
            prop_assert_eq!(guess.is_some(), number < 24_576);
        }
    }
}

#[test]
fn first_letters_leave_few_words() {
    let typed = "legal winner thank year wave sausage worth useful legal winner thank yel?";
    let puzzle = Puzzle::new(typed, WordCount::Twelve, &Mistake::Marked, None).unwrap();
    assert_eq!(puzzle.candidates(), 1, "only yellow begins so");
    let typed = typed.replace("yel?", "y?");
    let puzzle = Puzzle::new(&typed, WordCount::Twelve, &Mistake::Marked, Some(Language::English)).unwrap();
    let list = Language::English.list().word_list();
    let begin_so = list.iter().filter(|word| word.starts_with('y')).count();
    assert_eq!(puzzle.candidates(), u128::try_from(begin_so).unwrap());
    let mut walk = puzzle.walk();
    let mut last = |number| list[usize::from(*walk.guess(number).unwrap().words.last().unwrap())];
    assert!(
        last(0) == "yard" && (0..puzzle.candidates()).all(|number| last(number.try_into().unwrap()).starts_with('y'))
    );
}

#[test]
fn every_list_that_knows_the_words_is_tried() {
    let chinese = Phrase::from_entropy(&SecretBytes::new(vec![0; 16]), Language::ChineseSimplified);
    let words: Vec<_> = chinese.unwrap().words().map(str::to_owned).collect();
    let typed = format!("? {}", words[..11].join(" "));
    let puzzle = Puzzle::new(&typed, WordCount::Twelve, &Mistake::Marked, None).unwrap();
    assert_eq!(puzzle.languages().collect::<Vec<_>>(), [Language::ChineseSimplified, Language::ChineseTraditional]);
    assert_eq!(puzzle.candidates(), 4096);
    let all = Puzzle::new(&["?"; 12].join(" "), WordCount::Twelve, &Mistake::Marked, None).unwrap();
    assert_eq!(all.languages().count(), 10);
}

fn refused(typed: &str, count: WordCount, mistake: &Mistake) -> RecoverError {
    match Puzzle::new(typed, count, mistake, None) {
        Ok(_) => panic!("{typed} is no puzzle"),
        Err(error) => error,
    }
}

#[test]
fn what_is_no_puzzle_is_refused() {
    let twelve = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    for mistake in [Mistake::Marked, Mistake::Swapped, Mistake::Wrong(Slips::Two)] {
        let found = refused(twelve, WordCount::Fifteen, &mistake);
        assert_eq!(found, RecoverError::Phrase(PhraseError::WordCount { found: 12 }));
    }
    let unknown = refused(&twelve.replace("year", "yeaar"), WordCount::Twelve, &Mistake::Marked);
    let suggestions = vec!["year", "near", "pear"];
    let expected = PhraseError::UnknownWord { position: 4, language: Language::English, suggestions };
    assert_eq!(unknown, RecoverError::Phrase(expected));
    let marked = refused(
        &twelve.replace("year", "? wave?").replace(" thank yellow", " xq? "),
        WordCount::Twelve,
        &Mistake::Marked,
    );
    assert!(matches!(marked, RecoverError::Phrase(PhraseError::UnknownWord { position: 12, .. })), "{marked}");
    for places in [vec![], vec![1], vec![1, 1], vec![0, 1], vec![12, 13], (1..=13).collect()] {
        let found = refused(twelve, WordCount::Twelve, &Mistake::Shuffled(places));
        assert!(matches!(found, RecoverError::Mistake(_)), "{found}");
    }
    for count in [WordCount::Twelve, WordCount::Fifteen] {
        assert!(matches!(refused(twelve, count, &Mistake::Missing), RecoverError::Mistake(_)));
    }
    let open = format!("{} able", ["?"; 11].join(" "));
    assert!(matches!(refused(&open, WordCount::Twelve, &Mistake::Wrong(Slips::Two)), RecoverError::Mistake(_)));
    assert!(matches!(refused(&"? ".repeat(2000), WordCount::Twelve, &Mistake::Marked), RecoverError::Phrase(_)));
}

#[test]
fn an_open_puzzle_is_counted_and_not_begun() {
    let all = Puzzle::new(&["?"; 24].join(" "), WordCount::TwentyFour, &Mistake::Wrong(Slips::One), None);
    assert!(matches!(all, Err(RecoverError::Mistake(_))));
    let all = Puzzle::new(&["?"; 24].join(" "), WordCount::TwentyFour, &Mistake::Swapped, None).unwrap();
    assert_eq!(all.candidates(), u128::MAX);
    assert!(all.walk().guess(0).is_none(), "more than can be numbered");
}
