//! What a person asks for: a payment on a chain of Bitcoin's family, and (ethereum.rs) a transaction of an EVM chain.
//!
//! No I/O, no secrets, and nothing here decides.

mod ethereum;

use bitcoin::{OutPoint, ScriptBuf};

pub use self::ethereum::{EvmFee, EvmFeeLimit, EvmRequest, EvmValue, FeeLevel, TxType};
use crate::amount::{FeeRate, Quantity};

/// One recipient and how much it is to get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The output script that the typed address stands for.
    pub script: ScriptBuf,
    /// How much.
    pub quantity: Quantity,
}

/// How the fee is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fee {
    /// At least this rate.
    Rate(FeeRate),
    /// Exactly this many satoshi.
    Exact(u64),
}

/// The side that bears the fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeePayer {
    /// It leaves beside the amounts.
    Sender,
    /// It is taken from the amount of the one recipient.
    Recipient,
}

/// The fee above which planning stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeeLimit {
    /// 500 sat/vB, 0.01 BTC and 10% of the amount.
    Standard,
    /// This many satoshi, named by the person; replaces the three standard stops.
    Absolute(u64),
}

/// Which coins may be spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CoinChoice {
    /// The wallet's choice among those that are not frozen.
    Automatic,
    /// Exactly these, all of them.
    Exactly(Vec<OutPoint>),
}

/// Whether the transaction says it may be replaced (BIP-125).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// Signals replaceability: sequence 0xfffffffd.
    Signalled,
    /// Does not: sequence 0xfffffffe, which still allows a locktime.
    NotSignalled,
}

/// What becomes of money that is too little for a change output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// Planning stops, unless it is no more than 1% of the fee and 1 sat an input.
    Refuse,
    /// It goes to the miner: the person named the most fee they accept.
    ToMiner,
}

/// What a person wants to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Recipients in the order they were typed.
    pub payments: Vec<Payment>,
    /// Bytes for an OP_RETURN output, at most 99,990; older nodes relay 80.
    pub memo: Option<Vec<u8>>,
    /// How the fee is chosen.
    pub fee: Fee,
    /// Who bears it.
    pub fee_payer: FeePayer,
    /// Where planning stops.
    pub fee_limit: FeeLimit,
    /// What is too little for change.
    pub leftover: Leftover,
    /// Which coins may be spent.
    pub coins: CoinChoice,
    /// BIP-125.
    pub replacement: Replacement,
}

/// Whether the person allows a coin to be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freeze {
    /// May be spent.
    Free,
    /// Frozen by the person, or locked by an unresolved payment.
    Frozen,
}
