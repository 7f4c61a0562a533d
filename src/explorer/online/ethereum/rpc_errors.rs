//! Error objects of nodes, sorted by what can be done about them: texts first, then codes.
//!
//! Every text is compared in lower case and in parts, for clients add to them. Nothing of a text leaves this file.

use crate::explorer::{Cause, ethereum::EvmReject};

/// What an error object means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RpcError {
    /// The node has the transaction already.
    AlreadyKnown,
    /// A transaction is refused.
    Rejected(EvmReject),
    /// A call fails in the contract: an answer, not a failure of the node.
    Reverted,
    /// The node does not serve us, or not now.
    Failed(Cause),
}

use EvmReject::{
    FeeTooLow, GasLimit, InsufficientFunds, IntrinsicGas, NodeFeeCap, NonceTooHigh, NonceTooLow, PoolFull, TipAboveCap,
    Underpriced, WrongChain,
};

/// Parts of texts, the more particular ones first.
const TEXTS: &[(&str, RpcError)] = &[
    // Limits of the service come before everything else: they say nothing about the transaction.
    ("rate limit", RpcError::Failed(Cause::Throttled)),
    ("try again in", RpcError::Failed(Cause::Throttled)),
    ("too many requests", RpcError::Failed(Cause::Throttled)),
    ("request limit reached", RpcError::Failed(Cause::Throttled)),
    ("request rate limited", RpcError::Failed(Cause::Throttled)),
    ("daily request count exceeded", RpcError::Failed(Cause::Throttled)),
    ("credits", RpcError::Failed(Cause::Throttled)),
    ("must authenticate", RpcError::Failed(Cause::Denied)),
    ("unauthorized", RpcError::Failed(Cause::Denied)),
    ("personal token", RpcError::Failed(Cause::Denied)),
    ("not authorized", RpcError::Failed(Cause::Denied)),
    ("header not found", RpcError::Failed(Cause::Busy)),
    // Nothing was done with what it was sent, and reads are worth another try.
    ("syncing", RpcError::Failed(Cause::Busy)),
    ("out of sync", RpcError::Failed(Cause::Busy)),
    ("endpoint does not exist", RpcError::Failed(Cause::Unsupported)),
    ("unknown block", RpcError::Failed(Cause::Missing)),
    ("batch too large", RpcError::Failed(Cause::TooLarge)),
    ("response too large", RpcError::Failed(Cause::TooLarge)),
    ("execution reverted", RpcError::Reverted),
    ("vm execution error", RpcError::Reverted),
    ("revert", RpcError::Reverted),
    ("already known", RpcError::AlreadyKnown),
    ("alreadyknown", RpcError::AlreadyKnown),
    ("known transaction", RpcError::AlreadyKnown),
    ("already imported", RpcError::AlreadyKnown),
    ("existing txn with same hash", RpcError::AlreadyKnown),
    ("replacement transaction underpriced", RpcError::Rejected(Underpriced)),
    ("could not replace existing tx", RpcError::Rejected(Underpriced)),
    ("replacementnotallowed", RpcError::Rejected(Underpriced)),
    ("feetoolowtocompete", RpcError::Rejected(Underpriced)),
    ("nonce too low", RpcError::Rejected(NonceTooLow)),
    ("oldnonce", RpcError::Rejected(NonceTooLow)),
    ("nonce too high", RpcError::Rejected(NonceTooHigh)),
    ("noncegap", RpcError::Rejected(NonceTooHigh)),
    ("too distant", RpcError::Rejected(NonceTooHigh)),
    ("priority fee per gas higher than max fee", RpcError::Rejected(TipAboveCap)),
    ("priority fee per gas exceeds max fee", RpcError::Rejected(TipAboveCap)),
    ("exceeds the configured cap", RpcError::Rejected(NodeFeeCap)),
    ("transaction fee cap exceeded", RpcError::Rejected(NodeFeeCap)),
    ("insufficient gas for floor data gas cost", RpcError::Rejected(IntrinsicGas)),
    ("intrinsic gas too high", RpcError::Rejected(GasLimit)),
    ("intrinsic gas too low", RpcError::Rejected(IntrinsicGas)),
    ("intrinsic gas exceeds gas limit", RpcError::Rejected(IntrinsicGas)),
    ("intrinsicgas", RpcError::Rejected(IntrinsicGas)),
    ("exceeds block gas limit", RpcError::Rejected(GasLimit)),
    ("transaction gas limit too high", RpcError::Rejected(GasLimit)),
    ("gaslimitexceeded", RpcError::Rejected(GasLimit)),
    ("gas limit reached", RpcError::Rejected(GasLimit)),
    ("insufficient funds", RpcError::Rejected(InsufficientFunds)),
    ("insufficientfunds", RpcError::Rejected(InsufficientFunds)),
    ("upfront cost exceeds account balance", RpcError::Rejected(InsufficientFunds)),
    ("less than block base fee", RpcError::Rejected(FeeTooLow)),
    ("below current base fee", RpcError::Rejected(FeeTooLow)),
    ("gas price below minimum", RpcError::Rejected(FeeTooLow)),
    ("fee too low", RpcError::Rejected(FeeTooLow)),
    ("feetoolow", RpcError::Rejected(FeeTooLow)),
    ("underpriced", RpcError::Rejected(FeeTooLow)),
    ("invalid sender", RpcError::Rejected(WrongChain)),
    ("invalid chain id", RpcError::Rejected(WrongChain)),
    ("wrong chainid", RpcError::Rejected(WrongChain)),
    ("only replay-protected", RpcError::Rejected(WrongChain)),
    ("txpool is full", RpcError::Rejected(PoolFull)),
    ("sub-pool is full", RpcError::Rejected(PoolFull)),
    ("method not found", RpcError::Failed(Cause::Unsupported)),
    ("not supported", RpcError::Failed(Cause::Unsupported)),
    ("does not exist/is not available", RpcError::Failed(Cause::Unsupported)),
];

/// Codes that mean one thing wherever they are used: consulted when no text is known.
const CODES: &[(i64, RpcError)] = &[
    (3, RpcError::Reverted),
    (429, RpcError::Failed(Cause::Throttled)),
    (-32_016, RpcError::Failed(Cause::Throttled)),
    (-32_012, RpcError::Failed(Cause::Throttled)),
    (-32_007, RpcError::Failed(Cause::Throttled)),
    (1_008, RpcError::Failed(Cause::Throttled)),
    (-32_055, RpcError::Failed(Cause::Throttled)),
    (-32_601, RpcError::Failed(Cause::Unsupported)),
    (-32_602, RpcError::Failed(Cause::Unsupported)),
    (-39_001, RpcError::Failed(Cause::Missing)),
    (-32_001, RpcError::Rejected(NonceTooLow)),
    (-32_006, RpcError::Rejected(NonceTooHigh)),
    (-32_004, RpcError::Rejected(InsufficientFunds)),
    (-32_009, RpcError::Rejected(FeeTooLow)),
    (-32_008, RpcError::Rejected(PoolFull)),
    (-32_005, RpcError::Failed(Cause::Throttled)),
    (1_000, RpcError::AlreadyKnown),
];

/// Sorts an error object.
pub(super) fn classify(code: i64, message: &str) -> RpcError {
    let text = message.to_ascii_lowercase();
    let by_text = TEXTS.iter().find(|(part, _)| text.contains(part)).map(|(_, class)| *class);
    let by_code = || CODES.iter().find(|(known, _)| *known == code).map(|(_, class)| *class);
    // Besu's code for a gas limit is others' code for a rate limit; its text decides.
    by_text.or_else(by_code).unwrap_or(RpcError::Rejected(EvmReject::Unstated))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Code, text and class of every refusal of a node that is known, and of every rate limit.
    const TABLE: &[(i64, &str, RpcError)] = &[
        (-32_000, "already known", RpcError::AlreadyKnown),
        (-32_000, "existing txn with same hash", RpcError::AlreadyKnown),
        (-32_010, "AlreadyKnown", RpcError::AlreadyKnown),
        (-32_000, "Known transaction", RpcError::AlreadyKnown),
        (-32_003, "transaction already imported", RpcError::AlreadyKnown),
        (-32_000, "nonce too low", RpcError::Rejected(NonceTooLow)),
        (-32_000, "nonce too low: next nonce 5, tx nonce 3", RpcError::Rejected(NonceTooLow)),
        (-32_010, "OldNonce, Current nonce: 5", RpcError::Rejected(NonceTooLow)),
        (-32_001, "Nonce too low", RpcError::Rejected(NonceTooLow)),
        (-32_000, "nonce too high", RpcError::Rejected(NonceTooHigh)),
        (-32_010, "NonceGap, Future nonce", RpcError::Rejected(NonceTooHigh)),
        (-32_006, "Transaction nonce is too distant from current sender nonce", RpcError::Rejected(NonceTooHigh)),
        (-32_000, "replacement transaction underpriced", RpcError::Rejected(Underpriced)),
        (-32_000, "could not replace existing tx", RpcError::Rejected(Underpriced)),
        (-32_010, "ReplacementNotAllowed", RpcError::Rejected(Underpriced)),
        (-32_010, "FeeTooLowToCompete", RpcError::Rejected(Underpriced)),
        (-32_000, "Replacement transaction underpriced", RpcError::Rejected(Underpriced)),
        (
            -32_000,
            "insufficient funds for gas * price + value: balance 0, tx cost 1",
            RpcError::Rejected(InsufficientFunds),
        ),
        (-32_000, "insufficient funds", RpcError::Rejected(InsufficientFunds)),
        (-32_010, "InsufficientFunds, Account balance: 0", RpcError::Rejected(InsufficientFunds)),
        (-32_004, "Upfront cost exceeds account balance", RpcError::Rejected(InsufficientFunds)),
        (-32_003, "Insufficient funds for gas * price + value", RpcError::Rejected(InsufficientFunds)),
        (-32_000, "intrinsic gas too low", RpcError::Rejected(IntrinsicGas)),
        (-32_000, "IntrinsicGas", RpcError::Rejected(IntrinsicGas)),
        (
            -32_000,
            "insufficient gas for floor data gas cost: gas 1, minimum needed 2",
            RpcError::Rejected(IntrinsicGas),
        ),
        (-32_003, "Intrinsic gas exceeds gas limit", RpcError::Rejected(IntrinsicGas)),
        (-32_000, "max fee per gas less than block base fee", RpcError::Rejected(FeeTooLow)),
        (-32_000, "transaction underpriced", RpcError::Rejected(FeeTooLow)),
        (-32_000, "underpriced", RpcError::Rejected(FeeTooLow)),
        (-32_000, "fee too low", RpcError::Rejected(FeeTooLow)),
        (-32_000, "transaction gas price below minimum", RpcError::Rejected(FeeTooLow)),
        (-32_010, "FeeTooLow, MaxFeePerGas too low", RpcError::Rejected(FeeTooLow)),
        (-32_009, "Gas price below current base fee", RpcError::Rejected(FeeTooLow)),
        (-32_000, "max priority fee per gas higher than max fee per gas", RpcError::Rejected(TipAboveCap)),
        (-32_000, "Max priority fee per gas exceeds max fee per gas", RpcError::Rejected(TipAboveCap)),
        (-32_000, "exceeds block gas limit", RpcError::Rejected(GasLimit)),
        (-32_000, "transaction gas limit too high", RpcError::Rejected(GasLimit)),
        (-32_010, "GasLimitExceeded", RpcError::Rejected(GasLimit)),
        (-32_010, "gas limit reached", RpcError::Rejected(GasLimit)),
        (-32_005, "Transaction gas limit exceeds block gas limit", RpcError::Rejected(GasLimit)),
        (-32_003, "intrinsic gas too high -- CallGasCostMoreThanGasLimit", RpcError::Rejected(GasLimit)),
        (-32_000, "tx fee (1.20 ether) exceeds the configured cap (1.00 ether)", RpcError::Rejected(NodeFeeCap)),
        (-32_000, "Transaction fee cap exceeded", RpcError::Rejected(NodeFeeCap)),
        (-32_000, "invalid sender", RpcError::Rejected(WrongChain)),
        (-32_000, "invalid chain ID", RpcError::Rejected(WrongChain)),
        (-32_000, "only replay-protected (EIP-155) transactions allowed over RPC", RpcError::Rejected(WrongChain)),
        (-32_000, "Wrong chainId", RpcError::Rejected(WrongChain)),
        (-32_000, "invalid chain id for signer", RpcError::Rejected(WrongChain)),
        (-32_000, "txpool is full", RpcError::Rejected(PoolFull)),
        (-32_000, "pending sub-pool is full", RpcError::Rejected(PoolFull)),
        (-32_000, "node is syncing", RpcError::Failed(Cause::Busy)),
        (-32_008, "", RpcError::Rejected(PoolFull)),
        (429, "Your app has exceeded its compute units per second capacity", RpcError::Failed(Cause::Throttled)),
        (-32_005, "project ID request rate exceeded", RpcError::Failed(Cause::Throttled)),
        (-32_000, "try again in 4ms", RpcError::Failed(Cause::Throttled)),
        (-32_016, "rate limit", RpcError::Failed(Cause::Throttled)),
        (-32_012, "credits", RpcError::Failed(Cause::Throttled)),
        (-32_007, "request limit reached", RpcError::Failed(Cause::Throttled)),
        (1_008, "", RpcError::Failed(Cause::Throttled)),
        (-32_055, "", RpcError::Failed(Cause::Throttled)),
        (-32_000, "header not found", RpcError::Failed(Cause::Busy)),
        (-32_000, "daily request count exceeded, request rate limited", RpcError::Failed(Cause::Throttled)),
        (-32_000, "Unauthorized: You must authenticate your request", RpcError::Failed(Cause::Denied)),
        (-32_000, "Archive requests require a personal token", RpcError::Failed(Cause::Denied)),
        (-32_000, "batch too large", RpcError::Failed(Cause::TooLarge)),
        (-32_003, "response too large", RpcError::Failed(Cause::TooLarge)),
        (3, "execution reverted: no", RpcError::Reverted),
        (-39_001, "Unknown block", RpcError::Failed(Cause::Missing)),
        (-32_601, "the method eth_x does not exist/is not available", RpcError::Failed(Cause::Unsupported)),
    ];

    /// Texts of the retry table and of rate limits that come as JSON-RPC errors.
    const RETRY_TABLE: &[(i64, &str, RpcError)] = &[
        (-32_000, "node is out of sync", RpcError::Failed(Cause::Busy)),
        (-32_000, "Syncing, please wait", RpcError::Failed(Cause::Busy)),
        (
            -32_000,
            "Max rate limit reached, please use API Key for higher rate limit",
            RpcError::Failed(Cause::Throttled),
        ),
        (-32_005, "Too Many Requests", RpcError::Failed(Cause::Throttled)),
        (-32_601, "endpoint does not exist", RpcError::Failed(Cause::Unsupported)),
        (-32_007, "Not authorized", RpcError::Failed(Cause::Denied)),
        (-32_000, "must authenticate", RpcError::Failed(Cause::Denied)),
    ];

    #[test]
    fn every_text_of_the_table_has_its_class() {
        assert_eq!((TABLE.len(), RETRY_TABLE.len()), (69, 7));
        for (code, text, class) in TABLE.iter().chain(RETRY_TABLE) {
            assert_eq!(classify(*code, text), *class, "{code} {text}");
        }
        assert_eq!(classify(-32_000, "Update at evil.example"), RpcError::Rejected(EvmReject::Unstated));
    }
}
