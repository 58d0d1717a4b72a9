//! The resource of what feeds the mirror (KafkaMirrorMaker2), as far as it
//! matters: what it says of each connector, what is noted on it, and what its
//! operator said last. The patches are those of `plugin/strimzi`: each is of
//! what was read, and is refused where something else stands there.

use crate::schedule::Way;

/// What `spec` says of a connector: whether it is to run, if it says anything.
pub(crate) type State = Option<bool>;

const STOPPED: State = Some(false);

/// As it stands there.
#[derive(Debug, Clone)]
pub(crate) struct Maker {
    /// Another one after each change of any part.
    pub(crate) version: u64,
    /// Another one after each change of `spec`.
    pub(crate) generation: u64,
    /// By the connectors' places in Connect.
    pub(crate) states: Vec<State>,
    /// Noted: what stood there before a stop.
    pub(crate) prior: Option<Vec<State>>,
    /// Noted: how it is held.
    pub(crate) held: Option<Way>,
    /// Its operator is to leave it alone.
    pub(crate) paused: bool,
    /// Noted: that the pause is ours.
    pub(crate) pause_is_ours: bool,
    /// In `status`: the generation with which the last round began.
    pub(crate) observed: u64,
    /// In `status`: that it is left alone.
    pub(crate) says_paused: bool,
}

impl Maker {
    pub(super) fn new(states: Vec<State>) -> Self {
        Self {
            version: 1,
            generation: 1,
            states,
            prior: None,
            held: None,
            paused: false,
            pause_is_ours: false,
            observed: 1,
            says_paused: false,
        }
    }

    /// Another `spec`, if it is another one.
    pub(super) fn say(&mut self, states: Vec<State>) {
        if self.states != states {
            self.states = states;
            self.generation += 1;
        }
    }

    /// Whether it says so of all of them.
    pub(crate) fn wants_none(&self) -> bool {
        self.states.iter().all(|one| *one == STOPPED)
    }

    /// Whether it wants this one to run.
    pub(super) fn wants(&self, at: usize) -> bool {
        self.states[at] != STOPPED
    }

    /// Whether nothing of ours is left on it.
    pub(crate) fn is_let_go(&self) -> bool {
        self.prior.is_none() && self.held.is_none() && !self.paused && !self.pause_is_ours
    }

    /// The patch `stop`; `None` where all is so already.
    pub(crate) fn stop(&self) -> Option<Self> {
        let noted = self.states.iter().enumerate().map(|(at, is)| {
            let before = self.prior.as_ref().map(|prior| prior[at]);
            if *is == STOPPED {
                before.unwrap_or(*is)
            } else {
                *is
            }
        });
        let noted: Vec<State> = noted.collect();
        let written = self.wants_none() && self.prior.as_ref() == Some(&noted);
        if written && self.held == Some(Way::State) {
            return None;
        }
        let mut held = self.clone();
        held.say(vec![STOPPED; self.states.len()]);
        held.prior = Some(noted);
        held.held = Some(Way::State);
        Some(held)
    }

    /// The patch `put_back`; `None` without a note.
    pub(crate) fn put_back(&self) -> Option<Self> {
        let prior = self.prior.as_ref()?;
        let states = self.states.iter().zip(prior);
        let states = states.map(|(is, was)| if *is == STOPPED { *was } else { *is });
        let mut back = self.clone();
        back.say(states.collect());
        back.prior = None;
        back.held = None;
        Some(back)
    }

    /// The patch `pause`; `None` where all is so already.
    pub(crate) fn pause(&self) -> Option<Self> {
        if self.paused && self.held == Some(Way::Pause) {
            return None;
        }
        let mut left = self.clone();
        if !self.paused {
            left.paused = true;
            left.pause_is_ours = true;
        }
        left.held = Some(Way::Pause);
        Some(left)
    }

    /// The patch `unpause`; `None` where nothing is noted.
    pub(crate) fn unpause(&self) -> Option<Self> {
        if !self.pause_is_ours && self.held != Some(Way::Pause) {
            return None;
        }
        let mut looked_after = self.clone();
        if self.pause_is_ours {
            looked_after.paused = false;
            looked_after.pause_is_ours = false;
        }
        looked_after.held = None;
        Some(looked_after)
    }
}
