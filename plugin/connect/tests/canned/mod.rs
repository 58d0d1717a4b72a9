//! A server on loopback that gives canned answers, each on a connection of
//! its own. It ends with the value.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread::{self, JoinHandle};

/// What is answered to one request line.
#[derive(Clone)]
pub(crate) struct Reply {
    status: u16,
    header: String,
    body: Vec<u8>,
    never: bool,
}

impl Reply {
    pub(crate) fn status(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            header: String::new(),
            body: body.into(),
            never: false,
        }
    }

    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::status(200, body)
    }

    /// The request is read and the connection kept, without an answer.
    pub(crate) fn never() -> Self {
        Self {
            never: true,
            ..Self::ok("")
        }
    }

    pub(crate) fn header(mut self, line: &str) -> Self {
        self.header = format!("{line}\r\n");
        self
    }
}

struct Shared {
    replies: BTreeMap<String, Reply>,
    gate: Barrier,
    asked: Mutex<String>,
    kept: Mutex<Vec<TcpStream>>,
    ended: AtomicBool,
}

pub(crate) struct Canned {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

impl Canned {
    /// Keys are request lines without their version: `GET /connectors`.
    pub(crate) fn start<const N: usize>(replies: [(&str, Reply); N]) -> Self {
        Self::start_gated(1, replies)
    }

    /// Answers only once `together` requests are there.
    pub(crate) fn start_gated<const N: usize>(
        together: usize,
        replies: [(&str, Reply); N],
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            replies: replies.map(|(key, reply)| (key.to_owned(), reply)).into(),
            gate: Barrier::new(together),
            asked: Mutex::default(),
            kept: Mutex::default(),
            ended: AtomicBool::new(false),
        });
        let ours = Arc::clone(&shared);
        let listening = thread::spawn(move || {
            let mut open = Vec::new();
            for stream in listener.incoming() {
                if ours.ended.load(Ordering::SeqCst) {
                    break;
                }
                let shared = Arc::clone(&ours);
                open.push(thread::spawn(move || serve(&shared, stream.unwrap())));
            }
            open.into_iter().for_each(|thread| drop(thread.join()));
        });
        Self {
            address,
            shared,
            listening: Some(listening),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that was asked so far.
    pub(crate) fn asked(&self) -> String {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Drop for Canned {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // Wakes the listener, which then sees that it has ended.
        drop(TcpStream::connect(self.address));
        if let Some(listening) = self.listening.take() {
            drop(listening.join());
        }
    }
}

fn serve(shared: &Shared, mut stream: TcpStream) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    shared.asked.lock().unwrap().push_str(&head);
    let line = head.lines().next().unwrap_or_default();
    let key = line.rsplit_once(' ').map_or(line, |(key, _)| key);
    shared.gate.wait();
    let reply = match shared.replies.get(key) {
        Some(reply) => reply.clone(),
        None => Reply::status(404, r#"{"error_code":404,"message":"nothing canned"}"#),
    };
    if reply.never {
        shared.kept.lock().unwrap().push(stream);
        return;
    }
    let start = format!(
        "HTTP/1.1 {} X\r\n{}Content-Length: {}\r\nConnection: close\r\n\r\n",
        reply.status,
        reply.header,
        reply.body.len()
    );
    // A client that has gone away is its own business.
    let _ = stream.write_all(start.as_bytes());
    let _ = stream.write_all(&reply.body);
}
