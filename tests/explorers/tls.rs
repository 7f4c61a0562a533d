//! A TLS session with a self-signed certificate.
//!
//! The key is for this file only: nothing trusts it, and nothing may.

use std::{net::TcpStream, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::{
    ServerConfig, ServerConnection, Stream,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};

const CERTIFICATE: &str = "MIIBijCCATCgAwIBAgIUSxLyhZCtVdCcrVvvc5HvJ7fl/jAwCgYIKoZIzj0EAwIwETEPMA0GA1UEAwwGbm9ib2R5MCAXDTI2MTEyNTIxNTgzMFoYDzIxMjYxMTAxMjE1ODMwWjARMQ8wDQYDVQQDDAZub2JvZHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQOz1fu6oSV4alqRF6qVsRFFRoa6WlLFshwLCkWkL8HOdEry6KJT6hqi3Lrz/d+Y6moTDTxuYK/8GaMVLlydSiAo2QwYjAdBgNVHQ4EFgQUjCkaiDk4691P9yf+hGFCZN+gAnkwHwYDVR0jBBgwFoAUjCkaiDk4691P9yf+hGFCZN+gAnkwDwYDVR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0gAMEUCIAgf38qmvH2xHHxs/RyY4ylRfv2k+05stzFt5b56LNOAAiEAsT6lZE+iNLznmhikr+Rkd/r+2/Bw3Pm2MLhhQ5WbamA=";
const KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgI8SrmvgXjridC0WITRPTH0aOmP9DeKyzdVsGFiTTiKmhRANCAAQOz1fu6oSV4alqRF6qVsRFFRoa6WlLFshwLCkWkL8HOdEry6KJT6hqi3Lrz/d+Y6moTDTxuYK/8GaMVLlydSiA";

/// Shakes hands, and answers whatever is asked with a height that a wallet would take.
pub fn serve(mut stream: TcpStream) {
    use std::io::{Read, Write};
    let der = |text: &str| STANDARD.decode(text).unwrap();
    let certificate = CertificateDer::from(der(CERTIFICATE));
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der(KEY)));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let mut session = ServerConnection::new(Arc::new(config)).unwrap();
    let mut tls = Stream::new(&mut session, &mut stream);
    if tls.read(&mut [0; 1024]).is_ok() {
        let _ = tls.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n100");
    }
}
