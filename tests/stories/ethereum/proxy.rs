//! A proxy before a node, one request a connection, that tells of each and can hang up in place of handing it on.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

/// When it tells of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
    /// Before the node has it.
    Asked,
    /// After the node answered, before the asker has that.
    Answered,
}

/// What becomes of it then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    GoOn,
    HangUp,
}

/// Starts one before the node at `port`; `watch` gets each request whole. Answers with its URL.
pub(crate) fn proxy(port: u16, watch: impl Fn(&str, Moment) -> Then + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let watch = Arc::new(watch);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(client) = stream else { break };
            let watch = Arc::clone(&watch);
            thread::spawn(move || hand_on(client, port, watch.as_ref()));
        }
    });
    url
}

fn hand_on(mut client: TcpStream, port: u16, watch: &dyn Fn(&str, Moment) -> Then) -> Option<()> {
    let request = read_request(&mut client)?;
    let text = String::from_utf8_lossy(&request).replace("connection: keep-alive", "");
    let go_on = |moment| (watch(&text, moment) == Then::GoOn).then_some(());
    go_on(Moment::Asked)?;
    let mut node = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let (head, body) = text.split_once("\r\n\r\n")?;
    write!(node, "{head}\r\nConnection: close\r\n\r\n{body}").unwrap();
    let mut reply = Vec::new();
    node.read_to_end(&mut reply).unwrap();
    go_on(Moment::Answered)?;
    client.write_all(&reply).ok()
}

fn read_request(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    let mut piece = [0u8; 4096];
    loop {
        let read = client.read(&mut piece).ok().filter(|read| *read > 0)?;
        request.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: "))?.trim().parse::<usize>().ok()?;
        if body.len() >= length {
            return Some(request);
        }
    }
}
