//! The ways in which words may have been mixed up, each with a number: which places are wrong, where words are missing, in
//! which order they were.
//!
//! Counts and puts in order; what stands in a place is not its matter, and no word is tried here.

/// Most words whose order may be unknown: 12! is 479,001,600 orders.
pub(super) const MOST_SHUFFLED: usize = 12;

/// How many places are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slips {
    /// One.
    One,
    /// Two.
    Two,
}

impl Slips {
    const fn number(self) -> u64 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

/// One kind of mistake, as far as it moves or replaces what was typed.
pub(super) enum Arrangements {
    /// As typed.
    Typed,
    /// Some of these places hold another word.
    Replaced { places: Vec<usize>, slips: Slips },
    /// Words are missing at places of the whole phrase.
    Missing { slips: Slips },
    /// Two places have each other's word.
    Swapped,
    /// The words of these places were in another order.
    Shuffled { places: Vec<usize> },
}

impl Arrangements {
    /// How many there are for a phrase of so many words.
    pub(super) fn count(&self, words: usize) -> u64 {
        match self {
            Self::Typed => 1,
            Self::Replaced { places, slips } => choices(length(places.len()), *slips),
            Self::Missing { slips } => choices(length(words), *slips),
            Self::Swapped => choices(length(words), Slips::Two),
            Self::Shuffled { places } => (1..=length(places.len())).product(),
        }
    }

    /// How many places hold any word, besides those that were typed so.
    pub(super) const fn open_places(&self) -> u64 {
        match self {
            Self::Replaced { slips, .. } | Self::Missing { slips } => slips.number(),
            Self::Typed | Self::Swapped | Self::Shuffled { .. } => 0,
        }
    }

    /// Puts what was typed into the places of the phrase, in the way of this number; `any` marks a place for every word.
    pub(super) fn put(&self, number: u64, typed: &[u16], any: u16, places: &mut [u16]) {
        if let Self::Missing { slips } = self {
            return put_missing(chosen(number, length(places.len()), *slips), typed, any, places);
        }
        places.iter_mut().zip(typed).for_each(|(place, word)| *place = *word);
        match self {
            Self::Replaced { places: known, slips } => {
                for choice in chosen(number, length(known.len()), *slips).into_iter().flatten() {
                    if let Some(place) = known.get(choice).and_then(|place| places.get_mut(*place)) {
                        *place = any;
                    }
                }
            }
            Self::Swapped => {
                let [first, second] = swapped(number, length(places.len()));
                if first < places.len() && second < places.len() {
                    places.swap(first, second);
                }
            }
            Self::Shuffled { places: mixed } => shuffle(number, mixed, places),
            Self::Typed | Self::Missing { .. } => {}
        }
    }
}

fn length(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn place(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// In how many ways one or two of so many are chosen.
const fn choices(of: u64, slips: Slips) -> u64 {
    match slips {
        Slips::One => of,
        Slips::Two => of * of.saturating_sub(1) / 2,
    }
}

/// The choice with this number, in rising order.
fn chosen(number: u64, of: u64, slips: Slips) -> [Option<usize>; 2] {
    match slips {
        Slips::One => [Some(place(number)), None],
        Slips::Two => {
            let [first, second] = pair(number, of);
            [Some(first), Some(second)]
        }
    }
}

/// The pair with this number: 0 and 1, 0 and 2, ..., 1 and 2, ...
fn pair(number: u64, of: u64) -> [usize; 2] {
    let (mut first, mut left) = (0, number);
    while first < of && left >= of - 1 - first {
        left -= of - 1 - first;
        first += 1;
    }
    [place(first), place(left.saturating_add(first + 1))]
}

/// Neighbours first, for they are what a hand exchanges; then all other pairs.
fn swapped(number: u64, of: u64) -> [usize; 2] {
    match number.checked_sub(of.saturating_sub(1)) {
        None => [place(number), place(number + 1)],
        Some(rest) => {
            let [first, second] = pair(rest, of.saturating_sub(1));
            [first, second.saturating_add(1)]
        }
    }
}

fn put_missing(missing: [Option<usize>; 2], typed: &[u16], any: u16, places: &mut [u16]) {
    let mut typed = typed.iter();
    for (number, place) in places.iter_mut().enumerate() {
        let is_missing = missing.contains(&Some(number));
        *place = if is_missing { any } else { typed.next().copied().unwrap_or(any) };
    }
}

/// The order with this number (its digits in the factorial number system), written into the places whose order is unknown.
fn shuffle(number: u64, mixed: &[usize], places: &mut [u16]) {
    let mut left: Vec<u16> = mixed.iter().filter_map(|place| places.get(*place).copied()).collect();
    let mut number = number;
    for place in mixed {
        let base = length(left.len()).max(1);
        let digit = usize::try_from(number % base).unwrap_or_default();
        number /= base;
        if digit < left.len()
            && let Some(place) = places.get_mut(*place)
        {
            *place = left.swap_remove(digit);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const ANY: u16 = 9999;

    fn all(arrangements: &Arrangements, typed: &[u16], words: usize) -> Vec<Vec<u16>> {
        let one = |number| {
            let mut places = vec![0; words];
            arrangements.put(number, typed, ANY, &mut places);
            places
        };
        let all: Vec<_> = (0..arrangements.count(words)).map(one).collect();
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len(), "no arrangement comes twice");
        all
    }

    #[test]
    fn every_choice_of_wrong_places_comes_once() {
        let typed = [1, 2, 3, 4, 5];
        let places = vec![0, 2, 3];
        let one = all(&Arrangements::Replaced { places: places.clone(), slips: Slips::One }, &typed, 5);
        assert_eq!(one, [[ANY, 2, 3, 4, 5], [1, 2, ANY, 4, 5], [1, 2, 3, ANY, 5]]);
        let two = all(&Arrangements::Replaced { places, slips: Slips::Two }, &typed, 5);
        assert_eq!(two, [[ANY, 2, ANY, 4, 5], [ANY, 2, 3, ANY, 5], [1, 2, ANY, ANY, 5]]);
    }

    #[test]
    fn missing_words_keep_the_order_of_the_others() {
        let one = all(&Arrangements::Missing { slips: Slips::One }, &[1, 2], 3);
        assert_eq!(one, [[ANY, 1, 2], [1, ANY, 2], [1, 2, ANY]]);
        let two = all(&Arrangements::Missing { slips: Slips::Two }, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 12);
        assert_eq!(two.len(), 66);
        for places in two {
            let typed: Vec<_> = places.iter().copied().filter(|word| *word != ANY).collect();
            assert_eq!(typed, (1..=10).collect::<Vec<_>>());
        }
    }

    #[test]
    fn neighbours_are_swapped_first() {
        let found = all(&Arrangements::Swapped, &[1, 2, 3, 4], 4);
        let expected = [[2, 1, 3, 4], [1, 3, 2, 4], [1, 2, 4, 3], [3, 2, 1, 4], [4, 2, 3, 1], [1, 4, 3, 2]];
        assert_eq!(found, expected);
        assert_eq!(all(&Arrangements::Swapped, &(0..24).collect::<Vec<_>>(), 24).len(), 276);
    }

    #[test]
    fn every_order_comes_once_and_the_other_places_stay() {
        let places = vec![4, 1, 0, 3, 6, 7];
        let found = all(&Arrangements::Shuffled { places }, &[10, 11, 12, 13, 14, 15, 16, 17], 8);
        assert_eq!(found.len(), 720);
        assert!(found.iter().all(|words| words[2] == 12 && words[5] == 15));
        assert!(found.contains(&(10..18).collect()), "the order as typed too");
        let most = Arrangements::Shuffled { places: (0..MOST_SHUFFLED).collect() };
        assert_eq!(most.count(12), 479_001_600);
    }

    #[test]
    fn a_number_beyond_the_last_does_no_harm() {
        for arrangements in [Arrangements::Swapped, Arrangements::Missing { slips: Slips::Two }] {
            arrangements.put(u64::MAX, &[1, 2], ANY, &mut [0; 3]);
        }
        Arrangements::Shuffled { places: vec![0, 1, 7] }.put(u64::MAX, &[1, 2, 3], ANY, &mut [0; 3]);
    }
}
