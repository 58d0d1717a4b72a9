//! Free ports for one lab: a block of consecutive ones, held by a lock file
//! for as long as the lab lives, so that labs side by side never meet. Binds
//! each port once to see that nobody else has it.

use std::fs::{File, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;

use rustix::fs::FlockOperation;

use crate::error::LabError;

/// Below the kernel's ephemeral range (32768 and up), so that no client's
/// outgoing connection can take a port between the choice and its use.
const LOW: u16 = 20_000;
/// The end of the range, exclusive.
const HIGH: u16 = 32_000;
/// Ports a lab: two for the source, six for the mirror, one for Connect, and
/// some to spare for a second worker.
pub(crate) const BLOCK: u16 = 16;

/// A block of ports on 127.0.0.1. Dropping it lets others have it.
#[derive(Debug)]
pub(crate) struct PortBlock {
    first: u16,
    _lock: File,
}

impl PortBlock {
    /// Takes the first block of which every port is free.
    pub(crate) fn take() -> Result<Self, LabError> {
        let locks = lock_directory()?;
        let start = (std::process::id() % u32::from((HIGH - LOW) / BLOCK)) as u16;
        let blocks = (HIGH - LOW) / BLOCK;
        for step in 0..blocks {
            let first = LOW + (start + step) % blocks * BLOCK;
            let path = locks.join(first.to_string());
            let Ok(lock) = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path)
            else {
                continue;
            };
            if rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
                continue;
            }
            if (first..first + BLOCK).all(is_free) {
                return Ok(Self { first, _lock: lock });
            }
        }
        Err(LabError::NoPorts {
            count: BLOCK,
            low: LOW,
            high: HIGH,
        })
    }

    /// The `n`th port of the block.
    pub(crate) fn port(&self, n: u16) -> u16 {
        debug_assert!(n < BLOCK, "a lab has {BLOCK} ports");
        self.first + n
    }

    /// The block's own number, from 0 on.
    pub(crate) fn number(&self) -> u16 {
        (self.first - LOW) / BLOCK
    }
}

/// One a user: files of another's can't be locked.
fn lock_directory() -> Result<PathBuf, LabError> {
    let uid = rustix::process::geteuid().as_raw();
    let path = std::env::temp_dir().join(format!("slackwater-ports-{uid}"));
    std::fs::create_dir_all(&path).map_err(LabError::io("create", &path))?;
    Ok(path)
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_labs_never_get_the_same_ports() {
        let one = PortBlock::take().unwrap();
        let two = PortBlock::take().unwrap();
        assert_ne!(one.port(0), two.port(0));
    }

    #[test]
    fn a_block_with_a_taken_port_is_passed_over() {
        let first = PortBlock::take().unwrap();
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, first.port(3))).unwrap();
        let at = first.port(0);
        drop(first);
        let second = PortBlock::take().unwrap();
        assert_ne!(second.port(0), at);
        drop(taken);
    }
}
