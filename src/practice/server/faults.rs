//! What can go wrong with a server, planned by a test: for the next requests it fits, in the order of planning.
//!
//! Decides which request suffers what; must not be reachable from outside the process.

use std::{convert::Infallible, sync::Mutex, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, Method, StatusCode, header::CONTENT_TYPE},
    response::Response,
};
use futures_util::stream;

use super::{lock, reply::ServerReply};

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// This status instead of an answer: 429 with the JSON that a public server sends, others with a line of text.
    Status(u16),
    /// The answer comes after this long.
    Delay(Duration),
    /// `POST /tx` is carried out, and the connection closes without a word.
    CutAfterBroadcast,
    /// `POST /tx` is carried out, and its answer comes after this long.
    HoldBroadcast(Duration),
    /// `GET /tx/:txid/raw` and `/hex` give a transaction with another lock time, hence another id.
    WrongTransaction,
    /// A page for people, with status 200.
    Html,
    /// A body without end.
    Endless,
}

/// The faults planned for coming requests. Empty at first.
#[derive(Default)]
pub struct Faults {
    planned: Mutex<Vec<(Fault, u32)>>,
}

/// What a request is to suffer.
pub(super) enum PlannedFault {
    Nothing,
    Instead(Response),
    Later(Duration),
    Cut,
    Held(Duration),
    Altered,
}

impl Faults {
    /// Plans `fault` for the next `times` requests it fits.
    pub fn plan(&self, fault: Fault, times: u32) {
        lock(&self.planned).push((fault, times));
    }

    /// Forgets everything planned.
    pub fn clear(&self) {
        lock(&self.planned).clear();
    }

    /// Uses up the first planned fault that fits this request.
    pub(super) fn take(&self, method: &Method, path: &str) -> PlannedFault {
        let mut planned = lock(&self.planned);
        planned.retain(|(_, times)| *times > 0);
        let fault = planned.iter_mut().find(|(fault, _)| fault.fits(method, path)).map(|(fault, times)| {
            *times -= 1;
            *fault
        });
        match fault {
            None => PlannedFault::Nothing,
            Some(Fault::Status(status)) => PlannedFault::Instead(status_reply(status)),
            Some(Fault::Delay(delay)) => PlannedFault::Later(delay),
            Some(Fault::CutAfterBroadcast) => PlannedFault::Cut,
            Some(Fault::HoldBroadcast(delay)) => PlannedFault::Held(delay),
            Some(Fault::WrongTransaction) => PlannedFault::Altered,
            Some(Fault::Html) => PlannedFault::Instead(page()),
            Some(Fault::Endless) => PlannedFault::Instead(endless()),
        }
    }
}

impl Fault {
    fn fits(self, method: &Method, path: &str) -> bool {
        match self {
            Self::CutAfterBroadcast | Self::HoldBroadcast(_) => method == Method::POST && path == "/tx",
            Self::WrongTransaction => path.starts_with("/tx/") && (path.ends_with("/raw") || path.ends_with("/hex")),
            _ => true,
        }
    }
}

fn status_reply(status: u16) -> Response {
    let text = match status {
        429 => r#"{"error":"Too Many Requests","message":"Your request rate exceeds the current limit."}"#,
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Internal server error",
    };
    let mut response = ServerReply::error(status, text).into_response();
    if status == 429 {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

fn page() -> Response {
    dressed(Body::from("<!DOCTYPE html><html><body><h1>One moment, please</h1></body></html>"), "text/html")
}

fn endless() -> Response {
    let chunks = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[b' '; 65_536])));
    dressed(Body::from_stream(chunks), "application/json")
}

fn dressed(body: Body, content_type: &'static str) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
