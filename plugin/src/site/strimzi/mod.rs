//! A mirror in Strimzi: what feeds it by its resources, its volumes as
//! VolumeSnapshots, runs and the lease as objects beside its Kafka, and the
//! guard in pods of this program's own namespace.

mod before;
mod cloning;
mod flush;
mod found;
mod guards;
mod hold;
mod home;
mod known;
mod left;
mod line;
mod marks;
mod news;
mod order_key;
mod others;
mod readers;
mod restoring;
mod trimmer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use slackwater_cut::Settings;
use slackwater_kubernetes::{
    ApiServer, BrokerPods, ClaimSnapshots, ClaimVolume, ConfigMapRuns, FlushErrors, Holds, Home,
    RESTORE_NOTE, StrimziMirror,
};
use slackwater_ports::{
    BrokerAnswer, BrokerProcesses, BrokerStart, PortError, PortErrorKind, Seen, VolumeContent,
    VolumeSnapshot,
};
use slackwater_store::{LeaseState, MirrorName, RunId};
use slackwater_strimzi::Meta;

pub(crate) use found::Clusters;
pub use found::KafkaName;
pub use left::Left;
pub(super) use marks::MIRROR;
pub use order_key::order_key;
pub use others::{Apart, OPTED_IN, opted_in, sealed_once};
pub use restoring::RestoredContent;
pub(crate) use restoring::volumes_of;

use self::marks::marks;
use super::Runs;
use super::flush_notes::BesideKafka;
use super::ground::{Feeders, Flush, FlushNotes, Ground, GuardWith, Launch, Leases, Line, News};
use crate::exit::Stop;
use flush::InPods;
use found::Found;
use guards::GuardPods;
use hold::PodLeases;
use home::home;
use line::PodLine;
use readers::Readers;

/// In a guard's pod: where it listens, and what it writes lies.
pub const SCRATCH: &str = "/run/slackwater";

/// How long after a run was begun its guard may come: its pods are made, and
/// their image is pulled.
const BEGINNING_MS: u64 = 300_000;

/// See the module.
pub struct Strimzi {
    kafka: KafkaName,
    server: ApiServer,
    home: Option<Home>,
    runs: Runs,
    leases: PodLeases,
    feeders: Feeders,
    mirror: Arc<StrimziMirror>,
    about: Option<Meta>,
    brokers: BrokerPods,
    volumes: Vec<ClaimVolume>,
    class: Option<String>,
    /// Whether Secrets are kept, and which of its namespace beside those that go with
    /// every Kafka.
    keeps_secrets: Option<Vec<String>>,
    /// Until its snapshots can be read.
    opens_within: Duration,
    needs_its_sources: bool,
    /// Where what feeds it may be.
    namespaces: Vec<String>,
    identity: String,
}

/// What was found of a mirror, beside the ground that it is.
pub(crate) struct Opened {
    pub(crate) strimzi: Strimzi,
    pub(crate) clusters: Clusters,
    pub(crate) settings: Settings,
    pub(crate) names_required: bool,
    pub(crate) close_ms: u64,
}

/// How much of a mirror has to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// All of it.
    All,
    /// All of it, but for a guard that is started again while its run holds the
    /// mirror: it has to let it go whatever there is.
    Guard(RunId),
    /// What there is: to let go of what is held, and to look.
    Little,
    /// What is said of it, and who holds it: the Kafka may be gone.
    Least,
    /// The Kafka alone: what feeds it does not run, and may not.
    Kafka,
    /// The Kafka, and the sources of what feeds it by its address, which need not run: to
    /// read.
    Reading,
    /// All of it, of a mirror that was restored: a start leaves out connectors that
    /// do not copy.
    Copying,
}

impl Strimzi {
    /// Whether it was said that no source is done without.
    pub fn needs_its_sources(&self) -> bool {
        self.needs_its_sources
    }

    /// Finds it.
    ///
    /// # Errors
    /// Whatever is not as it has to be, before anything is touched.
    pub(crate) fn open(
        kafka: &KafkaName,
        kubeconfig: Option<&Path>,
        need: &Need,
    ) -> Result<Opened, Stop> {
        let server = ApiServer::connect(kubeconfig).map_err(Stop::bad_input)?;
        let home = home(&server)?;
        let identity = match &home {
            Some(Home { pod: Some(pod), .. }) => pod.clone(),
            _ => format!("outside-{}-{:08x}", std::process::id(), fastrand::u32(..)),
        };
        let mirror: MirrorName = kafka.name().parse().map_err(Stop::bad_input)?;
        let holds = Holds::new(server.clone(), kafka.namespace(), &mirror, &identity);
        let holds = holds.map_err(Stop::bad_input)?;
        let mut found = match need {
            Need::Least => Found::held(&server, kafka)?,
            Need::Kafka => Found::alone(&server, kafka)?,
            Need::Reading => Found::unfed(&server, kafka)?,
            _ => match Found::gather(&server, kafka, need) {
                Err(stop) if will_do(need, &holds) => {
                    Found::held_or_after_a_pause(&server, kafka, need, &stop)?
                }
                found => found?,
            },
        };
        let noted = found
            .kafka
            .as_ref()
            .and_then(|kafka| kafka.annotation(RESTORE_NOTE));
        if let (Need::All, Some(note)) = (need, noted) {
            return Err(Stop::held(format!(
                "a restore of {kafka} is under way ({note}): tell it again, or back by --undo"
            )));
        }
        if *need == Need::Copying {
            found.mirror.only_copying();
        }
        let runs = ConfigMapRuns::new(server.clone(), kafka.namespace(), marks);
        let mirror = Arc::new(found.mirror);
        let (namespace, name) = (kafka.namespace(), kafka.name());
        let volumes = found.claims.iter().map(|claim| ClaimVolume {
            claim: claim.name.clone(),
            broker: claim.node,
        });
        Ok(Opened {
            clusters: found.clusters,
            settings: found.settings,
            names_required: found.options.names_required,
            close_ms: found.options.close_ms,
            strimzi: Self {
                volumes: volumes.collect(),
                brokers: BrokerPods::new(server.clone(), namespace, name, found.claims),
                class: found.options.class,
                keeps_secrets: found.options.keeps_secrets.then(|| {
                    let trusted = found.options.trusted.iter();
                    trusted.map(|one| one.secret.clone()).collect()
                }),
                // They have to be read, too, until the run has to be closed.
                opens_within: Duration::from_millis(found.options.close_ms / 3 * 2),
                needs_its_sources: found.options.needs_its_sources,
                namespaces: found.namespaces,
                kafka: kafka.clone(),
                home,
                runs: Runs::ConfigMaps(runs),
                leases: PodLeases::new(holds),
                feeders: Feeders {
                    look: mirror.clone(),
                    stop: mirror.clone(),
                    start: mirror.clone(),
                    position: mirror.clone(),
                },
                mirror,
                about: found.kafka,
                server,
                identity,
            },
        })
    }

    /// The VolumeSnapshots that were made of a run.
    ///
    /// # Errors
    /// A run that can't be a label.
    pub fn snapshots(&self, run: &RunId) -> Result<ClaimSnapshots, Stop> {
        let namespace = self.kafka.namespace();
        ClaimSnapshots::made(self.server.clone(), namespace, run.clone()).map_err(Stop::bad_input)
    }

    /// Runs of which there are VolumeSnapshots.
    ///
    /// # Errors
    /// No answer.
    pub fn runs_with_snapshots(&self) -> Result<Vec<String>, Stop> {
        ClaimSnapshots::runs(&self.server, self.kafka.namespace()).map_err(Stop::failed)
    }

    /// Deletes a run's VolumeSnapshots with what they stand for, and its cut where
    /// that is said.
    ///
    /// # Errors
    /// A run that is not over; a refusal; no answer.
    pub fn delete(&self, run: &RunId, with_cut: bool) -> Result<(), Stop> {
        self.must_be_of_it(run)?;
        let (state, _) = self.leases.holds().look().map_err(Stop::failed)?;
        if let LeaseState::Held(Some(of)) | LeaseState::Expired(of) = &state
            && of.run_id == *run
        {
            return Err(Stop::held(format!(
                "run {run} holds the mirror, or was left behind: `slackwater resume` comes first"
            )));
        }
        self.no_restore_of(run, &state)?;
        self.delete_pods_and_claims(run)?;
        let snapshots = self.snapshots(run)?;
        snapshots.delete().map_err(Stop::failed)?;
        self.delete_kept(run, &snapshots, with_cut)?;
        if with_cut && let Runs::ConfigMaps(runs) = &self.runs {
            runs.delete(run).map_err(Stop::failed)?;
            if let Some(copies) = self.copies() {
                copies.delete(run).map_err(Stop::failed)?;
            }
        }
        Ok(())
    }

    /// What is left of snapshots whose namespace is gone, and, with the cut, what is
    /// kept beside it.
    fn delete_kept(
        &self,
        run: &RunId,
        snapshots: &ClaimSnapshots,
        with_cut: bool,
    ) -> Result<(), Stop> {
        let Some(keeper) = self.keeper() else {
            return Ok(());
        };
        if let Some(kept) = keeper.kept(run).map_err(Stop::failed)? {
            let left = kept.contents.into_iter().map(|one| (one.claim, one.name));
            let left: Vec<_> = left.collect();
            snapshots.delete_left(&left).map_err(Stop::failed)?;
        }
        match with_cut {
            true => keeper.delete(run).map_err(Stop::failed),
            false => Ok(()),
        }
    }

    fn home(&self) -> Result<&Home, PortError> {
        self.home.as_ref().ok_or_else(|| {
            PortError::new(
                PortErrorKind::Unsupported,
                "this program runs in no pod: say with SLACKWATER_IMAGE, SLACKWATER_NAMESPACE and \
                 SLACKWATER_ACCOUNT of what image, where and as whom its guard is to run",
            )
        })
    }
}

impl Ground for Strimzi {
    fn runs(&self) -> &Runs {
        &self.runs
    }

    fn leases(&self) -> &dyn Leases {
        &self.leases
    }

    fn feeders(&self) -> &Feeders {
        &self.feeders
    }

    fn volume_snapshot(
        &self,
        run: &RunId,
        _plain_copy: bool,
    ) -> Result<Arc<dyn VolumeSnapshot + Send + Sync>, Stop> {
        let namespace = self.kafka.namespace();
        if let Some(others) = self.others(run)? {
            return Ok(others);
        }
        if self.volumes.is_empty() {
            // Nothing is made; what was is seen.
            let made = ClaimSnapshots::made(self.server.clone(), namespace, run.clone());
            return Ok(Arc::new(made.map_err(Stop::bad_input)?));
        }
        let snapshots = ClaimSnapshots::new(
            self.server.clone(),
            namespace,
            run.clone(),
            self.volumes.clone(),
            self.class.as_deref(),
        );
        Ok(Arc::new(snapshots.map_err(Stop::bad_input)?))
    }

    fn volume_content(
        &self,
        run: &RunId,
        plain_copy: bool,
    ) -> Result<Arc<dyn VolumeContent + Send + Sync>, Stop> {
        let home = self
            .home()
            .map_err(|error| Stop::bad_input(error.message))?;
        let readers = Readers::new(
            self.server.clone(),
            self.kafka.namespace(),
            run,
            home.program.clone(),
            match self.bound(run)? {
                Some(bound) => bound,
                None => self.volume_snapshot(run, plain_copy)?,
            },
            self.opens_within,
        );
        // Nothing is, of one that is not closed yet: its claims are there.
        let kept = self.kept(run)?.map(|kept| kept.claims);
        Ok(Arc::new(readers.or_as_kept(kept.unwrap_or_default())))
    }

    fn has_room_and_leave(&self, reads: bool) -> Result<(), Stop> {
        self.room_and_leave(reads)
    }

    fn is_ready(&self) -> Result<(), Stop> {
        self.alone_and_at_rest()
    }

    fn leave_kafka(&self) -> Result<(), Stop> {
        self.mirror.leave_kafka();
        Ok(())
    }

    fn may_let_go(&self, run: &RunId) -> Result<(), Stop> {
        self.can_be_let_go(run)
    }

    fn broker_processes(&self) -> Arc<dyn BrokerProcesses + Send + Sync> {
        Arc::new(self.brokers.clone())
    }

    fn broker_start(&self) -> Arc<dyn BrokerStart + Send + Sync> {
        Arc::new(self.brokers.clone())
    }

    fn leave_brokers_alone(&self) -> Seen<()> {
        self.mirror.leave_kafka_alone()
    }

    fn leaves_brokers_alone(&self) -> Seen<()> {
        self.mirror.leaves_kafka_alone()
    }

    fn stop_brokers(&self, _within: Duration) -> Seen<Vec<BrokerAnswer>> {
        Err(PortError::new(
            PortErrorKind::Unsupported,
            "the brokers of a Kafka in Kubernetes are its operator's to stop",
        ))
    }

    fn open_flush(&self) -> Result<Box<dyn Flush>, Stop> {
        Ok(Box::new(InPods::new(self.brokers.clone())))
    }

    fn flush_notes(&self) -> Box<dyn FlushNotes> {
        let (namespace, kafka) = (self.kafka.namespace(), self.kafka.name());
        Box::new(BesideKafka(FlushErrors::new(
            self.server.clone(),
            namespace,
            kafka,
        )))
    }

    fn guard_socket(&self) -> PathBuf {
        Path::new(SCRATCH).join("guard.sock")
    }

    fn guard_note(&self) -> String {
        format!("pod {}", self.identity)
    }

    fn guard_line(&self, run: &RunId) -> Arc<dyn Line> {
        let namespace = self.home.as_ref().map(|home| home.namespace.clone());
        let line = PodLine::new(self.server.clone(), namespace, self.leases.holds(), run);
        Arc::new(line)
    }

    fn guard_launch(&self, run: &RunId, with: GuardWith) -> Box<dyn Launch> {
        let home = self.home().cloned();
        let pods = GuardPods::new(self.server.clone(), home, &self.kafka, run, with);
        Box::new(pods)
    }

    fn by_hand(&self) -> Result<Vec<String>, Stop> {
        self.mirror.by_hand().map_err(Stop::failed)
    }

    /// VolumeSnapshots go with their namespace, and their contents with them, unless
    /// they are told to stay; the cut goes, too, so there is a copy of it.
    fn retain(&self, run: &RunId) -> Result<(), Stop> {
        if self.by_others(run)?.is_some() {
            // Theirs are theirs: they retire them.
            return Ok(());
        }
        let retained = self.snapshots(run)?.retain();
        retained.map(drop).map_err(Stop::failed)
    }

    fn is_kept(&self, run: &RunId) -> Result<bool, Stop> {
        self.has_copy_and_resources(run)
    }

    fn keep(&self, run: &RunId) -> Result<(), Stop> {
        self.must_be_of_it(run)?;
        self.retain(run)?;
        // The cut's copy does not wait for what may be too large.
        let resources = self.keep_resources(run);
        self.keep_copy(run)?;
        resources
    }

    fn tell(&self, run: &RunId, news: &News) {
        let mirror = self.about.as_ref().map(|about| (about, &*self.mirror));
        if let Some((about, mirror)) = mirror
            && let Err(why) = news::tell(&self.server, about, mirror, run, news)
        {
            tracing::warn!("no event tells of {news:?}: {why}");
        }
    }

    fn let_go(&self) -> Result<bool, Stop> {
        let held = Found::held(&self.server, &self.kafka)?.mirror;
        if !held.is_held().map_err(Stop::failed)? {
            return Ok(false);
        }
        held.let_go().map_err(Stop::failed)?;
        Ok(true)
    }

    /// A run's id ends with when it was begun, and a number.
    fn is_beginning(&self, run: &RunId) -> bool {
        use slackwater_ports::Clock as _;
        let now = crate::adapters::SystemClock.now_ms();
        let began = run.begun_ms();
        began.is_some_and(|began| now.saturating_sub(began) < BEGINNING_MS)
    }

    fn stands_by(&self) -> bool {
        true
    }
}

/// Whether a part of it is enough.
fn will_do(need: &Need, holds: &Holds) -> bool {
    match need {
        Need::All | Need::Least | Need::Kafka | Need::Reading | Need::Copying => false,
        Need::Little => true,
        Need::Guard(run) => match holds.look() {
            Ok((LeaseState::Held(Some(left)) | LeaseState::Expired(left), _)) => {
                left.run_id == *run
            }
            _ => false,
        },
    }
}
