//! Options that choose what kind of account: shared by `new`, `restore` and `account add`.

use fastness::account::ScriptType;

/// The kind of address, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum AddressType {
    /// bc1q...: BIP-84, the default
    Segwit,
    /// bc1p...: BIP-86
    Taproot,
    /// 3...: BIP-49
    NestedSegwit,
    /// 1...: BIP-44
    Legacy,
}

impl From<AddressType> for ScriptType {
    fn from(kind: AddressType) -> Self {
        match kind {
            AddressType::Segwit => Self::P2wpkh,
            AddressType::Taproot => Self::P2tr,
            AddressType::NestedSegwit => Self::P2shP2wpkh,
            AddressType::Legacy => Self::P2pkh,
        }
    }
}
