//! The Lease of a mirror in Kubernetes, as one process sees it: what
//! `plugin/kubernetes/src/hold.rs` and `lease.rs` do, request by request.
//!
//! One who holds it thinks it lost when he could not renew it for so long; one
//! who waits takes it when it has stood still for so long by his own clock.

use std::cell::Cell;
use std::rc::Rc;

use slackwater_hold::LeaseLook;
use slackwater_ports::{Clock as _, Seen};

use crate::hand::Hand;
use crate::world::process::ProcessId;
use crate::world::store::{Signature, Store};

/// How long a holder may be silent.
pub(crate) const SILENT_MS: u64 = 10_000;

/// Between two renewals.
const RENEW_MS: u64 = 2_000;

/// For each request.
const ANSWER_MS: u64 = 3_000;

/// Between two looks at a lease that somebody else has.
const LOOK_MS: u64 = 500;

/// What a look shows.
#[derive(Debug, Clone)]
struct Stand {
    holder: Option<ProcessId>,
    version: u64,
    transitions: u64,
    renewed_ms: u64,
    signature: Option<Signature>,
}

/// What came of an attempt to take it.
pub(crate) enum Taken {
    /// It is ours; a run's own deadline stays as it was.
    Ours(Signature),
    Held,
    /// Another run left it.
    LeftBehind,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct PodLease {
    /// What stood there last, and since when it has stood so for us.
    seen: Cell<Option<(u64, u64)>>,
    /// The token that we took, and when it was last known to be ours.
    ours: Cell<Option<(u64, u64)>>,
    /// Whether somebody has it, and so has it renewed.
    kept: Cell<bool>,
}

impl PodLease {
    /// Whether somebody has it here: until he lets it go.
    pub(crate) fn is_kept(&self) -> bool {
        self.kept.get()
    }

    /// Whether nobody else can have taken it yet.
    pub(crate) fn is_ours(&self, now: u64) -> bool {
        let known = self.ours.get().map(|(_, known)| known);
        known.is_some_and(|known| now - known < SILENT_MS)
    }

    fn seen(&self, hand: &Hand<'_>) -> Seen<Stand> {
        let seen = hand.request(ANSWER_MS, |world| Ok(look(&world.store)))?;
        match self.seen.get() {
            Some((version, _)) if version == seen.version => {}
            _ => self.seen.set(Some((seen.version, hand.sim.now()))),
        }
        Ok(seen)
    }

    fn still_for(&self, hand: &Hand<'_>) -> u64 {
        let since = self.seen.get().map_or(0, |(_, since)| since);
        hand.sim.now() - since
    }

    /// Who holds it. Whether a holder that has not renewed it for long lives is
    /// watched for as long as that takes.
    pub(crate) fn look(&self, hand: &Hand<'_>) -> Seen<(LeaseLook<Signature>, Option<ProcessId>)> {
        let seen = self.seen(hand)?;
        let gone = self.still_for(hand) >= SILENT_MS;
        let lives = seen.holder.is_some()
            && !gone
            && (is_fresh(hand, &seen) || self.is_renewed(hand, seen.version)?);
        Ok(match (lives, seen.signature) {
            (true, signature) => (LeaseLook::Held(signature), seen.holder),
            (false, Some(left)) => (LeaseLook::Expired(left), None),
            (false, None) => (LeaseLook::Free, None),
        })
    }

    fn is_renewed(&self, hand: &Hand<'_>, version: u64) -> Seen<bool> {
        loop {
            hand.pause(LOOK_MS);
            let now = self.seen(hand)?;
            if now.version != version {
                return Ok(now.holder.is_some());
            }
            if self.still_for(hand) >= SILENT_MS {
                return Ok(false);
            }
        }
    }

    /// Takes it for a run, and signs. Waits for as long as it takes to see that
    /// a holder is gone, and no longer. With `from_anyone` what another run left
    /// is no hindrance.
    pub(crate) fn take(
        self: &Rc<Self>,
        hand: &Hand<'_>,
        signature: &Signature,
        from_anyone: bool,
    ) -> Seen<Taken> {
        let began = hand.sim.now();
        loop {
            if let Some(taken) = self.try_to_take(hand, signature, from_anyone)? {
                return Ok(taken);
            }
            let seen = self.seen(hand)?;
            let waits = hand.sim.now() - began < SILENT_MS + RENEW_MS;
            if !waits || is_fresh(hand, &seen) {
                return Ok(Taken::Held);
            }
            hand.pause(LOOK_MS);
        }
    }

    /// `None` where somebody holds it.
    fn try_to_take(
        self: &Rc<Self>,
        hand: &Hand<'_>,
        signature: &Signature,
        from_anyone: bool,
    ) -> Seen<Option<Taken>> {
        let before = hand.sim.now();
        let seen = self.seen(hand)?;
        let others = seen.holder.is_some_and(|one| one != hand.process);
        if others && self.still_for(hand) < SILENT_MS {
            return Ok(None);
        }
        let mut ours = signature.clone();
        match &seen.signature {
            Some(left) if left.run == ours.run => {
                ours.deadline_ms = ours.deadline_ms.or(left.deadline_ms);
            }
            Some(_) if !from_anyone => return Ok(Some(Taken::LeftBehind)),
            _ => {}
        }
        let (process, renewed_ms) = (hand.process, hand.now_ms());
        let signed = ours.clone();
        let token = hand.request(ANSWER_MS, |world| {
            world.takes_writes()?;
            let store = &mut world.store;
            if store.lease.version != seen.version {
                return Ok(None);
            }
            store.lease.transitions = seen.transitions + 1;
            store.locked_by = Some(process);
            store.signature = Some(signed);
            write(store, renewed_ms);
            Ok(Some(store.lease.transitions))
        })?;
        let Some(token) = token else {
            return Ok(None);
        };
        self.ours.set(Some((token, before)));
        self.kept.set(true);
        let (sim, lease, run) = (hand.sim.clone(), self.clone(), hand.run.clone());
        hand.sim.spawn(process, move |rope| {
            lease.keep(&Hand::aside(&sim, rope, process, &run));
        });
        Ok(Some(Taken::Ours(ours)))
    }

    /// Renewed as long as somebody has it and it is ours.
    fn keep(&self, hand: &Hand<'_>) {
        loop {
            hand.pause(RENEW_MS);
            if !self.kept.get() || self.write_ours(hand, |_| {}).is_ok_and(|ours| !ours) {
                return;
            }
        }
    }

    /// Whether it stands there as ours.
    fn stands(&self, store: &Store, process: ProcessId) -> bool {
        let token = self.ours.get().map(|(token, _)| token);
        store.locked_by == Some(process) && token == Some(store.lease.transitions)
    }

    /// Changes it as long as it is ours; gives whether it is.
    fn write_ours(&self, hand: &Hand<'_>, change: impl FnOnce(&mut Store)) -> Seen<bool> {
        let token = self.ours.get().map(|(token, _)| token);
        let (before, renewed_ms, process) = (hand.sim.now(), hand.now_ms(), hand.process);
        // What is read and written is one here: nobody else writes a lease that
        // is held.
        let ours = hand.request(ANSWER_MS, |world| {
            world.takes_writes()?;
            let store = &mut world.store;
            let ours = self.stands(store, process);
            if ours {
                change(store);
                write(store, renewed_ms);
            }
            Ok(ours)
        })?;
        match (ours, token) {
            (true, Some(token)) => self.ours.set(Some((token, before))),
            _ => self.ours.set(None),
        }
        Ok(ours)
    }

    /// Signs a deadline, in an instant: the hold waits for it with its lock
    /// held, and all that is here is one thread.
    pub(crate) fn sign(&self, hand: &Hand<'_>, deadline_ms: u64) -> Result<(), String> {
        let mut world = hand.sim.world.borrow_mut();
        let reached = world.is_reached_by(hand.process);
        reached
            .and_then(|()| world.takes_writes())
            .map_err(|error| error.message)?;
        if !self.stands(&world.store, hand.process) {
            return Err("the lease is not held any more".to_owned());
        }
        if let Some(signature) = &mut world.store.signature {
            signature.deadline_ms = Some(deadline_ms);
        }
        drop(world);
        let renewed_ms = hand.now_ms();
        write(&mut hand.sim.world.borrow_mut().store, renewed_ms);
        let token = self.ours.get().map(|(token, _)| token);
        self.ours.set(token.map(|token| (token, hand.sim.now())));
        Ok(())
    }

    /// Nobody has it renewed any more.
    pub(crate) fn let_go(&self) {
        self.kept.set(false);
    }

    /// Gives the mirror free. That somebody else has it is success.
    pub(crate) fn release(&self, hand: &Hand<'_>) -> Seen<()> {
        self.let_go();
        self.write_ours(hand, |store| {
            store.locked_by = None;
            store.signature = None;
        })
        .map(drop)
    }
}

fn look(store: &Store) -> Stand {
    Stand {
        holder: store.locked_by,
        version: store.lease.version,
        transitions: store.lease.transitions,
        renewed_ms: store.lease.renewed_ms,
        signature: store.signature.clone(),
    }
}

fn write(store: &mut Store, renewed_ms: u64) {
    store.lease.version += 1;
    store.lease.renewed_ms = renewed_ms;
}

/// Renewed lately by both clocks.
fn is_fresh(hand: &Hand<'_>, seen: &Stand) -> bool {
    seen.holder.is_some() && seen.renewed_ms.abs_diff(hand.now_ms()) < SILENT_MS
}
