//! The state of an account, proven: a header that hashes to its block's hash, and a path from its state root to the account.
//!
//! Works on plain data and asks no host. That the hash is one of the chain is not known here: only operators can say
//! that, and the caller has to know how many did.

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles, TrieAccount, proof::verify_proof};

/// Nodes of a path: the key has 64 nibbles, and each node takes at least one.
const MAX_NODES: usize = 65;
/// Bytes of a node: a branch with 16 hashes and a value has fewer.
const MAX_NODE_BYTES: usize = 1_024;

/// What the state trie holds of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProvenAccount {
    /// Native balance in wei.
    pub balance: U256,
    /// Transactions of it that are in blocks.
    pub nonce: u64,
    /// Keccak-256 of its code; that of nothing where it has none.
    pub code_hash: B256,
}

/// What a node says of an account, with its proof (`eth_getProof`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountProof {
    /// Native balance in wei.
    pub balance: U256,
    /// Nonce.
    pub nonce: u64,
    /// Keccak-256 of its code.
    pub code_hash: B256,
    /// Root of its storage.
    pub storage_hash: B256,
    /// Nodes from the root to the account, or to where it would be.
    pub nodes: Vec<Bytes>,
}

/// Why something is not proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// The fields of the header are those of another block.
    #[error("the header does not hash to the block's hash")]
    OtherHeader,
    /// More nodes or bytes than any path has.
    #[error("the proof is longer than any path")]
    TooLong,
    /// The nodes do not lead from the state root to this account with these values.
    #[error("the proof does not lead from the state root to what was said")]
    OtherState,
}

/// The state root in a header, if the header is the block's.
///
/// # Errors
/// The header hashes to something else (or this chain hashes its headers in another way).
pub fn state_root(header: &Header, block_hash: B256) -> Result<B256, Unproven> {
    if header.hash_slow() == block_hash { Ok(header.state_root) } else { Err(Unproven::OtherHeader) }
}

/// What the trie with this root holds of an account. An account that is not in it has nothing and sent nothing.
///
/// # Errors
/// The proof is another account's, another state's, or none.
pub fn account(root: B256, address: Address, proof: &AccountProof) -> Result<ProvenAccount, Unproven> {
    if proof.nodes.len() > MAX_NODES || proof.nodes.iter().any(|node| node.len() > MAX_NODE_BYTES) {
        return Err(Unproven::TooLong);
    }
    let key = Nibbles::unpack(keccak256(address));
    let said = TrieAccount::new(proof.nonce, proof.balance, proof.storage_hash, proof.code_hash);
    let value = alloy_rlp::encode(said);
    if verify_proof(root, key, Some(value), &proof.nodes).is_ok() {
        let AccountProof { balance, nonce, code_hash, .. } = *proof;
        return Ok(ProvenAccount { balance, nonce, code_hash });
    }
    if is_nothing(proof) && verify_proof(root, key, None, &proof.nodes).is_ok() {
        return Ok(ProvenAccount { balance: U256::ZERO, nonce: 0, code_hash: KECCAK256_EMPTY });
    }
    Err(Unproven::OtherState)
}

/// Clients write the hashes of an account that is not there as zeros or as those of nothing.
fn is_nothing(proof: &AccountProof) -> bool {
    let no_code = proof.code_hash.is_zero() || proof.code_hash == KECCAK256_EMPTY;
    let no_storage = proof.storage_hash.is_zero() || proof.storage_hash == EMPTY_ROOT_HASH;
    proof.balance.is_zero() && proof.nonce == 0 && no_code && no_storage
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use alloy_trie::{HashBuilder, proof::ProofRetainer};
    use proptest::prelude::*;

    use super::*;

    fn entry(number: u8) -> (Address, TrieAccount) {
        let account = TrieAccount::new(
            u64::from(number),
            U256::from(1_000 + u16::from(number)),
            EMPTY_ROOT_HASH,
            KECCAK256_EMPTY,
        );
        (Address::repeat_byte(number), account)
    }

    /// The root of a state with accounts 1 to `count`, and the proof of any address in or outside it.
    fn state(count: u8, about: Address) -> (B256, AccountProof) {
        let mut entries: Vec<_> = (1..=count).map(entry).collect();
        entries.sort_by_key(|(address, _)| keccak256(address));
        let target = Nibbles::unpack(keccak256(about));
        let mut builder = HashBuilder::default().with_proof_retainer(ProofRetainer::new(vec![target]));
        for (address, account) in &entries {
            builder.add_leaf(Nibbles::unpack(keccak256(address)), &alloy_rlp::encode(account));
        }
        let root = builder.root();
        let nodes = builder.take_proof_nodes().into_nodes_sorted().into_iter().map(|(_, node)| node).collect();
        let found = entries.iter().find(|(address, _)| *address == about).map(|(_, account)| *account);
        let said = found.unwrap_or_default();
        let proof = AccountProof {
            balance: said.balance,
            nonce: said.nonce,
            code_hash: said.code_hash,
            storage_hash: said.storage_root,
            nodes,
        };
        (root, proof)
    }

    /// A state of sixty accounts, made once, and the proof of one of them.
    static SIXTY: LazyLock<(B256, AccountProof)> = LazyLock::new(|| state(60, entry(9).0));

    #[test]
    fn an_account_is_proven_and_so_is_that_there_is_none() {
        for count in [1, 2, 17, 200] {
            let (address, account_there) = entry(1);
            let (root, proof) = state(count, address);
            let proven = account(root, address, &proof).expect("proven");
            assert_eq!((proven.balance, proven.nonce), (account_there.balance, account_there.nonce));
            let nobody = Address::repeat_byte(0xfe);
            let (root, proof) = state(count, nobody);
            let proven = account(root, nobody, &proof).expect("proven to be absent");
            assert_eq!((proven.balance, proven.nonce, proven.code_hash), (U256::ZERO, 0, KECCAK256_EMPTY));
        }
    }

    #[test]
    fn any_other_value_root_account_or_path_is_not_proven() {
        let (address, _) = entry(3);
        let (root, good) = state(40, address);
        let refused =
            |root, address, proof: &AccountProof| assert_eq!(account(root, address, proof), Err(Unproven::OtherState));
        refused(root, address, &AccountProof { balance: good.balance + U256::from(1), ..good.clone() });
        refused(root, address, &AccountProof { nonce: good.nonce - 1, ..good.clone() });
        refused(root, address, &AccountProof { code_hash: B256::repeat_byte(1), ..good.clone() });
        refused(root, address, &AccountProof { storage_hash: B256::repeat_byte(1), ..good.clone() });
        refused(B256::repeat_byte(9), address, &good);
        refused(root, entry(4).0, &good);
        refused(root, Address::repeat_byte(0xfe), &good);
        // The account is there, and its proof is cut short, emptied or padded so that it might seem absent.
        let nothing = |nodes: Vec<Bytes>| AccountProof {
            balance: U256::ZERO,
            nonce: 0,
            code_hash: KECCAK256_EMPTY,
            storage_hash: EMPTY_ROOT_HASH,
            nodes,
        };
        for length in 0..=good.nodes.len() {
            refused(root, address, &nothing(good.nodes[..length].to_vec()));
        }
        refused(root, address, &nothing(vec![Bytes::from_static(&[0x80])]));
        let other = state(40, Address::repeat_byte(0xfe)).1;
        refused(root, address, &nothing(other.nodes));
        // An address that is not in the trie does not even have an empty account there.
        let rich = AccountProof { nodes: state(40, Address::repeat_byte(0xfe)).1.nodes, ..good.clone() };
        refused(root, Address::repeat_byte(0xfe), &rich);
    }

    #[test]
    fn paths_longer_than_any_are_not_looked_at() {
        let (root, good) = state(2, entry(1).0);
        let many = AccountProof { nodes: vec![good.nodes[0].clone(); MAX_NODES + 1], ..good.clone() };
        assert_eq!(account(root, entry(1).0, &many), Err(Unproven::TooLong));
        let wide = AccountProof { nodes: vec![vec![0; MAX_NODE_BYTES + 1].into()], ..good };
        assert_eq!(account(root, entry(1).0, &wide), Err(Unproven::TooLong));
    }

    #[test]
    fn a_header_is_its_blocks_or_none() {
        let header = Header { state_root: B256::repeat_byte(5), number: 7, ..Header::default() };
        assert_eq!(state_root(&header, header.hash_slow()), Ok(B256::repeat_byte(5)));
        let changed = Header { state_root: B256::repeat_byte(6), ..header.clone() };
        assert_eq!(state_root(&changed, header.hash_slow()), Err(Unproven::OtherHeader));
    }

    proptest! {
        /// Even a root of a liar's own making, over a node of its own making, is read without harm.
        #[test]
        fn nodes_of_any_bytes_do_no_harm(nodes in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..4)) {
            let nodes: Vec<Bytes> = nodes.into_iter().map(Bytes::from).collect();
            let root = nodes.first().map_or(EMPTY_ROOT_HASH, keccak256);
            let _ = account(root, entry(9).0, &AccountProof { nodes, ..SIXTY.1.clone() });
        }

        /// One changed byte anywhere in the path, and it proves nothing.
        #[test]
        fn no_changed_byte_is_proven(node in any::<prop::sample::Index>(), byte in any::<prop::sample::Index>(), by in 1u8..) {
            let (root, mut proof) = SIXTY.clone();
            let node = node.index(proof.nodes.len());
            let mut bytes = proof.nodes[node].to_vec();
            let byte = byte.index(bytes.len());
            bytes[byte] = bytes[byte].wrapping_add(by);
            proof.nodes[node] = bytes.into();
            prop_assert!(account(root, entry(9).0, &proof).is_err());
        }
    }
}
