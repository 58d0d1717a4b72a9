//! Container images written without a daemon: layers of files, and the OCI
//! layout around them (image-spec 1.1, `image-layout.md`), which `skopeo`,
//! `podman load`, `docker load` and `ctr images import` take.
//!
//! Reads the files that it is given and writes where it is told; asks nobody but
//! `ldd`.
//! The same files give the same bytes: no times, no owners but those that are
//! said.

mod config;
mod error;
mod layer;
mod layout;
mod libraries;
mod program;

pub use config::Config;
pub use error::ImageError;
pub use layer::Layer;
pub use layout::{Layout, Written};
pub use libraries::libraries;
pub use program::image_of;
