//! Generated from `wit/`, for every capability. A phase's linker gets those
//! that `grants` lists for it.
#![allow(
    missing_docs,
    unreachable_pub,
    reason = "generated from wit/, where each item has its comment"
)]

wasmtime::component::bindgen!({
    path: "../../wasm-actions/wit",
    world: "all-capabilities",
    imports: { default: trappable },
});
