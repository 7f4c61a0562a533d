//! Whole searches: found, not found, interrupted and gone on with. A debug build hashes slowly, and sixteen lanes as slowly for
//! one candidate as for sixteen: most searches begin near the phrase and hash in one lane.

use std::num::NonZeroUsize;

use super::*;
use crate::{
    account::{Account, Keychain, ScriptType},
    keystore::{
        Keys, Language, WordCount,
        recover::{Mistake, Reach, Slips},
    },
    network::{Network, NetworkClass},
};

const WORDS: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

fn phrase() -> Phrase {
    Phrase::parse(WORDS).unwrap()
}

fn fingerprint(phrase: &Phrase, passphrase: Option<&Passphrase>) -> RecoveryTarget {
    let keys = Keys::from_phrase(phrase, passphrase, NetworkClass::Main, &Sealed::for_tests()).unwrap();
    RecoveryTarget::fingerprint(keys.fingerprint())
}

fn nobody() -> RecoveryTarget {
    RecoveryTarget::fingerprint([0; 4].into())
}

fn puzzle(typed: &str, mistake: &Mistake) -> Puzzle {
    let words = typed.split_whitespace().count();
    let words = if *mistake == Mistake::Missing { words.div_ceil(3) * 3 } else { words };
    Puzzle::new(typed, WordCount::of_words(words).unwrap(), mistake, Some(Language::English)).unwrap()
}

fn recovery(puzzle: Puzzle, passphrases: Passphrases, target: RecoveryTarget) -> Recovery {
    Recovery::new(puzzle, passphrases, target, &Sealed::for_tests()).unwrap()
}

fn in_one_lane(puzzle: Puzzle, passphrases: Passphrases, target: RecoveryTarget) -> Recovery {
    let mut recovery = recovery(puzzle, passphrases, target);
    Arc::get_mut(&mut recovery.candidates).unwrap().width = Width::One;
    recovery
}

fn on(recovery: &Recovery, workers: &Workers, start: u64) -> RecoveryOutcome {
    recovery.search(workers, start, &mut |_| ControlFlow::Continue(())).unwrap()
}

fn found(outcome: RecoveryOutcome) -> RecoveredPhrase {
    match outcome {
        RecoveryOutcome::Found(found) => found,
        RecoveryOutcome::NotFound => panic!("not found"),
        RecoveryOutcome::Stopped { next_index } => panic!("stopped at {next_index}"),
    }
}

/// Searches from shortly before the phrase's number; it is found at that number.
fn assert_found(typed: &str, mistake: &Mistake) {
    let (phrase, puzzle) = (phrase(), puzzle(typed, mistake));
    let index = puzzle.index_of(&phrase).unwrap();
    let recovery = in_one_lane(puzzle, Passphrases::none(), fingerprint(&phrase, None));
    let found = found(on(&recovery, &Workers::none(), index.saturating_sub(10)));
    assert!(found.phrase.same_as(&phrase) && found.passphrase.is_none());
    assert_eq!((found.index, found.path), (index, DerivationPath::master()), "{typed}");
}

#[test]
fn every_kind_of_mistake_is_found() {
    assert_found(&WORDS.replace("year", "?"), &Mistake::Marked);
    assert_found("legal winner thank ? wave sausage worth useful legal ? thank yellow", &Mistake::Marked);
    assert_found(&WORDS.replace("year", "zoo"), &Mistake::Wrong(Slips::One));
    assert_found(&WORDS.replace("year", "zoo").replace("yellow", "able"), &Mistake::Wrong(Slips::Two));
    assert_found(&WORDS.replace("year ", ""), &Mistake::Missing);
    assert_found(&WORDS.replace("year ", "").replace("useful ", ""), &Mistake::Missing);
    assert_found(&WORDS.replace("year wave", "wave year"), &Mistake::Swapped);
    assert_found(
        "legal winner worth year thank sausage useful wave legal winner thank yellow",
        &Mistake::Shuffled(vec![3, 4, 5, 6, 7, 8]),
    );
}

#[test]
fn threads_find_the_same_as_one_and_look_at_all() {
    let typed = WORDS.replace("yellow", "y?");
    let workers = Workers::start_some(NonZeroUsize::new(3).unwrap());
    for workers in [&Workers::none(), &workers] {
        let whole = |target| on(&recovery(puzzle(&typed, &Mistake::Marked), Passphrases::none(), target), workers, 0);
        assert!(found(whole(fingerprint(&phrase(), None))).phrase.same_as(&phrase()));
        assert!(matches!(whole(nobody()), RecoveryOutcome::NotFound));
    }
}

#[test]
fn a_forgotten_passphrase_is_found_in_a_list_and_by_a_pattern() {
    let typed = |text: &str| Passphrase::new(text.to_owned()).unwrap();
    let target = fingerprint(&phrase(), Some(&typed("caf\u{e9} 7!")));
    let list = Passphrases::list(vec![Some(typed("wrong")), None, Some(typed("cafe\u{301} 7!"))]).unwrap();
    let pattern = Passphrases::pattern("caf\u{e9} ?d!").unwrap();
    for (passphrases, index) in [(list, 2), (pattern, 7)] {
        let found =
            found(on(&recovery(puzzle(WORDS, &Mistake::Marked), passphrases, target.clone()), &Workers::none(), 0));
        assert!(found.phrase.same_as(&phrase()) && found.passphrase.unwrap().same_as(&typed("caf\u{e9} 7!")));
        assert_eq!(found.index, index);
    }
}

#[test]
fn phrase_and_passphrase_are_searched_for_together() {
    let passphrase = Passphrase::new("b".to_owned()).unwrap();
    let target = fingerprint(&phrase(), Some(&passphrase));
    let puzzle = puzzle(&WORDS.replace("yellow", "ye?"), &Mistake::Marked);
    let phrases = u64::try_from(puzzle.candidates()).unwrap();
    let recovery = recovery(puzzle, Passphrases::pattern("?l").unwrap(), target);
    assert_eq!(recovery.candidates(), 26 * phrases);
    let found = found(on(&recovery, &Workers::none(), 0));
    assert!(found.phrase.same_as(&phrase()) && found.passphrase.unwrap().same_as(&passphrase));
    assert_eq!(found.index % 26, 1);
}

#[test]
fn an_address_tells_its_path_too() {
    let (keys, kind) =
        (Keys::from_phrase(&phrase(), None, NetworkClass::Main, &Sealed::for_tests()).unwrap(), ScriptType::P2wpkh);
    let path = Account::standard_path(Network::Bitcoin, kind, 1).unwrap();
    let xpub = keys.account_xpub(&path).unwrap();
    let account = Account::new(Network::Bitcoin, kind, keys.fingerprint(), path, xpub).unwrap();
    let script = account.script(Keychain::Receive, 2).unwrap();
    let target = RecoveryTarget::bitcoin_address(&script, Network::Bitcoin, Reach { accounts: 2, indexes: 3 }).unwrap();
    // All is known but the path: a search all the same.
    let recovery = in_one_lane(puzzle(WORDS, &Mistake::Marked), Passphrases::none(), target);
    assert_eq!(found(on(&recovery, &Workers::none(), 0)).path.to_string(), "84'/0'/1'/0/2");
}

#[test]
fn an_interrupted_search_goes_on_where_it_was() {
    let (phrase, typed) = (phrase(), WORDS.replace("yellow", "?"));
    let index = puzzle(&typed, &Mistake::Marked).index_of(&phrase).unwrap();
    for workers in [Workers::none(), Workers::start_some(NonZeroUsize::new(2).unwrap())] {
        let mut recovery =
            in_one_lane(puzzle(&typed, &Mistake::Marked), Passphrases::none(), fingerprint(&phrase, None));
        recovery.seeds_of_a_share = 1;
        let (mut start, mut stops) = (index - 100, 0);
        let found = loop {
            let mut shares = 0;
            let outcome = recovery.search(&workers, start, &mut |progress| {
                assert!(progress.next_index >= start && progress.done <= progress.candidates);
                shares += 1;
                if progress.next_index > start { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            match outcome.unwrap() {
                RecoveryOutcome::Stopped { next_index } => {
                    assert!((start + 1..=index).contains(&next_index) && shares >= 1);
                    (start, stops) = (next_index, stops + 1);
                }
                other => break found(other),
            }
        };
        assert!(found.phrase.same_as(&phrase) && found.index == index);
        // One thread may have done all the work while another waited for its turn.
        assert!(workers.threads() > 0 || stops >= 2, "{stops}");
        assert!(matches!(on(&recovery, &workers, recovery.candidates()), RecoveryOutcome::NotFound));
    }
}

#[test]
fn the_first_of_several_is_found_and_the_next_behind_it() {
    let typed = |text: &str| Some(Passphrase::new(text.to_owned()).unwrap());
    let target = fingerprint(&phrase(), typed("b").as_ref());
    let list = ["a", "b", "c", "b", "d"].map(typed);
    let recovery = in_one_lane(puzzle(WORDS, &Mistake::Marked), Passphrases::list(list.into()).unwrap(), target);
    let workers = Workers::start_some(NonZeroUsize::new(2).unwrap());
    let first = found(on(&recovery, &workers, 0)).index;
    let second = found(on(&recovery, &workers, first + 1)).index;
    assert_eq!((first, second), (1, 3));
    assert!(matches!(on(&recovery, &workers, second + 1), RecoveryOutcome::NotFound));
}

#[test]
fn a_claim_that_is_not_true_is_not_told() {
    let recovery = recovery(puzzle(&WORDS.replace("yellow", "y?"), &Mistake::Marked), Passphrases::none(), nobody());
    let mut numbers = 0..recovery.candidates();
    let is_phrase = |number: &u64| recovery.candidates.phrase(*number).is_ok();
    let number = numbers.find(is_phrase).unwrap();
    let refused = recovery.confirmed(Hit { number, path: DerivationPath::master() });
    assert!(matches!(refused, Err(RecoverError::SelfCheck(_))));
}

#[test]
fn a_rate_is_measured_and_takes_no_longer_than_it_must() {
    let recovery = recovery(puzzle(&WORDS.replace("year", "?"), &Mistake::Marked), Passphrases::none(), nobody());
    assert_eq!((recovery.candidates(), recovery.expected_seeds()), (2048, 128));
    assert!(recovery.lanes() >= 1 && !recovery.instructions().is_empty());
    let workers = Workers::start_some(NonZeroUsize::new(2).unwrap());
    let rate = recovery.estimate(&workers, 0).unwrap();
    assert!(rate.hashed_per_second > 0 && rate.candidates_per_second >= rate.hashed_per_second, "{rate:?}");
}

#[test]
fn what_is_no_search_is_refused() {
    let new = |puzzle, passphrases, target| Recovery::new(puzzle, passphrases, target, &Sealed::for_tests()).err();
    let known = || puzzle(WORDS, &Mistake::Marked);
    assert_eq!(new(known(), Passphrases::none(), nobody()), Some(RecoverError::NothingUnknown));
    let open = puzzle(&format!("? ? ? {}", "zoo ".repeat(9)), &Mistake::Wrong(Slips::One));
    let too_many = RecoverError::TooMany { candidates: 9 << 44, most: MOST_CANDIDATES };
    assert_eq!(new(open, Passphrases::none(), nobody()), Some(too_many));
    let long = Passphrases::pattern(&"?s".repeat(100)).unwrap();
    assert!(matches!(new(known(), long, nobody()), Some(RecoverError::TooMany { .. })));
    let recovery = recovery(puzzle(&WORDS.replace("year", "?"), &Mistake::Marked), Passphrases::none(), nobody());
    let beyond = recovery.search(&Workers::none(), 2049, &mut |_| ControlFlow::Continue(()));
    assert!(matches!(beyond, Err(RecoverError::Start { start: 2049, candidates: 2048 })));
}

#[test]
fn work_that_no_thread_takes_is_done_by_the_caller() {
    let typed = WORDS.replace("yellow", "y?");
    let recovery = in_one_lane(puzzle(&typed, &Mistake::Marked), Passphrases::none(), fingerprint(&phrase(), None));
    let workers = Workers::start_some(NonZeroUsize::MIN);
    workers.run(Box::new(|| std::panic::resume_unwind(Box::new(()))));
    while workers.are_well() {
        std::thread::yield_now();
    }
    assert!(found(on(&recovery, &workers, 0)).phrase.same_as(&phrase()));
}
