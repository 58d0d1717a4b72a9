//! The example's component that numbers messages.

use std::env;
use std::path::{Path, PathBuf};

/// Where `cargo xtask wasm` has put it.
pub fn order_key() -> String {
    let dir = env::var_os("SLACKWATER_WASM_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/wasm-actions"),
        PathBuf::from,
    );
    dir.join("order-key.component.wasm").display().to_string()
}
