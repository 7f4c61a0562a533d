//! What every Bitcoin backend is asked and answers, whatever it speaks: Esplora, Electrum or Bitcoin Core's RPC.
//!
//! The choice by the kind of address, and nothing else: no paths, no methods, no wire formats.

use std::collections::BTreeMap;

use bitcoin::{BlockHash, OutPoint, ScriptBuf, Transaction, Txid, block::Header};
use tokio::time::Instant;

use super::{core_rpc::Core, electrum::Electrum, esplora::Esplora, questions::Pace};
use crate::{
    amount::FeeRate,
    chain::bitcoin::spv::{self, MerkleBranch, SpvError},
    explorer::{
        Cause,
        bitcoin::{FeeBand, Tip, TxPlace},
        health::Lane,
        online::{
            bitcoin::questions::{ScriptAnswer, ScriptQuery},
            transport::{
                endpoint::{Endpoint, Protocol},
                http::{Http, HttpFault, HttpReply},
                limits,
            },
        },
    },
    network::Network,
};

/// The status that says that we ask too often.
const TOO_MANY: u16 = 429;
/// Headers before the newest that are asked for with it.
const HEADERS_BELOW: u32 = 9;

/// One host while it answers one question, whatever it speaks.
#[derive(Clone, Copy)]
pub(super) enum Host<'a> {
    /// Esplora's HTTP interface.
    Esplora(Esplora<'a>),
    /// The Electrum protocol.
    Electrum(Electrum<'a>),
    /// Bitcoin Core's RPC.
    Core(Core<'a>),
}

/// Puts a question to whichever backend it is.
macro_rules! at {
    ($host:expr, $backend:ident => $answer:expr) => {
        match $host {
            Host::Esplora($backend) => $answer,
            Host::Electrum($backend) => $answer,
            Host::Core($backend) => $answer,
        }
    };
}

impl<'a> Host<'a> {
    /// The backend that an address names; nothing for one that is only sent to.
    pub(super) const fn at(
        http: &'a Http,
        endpoint: &'a Endpoint,
        deadline: Instant,
        network: Network,
    ) -> Option<Self> {
        match endpoint.kind {
            Protocol::Esplora => Some(Self::Esplora(Esplora { http, endpoint, deadline, network })),
            Protocol::Electrum => Some(Self::Electrum(Electrum { http, endpoint, deadline, network })),
            Protocol::Core => Some(Self::Core(Core { http, endpoint, deadline, network })),
            Protocol::Blockchair | Protocol::BlockCypher => None,
        }
    }

    /// The same host with another deadline.
    pub(super) const fn until(self, deadline: Instant) -> Self {
        match self {
            Self::Esplora(host) => Self::Esplora(Esplora { deadline, ..host }),
            Self::Electrum(host) => Self::Electrum(Electrum { deadline, ..host }),
            Self::Core(host) => Self::Core(Core { deadline, ..host }),
        }
    }

    /// Its address and health.
    pub(super) const fn endpoint(&self) -> &'a Endpoint {
        at!(self, host => host.endpoint)
    }

    /// The chain it has to serve.
    pub(super) const fn network(&self) -> Network {
        at!(self, host => host.network)
    }

    /// Compares block 0 with the network's, once a day.
    pub(super) async fn check_chain(&self) -> Result<(), Cause> {
        at!(self, host => host.check_chain().await)
    }

    /// The newest block, and up to nine headers before it, linked and worked.
    pub(super) async fn top(&self) -> Result<(Tip, Vec<Header>), Cause> {
        for _ in 0..limits::REREADS {
            let tip = match self {
                Self::Esplora(host) => return host.top().await,
                Self::Electrum(host) => host.tip().await?,
                Self::Core(host) => host.tip().await?,
            };
            let first = tip.height.saturating_sub(HEADERS_BELOW);
            let headers = self.headers(first, tip.height).await?;
            match spv::check_headers(self.network(), first, &headers) {
                Ok(_) if headers.last().is_some_and(|last| last.block_hash() == tip.hash) => return Ok((tip, headers)),
                // A block came in, or the chain was reorganised, between two questions.
                Ok(_) | Err(SpvError::Unlinked) => {}
                Err(_) => return Err(Cause::Lied),
            }
        }
        Err(Cause::Unsettled)
    }

    /// The block at a height, or nothing if this host's chain is shorter.
    pub(super) async fn block_hash_at(&self, height: u32) -> Result<Option<BlockHash>, Cause> {
        at!(self, host => host.block_hash_at(height).await)
    }

    /// Successive headers from a height on, as many as one answer brings.
    pub(super) async fn headers(&self, first: u32, tip: u32) -> Result<Vec<Header>, Cause> {
        self.header_runs(&[first], tip).await?.pop().ok_or(Cause::Malformed)
    }

    /// The same from several heights on, all asked for at once; one run for each, in order.
    pub(super) async fn header_runs(&self, firsts: &[u32], tip: u32) -> Result<Vec<Vec<Header>>, Cause> {
        at!(self, host => host.header_runs(firsts, tip).await)
    }

    /// The branches of transactions that are said to be in the blocks at these heights, all asked for at once; nothing for
    /// one that is in none here.
    pub(super) async fn branches(&self, wanted: &[(Txid, u32)]) -> Result<Vec<Option<MerkleBranch>>, Cause> {
        at!(self, host => host.branches(wanted).await)
    }

    /// The ids of all transactions of a block, in order, where the host has such a list.
    pub(super) async fn block_txids(&self, block: BlockHash) -> Result<Option<Vec<Txid>>, Cause> {
        match self {
            Self::Esplora(host) => host.block_txids(block).await,
            Self::Electrum(_) | Self::Core(_) => Ok(None),
        }
    }

    /// A transaction, hashed here; nothing if this host does not have it.
    pub(super) async fn transaction(&self, txid: Txid) -> Result<Option<Transaction>, Cause> {
        at!(self, host => host.transaction(txid).await)
    }

    /// Where a transaction is; nothing if this host does not have it.
    pub(super) async fn place(&self, txid: Txid) -> Result<Option<TxPlace>, Cause> {
        at!(self, host => host.place(txid).await)
    }

    /// The spender of an output that this host knows; it was fetched and does spend it.
    pub(super) async fn outspend(&self, outpoint: OutPoint) -> Result<Option<Txid>, Cause> {
        at!(self, host => host.outspend(outpoint).await)
    }

    /// Fee rates by target in blocks.
    pub(super) async fn fee_rates(&self) -> Result<BTreeMap<u16, FeeRate>, Cause> {
        at!(self, host => host.fee_rates().await)
    }

    /// What waits for a block, by its rate, from the highest down; a node has no such list.
    pub(super) async fn mempool_histogram(&self) -> Result<Vec<FeeBand>, Cause> {
        match self {
            Self::Esplora(host) => host.mempool_histogram().await,
            Self::Electrum(host) => host.mempool_histogram().await,
            Self::Core(_) => Err(Cause::Unsupported),
        }
    }

    /// What a node asks of a replacement beyond the old fee; other hosts do not say.
    pub(super) async fn incremental_relay(&self) -> Result<Option<FeeRate>, Cause> {
        match self {
            Self::Esplora(_) | Self::Electrum(_) => Ok(None),
            Self::Core(host) => host.incremental_relay().await,
        }
    }

    /// How it is asked about many scripts.
    pub(super) async fn pace(&self) -> Result<Pace, Cause> {
        match self {
            Self::Esplora(host) => host.pace().await,
            Self::Electrum(_) => Ok(Pace::together(limits::SCRIPTS_OF_ELECTRUM)),
            Self::Core(_) => Ok(Pace::together(limits::SCRIPTS_OF_CORE)),
        }
    }

    /// How it is asked in the first scan of an account, which begins with these scripts.
    pub(super) async fn first_pace(&self, first: &[ScriptBuf]) -> Result<Pace, Cause> {
        match self {
            Self::Esplora(host) => host.first_pace(first).await,
            Self::Electrum(_) | Self::Core(_) => self.pace().await,
        }
    }

    /// What it says of each script, in order.
    pub(super) async fn histories(&self, asked: &[ScriptQuery]) -> Result<Vec<ScriptAnswer>, Cause> {
        at!(self, host => host.histories(asked).await)
    }

    /// Sends a transaction, once; the answer in the form in which an Esplora server would write it.
    pub(super) async fn post(&self, raw: &[u8]) -> Result<HttpReply, HttpFault> {
        let started = Instant::now();
        let reply = at!(self, host => host.post(raw).await);
        let cause = match &reply {
            Ok(reply) if reply.status == TOO_MANY => {
                self.endpoint().rest_after_429(reply.retry_after);
                Some(Cause::Throttled)
            }
            Ok(_) => None,
            // Our own bucket: the host was not asked.
            Err(HttpFault { cause: Cause::Throttled, .. }) => return reply,
            Err(fault) => Some(fault.cause),
        };
        self.endpoint().note(Lane::Send, cause, started);
        reply
    }
}
