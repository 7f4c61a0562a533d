//! Bytes to and from hosts: HTTP, TLS and SOCKS, addresses of explorers, their health, and when a host is asked again.
//!
//! No chain is known here. It must not read what a host says beyond the status of an answer.

pub(super) mod clock;
pub(super) mod concurrency;
pub(super) mod endpoint;
#[cfg(test)]
pub(super) mod fake;
pub(super) mod http;
pub(super) mod limits;
pub(super) mod pool;
pub(super) mod pool_answer;
pub(super) mod retry;
pub(super) mod socks;
pub(super) mod tls;
