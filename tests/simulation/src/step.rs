//! The steps of a run, as faults befall them.

/// Where a run is, by what was called last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// quiesceMirror, before the guard is engaged.
    Sample,
    /// From there on.
    Stop,
    Drain,
    /// snapshotPartitions, until all is flushed.
    Flush,
    Cut,
    /// The closing look.
    Close,
    Resume,
    /// The proof, and the close of the cut.
    Prove,
    /// The proof once more, of a cut that is closed: by `verify`, long after.
    ReadAgain,
}

impl Step {
    /// Those of a run.
    pub(crate) const ALL: [Self; 8] = [
        Self::Sample,
        Self::Stop,
        Self::Drain,
        Self::Flush,
        Self::Cut,
        Self::Close,
        Self::Resume,
        Self::Prove,
    ];

    /// About how many calls it makes: a fault is set before one of them.
    pub(crate) fn calls(self) -> u32 {
        match self {
            Self::Sample => 24,
            Self::Stop => 6,
            Self::Drain => 20,
            Self::Flush => 8,
            Self::Cut => 5,
            Self::Close => 8,
            Self::Resume => 14,
            Self::Prove | Self::ReadAgain => 7,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sample => "sample",
            Self::Stop => "stop",
            Self::Drain => "drain",
            Self::Flush => "flush",
            Self::Cut => "cut",
            Self::Close => "close",
            Self::Resume => "resume",
            Self::Prove => "prove",
            Self::ReadAgain => "reading again",
        }
    }
}
