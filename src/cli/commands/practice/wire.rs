//! One order to the practice chain's server and its answer: the little of HTTP/1.1 (RFC 9112) that takes.
//!
//! Loopback only; bounded in time and size. Must never be used for a real explorer: those have
//! explorer/online/transport/http.rs.

use std::{
    io::{ErrorKind, Read, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

use fastness::text::SafeText;

use super::error::PracticeCliError;

/// Loopback connects at once or not at all.
const CONNECT: Duration = Duration::from_secs(2);
/// A thousand blocks take seconds; this is many times that.
const ANSWER: Duration = Duration::from_secs(120);
/// The ids of a thousand blocks take 70 kB.
const MAX_ANSWER: u64 = 1_000_000;

/// Where a practice chain listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ServerAddr(SocketAddr);

impl ServerAddr {
    /// A port of 127.0.0.1.
    pub(super) const fn port(port: u16) -> Self {
        Self(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
    }

    /// The place that `http://127.0.0.1:3002` names; a path after it may be `/api` only, as servers have it.
    pub(super) fn of_url(url: &str) -> Result<Self, PracticeCliError> {
        let found = || {
            let rest = url.strip_prefix("http://")?;
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let address: SocketAddr = match authority.strip_prefix("localhost:") {
                Some(port) => SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse::<u16>().ok()?)),
                None => authority.parse().ok()?,
            };
            let known_path = matches!(path.trim_end_matches('/'), "" | "api");
            (address.ip().is_loopback() && known_path).then_some(Self(address))
        };
        found().ok_or_else(|| PracticeCliError::NotHere(SafeText::new(url)))
    }

    fn shown(self) -> SafeText {
        SafeText::new(&format!("http://{}", self.0))
    }

    /// Sends `body` to `/practice/VERB` and returns the body of the answer.
    ///
    /// # Errors
    /// No server listens, it is no practice chain, it refused, or the connection ended.
    pub(super) fn order(self, verb: &str, body: &str) -> Result<Vec<u8>, PracticeCliError> {
        let answer = self.exchange(verb, body)?;
        match parse(&answer) {
            Some((200, body)) => Ok(body.to_vec()),
            Some((400, body)) => Err(PracticeCliError::Refused(SafeText::new(&String::from_utf8_lossy(body)))),
            Some(_) => Err(PracticeCliError::NotPractice(self.shown())),
            None if answer.is_empty() => Err(PracticeCliError::Interrupted(self.shown())),
            None => Err(PracticeCliError::NotPractice(self.shown())),
        }
    }

    fn exchange(self, verb: &str, body: &str) -> Result<Vec<u8>, PracticeCliError> {
        let interrupted = |_| PracticeCliError::Interrupted(self.shown());
        let mut stream =
            TcpStream::connect_timeout(&self.0, CONNECT).map_err(|_| PracticeCliError::NoServer(self.shown()))?;
        stream.set_read_timeout(Some(ANSWER)).map_err(interrupted)?;
        stream.set_write_timeout(Some(ANSWER)).map_err(interrupted)?;
        stream.write_all(request(self.0, verb, body).as_bytes()).map_err(interrupted)?;
        let mut answer = Vec::new();
        match stream.take(MAX_ANSWER).read_to_end(&mut answer) {
            Ok(_) => Ok(answer),
            // A server that closes hard may still have answered in full; parse() sees whether it did.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(answer),
            Err(_) => Err(PracticeCliError::Interrupted(self.shown())),
        }
    }
}

fn request(host: SocketAddr, verb: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST /practice/{verb} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

/// Status and body of a whole answer, or `None`. Answers without a length are not ours.
fn parse(answer: &[u8]) -> Option<(u16, &[u8])> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(answer.get(..end)?).ok()?;
    let body = answer.get(end + 4..)?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    })?;
    (body.len() == length).then_some((status, body))
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use fastness::explain::Explain;

    use super::*;

    #[test]
    fn places_are_on_this_computer() {
        for good in
            ["http://127.0.0.1:3002", "http://localhost:3002/", "http://[::1]:3002/api", "http://127.0.0.1:1/api/"]
        {
            assert!(ServerAddr::of_url(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "https://127.0.0.1:3002",
            "http://127.0.0.1",
            "http://10.0.0.1:3002",
            "http://0.0.0.0:3002",
            "http://localhost.example:3002",
            "http://user@127.0.0.1:3002",
            "http://127.0.0.1:3002/practice",
            "http://127.0.0.1:99999",
        ] {
            assert!(matches!(ServerAddr::of_url(bad), Err(PracticeCliError::NotHere(_))), "{bad}");
        }
    }

    #[test]
    fn only_whole_answers_count() {
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), Some((200, b"{}".as_slice())));
        for cut in [
            "",
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\ncontent-length: 2",
            "SSH-2.0-x\r\n\r\n",
            "HTTP/1.1 2\u{e9}",
        ] {
            assert_eq!(parse(cut.as_bytes()), None, "{cut}");
        }
    }

    /// What `order` makes of a server that answers with these bytes.
    fn answered(bytes: &'static [u8]) -> Result<Vec<u8>, PracticeCliError> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = ServerAddr::port(listener.local_addr().unwrap().port());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0u8; 1024];
            let read = stream.read(&mut request).unwrap();
            stream.write_all(bytes).unwrap();
            String::from_utf8_lossy(&request[..read]).into_owned()
        });
        let answer = place.order("mine", "{\"blocks\":1}");
        assert!(server.join().unwrap().starts_with("POST /practice/mine HTTP/1.1\r\n"));
        answer
    }

    #[test]
    fn every_way_it_can_go_has_its_own_code() {
        assert_eq!(answered(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap(), b"{}");
        let code = |bytes| answered(bytes).unwrap_err().entry().code;
        assert_eq!(code(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\nno"), "practice.chain_refused");
        assert_eq!(code(b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno"), "practice.not_practice");
        assert_eq!(code(b"220 mail ready\r\n\r\n"), "practice.not_practice");
        assert_eq!(code(b""), "practice.interrupted");
        assert_eq!(ServerAddr::port(1).order("mine", "").unwrap_err().entry().code, "practice.no_server");
    }

    #[test]
    fn a_refusal_cannot_paint_the_terminal() {
        let refusal = answered(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 5\r\n\r\n\x1b[31m").unwrap_err();
        assert!(!refusal.to_string().contains('\u{1b}'));
    }
}
