//! What is left of what feeds a mirror when it is let go: resources, and connectors of
//! them, may have been deleted while they were held. Nothing of these is held any more, and
//! what looks for them would look for ever.

use slackwater_ports::{ConnectorRef, Interval, MirrorLook as _, MirrorView, PortError, Seen};
use slackwater_strimzi::MirrorMaker;

use crate::clock::now_ms;
use crate::mirror::{Feeder, StrimziMirror, port_error};
use crate::mirror_found::connect;
use crate::place::{Place, Resource};
use crate::{ApiError, MakersError};

/// Whether it was deleted, and may have been made anew.
fn is_gone(error: &MakersError) -> bool {
    matches!(
        error,
        MakersError::Another(_)
            | MakersError::Missing(_)
            | MakersError::Api(ApiError::Missing { .. })
    )
}

/// One that was deleted while it was held, and may have been made anew, has nothing of ours
/// that could be put back: its maker said what it is to do.
pub(crate) fn unless_gone(feeder: &Feeder, told: Result<(), MakersError>) -> Result<(), PortError> {
    match told {
        Err(gone) if is_gone(&gone) => {
            tracing::warn!("{} is not the one that was stopped: {gone}", feeder.name);
            Ok(())
        }
        told => told.map_err(port_error),
    }
}

impl StrimziMirror {
    /// Whether no resource says any more that there is this connector. Where that can't be
    /// asked it may.
    pub(crate) fn is_deleted(&self, connector: &ConnectorRef) -> bool {
        let mut feeders = self.feeders.iter();
        let Some(feeder) = feeders.find(|one| one.name == connector.connect) else {
            return matches!(self.is_there(&connector.connect), Ok(false));
        };
        match self.makers.again(&feeder.maker) {
            Ok(now) => !names(&now).contains(&connector.name),
            Err(error) => is_gone(&error),
        }
    }

    /// Whether there is a resource of this name, `NAMESPACE/NAME`.
    fn is_there(&self, resource: &str) -> Result<bool, ApiError> {
        let (namespace, name) = resource.split_once('/').unwrap_or(("", resource));
        let makers = Resource::mirror_makers(self.makers.version());
        let place = Place::new(makers, namespace, name)?;
        Ok(self.makers.server.get(&place)?.is_some())
    }

    /// Another look, at what the resources name now, where the one at what they named first
    /// failed, for `why`. Of none of them there is nothing to be seen.
    pub(crate) fn look_at_what_is_left(&self, why: PortError) -> Seen<MirrorView> {
        let left = self.left()?;
        if left.is_empty() {
            let now = now_ms();
            return Ok(MirrorView {
                asked: Interval {
                    first_request_ms: now,
                    last_answer_ms: now,
                },
                connects: Vec::new(),
                connectors: Vec::new(),
            });
        }
        let named = |maker: &MirrorMaker| (maker.meta.to_string(), names(maker));
        if left.iter().map(named).eq(self.makers().map(named)) {
            return Err(why);
        }
        connect(&self.makers.server, &self.listeners, &left)
            .map_err(|_| why)?
            .mirror()
    }

    /// The resources that are the same still, as they stand there now.
    fn left(&self) -> Seen<Vec<MirrorMaker>> {
        let mut left = Vec::new();
        for maker in self.makers() {
            match self.makers.again(maker) {
                Ok(now) => left.push(now),
                Err(error) if is_gone(&error) => {}
                Err(error) => return Err(port_error(error)),
            }
        }
        Ok(left)
    }
}

fn names(maker: &MirrorMaker) -> Vec<String> {
    maker.connectors().map(|one| one.name.clone()).collect()
}
