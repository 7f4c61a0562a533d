//! How much we read, how long we wait and how often we ask: every bound of the network client, with its reason.
//!
//! Numbers only. A hostile server may waste what is written here and not a byte or a second more.

use std::time::Duration;

/// A hash, a height or a short error text.
pub(crate) const SCALAR_BYTES: usize = 1 << 10;
/// Statistics, states, fee estimates, answers to a broadcast.
pub(crate) const SMALL_BYTES: usize = 64 << 10;
/// The ids of all transactions of a block, as JSON: no block has more than 16,700 of the smallest.
pub(crate) const TXIDS_BYTES: usize = 2 << 20;
/// A raw transaction: a block holds no more than 4,000,000 bytes (BIP-141).
pub(crate) const RAW_TX_BYTES: usize = 4_000_000;
/// A page of up to 50 transactions as JSON, where scripts are written twice as hex and once as words.
pub(crate) const TX_PAGE_BYTES: usize = 24 << 20;
/// The unspent outputs of a script as JSON: servers list 500 at most.
pub(crate) const UNSPENT_BYTES: usize = 1 << 20;
/// Transactions in one page; the longest that is known has 75.
pub(crate) const TXS_PER_PAGE: usize = 500;
/// Answers longer than this are read one after the other: all that are in flight together must fit into memory.
pub(crate) const LONG_ANSWER: usize = 256 << 10;
/// An answer of a node of an EVM chain: a page of logs is the largest.
pub(crate) const RPC_BYTES: usize = 2 << 20;
/// A page of an indexer: up to 10,000 rows.
pub(crate) const INDEXER_BYTES: usize = 8 << 20;
/// JSON-RPC questions in one batch to a host that was never asked: the least that is known of public hosts.
pub(crate) const FIRST_BATCH: usize = 3;
/// A line of an Electrum server: a raw transaction of the greatest size as hex, and a few words around it.
pub(crate) const LINE_BYTES: usize = 8_100_000;
/// All answers to one part of the questions at an Electrum server, or to one batch at a node.
pub(crate) const CHUNK_BYTES: usize = 24 << 20;
/// Questions in flight at an Electrum server, or in one batch at a node; wallets send 50 to 100, and servers are used to
/// that.
pub(crate) const CHUNK: usize = 100;
/// Questions that are asked again together when a connection breaks.
pub(crate) const PART: usize = 1000;
/// The same for whole transactions, so that large ones stay within [`CHUNK_BYTES`].
pub(crate) const TX_PART: usize = 100;
/// Memory of the histories that one client gathers from all hosts; a person's wallet has less in its whole life.
pub(crate) const KEPT_BYTES: usize = 40 << 20;
/// Raw transactions kept per host, so that none is asked for twice.
pub(crate) const CACHE_BYTES: usize = 8 << 20;
/// A block as hex: BIP-141 allows no more than 4,000,000 bytes.
pub(crate) const BLOCK_HEX_BYTES: usize = 8_100_000;
/// Blocks that one search of a node covers: short enough to keep what was found when the time ends.
pub(crate) const SCAN_BLOCKS: u32 = 100_000;
/// Blocks that one search may name: more is not a person's wallet.
pub(crate) const RELEVANT_BLOCKS: usize = 20_000;
/// Waiting transactions of a node that are looked through; of more, only those that spend known coins are found.
pub(crate) const NODE_MEMPOOL: usize = 20_000;
/// Blocks that are read one by one where a node has no index of filters.
pub(crate) const BLOCKS_WITHOUT_INDEX: u32 = 3_000;
/// How long a node's index may take to follow a new block, and how often it is looked at.
pub(crate) const INDEX_LAG: Duration = Duration::from_secs(5);
pub(crate) const INDEX_POLL: Duration = Duration::from_millis(50);
/// How often a node is asked whether another's search has ended.
pub(crate) const SCAN_POLL: Duration = Duration::from_secs(2);
/// To tell a node that its search is no longer needed.
pub(crate) const SCAN_ABORT: Duration = Duration::from_secs(2);
/// Nesting of JSON; the deepest honest answer has 5 levels.
pub(crate) const JSON_DEPTH: usize = 32;
/// Transactions of one script; more is not a person's wallet.
pub(crate) const TXS_PER_SCRIPT: usize = 10_000;
/// Scripts of one scan, so that invented history cannot keep it running.
pub(crate) const SCRIPTS_PER_SCAN: usize = 50_000;
/// Questions of a scan in flight at once; some public servers refuse more.
pub(crate) const IN_FLIGHT: usize = 16;
/// Questions in flight at a host that did not answer any yet, and answers after which there may be one more.
pub(crate) const FIRST_IN_FLIGHT: usize = 4;
pub(crate) const ANSWERS_A_SEAT: usize = 4;
/// After a 429 there is one question in flight, and one more after so many answers.
pub(crate) const ANSWERS_A_SEAT_AFTER_429: usize = 20;
/// Scripts in one question to servers that take many (mempool/electrs refuses more).
pub(crate) const SCRIPTS_TOGETHER: usize = 300;
/// One page of a common list: fewer and smaller than a person's busiest script, for it is only read for hints.
pub(crate) const MANY_BYTES: usize = 8 << 20;
/// Transactions in one page of a common list, and how many pages of news are read before every script is asked about.
pub(crate) const PAGE_TOGETHER: usize = 50;
pub(crate) const PAGES_TOGETHER: usize = 20;
/// Scripts put to an Electrum server together: 100 are pipelined at a time.
pub(crate) const SCRIPTS_OF_ELECTRUM: usize = 100;
/// Scripts put to a node together: each search reads all block filters once, however many there are.
pub(crate) const SCRIPTS_OF_CORE: usize = 2_000;
/// Questions about many scripts in flight at once.
pub(crate) const BULK_IN_FLIGHT: usize = 2;
/// Explorers that may be named.
pub(crate) const ENDPOINTS: usize = 16;
/// The smallest page any known server cuts a mixed history into: a shorter list is whole.
pub(crate) const SMALLEST_PAGE: usize = 10;
/// Servers list no more waiting transactions of a script than this, and have no second page of them.
pub(crate) const MEMPOOL_PAGE: usize = 50;
/// How often a history that changes under our reading is started again.
pub(crate) const REREADS: u8 = 3;
/// Attempts of one read at one host, unless it asks us to wait.
pub(crate) const ATTEMPTS: u8 = 2;
/// One question in so many may be put again at one host, and so many at first.
pub(crate) const REPEAT_ONE_IN: u64 = 5;
pub(crate) const REPEATS_AT_FIRST: u64 = 8;
/// How often one read waits because its host said 429.
pub(crate) const THROTTLE_WAITS: u8 = 4;
/// First back-off, doubled each time up to [`BACKOFF_CEILING`]; the sleep is a random part of it.
pub(crate) const BACKOFF: Duration = Duration::from_millis(250);
/// Longest back-off.
pub(crate) const BACKOFF_CEILING: Duration = Duration::from_secs(8);
/// Longest rest that a host is given because it asks for one.
pub(crate) const REST_CEILING: Duration = Duration::from_secs(300);
/// Longest wait that a host may ask for with `Retry-After` before we go elsewhere.
pub(crate) const RETRY_AFTER_CEILING: Duration = Duration::from_secs(30);
/// How long a host that could not name its block 0 counts as silent, so that 16 questions do not each find that out.
pub(crate) const SILENT: Duration = Duration::from_secs(5);
/// To open a connection: name, TCP and TLS.
pub(crate) const CONNECT: Duration = Duration::from_secs(5);
/// Between two pieces of an answer.
pub(crate) const IDLE: Duration = Duration::from_secs(10);
/// One request from first byte to last.
pub(crate) const REQUEST: Duration = Duration::from_secs(20);
/// Through a proxy everything may take so many times longer (20 s to connect, 60 s in all).
pub(crate) const PROXY_FACTOR: u32 = 3;
/// Idle connections are dropped before the first public server drops them (69 s).
pub(crate) const POOL_IDLE: Duration = Duration::from_secs(60);
/// A question about the chain that any host may answer: two hosts, 6 s each.
pub(crate) const NEUTRAL_QUESTION: Duration = Duration::from_secs(12);
/// A question about one transaction.
pub(crate) const TX_QUESTION: Duration = Duration::from_secs(30);
/// Looking for a transaction that may have been sent.
pub(crate) const READING_BACK: Duration = Duration::from_secs(60);
/// One question about many scripts or proofs. A whole scan has no bound but its progress: each question has its own.
pub(crate) const SCAN: Duration = Duration::from_secs(600);
/// Organisations that may learn a wallet's scripts: one that is asked, and one that confirms.
pub(crate) const SOURCES: usize = 2;
/// Organisations whose prices are compared.
pub(crate) const PRICES: usize = 3;
/// How long a host may take for what any host can answer before a second one is asked as well.
pub(crate) const HEDGE_AFTER: Duration = Duration::from_millis(1_500);
/// One question in so many may be asked twice for being slow.
pub(crate) const HEDGE_ONE_IN: u64 = 20;
/// Hosts of different operators that a transaction is sent to at once.
pub(crate) const SEND_TO: usize = 3;
/// What each of them has to answer it; no answer is given up before.
pub(crate) const SEND_ONE: Duration = Duration::from_secs(10);
/// Rounds of sending: when none of the first took it, the next are asked.
pub(crate) const SEND_ROUNDS: usize = 3;
/// One look for a transaction at every host.
pub(crate) const LOOKING: Duration = Duration::from_secs(6);
/// When to look for a transaction that may have been sent: servers cache up to 10 s.
pub(crate) const LOOK_AT: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
];
/// The same on the practice chain, whose server keeps nothing and is on this machine.
pub(crate) const PRACTICE_LOOK_AT: [Duration; 5] = [
    Duration::from_millis(20),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
];
/// Looks at hosts that were not sent a transaction, after it was taken: a payment is not kept waiting longer.
pub(crate) const PROPAGATION_LOOKS: usize = 2;
/// Hosts that are asked then.
pub(crate) const PROPAGATION_HOSTS: usize = 2;
/// Inputs of a stranger's transaction that are looked at to see whether it is signed.
pub(crate) const CONFLICT_INPUTS: usize = 20;
