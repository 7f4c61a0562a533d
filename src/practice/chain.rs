//! The practice chain: blocks, coins, mempool and disk moved together, one change at a time.
//!
//! Every change goes through here; what may be asked without changing anything is in query.rs. No network.

use std::{
    collections::HashMap,
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use bitcoin::{
    Block, BlockHash, CompactTarget, ScriptBuf, Transaction, Txid, block::Header, constants::genesis_block,
    hashes::Hash as _,
};

use super::{
    PracticeError,
    coinbase::{self, Blueprint},
    disk::{Disk, Record},
    index::Index,
    mempool::{Admission, Mempool, RelayLimits, Room},
    merkle::MerkleTree,
    policy::Policy,
    reject::Reject,
};

/// Block weight (BIP-141) less what is kept for header and coinbase.
const ROOM: u64 = 4_000_000 - 4_000;
/// `MAX_BLOCK_SIGOPS_COST` less what is kept for the coinbase's outputs.
const SIGOPS: u64 = 80_000 - 400;
/// Blocks over which the median time is taken.
const MEDIAN_SPAN: usize = 11;

/// Where a new block's time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The computer's clock.
    System,
    /// These seconds since 1970, always.
    Fixed(u32),
}

impl Clock {
    fn now(self) -> u32 {
        match self {
            Self::Fixed(time) => time,
            Self::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .ok()
                .and_then(|since| u32::try_from(since.as_secs()).ok())
                .unwrap_or(0),
        }
    }
}

/// A connected block; its transactions are in the index.
pub(crate) struct Link {
    pub(crate) header: Header,
    pub(crate) hash: BlockHash,
    pub(crate) txids: Vec<Txid>,
    pub(crate) tree: MerkleTree,
    /// Bytes.
    pub(crate) size: usize,
    /// Weight units.
    pub(crate) weight: u64,
    /// Median time of this block and the ten before it.
    pub(crate) median_time: u32,
}

/// A regtest chain with its mempool.
pub struct PracticeChain {
    pub(crate) links: Vec<Link>,
    pub(crate) heights: HashMap<BlockHash, u32>,
    pub(crate) index: Index,
    pub(crate) mempool: Mempool,
    pub(crate) policy: Policy,
    clock: Clock,
    blocks_ever: u64,
    disk: Option<Disk>,
}

impl PracticeChain {
    /// A chain that is gone when it is dropped: the regtest genesis block and nothing more.
    #[must_use]
    pub fn in_memory() -> Self {
        let mut chain = Self {
            links: Vec::new(),
            heights: HashMap::new(),
            index: Index::default(),
            mempool: Mempool::default(),
            policy: Policy::default(),
            clock: Clock::System,
            blocks_ever: 0,
            disk: None,
        };
        let genesis = genesis_block(bitcoin::Network::Regtest);
        let tree = MerkleTree::new(&txids(&genesis));
        chain.link(genesis, tree);
        chain
    }

    /// The chain kept in `folder`, made when absent. An unfinished write at its end is dropped; waiting transactions are
    /// judged again.
    ///
    /// # Errors
    /// The folder cannot be used, another process holds it, or the file is damaged.
    pub fn open(folder: &Path) -> Result<Self, PracticeError> {
        let mut chain = Self::in_memory();
        let mut waiting = Vec::new();
        let disk = Disk::open(folder, |record| chain.replay(record, &mut waiting))?;
        chain.readmit(waiting);
        chain.disk = Some(disk);
        Ok(chain)
    }

    /// Another node's chain, in memory, with the same blocks and the same waiting transactions.
    ///
    /// # Errors
    /// A block of this chain does not fit there, which cannot be.
    pub fn copy(&self) -> Result<Self, PracticeError> {
        let mut copy = Self::in_memory();
        for height in 1..self.next_height() {
            copy.connect(self.block(height).ok_or(PracticeError::BadBlock("it is not there"))?)?;
        }
        copy.readmit(self.mempool.entries().map(|entry| entry.transaction.as_ref().clone()).collect());
        Ok(copy)
    }

    fn replay(&mut self, record: Record, waiting: &mut Vec<Transaction>) -> Result<(), PracticeError> {
        match record {
            Record::Block(block) => {
                self.connect(block)?;
                waiting.retain(|transaction| self.index.transaction(&transaction.compute_txid()).is_none());
            }
            Record::Disconnected(depth) => {
                let mut returned = self.disconnect(depth)?;
                returned.append(waiting);
                *waiting = returned;
            }
            Record::Entered(transaction) => waiting.push(transaction),
            Record::Evicted(txid) => waiting.retain(|transaction| transaction.compute_txid() != txid),
        }
        Ok(())
    }

    /// Chooses where block times come from.
    #[cfg(test)]
    pub(crate) fn set_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    /// Chooses what this node relays and estimates.
    #[cfg(test)]
    pub(crate) fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// Mines `count` blocks from the mempool, paying `payout` or else the faucet.
    ///
    /// # Errors
    /// The blocks were made but could not be written to disk.
    pub fn mine(&mut self, count: u32, payout: Option<ScriptBuf>) -> Result<Vec<BlockHash>, PracticeError> {
        let payout = payout.unwrap_or_else(coinbase::script);
        let hashes = (0..count).map(|_| self.mine_unsaved(payout.clone())).collect::<Result<_, _>>()?;
        self.save()?;
        Ok(hashes)
    }

    /// Mines one block; the caller saves.
    pub(crate) fn mine_unsaved(&mut self, payout: ScriptBuf) -> Result<BlockHash, PracticeError> {
        let chosen = self.mempool.pick(Room { weight: ROOM, sigops: SIGOPS });
        let entries = || chosen.iter().filter_map(|txid| self.mempool.get(txid));
        let transactions: Vec<Arc<Transaction>> = entries().map(|entry| Arc::clone(&entry.transaction)).collect();
        let fees = entries().map(|entry| entry.fee).sum();
        let blueprint = Blueprint {
            previous: self.tip().1,
            height: self.next_height(),
            time: self.clock.now().max(self.median_time().saturating_add(1)),
            salt: self.blocks_ever,
            payout,
        };
        let block = coinbase::make_block(blueprint, &transactions, fees);
        let hash = block.block_hash();
        self.connect(block.clone())?;
        for txid in &chosen {
            self.mempool.remove(txid);
        }
        self.record(&Record::Block(block));
        Ok(hash)
    }

    /// Hands a transaction to the node, as `sendrawtransaction` does: one that already waits is accepted again.
    ///
    /// # Errors
    /// Bitcoin Core's words for why it was refused.
    pub fn submit(&mut self, transaction: Transaction) -> Result<Txid, Reject> {
        let txid = transaction.compute_txid();
        if transaction.output.iter().any(|output| output.script_pubkey.is_op_return() && output.value.to_sat() > 0) {
            return Err(Reject::burns_too_much());
        }
        if self.has_unspent_output(&txid) {
            return Err(Reject::already_confirmed());
        }
        if self.mempool.get(&txid).is_some() {
            return Ok(txid);
        }
        let admission = self.admission(transaction, RelayLimits::Apply)?;
        if admission.entry.fee > self.policy.max_fee_rate.fee(admission.entry.vsize) {
            return Err(Reject::fee_too_high());
        }
        for replaced in &admission.replaces {
            self.record(&Record::Evicted(*replaced));
        }
        self.record(&Record::Entered(admission.entry.transaction.as_ref().clone()));
        self.admit(admission);
        self.save().map_err(|error| Reject::not_saved(&error))?;
        Ok(txid)
    }

    fn admit(&mut self, admission: Admission) {
        for txid in &admission.replaces {
            self.mempool.remove(txid);
        }
        self.mempool.insert(admission.entry);
    }

    /// Throws a waiting transaction and its descendants out of the mempool, as a full or restarted node would.
    /// Returns what was thrown out.
    ///
    /// # Errors
    /// It was done, but could not be written to disk.
    pub fn evict(&mut self, txid: &Txid) -> Result<Vec<Txid>, PracticeError> {
        let gone: Vec<Txid> = self.mempool.descendants(txid).into_iter().collect();
        for txid in &gone {
            self.mempool.remove(txid);
            self.record(&Record::Evicted(*txid));
        }
        self.save()?;
        Ok(gone)
    }

    /// Disconnects the last `depth` blocks. Their transactions wait again, as far as they are still valid; what is mined
    /// next is another branch. Returns the hashes of the blocks that are gone, last first.
    ///
    /// # Errors
    /// Fewer than `depth` blocks stand on the genesis block, or the change could not be written to disk.
    pub fn reorg(&mut self, depth: u32) -> Result<Vec<BlockHash>, PracticeError> {
        let gone: Vec<BlockHash> =
            self.links.iter().rev().take(usize::try_from(depth).unwrap_or(usize::MAX)).map(|link| link.hash).collect();
        let mut waiting = self.disconnect(depth)?;
        waiting.extend(self.mempool.entries().map(|entry| entry.transaction.as_ref().clone()));
        self.mempool = Mempool::default();
        self.record(&Record::Disconnected(depth));
        for txid in self.readmit(waiting) {
            self.record(&Record::Evicted(txid));
        }
        self.save()?;
        Ok(gone)
    }

    /// Lets transactions back in that were here before; returns those that no longer fit.
    fn readmit(&mut self, transactions: Vec<Transaction>) -> Vec<Txid> {
        let mut refused = Vec::new();
        for transaction in transactions {
            let txid = transaction.compute_txid();
            match self.admission(transaction, RelayLimits::Bypass) {
                Ok(admission) => self.admit(admission),
                Err(_) => refused.push(txid),
            }
        }
        refused
    }

    /// Adds a block to the tip after checking what does not depend on scripts (those were checked on entry).
    pub(crate) fn connect(&mut self, block: Block) -> Result<(), PracticeError> {
        let bad = |why| Err(PracticeError::BadBlock(why));
        if block.header.prev_blockhash != self.tip().1 {
            return bad("it does not build on the tip");
        }
        if block.header.time <= self.median_time() {
            return bad("its time is not after the median of the last blocks");
        }
        let regtest = CompactTarget::from_consensus(coinbase::BITS);
        if block.header.bits != regtest || block.header.validate_pow(regtest.into()).is_err() {
            return bad("its proof of work is wrong");
        }
        let tree = MerkleTree::new(&txids(&block));
        if tree.root() != Some(block.header.merkle_root) || !block.check_witness_commitment() {
            return bad("its header does not commit to its transactions");
        }
        let transactions: Vec<Arc<Transaction>> = block.txdata.iter().cloned().map(Arc::new).collect();
        let Some(fees) = self.index.fees(&transactions) else {
            return bad("it spends a coin that does not exist, or more than there is");
        };
        let earned = coinbase::subsidy(self.next_height()).saturating_add(fees);
        let paid = block.txdata.first().and_then(super::index::value_out);
        if paid.is_none_or(|paid| paid > earned) {
            return bad("its coinbase pays more than subsidy and fees");
        }
        self.link(block, tree);
        Ok(())
    }

    fn link(&mut self, block: Block, tree: MerkleTree) {
        let height = self.next_height();
        let (hash, txids) = (block.block_hash(), txids(&block));
        let mut times: Vec<u32> = self.links.iter().rev().take(MEDIAN_SPAN - 1).map(|link| link.header.time).collect();
        times.push(block.header.time);
        times.sort_unstable();
        let median_time = times.get(times.len() / 2).copied().unwrap_or(0);
        let (size, weight) = (block.total_size(), block.weight().to_wu());
        self.heights.insert(hash, height);
        self.links.push(Link { header: block.header, hash, txids, tree, size, weight, median_time });
        self.index.connect(height, block.txdata.into_iter().map(Arc::new).collect());
        self.blocks_ever += 1;
    }

    /// Takes blocks off the tip; returns their transactions, oldest first, without coinbases.
    fn disconnect(&mut self, depth: u32) -> Result<Vec<Transaction>, PracticeError> {
        let (height, _) = self.tip();
        if depth > height {
            return Err(PracticeError::TooDeep { depth, height });
        }
        let mut blocks = Vec::new();
        for _ in 0..depth {
            let Some(link) = self.links.pop() else { break };
            self.heights.remove(&link.hash);
            let known = link.txids.iter().skip(1).filter_map(|txid| self.index.transaction(txid));
            blocks.push(known.map(|confirmed| confirmed.transaction.as_ref().clone()).collect::<Vec<_>>());
            self.index.disconnect(&link.txids);
        }
        Ok(blocks.into_iter().rev().flatten().collect())
    }

    fn record(&mut self, record: &Record) {
        if let Some(disk) = &mut self.disk {
            disk.push(record);
        }
    }

    pub(crate) fn save(&mut self) -> Result<(), PracticeError> {
        self.disk.as_mut().map_or(Ok(()), Disk::save)
    }

    /// Height and hash of the last block.
    #[must_use]
    pub fn tip(&self) -> (u32, BlockHash) {
        let hash = self.links.last().map_or_else(BlockHash::all_zeros, |link| link.hash);
        (self.next_height().saturating_sub(1), hash)
    }

    /// Height of the block that comes next.
    pub(crate) fn next_height(&self) -> u32 {
        u32::try_from(self.links.len()).unwrap_or(u32::MAX)
    }
}

fn txids(block: &Block) -> Vec<Txid> {
    block.txdata.iter().map(Transaction::compute_txid).collect()
}
