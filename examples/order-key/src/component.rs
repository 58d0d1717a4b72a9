//! What the component exports: the world `order-key` in `wit/`.
//!
//! The only place of this crate that may be unsafe: the canonical ABI passes
//! pointers into the component's memory.
#![allow(unsafe_code, reason = "generated from wit/")]

wit_bindgen::generate!({
    path: "../../wasm-actions/wit",
    world: "order-key",
});

struct Component;

impl Guest for Component {
    fn sequence(message: Message) -> Option<u64> {
        crate::number(&message.value?)
    }
}

export!(Component);
