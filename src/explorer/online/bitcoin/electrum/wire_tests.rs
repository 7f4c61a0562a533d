//! TLS of the connection: the certificate's name and root both have to fit. Tests only, in memory.

use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::io::duplex;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::explorer::online::bitcoin::fake;

/// A certificate for `electrum.example` that signs itself, and its key. Only these tests trust it.
const CERTIFICATE: &str = "MIIBpzCCAU2gAwIBAgIUMZhxiCl3yTRYBiUWwoj2xPzVLOkwCgYIKoZIzj0EAwIwGzEZMBcGA1UEAwwQZWxlY3RydW0uZXhhbXBs\
    ZTAgFw0yNjExMjUyMjQ0MzRaGA8yMTI2MTEwMTIyNDQzNFowGzEZMBcGA1UEAwwQZWxlY3RydW0uZXhhbXBsZTBZMBMGByqGSM49\
    AgEGCCqGSM49AwEHA0IABKl37Ehm8nSxN24i6z856YL6mdnXakS58rQSPdWZJ4kClM8q8UujBrtEW5vksW52kOgg1IezP+87gR0M\
    HSmZXZGjbTBrMB0GA1UdDgQWBBR71kci71p/wWQGAVCu5yEqtQwdkTAfBgNVHSMEGDAWgBR71kci71p/wWQGAVCu5yEqtQwdkTAb\
    BgNVHREEFDASghBlbGVjdHJ1bS5leGFtcGxlMAwGA1UdEwEB/wQCMAAwCgYIKoZIzj0EAwIDSAAwRQIhANyievCWQLyTpbm/eutX\
    obx5slxataV3PJBdsCS3szAYAiANYVt027wlpOlbh4mXc7ZpKeFm/B3YOQVZBSmAQpkYDQ==";
const KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgU65OIUy5rg3ZYx6yjPjaGmhimVvIeYeoriemLIUHnUqhRANCAASp\
    d+xIZvJ0sTduIus/OemC+pnZ12pEufK0Ej3VmSeJApTPKvFLowa7RFub5LFudpDoINSHsz/vO4EdDB0pmV2R";

fn certificate() -> CertificateDer<'static> {
    STANDARD.decode(CERTIFICATE).expect("base64").into()
}

/// What a client with these settings gets when it calls the server by this name.
fn call(host: &str, settings: ClientConfig) -> Result<Vec<u8>, Cause> {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(STANDARD.decode(KEY).expect("base64")));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("tls");
    let server = versions.with_no_client_auth().with_single_cert(vec![certificate()], key).expect("a certificate");
    fake::block_on(async {
        let (ours, theirs) = duplex(65_536);
        let serving = async {
            let mut stream = TlsAcceptor::from(Arc::new(server)).accept(theirs).await.ok()?;
            stream.write_all(b"hello\n").await.ok()?;
            stream.flush().await.ok()
        };
        let calling = async {
            let stream = secure(ours, host, settings).await?;
            ServerLine { stream, rest: Vec::new(), next: 0, slower: 1 }.line(&mut 100).await
        };
        tokio::join!(serving, calling).1
    })
}

fn trusting() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(certificate()).expect("a root");
    tls::with_roots(roots, &[]).expect("settings")
}

#[test]
fn the_name_and_the_root_of_a_certificate_have_to_fit() {
    assert_eq!(call("electrum.example", trusting()), Ok(b"hello\n".to_vec()));
    assert_eq!(call("other.example", trusting()), Err(Cause::OtherHost));
    assert_eq!(call("127.0.0.1", trusting()), Err(Cause::OtherHost));
    let mozilla = tls::config(&[]).expect("settings");
    assert_eq!(call("electrum.example", mozilla), Err(Cause::UnknownIssuer));
}
