//! A server between a wallet and the practice chain that says what its host decides, byte by byte if need be, and writes
//! down what it was asked.
//!
//! Plain threads, loopback only. It knows HTTP/1.1 as far as a wallet speaks it, and nothing of what is asked.

use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// One request.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub query: String,
    /// All header lines, as they came.
    pub headers: String,
    pub body: Vec<u8>,
    /// Since the server started.
    pub after: Duration,
}

/// A well-formed answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// One thing done to a connection.
#[derive(Clone, Debug)]
pub enum Step {
    Bytes(Vec<u8>),
    /// The same bytes until the other side has enough, so many times at most.
    Repeat(Vec<u8>, usize),
    /// The same bytes until the other side has enough, at a pace that leaves the computer to others.
    Flood(Vec<u8>),
    /// The bytes one by one, with a pause before each.
    Drip(Vec<u8>, Duration),
    Pause(Duration),
    /// Nothing more, and the connection stays open.
    Hold,
    /// No more bytes from here; the other side may go on.
    HalfClose,
}

/// What is done about a request.
#[derive(Clone, Debug)]
pub enum Act {
    /// Answers, and keeps the connection.
    Say(Reply),
    /// These steps, then the connection closes.
    Steps(Vec<Step>),
}

/// What is done with a new connection before anything is read.
#[derive(Clone, Debug)]
pub enum Greeting {
    /// Requests are read.
    Listen,
    /// So many bytes are read; what is left unread when it closes makes the system reset the connection.
    ResetAfter(usize),
    /// These steps, without reading.
    Steps(Vec<Step>),
    /// A TLS session with a certificate that no authority signed.
    Tls,
}

/// The host that decides.
pub trait Host: Send + Sync + 'static {
    fn greet(&self) -> Greeting {
        Greeting::Listen
    }

    fn answer(&self, asked: &Asked) -> Act;
}

/// A running server; stops when dropped.
pub struct Layer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    host: Box<dyn Host>,
    started: Instant,
    stop: AtomicBool,
    log: Mutex<Vec<Asked>>,
    busy: AtomicUsize,
    busiest: AtomicUsize,
}

impl Layer {
    /// Listens at 127.0.0.`number`: hosts that differ in more than their port.
    pub fn start(number: u8, host: impl Host) -> Self {
        let listener = TcpListener::bind((IpAddr::V4(Ipv4Addr::new(127, 0, 0, number)), 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            host: Box::new(host),
            started: Instant::now(),
            stop: AtomicBool::new(false),
            log: Mutex::default(),
            busy: AtomicUsize::new(0),
            busiest: AtomicUsize::new(0),
        });
        let all = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if all.is_over() {
                    break;
                }
                let (Ok(stream), one) = (stream, Arc::clone(&all)) else { continue };
                thread::Builder::new().stack_size(256 << 10).spawn(move || one.connection(stream)).unwrap();
            }
        });
        Self { address, shared }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn https_url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Host and port, as the program names it.
    pub fn operator(&self) -> String {
        self.address.to_string()
    }

    /// Every request so far.
    pub fn log(&self) -> Vec<Asked> {
        self.shared.log.lock().unwrap().clone()
    }

    pub fn requests(&self) -> usize {
        self.shared.log.lock().unwrap().len()
    }

    /// Most requests that were answered at the same time.
    pub fn most_at_once(&self) -> usize {
        self.shared.busiest.load(Ordering::Relaxed)
    }
}

impl Drop for Layer {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn connection(&self, mut stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let _ = stream.set_read_timeout(Some(Duration::from_millis(100)));
        let _ = stream.set_write_timeout(Some(Duration::from_secs(60)));
        match self.host.greet() {
            Greeting::Listen => {}
            Greeting::ResetAfter(bytes) => return self.read_a_little(&mut stream, bytes),
            Greeting::Steps(steps) => return self.carry_out(&mut stream, &steps),
            Greeting::Tls => return super::tls::serve(stream),
        }
        let mut rest = Vec::new();
        while let Some(asked) = self.read(&mut stream, &mut rest) {
            let now = self.busy.fetch_add(1, Ordering::Relaxed) + 1;
            self.busiest.fetch_max(now, Ordering::Relaxed);
            self.log.lock().unwrap().push(asked.clone());
            let act = self.host.answer(&asked);
            let goes_on = match act {
                Act::Say(reply) => stream.write_all(&reply.into_bytes()).is_ok(),
                Act::Steps(steps) => {
                    self.carry_out(&mut stream, &steps);
                    false
                }
            };
            self.busy.fetch_sub(1, Ordering::Relaxed);
            if !goes_on {
                break;
            }
        }
    }

    /// The next request, or nothing when the connection is over.
    fn read(&self, stream: &mut TcpStream, rest: &mut Vec<u8>) -> Option<Asked> {
        loop {
            if let Some((asked, used)) = parse(rest) {
                rest.drain(..used);
                return Some(Asked { after: self.started.elapsed(), ..asked });
            }
            rest.extend(self.some_bytes(stream, 65_536)?);
        }
    }

    /// What comes next; nothing when the connection or the server is over.
    fn some_bytes(&self, stream: &mut TcpStream, most: usize) -> Option<Vec<u8>> {
        let mut buffer = vec![0; most];
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(count) => {
                    buffer.truncate(count);
                    return Some(buffer);
                }
                Err(error) if is_idle(&error) && !self.is_over() => {}
                Err(_) => return None,
            }
        }
    }

    fn read_a_little(&self, stream: &mut TcpStream, bytes: usize) {
        let mut seen = 0;
        while seen < bytes {
            let Some(piece) = self.some_bytes(stream, bytes - seen) else { return };
            seen += piece.len();
        }
        // Something must be left unread: wait for it without taking it.
        let deadline = Instant::now() + Duration::from_secs(2);
        while Instant::now() < deadline && !matches!(stream.peek(&mut [0; 1]), Ok(1)) {}
    }

    fn carry_out(&self, stream: &mut TcpStream, steps: &[Step]) {
        for step in steps {
            let went_well = match step {
                Step::Bytes(bytes) => stream.write_all(bytes).is_ok(),
                Step::Repeat(bytes, times) => (0..*times).all(|_| !self.is_over() && stream.write_all(bytes).is_ok()),
                Step::Flood(bytes) => loop {
                    if self.is_over() || stream.write_all(bytes).is_err() {
                        break false;
                    }
                    thread::sleep(Duration::from_millis(2));
                },
                Step::Drip(bytes, pause) => bytes.iter().all(|byte| {
                    thread::sleep(*pause);
                    !self.is_over() && stream.write_all(&[*byte]).is_ok()
                }),
                Step::Pause(pause) => {
                    thread::sleep(*pause);
                    true
                }
                Step::Hold => {
                    while self.some_bytes(stream, 65_536).is_some() {}
                    true
                }
                Step::HalfClose => stream.shutdown(Shutdown::Write).is_ok(),
            };
            if !went_well {
                return;
            }
        }
    }
}

fn is_idle(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

/// The first request in `bytes`, if it is complete, and how many bytes it took.
fn parse(bytes: &[u8]) -> Option<(Asked, usize)> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let (first, headers) = text.split_once("\r\n").unwrap_or((&text, ""));
    let mut words = first.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let length = headers.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let (start, length) = (head + 4, length.unwrap_or(0));
    let body = bytes.get(start..start + length)?.to_vec();
    let (method, path, query) = (method.to_owned(), path.to_owned(), query.to_owned());
    let asked = Asked { method, path, query, headers: headers.to_owned(), body, after: Duration::ZERO };
    Some((asked, start + length))
}

impl Reply {
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("content-type".into(), content_type.into())], body: body.into() }
    }

    pub fn text(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "text/plain", body)
    }

    pub fn json(body: impl ToString) -> Self {
        Self::new(200, "application/json", body.to_string())
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} X\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head
    }

    pub fn into_bytes(self) -> Vec<u8> {
        let mut bytes = format!("{}content-length: {}\r\n\r\n", self.head(), self.body.len()).into_bytes();
        bytes.extend(self.body);
        bytes
    }

    /// The body as JSON, changed.
    pub fn edited(mut self, edit: impl FnOnce(&mut serde_json::Value)) -> Self {
        if let Ok(mut value) = serde_json::from_slice(&self.body) {
            edit(&mut value);
            self.body = value.to_string().into_bytes();
        }
        self
    }
}

impl Asked {
    /// The path without `/api`, split at its slashes.
    pub fn steps(&self) -> Vec<&str> {
        self.path.trim_start_matches("/api").split('/').skip(1).collect()
    }
}
