//! Generated from `wit/`, for the world `order-key`.
#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    reason = "generated from wit/, where each item has its comment"
)]

wasmtime::component::bindgen!({
    path: "../../wasm-actions/wit",
    world: "order-key",
    ownership: Borrowing { duplicate_if_necessary: false },
});
