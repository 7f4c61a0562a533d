//! Answers as Esplora servers dress them: status, content type, cache time, and the words of their errors.
//!
//! Knows HTTP only, nothing of the chain.

use axum::{
    body::Body,
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::Response,
};
use serde::Serialize;

/// What a request gets: an answer, or a refusal that is an answer too.
pub(super) type ServerAnswer = Result<ServerReply, ServerReply>;

/// How long an answer may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// It may change with the next block: 10 s.
    Short,
    /// It is named by its hash: 5 years.
    Long,
    /// Not at all said.
    Unsaid,
}

/// One answer.
#[derive(Debug)]
pub(super) struct ServerReply {
    status: u16,
    content_type: &'static str,
    body: Vec<u8>,
    keep: Keep,
}

/// The parts of an answer that a wallet may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Of HTTP.
    pub status: u16,
    /// As in the header of that name.
    pub content_type: &'static str,
    /// The answer itself.
    pub body: Vec<u8>,
}

impl ServerReply {
    pub(super) fn into_said(self) -> Said {
        Said { status: self.status, content_type: self.content_type, body: self.body }
    }

    pub(super) fn text(text: impl Into<String>, keep: Keep) -> Self {
        Self { status: 200, content_type: "text/plain", body: text.into().into_bytes(), keep }
    }

    pub(super) fn bytes(body: Vec<u8>, keep: Keep) -> Self {
        Self { status: 200, content_type: "application/octet-stream", body, keep }
    }

    pub(super) fn json(value: &impl Serialize, keep: Keep) -> Self {
        serde_json::to_vec(value).map_or_else(
            |_| Self::error(500, "Internal server error"),
            |body| Self { status: 200, content_type: "application/json", body, keep },
        )
    }

    pub(super) fn error(status: u16, text: impl Into<String>) -> Self {
        Self { status, content_type: "text/plain", body: text.into().into_bytes(), keep: Keep::Unsaid }
    }

    /// The same answer with another lock time: the lie that only checking reveals. The body is a transaction in bytes or
    /// hex, whose last four bytes are its lock time; answers other than that stay as they are.
    pub(super) fn altered(mut self) -> Self {
        let is_hex = self.content_type == "text/plain";
        let from_the_end = if is_hex { 7 } else { 4 };
        let place = self.body.len().checked_sub(from_the_end).filter(|_| self.status == 200);
        if let Some(byte) = place.and_then(|place| self.body.get_mut(place)) {
            *byte = match *byte {
                b'a' if is_hex => b'b',
                b'f' if is_hex => b'e',
                other => other ^ 1,
            };
        }
        self
    }

    pub(super) fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        let age = match self.keep {
            Keep::Short => "public, max-age=10",
            Keep::Long => "public, max-age=157784630",
            Keep::Unsaid => return response,
        };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(age));
        response
    }
}

pub(super) fn bad_request(text: impl Into<String>) -> ServerReply {
    ServerReply::error(400, text)
}

pub(super) fn not_found(text: &str) -> ServerReply {
    ServerReply::error(404, text)
}

pub(super) fn no_endpoint(path: &str) -> ServerReply {
    ServerReply::error(404, format!("endpoint does not exist {path:?}"))
}

/// A number in a path.
pub(super) fn number<T: std::str::FromStr>(text: &str) -> Result<T, ServerReply> {
    text.parse().map_err(|_| bad_request("Invalid number"))
}

/// A hash in a path.
pub(super) fn hash<T: std::str::FromStr>(text: &str) -> Result<T, ServerReply> {
    text.parse().map_err(|_| bad_request("Invalid hex string"))
}
