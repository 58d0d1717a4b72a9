//! Stands between the program and Connect's REST interface, and tells a test
//! what is asked before it is passed on: the one way to do something to the
//! world at a known point of a run.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use crate::SceneError;

/// The most of a request's first line that is looked at.
const LINE_BYTES: usize = 4096;

/// See the module. It ends with the process.
pub struct Gate {
    address: SocketAddr,
}

impl Gate {
    /// Passes all connections on to `port` of this machine. `before` is given
    /// the first line of the first request of each, and the request waits for
    /// its return.
    ///
    /// # Errors
    /// No port to listen on.
    pub fn open(
        port: u16,
        before: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<Self, SceneError> {
        let refused = |error: std::io::Error| SceneError::Unexpected(error.to_string());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let before = Arc::new(before);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let before = before.clone();
                // One that breaks is the program's to notice.
                thread::spawn(move || drop(pass(client, port, &*before)));
            }
        });
        Ok(Self { address })
    }

    /// `http://127.0.0.1:port`, to be used instead of Connect's own.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn pass(mut client: TcpStream, port: u16, before: &dyn Fn(&str)) -> std::io::Result<()> {
    let mut begun = Vec::new();
    let mut buffer = [0; LINE_BYTES];
    while !begun.contains(&b'\n') && begun.len() < LINE_BYTES {
        let read = client.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        begun.extend_from_slice(&buffer[..read]);
    }
    let line = begun
        .split(|byte| *byte == b'\r')
        .next()
        .unwrap_or_default();
    before(&String::from_utf8_lossy(line));
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    server.write_all(&begun)?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    let up = thread::spawn(move || {
        let copied = std::io::copy(&mut from_client, &mut to_server);
        drop(to_server.shutdown(Shutdown::Write));
        copied
    });
    std::io::copy(&mut server, &mut client)?;
    client.shutdown(Shutdown::Both)?;
    drop(up.join());
    Ok(())
}
