//! The library of fastness. Its modules, in the order of the import rules (each may use only what is listed above it):
//!
//! - words, without I/O or secrets: [`amount`], [`network`], [`address`], [`payment_uri`], [`account`], [`contact`],
//!   [`request`], [`review`], [`signing`], [`text`], [`token`], [`explain`]
//! - files: [`store`] (private files, the home directory), [`seal`] (a process that gave up its powers), [`ledger`] (what
//!   is known without any key)
//! - twins that never import each other: [`keystore`] (keys at rest, derivation, signatures: the only module that names
//!   a private key) and [`chain`] (planning and reviewing, without keys)
//! - the network client: [`explorer`] (questions to public explorers, and claims that come back)
//! - a payment from request to status: [`flow`] (request, draft, approved, signed, sent, status)
//! - `practice`: an embedded regtest chain with its own Esplora server on loopback (feature `practice`)
//!
//! The command-line interface is in the binary, so that no module can import it. `tests/architecture.rs` has the rules.

pub mod account;
pub mod address;
pub mod amount;
pub mod chain;
pub mod contact;
pub mod explain;
pub mod explorer;
pub mod flow;
pub mod keystore;
pub mod ledger;
pub mod network;
pub mod payment_uri;
#[cfg(feature = "practice")]
pub mod practice;
pub mod request;
pub mod review;
pub mod seal;
pub mod signing;
pub mod store;
pub mod text;
pub mod token;

/// The catalogues of errors of every module, for `docs/errors.md`.
#[must_use]
pub fn catalogues() -> Vec<&'static [&'static explain::Entry]> {
    vec![
        account::CATALOGUE,
        address::CATALOGUE,
        amount::CATALOGUE,
        chain::bitcoin::CATALOGUE,
        chain::ethereum::CATALOGUE,
        contact::CATALOGUE,
        explorer::CATALOGUE,
        explorer::ethereum::verdict::CATALOGUE,
        explorer::bitcoin::verdict::CATALOGUE,
        flow::CATALOGUE,
        keystore::CATALOGUE,
        keystore::recover::CATALOGUE,
        keystore::slip39::CATALOGUE,
        keystore::restorable::CATALOGUE,
        ledger::CATALOGUE,
        network::CATALOGUE,
        payment_uri::CATALOGUE,
        #[cfg(feature = "practice")]
        practice::CATALOGUE,
        seal::CATALOGUE,
        store::CATALOGUE,
    ]
}
