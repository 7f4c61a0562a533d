//! The client: its way out, and the TLS sessions that it refuses, against servers on loopback with certificates made here.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer},
};

use super::*;
use crate::explorer::SocksProxy;

fn http(proxy: Option<&str>) -> Http {
    let proxy = proxy.map(|text| SocksProxy::parse(text).expect("a proxy"));
    Http::new(&Egress { proxy, ..Egress::default() }).expect("a client")
}

#[test]
fn the_clients_start() {
    assert!(client(None, RequestPurpose::Read).is_ok());
    assert!(client(None, RequestPurpose::Scan).is_ok());
}

#[test]
fn onion_names_are_never_looked_up() {
    let url = |text| Url::parse(text).expect("a url");
    for onion in ["http://example.onion/api/", "https://EXAMPLE.onion./"] {
        let fault = http(None).client(&url(onion), RequestPurpose::Read).expect_err("refused");
        assert_eq!(fault, HttpFault::before_sending(Cause::NoTor));
    }
    assert!(http(None).client(&url("https://onion.example/"), RequestPurpose::Read).is_ok());
}

#[test]
fn each_purpose_at_each_host_has_its_circuit() {
    let http = http(Some("socks5://127.0.0.1:9"));
    for (address, purpose) in [
        ("http://example.onion/api/", RequestPurpose::Read),
        ("http://example.onion/api/x", RequestPurpose::Read),
        ("http://example.onion/api/", RequestPurpose::Send),
        ("https://a.example/", RequestPurpose::Read),
        ("http://127.0.0.1:3002/", RequestPurpose::Read),
    ] {
        http.client(&Url::parse(address).expect("a url"), purpose).expect("a client");
    }
    assert_eq!(http.circuits.borrow().len(), 3, "and this machine is reached directly");
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

/// An authority that exists in these tests only.
fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

/// A certificate and its key.
type Identity = (CertificateDer<'static>, PrivateKeyDer<'static>);

fn certificate(names: &[&str], years: (i32, i32), issuer: Option<&CertifiedIssuer<'static, KeyPair>>) -> Identity {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names");
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    let key = KeyPair::generate().expect("a key");
    let signed = match issuer {
        Some(issuer) => params.signed_by(&key, issuer),
        None => params.self_signed(&key),
    };
    let der = signed.expect("a certificate").der().clone();
    (der, PrivateKeyDer::try_from(key.serialize_der()).expect("a key"))
}

/// A TLS server that answers every request with 200 and `7`.
fn tls_server((certificate, key): Identity) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("tls");
    let config = Arc::new(builder.with_no_client_auth().with_single_cert(vec![certificate], key).expect("a key"));
    raw_server(move |socket| {
        let Ok(connection) = ServerConnection::new(Arc::clone(&config)) else { return };
        let mut stream = StreamOwned::new(connection, socket);
        if stream.read(&mut [0; 4096]).is_ok() {
            let _ = stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 1\r\nconnection: close\r\n\r\n7");
            let _ = stream.flush();
        }
    })
}

fn raw_server(serve: impl Fn(std::net::TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || listener.incoming().flatten().for_each(serve));
    address
}

/// What comes of one question to this server, where only this authority is trusted.
fn asked(server: SocketAddr, root: &CertifiedIssuer<'static, KeyPair>) -> Result<u16, HttpFault> {
    let mut roots = RootCertStore::empty();
    roots.add(root.der().clone()).expect("a root");
    let tls = tls::with_roots(roots, PROTOCOLS).expect("settings");
    let client = client_with(tls, None, RequestPurpose::Read).expect("a client");
    block_on(async {
        let budget = Budget { bytes: 100, deadline: Instant::now() + Duration::from_secs(20) };
        exchange(client.get(format!("https://localhost:{}/", server.port())), budget, &Semaphore::new(1)).await
    })
    .map(|reply| reply.status)
}

#[test]
fn only_a_trusted_certificate_of_this_host_and_time_is_taken() {
    let (root, stranger, forger) = (authority("root"), authority("stranger"), authority("root"));
    let refused = |identity| asked(tls_server(identity), &root).expect_err("refused");
    let good = certificate(&["localhost"], (2020, 4000), Some(&root));
    assert_eq!(asked(tls_server(good), &root), Ok(200), "so the others are refused for their fault alone");
    for (identity, cause) in [
        (certificate(&["localhost"], (2020, 4000), None), Cause::UnknownIssuer),
        (certificate(&["localhost"], (2020, 4000), Some(&stranger)), Cause::UnknownIssuer),
        (certificate(&["localhost"], (2020, 4000), Some(&forger)), Cause::BadCertificate),
        (certificate(&["localhost"], (2020, 2021), Some(&root)), Cause::Expired),
        (certificate(&["localhost"], (3999, 4000), Some(&root)), Cause::Expired),
        (certificate(&["explorer.example"], (2020, 4000), Some(&root)), Cause::OtherHost),
        (certificate(&[], (2020, 4000), Some(&root)), Cause::OtherHost),
    ] {
        assert_eq!(refused(identity), HttpFault::before_sending(cause));
    }
}

#[test]
fn what_is_no_tls_of_today_is_refused_before_anything_is_sent() {
    let root = authority("root");
    let answering = |bytes: &'static [u8]| {
        raw_server(move |mut socket| {
            let _ = socket.read(&mut [0; 4096]);
            let _ = socket.write_all(bytes);
        })
    };
    let plain = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n7");
    assert_eq!(asked(plain, &root), Err(HttpFault::before_sending(Cause::NoTls)));
    // The alert `protocol_version` of a server that knows nothing newer than TLS 1.0.
    let old = answering(b"\x15\x03\x01\x00\x02\x02\x46");
    assert_eq!(asked(old, &root), Err(HttpFault::before_sending(Cause::NoTls)));
    // A handshake that names TLS 1.1 as the version chosen.
    let mut hello = vec![0x16, 0x03, 0x02, 0x00, 0x2a, 0x02, 0x00, 0x00, 0x26, 0x03, 0x02];
    hello.extend([7; 32]);
    hello.extend([0x00, 0xc0, 0x13, 0x00]);
    let hello: &'static [u8] = Box::leak(hello.into_boxed_slice());
    assert_eq!(asked(answering(hello), &root), Err(HttpFault::before_sending(Cause::NoTls)));
}

#[test]
fn an_authority_that_mozilla_does_not_know_is_not_trusted() {
    let server = tls_server(certificate(&["localhost"], (2020, 4000), Some(&authority("root"))));
    let url = Url::parse(&format!("https://localhost:{}/", server.port())).expect("a url");
    let reply = block_on(async {
        let budget = Budget { bytes: 100, deadline: Instant::now() + Duration::from_secs(20) };
        http(None).get(url, RequestPurpose::Read, budget).await
    });
    assert_eq!(reply.map(|reply| reply.status), Err(HttpFault::before_sending(Cause::UnknownIssuer)));
}
