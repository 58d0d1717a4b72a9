//! What a run may accept, as it is typed.

use clap::{Args, ValueEnum};
use slackwater_cut::{Settings, Strategy, Verify};

use crate::config::{with_strategy, with_verify};
use crate::exit::Stop;
use crate::site::{Site, split_phase};

/// A strategy that needs nothing of the configuration.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Asked {
    /// As the configuration says.
    #[default]
    Configured,
    /// The mirror stands still while its volumes are cut.
    Quiesced,
    /// Nothing is stopped.
    Hot,
}

impl Asked {
    fn named(self) -> Option<Strategy> {
        match self {
            Self::Configured => None,
            Self::Quiesced => Some(Strategy::Quiesced),
            Self::Hot => Some(Strategy::Hot),
        }
    }
}

/// How much is read of the snapshot.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Read {
    /// As the configuration says.
    #[default]
    Configured,
    /// Every batch: `intact` can be proven, and is required unless the configuration
    /// names what is (`require`).
    Full,
    /// The ends of the logs.
    Tail,
    /// Nothing.
    Off,
}

impl Read {
    fn named(self) -> Option<Verify> {
        match self {
            Self::Configured => None,
            Self::Full => Some(Verify::Full),
            Self::Tail => Some(Verify::Tail),
            Self::Off => Some(Verify::Off),
        }
    }
}

/// What a run may accept. All of it is kept in the cut.
#[derive(Debug, Args, Default)]
pub(super) struct Accept {
    /// A source topic whose timestamps say nothing about retention (0, -1, or
    /// filled in later).
    #[arg(long, value_name = "TOPIC")]
    accept_retention_risk: Vec<String>,
    /// Take a mirror that someone else stopped, and leave it stopped.
    #[arg(long)]
    allow_stopped: bool,
    /// Do without a source that can't be reached: `covers` and `resumable` are unproven.
    #[arg(long)]
    allow_unreachable_source: bool,
    /// Where Connect cancelled tasks, so that the mirror is ahead of its
    /// committed offsets: resume it briefly and stop it once more. The records
    /// ahead are then on the mirror twice. Not for a mirror in Strimzi.
    #[arg(long)]
    settle: bool,
    /// Partitions with nothing left to compare fail `resumable`.
    #[arg(long)]
    strict: bool,
    /// Snapshots may be plain copies where blocks can't be shared.
    #[arg(long)]
    allow_plain_copy: bool,
    /// Refuse a component of a phase with another digest: `PHASE=SHA256`.
    #[arg(long, value_name = "PHASE=SHA256")]
    require_digest: Vec<String>,
    /// Take a phase from a file: `PHASE=FILE`.
    #[arg(long, value_name = "PHASE=FILE")]
    component: Vec<String>,
    /// Leave the mirror's Kafka to its operator, which may roll brokers in the middle:
    /// without this it is paused while the mirror is held.
    #[arg(long)]
    no_pause: bool,
    /// With `hot` nothing is stopped: the volumes are cut while the mirror runs, and what
    /// comes back of them is to be planned and trimmed before it is used.
    #[arg(long, value_enum, default_value_t)]
    strategy: Asked,
    /// How much is read of the snapshot. What has to be proven goes with it, unless the
    /// configuration names it (`require`).
    #[arg(long, value_enum, default_value_t)]
    verify: Read,
    /// Keep no recording of the phases beside the cut.
    #[arg(long)]
    no_recording: bool,
}

impl Accept {
    /// Whether anything is asked that is settled where a run begins.
    pub(super) fn is_of_a_beginning(&self) -> bool {
        self.strategy.named().is_some() || self.verify.named().is_some()
    }

    /// Which of that is another than what its run was begun with.
    pub(super) fn differs(&self, begun: &Settings) -> Option<&'static str> {
        if self
            .strategy
            .named()
            .is_some_and(|one| one != begun.strategy)
        {
            Some("--strategy")
        } else if self.verify.named().is_some_and(|one| one != begun.verify) {
            Some("--verify")
        } else {
            None
        }
    }

    /// Prepares the site for it.
    pub(super) fn apply(&self, site: &mut Site) -> Result<(), Stop> {
        site.allow_plain_copy = self.allow_plain_copy;
        if self.no_pause {
            site.leave_kafka()?;
        }
        if !self.no_recording {
            site.keep_recordings();
        }
        for pair in &self.component {
            site.take_component(pair)?;
        }
        for pair in &self.require_digest {
            let (phase, digest) = split_phase(pair, "PHASE=SHA256")?;
            site.components
                .get(phase)
                .require_digest(Some(digest))
                .map_err(|error| Stop::bad_input(format!("{phase}: {error}")))?;
        }
        if self.settle && site.strimzi().is_some() {
            // Its operator says for half a minute after a pause that there is one, and a
            // second stop would come when the window is over.
            return Err(Stop::bad_input(
                "--settle is not for a mirror in Strimzi, which is not stopped twice in a window: \
                 run the backup again where its tasks were cancelled",
            ));
        }
        let names_required = site.names_required;
        let settings = &mut site.settings;
        settings
            .accept_retention_risk
            .clone_from(&self.accept_retention_risk);
        settings.allow_stopped = self.allow_stopped;
        settings.allow_unreachable |= self.allow_unreachable_source;
        if let Some(asked) = self.strategy.named() {
            with_strategy(settings, asked).map_err(Stop::bad_input)?;
        }
        if let Some(asked) = self.verify.named() {
            with_verify(settings, names_required, asked).map_err(Stop::bad_input)?;
        }
        settings.strict = self.strict;
        settings.settle = self.settle;
        Ok(())
    }
}
