//! What can go wrong in `cargo xtask`, and what to do about it.

use std::path::{Path, PathBuf};

/// Each message names the thing and, where there is one, the remedy.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Image(#[from] slackwater_image::ImageError),
    #[error("can't {act} {path}: {source}")]
    Io {
        act: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("can't start `{command}`: {source}")]
    Start {
        command: String,
        source: std::io::Error,
    },
    #[error("`{command}` failed ({status}){said}")]
    Failed {
        command: String,
        status: String,
        said: String,
    },
    #[error("`{command}` did not end within {seconds} s and was stopped")]
    TooLong { command: String, seconds: u64 },
    #[error("`{command}` said something unexpected: {what}")]
    Unexpected { command: String, what: String },
    #[error("no home directory: set SLACKWATER_CACHE")]
    NoHome,
    #[error(
        "the disk of {path} has {free} free, and {needed} are needed: make room there, or set {elsewhere} to a directory on another disk"
    )]
    NoRoom {
        path: PathBuf,
        free: String,
        needed: String,
        elsewhere: &'static str,
    },
    #[error("no program named {0} was built")]
    NotBuilt(String),
    #[error(
        "these packages are missing, and only root may install them; run\n    {command}\nand then this again"
    )]
    MissingPackages { command: String },
    #[error(
        "this mounts file systems and makes network namespaces, and needs root; run it as root, or with --no-root to leave that part out"
    )]
    NeedsRoot,
    #[error("phase {phase} can't be made a component: {reason}")]
    Componentize { phase: &'static str, reason: String },
    #[error(
        "no standard library for wasm32-unknown-unknown in {sysroot}; run `rustup target add wasm32-unknown-unknown`, or use --std build-std"
    )]
    NoTarget { sysroot: PathBuf },
    #[error("no way to a standard library for wasm32-unknown-unknown: {tried}")]
    NoWay { tried: String },
    #[error(
        "no Debian mirror in /etc/apt/sources.list or /etc/apt/sources.list.d to fetch the sources of the standard library from"
    )]
    NoMirror,
    #[error("{suite} has no rust-src {release}; it has: {found}")]
    NoSource {
        suite: &'static str,
        release: String,
        found: String,
    },
    #[error("not reproducible, these differ between two directories and homes: {}", .0.join(", "))]
    NotReproducible(Vec<String>),
    #[error("out of date: {}; run `cargo xtask generate`", .0.join(", "))]
    OutOfDate(Vec<String>),
    #[error("{0} has not one row for each long test: run `cargo xtask results`")]
    ResultsOutOfDate(&'static str),
    #[error("not tidy:\n{}", .0.join("\n"))]
    NotTidy(Vec<String>),
    #[error("no test has {} in its name", .0.join(" or "))]
    NoSuchTest(Vec<String>),
    #[error("no fuzz target is called {target}; there are: {}", .known.join(", "))]
    NoSuchTarget { target: String, known: Vec<String> },
    #[error(
        "the fuzzer found something:\n{said}\nrun only this again with\n    cargo xtask fuzz {target} --input {input}"
    )]
    FuzzerFound {
        target: String,
        said: String,
        input: String,
    },
    #[error("{0} schedules of the simulation break an invariant")]
    Broken(u64),
    #[error("{0} faults befell a step in no schedule: see \"nothing tried\" above")]
    Untried(u64),
    #[error("no seed caught these mutants: {}", .0.join(", "))]
    MutantsLive(Vec<String>),
    #[error("these test programs failed: {}", .0.join(", "))]
    TestsFailed(Vec<String>),
}

impl Error {
    /// For `map_err`: the act as a verb ("read"), the path that it was on.
    pub(crate) fn io(act: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { act, path, source }
    }
}
