//! The folder that an image lies in, and the archive of it.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tar::Builder;

use crate::config::ARCHITECTURE;
use crate::layer::digest;
use crate::{Config, ImageError, Layer};

/// An image on its way into a folder.
pub struct Layout {
    folder: PathBuf,
    layers: Vec<(String, u64)>,
}

/// An image that is whole.
#[derive(Debug, Clone)]
pub struct Written {
    folder: PathBuf,
    /// Of its manifest: `sha256:…`.
    pub digest: String,
}

impl Layout {
    /// In this folder, which is made anew.
    ///
    /// # Errors
    /// It can't be made.
    pub fn create(folder: &Path) -> Result<Self, ImageError> {
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(ImageError::io("remove", folder))?;
        }
        let blobs = folder.join("blobs/sha256");
        fs::create_dir_all(&blobs).map_err(ImageError::io("create", &blobs))?;
        Ok(Self {
            folder: folder.to_owned(),
            layers: Vec::new(),
        })
    }

    /// Adds a layer over those that there are.
    ///
    /// # Errors
    /// What filling it gives; it can't be written.
    pub fn layer(
        &mut self,
        fill: impl FnOnce(&mut Layer) -> Result<(), ImageError>,
    ) -> Result<(), ImageError> {
        let mut layer = Layer::create(self.folder.join("layer"))?;
        fill(&mut layer)?;
        let (path, digest, size) = layer.finish()?;
        let blob = self.blob(&digest);
        fs::rename(&path, &blob).map_err(ImageError::io("move it to", &blob))?;
        self.layers.push((digest, size));
        Ok(())
    }

    /// Writes what is left, under these names (`slackwater.io/slackwater:0.1.0`).
    ///
    /// # Errors
    /// It can't be written.
    pub fn finish(self, config: &Config, names: &[&str]) -> Result<Written, ImageError> {
        let contents: Vec<String> = self
            .layers
            .iter()
            .map(|(digest, _)| format!("sha256:{digest}"))
            .collect();
        let (config, config_size) = self.write(&config.json(&contents))?;
        let layers: Vec<Value> = self
            .layers
            .iter()
            .map(|(digest, size)| {
                let kind = "application/vnd.oci.image.layer.v1.tar";
                descriptor(kind, digest, *size)
            })
            .collect();
        let manifest_type = "application/vnd.oci.image.manifest.v1+json";
        let config_type = "application/vnd.oci.image.config.v1+json";
        let (manifest, manifest_size) = self.write(&json!({
            "schemaVersion": 2,
            "mediaType": manifest_type,
            "config": descriptor(config_type, &config, config_size),
            "layers": layers,
        }))?;
        let manifests: Vec<Value> = names
            .iter()
            .map(|name| {
                let mut one = descriptor(manifest_type, &manifest, manifest_size);
                one["platform"] = json!({"architecture": ARCHITECTURE, "os": "linux"});
                // The first is containerd's, the second the specification's.
                one["annotations"] = json!({
                    "io.containerd.image.name": name,
                    "org.opencontainers.image.ref.name": tag(name),
                });
                one
            })
            .collect();
        let index = json!({"schemaVersion": 2, "manifests": manifests});
        self.put("index.json", index.to_string().as_bytes())?;
        self.put("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        Ok(Written {
            folder: self.folder,
            digest: format!("sha256:{manifest}"),
        })
    }

    fn write(&self, value: &Value) -> Result<(String, u64), ImageError> {
        let text = value.to_string();
        let digest = digest(Sha256::new_with_prefix(&text));
        self.put(&format!("blobs/sha256/{digest}"), text.as_bytes())?;
        Ok((digest, text.len() as u64))
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), ImageError> {
        let path = self.folder.join(name);
        fs::write(&path, bytes).map_err(ImageError::io("write", &path))
    }

    fn blob(&self, digest: &str) -> PathBuf {
        self.folder.join("blobs/sha256").join(digest)
    }
}

impl Written {
    /// Where it lies.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes it into one file.
    ///
    /// # Errors
    /// It can't be written.
    pub fn archive(&self, path: &Path) -> Result<(), ImageError> {
        let writing = || ImageError::io("write", path);
        let file = File::create(path).map_err(writing())?;
        let mut tar = Builder::new(BufWriter::new(file));
        for name in ["oci-layout", "index.json", "blobs"] {
            let source = self.folder.join(name);
            let added = match source.is_dir() {
                true => tar.append_dir_all(name, &source),
                false => tar.append_path_with_name(&source, name),
            };
            added.map_err(writing())?;
        }
        let inner = tar.into_inner().map_err(writing())?;
        let file = inner.into_inner().map_err(|error| error.into_error());
        file.and_then(|file| file.sync_all()).map_err(writing())
    }
}

fn descriptor(kind: &str, digest: &str, size: u64) -> Value {
    json!({"mediaType": kind, "digest": format!("sha256:{digest}"), "size": size})
}

/// What follows the last colon that is no port's.
fn tag(name: &str) -> &str {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.split_once(':').map_or("latest", |(_, tag)| tag)
}
