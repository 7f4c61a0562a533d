//! The shapes of Esplora's JSON, and what we make of them: transactions that hash to their id, places, fee rates.
//!
//! Pure. Fields we do not need are ignored; amounts, fees and scripts that a server merely repeats are not even read.

use std::{collections::BTreeMap, fmt, marker::PhantomData, str::FromStr};

use bitcoin::{
    Amount, BlockHash, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness, absolute, block::Header,
    consensus, transaction,
};
use hex::FromHex;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{
    amount::FeeRate,
    chain::bitcoin::raw::pays_too_much,
    explorer::{
        Cause,
        bitcoin::{BlockRef, FeeBand},
        online::transport::limits,
    },
};

/// A transaction as listed: its id, its rebuilt self if that hashes to the id, and its place.
pub(crate) struct Listed {
    pub(crate) txid: Txid,
    pub(crate) tx: Option<Transaction>,
    pub(crate) place: Option<BlockRef>,
}

#[derive(Deserialize)]
struct TxJson {
    txid: Txid,
    /// Servers write the same 32 bits signed or unsigned.
    version: i64,
    locktime: u32,
    vin: Vec<InputJson>,
    vout: Vec<OutputJson>,
    status: StatusJson,
}

#[derive(Deserialize)]
struct InputJson {
    txid: Txid,
    vout: u32,
    #[serde(default)]
    scriptsig: String,
    #[serde(default)]
    witness: Vec<String>,
    sequence: u32,
}

#[derive(Deserialize)]
struct OutputJson {
    scriptpubkey: String,
    value: u64,
}

/// The place of a transaction.
#[derive(Deserialize)]
pub(crate) struct StatusJson {
    pub(crate) confirmed: bool,
    pub(crate) block_height: Option<u32>,
    pub(crate) block_hash: Option<BlockHash>,
    block_time: Option<u32>,
}

/// Statistics of a script; only the numbers of its transactions are used.
#[derive(Deserialize)]
pub(crate) struct ScriptJson {
    pub(crate) chain_stats: StatsJson,
    pub(crate) mempool_stats: Option<StatsJson>,
}

/// An unspent output in a list.
#[derive(Deserialize)]
pub(crate) struct UnspentJson {
    pub(crate) txid: Txid,
    pub(crate) status: StatusJson,
}

/// One half of a script's statistics.
#[derive(Deserialize)]
pub(crate) struct StatsJson {
    pub(crate) tx_count: u64,
}

/// The spender of an output.
#[derive(Deserialize)]
pub(crate) struct OutspendJson {
    pub(crate) spent: bool,
    pub(crate) txid: Option<Txid>,
}

/// Reads JSON that is not nested deeper than any honest answer.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Cause> {
    if depth(body) > limits::JSON_DEPTH {
        return Err(Cause::TooLarge);
    }
    serde_json::from_slice(body).map_err(|_| Cause::Malformed)
}

/// The same for what borrows from the text.
pub(crate) fn borrowed<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Cause> {
    if depth(body) > limits::JSON_DEPTH {
        return Err(Cause::TooLarge);
    }
    serde_json::from_slice(body).map_err(|_| Cause::Malformed)
}

/// The deepest nesting of brackets outside strings; counts no further than the limit.
fn depth(body: &[u8]) -> usize {
    let (mut open, mut deepest, mut in_string, mut escaped) = (0usize, 0usize, false, false);
    for &byte in body {
        if in_string {
            (in_string, escaped) = (escaped || byte != b'"', !escaped && byte == b'\\');
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
        if deepest > limits::JSON_DEPTH {
            break;
        }
    }
    deepest
}

/// Reads a page of transactions.
pub(crate) fn page(body: &[u8]) -> Result<Vec<Listed>, Cause> {
    parse::<TxPage<TxJson>>(body)?.0.into_iter().map(TxJson::read).collect()
}

/// A list that stops at the first entry more than a page can hold: small entries make more in memory than on the wire.
pub(crate) struct TxPage<T>(pub(crate) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for TxPage<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = TxPage<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a page of entries")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = list.next_element()? {
                    if entries.len() == limits::TXS_PER_PAGE {
                        return Err(A::Error::custom("too many entries"));
                    }
                    entries.push(entry);
                }
                Ok(TxPage(entries))
            }
        }

        deserializer.deserialize_seq(Entries(PhantomData))
    }
}

impl TxJson {
    fn read(self) -> Result<Listed, Cause> {
        let place = self.status.read()?;
        let txid = self.txid;
        let tx = self.rebuild().filter(|tx| is_believable(tx, txid));
        Ok(Listed { txid, tx, place })
    }

    /// The transaction, or nothing where a field is not what it should be; its hash decides in the end.
    fn rebuild(self) -> Option<Transaction> {
        Some(Transaction {
            version: transaction::Version(version(self.version)?),
            lock_time: absolute::LockTime::from_consensus(self.locktime),
            input: self.vin.into_iter().map(InputJson::rebuild).collect::<Option<_>>()?,
            output: self.vout.into_iter().map(OutputJson::rebuild).collect::<Option<_>>()?,
        })
    }
}

/// True if the transaction hashes to its id and its outputs hold no more than can exist.
///
/// The id does not cover witnesses (BIP-141): they stay a claim.
pub(crate) fn is_believable(tx: &Transaction, txid: Txid) -> bool {
    tx.compute_txid() == txid && !pays_too_much(&tx.output)
}

/// The 32 bits of a version, from either way of writing them.
fn version(number: i64) -> Option<i32> {
    let unsigned = u32::try_from(number).map(|bits| i32::from_ne_bytes(bits.to_ne_bytes()));
    unsigned.or_else(|_| i32::try_from(number)).ok()
}

impl InputJson {
    fn rebuild(self) -> Option<TxIn> {
        let witness: Vec<Vec<u8>> =
            self.witness.iter().map(|item| Vec::<u8>::from_hex(item)).collect::<Result<_, _>>().ok()?;
        Some(TxIn {
            previous_output: OutPoint { txid: self.txid, vout: self.vout },
            script_sig: ScriptBuf::from_hex(&self.scriptsig).ok()?,
            sequence: Sequence(self.sequence),
            witness: Witness::from_slice(&witness),
        })
    }
}

impl OutputJson {
    fn rebuild(self) -> Option<TxOut> {
        let script_pubkey = ScriptBuf::from_hex(&self.scriptpubkey).ok()?;
        Some(TxOut { value: Amount::from_sat(self.value), script_pubkey })
    }
}

impl StatusJson {
    /// The block, or nothing while unconfirmed. Confirmed in a block without a name is not an answer.
    pub(crate) fn read(&self) -> Result<Option<BlockRef>, Cause> {
        if !self.confirmed {
            return Ok(None);
        }
        match (self.block_height, self.block_hash, self.block_time) {
            (Some(height), Some(hash), Some(time)) => Ok(Some(BlockRef { height, hash, time })),
            _ => Err(Cause::Malformed),
        }
    }
}

/// Fee rates by target in blocks. Targets that are not numbers, and rates that are not positive, are left out.
pub(crate) fn fee_rates(body: &[u8]) -> Result<BTreeMap<u16, FeeRate>, Cause> {
    let estimates: BTreeMap<String, Box<RawValue>> = parse(body)?;
    let mut rates = BTreeMap::new();
    for (target, number) in &estimates {
        let (Ok(target), Some(rate)) = (u16::from_str(target), fee_rate(number.get())) else { continue };
        rates.insert(target, rate);
    }
    Ok(rates)
}

#[derive(Deserialize)]
struct MempoolJson {
    fee_histogram: Vec<(Box<RawValue>, u64)>,
}

/// What waits for a block, by its rate.
pub(crate) fn mempool_histogram(body: &[u8]) -> Result<Vec<FeeBand>, Cause> {
    fee_bands(parse::<MempoolJson>(body)?.fee_histogram)
}

/// Parts of a mempool, from the highest rate down: the lowest rate of each and its virtual bytes, as Esplora and Electrum
/// write them. A part without a rate is one below all others.
pub(crate) fn fee_bands(rows: Vec<(Box<RawValue>, u64)>) -> Result<Vec<FeeBand>, Cause> {
    let band = |(rate, vsize): (Box<RawValue>, u64)| FeeBand {
        lowest: fee_rate(rate.get()).unwrap_or(FeeRate { sat_per_kvb: 0 }),
        vsize,
    };
    let bands: Vec<_> = rows.into_iter().map(band).collect();
    let falls = bands.is_sorted_by(|above, below| above.lowest >= below.lowest);
    let sum = bands.iter().try_fold(0u64, |sum, band| sum.checked_add(band.vsize));
    if falls && sum.is_some() { Ok(bands) } else { Err(Cause::Malformed) }
}

/// A JSON number of satoshi per virtual byte, exactly, rounded up to 0.001; nothing if not positive or absurdly large.
fn fee_rate(text: &str) -> Option<FeeRate> {
    scaled_rate(text, 3)
}

/// A JSON number times 10 to the power of `scale`, as satoshi per 1000 virtual bytes, rounded up.
pub(crate) fn scaled_rate(text: &str, scale: i32) -> Option<FeeRate> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || digits.len() > 30 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let places = i32::try_from(fraction.len()).ok()?;
    // The number is digits * 10^(exponent - places).
    let power = exponent.parse::<i32>().ok()?.checked_sub(places)?.checked_add(scale)?;
    let digits: u128 = digits.parse().ok()?;
    let sat_per_kvb = match u32::try_from(power) {
        Ok(power) => digits.checked_mul(10u128.checked_pow(power)?)?,
        Err(_) => {
            10u128.checked_pow(power.unsigned_abs()).map_or(u128::from(digits > 0), |scale| digits.div_ceil(scale))
        }
    };
    let sat_per_kvb = u64::try_from(sat_per_kvb).ok()?;
    (sat_per_kvb > 0).then_some(FeeRate { sat_per_kvb })
}

/// A header of 80 bytes in hex. Its work has to be what it states.
pub(crate) fn header(hex: &str) -> Result<Header, Cause> {
    let bytes = <[u8; 80]>::from_hex(hex).map_err(|_| Cause::Malformed)?;
    let header: Header = consensus::deserialize(&bytes).map_err(|_| Cause::Malformed)?;
    header.validate_pow(header.target()).map_err(|_| Cause::Lied)?;
    Ok(header)
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
