//! A digest over the batches of a log, in their order.

use sha2::{Digest as _, Sha256};
use slackwater_ports::Digest128;

use crate::batch::BatchHeader;

/// Over base offset, last offset, leader epoch and CRC of each batch. The CRC
/// stands for what it covers, and that was checked; base offset and epoch,
/// which a broker writes into a batch, stand outside of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rolling {
    sha: Sha256,
}

impl Rolling {
    pub(crate) fn add(&mut self, header: &BatchHeader) {
        let mut line = [0; 24];
        line[..8].copy_from_slice(&header.base_offset.to_be_bytes());
        line[8..16].copy_from_slice(&header.last_offset.to_be_bytes());
        line[16..20].copy_from_slice(&header.leader_epoch.to_be_bytes());
        line[20..].copy_from_slice(&header.crc.to_be_bytes());
        self.sha.update(line);
    }

    pub(crate) fn finish(self) -> Digest128 {
        let full = self.sha.finalize();
        let mut cut = [0; 16];
        cut.copy_from_slice(&full[..16]);
        Digest128(u128::from_be_bytes(cut))
    }
}
