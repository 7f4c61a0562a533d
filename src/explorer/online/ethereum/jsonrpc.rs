//! JSON-RPC 2.0 over HTTP at one host: questions alone or in batches of a size that the host was seen to take.
//!
//! Bounded in bytes and time like every exchange; replies are matched by their id. It knows no method's meaning, and hands
//! no text of a node to its callers: errors are sorted by rpc_errors.rs.

use alloy_primitives::{Bytes, U256};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use tokio::time::Instant;

use super::rpc_errors::{self, RpcError};
use crate::explorer::{
    Cause, Subject,
    online::transport::{
        endpoint::Endpoint,
        http::{Budget, Http, HttpFault, HttpReply, JsonContent, RequestPurpose, status_cause},
        limits,
        retry::{self, Setback},
    },
};

/// A question: method and parameters.
pub(super) type EvmRpcCall<'a> = (&'a str, Value);

/// One node while it answers one question.
#[derive(Clone, Copy)]
pub(super) struct Rpc<'a> {
    pub(super) http: &'a Http,
    pub(super) endpoint: &'a Endpoint,
    /// When the question must be answered.
    pub(super) deadline: Instant,
    /// What is asked for.
    pub(super) purpose: RequestPurpose,
    /// Name of the network that it is about.
    pub(super) network: &'static str,
    /// What the question is about, told once it leaves.
    pub(super) about: Option<&'a Subject>,
}

/// An error object: its class, and the return data of a call that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RpcRefusal {
    pub(super) class: RpcError,
    pub(super) data: Option<Bytes>,
}

impl From<Cause> for RpcRefusal {
    fn from(cause: Cause) -> Self {
        Self { class: RpcError::Failed(cause), data: None }
    }
}

impl RpcRefusal {
    /// As a cause, where a refusal of a transaction or a failing call would be no answer.
    pub(super) const fn cause(&self) -> Cause {
        match self.class {
            RpcError::Failed(cause) => cause,
            _ => Cause::Malformed,
        }
    }
}

#[derive(Deserialize)]
struct Response {
    id: Value,
    #[serde(default)]
    result: Option<Box<RawValue>>,
    #[serde(default)]
    error: Option<ErrorObject>,
}

#[derive(Deserialize)]
struct ErrorObject {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
    #[serde(default)]
    data: Option<Value>,
}

type BatchAnswers = Result<Value, RpcRefusal>;

impl<'a> Rpc<'a> {
    /// The same node, for questions about this.
    pub(super) const fn about(self, subject: &'a Subject) -> Self {
        Self { about: Some(subject), ..self }
    }
}

impl Rpc<'_> {
    /// The same node, for a question that says nothing about this wallet.
    pub(super) const fn neutral(mut self) -> Self {
        self.purpose = RequestPurpose::Neutral;
        self
    }

    /// Asks one question. `null` is an answer.
    pub(super) async fn ask(&self, method: &str, params: Value) -> BatchAnswers {
        let request = request(0, &(method, params));
        read_one(&self.exchange(request.to_string()).await?)
    }

    /// Asks several questions, in order. A batch that a host does not take is asked one by one, from then on.
    pub(super) async fn ask_all(&self, questions: &[EvmRpcCall<'_>]) -> Result<Vec<BatchAnswers>, Cause> {
        let mut answers = Vec::with_capacity(questions.len());
        for chunk in questions.chunks(self.endpoint.batch.get().max(1)) {
            match self.batch(chunk).await {
                Ok(batch) => answers.extend(batch),
                Err(cause) if chunk.len() == 1 || cause == Cause::Throttled => return Err(cause),
                Err(_) => {
                    self.endpoint.learn_batch(1);
                    for (method, params) in chunk {
                        answers.push(self.ask(method, params.clone()).await);
                    }
                }
            }
        }
        Ok(answers)
    }

    async fn batch(&self, questions: &[EvmRpcCall<'_>]) -> Result<Vec<BatchAnswers>, Cause> {
        if let [(method, params)] = questions {
            return Ok(vec![self.ask(method, params.clone()).await]);
        }
        let requests: Vec<Value> = questions.iter().enumerate().map(|(id, question)| request(id, question)).collect();
        let body = self.exchange(Value::Array(requests).to_string()).await.map_err(|refusal| refusal.cause())?;
        let responses: Vec<&RawValue> = serde_json::from_slice(&body).map_err(|_| Cause::Malformed)?;
        let mut answers: Vec<Option<BatchAnswers>> = questions.iter().map(|_| None).collect();
        for response in responses {
            let response = object(response.get().as_bytes())?;
            let place = response.id.as_u64().and_then(|id| usize::try_from(id).ok());
            let slot = place.and_then(|place| answers.get_mut(place)).ok_or(Cause::Malformed)?;
            // An id twice: which of the two is the answer cannot be known.
            if slot.replace(read(response)).is_some() {
                return Err(Cause::Malformed);
            }
        }
        answers.into_iter().map(|answer| answer.ok_or(Cause::Malformed)).collect()
    }

    /// One body for one body; repeated where that may help. Reads only.
    async fn exchange(&self, body: String) -> Result<Vec<u8>, RpcRefusal> {
        let ask = async || judge(self.post(self.purpose, body.clone()).await);
        Ok(retry::read(self.endpoint, self.deadline, ask).await?)
    }

    /// One exchange, once.
    pub(super) async fn post(&self, purpose: RequestPurpose, body: String) -> Result<HttpReply, HttpFault> {
        let url = self.endpoint.url("").map_err(HttpFault::before_sending)?;
        self.tell(&body);
        let budget = Budget { bytes: limits::RPC_BYTES, deadline: self.deadline };
        self.http.post_json(url, JsonContent { purpose, text: body }, budget).await
    }
}

impl Rpc<'_> {
    /// Says what the host is about to be told. Whatever the method: accounts of ours are looked for in the text itself.
    fn tell(&self, body: &str) {
        let about = self.about.filter(|about| body.to_ascii_lowercase().contains(about.id())).cloned();
        for subject in about.into_iter().chain(self.http.ours_in(body).into_iter().map(Subject::Account)) {
            self.http.tell(self.network, &self.endpoint.operator, subject);
        }
    }
}

/// A request as JSON-RPC writes it.
fn request(id: usize, (method, params): &EvmRpcCall<'_>) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

/// The body of a request to send a transaction.
pub(super) fn sending(raw: &[u8]) -> String {
    let hex = alloy_primitives::hex::encode_prefixed(raw);
    request(0, &("eth_sendRawTransaction", json!([hex]))).to_string()
}

/// What the body of an answer to one request says.
pub(super) fn read_one(body: &[u8]) -> BatchAnswers {
    read(object(body)?)
}

/// A response is an object; a list of its members in some order is none.
fn object(body: &[u8]) -> Result<Response, Cause> {
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Cause::Malformed);
    }
    serde_json::from_slice(body).map_err(|_| Cause::Malformed)
}

fn read(response: Response) -> BatchAnswers {
    if let Some(error) = response.error {
        let class = rpc_errors::classify(error.code, &error.message);
        return Err(RpcRefusal { class, data: error.data.as_ref().and_then(revert_data) });
    }
    let Some(result) = response.result else { return Ok(Value::Null) };
    Ok(serde_json::from_str(result.get()).map_err(|_| Cause::Malformed)?)
}

/// Return data of a failed call: a hex text, alone or in an object, as clients do it.
fn revert_data(data: &Value) -> Option<Bytes> {
    let text = data.as_str().or_else(|| data.get("data").and_then(Value::as_str))?;
    text.parse().ok()
}

/// What an exchange means: a body to be read, even with an error status if it is JSON, or a setback.
fn judge(reply: Result<HttpReply, HttpFault>) -> Result<Vec<u8>, Setback> {
    let reply = reply.map_err(|fault| Setback::from(fault.cause))?;
    let starts_with = |mark: &[u8]| reply.body.trim_ascii_start().starts_with(mark);
    match status_cause(reply.status) {
        None if starts_with(b"<") => Err(Cause::WebPage.into()),
        None => Ok(reply.body),
        Some(Cause::Throttled) => Err(Setback { cause: Cause::Throttled, asked_to_wait: reply.retry_after }),
        Some(_) if starts_with(b"{") && read_one(&reply.body).is_err_and(|refusal| refusal.class != malformed()) => {
            Ok(reply.body)
        }
        Some(Cause::Missing) => Err(Cause::Unsupported.into()),
        Some(cause) => Err(Setback { cause, asked_to_wait: reply.retry_after }),
    }
}

const fn malformed() -> RpcError {
    RpcError::Failed(Cause::Malformed)
}

/// A quantity: `0x` and hex digits, at most 256 bits.
pub(super) fn quantity(value: &Value) -> Result<U256, Cause> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x")).ok_or(Cause::Malformed)?;
    if digits.is_empty() || digits.len() > 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Cause::Malformed);
    }
    U256::from_str_radix(digits, 16).map_err(|_| Cause::Malformed)
}

/// A quantity that fits 64 bits.
pub(super) fn small(value: &Value) -> Result<u64, Cause> {
    u64::try_from(quantity(value)?).map_err(|_| Cause::Malformed)
}

/// A price in wei per gas: no honest one has more than 100 bits.
pub(super) fn price(value: &Value) -> Result<u128, Cause> {
    let price = u128::try_from(quantity(value)?).map_err(|_| Cause::Malformed)?;
    if price >> 100 == 0 { Ok(price) } else { Err(Cause::Malformed) }
}

/// Hex bytes, or a fixed number of them.
pub(super) fn parsed<T: std::str::FromStr>(value: &Value) -> Result<T, Cause> {
    value.as_str().filter(|text| text.starts_with("0x")).and_then(|text| text.parse().ok()).ok_or(Cause::Malformed)
}

/// A member of an object; `null` where it is absent.
pub(super) fn member<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_hex_and_bounded() {
        assert_eq!(quantity(&json!("0x0")), Ok(U256::ZERO));
        assert_eq!(small(&json!("0x5208")), Ok(21_000));
        let long = format!("0x{}", "f".repeat(65));
        for bad in
            [json!(7), json!("7"), json!("0x"), json!("0xg"), json!(null), json!("-0x1"), json!(long), json!(1.5)]
        {
            assert_eq!(quantity(&bad), Err(Cause::Malformed), "{bad}");
        }
        assert_eq!(price(&json!(format!("0x{}", "f".repeat(26)))), Err(Cause::Malformed));
    }

    #[test]
    fn error_objects_are_sorted_and_revert_data_is_found() {
        let body = br#"{"jsonrpc":"2.0","id":0,"error":{"code":3,"message":"execution reverted","data":"0x08c379a0"}}"#;
        let refusal = read_one(body).expect_err("an error");
        assert_eq!(refusal.class, RpcError::Reverted);
        assert_eq!(refusal.data, Some(Bytes::from_static(&[0x08, 0xc3, 0x79, 0xa0])));
        assert_eq!(read_one(br#"{"id":0,"result":null}"#), Ok(Value::Null));
        assert!(read_one(b"[1]").is_err());
    }
}
