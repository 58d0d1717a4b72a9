//! Requests to the API server, where there is one: what asks for documents, the
//! lease, the guard and Connect goes through it.

use slackwater_ports::{PortErrorKind, Seen};

use super::Hand;
use crate::world::World;

/// For a request (`plugin/kubernetes/src/server.rs`).
const REQUEST_MS: u64 = 10_000;

/// How long one takes while the API server is slow, at the most.
const SLOW_MS: u64 = 1_500;

impl Hand<'_> {
    /// A call that goes through the API server, where there is one.
    pub(crate) fn reach<T>(&self, act: impl FnOnce(&mut World) -> Seen<T>) -> Seen<T> {
        if self.sim.schedule.scene.strimzi.is_none() {
            return self.see(act);
        }
        self.request(REQUEST_MS, act)
    }

    /// A request to the API server that is given up after that.
    pub(crate) fn request<T>(
        &self,
        gives_up_ms: u64,
        act: impl FnOnce(&mut World) -> Seen<T>,
    ) -> Seen<T> {
        let takes = {
            let mut world = self.sim.world.borrow_mut();
            let now = world.now;
            world.strimzi.as_mut().map_or(0, |one| {
                let slow = now < one.api.slow_until;
                if slow { one.rng.u64(100..SLOW_MS) } else { 0 }
            })
        };
        if takes > 0 {
            self.pause(takes);
        }
        let mut hangs = false;
        let answer = self.see(|world| {
            let reached = world.is_reached_by(self.process);
            hangs = reached
                .as_ref()
                .is_err_and(|why| why.kind == PortErrorKind::Timeout);
            reached?;
            act(world)
        });
        if hangs {
            self.pause(gives_up_ms);
        }
        answer
    }
}
