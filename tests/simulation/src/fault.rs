//! What may go wrong. Where it comes from is in `WORLD.md`.

use std::fmt;

use crate::step::Step;

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    ProgramKilled,
    ProgramFrozen,
    GuardKilled,
    GuardFrozen,
    BothKilled,
    ConnectKilled,
    ConnectSilent,
    SlowTarget,
    BrokerKilled,
    BrokerFrozen,
    PowerLost,
    FetcherHangs,
    LeaderMoves,
    SourceSilent,
    SourceDeletes,
    ForeignProducer,
    Reverted,
    TopicChanged,
    TopicAdded,
    CallFails,
    CallTimesOut,
    AnswerLost,
    StoreFull,
    FlushFails,
    SnapshotFails,
    SnapshotSmears,
    SnapshotRots,
    ClockJumps,
    SecondRun,
    ApiSilent,
    ApiSlow,
    GuardCutOff,
    OperatorDown,
    OperatorBusy,
    OperatorLooks,
    PutBack,
    Restless,
}

/// Those of a mirror in Strimzi alone.
pub(crate) const IN_STRIMZI: [Kind; 8] = [
    Kind::ApiSilent,
    Kind::ApiSlow,
    Kind::GuardCutOff,
    Kind::OperatorDown,
    Kind::OperatorBusy,
    Kind::OperatorLooks,
    Kind::PutBack,
    Kind::Restless,
];

/// All others.
pub(crate) const ANYWHERE: [Kind; 29] = [
    Kind::ProgramKilled,
    Kind::ProgramFrozen,
    Kind::GuardKilled,
    Kind::GuardFrozen,
    Kind::BothKilled,
    Kind::ConnectKilled,
    Kind::ConnectSilent,
    Kind::SlowTarget,
    Kind::BrokerKilled,
    Kind::BrokerFrozen,
    Kind::PowerLost,
    Kind::FetcherHangs,
    Kind::LeaderMoves,
    Kind::SourceSilent,
    Kind::SourceDeletes,
    Kind::ForeignProducer,
    Kind::Reverted,
    Kind::TopicChanged,
    Kind::TopicAdded,
    Kind::CallFails,
    Kind::CallTimesOut,
    Kind::AnswerLost,
    Kind::StoreFull,
    Kind::FlushFails,
    Kind::SnapshotFails,
    Kind::SnapshotSmears,
    Kind::SnapshotRots,
    Kind::ClockJumps,
    Kind::SecondRun,
];

/// One fault.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    /// In which step.
    pub(crate) step: Step,
    /// Before which call of that step.
    pub(crate) call: u32,
    /// Which broker or partition, where that matters.
    pub(crate) target: usize,
    /// How long, where that matters.
    pub(crate) lasts_ms: u64,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "before call {} of {}: {} (target {}, {} ms)",
            self.call,
            self.step.name(),
            self.kind.in_words(),
            self.target,
            self.lasts_ms
        )
    }
}

impl Kind {
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::ProgramKilled => "the program is killed",
            Self::ProgramFrozen => "the program freezes",
            Self::GuardKilled => "the guard is killed",
            Self::GuardFrozen => "the guard freezes",
            Self::BothKilled => "program and guard are killed",
            Self::ConnectKilled => "Connect's worker is killed",
            Self::ConnectSilent => "Connect can't be reached",
            Self::SlowTarget => "the mirror takes records slowly",
            Self::BrokerKilled => "a broker is killed",
            Self::BrokerFrozen => "a broker freezes",
            Self::PowerLost => "a broker's machine loses power",
            Self::FetcherHangs => "a follower's fetcher hangs",
            Self::LeaderMoves => "a leader is elected",
            Self::SourceSilent => "the source can't be reached",
            Self::SourceDeletes => "the source deletes what it has",
            Self::ForeignProducer => "somebody writes to a copy",
            Self::Reverted => "somebody resumes the connectors",
            Self::TopicChanged => "somebody changes a topic's configuration",
            Self::TopicAdded => "somebody adds a topic",
            Self::CallFails => "a call fails",
            Self::CallTimesOut => "a call times out",
            Self::AnswerLost => "a call takes effect without an answer",
            Self::StoreFull => "the cut store is full",
            Self::FlushFails => "a flush fails",
            Self::SnapshotFails => "a snapshot fails",
            Self::SnapshotSmears => "the volumes are cut slowly",
            Self::SnapshotRots => "a snapshot is damaged",
            Self::ClockJumps => "the program's and the guard's clocks jump",
            Self::SecondRun => "somebody begins a second run",
            Self::ApiSilent => "the API server can't be reached",
            Self::ApiSlow => "the API server is slow",
            Self::GuardCutOff => "the guard can't reach the API server",
            Self::OperatorDown => "the operator is killed",
            Self::OperatorBusy => "the operator is long at the resource",
            Self::OperatorLooks => "the operator looks by itself",
            Self::PutBack => "somebody puts back the resource",
            Self::Restless => "somebody notes things on the resource",
        }
    }
}
