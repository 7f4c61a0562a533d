//! The client's half of SOCKS5 (RFC 1928, 1929): a name for the proxy to look up, with the credentials of one circuit.
//!
//! It never looks a name up and never sends an address of its own making. What comes back is read in fixed sizes.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::explorer::Cause;

const VERSION: u8 = 5;
const NO_LOGIN: u8 = 0;
const LOGIN: u8 = 2;
const CONNECT: u8 = 1;
const ADDRESS_IS_IPV4: u8 = 1;
const ADDRESS_IS_NAME: u8 = 3;
const ADDRESS_IS_IPV6: u8 = 4;

/// The server that a proxy is asked to reach.
#[derive(Clone, Copy)]
pub(crate) struct SocksTarget<'a> {
    /// Its name or number.
    pub(crate) host: &'a str,
    /// Its port.
    pub(crate) port: u16,
}

/// The credentials that a proxy is given: of their own for each circuit.
#[derive(Clone, Copy)]
pub(crate) struct SocksLogin<'a> {
    /// The user name.
    pub(crate) user: &'a str,
    /// The password.
    pub(crate) password: &'a str,
}

/// Asks the proxy at the other end of `stream` for a connection to `target`; what follows on the stream is the host's.
///
/// # Errors
/// The proxy does not speak SOCKS5, refuses us, or cannot reach the host.
pub(crate) async fn open(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    target: SocksTarget<'_>,
    login: SocksLogin<'_>,
) -> Result<(), Cause> {
    let lost = |_| Cause::NotThroughProxy;
    stream.write_all(&[VERSION, 2, NO_LOGIN, LOGIN]).await.map_err(lost)?;
    match read::<2>(stream).await? {
        [VERSION, LOGIN] => {
            let message = [&[1], &*counted(login.user)?, &*counted(login.password)?].concat();
            stream.write_all(&message).await.map_err(lost)?;
            if read::<2>(stream).await?[1] != 0 {
                return Err(Cause::NotThroughProxy);
            }
        }
        // Such as `ssh -D`: one way out for everything, as its owner decided.
        [VERSION, NO_LOGIN] => {}
        _ => return Err(Cause::NotThroughProxy),
    }
    let request =
        [&[VERSION, CONNECT, 0, ADDRESS_IS_NAME], &*counted(target.host)?, &target.port.to_be_bytes()].concat();
    stream.write_all(&request).await.map_err(lost)?;
    let [version, refused, _, kind] = read::<4>(stream).await?;
    if version != VERSION || refused != 0 {
        return Err(Cause::NotThroughProxy);
    }
    skip_address(stream, kind).await
}

/// A text after its length in one byte.
fn counted(text: &str) -> Result<Vec<u8>, Cause> {
    let length = u8::try_from(text.len()).map_err(|_| Cause::NotThroughProxy)?;
    Ok([&[length], text.as_bytes()].concat())
}

/// The address that the proxy says it uses means nothing to us.
async fn skip_address(stream: &mut (impl AsyncRead + Unpin), kind: u8) -> Result<(), Cause> {
    let length = match kind {
        ADDRESS_IS_IPV4 => 4,
        ADDRESS_IS_IPV6 => 16,
        ADDRESS_IS_NAME => usize::from(read::<1>(stream).await?[0]),
        _ => return Err(Cause::NotThroughProxy),
    };
    let mut address = vec![0; length + 2];
    stream.read_exact(&mut address).await.map(|_| ()).map_err(|_| Cause::NotThroughProxy)
}

async fn read<const N: usize>(stream: &mut (impl AsyncRead + Unpin)) -> Result<[u8; N], Cause> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await.map_err(|_| Cause::NotThroughProxy)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;
    use crate::explorer::online::transport::fake;

    const TARGET: SocksTarget<'_> = SocksTarget { host: "example.onion", port: 50_001 };

    /// What our half writes and says when the proxy answers these bytes.
    fn exchange(answers: &[u8]) -> (Vec<u8>, Result<(), Cause>) {
        fake::block_on(async {
            let (mut ours, mut theirs) = duplex(4096);
            theirs.write_all(answers).await.expect("room");
            let result = open(&mut ours, TARGET, SocksLogin { user: "read-example.onion", password: "5a17" }).await;
            drop(ours);
            let mut seen = Vec::new();
            // The other half of the pipe must not be waited for.
            theirs.read_to_end(&mut seen).await.expect("an end");
            (seen, result)
        })
    }

    #[test]
    fn the_name_is_sent_to_the_proxy_with_the_circuits_credentials() {
        let (seen, result) = exchange(&[5, 2, 1, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(result, Ok(()));
        let expected = [
            &[5, 2, 0, 2][..],
            b"\x01\x12read-example.onion\x045a17",
            b"\x05\x01\x00\x03\x0dexample.onion",
            &50_001u16.to_be_bytes(),
        ]
        .concat();
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_proxy_without_logins_and_every_form_of_address_are_taken() {
        assert_eq!(exchange(&[5, 0, 5, 0, 0, 3, 2, b'a', b'b', 1, 2]).1, Ok(()));
        assert_eq!(exchange(&[&[5, 0, 5, 0, 0, 4][..], &[0; 18]].concat()).1, Ok(()));
    }

    #[test]
    fn anything_else_is_no_connection() {
        for answers in [
            &[5, 255][..],
            &[4, 0],
            b"HTTP/1.1 400 Bad Request",
            &[5, 2, 1, 1],
            &[5, 0, 5, 4, 0, 1, 0, 0, 0, 0, 0, 0],
            &[5, 0, 5, 0, 0, 9, 0, 0],
        ] {
            assert_eq!(exchange(answers).1, Err(Cause::NotThroughProxy), "{answers:?}");
        }
        assert!(counted(&"x".repeat(256)).is_err());
    }
}
