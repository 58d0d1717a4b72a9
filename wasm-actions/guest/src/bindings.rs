//! Generated from `wit/`, for every capability. Public, so that the bindings
//! of a phase use these types and not copies of them.
//!
//! The only place of this crate that may be unsafe: the canonical ABI passes
//! pointers into the component's memory.
#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    reason = "generated from wit/, where each item has its comment"
)]

wit_bindgen::generate!({
    path: "../wit",
    world: "all-capabilities",
    // What only the exports of phases use.
    generate_unused_types: true,
});
