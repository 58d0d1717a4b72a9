//! Builds the phases' crates, turns each into a component and writes it with
//! its digest. The only writer of `target/wasm-actions`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wit_component::ComponentEncoder;

use crate::command;
use crate::error::Error;
use crate::files;
use crate::project::Project;
use crate::wasm::toolchain::Toolchain;
use crate::wasm::way::{self, StdChoice, Way};
use crate::wasm::{EXAMPLES, PHASES, TARGET, remap, sysroot};

/// The components of one build.
#[derive(Debug)]
pub(crate) struct Built {
    /// The way that was taken to the standard library.
    pub(crate) way: Way,
    /// Phase to the SHA-256 of its component, in hexadecimal.
    pub(crate) digests: BTreeMap<&'static str, String>,
    std_line: String,
    dir: PathBuf,
}

impl Built {
    /// Shows the digests in the form of `sha256sum`.
    pub(crate) fn print(&self) {
        eprintln!("    {}", self.std_line);
        for (phase, digest) in &self.digests {
            println!("{digest}  {}", self.dir.join(file_name(phase)).display());
        }
    }
}

/// Builds all components. Cargo sees what changed; files whose bytes stay the
/// same are not touched.
pub(crate) fn build(project: &Project, choice: Option<StdChoice>) -> Result<Built, Error> {
    let toolchain = Toolchain::of(project)?;
    let way = way::find(project, &toolchain, choice)?;
    let modules = compile(project, &toolchain, &way)?;
    let dir = project.wasm_dir();
    let mut digests = BTreeMap::new();
    for phase in all() {
        let module = modules.join(format!("slackwater_{}.wasm", phase.replace('-', "_")));
        let component = componentize(phase, &module)?;
        let digest = hex(&Sha256::digest(&component));
        files::write_if_changed(&dir.join(file_name(phase)), &component)?;
        let line = format!("{digest}  {}\n", file_name(phase));
        files::write_if_changed(&dir.join(format!("{phase}.sha256")), line.as_bytes())?;
        digests.insert(phase, digest);
    }
    let std_line = format!("std: {}", way.name());
    let std = format!("{std_line}\nrustc: {}\n", toolchain.version);
    files::write_if_changed(&dir.join("std.txt"), std.as_bytes())?;
    Ok(Built {
        way,
        digests,
        std_line,
        dir,
    })
}

/// The names of all components.
fn all() -> impl Iterator<Item = &'static str> {
    PHASES.into_iter().chain(EXAMPLES)
}

/// Runs cargo and gives the directory with the core modules.
fn compile(project: &Project, toolchain: &Toolchain, way: &Way) -> Result<PathBuf, Error> {
    // A directory of its own a way: flags that differ would make each build
    // throw the other's away.
    let target = project.target.join("wasm-build").join(way.directory());
    let mut remap = remap::Prefixes::of(project, &target)?;
    let mut cargo = project.pure_cargo();
    cargo.args(["build", "--profile", "wasm", "--target", TARGET]);
    for phase in all() {
        cargo.arg("--package").arg(format!("slackwater-{phase}"));
    }
    if project.home.is_some() {
        cargo.args(["--offline", "--locked"]);
    }
    remap.add(
        &toolchain.sysroot.join("lib/rustlib/src/rust"),
        &toolchain.virtual_source(),
    );
    if let Way::BuildStd(source) = way {
        let sysroot = sysroot::write(&target.join("sysroot"), toolchain, source)?;
        remap.add(&source.tree, &toolchain.virtual_source());
        remap.add(&sysroot.source, &toolchain.virtual_source());
        // `panic_abort` because the profile aborts, and Cargo builds only
        // what it is told.
        cargo
            .args(["-Z", "build-std=std,panic_abort"])
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTC", &sysroot.rustc);
    }
    cargo
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_ENCODED_RUSTFLAGS", remap.flags());
    command::run(&mut cargo)?;
    Ok(target.join(TARGET).join("wasm"))
}

fn componentize(phase: &'static str, module: &Path) -> Result<Vec<u8>, Error> {
    let bytes = fs::read(module).map_err(Error::io("read", module))?;
    ComponentEncoder::default()
        .validate(true)
        .module(&bytes)
        .and_then(ComponentEncoder::encode)
        .map_err(|error| Error::Componentize {
            phase,
            reason: format!("{error:#}"),
        })
}

fn file_name(phase: &str) -> String {
    format!("{phase}.component.wasm")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_lower_case_hexadecimal_with_every_digit() {
        assert_eq!(hex(&[0, 10, 255]), "000aff");
    }

    #[test]
    fn what_is_no_module_is_refused_with_the_name_of_its_phase() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.wasm");
        fs::write(&path, b"not wasm").unwrap();
        let error = componentize("await-drain", &path).unwrap_err();
        assert!(error.to_string().contains("phase await-drain"), "{error}");
    }
}
