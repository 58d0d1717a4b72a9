//! What an order key may use up.

/// Units of fuel for one record: about one for each instruction. One that looks at
/// each byte of the largest record that is ever decoded, 64 MiB, with ten
/// instructions, stays below it. Compiled code burns about 10^10 units a second, so that a key which loops ends
/// within the second at the first record that makes it loop.
pub(super) const FUEL: u64 = 1_000_000_000;

/// Bytes of all its memories together. The largest record is copied in once, and
/// again where a key makes text or a tree of it. There is one instance for each core
/// that reads, sixteen at most. What a key never gives back piles up over millions of
/// records, and ends here, too.
pub(super) const MEMORY_BYTES: usize = 256 << 20;
