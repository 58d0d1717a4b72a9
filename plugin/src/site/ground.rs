//! What a mirror stands on: this machine, or a Kubernetes. All that differs
//! between the two is behind these traits; what is above them does not know
//! which it is.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use slackwater_ports::{
    BrokerAnswer, BrokerProcesses, BrokerStart, ConnectorPosition, MirrorLook, MirrorStart,
    MirrorStop, Seen, VolumeContent, VolumeFlush, VolumeSnapshot,
};
use slackwater_store::{Holder, LeaseState, RunId};

use super::Runs;
use crate::exit::Stop;

/// What feeds the mirror: seen, stopped, started, and asked where it is.
#[derive(Clone)]
pub struct Feeders {
    /// Looks.
    pub look: Arc<dyn MirrorLook + Send + Sync>,
    /// Stops; only the guard has it do so.
    pub stop: Arc<dyn MirrorStop + Send + Sync>,
    /// Starts.
    pub start: Arc<dyn MirrorStart + Send + Sync>,
    /// Tells what was committed.
    pub position: Arc<dyn ConnectorPosition + Send + Sync>,
}

/// See the module.
pub trait Ground: Send + Sync {
    /// Where run documents are.
    fn runs(&self) -> &Runs;
    /// Who holds the mirror.
    fn leases(&self) -> &dyn Leases;
    /// What feeds it.
    fn feeders(&self) -> &Feeders;
    /// The snapshots of a run; plain copies only where they are allowed.
    ///
    /// # Errors
    /// Volumes that can't be snapped so.
    fn volume_snapshot(
        &self,
        run: &RunId,
        plain_copy: bool,
    ) -> Result<Arc<dyn VolumeSnapshot + Send + Sync>, Stop>;
    /// What the snapshots of a run hold.
    ///
    /// # Errors
    /// As above.
    fn volume_content(
        &self,
        run: &RunId,
        plain_copy: bool,
    ) -> Result<Arc<dyn VolumeContent + Send + Sync>, Stop>;
    /// That there is room and leave for what a run makes, where it is seen before
    /// anything is stopped; with `reads` also for what reads it.
    ///
    /// # Errors
    /// There is none.
    fn has_room_and_leave(&self, reads: bool) -> Result<(), Stop>;
    /// Which process each broker is.
    fn broker_processes(&self) -> Arc<dyn BrokerProcesses + Send + Sync>;
    /// Starts brokers that were stopped.
    fn broker_start(&self) -> Arc<dyn BrokerStart + Send + Sync>;
    /// Has whoever may restart brokers leave them alone while the mirror is held; what
    /// starts the feeders ends it.
    ///
    /// # Errors
    /// Whoever it is does not.
    fn leave_brokers_alone(&self) -> Seen<()>;
    /// Whether they do so still, by one look.
    ///
    /// # Errors
    /// They do not; no answer.
    fn leaves_brokers_alone(&self) -> Seen<()>;
    /// Stops the brokers cleanly.
    ///
    /// # Errors
    /// They could not be asked.
    fn stop_brokers(&self, within: Duration) -> Seen<Vec<BrokerAnswer>>;
    /// Gets ready to flush the volumes, before anything is stopped.
    ///
    /// # Errors
    /// A volume that can't be flushed.
    fn open_flush(&self) -> Result<Box<dyn Flush>, Stop>;
    /// What flushes have told of the volumes, in this run and in others.
    fn flush_notes(&self) -> Box<dyn FlushNotes>;
    /// Where a guard that is started here listens.
    fn guard_socket(&self) -> PathBuf;
    /// Where a guard that runs here is, for a person.
    fn guard_note(&self) -> String;
    /// The way to this run's guard.
    fn guard_line(&self, run: &RunId) -> Arc<dyn Line>;
    /// What starts it.
    fn guard_launch(&self, run: &RunId, with: GuardWith) -> Box<dyn Launch>;
    /// Lets go of what is held by notes that nobody goes by any more: nobody holds
    /// the mirror, and no run is left behind. Whether there was something.
    ///
    /// # Errors
    /// It can't be let go.
    fn let_go(&self) -> Result<bool, Stop>;
    /// The lines by which a person lets the mirror run again without this program,
    /// as it is held now.
    ///
    /// # Errors
    /// They can't be told.
    fn by_hand(&self) -> Result<Vec<String>, Stop>;
    /// Has what a run's snapshots stand for outlive what they are of.
    ///
    /// # Errors
    /// It may not.
    fn retain(&self, run: &RunId) -> Result<(), Stop>;
    /// Whether the backup of a closed run is kept as [`Ground::keep`] does.
    ///
    /// # Errors
    /// No answer.
    fn is_kept(&self, run: &RunId) -> Result<bool, Stop>;
    /// Has the backup of a closed run outlive what it is of.
    ///
    /// # Errors
    /// What could not be kept so.
    fn keep(&self, run: &RunId) -> Result<(), Stop>;
    /// Tells whoever looks at the mirror what became of a run. Nobody fails for
    /// it.
    fn tell(&self, run: &RunId, news: &News);
    /// That nothing forbids a run to begin: waits for what is about to be so.
    ///
    /// # Errors
    /// Something does.
    fn is_ready(&self) -> Result<(), Stop>;
    /// The mirror's Kafka is left to its operator while it is held.
    ///
    /// # Errors
    /// It has none.
    fn leave_kafka(&self) -> Result<(), Stop>;
    /// That this guard could let the mirror go: asked before anything is stopped, and
    /// of one alone that is there for the first time.
    ///
    /// # Errors
    /// It may not.
    fn may_let_go(&self, run: &RunId) -> Result<(), Stop>;
    /// Whether a guard has its like, and waits while that one holds the mirror.
    fn stands_by(&self) -> bool;
    /// Whether whoever began this run may still be about to have a guard
    /// started for it. Nobody holds the mirror.
    fn is_beginning(&self, run: &RunId) -> bool;
}

/// What became of a run.
#[derive(Debug, Clone)]
pub enum News {
    /// The mirror is stopped.
    Quiesced,
    /// Nothing is in flight.
    Drained,
    /// The run is sealed.
    Sealed,
    /// Its volumes are cut.
    Cut,
    /// The mirror runs again.
    Resumed,
    /// All that was required is proven.
    Proven,
    /// Something that was required is refuted.
    Refuted(String),
    /// Something that was required is neither.
    Unproven(String),
    /// It was given up.
    Voided(String),
}

/// What a guard is started with, beside its run.
#[derive(Debug, Clone, Default)]
pub struct GuardWith {
    /// Snapshots may be plain copies.
    pub plain_copy: bool,
    /// Phases taken from files, as `PHASE=FILE`.
    pub components: Vec<String>,
    /// Whether recordings are kept.
    pub records: bool,
    /// Whether the Kafka is left to its operator while the mirror is held.
    pub leaves_kafka: bool,
}

impl GuardWith {
    /// As they are typed.
    pub fn args(&self) -> Vec<String> {
        let mut args = Vec::new();
        if self.plain_copy {
            args.push("--allow-plain-copy".to_owned());
        }
        if !self.records {
            args.push("--no-recording".to_owned());
        }
        if self.leaves_kafka {
            args.push("--no-pause".to_owned());
        }
        for pair in &self.components {
            args.extend(["--component".to_owned(), pair.clone()]);
        }
        args
    }
}

/// What flushes the volumes.
pub trait Flush: VolumeFlush + Send + Sync {
    /// Writes out what there is by now, so that the flush that counts finds
    /// less to do. Proves nothing.
    fn write_ahead(&self);
    /// Between two times.
    fn ahead_every_ms(&self) -> u64;
    /// What the kernel has told of volumes so far, by their names: that something could
    /// not be written.
    fn told(&self) -> BTreeMap<String, String>;
    /// What was told of this one is kept by now.
    fn is_kept(&self, volume: &str);
}

/// What kernels have told of volumes, kept from run to run. Each error is told once, to
/// whoever flushes first: the run that met it fails, and the next one's flush finds
/// nothing, though what was lost is not there.
pub trait FlushNotes: Send + Sync {
    /// What is known against volumes, by their names, each in one line with how it is
    /// taken away.
    ///
    /// # Errors
    /// It can't be read.
    fn known(&self) -> Result<BTreeMap<String, String>, String>;
    /// Keeps what was told of one.
    ///
    /// # Errors
    /// It can't be written.
    fn note(&self, volume: &str, told: &str) -> Result<(), String>;
}

/// Who holds the mirror.
pub trait Leases: Send + Sync {
    /// Looks without taking.
    ///
    /// # Errors
    /// It can't be read.
    fn look(&self) -> Result<LeaseState, Stop>;
    /// The same, where a holder was asked and did not answer: that he lives is
    /// believed only when it is seen, which takes its time.
    ///
    /// # Errors
    /// The same.
    fn watch(&self) -> Result<LeaseState, Stop>;
    /// Takes the mirror, unless another run holds it or has left it behind. A
    /// run's own expired hold is taken again.
    ///
    /// # Errors
    /// Somebody holds it.
    fn take(&self, holder: Holder) -> Result<Box<dyn Held>, Stop>;
    /// Takes it even where another run has left it behind: for whoever is
    /// about to put that right.
    ///
    /// # Errors
    /// Somebody holds it.
    fn take_over(&self, holder: Holder) -> Result<Box<dyn Held>, Stop>;
}

/// A hold. Dropped without a release it is left behind.
pub trait Held: Send {
    /// Whom it names.
    fn holder(&self) -> &Holder;
    /// Whose left hold this one took up.
    fn taken_from(&self) -> Option<&Holder>;
    /// Whether nobody else can have taken it yet.
    fn is_ours(&self) -> bool;
    /// Signs anew.
    ///
    /// # Errors
    /// It can't be written.
    fn sign(&mut self, holder: Holder) -> Result<(), String>;
    /// Notes where others find it how the mirror is let run again by hand.
    ///
    /// # Errors
    /// It can't be written.
    fn note_by_hand(&self, lines: &[String]) -> Result<(), String>;
    /// Gives the mirror free.
    ///
    /// # Errors
    /// It counts as left behind.
    fn release(self: Box<Self>) -> Result<(), String>;
}

/// A way to a guard: one line there, and lines back.
pub trait Line: Send + Sync {
    /// Sends a line, and hands on each that comes back until `heard` has had
    /// enough. `silence` is the most between two of them.
    ///
    /// # Errors
    /// No guard; silence; the end before it was enough.
    fn ask(&self, line: &str, silence: Duration, heard: &mut dyn FnMut(&str) -> bool) -> Seen<()>;
    /// Sends a line, waits for one back, and keeps the way open: what it gives
    /// is the way.
    ///
    /// # Errors
    /// The same.
    fn hold_open(&self, line: &str, silence: Duration) -> Seen<(String, Box<dyn Send>)>;
}

/// Starts a guard.
pub trait Launch: Send + Sync {
    /// Until it is `alive`.
    ///
    /// # Errors
    /// Why it is not, within its time.
    fn launch(&self, alive: &dyn Fn() -> bool) -> Seen<()>;
}
