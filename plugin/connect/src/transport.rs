//! What carries a request to a Connect cluster's REST, and its answer back.

use std::fmt;
use std::time::Duration;

/// Largest answer that is read. 10,000 partitions take 2 MiB in a list of
/// tasks and less in a list of offsets.
pub const MAX_BODY: u64 = 64 << 20;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Looks.
    Get,
    /// Tells, without a body.
    Put,
}

/// One request.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// What is done.
    pub verb: Verb,
    /// From the root of the REST on: `/connectors`. Encoded.
    pub path: &'a str,
    /// For all of it.
    pub most: Duration,
}

/// An answer, whatever it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP's.
    pub status: u16,
    /// At most one byte more than [`MAX_BODY`], which tells that there was more.
    pub body: Vec<u8>,
}

/// No answer, or the end of one before it was whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unanswered {
    /// The time was over.
    Timeout,
    /// Something answered that speaks no HTTP.
    NoHttp(String),
    /// Nobody was there, or went away.
    Unreachable(String),
}

/// See the module. It retries nothing: a stop is not to be sent twice.
pub trait Transport: Send + Sync {
    /// Carries one request.
    ///
    /// # Errors
    /// No answer.
    fn call(&self, call: Call<'_>) -> Result<Reply, Unanswered>;
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "GET",
            Self::Put => "PUT",
        })
    }
}
