//! What a restore is given of a mirror in Strimzi: its steps, what lies on the
//! claims that it made, and what is kept beside cuts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use slackwater_content::ReplicaAges;
use slackwater_cut::{ClaimName, Cut, State, Verdict};
use slackwater_kubernetes::{
    About, ClaimVolume, Events, InPlace, Keeper, Kept, KeptVolumes, Makers, MakersError, Origin,
    RESTORE_NOTE, Reason, RunsError, Target, ToKeep, Workers, gather,
};
use slackwater_point::Plan;
use slackwater_ports::{ConnectorRef, Seen, VolumeContent};
use slackwater_store::{LeaseState, RunId};
use slackwater_strimzi::{Kafka, MirrorMaker};

use super::Strimzi;
use super::others::made_by_others;
use super::readers::Readers;
use super::trimmer::{TRIM, Trimmer};
use crate::exit::Stop;
use crate::restore::SIGNS;
use crate::site::Runs;
use crate::trimming::{AtSource, Done, ToTrim};

/// Why what feeds the mirror is not what the run found: one is not there. (Whether one is held
/// by now is seen when it is read to be kept.)
fn not_as_it_was(cut: &Cut, feeders: &[&MirrorMaker]) -> Option<String> {
    let connects = cut.quiesce.iter().flat_map(|one| &one.connects);
    let names: BTreeSet<String> = feeders.iter().map(|one| one.meta.to_string()).collect();
    let mut gone = connects.filter(|one| !names.contains(&one.name));
    let one = gone.next()?;
    Some(format!(
        "KafkaMirrorMaker2 {} was there at the backup, and is not seen",
        one.name
    ))
}

/// What lies on restored claims.
pub struct RestoredContent(Arc<Readers>);

impl RestoredContent {
    /// As the port.
    pub fn port(&self) -> Arc<dyn VolumeContent + Send + Sync> {
        self.0.clone()
    }

    /// How old segments are, of what was listed.
    ///
    /// # Errors
    /// Nothing was listed; a reader has no answer.
    pub fn ages(&self) -> Seen<Vec<ReplicaAges>> {
        self.0.ages()
    }
}

impl Strimzi {
    /// Where what is kept beside cuts is.
    pub(super) fn keeper(&self) -> Option<Keeper> {
        let home = self.home.as_ref()?;
        Some(Keeper::new(self.server.clone(), &home.namespace))
    }

    /// What is kept of a run beside its cut.
    ///
    /// # Errors
    /// It can't be read; no answer.
    pub fn kept(&self, run: &RunId) -> Result<Option<Kept>, Stop> {
        match self.keeper() {
            Some(keeper) => keeper.kept(run).map_err(Stop::failed),
            None => Ok(None),
        }
    }

    /// Keeps resources, and Secrets unless that is not wanted; what is kept already
    /// is as it was when the run was closed, and stays.
    pub(super) fn keep_resources(&self, run: &RunId) -> Result<(), Stop> {
        let Some(keeper) = self.keeper() else {
            return Ok(());
        };
        if keeper.kept(run).map_err(Stop::failed)?.is_some() {
            return Ok(());
        }
        let makers = Makers::discover(self.server.clone()).map_err(Stop::failed)?;
        let feeders: Vec<_> = self.mirror.makers().collect();
        // What is kept once stays, so it is as it was at the backup, or not yet.
        let (document, _) = self.document(run)?;
        let cut = Cut::parse(&document).map_err(Stop::failed)?;
        if let Some(why) = not_as_it_was(&cut, &feeders) {
            return Err(Stop::failed(format!(
                "{why}: what a restore would need where the Kafka is gone is not kept of run {run}; \
                 `slackwater verify {run}` keeps it later"
            )));
        }
        let to_keep = ToKeep {
            kafka: self.kafka.name(),
            namespace: self.kafka.namespace(),
            run,
            others_have: &made_by_others(&cut),
            feeders: &feeders,
            more: self.keeps_secrets.as_deref(),
        };
        let gathered = gather(&self.server, &makers, &to_keep);
        let (kept, secrets) = gathered.map_err(Stop::failed)?;
        keeper.keep(&kept, &secrets).map_err(Stop::failed)
    }

    /// A run's document, and the revision of what lies beside the Kafka. Where it is
    /// gone with its namespace, the copy, and no revision; and the copy, too, where
    /// that is closed and what lies beside the Kafka is not: others have restored it
    /// as it was when it was sealed.
    ///
    /// # Errors
    /// There is neither.
    pub fn document(&self, run: &RunId) -> Result<(String, Option<u64>), Stop> {
        let Runs::ConfigMaps(runs) = &self.runs else {
            return Err(Stop::failed("runs in Kubernetes are in ConfigMaps"));
        };
        match (runs.load(run), self.copies()) {
            (Ok(record), copies) => {
                let closed = match is_closed(&record.document) {
                    true => None,
                    false => copies.and_then(|copies| copies.load(run).ok()),
                };
                let closed = closed
                    .map(|copy| copy.document)
                    .filter(|one| is_closed(one));
                Ok((closed.unwrap_or(record.document), Some(record.revision)))
            }
            (Err(RunsError::Missing { .. }), Some(copies)) => {
                let copy = copies.load(run).map_err(Stop::bad_input)?;
                Ok((copy.document, None))
            }
            (Err(error), _) => Err(Stop::bad_input(error)),
        }
    }

    /// Whether both are kept; yes where this program has no namespace to keep them in.
    pub(super) fn has_copy_and_resources(&self, run: &RunId) -> Result<bool, Stop> {
        let Some(copies) = self.copies() else {
            return Ok(true);
        };
        match copies.load(run) {
            Err(RunsError::Missing { .. }) => Ok(false),
            Err(error) => Err(Stop::failed(error)),
            Ok(_) => Ok(self.kept(run)?.is_some()),
        }
    }

    /// The same; nothing where there is neither.
    pub fn document_if_there(&self, run: &RunId) -> Result<Option<String>, Stop> {
        let Runs::ConfigMaps(runs) = &self.runs else {
            return Ok(None);
        };
        let missing = |error: RunsError| match error {
            RunsError::Missing { .. } => Ok(None),
            error => Err(Stop::failed(error)),
        };
        let found = runs.load(run).map(Some).or_else(missing)?;
        let found = match (found, self.copies()) {
            (None, Some(copies)) => copies.load(run).map(Some).or_else(missing)?,
            (found, _) => found,
        };
        Ok(found.map(|record| record.document))
    }

    /// A copy of a run's document, in this program's own namespace.
    pub(super) fn keep_copy(&self, run: &RunId) -> Result<(), Stop> {
        let (Some(copies), Runs::ConfigMaps(runs)) = (self.copies(), &self.runs) else {
            return Ok(());
        };
        let document = runs.load(run).map_err(Stop::failed)?.document;
        match copies.load(run) {
            // What is said since is what counts.
            Ok(copy) if copy.document != document => copies
                .supersede(run, copy.revision, &document)
                .map(drop)
                .map_err(Stop::failed),
            Ok(_) => Ok(()),
            Err(RunsError::Missing { .. }) => copies
                .create_run(run, &document)
                .map(drop)
                .map_err(Stop::failed),
            Err(error) => Err(Stop::failed(error)),
        }
    }

    /// Writes what a restore has shown into the cut, beside the Kafka again where it
    /// was gone from there, and into the copy. What it was before stays beside it.
    ///
    /// # Errors
    /// It can't be written.
    pub fn save_restored(&self, run: &RunId, document: &str) -> Result<(), Stop> {
        match self.document(run)? {
            (_, Some(revision)) => self.runs.supersede(run, revision, document),
            (_, None) => self.runs.create(run, document),
        }
        .map_err(Stop::failed)?;
        self.keep_copy(run)
    }

    /// Whether anything that feeds it is noted as held.
    pub fn is_held(&self) -> bool {
        self.mirror.any_is_held()
    }

    /// The steps of a restore of this cut.
    ///
    /// # Errors
    /// No answer.
    pub fn in_place(
        &self,
        cut: &Cut,
        kept: Option<Kept>,
        origin: Option<Origin>,
        feeds: bool,
        trims: bool,
    ) -> Result<InPlace, Stop> {
        let makers = Makers::discover(self.server.clone()).map_err(Stop::failed)?;
        let fed = cut.quiesce.iter().flat_map(|one| &one.connectors);
        let fed: BTreeSet<&String> = fed.map(|one| &one.connector.connect).collect();
        let target = Target {
            namespace: self.kafka.namespace().to_owned(),
            name: self.kafka.name().to_owned(),
            namespaces: self.namespaces.clone(),
            run: cut.run_id.parse().map_err(Stop::failed)?,
            cluster_id: cut.mirror_cluster_id().to_owned(),
            volumes: volumes_of(cut),
            feeders: fed.into_iter().cloned().collect(),
            feeds,
            kept,
            origin,
            trims,
        };
        InPlace::new(self.server.clone(), makers, self.keeper(), target).map_err(Stop::failed)
    }

    /// What lies on the claims that were restored for the volumes of this cut.
    ///
    /// # Errors
    /// This program runs in no pod of its image.
    pub fn restored_content(&self, cut: &Cut, in_place: &InPlace) -> Result<RestoredContent, Stop> {
        let home = self
            .home()
            .map_err(|error| Stop::bad_input(error.message))?;
        let run: RunId = cut.run_id.parse().map_err(Stop::failed)?;
        let volumes = volumes_of(cut);
        // That of a restore which was killed may trim still, and nothing is read under it.
        let namespace = self.kafka.namespace();
        let program = home.program.clone();
        Workers::new(self.server.clone(), namespace, run.clone(), program)
            .delete(TRIM)
            .map_err(Stop::failed)?;
        let nodes = nodes_of(&volumes, in_place)?;
        let nodes = nodes.into_iter();
        let nodes = nodes
            .filter_map(|(claim, nodes)| Some((claim, nodes?)))
            .collect();
        Ok(RestoredContent(Arc::new(Readers::of_claims(
            self.server.clone(),
            self.kafka.namespace(),
            &run,
            home.program.clone(),
            &volumes,
            nodes,
        ))))
    }

    /// Has what lies on these claims planned and trimmed.
    ///
    /// # Errors
    /// This program runs in no pod of its image; no pod can have all of them; what lies
    /// there forbids it.
    pub fn trim_claims(
        &self,
        cut: &Cut,
        in_place: &InPlace,
        asked: ToTrim,
        find: impl FnOnce(&Plan) -> Result<Vec<AtSource>, Stop>,
    ) -> Result<Done, Stop> {
        let home = self
            .home()
            .map_err(|error| Stop::bad_input(error.message))?;
        let run: RunId = cut.run_id.parse().map_err(Stop::failed)?;
        let namespace = self.kafka.namespace();
        let program = home.program.clone();
        let trimmer = Trimmer {
            server: self.server.clone(),
            workers: Workers::new(self.server.clone(), namespace, run, program),
            claims: nodes_of(&volumes_of(cut), in_place)?,
        };
        trimmer.trim(asked, find)
    }

    /// Tells on the Kafka that a restore is over.
    ///
    /// # Errors
    /// It can't be told.
    pub fn tell_restored(&self, run: &RunId, reason: Reason, note: &str) -> Result<(), Stop> {
        let makers = Makers::discover(self.server.clone()).map_err(Stop::failed)?;
        let kafka = makers.kafka(self.kafka.namespace(), self.kafka.name());
        let kafka = kafka.map_err(Stop::failed)?;
        let events = Events::new(self.server.clone(), makers.version(), run.clone());
        let told = events.tell(About::Kafka(&kafka.meta), reason, note);
        told.map(drop).map_err(Stop::failed)
    }

    /// That no restore needs what a run has left: one that is noted on the Kafka, and
    /// one that has no Kafka yet.
    pub(super) fn no_restore_of(&self, run: &RunId, state: &LeaseState) -> Result<(), Stop> {
        if let LeaseState::Held(Some(of)) | LeaseState::Expired(of) = state
            && of.note == SIGNS
        {
            return Err(Stop::held(format!("{of} is under way: it comes first")));
        }
        if self.kept_volumes().any_of(run).map_err(Stop::failed)? {
            return Err(Stop::bad_input(format!(
                "volumes from before a restore of run {run} are kept, and the way back to them \
                 needs its cut: `slackwater gc --kept-volumes` comes first"
            )));
        }
        match self.restore_note()? {
            Some(note) if note.contains(run.as_str()) => Err(Stop::held(format!(
                "a restore of run {run} is under way ({note}): it comes first"
            ))),
            _ => Ok(()),
        }
    }

    /// What is noted on the Kafka of a restore; nothing where it is gone.
    ///
    /// # Errors
    /// No answer.
    pub fn restore_note(&self) -> Result<Option<String>, Stop> {
        let makers = Makers::discover(self.server.clone()).map_err(Stop::failed)?;
        let kafka = self.kafka_if_there(&makers)?;
        let note = |kafka: Kafka| kafka.meta.annotation(RESTORE_NOTE).map(str::to_owned);
        Ok(kafka.and_then(note))
    }

    /// The GitOps controller that owns the Kafka, where it is there.
    ///
    /// # Errors
    /// No answer.
    pub fn kafka_owner(&self) -> Result<Option<&'static str>, Stop> {
        let makers = Makers::discover(self.server.clone()).map_err(Stop::failed)?;
        let kafka = self.kafka_if_there(&makers)?;
        Ok(kafka.and_then(|kafka| kafka.meta.git_ops()))
    }

    /// Nothing where it is gone.
    pub(super) fn kafka_if_there(&self, makers: &Makers) -> Result<Option<Kafka>, Stop> {
        match makers.kafka(self.kafka.namespace(), self.kafka.name()) {
            Err(MakersError::Missing(_)) => Ok(None),
            found => found.map(Some).map_err(Stop::failed),
        }
    }

    /// Whether nothing of a restore is left to be done but to start what waits until the
    /// mirror has caught up.
    pub fn only_checkpoints_wait(&self) -> bool {
        self.mirror.only_checkpoints_wait()
    }

    /// Puts back all that copies.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn let_go_copying(&self) -> Result<(), Stop> {
        self.mirror.let_go_copying().map_err(Stop::failed)
    }

    /// Whether a resource that feeds the mirror says that there is this connector.
    pub fn has(&self, connector: &ConnectorRef) -> bool {
        self.mirror.has(connector)
    }

    /// That no restore needs the volumes that are kept.
    ///
    /// # Errors
    /// One does; no answer.
    pub fn no_restore_is_under_way(&self) -> Result<(), Stop> {
        let makers = Makers::discover(self.server.clone()).map_err(Stop::failed)?;
        let Some(kafka) = self.kafka_if_there(&makers)? else {
            return self.all_are_restored();
        };
        match kafka.meta.annotation(RESTORE_NOTE) {
            // Others may have restored it, and the note is gone.
            None if kafka.meta.is_paused() => Err(Stop::held(format!(
                "Kafka {} is paused: whether its volumes from before are wanted shows when it runs",
                self.kafka
            ))),
            None => Ok(()),
            Some(note) => Err(Stop::held(format!(
                "a restore is under way ({note}): its volumes from before are kept until it is over"
            ))),
        }
    }

    /// Where the Kafka is gone nobody notes how far a restore is: but what it has shown
    /// stands in its cut.
    fn all_are_restored(&self) -> Result<(), Stop> {
        let shown = |run: &RunId| {
            let (document, _) = self.document(run).ok()?;
            let cut = Cut::parse(&document).ok()?;
            let mut claims = cut.claims.into_iter();
            claims
                .find(|one| one.name == ClaimName::HeadsRestored && one.verdict == Verdict::Proven)
        };
        let kept = self.kept_volumes().runs().map_err(Stop::failed)?;
        match kept.iter().find(|run| shown(run).is_none()) {
            None => Ok(()),
            Some(run) => Err(Stop::held(format!(
                "Kafka {} is gone, and the restore of run {run} was not shown to be over: its volumes \
                 from before stay (`restore {run} --undo` goes back to them; where nobody wants \
                 them, delete them by kubectl)",
                self.kafka
            ))),
        }
    }

    /// Volumes from before restores.
    pub fn kept_volumes(&self) -> KeptVolumes {
        KeptVolumes::new(self.server.clone(), self.kafka.to_string())
    }
}

/// Where each claim's volume may be; `None` where it is not said.
fn nodes_of(
    volumes: &[ClaimVolume],
    in_place: &InPlace,
) -> Result<BTreeMap<String, Option<Value>>, Stop> {
    let each = volumes.iter().map(|one| {
        let nodes = in_place.nodes_of(&one.claim).map_err(Stop::failed)?;
        Ok((one.claim.clone(), nodes))
    });
    each.collect()
}

/// The volumes of a cut; of one that was only sealed, those that were flushed.
pub(crate) fn volumes_of(cut: &Cut) -> Vec<ClaimVolume> {
    let volume = |claim: &String, broker: i32| ClaimVolume {
        claim: claim.clone(),
        broker,
    };
    let Some(snapshot) = &cut.snapshot else {
        return Vec::new();
    };
    match snapshot.volumes.is_empty() {
        false => {
            let each = snapshot.volumes.iter();
            each.map(|one| volume(&one.volume, one.broker)).collect()
        }
        true => {
            let each = snapshot.flushed.iter();
            each.map(|one| volume(&one.volume, one.broker)).collect()
        }
    }
}

fn is_closed(document: &str) -> bool {
    Cut::parse(document).is_ok_and(|cut| matches!(cut.state, State::Closed { .. }))
}
