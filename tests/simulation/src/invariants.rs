//! What must hold, held against the world itself: never against the phases'
//! word.
//!
//! 1. What a cut claims is what its snapshots give when brokers start on them,
//!    whichever of them leads.
//! 2. The mirror runs again (watched all the time by [`crate::record`]).
//! 3. What the source deleted meanwhile is named.
//! 4. Two runs never hold one mirror.
//! 5. Each command ends, with success or with one line.
//! 6. Where nothing befalls a run, all is proven.
//! 7. What a snapshot gives is not refuted.
//! 8. What a hot run says of both sides is so, and it stops nothing; and so is the point of
//!    the source that a run which did stop the mirror says that this is past.
//! 9. In Strimzi the resource says in the end what it said before, and nothing
//!    is noted on it.

use slackwater_cut::{ClaimName, Cut, PartitionRow, Verdict, verify};

use crate::driver::all_run;
use crate::fault::{Fault, Kind};
use crate::hot;
use crate::program::{Command, before};
use crate::record::closed_cuts;
use crate::schedule::Schedule;
use crate::settings::required;
use crate::sim::Sim;
use crate::step::Step;
use crate::world::World;
use crate::world::connect::last_position;
use crate::world::content::pending;
use crate::world::log::{Body, Entry, data};
use crate::world::mirror::Role;
use crate::world::volumes::Snapped;

/// What is broken, in words.
pub(crate) fn check(sim: &Sim) -> Vec<String> {
    let mut broken = sim.record.borrow().broken.clone();
    let world = sim.world.borrow();
    let closed = closed_cuts(&world);
    for (cut, text) in &closed {
        let run = cut.run_id.clone();
        let Some(snapped) = world.volumes.snapshots.get(&run) else {
            if cut
                .claims
                .iter()
                .any(|claim| claim.verdict == Verdict::Proven)
            {
                broken.push(format!("{run} is closed without a snapshot"));
            }
            continue;
        };
        let truth = Truth {
            world: &world,
            sim,
            cut,
            text,
            snapped,
        };
        for why in truth.check() {
            broken.push(format!("{run}: {why}"));
        }
    }
    broken.extend(faultless(sim, &closed));
    broken.extend(left_open(sim, &world));
    broken.extend(changed_by_nothing(sim, &world));
    if world.store.locked_by.is_some() || world.store.signature.is_some() {
        broken.push("somebody holds the mirror in the end".to_owned());
    }
    broken.extend(left_in_strimzi(&world));
    broken.extend(
        world
            .store
            .overwritten
            .iter()
            .map(|run| format!("{run} was void, and is not any more")),
    );
    // What an operator stopped and did not live to start is not the run's.
    let operators = world.operator_is_behind()
        && world
            .strimzi
            .as_ref()
            .is_some_and(|one| one.operator.is_gone());
    drop(world);
    if !all_run(&sim.world.borrow()) && !operators {
        broken.push("the mirror does not run in the end".to_owned());
    }
    broken
}

/// Where nothing befell it, a run must have proven all, at once. Where the
/// mirror was only slow, the stop waits for the tasks, and all stands still.
fn faultless(sim: &Sim, closed: &[(Cut, &str)]) -> Option<String> {
    let Schedule { faults, scene, .. } = &sim.schedule;
    let slow = |fault: &Fault| fault.kind == Kind::SlowTarget;
    if !faults.iter().all(slow) {
        return None;
    }
    let required = match faults.len() {
        0 => required(scene),
        _ if scene.hot => Vec::new(),
        _ => vec![ClaimName::Still, ClaimName::Durable],
    };
    let record = sim.record.borrow();
    let failed = record
        .results()
        .find(|(command, _, result)| *command != Command::PutRight && result.is_err());
    if let (Some((command, run, Err(failure))), true) = (failed, faults.is_empty()) {
        return Some(format!(
            "nothing was wrong, and {command:?} of {run} ended with: {}",
            failure.reason
        ));
    }
    if closed.is_empty() && faults.is_empty() {
        return Some("nothing was wrong, and there is no cut".to_owned());
    }
    closed.iter().find_map(|(cut, _)| {
        let of = |name| cut.claims.iter().find(|claim| claim.name == name);
        let claim = required
            .iter()
            .filter_map(|name| of(*name))
            .find(|claim| claim.verdict != Verdict::Proven)?;
        Some(format!(
            "nothing was wrong, and {} is {}: {}",
            claim.name, claim.verdict, claim.reason
        ))
    })
}

/// What was found stands in the resource again, and nothing else.
fn left_in_strimzi(world: &World) -> Option<String> {
    let strimzi = world.strimzi.as_ref()?;
    if strimzi.maker.states != strimzi.found {
        return Some("the resource does not say in the end what was found".to_owned());
    }
    if !strimzi.kafka.is_let_go() {
        return Some("the Kafka is left alone by its operator in the end".to_owned());
    }
    let noted = !strimzi.maker.is_let_go();
    noted.then(|| "something is noted on the resource in the end".to_owned())
}

/// A run that stopped the mirror does not stay open, unless the store or a call
/// kept somebody from ending it: the next run does that.
fn left_open(sim: &Sim, world: &World) -> Option<String> {
    let kept = |fault: &Fault| {
        fault.step != Step::ReadAgain
            && matches!(
                fault.kind,
                Kind::StoreFull
                    | Kind::CallFails
                    | Kind::CallTimesOut
                    | Kind::AnswerLost
                    | Kind::ApiSilent
                    | Kind::GuardCutOff
            )
    };
    if sim.schedule.faults.iter().any(kept) {
        return None;
    }
    let mut documents = world.store.documents.iter();
    let open = documents.find(|(_, record)| {
        let text = &record.document;
        let open = text.contains(r#""state":"open""#) || text.contains(r#""state":"sealed""#);
        open && text.contains(r#""stopStartedMs":1"#)
    });
    open.map(|(run, _)| format!("{run} stopped the mirror, and was neither closed nor given up"))
}

/// A cut that could not be read again stays as it was.
fn changed_by_nothing(sim: &Sim, world: &World) -> Option<String> {
    let record = sim.record.borrow();
    let mut read_again = record
        .results()
        .filter(|(command, _, result)| *command == Command::Verify && result.is_err());
    let documents = &world.store.documents;
    read_again.find_map(|(_, run, _)| {
        let now = documents.get(run)?;
        let before = documents.get(&before(run))?;
        let same = now.document == before.document;
        (!same).then(|| format!("{run} could not be read again, and its cut is another"))
    })
}

struct Truth<'a> {
    world: &'a World,
    sim: &'a Sim,
    cut: &'a Cut,
    text: &'a str,
    snapped: &'a [Snapped],
}

impl Truth<'_> {
    fn check(&self) -> Vec<String> {
        let mut broken = Vec::new();
        if !verify(self.text).is_ok_and(|verified| verified.holds()) {
            broken.push("the cut does not verify".to_owned());
        }
        if self.sim.schedule.scene.hot {
            broken.extend(hot::broken(self.world, self.sim, self.cut, self.snapped));
        } else {
            broken.extend(hot::broken_point(self.world, self.sim, self.cut));
        }
        for claim in &self.cut.claims {
            let name = claim.name;
            broken.extend(match claim.verdict {
                Verdict::Proven => self
                    .falls(name)
                    .map(|why| format!("{name} is proven, and {why}")),
                Verdict::Refuted if self.must_stand(name) => {
                    Some(format!("{name} is refuted, and it holds: {}", claim.reason))
                }
                _ => None,
            });
        }
        broken
    }

    /// Why a claim does not hold, if it does not.
    fn falls(&self, name: ClaimName) -> Option<String> {
        match name {
            ClaimName::Still => self.still(),
            ClaimName::Durable => self.durable(),
            ClaimName::Intact => self.intact(),
            ClaimName::Covers => self.covers(),
            ClaimName::Resumable => self.resumable(),
            ClaimName::Restored | ClaimName::HeadsRestored | ClaimName::Consistent => None,
        }
    }

    /// Whether it may not be refuted: what lies on the volumes is as it should be.
    /// (What the others rest on may contradict itself where the world is good; and a
    /// topic that is added here has no logs.)
    fn must_stand(&self, name: ClaimName) -> bool {
        let mut faults = self.sim.schedule.faults.iter();
        let has_all = !faults.any(|fault| fault.kind == Kind::TopicAdded);
        let of_volumes = matches!(name, ClaimName::Durable | ClaimName::Intact);
        let holds = self.durable().is_none() && self.intact().is_none();
        has_all && of_volumes && holds && self.all_agree()
    }

    /// Whether replicas agree as far as they go, also those that nobody holds still.
    fn all_agree(&self) -> bool {
        (0..self.world.mirror.partitions.len()).all(|at| {
            let logs = self.snapped.iter();
            let logs: Vec<&[Entry]> = logs
                .filter_map(|one| one.image.logs[at].as_deref())
                .collect();
            logs.iter().all(|log| {
                let common = log.len().min(logs[0].len());
                same(&log[..common], &logs[0][..common])
            })
        })
    }

    fn still_rows(&self) -> impl Iterator<Item = (&PartitionRow, usize)> {
        self.cut.rows.still_rows().filter_map(|row| {
            let topic = &self.cut.rows.topic(row).name;
            let mut partitions = self.world.mirror.partitions.iter();
            let at = partitions
                .position(|one| one.name.topic == *topic && one.name.partition == row.partition);
            Some((row, at?))
        })
    }

    /// The high watermarks were the cut's when each volume was cut.
    fn still(&self) -> Option<String> {
        self.still_rows().find_map(|(row, at)| {
            let moved = self
                .snapped
                .iter()
                .find(|one| one.heads[at] != row.high_watermark)?;
            Some(format!(
                "{} stood at {} when {} was cut at {}, not at {}",
                self.cut.rows.name(row),
                moved.heads[at],
                moved.seen.volume,
                moved.at,
                row.high_watermark
            ))
        })
    }

    /// Every copy of every replica is what was acknowledged, to the cut.
    fn durable(&self) -> Option<String> {
        for (row, at) in self.still_rows() {
            let partition = &self.world.mirror.partitions[at];
            let name = self.cut.rows.name(row);
            let Some(acknowledged) = partition.history.get(..row.high_watermark as usize) else {
                return Some(format!("{name} never got to {}", row.high_watermark));
            };
            for (broker, snapped) in self.snapped.iter().enumerate() {
                if !row.replicas.contains(&(broker as i32 + 1)) {
                    continue;
                }
                let log = snapped.image.logs[at].as_deref().unwrap_or_default();
                if !same(log, acknowledged) {
                    return Some(format!(
                        "{name} on broker {} holds {} entries that are not the {} acknowledged ones",
                        broker + 1,
                        log.len(),
                        acknowledged.len()
                    ));
                }
            }
        }
        self.pending()
    }

    /// No coordinator would append a marker.
    fn pending(&self) -> Option<String> {
        let at = self.world.mirror.of_role(Role::Transactions);
        let still: u64 = self.still_rows().map(|(_, at)| 1_u64 << at).sum();
        self.snapped.iter().find_map(|snapped| {
            let log = snapped.image.logs[at].as_deref()?;
            let (id, status, _) = pending(log)
                .into_iter()
                .find(|(_, _, touched)| touched & still != 0)?;
            Some(format!(
                "transaction {id} is {status:?} in {}",
                snapped.seen.volume
            ))
        })
    }

    /// All replicas are the same and none is damaged.
    fn intact(&self) -> Option<String> {
        if let Some(rotten) = self.snapped.iter().find(|one| one.image.rotten.is_some()) {
            return Some(format!("{} is damaged", rotten.seen.volume));
        }
        self.still_rows().find_map(|(row, at)| {
            let end = row.high_watermark as usize;
            let logs: Vec<&[Entry]> = self
                .snapped
                .iter()
                .filter_map(|one| one.image.logs[at].as_deref())
                .map(|log| &log[..end.min(log.len())])
                .collect();
            let differ = logs.iter().any(|log| !same(log, logs[0]));
            differ.then(|| format!("the replicas of {} differ", self.cut.rows.name(row)))
        })
    }

    /// What the source had accepted before the stated instant is on the mirror.
    fn covers(&self) -> Option<String> {
        let evidence = self
            .cut
            .claims
            .iter()
            .find_map(|claim| match &claim.evidence {
                slackwater_cut::Evidence::Covers(covers) => Some(covers),
                _ => None,
            })?;
        let says = evidence.sampled.first_request_ms;
        let Some(at) = self.sim.record.borrow().began(says) else {
            return Some(format!("no sweep began at {says}"));
        };
        let began = self.sim.record.borrow().first_look(&self.cut.run_id);
        self.copies().find_map(|(row, of, ids)| {
            // What was gone before the run looked, MirrorMaker may have passed
            // without a word: nothing is left that could tell.
            let source = &self.world.source.partitions[of];
            let gone = source.start_at(began) as usize;
            let missing = source.records[gone..]
                .iter()
                .find(|one| one.accepted < at && !ids.contains(&one.id))?;
            Some(format!(
                "{} lacks record {}, accepted at {} before {at}",
                self.cut.rows.name(row),
                missing.id,
                missing.accepted
            ))
        })
    }

    /// Copies with their source partition and the records that a reader of a
    /// restored mirror gets.
    fn copies(&self) -> impl Iterator<Item = (&PartitionRow, usize, Vec<u64>)> {
        self.still_rows().filter_map(|(row, at)| {
            let partition = &self.world.mirror.partitions[at];
            let Role::Copy(of) = partition.role else {
                return None;
            };
            let end = row.high_watermark.min(partition.history.len() as u64);
            let ids =
                data(&partition.history[..end as usize], 0, end, true).map(|(_, entry)| entry.id);
            Some((row, of, ids.collect()))
        })
    }

    /// A restored mirror goes on right after its last record.
    fn resumable(&self) -> Option<String> {
        let at = self.world.mirror.of_role(Role::Offset);
        let offsets = &self.world.mirror.partitions[at];
        let row = self.still_rows().find(|(_, of)| *of == at);
        let end = row.map_or(0, |(row, _)| row.high_watermark);
        let end = end.min(offsets.history.len() as u64);
        self.copies().find_map(|(row, of, ids)| {
            let committed = last_position(&offsets.history[..end as usize], end, of);
            let source = &self.world.source.partitions[of];
            let expected = committed.map(|offset| source.records[offset as usize].id);
            let name = self.cut.rows.name(row);
            if expected != ids.last().copied() {
                return Some(format!(
                    "{name} ends with record {:?}, and goes on after {expected:?}",
                    ids.last()
                ));
            }
            let next = committed.map_or(0, |offset| offset + 1);
            // The claim is of what the source had as the mirror was resumed.
            let seen = self.sim.record.borrow().source_was_seen(&self.cut.run_id);
            let began = seen.map_or(source.start, |at| source.start_at(at));
            let lost_then = began > next;
            // It may have been deleted after the resume: then it is the next
            // run's loss, and the mirror has it.
            let mirrored = self.world.mirror.partitions.iter().any(|one| {
                one.role == Role::Copy(of)
                    && one.history.iter().any(|entry| {
                        entry.body == Body::Data
                            && source
                                .records
                                .get(next as usize)
                                .is_none_or(|record| record.id == entry.id)
                    })
            });
            (lost_then && !mirrored)
                .then(|| format!("{name} needs {next}, the source began at {began}"))
        })
    }
}

fn same(one: &[Entry], other: &[Entry]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a.id == b.id)
}
