//! A mirror that is held by a Lease, on a real API server.

use std::thread;
use std::time::Duration;

use slackwater_kubernetes::{HoldError, Holds};
use slackwater_store::{Holder, LeaseState};

use crate::common::{namespace, server};

fn holds(space: &str, identity: &str) -> Holds {
    // Longer than a renewal takes to come.
    let silence = Duration::from_secs(4);
    let mirror = "mirror".parse().unwrap();
    Holds::silent_for(server(), space, &mirror, identity, silence).unwrap()
}

fn of_run(run: &str) -> Holder {
    Holder {
        run_id: run.parse().unwrap(),
        pid: 1,
        token: format!("{run}-token"),
        deadline_ms: None,
        note: "a test".to_owned(),
    }
}

fn state(holds: &Holds) -> LeaseState {
    holds.look().unwrap().0
}

#[test]
fn a_hold_is_seen_with_its_run_and_refused_to_all_others() {
    let space = namespace("hold-seen");
    let (one, two) = (holds(&space, "one"), holds(&space, "two"));
    assert_eq!(state(&one), LeaseState::Free);
    let mut hold = one.take(of_run("run-1"), false).unwrap();
    assert_eq!(state(&two), LeaseState::Held(Some(of_run("run-1"))));
    assert_eq!(two.look().unwrap().1.as_deref(), Some("one"));
    for from_anyone in [false, true] {
        let refused = two.take(of_run("run-2"), from_anyone).err().unwrap();
        assert!(matches!(refused, HoldError::Held(_)), "{refused}");
        assert!(refused.to_string().contains("run-1"), "{refused}");
    }
    let signed = Holder {
        deadline_ms: Some(7),
        ..of_run("run-1")
    };
    hold.sign(signed.clone()).unwrap();
    assert_eq!(state(&two), LeaseState::Held(Some(signed)));
    hold.release().unwrap();
    assert_eq!(state(&two), LeaseState::Free);
    two.take(of_run("run-2"), false).unwrap().release().unwrap();
}

fn until_left(holds: &Holds) {
    let mut looks = (0..60).map(|_| {
        thread::sleep(Duration::from_secs(1));
        state(holds)
    });
    let found = looks.find(|look| !matches!(look, LeaseState::Held(_)));
    assert_eq!(found.unwrap(), LeaseState::Expired(left()));
}

/// What run 1 signed at last.
fn left() -> Holder {
    Holder {
        deadline_ms: Some(7),
        ..of_run("run-1")
    }
}

#[test]
fn a_hold_that_was_left_is_its_own_run_s_and_of_whoever_puts_it_right() {
    let space = namespace("hold-left");
    let (one, two, three) = (
        holds(&space, "one"),
        holds(&space, "two"),
        holds(&space, "three"),
    );
    let mut hold = one.take(of_run("run-1"), false).unwrap();
    hold.sign(left()).unwrap();
    drop(hold);
    // By a clock it may live still; then it is watched for as long as a renewal
    // counts.
    until_left(&two);
    let refused = three.take(of_run("run-2"), false).err().unwrap();
    assert!(matches!(refused, HoldError::LeftBehind(_)), "{refused}");
    // Still left behind, by run 1.
    assert_eq!(state(&two), LeaseState::Expired(left()));
    let own = two.take(of_run("run-1"), false).unwrap();
    assert_eq!(own.taken_from(), Some(&left()));
    // In the same write: nobody sees the run held without its deadline.
    assert_eq!(own.holder().deadline_ms, Some(7));
    assert_eq!(state(&one), LeaseState::Held(Some(left())));
    drop(own);
    until_left(&one);
    let over = three.take(of_run("run-3"), true).unwrap();
    assert_eq!(over.taken_from(), Some(&left()));
    assert_eq!(over.holder().deadline_ms, None);
    assert!(over.is_ours());
    over.release().unwrap();
    assert_eq!(state(&one), LeaseState::Free);
}
