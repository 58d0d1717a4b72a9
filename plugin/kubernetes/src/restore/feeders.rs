//! What feeds the mirror, while it is restored: KafkaMirrorMaker2s are paused, and
//! their workers removed. A worker goes on by what it has in memory, and that is of
//! the mirror as it was; and one that starts on restored topics may copy at once.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use slackwater_restore::Way;
use slackwater_strimzi::{MirrorMaker, PAUSE, PAUSED, POKED};

use super::kafka::{CLEARS, SEE, TAKEN_UP};
use super::kept::as_found;
use super::remade::full_name;
use super::{InPlace, RestoreError};
use crate::MakersError;
use crate::place::{Place, Resource};

/// That a KafkaMirrorMaker2 is kept from running by a restore: of which run, and
/// whether the pause is ours. (On a Kafka: that others have restored it, to wait.) Not the note of a hold: whoever lets go of what is
/// held must not start workers in the middle of a restore.
pub(crate) const RESTORING: &str = "slackwater.io/restoring";

const OURS: &str = "ours";
const THEIRS: &str = "theirs";

impl InPlace {
    pub(super) fn maker_place(&self, name: &str) -> Result<Place, RestoreError> {
        let (namespace, name) = name
            .split_once('/')
            .unwrap_or((&self.target.namespace, name));
        let makers = Resource::mirror_makers(self.makers.version());
        Ok(Place::new(makers, namespace, name)?)
    }

    /// What copies from its sources: as it is now, and where that is gone as it was kept.
    ///
    /// # Errors
    /// Another shape; no answer.
    pub fn copying(&self) -> Result<Vec<MirrorMaker>, RestoreError> {
        let kept = self.kept().into_iter().flat_map(|kept| &kept.feeders);
        let mut names: BTreeSet<String> = kept.clone().map(full_name).collect();
        names.extend(self.target.feeders.iter().cloned());
        let mut makers = Vec::new();
        for name in names {
            let now = self.server.get(&self.maker_place(&name)?)?;
            let mut before = kept.clone().filter(|one| full_name(one) == name);
            let found = now.or_else(|| before.next().map(as_found));
            let read = found.as_ref().map(MirrorMaker::read).transpose();
            makers.extend(read.map_err(MakersError::from)?);
        }
        Ok(makers)
    }

    pub(super) fn pause_feeder(&self, name: &str) -> Result<(), RestoreError> {
        let place = self.maker_place(name)?;
        let Some(maker) = self.state(&place)? else {
            return Ok(());
        };
        let whose = match (maker.annotation(RESTORING), maker.is_paused()) {
            (Some(note), _) if note.ends_with(THEIRS) => THEIRS,
            (None, true) => THEIRS,
            _ => OURS,
        };
        if !maker.is_paused() && maker.says_paused() {
            // Of a pause that is over: it would be taken for an answer to this one.
            self.until(
                || format!("the condition ReconciliationPaused of {place} does not clear"),
                CLEARS,
                SEE,
                || Ok(self.state(&place)?.is_none_or(|now| !now.says_paused())),
            )?;
        }
        let note = format!("{} {whose}", self.target.run);
        let change = json!({"metadata": {"annotations": {PAUSE: "true", RESTORING: note}}});
        self.server.merge(&place, &change)?;
        self.until(
            || format!("the operator has not taken up the pause of {place}"),
            TAKEN_UP,
            SEE,
            || {
                let now = self.state(&place)?;
                Ok(now.is_none_or(|now| now.is_paused() && now.says_paused()))
            },
        )
    }

    /// Sets and pods of its workers.
    pub(super) fn workers(&self, name: &str) -> Result<[Vec<Value>; 2], RestoreError> {
        let place = self.maker_place(name)?;
        let component = format!("{}-mirrormaker2", place.name());
        let of = |resource: &Resource| {
            let component = ("KafkaMirrorMaker2", component.as_str());
            self.of_component(resource, &place.namespace, place.name(), component)
        };
        Ok([of(&self.sets)?, of(&Resource::pods())?])
    }

    pub(super) fn remove_workers(&self, name: &str) -> Result<(), RestoreError> {
        let place = self.maker_place(name)?;
        let [sets, _] = self.workers(name)?;
        for set in &sets {
            let set = crate::place::name(set);
            self.server
                .delete(&self.set_place(&place.namespace, &set)?)?;
        }
        self.until_no_pods(|| {
            let [_, pods] = self.workers(name)?;
            Ok(pods.len())
        })
    }

    /// To a mirror that is another than before it comes with all its connectors
    /// stopped, whatever their topics say of them: the source may have deleted what
    /// they need, and the syncs there are of what the mirror was.
    pub(super) fn start_feeder(&self, way: Way, name: &str) -> Result<(), RestoreError> {
        let place = self.maker_place(name)?;
        let Some(found) = self.state(&place)? else {
            return Ok(());
        };
        let maker = MirrorMaker::read(&found.object).map_err(MakersError::from)?;
        match way {
            Way::Back => drop(self.makers.put_back(&maker)?),
            _ => drop(self.makers.stop(&maker, &self.kafka_name())?),
        }
        let ours = found
            .annotation(RESTORING)
            .is_some_and(|note| note.ends_with(OURS));
        // Of a hold by pause, with which others may have restored it.
        let mut annotations = json!({RESTORING: null});
        annotations[PAUSED] = Value::Null;
        annotations[POKED] = Value::Null;
        if ours {
            annotations[PAUSE] = Value::Null;
        }
        let change = json!({"metadata": {"annotations": annotations}});
        self.server.merge(&place, &change)?;
        Ok(())
    }
}
