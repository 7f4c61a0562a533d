//! A stand-in for tests: an HTTP server on loopback that does as it is told.
//!
//! Compiled into tests only. One request per connection; nothing here is a model of a real explorer.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// Runs a future to its end.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

/// What the server does with a request.
pub(crate) enum Act {
    /// A whole answer.
    Answer(u16, Vec<u8>),
    /// Bytes of our own making, then the end.
    Raw(Vec<u8>),
    /// A body without end.
    Endless,
    /// Closes the connection after reading the request.
    HangUp,
}

impl Act {
    /// 200 with this body.
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::Answer(200, body.into())
    }
}

type Behaviour = dyn Fn(&str) -> Act + Send + Sync;

/// A server on a free port of loopback, until the test process ends.
pub(crate) struct Server {
    /// Its address.
    pub(crate) url: String,
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts a server; `behaviour` gets `GET /path` or `POST /path body`.
    pub(crate) fn start(behaviour: impl Fn(&str) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let log = Arc::new(Mutex::new(Vec::new()));
        let (behaviour, seen): (Arc<Behaviour>, _) = (Arc::new(behaviour), Arc::clone(&log));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (behaviour, seen) = (Arc::clone(&behaviour), Arc::clone(&seen));
                thread::spawn(move || serve(stream, behaviour.as_ref(), &seen));
            }
        });
        Self { url, log }
    }

    /// How many requests began with this text.
    pub(crate) fn count(&self, beginning: &str) -> usize {
        self.log.lock().expect("the log").iter().filter(|line| line.starts_with(beginning)).count()
    }
}

fn serve(mut stream: TcpStream, behaviour: &Behaviour, log: &Mutex<Vec<String>>) {
    let Some(request) = read_request(&stream) else { return };
    log.lock().expect("the log").push(request.clone());
    let written = match behaviour(&request) {
        Act::Answer(status, body) => {
            let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body))
        }
        Act::Raw(bytes) => stream.write_all(&bytes),
        Act::Endless => endless(&mut stream),
        Act::HangUp => Ok(()),
    };
    // A client that stops reading early is part of several tests.
    drop(written);
}

fn endless(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 X\r\nconnection: close\r\n\r\n")?;
    stream.set_write_timeout(Some(Duration::from_secs(5)))?;
    loop {
        stream.write_all(&[b'1'; 65_536])?;
    }
}

/// Method, path and body of a request, with its headers dropped.
fn read_request(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut words = first.split(' ');
    let request = format!("{} {}", words.next()?, words.next()?);
    Some(if body.is_empty() { request } else { format!("{request} {}", String::from_utf8_lossy(&body)) })
}
