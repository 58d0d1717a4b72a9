//! A guard whose own work comes to grief takes it up again: what it holds is
//! resumed by nobody else.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may panic, and this one is to"
)]

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};

use slackwater_hold::{Chore, Hands, Hold, LetGo, Standing, Watch};
use slackwater_ports::{Answer, BrokerAnswer, Clock, ConnectorRef, PortError, PortErrorKind, Seen};

/// Hands whose first tries of something panic.
#[derive(Default)]
struct Clumsy {
    now: Cell<u64>,
    resumes_that_panic: Cell<u32>,
    voids_that_panic: Cell<u32>,
    prepares_ms: Cell<u64>,
    rolls_again: Cell<bool>,
    is_final: Cell<bool>,
    done: RefCell<Vec<&'static str>>,
}

fn stumble(left: &Cell<u32>) {
    if left.get() > 0 {
        left.set(left.get() - 1);
        panic!("no space left on device");
    }
}

impl Clock for Clumsy {
    fn now_ms(&self) -> u64 {
        self.now.get()
    }

    fn monotonic_ms(&self) -> u64 {
        self.now.get()
    }

    fn sleep_ms(&self, ms: u64) {
        self.now.set(self.now.get() + ms);
    }
}

impl Hands for Clumsy {
    type Alone<'a> = ();

    fn alone(&self) {}

    fn close_bracket(&self, _: u64) -> Result<String, String> {
        Ok(String::new())
    }

    fn resume(&self) -> Result<String, String> {
        stumble(&self.resumes_that_panic);
        self.done.borrow_mut().push("resumed");
        Ok(String::new())
    }

    fn prepare(&self) -> Seen<()> {
        self.sleep_ms(self.prepares_ms.get());
        Ok(())
    }

    fn still_prepared(&self) -> Seen<()> {
        match self.rolls_again.get() {
            true => Err(PortError::new(PortErrorKind::Refused, "not paused")),
            false => Ok(()),
        }
    }

    fn stop(&self, _: &[ConnectorRef]) -> Vec<Answer> {
        self.done.borrow_mut().push("stopped");
        Vec::new()
    }

    fn stop_brokers(&self, _: u64) -> Seen<Vec<BrokerAnswer>> {
        Ok(Vec::new())
    }

    fn sign_deadline(&self, _: u64) -> Result<(), String> {
        Ok(())
    }

    fn note(&self, _: &str) {}

    fn void(&self, _: &str) {
        stumble(&self.voids_that_panic);
        self.done.borrow_mut().push("void");
    }

    fn is_final(&self) -> bool {
        self.is_final.get()
    }

    fn give_back(&self) {
        self.done.borrow_mut().push("given back");
    }
}

/// How long a run whose mirror runs again may stay open.
const CLOSE_MS: u64 = 600_000;

/// What the guard's program does, for a minute: its ticks, and its chores, in
/// threads that may panic.
fn watch(hold: &Hold, hands: &Clumsy) {
    let mut watch = Watch::new(hands.monotonic_ms(), CLOSE_MS);
    for _ in 0..600 {
        hands.sleep_ms(100);
        match watch.tick(hold, hands) {
            Some(Chore::Late(reason) | Chore::GiveUp(reason)) => {
                let work = || hold.abandon(hands, reason, true);
                if catch_unwind(AssertUnwindSafe(work)).is_err() {
                    hold.broke_off(hands);
                }
            }
            Some(Chore::SeeIfFinal) => hold.leave_if_final(hands),
            None => {}
        }
    }
}

fn engaged(hands: &Clumsy) -> Hold {
    let hold = Hold::new(hands, "token".to_owned(), None, "pid 1".to_owned());
    hold.engage(hands, 60_000).unwrap();
    hold
}

#[test]
fn a_release_that_panics_is_taken_up_again_before_the_deadline() {
    let hands = Clumsy::default();
    hands.resumes_that_panic.set(3);
    let hold = engaged(&hands);
    let release = catch_unwind(AssertUnwindSafe(|| hold.release(&hands, LetGo::Asked)));
    assert!(release.is_err());
    hold.broke_off(&hands);
    assert!(!hold.view().holding && hold.view().interruptions > 0);
    assert!(
        hold.stop(&hands, &[]).is_err(),
        "nothing is stopped any more"
    );
    watch(&hold, &hands);
    assert_eq!(*hands.done.borrow(), ["resumed", "void", "given back"]);
    assert!(hold.is_over());
}

#[test]
fn a_run_that_can_not_be_voided_at_once_is_given_back_in_the_end() {
    let hands = Clumsy::default();
    hands.voids_that_panic.set(2);
    let hold = engaged(&hands);
    hands.sleep_ms(60_000);
    watch(&hold, &hands);
    assert!(hold.is_over());
    assert!(hands.done.borrow().ends_with(&["void", "given back"]));
}

#[test]
fn what_is_over_is_not_taken_up_again() {
    let hands = Clumsy::default();
    let hold = engaged(&hands);
    hold.release(&hands, LetGo::Asked).unwrap();
    hold.finish(&hands).unwrap();
    hold.broke_off(&hands);
    watch(&hold, &hands);
    assert_eq!(*hands.done.borrow(), ["resumed", "given back"]);
}

#[test]
fn what_is_ready_to_be_stopped_behind_the_deadline_is_not_stopped() {
    for (takes, done) in [(59_000, vec!["stopped"]), (61_000, Vec::new())] {
        let hands = Clumsy::default();
        hands.prepares_ms.set(takes);
        let hold = engaged(&hands);
        assert_eq!(hold.stop(&hands, &[]).is_ok(), !done.is_empty());
        assert_eq!(*hands.done.borrow(), done);
    }
}

#[test]
fn a_stop_that_is_asked_for_once_more_looks_and_does_not_wait() {
    let hands = Clumsy::default();
    hands.prepares_ms.set(20_000);
    let hold = engaged(&hands);
    for _ in 0..3 {
        hold.stop(&hands, &[]).unwrap();
    }
    assert_eq!(hands.now_ms(), 20_000);
    assert_eq!(*hands.done.borrow(), ["stopped"; 3]);
    // Somebody has ended it: nothing more is stopped, and nothing is waited for.
    hands.rolls_again.set(true);
    let one = ConnectorRef {
        connect: "connect".to_owned(),
        name: "copies".to_owned(),
    };
    let answers = hold.stop(&hands, &[one]).unwrap();
    let refused = answers[0].accepted.as_ref().unwrap_err();
    assert_eq!(refused.message, "not paused");
    assert_eq!(
        (hands.now_ms(), hands.done.borrow().len()),
        (20_000, 3),
        "it waited, or stopped something"
    );
}

#[test]
fn a_guard_that_nobody_told_of_the_close_gives_the_mirror_back_minutes_after_it() {
    let hands = Clumsy::default();
    let hold = engaged(&hands);
    hold.release(&hands, LetGo::Asked).unwrap();
    hands.done.borrow_mut().clear();
    let mut watched = Watch::new(hands.monotonic_ms(), CLOSE_MS);
    let mut wait = |ms: u64| {
        for _ in 0..ms / 100 {
            hands.sleep_ms(100);
            match watched.tick(&hold, &hands) {
                Some(Chore::SeeIfFinal) => hold.leave_if_final(&hands),
                chore => assert_eq!(chore, None),
            }
        }
    };
    wait(300_000);
    assert!(!hold.is_over(), "it is open still");
    hands.is_final.set(true);
    // Who has closed it says so yet.
    wait(60_000);
    assert!(!hold.is_over());
    wait(61_000);
    assert!(hold.is_over());
    assert_eq!(*hands.done.borrow(), ["given back"]);
}

#[test]
fn what_is_held_is_not_given_back_though_its_run_is_over() {
    let hands = Clumsy::default();
    hands.is_final.set(true);
    let hold = engaged(&hands);
    for _ in 0..3 {
        hold.leave_if_final(&hands);
    }
    assert!(hold.view().holding && hands.done.borrow().is_empty());
}

#[test]
fn whoever_comes_when_the_mirror_was_let_go_waits_for_the_close_and_gives_nothing_up() {
    let hands = Clumsy::default();
    // Long past its deadline.
    hands.now.set(100_000);
    let begin = || Hold::new(&hands, "token".to_owned(), Some(60_000), "pid 2".to_owned());
    let hold = begin().in_the_place_of(Standing::LetGo { looked: true });
    watch(&hold, &hands);
    assert!(hands.done.borrow().is_empty());
    let released = hold.release(&hands, LetGo::Asked).unwrap();
    assert!(released.bracket.is_ok() && released.resume.is_ok());
    hold.finish(&hands).unwrap();
    assert_eq!(*hands.done.borrow(), ["given back"]);
    // Where it was not, it lets it run at once.
    hands.done.borrow_mut().clear();
    watch(&begin().in_the_place_of(Standing::Held), &hands);
    assert_eq!(*hands.done.borrow(), ["resumed", "void", "given back"]);
}
