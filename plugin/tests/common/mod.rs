//! The program as it is typed, at the root of the project.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

/// With this as its standard input.
pub(crate) fn typed(words: &[&str], input: &str) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_slackwater"))
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = program.stdin.take().unwrap();
    // Refused before it is read, it may be gone.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    program.wait_with_output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
