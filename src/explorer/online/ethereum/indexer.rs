//! The account module of Etherscan v2, which Routescan and Blockscout speak too: movements of value of one account.
//!
//! What comes back is a claim of one host: rows are bounded, have to name the account, and none of their words is kept. A
//! row that cannot be read is counted, and the others stand.
//! The key is part of a request and of nothing else; the address of a request never reaches an error.

use std::{str::FromStr, time::Duration};

use alloy_primitives::{Address, B256, U256};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use tokio::time::Instant;

use super::jsonrpc::member;
use crate::{
    explorer::{
        Cause, Claim, Egress, ExplorerError, Subject,
        ethereum::{ApiKey, EvmMovement, EvmMovements, IndexerAccess, IndexerKind, Moved, Succeeded, indexer_url},
        online::transport::{
            endpoint::Endpoint,
            http::{Budget, Http, HttpFault, HttpReply, RequestPurpose, status_cause},
            limits,
            pool::{Audience, Pool, after},
            retry::{self, Setback},
        },
    },
    network::EvmChain,
};

/// Records of one page: the most that Etherscan gives since July 2026.
const PAGE: usize = 1000;
/// Time for a whole history.
const PATIENCE: Duration = Duration::from_secs(60);
/// Lists that are asked for, one after the other.
const LISTS: [List; 3] = [List::Transactions, List::Internal, List::Tokens];

/// The indexer of one chain.
pub struct EvmIndexer {
    chain: &'static EvmChain,
    kind: IndexerKind,
    key: Option<ApiKey>,
    http: Http,
    pool: Pool,
}

/// The account whose movements are asked for, and how many.
#[derive(Clone, Copy)]
struct Wanted {
    account: Address,
    most: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Transactions,
    Internal,
    Tokens,
}

impl List {
    const fn action(self) -> &'static str {
        match self {
            Self::Transactions => "txlist",
            Self::Internal => "txlistinternal",
            Self::Tokens => "tokentx",
        }
    }
}

/// The rows of one page that could be read, and how many there were.
struct MovementPage {
    movements: Vec<EvmMovement>,
    rows: usize,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default)]
    message: Option<String>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
}

impl EvmIndexer {
    /// Checks the address; nothing is sent yet.
    ///
    /// # Errors
    /// The kind has no usual address and none was named, the address breaks a rule, or the system cannot start a client.
    pub fn connect(
        chain: &'static EvmChain,
        access: IndexerAccess<'_>,
        egress: &Egress,
    ) -> Result<Self, ExplorerError> {
        let IndexerAccess { kind, url, key } = access;
        let url = indexer_url(kind, chain, url).ok_or(ExplorerError::NoEndpoint { network: chain.name })?;
        Ok(Self { chain, kind, key, http: Http::new(egress)?, pool: Pool::new(chain.name, &[url])? })
    }

    /// The newest movements of an account, at most `limit`, newest first.
    ///
    /// # Errors
    /// The indexer did not answer, or not in the shape it promises.
    pub fn movements(&self, account: Address, limit: usize) -> Result<Claim<EvmMovements>, ExplorerError> {
        let wanted = Wanted { account, most: limit.min(limits::TXS_PER_SCRIPT) };
        let all = async |endpoint: &Endpoint, deadline: Instant| {
            let mut told = EvmMovements { movements: Vec::new(), unread: 0 };
            for list in LISTS {
                let one = self.list(endpoint, deadline, list, wanted).await?;
                told.movements.extend(one.movements);
                told.unread += one.unread;
            }
            told.movements.sort_by_key(|movement| std::cmp::Reverse(movement.block));
            told.movements.truncate(wanted.most);
            Ok(Some(told))
        };
        let (value, operator) = self.pool.wait(self.pool.seek(after(PATIENCE), Audience::Sources, all))?.single()?;
        Ok(Claim::Single { value, operator })
    }

    /// One list, page by page: each page ends at the oldest block of the one before, whose rows are read anew.
    async fn list(
        &self,
        endpoint: &Endpoint,
        deadline: Instant,
        list: List,
        wanted: Wanted,
    ) -> Result<EvmMovements, Cause> {
        let (mut told, mut end) = (EvmMovements { movements: Vec::new(), unread: 0 }, None);
        while told.movements.len() < wanted.most {
            let url = endpoint.url(&self.query(list, wanted.account, end))?;
            let budget = Budget { bytes: limits::INDEXER_BYTES, deadline };
            let ask = async || {
                let subject = Subject::Account(format!("{:x}", wanted.account));
                self.http.tell(self.chain.name, &endpoint.operator, subject);
                judge(self.http.get(url.clone(), RequestPurpose::Read, budget).await)
            };
            let MovementPage { movements, rows } =
                page(&retry::read(endpoint, deadline, ask).await?, list, wanted.account)?;
            told.unread += rows - movements.len();
            if !movements.is_sorted_by(|a, b| a.block >= b.block)
                || movements.iter().any(|row| end.is_some_and(|end| row.block > end))
            {
                return Err(Cause::Malformed);
            }
            let Some(oldest) = movements.last().map(|row| row.block).filter(|_| rows >= PAGE) else {
                told.movements.extend(movements);
                break;
            };
            let newer: Vec<_> = movements.into_iter().filter(|row| row.block > oldest).collect();
            if newer.is_empty() {
                return Err(Cause::TooLarge);
            }
            told.movements.extend(newer);
            end = Some(oldest);
        }
        Ok(told)
    }

    fn query(&self, list: List, account: Address, end: Option<u64>) -> String {
        let chain = match self.kind {
            IndexerKind::Etherscan => format!("chainid={}&", self.chain.id),
            IndexerKind::Routescan | IndexerKind::Blockscout => String::new(),
        };
        let end = end.map_or_else(|| "latest".to_owned(), |block| block.to_string());
        let action = list.action();
        let key = self.key.as_ref().map(ApiKey::query);
        let key = key.as_ref().map_or("", |key| key.as_str());
        format!(
            "?{chain}module=account&action={action}&address={account:#x}&startblock=0&endblock={end}&page=1&offset={PAGE}&sort=desc{key}"
        )
    }
}

/// The rows of an answer as text, or a setback: limits and refusals come in answers of status 200.
fn judge(reply: Result<HttpReply, HttpFault>) -> Result<Box<RawValue>, Setback> {
    let reply = reply.map_err(|fault| Setback::from(fault.cause))?;
    match status_cause(reply.status) {
        Some(Cause::Missing) => return Err(Cause::Unsupported.into()),
        Some(cause) => return Err(Setback { cause, asked_to_wait: reply.retry_after }),
        None if reply.body.trim_ascii_start().starts_with(b"<") => return Err(Cause::WebPage.into()),
        None => {}
    }
    let envelope: Envelope<'_> = serde_json::from_slice(&reply.body).map_err(|_| Setback::from(Cause::Malformed))?;
    let result = envelope.result.map_or("null", RawValue::get);
    if result.starts_with('[') {
        return RawValue::from_string(result.to_owned()).map_err(|_| Cause::Malformed.into());
    }
    match refusal(&format!("{} {result}", envelope.message.unwrap_or_default())) {
        None => RawValue::from_string("[]".to_owned()).map_err(|_| Cause::Malformed.into()),
        Some(cause) => Err(cause.into()),
    }
}

/// What a text in place of a list means; nothing for an empty list.
fn refusal(text: &str) -> Option<Cause> {
    let text = text.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&["rate limit", "max calls per sec", "too many invalid api key", "daily limit"]) {
        return Some(Cause::Throttled);
    }
    if says(&["api key", "apikey", "free api access", "not authorized"]) {
        return Some(Cause::Denied);
    }
    if says(&["result window is too large"]) {
        return Some(Cause::TooLarge);
    }
    if says(&["unsupported chainid", "chainid", "invalid module", "unknown action", "missing or unsupported"]) {
        return Some(Cause::Unsupported);
    }
    let empty = says(&["no transactions found", "no internal transactions found", "no token transfers found"]);
    (!empty).then_some(Cause::Malformed)
}

/// The rows of a list. Where not one of them can be read, the list is not what was promised, and the first one says why.
fn page(rows: &RawValue, list: List, account: Address) -> Result<MovementPage, Cause> {
    let rows: Vec<Value> = serde_json::from_str(rows.get()).map_err(|_| Cause::Malformed)?;
    if rows.len() > limits::TXS_PER_SCRIPT {
        return Err(Cause::TooLarge);
    }
    let (mut movements, mut first) = (Vec::new(), None);
    for row in &rows {
        match movement(row, list, account) {
            Ok(movement) => movements.push(movement),
            Err(cause) => first = first.or(Some(cause)),
        }
    }
    match first {
        Some(cause) if movements.is_empty() => Err(cause),
        _ => Ok(MovementPage { movements, rows: rows.len() }),
    }
}

fn movement(row: &Value, list: List, account: Address) -> Result<EvmMovement, Cause> {
    let text = |name: &str| member(row, name).as_str().filter(|text| !text.is_empty());
    let named = |name: &str| text(name).map(hex::<Address>).transpose();
    let needed = |name: &str| text(name).ok_or(Cause::Malformed);
    let (from, to, contract) = (hex(needed("from")?)?, named("to")?, named("contractAddress")?);
    if from != account && to != Some(account) {
        return Err(Cause::Lied);
    }
    let value = U256::from_str_radix(decimal(needed("value")?)?, 10).map_err(|_| Cause::Malformed)?;
    let what = match list {
        List::Transactions => Moved::Native(value),
        List::Internal => Moved::Internal(value),
        List::Tokens => Moved::Token { contract: contract.ok_or(Cause::Malformed)?, amount: value },
    };
    let succeeded = match member(row, "isError") {
        Value::Null => Succeeded::Yes,
        said if matches!(said.as_str(), Some("0" | "")) || said.as_u64() == Some(0) => Succeeded::Yes,
        _ => Succeeded::No,
    };
    let hash = text("hash").or_else(|| text("transactionHash")).ok_or(Cause::Malformed)?;
    let (block, time) = (number(member(row, "blockNumber"))?, number(member(row, "timeStamp"))?);
    Ok(EvmMovement { hash: hex::<B256>(hash)?, block, time, from, to, what, succeeded })
}

/// A number that some indexers write as text and some as a number.
fn number(value: &Value) -> Result<u64, Cause> {
    match value {
        Value::Number(number) => number.as_u64().ok_or(Cause::Malformed),
        other => decimal(other.as_str().ok_or(Cause::Malformed)?)?.parse().map_err(|_| Cause::Malformed),
    }
}

fn hex<T: FromStr>(text: &str) -> Result<T, Cause> {
    Some(text).filter(|text| text.starts_with("0x")).and_then(|text| text.parse().ok()).ok_or(Cause::Malformed)
}

/// Digits only: `+1` and `1_0` are numbers to a parser and to no other reader.
fn decimal(text: &str) -> Result<&str, Cause> {
    let good = !text.is_empty() && text.len() <= 78 && text.bytes().all(|byte| byte.is_ascii_digit());
    good.then_some(text).ok_or(Cause::Malformed)
}

#[cfg(test)]
#[path = "indexer_tests.rs"]
mod tests;
