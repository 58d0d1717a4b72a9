//! What feeds a mirror, and its Kafka, let go by what is noted on them: whatever
//! became of Connect, of the operator, of the run, and of this program.

use slackwater_ports::ConnectorRef;
use slackwater_strimzi::{ConnectorKind, MirrorMaker, PRIOR, by_hand, noted};

use crate::mirror::{Feeder, StrimziMirror, Way};
use crate::restore::RESTORING;
use crate::{MakersError, MirrorError};

impl StrimziMirror {
    /// The Kafka is left to its operator while the mirror is held.
    pub fn leave_kafka(&self) {
        self.window.leave_it();
    }

    /// Waits until the nodes of the Kafka are at rest: while its operator rolls them,
    /// nobody should hold a mirror.
    ///
    /// # Errors
    /// They do not come to rest; no answer.
    pub fn await_rest(&self) -> Result<(), MirrorError> {
        Ok(self.window.await_rest()?)
    }

    /// Whether anything is held: a resource that feeds it, or its operator.
    ///
    /// # Errors
    /// No answer.
    pub fn is_held(&self) -> Result<bool, MirrorError> {
        Ok(self.any_is_held() || self.window.is_open()?)
    }

    /// Those that wait for a restore are not: others may have restored them with the
    /// notes of a hold.
    fn held_feeders(&self) -> impl Iterator<Item = &Feeder> {
        let each = self.feeders.iter();
        each.filter(|one| one.maker.meta.annotation(RESTORING).is_none())
    }

    /// Whether any of what feeds it is held.
    pub fn any_is_held(&self) -> bool {
        self.held_feeders().next().is_some()
    }

    /// That all of it could be let go again: asked of the API server, which changes
    /// nothing.
    ///
    /// # Errors
    /// A refusal, which names verb and resource; no answer.
    pub fn may_let_go(&self) -> Result<(), MirrorError> {
        for feeder in &self.feeders {
            self.makers
                .may_tell(&feeder.maker, feeder.way, &self.kafka)?;
        }
        Ok(self.window.may_end()?)
    }

    /// Whether the mirror is fed again after a restore, and what is stopped still waits
    /// until it has caught up.
    pub fn only_checkpoints_wait(&self) -> bool {
        let copies = |maker: &MirrorMaker| {
            let waits = noted(maker).is_ok_and(|kinds| !kinds.contains(&ConnectorKind::Source));
            maker.meta.annotation(RESTORING).is_none() && waits
        };
        let mut each = self.makers();
        let noted_on = |maker: &MirrorMaker| maker.meta.annotation(PRIOR).is_some();
        self.makers().any(noted_on) && each.all(copies)
    }

    /// Puts back all that copies, where a restore kept it stopped: also what the cut
    /// does not know, and what its user had stopped.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn let_go_copying(&self) -> Result<(), MirrorError> {
        for feeder in &self.feeders {
            self.makers.put_back_copying(&feeder.maker)?;
        }
        Ok(())
    }

    /// Whether a resource says that there is this connector.
    pub fn has(&self, connector: &ConnectorRef) -> bool {
        let of = |feeder: &Feeder| feeder.name == connector.connect;
        let mut each = self.feeders.iter().filter(|one| of(one));
        each.any(|one| {
            let mut named = one.maker.connectors();
            named.any(|known| known.name == connector.name)
        })
    }

    /// The lines by which a person with kubectl lets each of them go as it stands
    /// now, without this program.
    ///
    /// # Errors
    /// No answer; a note that can't be read.
    pub fn by_hand(&self) -> Result<Vec<String>, MirrorError> {
        let mut lines = Vec::new();
        for feeder in &self.feeders {
            let now = self.makers.again(&feeder.maker)?;
            lines.extend(by_hand(&now, self.makers.version()).map_err(MakersError::from)?);
        }
        lines.extend(self.window.by_hand()?);
        Ok(lines)
    }

    /// Lets each of them go, as far as what is noted on it says how: those that
    /// can't be are named.
    ///
    /// # Errors
    /// Some can't be let go; the others are.
    pub fn let_go(&self) -> Result<(), MirrorError> {
        let mut kept = Vec::new();
        for feeder in self.held_feeders() {
            let told = match feeder.way {
                Way::State => self.makers.put_back(&feeder.maker).map(drop),
                Way::Pause => self.makers.unpause(&feeder.maker).map(drop),
            };
            if let Err(error) = told {
                kept.push(format!("{}: {error}", feeder.name));
            }
        }
        if let Err(error) = self.window.end() {
            kept.push(format!("{}: {error}", self.kafka));
        }
        match kept.is_empty() {
            true => Ok(()),
            false => Err(MirrorError::Kept(kept)),
        }
    }
}
