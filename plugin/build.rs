//! Finds the phases' components, which the program carries in itself.

use std::path::{Path, PathBuf};
use std::{env, fs};

const PHASES: [&str; 6] = [
    "quiesce-mirror",
    "await-drain",
    "snapshot-partitions",
    "snapshot-hot",
    "validate-head",
    "resume-mirror",
];

fn main() {
    println!("cargo::rerun-if-env-changed=SLACKWATER_WASM_DIR");
    let dir = env::var_os("SLACKWATER_WASM_DIR").map_or_else(beside_the_build, PathBuf::from);
    let mut code = String::new();
    for phase in PHASES {
        let file = dir.join(format!("{phase}.component.wasm"));
        println!("cargo::rerun-if-changed={}", file.display());
        if !file.is_file() {
            println!(
                "cargo::error={} is not there: run `cargo xtask wasm` first",
                file.display()
            );
            return;
        }
        code += &format!(
            "({phase:?}, include_bytes!({:?}) as &[u8]),\n",
            file.display().to_string()
        );
    }
    let std = fs::read_to_string(dir.join("std.txt")).unwrap_or_else(|_| "unknown\n".to_owned());
    println!("cargo::rerun-if-changed={}", dir.join("std.txt").display());
    println!(
        "cargo::rustc-env=SLACKWATER_WASM_STD={}",
        std.trim().replace('\n', "; ")
    );
    let out = Path::new(&env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("components.rs");
    fs::write(out, format!("[\n{code}]")).expect("cargo's own directory can be written");
}

/// `target/wasm-actions`, from `target/<profile>/build/<crate>/out`.
fn beside_the_build() -> PathBuf {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    out.ancestors()
        .nth(4)
        .map_or_else(PathBuf::new, |target| target.join("wasm-actions"))
}
