//! C strings, copied.

use std::ffi::{CStr, c_char};

/// A copy of a C string; empty for a null pointer. What is not UTF-8 is
/// replaced: names of topics and hosts are ASCII (Kafka's `Topic.validate`).
///
/// # Safety
/// `text` is null or points to a NUL-terminated string that lives during the
/// call.
pub(super) unsafe fn copied(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: not null; the caller vouches for the rest.
    unsafe { CStr::from_ptr(text) }
        .to_string_lossy()
        .into_owned()
}

/// A slice over a C array, empty for a null pointer.
///
/// # Safety
/// `first` is null or points to `count` elements that live for `'a` and are
/// not written meanwhile.
pub(super) unsafe fn slice<'a, T>(first: *const T, count: usize) -> &'a [T] {
    if first.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: not null; the caller vouches for the rest.
    unsafe { std::slice::from_raw_parts(first, count) }
}
