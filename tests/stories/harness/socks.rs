//! Stand-ins on the way out: a SOCKS5 proxy that records what each user asks for, and a relay that records every
//! request.
//!
//! Names are resolved from a list to servers on loopback; whatever is not in it is refused, as Tor does.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// What a client asked the proxy for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// 1: an IPv4 address, 3: a name, 4: an IPv6 address.
    pub kind: u8,
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: String,
}

/// The bytes that clients sent, by connection, with the name of its circuit.
type Tape = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// A proxy until the test process ends.
pub struct Socks {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    tape: Tape,
}

impl Socks {
    /// A proxy that knows these names.
    pub fn start(names: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (asked, tape) = (Arc::<Mutex<Vec<Asked>>>::default(), Tape::default());
        let names: Vec<(String, SocketAddr)> =
            names.iter().map(|(name, url)| ((*name).to_owned(), address(url))).collect();
        let proxy = Self { address: listener.local_addr().unwrap(), asked: asked.clone(), tape: tape.clone() };
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (names, asked, tape) = (names.clone(), asked.clone(), tape.clone());
                thread::spawn(move || serve(client, &names, &asked, &tape));
            }
        });
        proxy
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn option(&self) -> String {
        format!("--proxy=socks5://{}", self.address)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Every HTTP request that went through.
    pub fn requests(&self) -> Vec<String> {
        self.by_circuit().into_iter().map(|(_, request)| request).collect()
    }

    /// The same, with the user name of the circuit that it took.
    pub fn by_circuit(&self) -> Vec<(String, String)> {
        requests(&self.tape)
    }

    pub fn forget(&self) {
        self.asked.lock().unwrap().clear();
        self.tape.lock().unwrap().clear();
    }
}

/// `http://127.0.0.1:PORT` as an address.
fn address(url: &str) -> SocketAddr {
    url.trim_start_matches("http://").parse().unwrap()
}

fn serve(mut client: TcpStream, names: &[(String, SocketAddr)], asked: &Mutex<Vec<Asked>>, tape: &Tape) {
    let Some(request) = greet(&mut client) else { return };
    let known = names.iter().find(|(name, _)| *name == request.host).map(|(_, address)| *address);
    let user = request.user.clone();
    asked.lock().unwrap().push(request);
    let server = known.and_then(|address| TcpStream::connect(address).ok());
    // 0: granted; 4: host unreachable (RFC 1928).
    let reply = [5, if server.is_some() { 0 } else { 4 }, 0, 1, 0, 0, 0, 0, 0, 0];
    if client.write_all(&reply).is_err() {
        return;
    }
    if let Some(server) = server {
        pass_on(client, server, (tape, user));
    }
}

fn take(client: &mut TcpStream, count: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; count];
    client.read_exact(&mut bytes).ok().map(|()| bytes)
}

/// A text with its length before it.
fn word(client: &mut TcpStream) -> Option<String> {
    let length = take(client, 1)?[0];
    String::from_utf8(take(client, usize::from(length))?).ok()
}

/// RFC 1928 and 1929: only clients with a name and a password are served.
fn greet(client: &mut TcpStream) -> Option<Asked> {
    let head = take(client, 2)?;
    let methods = take(client, usize::from(head[1]))?;
    assert!(head[0] == 5 && methods.contains(&2), "no name and password are offered: {methods:?}");
    client.write_all(&[5, 2]).ok()?;
    take(client, 1)?;
    let (user, password) = (word(client)?, word(client)?);
    client.write_all(&[1, 0]).ok()?;
    let kind = take(client, 4)?[3];
    let host = match kind {
        3 => word(client)?,
        1 => take(client, 4)?.iter().map(u8::to_string).collect::<Vec<_>>().join("."),
        _ => format!("{:?}", take(client, 16)?),
    };
    let port = u16::from_be_bytes(take(client, 2)?.try_into().ok()?);
    Some(Asked { kind, host, port, user, password })
}

/// A relay in front of a server that records what goes in; its address.
pub struct Door {
    pub url: String,
    tape: Tape,
}

impl Door {
    pub fn before(url: &str) -> Self {
        let (listener, target) = (TcpListener::bind("127.0.0.1:0").unwrap(), address(url));
        let tape = Tape::default();
        let door = Self { url: format!("http://{}", listener.local_addr().unwrap()), tape: tape.clone() };
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(target) else { continue };
                let tape = tape.clone();
                thread::spawn(move || pass_on(client, server, (&tape, String::new())));
            }
        });
        door
    }

    pub fn requests(&self) -> Vec<String> {
        requests(&self.tape).into_iter().map(|(_, request)| request).collect()
    }

    pub fn forget(&self) {
        self.tape.lock().unwrap().clear();
    }
}

/// Bytes both ways until both have ended; the client's are kept.
fn pass_on(mut client: TcpStream, mut server: TcpStream, (tape, circuit): (&Tape, String)) {
    let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let place = {
        let mut tape = tape.lock().unwrap();
        tape.push((circuit, Vec::new()));
        tape.len() - 1
    };
    let answering = thread::spawn(move || {
        let _ = std::io::copy(&mut answers, &mut back);
        let _ = back.shutdown(Shutdown::Both);
    });
    let mut piece = [0; 65_536];
    while let Ok(count @ 1..) = client.read(&mut piece) {
        if let Some((_, kept)) = tape.lock().unwrap().get_mut(place) {
            kept.extend_from_slice(&piece[..count]);
        }
        if server.write_all(&piece[..count]).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
    let _ = answering.join();
}

/// Connections cut into requests: a head, and as many bytes as its content-length says.
fn requests(tape: &Tape) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (circuit, connection) in tape.lock().unwrap().iter() {
        let text = String::from_utf8_lossy(connection).into_owned();
        let mut rest = text.as_str();
        while let Some(end) = rest.find("\r\n\r\n") {
            let head = rest[..end].to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
            let whole = (end + 4 + length).min(rest.len());
            found.push((circuit.clone(), rest[..whole].to_owned()));
            rest = &rest[whole..];
        }
    }
    found
}

/// Counts connections and answers none.
pub struct Trap {
    pub port: u16,
    count: Arc<AtomicUsize>,
}

impl Trap {
    pub fn set() -> Self {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        let trap = Self { port: listener.local_addr().unwrap().port(), count: count.clone() };
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                drop(client);
            }
        });
        trap
    }

    pub fn sprung(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}
