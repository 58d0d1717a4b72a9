//! A mirror held by one guard pod: the Lease, what its holder signed on it, and
//! the renewals that keep it.
//!
//! What was signed stays when the holder dies: it says which run was left
//! behind, as the signature beside a lock file does.
#![allow(
    clippy::disallowed_methods,
    reason = "the edge: it renews a lease, and sees whether another is renewed"
)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use slackwater_store::{Holder, LeaseState, MirrorName};

use crate::clock::Moment;
use crate::{ApiServer, Attempt, LeaseError, MirrorLease, SeenLease};

/// On the lease: whom it is held for, as JSON.
pub const HOLDER: &str = "slackwater.io/holder";

/// On the lease of a held mirror: the lines by which a person with kubectl lets it
/// run again without Slackwater.
pub const BY_HAND: &str = "slackwater.io/resume-by-hand";

/// How long a holder may be silent. Some renewals can be lost to a busy API
/// server; and a guard whose node died is succeeded after it, well within the
/// shortest window that is of use.
const SILENT: Duration = Duration::from_secs(10);

/// Between two renewals.
const RENEW: Duration = Duration::from_secs(2);

/// For each request: some that hang must not cost the lease.
const ANSWER: Duration = Duration::from_secs(3);

/// Between two looks at a lease that somebody else has.
const LOOK: Duration = Duration::from_millis(500);

/// Why the mirror can't be held, or it is not known who holds it.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// The lease.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// Somebody lives who holds it.
    #[error("the mirror is held by {0}")]
    Held(String),
    /// Another run's hold was not released.
    #[error("the mirror was left behind by {0}: `slackwater resume` puts it right")]
    LeftBehind(Box<Holder>),
    /// What is signed there is nothing that this program writes.
    #[error("annotation {HOLDER} of the mirror's Lease can't be read ({0}): see who wrote it")]
    Signature(String),
}

/// The lease of one mirror, for one who may want it.
#[derive(Clone)]
pub struct Holds {
    /// The same at each try: it knows for how long another's has stood still.
    lease: Arc<MirrorLease>,
    silence: Duration,
}

/// The hold. Dropped without a release it is left behind.
pub struct Hold {
    lease: Arc<MirrorLease>,
    holder: Holder,
    taken_from: Option<Holder>,
    /// It is renewed as long as this is here.
    kept: Arc<()>,
}

impl Holds {
    /// Nothing is asked yet. `identity` tells this pod, or this program, from all
    /// others.
    ///
    /// # Errors
    /// A name that no Lease can have.
    pub fn new(
        server: ApiServer,
        namespace: &str,
        mirror: &MirrorName,
        identity: &str,
    ) -> Result<Self, LeaseError> {
        Self::silent_for(server, namespace, mirror, identity, SILENT)
    }

    /// With another time for which a holder may be silent.
    ///
    /// # Errors
    /// As for [`Holds::new`].
    pub fn silent_for(
        server: ApiServer,
        namespace: &str,
        mirror: &MirrorName,
        identity: &str,
        silence: Duration,
    ) -> Result<Self, LeaseError> {
        let none = BTreeMap::new();
        let server = server.within(ANSWER);
        let lease = MirrorLease::new(server, namespace, mirror, identity, silence, none)?;
        Ok(Self {
            lease: Arc::new(lease),
            silence,
        })
    }

    /// Who holds it, and for which run. Whether a holder that has not renewed it
    /// for long lives is watched for as long as that takes.
    ///
    /// # Errors
    /// No answer; a signature that can't be read.
    pub fn look(&self) -> Result<(LeaseState, Option<String>), HoldError> {
        self.look_with(|seen| is_fresh(seen, self.silence))
    }

    /// The same, but that a holder lives is only believed when he is seen to renew
    /// it: for one who was not answered by him.
    ///
    /// # Errors
    /// The same.
    pub fn watch(&self) -> Result<(LeaseState, Option<String>), HoldError> {
        self.look_with(|_| false)
    }

    fn look_with(
        &self,
        lives: impl Fn(&SeenLease) -> bool,
    ) -> Result<(LeaseState, Option<String>), HoldError> {
        let lease = &*self.lease;
        let Some(seen) = lease.seen()? else {
            return Ok((LeaseState::Free, None));
        };
        let signed = signed(&seen)?;
        let Some(holder) = seen.holder.clone() else {
            return Ok((signed.map_or(LeaseState::Free, LeaseState::Expired), None));
        };
        let gone = seen.still_for >= self.counts(&seen);
        if !gone && (lives(&seen) || self.is_renewed(&seen)?) {
            return Ok((LeaseState::Held(signed), Some(holder)));
        }
        Ok((signed.map_or(LeaseState::Free, LeaseState::Expired), None))
    }

    /// For how long a renewal counts by its holder's word.
    fn counts(&self, seen: &SeenLease) -> Duration {
        seen.duration.unwrap_or(self.silence).min(4 * SILENT)
    }

    /// Watches for as long as that.
    fn is_renewed(&self, seen: &SeenLease) -> Result<bool, HoldError> {
        loop {
            thread::sleep(LOOK);
            match self.lease.seen()? {
                Some(now) if now.version == seen.version => {
                    if now.still_for >= self.counts(seen) {
                        return Ok(false);
                    }
                }
                now => return Ok(now.is_some_and(|now| now.holder.is_some())),
            }
        }
    }

    /// Takes it for a run, and signs. Waits for as long as it takes to see that a
    /// holder is gone, and no longer than that. With `from_anyone` what another
    /// run left behind is no hindrance.
    ///
    /// # Errors
    /// Somebody holds it; another run left it; no answer.
    pub fn take(&self, holder: Holder, from_anyone: bool) -> Result<Hold, HoldError> {
        let lease = self.lease.clone();
        let began = Moment::now();
        let taken = RefCell::new(Ok((holder, None)));
        let notes = |found: &BTreeMap<String, String>| {
            let mut taken = taken.borrow_mut();
            let asked = match &*taken {
                Ok((holder, _)) => Holder::clone(holder),
                Err(_) => return None,
            };
            *taken = signature(found).and_then(|left| succeed(asked, left, from_anyone));
            let (signed, _) = taken.as_ref().ok()?;
            let text = serde_json::to_string(signed).unwrap_or_default();
            Some(BTreeMap::from([(HOLDER.to_owned(), text)]))
        };
        loop {
            match lease.take_noting(&notes)? {
                Attempt::Taken { .. } | Attempt::Declined => break,
                Attempt::HeldBy(_) => {}
            }
            let seen = lease.seen()?;
            let waits = began.elapsed() < self.silence + RENEW;
            if !waits
                || seen
                    .as_ref()
                    .is_some_and(|seen| is_fresh(seen, self.silence))
            {
                return Err(held(seen.as_ref()));
            }
            thread::sleep(LOOK);
        }
        let (holder, taken_from) = taken.into_inner()?;
        let hold = Hold {
            lease,
            taken_from,
            holder,
            kept: Arc::default(),
        };
        let (kept, renewed) = (Arc::downgrade(&hold.kept), hold.lease.clone());
        thread::spawn(move || renew(&kept, &renewed));
        Ok(hold)
    }
}

type Taken = (Holder, Option<Holder>);

/// Who signs, after what was left: a run's own deadline stays as it is, whoever
/// holds the mirror for it.
fn succeed(
    mut holder: Holder,
    left: Option<Holder>,
    from_anyone: bool,
) -> Result<Taken, HoldError> {
    match &left {
        Some(left) if left.run_id == holder.run_id => {
            holder.deadline_ms = holder.deadline_ms.or(left.deadline_ms);
        }
        Some(left) if !from_anyone => return Err(HoldError::LeftBehind(Box::new(left.clone()))),
        _ => {}
    }
    Ok((holder, left))
}

impl Hold {
    /// Whom it names.
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// What was signed before, and not released.
    pub fn taken_from(&self) -> Option<&Holder> {
        self.taken_from.as_ref()
    }

    /// Whether nobody else can have taken it yet.
    pub fn is_ours(&self) -> bool {
        self.lease.is_held()
    }

    /// Signs anew.
    ///
    /// # Errors
    /// It is not ours any more; no answer.
    pub fn sign(&mut self, holder: Holder) -> Result<(), HoldError> {
        let text = serde_json::to_string(&holder)
            .map_err(|error| HoldError::Signature(error.to_string()))?;
        self.lease.annotate(HOLDER, &text)?;
        self.holder = holder;
        Ok(())
    }

    /// Notes how the mirror is let run again by hand.
    ///
    /// # Errors
    /// It is not ours any more; no answer.
    pub fn note_by_hand(&self, lines: &[String]) -> Result<(), HoldError> {
        Ok(self.lease.annotate(BY_HAND, &lines.join("\n"))?)
    }

    /// Gives the mirror free.
    ///
    /// # Errors
    /// No answer: it counts as left behind.
    pub fn release(self) -> Result<(), HoldError> {
        Ok(self.lease.release(&[HOLDER, BY_HAND])?)
    }
}

/// As long as somebody has the hold and it is ours.
fn renew(kept: &Weak<()>, lease: &MirrorLease) {
    loop {
        thread::sleep(RENEW);
        if kept.strong_count() == 0 {
            return;
        }
        match lease.renew() {
            Ok(()) => {}
            Err(error @ LeaseError::Lost { .. }) => {
                tracing::error!("{error}");
                return;
            }
            // Others wait for as long as this may go on.
            Err(error) => tracing::warn!("the lease could not be renewed: {error}"),
        }
    }
}

fn signed(seen: &SeenLease) -> Result<Option<Holder>, HoldError> {
    signature(&seen.annotations)
}

fn signature(annotations: &BTreeMap<String, String>) -> Result<Option<Holder>, HoldError> {
    let text = annotations.get(HOLDER);
    let read = text.map(|text| serde_json::from_str(text));
    read.transpose()
        .map_err(|error| HoldError::Signature(error.to_string()))
}

fn held(seen: Option<&SeenLease>) -> HoldError {
    let signed = seen.and_then(|seen| signed(seen).ok().flatten());
    let named = seen.and_then(|seen| seen.holder.clone());
    let who = signed.map(|holder| holder.to_string()).or(named);
    HoldError::Held(who.unwrap_or_else(|| "somebody".to_owned()))
}

/// Renewed lately by both clocks. Where they differ by more, it is watched: that
/// somebody is gone is never told by a clock.
fn is_fresh(seen: &SeenLease, silence: Duration) -> bool {
    let renewed = seen.renewed.as_deref();
    let renewed = renewed.and_then(|text| text.parse::<Timestamp>().ok());
    renewed.is_some_and(|renewed| {
        let since = Timestamp::now().duration_since(renewed).abs();
        since.unsigned_abs() < silence
    })
}
