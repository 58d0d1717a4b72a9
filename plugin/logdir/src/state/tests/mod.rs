//! Tests of the whole: records in, a table out.

mod encode;
mod kafka;
mod offsets;
mod transactions;

use super::{Malformed, StateError};

/// Why a record is malformed.
fn why(error: StateError) -> Malformed {
    match error {
        StateError::Malformed { why, .. } => why,
        other => panic!("{other}"),
    }
}
