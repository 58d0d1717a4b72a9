//! How a container of an image is started.

use serde_json::{Value, json};

/// The machine that images are for: the one that they are written on.
pub(crate) const ARCHITECTURE: &str = match cfg!(target_arch = "aarch64") {
    true => "arm64",
    false => "amd64",
};

/// See the module (image-spec's `config.md`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The command line, its program first.
    pub entrypoint: Vec<String>,
    /// `KEY=value`
    pub environment: Vec<String>,
    /// `uid:gid`; root where it is empty.
    pub user: String,
    /// Where it starts; `/` where it is empty.
    pub directory: String,
    /// What tools show of it.
    pub labels: Vec<(String, String)>,
}

impl Config {
    /// As it is stored, with the digests of the layers' contents.
    pub(crate) fn json(&self, layers: &[String]) -> Value {
        let directory = match self.directory.as_str() {
            "" => "/",
            directory => directory,
        };
        let labels: serde_json::Map<String, Value> = self
            .labels
            .iter()
            .map(|(key, value)| (key.clone(), value.as_str().into()))
            .collect();
        json!({
            "architecture": ARCHITECTURE,
            "os": "linux",
            "config": {
                "Entrypoint": self.entrypoint,
                "Env": self.environment,
                "User": self.user,
                "WorkingDir": directory,
                "Labels": labels,
            },
            "rootfs": {"type": "layers", "diff_ids": layers},
        })
    }
}
