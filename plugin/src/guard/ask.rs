//! Handing lines to the guard of this pod, for whoever is elsewhere: its standard
//! input to the guard's socket, and the guard's answers to standard output.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::exit::Stop;
use crate::site::SCRATCH;

/// Both ways until one ends: the guard's answers, or the one who asks.
///
/// # Errors
/// No guard listens.
pub fn ask() -> Result<(), Stop> {
    let socket = Path::new(SCRATCH).join("guard.sock");
    let stream = UnixStream::connect(&socket).map_err(|error| {
        Stop::failed(format!("no guard answers at {}: {error}", socket.display()))
    })?;
    let to_guard = stream.try_clone().map_err(Stop::failed)?;
    std::thread::spawn(move || {
        // That he is gone is told to the guard, which may be tied to him.
        let _ = pass(&mut io::stdin().lock(), &mut &to_guard);
        let _ = to_guard.shutdown(Shutdown::Both);
    });
    pass(&mut &stream, &mut io::stdout().lock()).map_err(Stop::failed)
}

/// What comes is passed on as it comes.
fn pass(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut some = [0; 8 << 10];
    loop {
        match from.read(&mut some)? {
            0 => return Ok(()),
            read => {
                to.write_all(&some[..read])?;
                to.flush()?;
            }
        }
    }
}
