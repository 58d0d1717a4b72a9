//! What feeds a mirror in Strimzi, as the ports that look at it, stop it, start
//! it and ask where it is: KafkaMirrorMaker2 resources, and each one's own
//! Connect, asked by curl in its pods.
//!
//! Two ways to stop. By `state` the resource says it, and the operator tells
//! Connect. By `pause` the operator is told to leave the resource alone, and
//! Connect is told directly: nothing of `spec` changes, so that what puts a
//! `spec` back from elsewhere has nothing to do. An answer here says that it was
//! told; what became of it only Connect says.
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use slackwater_connect::ConnectClusters;
use slackwater_ports::{
    Answer, ConnectorPosition, ConnectorRef, MirrorLook, MirrorStart, MirrorStop, MirrorView,
    PortError, PortErrorKind, Position, Seen, Want,
};
use slackwater_strimzi::{Condition, HeldBy, Kafka, Listener, MirrorMaker, RECONCILIATION_PAUSED};

use crate::mirror_found::{confirmed, connect};
use crate::mirror_left::unless_gone;
use crate::window::Window;
use crate::{ApiServer, Makers, MakersError, MirrorError};

/// How long the operator may take to begin a reconciliation with what was just
/// written. Seen: 0.2 to 5.8 s on two busy cores. Whoever asks asks again.
const TAKEN_UP: Duration = Duration::from_secs(10);

/// How a mirror is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By the connectors' `state` in the resource.
    State,
    /// By Connect's REST, while the operator leaves the resource alone.
    Pause,
}

impl Way {
    /// By `pause` where a GitOps controller owns one of the resources: it would
    /// put a `state` back.
    fn choose<'a>(makers: impl IntoIterator<Item = &'a MirrorMaker>) -> Self {
        let owned = makers.into_iter().any(|one| one.meta.git_ops().is_some());
        if owned { Self::Pause } else { Self::State }
    }

    /// By which a resource is held already, as the notes on it say.
    fn of_held(maker: &MirrorMaker) -> Option<Self> {
        Some(match maker.meta.held()?.by {
            HeldBy::Pause => Self::Pause,
            HeldBy::State => Self::State,
        })
    }
}

/// A resource, its Connect's name in views, and how it is held.
pub(crate) struct Feeder {
    pub(crate) name: String,
    pub(crate) maker: MirrorMaker,
    pub(crate) way: Way,
}

/// See the module.
pub struct StrimziMirror {
    /// The Kafka, as notes name it.
    pub(crate) kafka: String,
    pub(crate) makers: Makers,
    /// While it is held.
    pub(crate) window: Window,
    pub(crate) feeders: Vec<Feeder>,
    /// `None` where there are none: nobody can be asked.
    connect: Option<ConnectClusters>,
    pub(crate) listeners: Vec<Listener>,
    /// Whether what was stopped is being let go: of what is deleted meanwhile nothing is
    /// held, and whoever is to see that nothing is looks at the rest.
    lets_go: AtomicBool,
    /// Whether a start leaves out connectors that do not copy.
    only_copying: bool,
}

impl StrimziMirror {
    /// Finds what feeds this mirror: by the addresses of its resources, and then
    /// by what Connect itself says of the cluster that it is on. One that is held
    /// already is held on as it is; without a `way` one is chosen for the others.
    ///
    /// # Errors
    /// Nothing feeds it; what does can't be held; somebody does not answer.
    pub fn find(
        server: &ApiServer,
        makers: Makers,
        kafka: &Kafka,
        namespaces: &[String],
        way: Option<Way>,
    ) -> Result<Self, MirrorError> {
        let found = confirmed(server, &makers, kafka, namespaces)?;
        let way = way.unwrap_or_else(|| Way::choose(&found));
        let connect = connect(server, &kafka.listeners, &found)?;
        let feeders = found.into_iter().map(|maker| {
            let held = Way::of_held(&maker);
            let name = maker.meta.to_string();
            // By `pause`, too: who lets it go by its notes, or by hand, rests on its operator.
            if held.is_none() && maker.meta.is_paused() {
                return Err(MirrorError::Paused(name));
            }
            let way = held.unwrap_or(way);
            Ok(Feeder { name, maker, way })
        });
        Ok(Self {
            kafka: kafka.meta.to_string(),
            window: Window::new(makers.clone(), &kafka.meta.to_string()),
            feeders: feeders.collect::<Result<_, _>>()?,
            makers,
            connect: Some(connect),
            listeners: kafka.listeners.clone(),
            lets_go: AtomicBool::new(false),
            only_copying: false,
        })
    }

    /// Those that are held for this Kafka (`NAMESPACE/NAME`) by the notes on them,
    /// to let them go: whatever became of the Kafka, of their Connect or of their
    /// operator, and though nothing else can be found.
    ///
    /// # Errors
    /// The API server does not answer.
    pub fn held_for(
        server: &ApiServer,
        makers: Makers,
        kafka: &str,
        namespaces: &[String],
    ) -> Result<Self, MirrorError> {
        let found = makers.held_for(kafka, namespaces)?;
        let connect = match found.is_empty() {
            true => None,
            false => Some(connect(server, &[], &found)?),
        };
        let feeders = found.into_iter().filter_map(|maker| {
            Some(Feeder {
                name: maker.meta.to_string(),
                way: Way::of_held(&maker)?,
                maker,
            })
        });
        Ok(Self {
            kafka: kafka.to_owned(),
            window: Window::new(makers.clone(), kafka),
            feeders: feeders.collect(),
            makers,
            connect,
            listeners: Vec::new(),
            lets_go: AtomicBool::new(false),
            only_copying: false,
        })
    }

    /// A start puts back those connectors alone that copy: to a mirror that was
    /// restored the others come when it has caught up.
    pub fn only_copying(&mut self) {
        self.only_copying = true;
    }

    fn connect(&self) -> Seen<&ConnectClusters> {
        self.connect.as_ref().ok_or_else(|| {
            PortError::new(
                PortErrorKind::Unsupported,
                format!(
                    "nothing is held for {}: there is no Connect to ask",
                    self.kafka
                ),
            )
        })
    }

    /// Its Kafka's operator, before anything is stopped: one that does not even leave that
    /// alone would not take up what is told it afterwards. A start ends it.
    ///
    /// # Errors
    /// It does not.
    pub fn leave_kafka_alone(&self) -> Seen<()> {
        self.window.begin().map_err(port_error)
    }

    /// That it does so still, by one look.
    ///
    /// # Errors
    /// It does not; no answer.
    pub fn leaves_kafka_alone(&self) -> Seen<()> {
        self.window.must_last().map_err(port_error)
    }

    /// How each is stopped, in the order of the resources.
    pub fn ways(&self) -> impl Iterator<Item = Way> {
        self.feeders.iter().map(|one| one.way)
    }

    /// The resources, as they were found.
    pub fn makers(&self) -> impl Iterator<Item = &MirrorMaker> {
        self.feeders.iter().map(|one| &one.maker)
    }

    /// One answer for each connector, in their order: that of its resource. All
    /// resources at once.
    fn tell(
        &self,
        connectors: &[ConnectorRef],
        tell: impl Fn(&Feeder) -> Result<(), PortError> + Sync,
    ) -> Vec<Answer> {
        let wanted: BTreeSet<&str> = connectors.iter().map(|one| one.connect.as_str()).collect();
        let told: Vec<(&str, Result<(), PortError>)> = thread::scope(|scope| {
            let of = self.feeders.iter();
            let asked: Vec<_> = of
                .filter(|one| wanted.contains(one.name.as_str()))
                .map(|one| (one.name.as_str(), scope.spawn(|| tell(one))))
                .collect();
            let ended = asked.into_iter().map(|(name, thread)| {
                let told = thread.join();
                (
                    name,
                    told.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                )
            });
            ended.collect()
        });
        let answer = |connector: &ConnectorRef| {
            let of = told.iter().find(|(name, _)| *name == connector.connect);
            let unknown = || {
                let message = format!(
                    "{} is no resource that feeds this mirror",
                    connector.connect
                );
                Err(PortError::new(PortErrorKind::Unsupported, message))
            };
            Answer {
                connector: connector.clone(),
                accepted: of.map_or_else(unknown, |(_, told)| told.clone()),
            }
        };
        connectors.iter().map(answer).collect()
    }

    /// Waits until the operator has begun a reconciliation with this state of the
    /// resource, and pokes it where it does not.
    fn wait_until(
        &self,
        maker: &MirrorMaker,
        what: &str,
        is_so: impl Fn(&MirrorMaker) -> bool,
    ) -> Result<(), PortError> {
        let place = self.makers.place_of(maker).map_err(port_error)?;
        let look = || Ok(is_so(&self.makers.again(maker)?));
        let came = self.makers.await_operator(&place, TAKEN_UP, look);
        match came.map_err(port_error)? {
            true => Ok(()),
            false => {
                let message = format!(
                    "the operator has not {what} KafkaMirrorMaker2 {} within {} s: see whether it \
                     runs",
                    maker.meta,
                    TAKEN_UP.as_secs()
                );
                Err(PortError::new(PortErrorKind::Timeout, message))
            }
        }
    }

    /// Writes into a resource, and waits until the operator has taken it up. Where
    /// it is written already and is asked for all the same, the operator has seen
    /// something else of Connect than there is now (a stop that came before an
    /// earlier resume took effect): it looks again when it is poked.
    fn write(
        &self,
        feeder: &Feeder,
        write: impl Fn(&MirrorMaker) -> Result<MirrorMaker, MakersError>,
    ) -> Result<(), PortError> {
        let before = self.makers.again(&feeder.maker).map_err(port_error)?;
        let written = write(&feeder.maker).map_err(port_error)?;
        let wanted = written.meta.generation;
        if wanted == before.meta.generation {
            return self.makers.poke(&written).map_err(port_error);
        }
        self.wait_until(&written, "taken up what was written into", |now| {
            now.observed_generation.is_some_and(|seen| seen >= wanted)
        })
    }

    /// To what stood in it before.
    fn put_back(&self, feeder: &Feeder) -> Result<(), MakersError> {
        let before = self.makers.again(&feeder.maker)?;
        let back = match self.only_copying {
            true => self.makers.put_back_copying(&feeder.maker)?,
            false => self.makers.put_back(&feeder.maker)?,
        };
        if back.meta.generation == before.meta.generation {
            // It was asked already, and is asked again.
            self.makers.poke(&back)?;
        }
        Ok(())
    }

    /// The operator may be at the resource when it is told: what it tells
    /// Connect then must not come after what is told from here.
    fn leave_alone(&self, feeder: &Feeder) -> Result<(), PortError> {
        let is_left_alone =
            |now: &MirrorMaker| Condition::any(&now.conditions, RECONCILIATION_PAUSED);
        // Of a pause before this one: it stays for a while after that.
        let now = self.makers.again(&feeder.maker).map_err(port_error)?;
        if !now.meta.is_paused() && is_left_alone(&now) {
            self.wait_until(&now, "looked again after", |now| !is_left_alone(now))?;
        }
        let maker = self
            .makers
            .pause(&feeder.maker, &self.kafka)
            .map_err(port_error)?;
        self.wait_until(&maker, "left alone", is_left_alone)
    }
}

impl MirrorLook for StrimziMirror {
    fn mirror(&self) -> Seen<MirrorView> {
        match self.connect().and_then(MirrorLook::mirror) {
            Err(why) if self.lets_go.load(Ordering::Relaxed) => self.look_at_what_is_left(why),
            seen => seen,
        }
    }
}

impl ConnectorPosition for StrimziMirror {
    fn positions(&self, connector: &ConnectorRef) -> Seen<Vec<Position>> {
        self.connect()?.positions(connector)
    }
}

impl StrimziMirror {
    /// Those whose resource is held so, with their places in the list.
    fn held_by(&self, way: Way, connectors: &[ConnectorRef]) -> Vec<usize> {
        let of = |connector: &ConnectorRef| {
            let mut each = self.feeders.iter();
            each.find(|one| one.name == connector.connect)
        };
        let places = connectors.iter().enumerate();
        places
            // One of nobody's is answered by `tell`.
            .filter(|(_, one)| of(one).map_or(way == Way::State, |feeder| feeder.way == way))
            .map(|(at, _)| at)
            .collect()
    }

    /// Each by its own way, and the answers in the order of the list.
    fn each_way(
        &self,
        connectors: &[ConnectorRef],
        by_state: impl Fn(&[usize]) -> Vec<Answer> + Sync,
        by_pause: impl Fn(&[usize]) -> Vec<Answer> + Sync,
    ) -> Vec<Answer> {
        let states = self.held_by(Way::State, connectors);
        let pauses = self.held_by(Way::Pause, connectors);
        let (one, other) = thread::scope(|scope| {
            let one = scope.spawn(|| by_state(&states));
            let other = by_pause(&pauses);
            let one = one.join();
            (
                one.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                other,
            )
        });
        let places = states.iter().chain(&pauses).copied();
        let mut answers: Vec<(usize, Answer)> = places.zip(one.into_iter().chain(other)).collect();
        answers.sort_by_key(|(at, _)| *at);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }
}

/// What Connect answers for each, or that nobody can be asked.
fn by_connect(
    connect: Seen<&ConnectClusters>,
    connectors: &[ConnectorRef],
    tell: impl FnOnce(&ConnectClusters) -> Vec<Answer>,
) -> Vec<Answer> {
    match connect {
        Ok(connect) => tell(connect),
        Err(error) => Answer::none_told(connectors, &error),
    }
}

/// Those at these places.
fn pick<T: Clone>(all: &[T], places: &[usize]) -> Vec<T> {
    places
        .iter()
        .filter_map(|at| all.get(*at).cloned())
        .collect()
}

impl MirrorStop for StrimziMirror {
    fn stop(&self, connectors: &[ConnectorRef]) -> Vec<Answer> {
        self.lets_go.store(false, Ordering::Relaxed);
        let by_state = |places: &[usize]| {
            self.tell(&pick(connectors, places), |feeder| {
                self.write(feeder, |maker| self.makers.stop(maker, &self.kafka))
            })
        };
        let by_pause = |places: &[usize]| {
            let ours = pick(connectors, places);
            let left = self.tell(&ours, |feeder| self.leave_alone(feeder));
            match left.iter().all(|answer| answer.accepted.is_ok()) {
                true => by_connect(self.connect(), &ours, |connect| connect.stop(&ours)),
                false => left,
            }
        };
        self.each_way(connectors, by_state, by_pause)
    }
}

impl MirrorStart for StrimziMirror {
    /// By `state` each is put back to what stood in its resource, which is what
    /// was wanted of it then.
    fn start(&self, connectors: &[Want]) -> Vec<Answer> {
        self.lets_go.store(true, Ordering::Relaxed);
        let refs: Vec<ConnectorRef> = connectors
            .iter()
            .map(|want| want.connector.clone())
            .collect();
        // The resource says it, and its operator will tell Connect; Connect is told
        // at once, too, since nobody knows how long an operator takes, or whether
        // there is one. What it answers is seen in its states.
        let by_state = |places: &[usize]| {
            let told = self.tell(&pick(&refs, places), |feeder| {
                unless_gone(feeder, self.put_back(feeder))
            });
            let (wants, ours) = (pick(connectors, places), pick(&refs, places));
            let answers = by_connect(self.connect(), &ours, |connect| connect.start(&wants));
            for answer in answers {
                if let Err(error) = answer.accepted {
                    tracing::info!("{}: {}", answer.connector.name, error.message);
                }
            }
            told
        };
        // Connect first: the operator then finds what it wants.
        let by_pause = |places: &[usize]| {
            let (wants, ours) = (pick(connectors, places), pick(&refs, places));
            let mut told = by_connect(self.connect(), &ours, |connect| connect.start(&wants));
            let left = self.tell(&ours, |feeder| {
                unless_gone(feeder, self.makers.unpause(&feeder.maker).map(drop))
            });
            for (answer, left) in told.iter_mut().zip(left) {
                if answer.accepted.is_ok() {
                    answer.accepted = left.accepted;
                }
            }
            told
        };
        let mut answers = self.each_way(&refs, by_state, by_pause);
        for answer in answers.iter_mut().filter(|one| one.accepted.is_err()) {
            if self.is_deleted(&answer.connector) {
                tracing::warn!(
                    "{} was deleted: there is nothing to start",
                    answer.connector
                );
                answer.accepted = Ok(());
            }
        }
        // Last: the mirror runs whatever becomes of this, and it is asked for again.
        if let Err(error) = self.window.end().map_err(port_error) {
            for answer in &mut answers {
                if answer.accepted.is_ok() {
                    answer.accepted = Err(error.clone());
                }
            }
        }
        answers
    }
}

pub(crate) fn port_error(error: MakersError) -> PortError {
    match error {
        MakersError::Api(error) => error.into(),
        MakersError::Deaf { .. } => PortError::new(PortErrorKind::Timeout, error.to_string()),
        MakersError::Restless(_) => PortError::new(PortErrorKind::Conflict, error.to_string()),
        MakersError::ReadBack { .. } => PortError::new(PortErrorKind::Malformed, error.to_string()),
        error => PortError::new(PortErrorKind::Refused, error.to_string()),
    }
}
