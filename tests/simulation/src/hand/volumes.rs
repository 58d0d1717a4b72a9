//! The capabilities on volumes: flushed, cut, and read.

use slackwater_ports::{
    BrokerAnswer, BrokerStart, BrokerStop, Clock as _, ContentDepth, ContentSurvey, Flushed,
    MetadataSeen, PortError, PortErrorKind, RangeRow, RangeWanted, ScanRow, ScanWanted, Seen,
    SnapshotSeen, TransactionsSeen, VolumeContent, VolumeFlush, VolumeSnapshot,
};

use super::Hand;
use crate::guard;
use crate::schedule::Driver;
use crate::step::Step;
use crate::world::World;
use crate::world::content::{Opened, volume};
use crate::world::mirror::BROKERS;
use crate::world::volumes::{Image, Snapped, copied, flush, on_disk};

impl Hand<'_> {
    fn sealed_images(&self) -> Seen<(Vec<Image>, Vec<String>)> {
        let world = self.sim.world.borrow();
        let snapped = world.volumes.snapshots.get(&self.run);
        let opened = |one: &Snapped| (one.image.clone(), one.seen.handle.clone());
        let images = snapped.map(|all| all.iter().map(opened).unzip());
        images.ok_or_else(|| PortError::new(PortErrorKind::Unreachable, "there is no snapshot"))
    }

    fn opened<T>(&self, look: impl FnOnce(&Opened<'_>) -> T) -> Seen<T> {
        let (images, handles) = self.sealed_images()?;
        self.reach(|world| {
            Ok(look(&Opened {
                partitions: &world.mirror.partitions,
                images: &images,
                handles: &handles,
            }))
        })
    }
}

impl VolumeFlush for Hand<'_> {
    fn flush(&self) -> Seen<Vec<Flushed>> {
        guard::ask(self, guard::FLUSH_MS, move |hands, guard| {
            hands.hand.flush_volumes(guard.opened_ms)
        })
        .inspect(|_| self.step.set(Step::Cut))
    }
}

impl Hand<'_> {
    /// The flush itself, through descriptors opened at that time.
    fn flush_volumes(&self, opened_ms: u64) -> Seen<Vec<Flushed>> {
        self.enter(Step::Flush);
        let started_ms = self.now_ms();
        let mut flushed = Vec::new();
        for at in 0..BROKERS {
            let error = self.reach(|world| {
                let fails = world.volumes.flush_fails[at];
                if !fails {
                    flush(&mut world.mirror, at);
                }
                Ok(fails.then(|| "EIO".to_owned()))
            })?;
            flushed.push(Flushed {
                volume: volume(at),
                broker: at as i32 + 1,
                started_ms,
                ended_ms: self.now_ms(),
                method: "syncfs".to_owned(),
                opened_ms: Some(opened_ms),
                error,
            });
        }
        Ok(flushed)
    }

    /// The brokers' clean stop itself. One that is down already, or does not
    /// get there, is not stopped cleanly.
    pub(crate) fn stop_all_brokers(&self) -> Vec<BrokerAnswer> {
        self.enter(Step::Flush);
        let stop = |at: usize| {
            let takes = self.sim.world.borrow_mut().rng.u64(50..500);
            self.pause(takes);
            self.see(|world| {
                let (now, World { mirror, rng, .. }) = (world.now, world);
                if !mirror.brokers[at].at_rest && !mirror.brokers[at].answers(now) {
                    return Err(PortError::new(PortErrorKind::Refused, "it does not stop"));
                }
                mirror.stop(at, now, rng);
                Ok(())
            })
        };
        let each = (0..BROKERS).map(|at| BrokerAnswer {
            broker: at as i32 + 1,
            done: stop(at),
        });
        each.collect()
    }

    /// One volume, at an instant; or log by log.
    fn cut_volume(&self, at: usize) -> Seen<Snapped> {
        let started_ms = self.now_ms();
        let driver = self.sim.schedule.scene.driver;
        let smear = {
            let mut world = self.sim.world.borrow_mut();
            let most = world.volumes.smear_ms / 3;
            world.rng.u64(0..=most)
        };
        let mut image = self.reach(|world| {
            if world.volumes.snapshot_fails[at] {
                return Err(PortError::new(PortErrorKind::Refused, "the driver says no"));
            }
            Ok(on_disk(&world.mirror, at))
        })?;
        if driver == Driver::Copy {
            let count = image.logs.len();
            for partition in 0..count {
                self.pause(smear / count as u64);
                let world = self.sim.world.borrow();
                image.logs[partition] = copied(&world.mirror, at, partition);
            }
        } else {
            self.pause(smear);
            image = on_disk(&self.sim.world.borrow().mirror, at);
        }
        let mut world = self.sim.world.borrow_mut();
        if world.volumes.rots == Some(at) {
            image.rotten = Some(0).filter(|_| image.logs[0].is_some());
            world.volumes.rots = None;
        }
        let heads = world.mirror.partitions.iter().map(|one| one.hw).collect();
        let now = world.now;
        drop(world);
        Ok(Snapped {
            seen: SnapshotSeen {
                volume: volume(at),
                broker: at as i32 + 1,
                driver: "copy".to_owned(),
                method: "reflink".to_owned(),
                handle: format!("{}/{}", self.run, volume(at)),
                started_ms,
                cut_ms: Some(self.now_ms()),
                ready: true,
                error: None,
            },
            image,
            at: now,
            heads,
        })
    }
}

impl BrokerStop for Hand<'_> {
    fn stop_brokers(&self) -> Seen<Vec<BrokerAnswer>> {
        guard::ask(self, guard::FLUSH_MS, |hands, guard| {
            let stopped = guard.hold.stop_brokers(hands);
            stopped.map_err(|why| PortError::new(PortErrorKind::Refused, why))?
        })
    }
}

impl BrokerStart for Hand<'_> {
    fn start_brokers(&self) -> Seen<Vec<BrokerAnswer>> {
        let start = |at: usize| {
            self.see(|world| {
                let serves_from = world.now + world.rng.u64(300..2_000);
                world.mirror.start(at, serves_from);
                Ok(())
            })
        };
        let each = (0..BROKERS).map(|at| BrokerAnswer {
            broker: at as i32 + 1,
            done: start(at),
        });
        Ok(each.collect())
    }
}

impl VolumeSnapshot for Hand<'_> {
    fn request(&self) -> Seen<()> {
        self.step.set(Step::Cut);
        if !self.snapshots()?.is_empty() {
            return Ok(());
        }
        let mut made = Vec::new();
        for at in 0..BROKERS {
            made.push(self.cut_volume(at)?);
        }
        // The manifest is the last thing that is written.
        self.reach(|world| {
            world.volumes.snapshots.insert(self.run.clone(), made);
            Ok(())
        })
    }

    fn snapshots(&self) -> Seen<Vec<SnapshotSeen>> {
        self.reach(|world| {
            let there = world.volumes.snapshots.get(&self.run);
            Ok(there.map_or_else(Vec::new, |all| {
                all.iter().map(|one| one.seen.clone()).collect()
            }))
        })
    }
}

impl VolumeContent for Hand<'_> {
    fn survey(&self) -> Seen<ContentSurvey> {
        let first = self.now_ms();
        let (dirs, replicas) = self.opened(|opened| (opened.dirs(), opened.replicas()))?;
        Ok(ContentSurvey {
            asked: self.asked_since(first),
            dirs,
            replicas,
            unread: Vec::new(),
            set_aside: Vec::new(),
        })
    }

    fn scan(&self, _depth: ContentDepth, wanted: &[ScanWanted]) -> Seen<Vec<ScanRow>> {
        self.opened(|opened| opened.scan(wanted))
    }

    fn range(&self, wanted: &[RangeWanted]) -> Seen<Vec<RangeRow>> {
        self.opened(|opened| opened.range(wanted))
    }

    fn transactions(&self) -> Seen<TransactionsSeen> {
        self.opened(|opened| opened.transactions())
    }

    fn metadata(&self) -> Seen<Vec<MetadataSeen>> {
        self.opened(|opened| opened.metadata())
    }
}
