//! JSON-RPC at a person's own Bitcoin Core: requests and batches over HTTP, and what its errors mean.
//!
//! Bounded in bytes and time like every exchange; replies are matched by their number. Errors come as HTTP 200 or 500,
//! by the version of JSON-RPC; their text is compared with a list and dropped.

use std::rc::Rc;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json, value::RawValue};
use tokio::time::Instant;

use super::memory::NodeMemory;
use crate::explorer::{
    Cause,
    online::{
        bitcoin::esplora::json,
        transport::{
            endpoint::Endpoint,
            http::{self, Budget, Http, HttpFault, JsonContent, RequestPurpose, status_cause},
            limits,
            retry::{self, Setback},
        },
    },
};

/// A question: method and parameters.
pub(crate) type CoreCall = (&'static str, Value);
/// The result of an answer; nothing for `null`.
pub(crate) type CoreResult = Option<Box<RawValue>>;
/// An answer: its result, or why there is none.
pub(crate) type CoreReply = Result<CoreResult, Complaint>;

/// Why a node has no result, in our words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Complaint {
    /// It does not know the transaction or block.
    NotFound,
    /// It knows waiting transactions only: no `txindex`.
    NoTxIndex,
    /// No `blockfilterindex`.
    NoFilterIndex,
    /// A height above its tip, or another parameter it does not take.
    Parameter,
    /// A search is under way already.
    Searching,
    /// It dropped its old blocks.
    Pruned,
    /// Anything else.
    Other(Cause),
}

impl From<Cause> for Complaint {
    fn from(cause: Cause) -> Self {
        Self::Other(cause)
    }
}

impl From<Complaint> for Cause {
    fn from(complaint: Complaint) -> Self {
        match complaint {
            Complaint::NotFound => Self::Missing,
            Complaint::NoTxIndex | Complaint::Pruned => Self::Unsupported,
            Complaint::NoFilterIndex => Self::NoFilterIndex,
            Complaint::Parameter => Self::Refused(8),
            Complaint::Searching => Self::Busy,
            Complaint::Other(cause) => cause,
        }
    }
}

#[derive(Deserialize)]
struct CoreResponse {
    #[serde(default)]
    id: Value,
    result: Option<Box<RawValue>>,
    error: Option<CoreErrorObject>,
}

#[derive(Deserialize)]
struct CoreErrorObject {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
}

/// One node while it answers one question.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    pub(crate) http: &'a Http,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) deadline: Instant,
}

impl Node<'_> {
    /// Asks one question; at most `bytes` of answer. Repeated where that may help.
    pub(crate) async fn ask(&self, purpose: RequestPurpose, question: CoreCall, bytes: usize) -> CoreReply {
        let body = request(0, &question).to_string();
        let ask = async || judge(self.post(purpose, body.clone(), bytes).await);
        let body = retry::read(self.endpoint, self.deadline, ask).await?;
        answer(object(&body)?)
    }

    /// Asks several questions in batches of `chunk`. One reply each, in their order.
    pub(crate) async fn ask_all(&self, questions: &[CoreCall], chunk: usize) -> Result<Vec<CoreReply>, Cause> {
        let mut replies = Vec::with_capacity(questions.len());
        for part in questions.chunks(chunk.max(1)) {
            let requests: Vec<Value> = part.iter().enumerate().map(|(id, question)| request(id, question)).collect();
            let body = Value::Array(requests).to_string();
            let ask = async || judge(self.post(RequestPurpose::Read, body.clone(), limits::CHUNK_BYTES).await);
            let body = retry::read(self.endpoint, self.deadline, ask).await?;
            replies.extend(matched(&body, part.len())?);
        }
        Ok(replies)
    }

    /// One exchange, once.
    pub(crate) async fn post(
        &self,
        purpose: RequestPurpose,
        body: String,
        bytes: usize,
    ) -> Result<http::HttpReply, HttpFault> {
        let url = self.endpoint.url("").map_err(HttpFault::before_sending)?;
        let budget = Budget { bytes, deadline: self.deadline };
        let node = self.endpoint.memory::<NodeMemory>().map_err(HttpFault::before_sending)?;
        let content = JsonContent { purpose, text: body };
        self.http.post_json_as(node.login.get().map(Rc::as_ref), url, content, budget).await
    }
}

/// A request as JSON-RPC 2.0 writes it; nodes before version 28 read it as 1.1.
pub(crate) fn request(id: usize, (method, params): &CoreCall) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

/// Reads the result of an answer.
pub(crate) fn shape<T: DeserializeOwned>(answer: &CoreResult) -> Result<T, Cause> {
    serde_json::from_str(answer.as_ref().map_or("null", |raw| raw.get())).map_err(|_| Cause::Malformed)
}

/// The replies of a batch by their numbers: each once, and none missing.
fn matched(body: &[u8], count: usize) -> Result<Vec<CoreReply>, Cause> {
    if !body.trim_ascii_start().starts_with(b"[") {
        // One error for the whole batch.
        return Err(answer(object(body)?).err().map_or(Cause::Malformed, Cause::from));
    }
    let responses: Vec<&RawValue> = json::borrowed(body)?;
    let mut replies: Vec<Option<CoreReply>> = (0..count).map(|_| None).collect();
    for response in responses {
        let response = object(response.get().as_bytes())?;
        let place = response.id.as_u64().and_then(|id| usize::try_from(id).ok());
        let slot = place.and_then(|place| replies.get_mut(place)).ok_or(Cause::Malformed)?;
        if slot.replace(answer(response)).is_some() {
            return Err(Cause::Malformed);
        }
    }
    replies.into_iter().map(|reply| reply.ok_or(Cause::Malformed)).collect()
}

/// A response is an object; a list of its members in some order is none.
fn object(body: &[u8]) -> Result<CoreResponse, Cause> {
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Cause::Malformed);
    }
    json::parse(body)
}

fn answer(response: CoreResponse) -> CoreReply {
    match response.error {
        Some(error) => Err(complaint(&error)),
        None => Ok(response.result),
    }
}

/// What an exchange means: a body to be read, also with an error status if it is a JSON-RPC answer, or a setback.
fn judge(reply: Result<http::HttpReply, HttpFault>) -> Result<Vec<u8>, Setback> {
    let reply = reply.map_err(|fault| Setback::from(fault.cause))?;
    match status_cause(reply.status) {
        None if reply.body.trim_ascii_start().starts_with(b"<") => Err(Cause::WebPage.into()),
        None => Ok(reply.body),
        Some(Cause::Missing | Cause::ServerError(_) | Cause::Refused(_)) if is_error(&reply.body) => {
            match object(&reply.body).map(answer) {
                // A node that starts has the same status as one that does not know a method.
                Ok(Err(Complaint::Other(cause @ Cause::Busy))) => Err(cause.into()),
                _ => Ok(reply.body),
            }
        }
        Some(Cause::Missing) => Err(Cause::Unsupported.into()),
        Some(cause) => Err(Setback { cause, asked_to_wait: reply.retry_after }),
    }
}

/// True if a body is the error of one request.
pub(crate) fn is_error(body: &[u8]) -> bool {
    object(body).is_ok_and(|response| response.error.is_some())
}

/// Codes of Bitcoin Core's `rpc/protocol.h`, and texts where one code means several things.
fn complaint(error: &CoreErrorObject) -> Complaint {
    let lower = error.message.to_ascii_lowercase();
    let says = |part: &str| lower.contains(part);
    match error.code {
        -5 if says("still in the process of being indexed") => Complaint::Other(Cause::Busy),
        -5 if says("use -txindex") => Complaint::NoTxIndex,
        -5 => Complaint::NotFound,
        -8 if says("scan already in progress") => Complaint::Searching,
        -8 => Complaint::Parameter,
        -1 if says("index is not enabled") => Complaint::NoFilterIndex,
        -1 if says("pruned") => Complaint::Pruned,
        -28 => Complaint::Other(Cause::Busy),
        -32_601 => Complaint::Other(Cause::Unsupported),
        -32_603 => Complaint::Other(Cause::ServerError(500)),
        code => Complaint::Other(Cause::Refused(u16::try_from(code.unsigned_abs()).unwrap_or_default())),
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
