//! The hand that strikes, and puts right what it struck.

use std::thread;
use std::time::{Duration, Instant};

use slackwater_e2e::{Scene, SceneError, guard_pid, is_alive, process_state, send_signal};
use slackwater_lab::{Filler, Service, Strike};

use crate::backup::Backup;
use crate::clock::Clock;
use crate::fault::{Fault, Signal, Victim};

/// For the n-th request to be made; a run that makes fewer is not struck.
const REQUESTED: Duration = Duration::from_secs(40);

/// A process that is traced stops at each call, and one that was given a
/// SIGSTOP in so many looks.
const STILL: u32 = 20;

/// Between two looks at a process.
const LOOK: Duration = Duration::from_millis(20);

/// What was struck, until it is put right.
#[derive(Debug)]
pub(crate) enum Struck {
    /// Nothing that could be put right.
    Gone,
    /// Processes that are to go on.
    Frozen(Vec<u32>),
    /// Connect.
    ConnectDown,
    /// A broker of the mirror.
    BrokerDown(i32),
    /// The source.
    SourceDown,
    /// A server of the lab that is frozen.
    Paused(Victim),
    /// The cable.
    Unplugged,
    /// A full disk; its broker may have died of it.
    Full(Filler, Option<i32>),
    /// The clock.
    Moved,
}

impl Struck {
    /// Whether nobody can be expected to resume the mirror while it lasts.
    pub(crate) fn stands_in_the_way(&self, fault: Fault, scene: &Scene) -> bool {
        let guard = guard_pid(scene);
        let frozen = |pids: &[u32]| guard.is_some_and(|guard| pids.contains(&guard));
        match self {
            Struck::Frozen(pids) => frozen(pids),
            _ => fault.stands_in_the_way(),
        }
    }
}

/// See the module.
pub(crate) struct Hand<'s> {
    pub(crate) scene: &'s Scene,
    pub(crate) clock: &'s Clock,
}

impl Hand<'_> {
    /// Does it. `None`: whom it was meant for is not there.
    pub(crate) fn strike(
        &self,
        fault: Fault,
        backup: &mut Backup,
    ) -> Result<Option<Struck>, SceneError> {
        let lab = &self.scene.lab;
        Ok(Some(match fault {
            Fault::Nothing => Struck::Gone,
            Fault::Signal(signal, victim) => return self.signal(signal, victim, backup),
            Fault::AtRequest(signal, victim, request) => {
                return self.at_request(signal, victim, request, backup);
            }
            Fault::Unplug => {
                let cables = lab.cables().ok_or_else(|| no_such("cable"))?;
                cables.pull()?;
                Struck::Unplugged
            }
            Fault::FillVolume(id) => {
                let broker = lab.mirror().broker(id).ok_or_else(|| no_such("broker"))?;
                Struck::Full(Filler::fill(broker.mount_point())?, Some(id))
            }
            Fault::FillStore => Struck::Full(Filler::fill(&self.scene.store())?, None),
            Fault::Clock(seconds) => {
                self.clock.move_by(seconds)?;
                Struck::Moved
            }
            Fault::PowerLoss(id) => {
                lab.lose_power(id)?;
                Struck::BrokerDown(id)
            }
        }))
    }

    fn signal(
        &self,
        signal: Signal,
        victim: Victim,
        backup: &Backup,
    ) -> Result<Option<Struck>, SceneError> {
        let lab = &self.scene.lab;
        let (program, guard) = (Some(backup.pid()), guard_pid(self.scene));
        let pids = match victim {
            Victim::Program => [program, None],
            Victim::Guard => [guard, None],
            // The program must not see the guard's end.
            Victim::Both => [program, guard],
            Victim::Connect | Victim::Broker(_) | Victim::Source => {
                let service = self.service(victim)?;
                return Ok(Some(match (signal, victim) {
                    (Signal::Freeze, _) => {
                        service.pause()?;
                        Struck::Paused(victim)
                    }
                    (Signal::Kill, Victim::Broker(id)) => {
                        service.kill9();
                        Struck::BrokerDown(id)
                    }
                    (Signal::Kill, Victim::Source) => {
                        service.kill9();
                        Struck::SourceDown
                    }
                    (Signal::Kill, _) => {
                        lab.connect().kill9();
                        Struck::ConnectDown
                    }
                }));
            }
        };
        let pids: Vec<u32> = pids.into_iter().flatten().collect();
        for name in match (signal, victim) {
            (Signal::Kill, Victim::Both) => &["STOP", "KILL"][..],
            (Signal::Kill, _) => &["KILL"],
            (Signal::Freeze, _) => &["STOP"],
        } {
            if !pids.iter().all(|pid| send_signal(name, *pid)) {
                return Ok(None);
            }
        }
        let there = pids.len() == if victim == Victim::Both { 2 } else { 1 };
        Ok(there.then_some(match signal {
            Signal::Kill => Struck::Gone,
            Signal::Freeze => Struck::Frozen(pids),
        }))
    }

    /// Waits until it was struck, or has ended without.
    fn at_request(
        &self,
        signal: Signal,
        victim: Victim,
        request: u32,
        backup: &mut Backup,
    ) -> Result<Option<Struck>, SceneError> {
        let pid = match victim {
            Victim::Guard => guard_pid(self.scene),
            _ => Some(backup.pid()),
        };
        let Some(pid) = pid else {
            return Ok(None);
        };
        let name = match signal {
            Signal::Kill => "SIGKILL",
            Signal::Freeze => "SIGSTOP",
        };
        let strike = Strike::at_request(pid, name, request)?;
        let began = Instant::now();
        let mut still = 0;
        let mut struck = Vec::new();
        while struck.is_empty() && began.elapsed() < REQUESTED && is_alive(pid) {
            thread::sleep(LOOK);
            let stopped =
                |pid: &u32| process_state(*pid).is_some_and(|state| "tTZ".contains(state));
            struck = [Some(pid), guard_pid(self.scene)]
                .into_iter()
                .flatten()
                .filter(stopped)
                .collect();
            still = if struck.is_empty() { 0 } else { still + 1 };
            if still < STILL && !backup.has_ended() {
                struck.clear();
            }
        }
        drop(strike);
        let ended_by_itself = backup.has_ended() && backup.wait().code.is_some();
        if ended_by_itself || (struck.is_empty() && is_alive(pid)) {
            return Ok(None);
        }
        Ok(Some(match signal {
            Signal::Kill => Struck::Gone,
            Signal::Freeze => Struck::Frozen(struck),
        }))
    }

    fn service(&self, victim: Victim) -> Result<&Service, SceneError> {
        let lab = &self.scene.lab;
        let broker = match victim {
            Victim::Broker(id) => lab.mirror().broker(id),
            Victim::Source => lab.source().brokers().first(),
            _ => return Ok(lab.connect()),
        };
        Ok(broker.ok_or_else(|| no_such("broker"))?)
    }

    /// Puts it right.
    pub(crate) fn undo(&self, struck: Struck) -> Result<(), SceneError> {
        let lab = &self.scene.lab;
        match struck {
            Struck::Gone => {}
            Struck::Frozen(pids) => {
                for pid in pids {
                    // It may have been killed meanwhile.
                    send_signal("CONT", pid);
                }
            }
            Struck::ConnectDown => lab.connect().start()?,
            Struck::BrokerDown(id) => self.service(Victim::Broker(id))?.start()?,
            Struck::SourceDown => self.service(Victim::Source)?.start()?,
            Struck::Paused(victim) => self.service(victim)?.cont()?,
            Struck::Unplugged => lab.cables().ok_or_else(|| no_such("cable"))?.put_back()?,
            Struck::Full(filler, broker) => {
                drop(filler);
                if let Some(id) = broker {
                    self.start_if_dead(Victim::Broker(id))?;
                }
            }
            Struck::Moved => {}
        }
        Ok(())
    }

    /// A broker that can't write ends by itself.
    pub(crate) fn start_if_dead(&self, victim: Victim) -> Result<bool, SceneError> {
        let service = self.service(victim)?;
        let dead = service.check_alive().is_err();
        if dead {
            service.kill9();
            service.start()?;
        }
        Ok(dead)
    }
}

fn no_such(what: &str) -> SceneError {
    SceneError::Unexpected(format!("the lab has no such {what}"))
}
