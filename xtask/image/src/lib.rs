//! Container images written without a daemon: layers of files, and the OCI
//! layout around them (image-spec 1.1, `image-layout.md`), which `skopeo`,
//! `podman load`, `docker load` and `ctr images import` take.
//!
//! Reads the files that it is given and writes where it is told; asks nobody.
//! The same files give the same bytes: no times, no owners but those that are
//! said.

mod config;
mod error;
mod layer;
mod layout;

pub use config::Config;
pub use error::ImageError;
pub use layer::Layer;
pub use layout::{Layout, Written};
