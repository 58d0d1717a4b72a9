//! Templates, by Go's own engine: `renderer/main.go`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use slackwater_lab::kubernetes::go_program;

use crate::StandInError;

const SOURCES: [(&str, &str); 3] = [
    ("main.go", include_str!("../../renderer/main.go")),
    ("go.mod", include_str!("../../renderer/go.mod")),
    ("go.sum", include_str!("../../renderer/go.sum")),
];

/// See the module.
pub(super) struct Renderer {
    program: PathBuf,
}

impl Renderer {
    pub(super) fn build() -> Result<Self, StandInError> {
        let told = "building what renders blueprints (a minute of processor time, once)";
        let program = go_program("renderer", &SOURCES, "-s -w", told)?;
        Ok(Self { program })
    }

    /// The value with every string in it rendered, or why it can't be.
    pub(super) fn render(&self, params: &Value, value: &Value) -> Result<Value, String> {
        let words = |error: std::io::Error| format!("can't render: {error}");
        let mut renderer = Command::new(&self.program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(words)?;
        let asked = json!({"params": params, "value": value}).to_string();
        if let Some(mut stdin) = renderer.stdin.take() {
            stdin.write_all(asked.as_bytes()).map_err(words)?;
        }
        let ended = renderer.wait_with_output().map_err(words)?;
        match ended.status.success() {
            true => serde_json::from_slice(&ended.stdout).map_err(|error| error.to_string()),
            false => Err(String::from_utf8_lossy(&ended.stderr).trim().to_owned()),
        }
    }
}
