//! What a run's snapshots hold, as the port: for each node a pod that mounts
//! volumes made from them, and a command there that reads. They are made when the
//! volumes are listed, and deleted when this is dropped. Claims that a restore made
//! are mounted themselves, and stay.
#![allow(clippy::disallowed_methods, reason = "the edge: it waits for pods")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use slackwater_content::{Answered, Asked, Part, Parts, ReplicaAges};
use slackwater_kubernetes::{
    ApiServer, CONTAINER, ClaimVolume, Job, Place, Program, ReadClaims, Talk, Workers,
};
use slackwater_ports::{
    ContentDepth, ContentSurvey, MetadataSeen, PortError, PortErrorKind, RangeRow, RangeWanted,
    ScanRow, ScanWanted, Seen, SnapshotSeen, TransactionsSeen, VolumeContent, VolumeSnapshot,
};
use slackwater_store::RunId;

use super::line::{broken, next_answer};

/// Until claims that are there are mounted, and a pod has them.
const OPEN: Duration = Duration::from_secs(900);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// For a command to begin in a pod.
const BEGIN: Duration = Duration::from_secs(30);

/// A reader that nobody deletes ends by itself.
const MOST: Duration = Duration::from_secs(12 * 3600);

const PROGRAM: &str = "/usr/local/bin/slackwater";

/// See the module.
pub(super) struct Readers {
    claims_to_read: ReadClaims,
    workers: Workers,
    server: ApiServer,
    of: Of,
    /// Until all snapshots can be restored from (a driver may upload them first),
    /// volumes are made from them, and pods have them.
    within: Duration,
    opened: Mutex<Opened>,
}

/// What is read.
enum Of {
    /// Volumes that are made from them.
    Snapshots(Arc<dyn VolumeSnapshot + Send + Sync>),
    /// These claims, which no broker has yet, and where the volumes of each may be.
    Claims(Vec<SnapshotSeen>, BTreeMap<String, Value>),
}

#[derive(Default)]
struct Opened {
    claims: Vec<String>,
    pods: Vec<String>,
    parts: Option<Arc<Parts>>,
}

impl Readers {
    pub(super) fn new(
        server: ApiServer,
        namespace: &str,
        run: &RunId,
        program: Program,
        snapshots: Arc<dyn VolumeSnapshot + Send + Sync>,
        within: Duration,
    ) -> Self {
        let of = Of::Snapshots(snapshots);
        let mut made = Self::over(server, namespace, run, program, of);
        made.within = within;
        made
    }

    /// The same where claims may be gone: these were kept of them.
    pub(super) fn or_as_kept(mut self, claims: Vec<Value>) -> Self {
        self.claims_to_read = self.claims_to_read.clone().or_as_kept(claims);
        self
    }

    /// Of the claims that were restored for these volumes of a cut.
    pub(super) fn of_claims(
        server: ApiServer,
        namespace: &str,
        run: &RunId,
        program: Program,
        volumes: &[ClaimVolume],
        nodes: BTreeMap<String, Value>,
    ) -> Self {
        // As a snapshot that is read in its own place.
        let each = volumes.iter().map(|one| SnapshotSeen {
            volume: one.claim.clone(),
            broker: one.broker,
            driver: "claim".to_owned(),
            method: "mounted".to_owned(),
            handle: format!("{namespace}/{}", one.claim),
            started_ms: 0,
            cut_ms: None,
            ready: true,
            error: None,
        });
        let of = Of::Claims(each.collect(), nodes);
        Self::over(server, namespace, run, program, of)
    }

    /// How old segments are, of what was listed.
    pub(super) fn ages(&self) -> Seen<Vec<ReplicaAges>> {
        self.opened()?.ages()
    }

    fn over(server: ApiServer, namespace: &str, run: &RunId, program: Program, of: Of) -> Self {
        Self {
            claims_to_read: ReadClaims::new(server.clone(), namespace, run.clone()),
            workers: Workers::new(server.clone(), namespace, run.clone(), program),
            server,
            of,
            within: OPEN,
            opened: Mutex::default(),
        }
    }

    fn opened(&self) -> Seen<Arc<Parts>> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.parts.clone().ok_or_else(|| {
            let why = "the volumes of the snapshot were not listed";
            PortError::new(PortErrorKind::Malformed, why)
        })
    }

    fn open(&self, opened: &mut Opened) -> Seen<Parts> {
        let began = Instant::now();
        let mut nodes: BTreeMap<i32, Vec<SnapshotSeen>> = BTreeMap::new();
        for one in self.ready(began)? {
            nodes.entry(one.broker).or_default().push(one);
        }
        let mut pods = Vec::new();
        for (node, volumes) in &nodes {
            pods.push((self.make(opened, *node, volumes)?, volumes));
        }
        let mut parts: Vec<Box<dyn Part>> = Vec::new();
        for (pod, volumes) in pods {
            self.await_pod(&pod, began)?;
            let mut command = vec![PROGRAM.to_owned(), "reader".to_owned()];
            for one in volumes {
                let at = mounted(&one.volume);
                command.push("--volume".to_owned());
                command.push(format!("{},{},{at},{}", one.volume, one.broker, one.handle));
            }
            let talk = Talk::begin(&self.server, pod, CONTAINER, &command, BEGIN);
            parts.push(Box::new(InPod(Mutex::new(talk.map_err(broken)?))));
        }
        Ok(Parts::new(parts))
    }

    /// All snapshots, once each can be restored from.
    fn ready(&self, began: Instant) -> Seen<Vec<SnapshotSeen>> {
        let snapshots = match &self.of {
            Of::Snapshots(snapshots) => snapshots,
            Of::Claims(claims, _) => return Ok(claims.clone()),
        };
        loop {
            let found = snapshots.snapshots()?;
            if let Some(one) = found.iter().find(|one| one.error.is_some()) {
                let why = one.error.as_deref().unwrap_or_default();
                let message = format!("the snapshot {} can't be read: {why}", one.handle);
                return Err(PortError::new(PortErrorKind::Refused, message));
            }
            if found.iter().all(|one| one.ready) {
                return Ok(found);
            }
            self.in_time(began, "the snapshots are not ready to be restored from")?;
        }
    }

    fn make(&self, opened: &mut Opened, node: i32, volumes: &[SnapshotSeen]) -> Seen<Place> {
        let refused = |error: &dyn std::fmt::Display| {
            PortError::new(PortErrorKind::Refused, error.to_string())
        };
        let mut claims = BTreeMap::new();
        let mut nodes = None;
        for one in volumes {
            if let Of::Claims(_, places) = &self.of {
                // Of one node all are where that is.
                nodes = nodes.or_else(|| places.get(&one.volume).cloned());
                claims.insert(one.volume.clone(), mounted(&one.volume));
                continue;
            }
            let name = one.handle.rsplit('/').next().unwrap_or_default();
            // Noted first: what is half made is deleted, too.
            opened.claims.push(one.volume.clone());
            let clone = self.claims_to_read.make(&one.volume, name);
            claims.insert(
                clone.map_err(|error| refused(&error))?,
                mounted(&one.volume),
            );
        }
        let suffix = match &self.of {
            Of::Snapshots(_) => format!("read-{node}"),
            Of::Claims(..) => format!("restored-{node}"),
        };
        opened.pods.push(suffix.clone());
        let job = Job {
            role: "reader",
            suffix,
            args: vec!["reader".to_owned(), "--wait".to_owned()],
            account: None,
            nodes,
            claims,
            writes: false,
            run_as: None,
            most: MOST,
            leaves_at_once: true,
        };
        self.workers.make(&job).map_err(|error| refused(&error))
    }

    fn await_pod(&self, pod: &Place, began: Instant) -> Seen<()> {
        loop {
            let runs = self.workers.runs(pod);
            let runs = runs.map_err(|error| {
                PortError::new(PortErrorKind::Refused, format!("a reader's {error}"))
            })?;
            if runs {
                return Ok(());
            }
            let why = self.workers.why_not(pod);
            self.in_time(began, &format!("the reader's {pod} does not run: {why}"))?;
        }
    }

    fn in_time(&self, began: Instant, what: &str) -> Seen<()> {
        if began.elapsed() > self.within {
            let message = format!("{what} within {} s", self.within.as_secs());
            return Err(PortError::new(PortErrorKind::Timeout, message));
        }
        thread::sleep(LOOK);
        Ok(())
    }

    fn close(&self, opened: &mut Opened) {
        opened.parts = None;
        for pod in opened.pods.drain(..) {
            if let Err(error) = self.workers.delete(&pod) {
                tracing::warn!("a reader is left: {error}");
            }
        }
        for claim in opened.claims.drain(..) {
            if let Err(error) = self.claims_to_read.delete(&claim) {
                tracing::warn!("a clone is left: {error}");
            }
        }
    }
}

fn mounted(claim: &str) -> String {
    format!("/volumes/{claim}")
}

impl Drop for Readers {
    fn drop(&mut self) {
        let opened = self.opened.get_mut();
        let mut opened = std::mem::take(opened.unwrap_or_else(PoisonError::into_inner));
        self.close(&mut opened);
    }
}

impl VolumeContent for Readers {
    fn survey(&self) -> Seen<ContentSurvey> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if opened.parts.is_none() {
            match self.open(&mut opened) {
                Ok(parts) => opened.parts = Some(Arc::new(parts)),
                Err(error) => {
                    self.close(&mut opened);
                    return Err(error);
                }
            }
        }
        drop(opened);
        self.opened()?.survey()
    }

    fn scan(&self, depth: ContentDepth, wanted: &[ScanWanted]) -> Seen<Vec<ScanRow>> {
        self.opened()?.scan(depth, wanted)
    }

    fn range(&self, wanted: &[RangeWanted]) -> Seen<Vec<RangeRow>> {
        self.opened()?.range(wanted)
    }

    fn transactions(&self) -> Seen<TransactionsSeen> {
        self.opened()?.transactions()
    }

    fn metadata(&self) -> Seen<Vec<MetadataSeen>> {
        self.opened()?.metadata()
    }
}

/// The reader of one node.
struct InPod(Mutex<Talk>);

impl Part for InPod {
    fn ask(&self, asked: &Asked) -> Seen<Answered> {
        let malformed = |why: String| PortError::new(PortErrorKind::Malformed, why);
        let question = serde_json::to_string(asked);
        let question = question.map_err(|error| malformed(error.to_string()))?;
        let mut talk = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = next_answer(&mut talk, &question)?;
        serde_json::from_str::<Seen<Answered>>(&line)
            .map_err(|error| malformed(format!("a reader's answer can't be read: {error}")))?
    }
}
