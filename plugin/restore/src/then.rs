//! What is seen once a step is done: what a plan goes by.

use crate::{Claimed, CloneOf, Feeder, Kafka, Note, Seen, Snapshot, Stage, Step, Stopped, Volume};

impl Step {
    /// Whether nothing comes after it.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Finish | Self::FinishBack | Self::LeaveAside)
    }

    /// Whether what is shown from here on is of this restore: from the first that touches a
    /// claim. Where it is cut short behind that, an earlier proof says nothing of what is
    /// there, and the volumes from before are wanted.
    pub fn begins_anew(&self) -> bool {
        matches!(
            self,
            Self::StandAside
                | Self::TakeOver
                | Self::KeepVolume(_)
                | Self::RemoveClaim(_)
                | Self::MakeClaim(_)
                | Self::ProveVolumes
                | Self::TrimVolumes
        )
    }
}

impl Seen {
    /// As it will be.
    #[must_use]
    pub fn after(&self, step: &Step) -> Self {
        let mut seen = self.clone();
        match step {
            Step::FindSnapshot(claim) => {
                seen.volume(claim, |one| one.snapshot = Snapshot::NotReady)
            }
            Step::AwaitSnapshot(claim) => seen.volume(claim, |one| one.snapshot = Snapshot::Ready),
            Step::PauseKafka => seen.pause(),
            Step::TurnBack => {
                seen.pause();
                seen.stage(Stage::Back);
            }
            Step::StandAside => {
                seen.pause();
                seen.stage(Stage::Aside);
            }
            Step::TakeOver => {
                let run = seen.run.clone();
                seen.pause();
                seen.note(|note| {
                    note.run = run.clone();
                    note.on_claims = true;
                });
                seen.stage(Stage::Volumes);
                for claim in std::mem::take(&mut seen.kept_of_others) {
                    seen.volume(&claim, |one| one.is_kept = true);
                }
            }
            Step::LeaveAside => {}
            Step::PauseFeeder(name) => seen.feeder(name, |one| {
                one.is_paused = true;
                one.is_kept_still = true;
            }),
            Step::RemoveWorkers(name) => seen.feeder(name, |one| one.has_workers = false),
            Step::RemoveNodes(sets) => {
                seen.nodes.retain(|one| !sets.contains(&one.name));
                if seen.nodes.is_empty() {
                    seen.pods.clear();
                }
            }
            Step::AwaitNoPods(_) => seen.pods.clear(),
            Step::KeepVolume(claim) => seen.volume(claim, |one| {
                one.claimed = Claimed::Kept;
                one.is_kept = true;
                one.is_known = true;
            }),
            Step::RemoveClaim(claim) | Step::DropClaim(claim) => {
                seen.volume(claim, |one| one.claimed = Claimed::Nothing);
            }
            Step::MakeClaim(claim) => seen.volume(claim, |one| one.claimed = Claimed::New),
            Step::PutBackClaim(claim) => seen.volume(claim, |one| one.claimed = Claimed::Kept),
            Step::ProveVolumes | Step::TrimVolumes => {
                seen.volumes_proven = true;
                let holds = seen.retention_would_delete;
                seen.stage(Stage::VolumesProven);
                let claims = seen.claims.clone();
                seen.note(|note| {
                    note.holds_retention = holds;
                    note.shown_on.clone_from(&claims);
                });
            }
            Step::MakeSecret(name) => seen.lost_secrets.retain(|one| one != name),
            Step::MakePool(name) | Step::GiveNodeIds(name) => {
                for pool in seen.pools.iter_mut().filter(|one| one.name == *name) {
                    pool.has_its_ids |= pool.is_there;
                    pool.is_there = true;
                }
            }
            Step::MakeKafka => {
                seen.kafka = Kafka::There {
                    cluster_id: None,
                    is_paused: true,
                    says_paused: true,
                    is_ready: false,
                    note: Some(Note {
                        run: seen.run.clone(),
                        stage: Stage::VolumesProven,
                        holds_retention: seen.retention_would_delete,
                        feeders: Vec::new(),
                        is_made: true,
                        on_claims: false,
                        shown_on: seen.claims.clone(),
                    }),
                };
            }
            Step::GiveClusterId => seen.give_cluster_id(),
            Step::CloseOff => seen.apart(|of| of.is_closed_off = true),
            Step::StartNodes => seen.started(false),
            Step::AwaitReady => {
                seen.started(true);
                seen.apart(|of| of.is_mutual = Some(true));
            }
            Step::ProveHeads => seen.stage(Stage::HeadsProven),
            Step::LetRetentionGo => seen.note(|note| note.holds_retention = false),
            Step::MakeOther(what) => seen.lost_others.retain(|one| one != what),
            Step::MakeFeeder(name) => seen.feeder(name, |one| {
                one.is_there = true;
                one.is_kept_still = true;
            }),
            Step::StartFeeder(name) => seen.feeder(name, |one| {
                one.is_paused = false;
                one.is_kept_still = false;
                one.has_workers = true;
                one.stopped = Stopped::All;
            }),
            Step::StartCopying => {
                let each = seen.feeders.iter_mut();
                each.filter(|one| one.stopped == Stopped::All)
                    .for_each(|one| one.stopped = Stopped::Checkpoints);
            }
            Step::StartCheckpoints => {
                let each = seen.feeders.iter_mut();
                each.for_each(|one| one.stopped = Stopped::None);
            }
            Step::NoteIsBack => seen.stage(Stage::IsBack),
            Step::Finish | Step::FinishBack => seen.finish(),
        }
        seen
    }

    fn volume(&mut self, claim: &str, change: impl Fn(&mut Volume)) {
        let named = self.volumes.iter_mut().filter(|one| one.claim == claim);
        named.for_each(change);
    }

    fn feeder(&mut self, name: &str, change: impl Fn(&mut Feeder)) {
        let named = self.feeders.iter_mut().filter(|one| one.name == name);
        named.for_each(change);
    }

    fn pause(&mut self) {
        let run = self.run.clone();
        if let Kafka::There {
            is_paused,
            says_paused,
            note,
            is_ready,
            ..
        } = &mut self.kafka
        {
            (*is_paused, *says_paused, *is_ready) = (true, true, false);
            note.get_or_insert(Note {
                run,
                stage: Stage::Volumes,
                holds_retention: false,
                feeders: Vec::new(),
                is_made: false,
                on_claims: false,
                shown_on: String::new(),
            });
        }
    }

    fn apart(&mut self, change: impl Fn(&mut CloneOf)) {
        if let Some(of) = &mut self.clone_of {
            change(of);
        }
    }

    fn stage(&mut self, stage: Stage) {
        self.note(|note| note.stage = stage);
    }

    fn note(&mut self, change: impl Fn(&mut Note)) {
        if let Kafka::There {
            note: Some(note), ..
        } = &mut self.kafka
        {
            change(note);
        }
    }

    fn give_cluster_id(&mut self) {
        let id = self.cluster_id.clone();
        if let Kafka::There { cluster_id, .. } = &mut self.kafka {
            *cluster_id = Some(id);
        }
    }

    fn started(&mut self, ready: bool) {
        if let Kafka::There {
            is_paused,
            says_paused,
            is_ready,
            ..
        } = &mut self.kafka
        {
            (*is_paused, *says_paused, *is_ready) = (false, false, ready);
        }
    }

    fn finish(&mut self) {
        if let Kafka::There { note, .. } = &mut self.kafka {
            *note = None;
        }
        for one in &mut self.volumes {
            one.claimed = Claimed::Old;
        }
    }
}
