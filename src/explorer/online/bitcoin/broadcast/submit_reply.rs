//! What one host made of a transaction that it was sent: from an HTTP exchange to one of four meanings.
//!
//! Pure. When in doubt, the host may have passed the transaction on; nothing that it wrote is kept.

use bitcoin::Txid;

use super::reject::{self, Refusal};
use crate::explorer::{
    Cause,
    online::transport::http::{HttpFault, HttpReply, SentState, status_cause},
};

/// What one host made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SubmitOutcome {
    /// Answered with our own id.
    Accepted,
    /// Did not answer with our id, and has a reason.
    Refused(Refusal),
    /// Nothing was sent, or the host says that nothing was done.
    NotSent(Cause),
    /// It may have passed it on.
    Unclear(Cause),
}

impl SubmitOutcome {
    /// Whether the host has the transaction, as it says.
    pub(crate) const fn is_held(self) -> bool {
        matches!(self, Self::Accepted | Self::Refused(Refusal::Known | Refusal::Confirmed))
    }
}

/// What an exchange with an Esplora server means.
pub(crate) fn of_esplora(reply: Result<HttpReply, HttpFault>, txid: Txid) -> SubmitOutcome {
    let reply = match answered(reply) {
        Ok(reply) => reply,
        Err(outcome) => return outcome,
    };
    let id = || std::str::from_utf8(&reply.body).ok().and_then(|text| text.trim().parse().ok());
    of_status(reply.status)
        .unwrap_or_else(|| of_id(id(), txid), || SubmitOutcome::Refused(reject::classify(&reply.body)))
}

/// A complete answer, or what its absence means.
pub(crate) fn answered(reply: Result<HttpReply, HttpFault>) -> Result<HttpReply, SubmitOutcome> {
    reply.map_err(|fault| match fault.sent {
        SentState::Nothing => SubmitOutcome::NotSent(fault.cause),
        SentState::Maybe => SubmitOutcome::Unclear(fault.cause),
    })
}

/// What a status says before the body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoken {
    /// The body has to name our id.
    Success,
    /// The body has the reason.
    Refusal,
    /// The body says no more.
    Nothing(SubmitOutcome),
}

impl Spoken {
    /// The meaning, with the reading of either body.
    pub(crate) fn unwrap_or_else(
        self,
        success: impl FnOnce() -> SubmitOutcome,
        refusal: impl FnOnce() -> SubmitOutcome,
    ) -> SubmitOutcome {
        match self {
            Self::Success => success(),
            Self::Refusal => refusal(),
            Self::Nothing(outcome) => outcome,
        }
    }
}

/// The meaning of a status. A server error may come after the transaction was passed on.
pub(crate) const fn of_status(status: u16) -> Spoken {
    match status_cause(status) {
        None => Spoken::Success,
        Some(Cause::Refused(_)) => Spoken::Refusal,
        Some(cause @ Cause::ServerError(_)) => Spoken::Nothing(SubmitOutcome::Unclear(cause)),
        Some(Cause::Missing) => Spoken::Nothing(SubmitOutcome::NotSent(Cause::Unsupported)),
        Some(cause) => Spoken::Nothing(SubmitOutcome::NotSent(cause)),
    }
}

/// An answer of success must be our own id; another id is a lie.
pub(crate) fn of_id(answer: Option<Txid>, txid: Txid) -> SubmitOutcome {
    match answer {
        Some(answer) if answer == txid => SubmitOutcome::Accepted,
        Some(_) => SubmitOutcome::Unclear(Cause::Lied),
        None => SubmitOutcome::Unclear(Cause::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::hashes::Hash;

    use super::*;
    use crate::explorer::bitcoin::RejectClass;

    fn reply(status: u16, body: &str) -> Result<HttpReply, HttpFault> {
        Ok(HttpReply { status, retry_after: None, body: body.as_bytes().to_vec() })
    }

    #[test]
    fn every_answer_to_a_broadcast_has_its_meaning() {
        let txid = Txid::all_zeros();
        let ours = format!("{txid}\n");
        let other = "11".repeat(32);
        let rejected = "sendrawtransaction RPC error -26: dust";
        let cases = [
            (200, ours.as_str(), SubmitOutcome::Accepted),
            (200, other.as_str(), SubmitOutcome::Unclear(Cause::Lied)),
            (200, "<html>", SubmitOutcome::Unclear(Cause::Malformed)),
            (400, rejected, SubmitOutcome::Refused(Refusal::Class(RejectClass::NonStandard))),
            (422, rejected, SubmitOutcome::Refused(Refusal::Class(RejectClass::NonStandard))),
            (403, rejected, SubmitOutcome::NotSent(Cause::Denied)),
            (404, "", SubmitOutcome::NotSent(Cause::Unsupported)),
            (405, "", SubmitOutcome::NotSent(Cause::Unsupported)),
            (429, "", SubmitOutcome::NotSent(Cause::Throttled)),
            (500, rejected, SubmitOutcome::Unclear(Cause::ServerError(500))),
            (502, "", SubmitOutcome::Unclear(Cause::ServerError(502))),
            (503, "RPC error -28: Loading block index...", SubmitOutcome::NotSent(Cause::Busy)),
            (504, "", SubmitOutcome::Unclear(Cause::ServerError(504))),
        ];
        for (status, body, meaning) in cases {
            assert_eq!(of_esplora(reply(status, body), txid), meaning, "{status} {body}");
        }
        let before = HttpFault::before_sending(Cause::Unreachable);
        assert_eq!(of_esplora(Err(before), txid), SubmitOutcome::NotSent(Cause::Unreachable));
        let during = HttpFault { cause: Cause::TimedOut, sent: SentState::Maybe };
        assert_eq!(of_esplora(Err(during), txid), SubmitOutcome::Unclear(Cause::TimedOut));
    }
}
