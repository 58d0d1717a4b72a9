//! A component as bytes, known by its digest.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::HostError;

/// Bytes of a component. Ours have a few hundred KiB.
pub const MAX_COMPONENT_BYTES: usize = 16 << 20;

/// Hex digits of a SHA-256.
const DIGEST_DIGITS: usize = 64;

/// A component: the bytes and their digest. It was not looked into yet.
#[derive(Clone)]
pub struct PhaseComponent {
    bytes: Cow<'static, [u8]>,
    sha256: String,
}

impl std::fmt::Debug for PhaseComponent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "PhaseComponent({}, {} bytes)",
            self.sha256,
            self.bytes.len()
        )
    }
}

impl PhaseComponent {
    /// Takes bytes, for example those that the program carries.
    ///
    /// # Errors
    /// `Invalid` where there are more than [`MAX_COMPONENT_BYTES`].
    pub fn load(bytes: impl Into<Cow<'static, [u8]>>) -> Result<Self, HostError> {
        let bytes = bytes.into();
        if bytes.len() > MAX_COMPONENT_BYTES {
            return Err(HostError::Invalid {
                why: format!("it has more than {MAX_COMPONENT_BYTES} bytes"),
            });
        }
        let sha256 = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(Self { bytes, sha256 })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// `Read`, or those of [`PhaseComponent::load`].
    pub fn read(path: &Path) -> Result<Self, HostError> {
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| {
                file.take(MAX_COMPONENT_BYTES as u64 + 1)
                    .read_to_end(&mut bytes)
            })
            .map_err(|source| HostError::Read {
                path: path.to_owned(),
                source,
            })?;
        Self::load(bytes)
    }

    /// The SHA-256 of its bytes, as 64 lower-case hex digits.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The component's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Refuses it where `wanted` is another digest. `None` wants none.
    ///
    /// # Errors
    /// `NotADigest`, or `DigestMismatch`.
    pub fn require_digest(&self, wanted: Option<&str>) -> Result<(), HostError> {
        let Some(wanted) = wanted else { return Ok(()) };
        let plain = wanted.strip_prefix("sha256:").unwrap_or(wanted);
        if plain.len() != DIGEST_DIGITS || !plain.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(HostError::NotADigest(wanted.chars().take(80).collect()));
        }
        if plain.eq_ignore_ascii_case(&self.sha256) {
            Ok(())
        } else {
            Err(HostError::DigestMismatch {
                wanted: plain.to_ascii_lowercase(),
                found: self.sha256.clone(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_digest_than_the_required_one_is_refused_with_both_named() {
        let component = PhaseComponent::load(b"abc".as_slice()).unwrap();
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(component.sha256(), abc);
        component.require_digest(None).unwrap();
        component.require_digest(Some(abc)).unwrap();
        component.require_digest(Some(&abc.to_uppercase())).unwrap();
        component
            .require_digest(Some(&format!("sha256:{abc}")))
            .unwrap();

        let other = abc.replace('b', "c");
        let said = component
            .require_digest(Some(&other))
            .unwrap_err()
            .to_string();
        assert!(said.contains(abc) && said.contains(&other), "{said}");
        let short = component.require_digest(Some(&abc[1..]));
        assert!(matches!(short, Err(HostError::NotADigest(_))));
    }

    #[test]
    fn a_file_that_is_too_large_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("large.wasm");
        File::create(&path)
            .unwrap()
            .set_len(MAX_COMPONENT_BYTES as u64 + 1)
            .unwrap();
        let read = PhaseComponent::read(&path);
        assert!(matches!(read, Err(HostError::Invalid { .. })));
    }
}
