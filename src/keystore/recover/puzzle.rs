//! A phrase that is partly known: what was typed, what may be wrong with it, and every phrase that it may have been.
//!
//! The phrases are numbered, so that the work can be shared and gone on with. They are not judged here: most of them fail the
//! checksum.

use zeroize::{Zeroize, Zeroizing};

use super::{
    RecoverError,
    arrangement::{Arrangements, MOST_SHUFFLED, Slips},
};
use crate::keystore::{Language, PhraseError, WordCount, phrase::MAX_TYPED, secret::normalized, suggest};

/// Words of the longest phrase.
pub(super) const MOST_WORDS: usize = 24;
/// Words of a list; a number of a word is below.
const LIST: u16 = 2048;
/// A place for any word of the list: the first of the sets.
const ANY: u16 = LIST;
/// Marks a missing word, alone or behind its first letters.
const MARK: char = '?';

/// What may be wrong with the words that were typed, besides those marked with `?`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// Nothing: all other words are right.
    Marked,
    /// One or two words are other words; which ones is unknown.
    Wrong(Slips),
    /// One or two words were left out; where is unknown. How many is told by the number of words of the phrase.
    Missing,
    /// Two words were exchanged, most likely neighbours.
    Swapped,
    /// The words at these places (from 1) were in another order; at most 12.
    Shuffled(Vec<usize>),
}

/// A phrase that is partly known. Wiped when dropped.
///
/// ```compile_fail
/// fn printed(puzzle: &fastness::keystore::recover::Puzzle) -> String { format!("{puzzle:?}") }
/// ```
pub struct Puzzle {
    count: WordCount,
    readings: Vec<Reading>,
}

/// What was typed, in one language.
struct Reading {
    language: Language,
    /// Numbers of words, or [`LIST`] and more for the sets.
    typed: Zeroizing<Vec<u16>>,
    /// Which words a place may hold that is not known; the first set is the whole list.
    sets: Vec<Zeroizing<Vec<u16>>>,
    arrangements: Arrangements,
    /// How often the open places of one arrangement are filled in another way.
    fillings: u128,
    /// All phrases of this reading.
    candidates: u128,
}

impl Puzzle {
    /// Reads typed words; `?` stands for a word that is missing, `ab?` for one that begins with these letters. Without a
    /// language every list is tried that knows all the words.
    ///
    /// # Errors
    /// A number of words that does not fit, a word of no list, or a mistake that cannot be made in such a phrase.
    pub fn new(
        typed: &str,
        count: WordCount,
        mistake: &Mistake,
        language: Option<Language>,
    ) -> Result<Self, RecoverError> {
        if typed.len() > MAX_TYPED {
            return Err(PhraseError::WordCount { found: typed.split_whitespace().count() }.into());
        }
        let text = normalized(typed);
        let words: Vec<&str> = text.split_whitespace().collect();
        check_count(words.len(), count, mistake)?;
        let lists: Vec<_> = language.map_or_else(|| Language::ALL.to_vec(), |only| vec![only]);
        let read = |language: &Language| Reading::new(&words, *language);
        let mut readings: Vec<_> = lists.iter().filter_map(read).collect();
        if readings.is_empty() {
            return Err(unknown_word(&words, &lists).into());
        }
        for reading in &mut readings {
            reading.may_have(mistake, count)?;
        }
        Ok(Self { count, readings })
    }

    /// How many phrases there are, before any checksum is looked at.
    #[must_use]
    pub fn candidates(&self) -> u128 {
        self.readings.iter().map(|reading| reading.candidates).fold(0, u128::saturating_add)
    }

    /// How many words the phrase has.
    #[must_use]
    pub const fn count(&self) -> WordCount {
        self.count
    }

    /// The languages in which phrases are tried.
    pub fn languages(&self) -> impl Iterator<Item = Language> + '_ {
        self.readings.iter().map(|reading| reading.language)
    }

    /// A walk over the phrases, best from one number to the next.
    pub(super) fn walk(&self) -> Walk<'_> {
        let places = Zeroizing::new([0; MOST_WORDS]);
        Walk { puzzle: self, arranged: None, words: places.clone(), places }
    }
}

impl Reading {
    /// `None` if a word is not of this language.
    fn new(words: &[&str], language: Language) -> Option<Self> {
        let mut typed = Zeroizing::new(Vec::with_capacity(MOST_WORDS));
        let mut sets = vec![Zeroizing::new((0..LIST).collect::<Vec<u16>>())];
        for word in words {
            let number = match word.strip_suffix(MARK) {
                Some("") => ANY,
                Some(letters) => {
                    sets.push(beginning_with(letters, language)?);
                    LIST.checked_add(u16::try_from(sets.len() - 1).ok()?)?
                }
                None => language.list().find_word(language.completed(word)?)?,
            };
            typed.push(number);
        }
        Some(Self { language, typed, sets, arrangements: Arrangements::Typed, fillings: 1, candidates: 1 })
    }

    /// Takes the mistake into account; [`check_count`] was asked before.
    fn may_have(&mut self, mistake: &Mistake, count: WordCount) -> Result<(), RecoverError> {
        self.arrangements = match mistake {
            Mistake::Marked => Arrangements::Typed,
            Mistake::Swapped => Arrangements::Swapped,
            Mistake::Wrong(slips) => {
                let known = self.typed.iter().enumerate().filter(|(_, word)| **word < LIST);
                Arrangements::Replaced { places: known.map(|(place, _)| place).collect(), slips: *slips }
            }
            Mistake::Missing => Arrangements::Missing { slips: missing(self.typed.len(), count)? },
            Mistake::Shuffled(places) => Arrangements::Shuffled { places: mixed(places, count)? },
        };
        let arrangements = self.arrangements.count(count.words());
        if arrangements == 0 {
            return Err(RecoverError::Mistake("too few words are known for so many wrong ones"));
        }
        let typed = self.typed.iter().filter(|word| **word >= LIST).map(|word| self.choices(*word));
        let added = (0..self.arrangements.open_places()).map(|_| u64::from(LIST));
        self.fillings = typed.chain(added).fold(1, |product, choices| product.saturating_mul(u128::from(choices)));
        self.candidates = self.fillings.saturating_mul(u128::from(arrangements));
        Ok(())
    }

    /// The words that an open place may hold.
    fn set(&self, place: u16) -> &[u16] {
        let set = place.checked_sub(LIST).and_then(|number| self.sets.get(usize::from(number)));
        set.map_or(&[], |set| set.as_slice())
    }

    fn choices(&self, place: u16) -> u64 {
        u64::try_from(self.set(place).len()).unwrap_or(u64::MAX)
    }
}

fn beginning_with(letters: &str, language: Language) -> Option<Zeroizing<Vec<u16>>> {
    let words = (0u16..).zip(language.list().word_list());
    let found = words.filter(|(_, word)| word.starts_with(letters)).map(|(number, _)| number);
    let found = Zeroizing::new(found.collect::<Vec<_>>());
    (!found.is_empty()).then_some(found)
}

fn check_count(found: usize, count: WordCount, mistake: &Mistake) -> Result<(), RecoverError> {
    match mistake {
        Mistake::Missing => missing(found, count).map(drop),
        _ if found == count.words() => Ok(()),
        _ => Err(PhraseError::WordCount { found }.into()),
    }
}

fn missing(found: usize, count: WordCount) -> Result<Slips, RecoverError> {
    match count.words().checked_sub(found) {
        Some(1) => Ok(Slips::One),
        Some(2) => Ok(Slips::Two),
        _ => Err(RecoverError::Mistake("type all words but the one or two that are missing")),
    }
}

/// The places, from 0: at least two, each of the phrase and none twice.
fn mixed(places: &[usize], count: WordCount) -> Result<Vec<usize>, RecoverError> {
    let mut sorted = places.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let is_of_phrase = |place: &usize| (1..=count.words()).contains(place);
    if sorted.len() != places.len() || !sorted.iter().all(is_of_phrase) {
        return Err(RecoverError::Mistake("the places of words in unknown order are numbers of words, none twice"));
    }
    if !(2..=MOST_SHUFFLED).contains(&sorted.len()) {
        return Err(RecoverError::Mistake("2 to 12 words can be in unknown order"));
    }
    Ok(sorted.into_iter().map(|place| place - 1).collect())
}

/// The first word that the likeliest of these lists does not have.
fn unknown_word(words: &[&str], lists: &[Language]) -> PhraseError {
    let knows = |list: Language, word: &str| match word.strip_suffix(MARK) {
        Some(letters) => letters.is_empty() || beginning_with(letters, list).is_some(),
        None => list.completed(word).is_some(),
    };
    let known = |list: &&Language| words.iter().filter(|word| knows(**list, word)).count();
    let language = lists.iter().rev().max_by_key(known).copied().unwrap_or(Language::English);
    let unknown = words.iter().enumerate().find(|(_, word)| !knows(language, word));
    let (place, word) = unknown.map_or((0, ""), |(place, word)| (place, *word));
    PhraseError::UnknownWord { position: place + 1, language, suggestions: suggest::similar(word, language) }
}

/// One phrase of a puzzle: words of this language, by their numbers.
pub(super) struct Guess<'a> {
    pub(super) language: Language,
    pub(super) words: &'a [u16],
}

/// Where an arrangement lies.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Arranged {
    reading: usize,
    number: u64,
}

/// Makes phrases of their numbers; neighbours share the arrangement, which is put together once for them.
pub(super) struct Walk<'a> {
    puzzle: &'a Puzzle,
    arranged: Option<Arranged>,
    places: Zeroizing<[u16; MOST_WORDS]>,
    words: Zeroizing<[u16; MOST_WORDS]>,
}

impl Walk<'_> {
    /// The phrase with this number; `None` beyond the last.
    pub(super) fn guess(&mut self, number: u64) -> Option<Guess<'_>> {
        let count = self.puzzle.count;
        let mut rest = u128::from(number);
        let mut readings = self.puzzle.readings.iter().enumerate();
        let (place, reading) = readings.find(|(_, reading)| {
            let is_here = rest < reading.candidates;
            rest -= if is_here { 0 } else { reading.candidates };
            is_here
        })?;
        // What a search numbers is far below 2^64, and dividing is faster there.
        let (rest, fillings) = (u64::try_from(rest).ok()?, u64::try_from(reading.fillings).ok()?);
        let arranged = Arranged { reading: place, number: rest.checked_div(fillings)? };
        let places = self.places.get_mut(..count.words())?;
        if self.arranged != Some(arranged) {
            reading.arrangements.put(arranged.number, &reading.typed, ANY, places);
            self.arranged = Some(arranged);
        }
        let words = self.words.get_mut(..count.words())?;
        fill(reading, places, rest % fillings, words);
        Some(Guess { language: reading.language, words })
    }
}

impl Drop for Walk<'_> {
    fn drop(&mut self) {
        self.arranged = None;
        self.places.zeroize();
        self.words.zeroize();
    }
}

/// Puts a word into every open place, the last place changing fastest.
fn fill(reading: &Reading, places: &[u16], filling: u64, words: &mut [u16]) {
    let mut rest = filling;
    for (word, place) in words.iter_mut().zip(places).rev() {
        *word = *place;
        if *place >= LIST {
            let set = reading.set(*place);
            let choices = reading.choices(*place).max(1);
            let choice = usize::try_from(rest % choices).unwrap_or_default();
            *word = set.get(choice).copied().unwrap_or_default();
            rest /= choices;
        }
    }
}

#[cfg(test)]
#[path = "puzzle_tests.rs"]
mod tests;
