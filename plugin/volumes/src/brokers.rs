//! The brokers on the volumes, stopped and started by the user's commands: a
//! service manager's, mostly. Decides nothing: who may stop them is the guard's
//! matter.

use std::collections::BTreeSet;
use std::time::Duration;

use slackwater_ports::{BrokerAnswer, BrokerStart, PortError, PortErrorKind, Seen};

use crate::snapshots::at_once;
use crate::template::Values;
use crate::{Purpose, Template, VolumeError, Volumes, exec};

/// The commands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Commands {
    stop: Template,
    start: Template,
    timeout: Duration,
}

/// All brokers that have a volume; without commands they can't be stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brokers {
    ids: Vec<i32>,
    commands: Option<Commands>,
}

impl Brokers {
    /// That nobody can stop.
    pub fn left_alone() -> Self {
        Self {
            ids: Vec::new(),
            commands: None,
        }
    }

    /// Those of these volumes. `stop` returns when the broker has ended,
    /// `start` when it is being started; both succeed where there is nothing to
    /// do. Each may take `timeout`.
    ///
    /// # Errors
    /// A command that can't be run.
    pub fn new(
        volumes: &Volumes,
        stop: &[String],
        start: &[String],
        timeout: Duration,
    ) -> Result<Self, VolumeError> {
        let ids: BTreeSet<i32> = volumes.iter().map(crate::Volume::broker).collect();
        Ok(Self {
            ids: ids.into_iter().collect(),
            commands: Some(Commands {
                stop: Template::new(Purpose::Stop, stop)?,
                start: Template::new(Purpose::Start, start)?,
                timeout,
            }),
        })
    }

    /// Stops all of them, all at once, and waits until each command has ended:
    /// no longer than it may take, and than this.
    ///
    /// # Errors
    /// No commands.
    pub fn stop_within(&self, most: Duration) -> Seen<Vec<BrokerAnswer>> {
        self.each(|commands| &commands.stop, most)
    }

    fn each(&self, pick: fn(&Commands) -> &Template, most: Duration) -> Seen<Vec<BrokerAnswer>> {
        let commands = self.commands.as_ref().ok_or_else(|| {
            let why = "no commands are configured that stop and start brokers: see `cold`";
            PortError::new(PortErrorKind::Unsupported, why)
        })?;
        Ok(at_once(&self.ids, |broker| {
            let values = Values {
                broker: *broker,
                ..Values::default()
            };
            let done = exec::run(pick(commands), values, commands.timeout.min(most));
            BrokerAnswer {
                broker: *broker,
                done: done.map(drop).map_err(PortError::from),
            }
        }))
    }
}

impl BrokerStart for Brokers {
    fn start_brokers(&self) -> Seen<Vec<BrokerAnswer>> {
        self.each(|commands| &commands.start, Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Flush, Volume};

    fn brokers(stop: &[&str], timeout: Duration) -> Brokers {
        let volume = |name: &str, broker| {
            Volume::new(name, broker, format!("/v/{name}"), Flush::Syncfs).unwrap()
        };
        let volumes = Volumes::new(vec![volume("a", 1), volume("b", 2), volume("c", 1)]).unwrap();
        let line = |items: &[&str]| {
            items
                .iter()
                .map(|one| (*one).to_owned())
                .collect::<Vec<_>>()
        };
        Brokers::new(&volumes, &line(stop), &line(&["true", "{broker}"]), timeout).unwrap()
    }

    #[test]
    fn each_broker_is_asked_once_however_many_volumes_it_has() {
        let brokers = brokers(&["false"], Duration::from_secs(10));
        let stopped = brokers.stop_within(Duration::MAX).unwrap();
        assert_eq!(
            stopped.iter().map(|one| one.broker).collect::<Vec<_>>(),
            [1, 2]
        );
        assert!(stopped.iter().all(|one| one.done.is_err()));
        let started = brokers.start_brokers().unwrap();
        assert!(started.iter().all(|one| one.done.is_ok()));
    }

    #[test]
    fn a_stop_that_does_not_return_is_an_answer_too() {
        let brokers = brokers(&["sleep", "60"], Duration::from_millis(100));
        let stopped = brokers.stop_within(Duration::MAX).unwrap();
        let why = stopped[0].done.as_ref().unwrap_err();
        assert!(why.message.contains("stop"), "{}", why.message);
    }

    #[test]
    fn no_stop_takes_longer_than_the_window_has_left() {
        let brokers = brokers(&["sleep", "60"], Duration::from_secs(60));
        let stopped = brokers.stop_within(Duration::from_millis(100)).unwrap();
        assert!(stopped.iter().all(|one| one.done.is_err()));
    }

    #[test]
    fn brokers_without_commands_are_left_alone() {
        assert!(Brokers::left_alone().start_brokers().is_err());
    }
}
