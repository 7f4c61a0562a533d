//! From words and passphrases to seeds: PBKDF2-HMAC-SHA512 with 2048 rounds (BIP-39, RFC 8018), several candidates at once.
//!
//! The first round, which reads a text of any length, is the `hmac` crate's; the other 2047 hash 64 bytes each and are done
//! in lanes, with the two states of each key computed once. Must not decide which candidates there are.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha512};
use zeroize::{Zeroize, Zeroizing};

use super::{
    lanes::{Lanes, MOST_LANES, Row},
    sha512::{MessageBlock, State, compressed, start},
    width::{OnLanes, Width},
};

/// Rounds of BIP-39.
pub(super) const ROUNDS: u32 = 2048;
/// Bytes of a block of SHA-512; a longer key of HMAC is hashed first (RFC 2104).
const BLOCK: usize = 128;
/// The bytes of HMAC's inner and outer padding (RFC 2104), eight times.
const INNER_PAD: u64 = 0x3636_3636_3636_3636;
const OUTER_PAD: u64 = 0x5c5c_5c5c_5c5c_5c5c;
/// Bits of a message of a key's block and 64 bytes, which SHA-512 writes at its end.
const MESSAGE_BITS: u64 = 8 * 192;

/// The text of a phrase as the key of HMAC.
pub(super) struct PhraseKey {
    block: Zeroizing<[u8; BLOCK]>,
    mac: Hmac<Sha512>,
}

impl PhraseKey {
    /// The key of a phrase's text: its words (NFKD) with one space between them.
    pub(super) fn new(text: &[u8]) -> Option<Self> {
        let mut block = Zeroizing::new([0; BLOCK]);
        match block.get_mut(..text.len()) {
            Some(place) => place.copy_from_slice(text),
            None => block.iter_mut().zip(Sha512::digest(text)).for_each(|(place, byte)| *place = byte),
        }
        let mac = Hmac::new_from_slice(block.as_slice()).ok()?;
        Some(Self { block, mac })
    }

    /// The first round: HMAC of `mnemonic`, the passphrase (NFKD) and the number of the block, which is 1.
    fn first_round(&self, passphrase: &str) -> Zeroizing<[u8; 64]> {
        let salted = self.mac.clone().chain_update("mnemonic").chain_update(passphrase);
        Zeroizing::new(salted.chain_update(1u32.to_be_bytes()).finalize().into_bytes().into())
    }
}

/// Up to [`MOST_LANES`] candidates, then their seeds. Wiped when dropped.
pub(super) struct Batch {
    keys: [Row; 16],
    rounds: [Row; 8],
    filled: usize,
    width: Width,
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.keys.zeroize();
        self.rounds.zeroize();
    }
}

impl Batch {
    /// An empty one.
    pub(super) const fn new(width: Width) -> Self {
        Self { keys: [[0; MOST_LANES]; 16], rounds: [[0; MOST_LANES]; 8], filled: 0, width }
    }

    /// True when there is no lane for another candidate.
    pub(super) const fn is_full(&self) -> bool {
        self.filled >= self.width.lanes()
    }

    /// Puts a candidate into the next lane; one that finds none is left out.
    pub(super) fn push(&mut self, key: &PhraseKey, passphrase: &str) {
        put(&mut self.keys, self.filled, key.block.as_slice());
        put(&mut self.rounds, self.filled, key.first_round(passphrase).as_slice());
        self.filled += 1;
    }

    /// Computes the seed of every candidate, of which there are none afterwards.
    pub(super) fn seeds(&mut self) -> impl Iterator<Item = Zeroizing<[u8; 64]>> + '_ {
        self.stretch(ROUNDS);
        let filled = std::mem::take(&mut self.filled);
        (0..filled).map(|lane| self.taken(lane))
    }

    fn stretch(&mut self, rounds: u32) {
        self.width.run(Stretch { keys: &self.keys, rounds: &mut self.rounds, count: rounds });
    }

    fn taken(&self, lane: usize) -> Zeroizing<[u8; 64]> {
        let mut bytes = Zeroizing::new([0; 64]);
        for (place, row) in bytes.chunks_exact_mut(8).zip(&self.rounds) {
            place.copy_from_slice(&row.get(lane).copied().unwrap_or_default().to_be_bytes());
        }
        bytes
    }
}

/// Writes bytes into one lane of rows, as big-endian words.
fn put(rows: &mut [Row], lane: usize, bytes: &[u8]) {
    for (row, word) in rows.iter_mut().zip(bytes.as_chunks::<8>().0) {
        if let Some(place) = row.get_mut(lane) {
            *place = u64::from_be_bytes(*word);
        }
    }
}

/// The rounds after the first one.
struct Stretch<'a> {
    keys: &'a [Row; 16],
    /// The first round's result; then the exclusive or of all.
    rounds: &'a mut [Row; 8],
    /// How many rounds there are, with the first one.
    count: u32,
}

impl OnLanes for Stretch<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let keys = self.keys.each_ref().map(|row| lanes.load(row));
        let inner = keyed(lanes, &keys, INNER_PAD);
        let outer = keyed(lanes, &keys, OUTER_PAD);
        let mut last: State<L::Word> = self.rounds.each_ref().map(|row| lanes.load(row));
        let mut sum = last;
        for _ in 1..self.count {
            let message = compressed(lanes, &inner, &padded(lanes, &last));
            last = compressed(lanes, &outer, &padded(lanes, &message));
            for (sum, word) in sum.iter_mut().zip(last) {
                *sum = lanes.xor(*sum, word);
            }
        }
        for (row, word) in self.rounds.iter_mut().zip(sum) {
            lanes.store(word, row);
        }
    }
}

/// HMAC's state after the key's block.
#[inline(always)]
fn keyed<L: Lanes>(lanes: L, keys: &MessageBlock<L::Word>, pad: u64) -> State<L::Word> {
    let block = keys.map(|word| lanes.xor(word, lanes.splat(pad)));
    compressed(lanes, &start(lanes), &block)
}

/// The last block of a message of a key's block and these 64 bytes (FIPS 180-4, 5.1.2).
#[inline(always)]
fn padded<L: Lanes>(lanes: L, words: &State<L::Word>) -> MessageBlock<L::Word> {
    let [a, b, c, d, e, f, g, h] = *words;
    let (end, none, length) = (lanes.splat(1 << 63), lanes.splat(0), lanes.splat(MESSAGE_BITS));
    [a, b, c, d, e, f, g, h, end, none, none, none, none, none, none, length]
}

#[cfg(test)]
#[path = "stretch_tests.rs"]
mod tests;
