//! A sysroot of links: the host's part of the real toolchain, and sources of
//! the standard library beside it, where `-Z build-std` looks for them. The
//! toolchain itself, which may be shared or read-only, stays as it is.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::files;
use crate::wasm::debian_source::Source;
use crate::wasm::toolchain::Toolchain;

/// What cargo needs of it.
#[derive(Debug)]
pub(crate) struct Sysroot {
    /// A compiler that takes this sysroot for its own.
    pub(crate) rustc: PathBuf,
    /// The sources as seen through it.
    pub(crate) source: PathBuf,
}

/// Writes it into `dir`; what is right already is left alone, so that cargo
/// sees no new compiler.
pub(crate) fn write(dir: &Path, toolchain: &Toolchain, source: &Source) -> Result<Sysroot, Error> {
    let rustlib = dir.join("lib/rustlib");
    let source_link = rustlib.join("src/rust");
    link(
        &toolchain.sysroot.join("lib/rustlib").join(&toolchain.host),
        &rustlib.join(&toolchain.host),
    )?;
    link(&source.tree, &source_link)?;
    let rustc = dir.join("bin/rustc");
    // Cargo asks a compiler for its version again only when its file changes:
    // an updated toolchain must change the script.
    let script = format!(
        "#!/bin/sh\n# {}\nexec {} --sysroot {} \"$@\"\n",
        toolchain.version,
        quoted(&toolchain.sysroot.join("bin/rustc")),
        quoted(dir)
    );
    files::write_if_changed(&rustc, script.as_bytes())?;
    fs::set_permissions(&rustc, fs::Permissions::from_mode(0o755))
        .map_err(Error::io("make runnable", &rustc))?;
    Ok(Sysroot {
        rustc,
        source: source_link,
    })
}

fn link(to: &Path, at: &Path) -> Result<(), Error> {
    if fs::read_link(at).is_ok_and(|now| now == to) {
        return Ok(());
    }
    if let Some(dir) = at.parent() {
        fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
    }
    if at.is_symlink() {
        fs::remove_file(at).map_err(Error::io("remove", at))?;
    }
    symlink(to, at).map_err(Error::io("link", at))
}

/// For the shell: in single quotes, each of its own written as `'\''`.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_survives_the_shell() {
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }

    #[test]
    fn a_link_to_another_place_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("deep/link");
        for to in ["/one", "/two", "/two"] {
            link(Path::new(to), &at).unwrap();
            assert_eq!(fs::read_link(&at).unwrap(), Path::new(to));
        }
    }
}
