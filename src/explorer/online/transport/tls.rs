//! TLS to the outside: Mozilla's roots, `ring`, versions 1.2 and 1.3; no way to trust more.
//!
//! Settings, and what their failures mean. Nothing here connects.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

use crate::explorer::{Cause, ExplorerError};

/// The settings of a client that offers these protocols (ALPN), none if empty.
///
/// # Errors
/// A library without a usable version of TLS.
pub(crate) fn config(protocols: &[&[u8]]) -> Result<ClientConfig, ExplorerError> {
    with_roots(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }, protocols)
}

/// The same with these roots; only tests name others than Mozilla's.
pub(crate) fn with_roots(roots: RootCertStore, protocols: &[&[u8]]) -> Result<ClientConfig, ExplorerError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| ExplorerError::CannotStart("no usable version of tls"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(config)
}

/// Why there is no TLS session, if that is the reason. No request has left then.
pub(crate) fn cause(error: &(dyn std::error::Error + 'static)) -> Option<Cause> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(of_tls(tls));
        }
        // An error of the system hides what it wraps from `source`.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = wrapped.map(|inner| -> &(dyn std::error::Error + 'static) { inner }).or_else(|| error.source());
    }
    None
}

fn of_tls(error: &rustls::Error) -> Cause {
    use rustls::CertificateError as Bad;
    match error {
        rustls::Error::InvalidCertificate(Bad::UnknownIssuer) => Cause::UnknownIssuer,
        rustls::Error::InvalidCertificate(
            Bad::Expired | Bad::ExpiredContext { .. } | Bad::NotValidYet | Bad::NotValidYetContext { .. },
        ) => Cause::Expired,
        rustls::Error::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            Cause::OtherHost
        }
        rustls::Error::InvalidCertificate(_) => Cause::BadCertificate,
        _ => Cause::NoTls,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_exist_and_offer_what_was_asked() {
        assert_eq!(config(&[b"h2", b"http/1.1"]).expect("tls").alpn_protocols[0], b"h2");
        assert!(config(&[]).expect("tls").alpn_protocols.is_empty());
    }
}
