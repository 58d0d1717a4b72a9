//! A guard as two pods: one holds the lease, and the other takes it over when
//! that one is gone (`plugin/src/guard/stand_by.rs`, `serve.rs`,
//! `plugin/src/site/strimzi/{guards,line}.rs`).

use std::rc::Rc;

use slackwater_cut::Cut;
use slackwater_hold::{Hold, LeaseLook, Standing, Watch, standing};
use slackwater_ports::{Clock as _, RunStore as _, Seen};

use super::{CLOSE_MS, Guard, gone, hands, keep_watch, refused};
use crate::hand::Hand;
use crate::lease::Taken;
use crate::world::process::Role;
use crate::world::store::Signature;

/// How long until both live.
const START_MS: u64 = 30_000;

/// One that has its like waits for it, too, and then for its deadline.
const IDLE_MS: u64 = 40_000;

/// Between two looks at the lease.
const LOOK_MS: u64 = 1_000;

/// Both pods, and one of them has the lease.
pub(super) fn start(hand: &Hand<'_>) -> Seen<()> {
    let mut pods = Vec::new();
    for _ in 0..2 {
        pods.push(hand.reach(|world| Ok(world.rng.u64(300..2_500)))?);
    }
    for takes in pods {
        let process = hand.sim.process(Role::Guard);
        let (sim, run) = (hand.sim.clone(), hand.run.clone());
        hand.sim.spawn(process, move |rope| {
            let hand = Hand::aside(&sim, rope, process, &run);
            hand.pause(takes);
            stand_by(&hand);
        });
    }
    let over = hand.sim.now() + START_MS;
    loop {
        hand.pause(500);
        if super::ask(hand, super::AT_ONCE_MS, |_, _| Ok(())).is_ok() {
            return Ok(());
        }
        if hand.sim.now() > over {
            return Err(refused("no guard took the lease".to_owned()));
        }
    }
}

/// The guard that has the lease, where a line leads to it.
pub(super) fn holding(hand: &Hand<'_>) -> Seen<Rc<Guard>> {
    let process = match hand.lease.look(hand)? {
        (LeaseLook::Held(Some(holder)), _) if holder.run != hand.run => {
            return Err(refused(format!("run {} holds the mirror", holder.run)));
        }
        (LeaseLook::Held(_), Some(process)) => process,
        _ => return Err(gone()),
    };
    let begins = hand.reach(|world| {
        world.is_reached_by(process)?;
        Ok(world.rng.u64(300..600))
    })?;
    hand.pause(begins);
    let alive = hand.sim.alive(process);
    let guards = hand.sim.guards.borrow();
    let guard = guards.iter().find(|one| one.process == process && alive);
    guard.cloned().ok_or_else(gone)
}

enum May {
    Take,
    Wait,
    Go,
}

fn stand_by(hand: &Hand<'_>) {
    let (sim, process) = (&hand.sim, hand.process);
    let signature = Signature {
        run: hand.run.clone(),
        token: format!("{}-{process}", hand.run),
        deadline_ms: None,
    };
    loop {
        match may_take(hand) {
            Ok(May::Take) => {
                if let Ok(Taken::Ours(signed)) = hand.lease.take(hand, &signature, false) {
                    return hold(hand, &signed);
                }
            }
            Ok(May::Go) => return sim.end(process),
            Ok(May::Wait) | Err(_) => {}
        }
        hand.pause(LOOK_MS);
    }
}

fn may_take(hand: &Hand<'_>) -> Seen<May> {
    let (look, _) = hand.lease.look(hand)?;
    Ok(match look {
        LeaseLook::Held(Some(other)) if other.run != hand.run && is_over(hand)? => May::Go,
        LeaseLook::Held(_) => May::Wait,
        LeaseLook::Expired(left) if left.run == hand.run => May::Take,
        LeaseLook::Free | LeaseLook::Expired(_) if is_over(hand)? => May::Go,
        LeaseLook::Free => May::Take,
        LeaseLook::Expired(_) => May::Wait,
    })
}

fn is_over(hand: &Hand<'_>) -> Seen<bool> {
    let text = hand.load()?.document;
    Ok(Cut::parse(&text).is_ok_and(|cut| cut.state.is_final()))
}

/// From now on it is the guard: with the deadline that was signed, and where
/// nobody knows one any more, and something is stopped, with this instant.
fn hold(hand: &Hand<'_>, signed: &Signature) {
    let (sim, process) = (&hand.sim, hand.process);
    let now = hand.now_ms();
    let latest = now + sim.schedule.scene.window_ms;
    let known = signed.deadline_ms.map(|at| at.min(latest));
    let document = hand.load().ok().map(|record| record.document);
    let standing = standing(document.as_deref());
    let deadline = known.or_else(|| (standing == Standing::Held).then_some(now));
    if let Some(at) = deadline.filter(|_| deadline != signed.deadline_ms)
        && hand.lease.sign(hand, at).is_err()
    {
        return sim.end(process);
    }
    let identity = format!("process {process}");
    let token = signed.token.clone();
    let hold = Hold::new(hand, token, deadline, identity).in_the_place_of(standing);
    let watch = Watch::new(hand.monotonic_ms(), CLOSE_MS).idle_after(IDLE_MS);
    let guard = Guard::new(hand, process, hold, watch, Some(hand.lease.clone()));
    keep_watch(sim, &hands(sim, hand.rope, &guard), &guard);
}
