//! What one host made of a transaction that it was sent: from an HTTP exchange to one of four meanings.
//!
//! Pure. When in doubt, the host may have passed the transaction on; nothing that it wrote is kept.

use bitcoin::Txid;

use super::reject::{self, Refusal};
use crate::explorer::{
    Cause,
    online::transport::http::{Fault, Reply, Sent, status_cause},
};

/// What one host made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reception {
    /// Answered with our own id.
    Accepted,
    /// Did not answer with our id, and has a reason.
    Refused(Refusal),
    /// Nothing was sent, or the host says that nothing was done.
    NotSent(Cause),
    /// It may have passed it on.
    Unclear(Cause),
}

impl Reception {
    /// Whether the host has the transaction, as it says.
    pub(crate) const fn is_held(self) -> bool {
        matches!(self, Self::Accepted | Self::Refused(Refusal::Known | Refusal::Confirmed))
    }
}

/// What an exchange with an Esplora server means.
pub(crate) fn of_esplora(reply: Result<Reply, Fault>, txid: Txid) -> Reception {
    let reply = match answered(reply) {
        Ok(reply) => reply,
        Err(reception) => return reception,
    };
    let id = || std::str::from_utf8(&reply.body).ok().and_then(|text| text.trim().parse().ok());
    of_status(reply.status).unwrap_or_else(|| of_id(id(), txid), || Reception::Refused(reject::classify(&reply.body)))
}

/// A complete answer, or what its absence means.
pub(crate) fn answered(reply: Result<Reply, Fault>) -> Result<Reply, Reception> {
    reply.map_err(|fault| match fault.sent {
        Sent::Nothing => Reception::NotSent(fault.cause),
        Sent::Maybe => Reception::Unclear(fault.cause),
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
    Nothing(Reception),
}

impl Spoken {
    /// The meaning, with the reading of either body.
    pub(crate) fn unwrap_or_else(
        self,
        success: impl FnOnce() -> Reception,
        refusal: impl FnOnce() -> Reception,
    ) -> Reception {
        match self {
            Self::Success => success(),
            Self::Refusal => refusal(),
            Self::Nothing(reception) => reception,
        }
    }
}

/// The meaning of a status. A server error may come after the transaction was passed on.
pub(crate) const fn of_status(status: u16) -> Spoken {
    match status_cause(status) {
        None => Spoken::Success,
        Some(Cause::Refused(_)) => Spoken::Refusal,
        Some(cause @ Cause::ServerError(_)) => Spoken::Nothing(Reception::Unclear(cause)),
        Some(Cause::Missing) => Spoken::Nothing(Reception::NotSent(Cause::Unsupported)),
        Some(cause) => Spoken::Nothing(Reception::NotSent(cause)),
    }
}

/// An answer of success must be our own id; another id is a lie.
pub(crate) fn of_id(answer: Option<Txid>, txid: Txid) -> Reception {
    match answer {
        Some(answer) if answer == txid => Reception::Accepted,
        Some(_) => Reception::Unclear(Cause::Lied),
        None => Reception::Unclear(Cause::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::hashes::Hash;

    use super::*;
    use crate::explorer::bitcoin::RejectClass;

    fn reply(status: u16, body: &str) -> Result<Reply, Fault> {
        Ok(Reply { status, retry_after: None, body: body.as_bytes().to_vec() })
    }

    #[test]
    fn every_answer_to_a_broadcast_has_its_meaning() {
        let txid = Txid::all_zeros();
        let ours = format!("{txid}\n");
        let other = "11".repeat(32);
        let rejected = "sendrawtransaction RPC error -26: dust";
        let cases = [
            (200, ours.as_str(), Reception::Accepted),
            (200, other.as_str(), Reception::Unclear(Cause::Lied)),
            (200, "<html>", Reception::Unclear(Cause::Malformed)),
            (400, rejected, Reception::Refused(Refusal::Class(RejectClass::NonStandard))),
            (422, rejected, Reception::Refused(Refusal::Class(RejectClass::NonStandard))),
            (403, rejected, Reception::NotSent(Cause::Denied)),
            (404, "", Reception::NotSent(Cause::Unsupported)),
            (405, "", Reception::NotSent(Cause::Unsupported)),
            (429, "", Reception::NotSent(Cause::Throttled)),
            (500, rejected, Reception::Unclear(Cause::ServerError(500))),
            (502, "", Reception::Unclear(Cause::ServerError(502))),
            (503, "RPC error -28: Loading block index...", Reception::NotSent(Cause::Busy)),
            (504, "", Reception::Unclear(Cause::ServerError(504))),
        ];
        for (status, body, meaning) in cases {
            assert_eq!(of_esplora(reply(status, body), txid), meaning, "{status} {body}");
        }
        let before = Fault::before_sending(Cause::Unreachable);
        assert_eq!(of_esplora(Err(before), txid), Reception::NotSent(Cause::Unreachable));
        let during = Fault { cause: Cause::TimedOut, sent: Sent::Maybe };
        assert_eq!(of_esplora(Err(during), txid), Reception::Unclear(Cause::TimedOut));
    }
}
