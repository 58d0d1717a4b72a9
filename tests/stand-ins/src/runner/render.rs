//! Templates, and what else Go's own library knows best: `renderer/main.go`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use slackwater_lab::kubernetes::go_program;

use crate::StandInError;

const SOURCES: [(&str, &str); 4] = [
    ("main.go", include_str!("../../renderer/main.go")),
    ("wait.go", include_str!("../../renderer/wait.go")),
    ("go.mod", include_str!("../../renderer/go.mod")),
    ("go.sum", include_str!("../../renderer/go.sum")),
];

/// See the module.
pub struct Renderer {
    program: PathBuf,
}

impl Renderer {
    /// Builds it, or finds it built.
    ///
    /// # Errors
    /// Go can't.
    pub fn build() -> Result<Self, StandInError> {
        let told = "building what renders blueprints (a minute of processor time, once)";
        let program = go_program("renderer", &SOURCES, "-s -w", told)?;
        Ok(Self { program })
    }

    /// The value with every string in it rendered, or why it can't be.
    pub(super) fn render(&self, params: &Value, value: &Value) -> Result<Value, String> {
        self.ask(&json!({"params": params, "value": value}))
    }

    /// What becomes of each of these texts, or why nothing does.
    ///
    /// # Errors
    /// It can't be asked.
    pub fn each(
        &self,
        params: &Value,
        texts: &[String],
    ) -> Result<Vec<Result<String, String>>, StandInError> {
        let answer = self.ask(&json!({"params": params, "texts": texts}));
        let answer = answer.map_err(StandInError::Blueprint)?;
        let each = answer.as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(each
            .map(|one| match one["error"].is_null() {
                true => Ok(text(&one["text"])),
                false => Err(text(&one["error"])),
            })
            .collect())
    }

    /// What a condition of WaitV2's prints of an object.
    pub(super) fn printed(&self, object: &Value, condition: &str) -> Result<String, String> {
        let printed = self.ask(&json!({"object": object, "condition": condition}))?;
        Ok(printed.as_str().unwrap_or_default().to_owned())
    }

    /// A span of time, as Go reads it.
    pub(super) fn duration(&self, text: &str) -> Result<Duration, String> {
        let millis = self.ask(&json!({"duration": text}))?;
        Ok(Duration::from_millis(millis.as_u64().unwrap_or_default()))
    }

    fn ask(&self, asked: &Value) -> Result<Value, String> {
        let words = |error: std::io::Error| format!("can't render: {error}");
        let mut renderer = Command::new(&self.program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(words)?;
        if let Some(mut stdin) = renderer.stdin.take() {
            let written = stdin.write_all(asked.to_string().as_bytes());
            written.map_err(words)?;
        }
        let ended = renderer.wait_with_output().map_err(words)?;
        match ended.status.success() {
            true => serde_json::from_slice(&ended.stdout).map_err(|error| error.to_string()),
            false => Err(String::from_utf8_lossy(&ended.stderr).trim().to_owned()),
        }
    }
}
