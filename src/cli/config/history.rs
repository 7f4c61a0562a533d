//! `[history.NETWORK]` of config.toml: the indexer that tells the history of an EVM account, and where its key is.
//!
//! The key itself is never in config.toml: it is read from a private file when it is needed, and printed nowhere.

use std::path::{Path, PathBuf};

use crate::cli::cli_error::entries;
use fastness::{
    explain::{Entry, Explain, Failure, Kind},
    explorer::{
        Egress, EvmIndexer,
        ethereum::{ApiKey, IndexerAccess, IndexerKind},
    },
    network::EvmChain,
    store::read_private,
};
use serde::Deserialize;

/// No key is longer, with the line end that editors add.
const MAX_KEY_FILE: u64 = 1024;

/// An indexer as a person names it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HistoryConfig {
    /// Which interface it speaks.
    kind: IndexerKind,
    /// Its address, where it is not the usual one.
    url: Option<String>,
    /// The file that holds its key; relative to the home.
    key_file: Option<PathBuf>,
}

/// The file of a key does not hold one.
#[derive(Debug, thiserror::Error)]
#[error("{0} does not hold one API key: letters, digits, - and _, at most 128 of them")]
struct BadKey(String);

entries! {
    BAD_KEY = "config.bad_api_key", Usage, "Put the key alone into the file that key_file names";
}

impl Explain for BadKey {
    fn entry(&self) -> &'static Entry {
        BAD_KEY
    }
}

impl HistoryConfig {
    /// The indexer, with its key.
    pub(crate) fn connect(
        &self,
        chain: &'static EvmChain,
        home: &Path,
        egress: &Egress,
    ) -> Result<EvmIndexer, Failure> {
        let read = |path: &PathBuf| -> Result<ApiKey, Failure> {
            let bytes = read_private(&home.join(path), MAX_KEY_FILE)?;
            ApiKey::parse(&bytes).ok_or_else(|| BadKey(path.display().to_string()).into())
        };
        let key = self.key_file.as_ref().map(read).transpose()?;
        let access = IndexerAccess { kind: self.kind, url: self.url.as_deref(), key };
        Ok(EvmIndexer::connect(chain, access, egress)?)
    }
}
