//! The chain on disk: what comes back, what a cut-off write loses, what is never repaired in silence.

use std::fs;

use super::{fund, output_of, spend};
use crate::practice::{Clock, PracticeChain, PracticeError};

fn open(folder: &tempfile::TempDir) -> PracticeChain {
    let mut chain = PracticeChain::open(folder.path()).expect("opens");
    chain.set_clock(Clock::Fixed(super::NOON));
    chain
}

#[test]
fn blocks_and_mempool_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let (tip, waiting, coins) = {
        let mut chain = open(&folder);
        let coins = fund(&mut chain, 3, 100_000);
        chain.submit(spend(&coins[..1], &[(1, 99_000)])).expect("fine");
        chain.submit(spend(&coins[..1], &[(1, 90_000)])).expect("replaces");
        let child = spend(&coins[1..2], &[(1, 99_000)]);
        chain.submit(child.clone()).expect("fine");
        chain.submit(spend(&[output_of(&child, 0)], &[(2, 98_000)])).expect("fine");
        let gone = spend(&coins[2..], &[(2, 98_000)]);
        chain.submit(gone.clone()).expect("fine");
        chain.evict(&gone.compute_txid()).expect("done");
        (chain.tip(), chain.mempool_txids(), coins)
    };
    let chain = open(&folder);
    assert_eq!(chain.tip(), tip);
    assert_eq!(chain.mempool_txids(), waiting);
    assert_eq!(waiting.len(), 3);
    assert_eq!(chain.balance(&super::address(2)), 98_000);
    assert!(chain.spender(&coins[2]).is_none());
}

#[test]
fn forks_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let (tip, waiting) = {
        let mut chain = open(&folder);
        let coins = fund(&mut chain, 2, 100_000);
        chain.submit(spend(&coins[..1], &[(1, 99_000)])).expect("fine");
        chain.mine(2, None).expect("mined");
        chain.submit(spend(&coins[1..], &[(1, 99_000)])).expect("fine");
        chain.reorg(2).expect("deep enough");
        chain.mine(1, Some(super::address(9))).expect("mined");
        chain.reorg(1).expect("deep enough");
        (chain.tip(), chain.mempool_txids())
    };
    assert_eq!(waiting.len(), 2);
    let mut chain = open(&folder);
    assert_eq!((chain.tip(), chain.mempool_txids()), (tip, waiting));
    chain.mine(1, None).expect("mined");
    drop(chain);
    assert_eq!(open(&folder).tip().0, tip.0 + 1);
}

#[test]
fn an_unfinished_write_is_dropped_wherever_it_was_cut() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("practice.chain");
    let (before, tip) = {
        let mut chain = open(&folder);
        chain.mine(3, None).expect("mined");
        let before = fs::read(&file).expect("read").len();
        let tip = chain.tip();
        chain.mine(1, None).expect("mined");
        (before, tip)
    };
    let whole = fs::read(&file).expect("read");
    for length in before..whole.len() {
        fs::write(&file, &whole[..length]).expect("written");
        let mut chain = open(&folder);
        assert_eq!(chain.tip(), tip, "cut at {length}");
        assert_eq!(fs::read(&file).expect("read").len(), before);
        if length == before + 50 {
            chain.mine(2, None).expect("mined");
            drop(chain);
            assert_eq!(open(&folder).tip().0, tip.0 + 2);
        }
    }
    let mut unwritten = whole.clone();
    unwritten[whole.len() - 80..].fill(0);
    fs::write(&file, &unwritten).expect("written");
    assert_eq!(open(&folder).tip(), tip, "a last record of the right length and wrong content");
}

#[test]
fn a_file_cut_off_at_its_birth_starts_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("practice.chain"), b"fastness pra").expect("written");
    assert_eq!(open(&folder).tip().0, 0);
    assert_eq!(open(&folder).tip().0, 0);
}

#[test]
fn a_changed_byte_is_damage() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("practice.chain");
    open(&folder).mine(3, None).expect("mined");
    let whole = fs::read(&file).expect("read");
    for at in [0, 24, 24 + 6, 24 + 9 + 40] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&file, &changed).expect("written");
        let error = PracticeChain::open(folder.path()).err().expect("damaged");
        let expected = if at == 0 { 0 } else { 24 };
        assert!(matches!(error, PracticeError::Damaged { offset, .. } if offset == expected), "{error}");
    }
}

#[test]
fn a_record_that_does_not_fit_the_chain_is_damage() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("practice.chain");
    open(&folder).mine(2, None).expect("mined");
    let whole = fs::read(&file).expect("read");
    let (magic, blocks) = whole.split_at(24);
    let twice = [magic, blocks, blocks].concat();
    fs::write(&file, twice).expect("written");
    let error = PracticeChain::open(folder.path()).err().expect("damaged");
    assert!(matches!(error, PracticeError::Damaged { offset, .. } if offset == whole.len() as u64));
}

#[test]
fn two_processes_cannot_hold_one_chain() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = open(&folder);
    assert!(matches!(PracticeChain::open(folder.path()), Err(PracticeError::InUse(_))));
    drop(first);
    assert!(PracticeChain::open(folder.path()).is_ok());
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, b"x").expect("written");
    let error = PracticeChain::open(&file.join("inside")).err().expect("not a folder");
    assert!(error.to_string().starts_with("cannot use `"));
}
