//! The Kubernetes side of the ports: run documents in ConfigMaps, Strimzi's
//! resources that stop a mirror and put it back, commands in its pods,
//! VolumeSnapshots of its claims, the lease of who may do so, and events that
//! tell of it.
//!
//! Gathers and acts; decides nothing of what a backup is. May talk to the API
//! server, and waits for it [`REQUEST_LIMIT`] a request, and a second. Objects
//! are read as JSON into views of our own. Others' objects are only patched, so
//! that what this program does not know stays in them; its own are replaced.

mod attach_limits;
mod brokers;
mod clock;
mod contents;
mod document;
mod elsewhere;
mod error;
mod events;
mod exec;
mod flush_command;
mod flush_errors;
mod hold;
mod k10;
mod labels;
mod lease;
mod let_go;
mod makers;
mod mirror;
mod mirror_found;
mod mirror_left;
mod operator;
mod others_snapshots;
mod place;
mod pods;
mod quota;
mod read_claims;
mod restore;
mod rights;
mod runs;
mod runs_error;
mod sealed_claims;
mod server;
mod shell;
mod snapshots;
mod started;
mod surroundings;
mod talk;
mod volumes;
mod window;
mod workers;

pub use attach_limits::{AttachError, must_attach};
pub use brokers::BrokerPods;
pub use document::{MOST_PARTS, PART_BYTES};
pub use elsewhere::ElsewhereError;
pub use error::ApiError;
pub use events::{About, Events, MOST_NOTE, Reason};
pub use exec::{ExecError, Pods};
pub use flush_command::is_told_by_kernel;
pub use flush_errors::FlushErrors;
pub use hold::{BY_HAND, HOLDER, Hold, HoldError, Holds};
pub use k10::{DeniedByMirror, K10Mirror, K10Objects, K10Work, k10_account, k10_objects};
pub use lease::{Attempt, LeaseError, MirrorLease, Notes, SeenLease};
pub use makers::{Makers, MakersError};
pub use mirror::{StrimziMirror, Way};
pub use mirror_found::MirrorError;
pub use others_snapshots::{BoundSnapshots, OthersSnapshots, Stored};
pub use place::{Place, Resource};
pub use quota::{Needs, QuotaError, claim_like, must_fit};
pub use read_claims::{ReadClaims, ReadClaimsError};
pub use restore::{
    InPlace, Keeper, Kept, KeptContent, KeptPool, KeptVolumes, NOTE as RESTORE_NOTE, Origin,
    OthersContent, Own, Proven, RestoreError, Target, ToKeep, about_name, gather,
};
pub use rights::{Right, must_be_allowed, rights_of_apart, rights_of_backup, rights_of_guard};
pub use runs::{ConfigMapRun, ConfigMapRuns, Describe, Marks};
pub use runs_error::RunsError;
pub use sealed_claims::{SealedClaim, SealedClaims};
pub use server::{ApiServer, MOST_OBJECTS, REQUEST_LIMIT};
pub use shell::Shell;
pub use snapshots::{ClaimSnapshots, LASTING, SnapshotsError};
pub use talk::Talk;
pub use volumes::{ClaimVolume, VolumesError, driver, snapshot_classes};
pub use workers::{CONTAINER, Home, Job, Program, WorkerError, Workers};
