//! Looks at Connect, past what it answers only for the moment.

use slackwater_ports::{
    Clock, ConnectorPosition, ConnectorRef, ConnectorState, MirrorLook, MirrorView, PortError,
    PortErrorKind, Position, Progress, Seen,
};

use crate::Deadline;

/// Between two tries. The window may be open.
const RETRY_MS: u64 = 200;

/// How long positions are waited for: Connect starts and rebalances within seconds.
const POSITIONS_MS: u64 = 20_000;

/// Between two tries, while nothing is stopped.
const POSITIONS_RETRY_MS: u64 = 500;

/// Committed positions, while nothing is stopped. Connect holds the answer back while a
/// transaction of its own is open, which is never long while it runs.
///
/// # Errors
/// Any other answer, or the last one when the time is up.
pub fn positions(
    world: &(impl ConnectorPosition + Clock + Progress),
    step: &str,
    connector: &ConnectorRef,
) -> Seen<Vec<Position>> {
    let deadline = Deadline::after(world, POSITIONS_MS);
    loop {
        match world.positions(connector) {
            Err(error)
                if (is_passing(&error) || error.kind == PortErrorKind::Timeout)
                    && !deadline.has_passed(world) =>
            {
                world.waiting(step, &error.message, Some(deadline.remaining_ms(world)));
                deadline.sleep(world, POSITIONS_RETRY_MS);
            }
            seen => return seen,
        }
    }
}

/// Whether Connect answers so only while it starts or rebalances: 404 for a
/// connector that it has not read yet, 409 while it rebalances
/// (`HerderRequestHandler`), 503 while it starts.
pub fn is_passing(error: &PortError) -> bool {
    error.kind == PortErrorKind::Refused && matches!(error.status, Some(404 | 409 | 503))
}

/// A look at the connectors; asked again until `deadline` while Connect
/// answers as in [`is_passing`], or has not assigned a connector again. One
/// that nobody resumes goes through `UNASSIGNED` too: a worker that loses its
/// place in the group gives its connectors up (`AbstractHerder.onShutdown`) and
/// says `STOPPED` again when it has them back.
///
/// # Errors
/// Any other answer, or the last one at the deadline.
pub fn look_at_connectors(
    world: &(impl MirrorLook + Clock + Progress),
    step: &str,
    deadline: Deadline,
) -> Seen<MirrorView> {
    loop {
        match world.mirror() {
            Err(error) if is_passing(&error) && !deadline.has_passed(world) => {
                world.waiting(step, &error.message, Some(deadline.remaining_ms(world)));
                deadline.sleep(world, RETRY_MS);
            }
            Ok(view) if !deadline.has_passed(world) => match unassigned(&view) {
                Some(name) => {
                    let left = Some(deadline.remaining_ms(world));
                    world.waiting(step, &format!("{name} to be assigned"), left);
                    deadline.sleep(world, RETRY_MS);
                }
                None => return Ok(view),
            },
            seen => return seen,
        }
    }
}

fn unassigned(view: &MirrorView) -> Option<&str> {
    let mut each = view.connectors.iter();
    let one = each.find(|one| one.state == ConnectorState::Unassigned)?;
    Some(&one.name)
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use slackwater_ports::{ConnectorView, Interval};

    use super::*;

    /// A Connect that gives these answers, the last one for ever.
    struct Answers {
        left: RefCell<Vec<Seen<MirrorView>>>,
        now_ms: Cell<u64>,
    }

    impl Answers {
        fn new(statuses: &[i32], then: Seen<MirrorView>) -> Self {
            let refused = statuses.iter().map(|status| Err(refused(*status)));
            Self::of(refused.chain([then]).collect())
        }

        fn of(mut answers: Vec<Seen<MirrorView>>) -> Self {
            answers.reverse();
            Self {
                left: RefCell::new(answers),
                now_ms: Cell::new(0),
            }
        }

        fn look(&self) -> Seen<MirrorView> {
            look_at_connectors(self, "test", Deadline::after(self, 1_000))
        }
    }

    impl MirrorLook for Answers {
        fn mirror(&self) -> Seen<MirrorView> {
            let mut left = self.left.borrow_mut();
            match left.len() {
                1 => left[0].clone(),
                _ => left.pop().unwrap(),
            }
        }
    }

    impl Clock for Answers {
        fn now_ms(&self) -> u64 {
            self.now_ms.get()
        }

        fn monotonic_ms(&self) -> u64 {
            self.now_ms.get()
        }

        fn sleep_ms(&self, ms: u64) {
            self.now_ms.set(self.now_ms.get() + ms);
        }
    }

    impl Progress for Answers {
        fn waiting(&self, _: &str, _: &str, _: Option<u64>) {}
    }

    fn refused(status: i32) -> PortError {
        PortError::new(PortErrorKind::Refused, "not now").with_status(status)
    }

    fn view() -> MirrorView {
        MirrorView {
            asked: Interval {
                first_request_ms: 1,
                last_answer_ms: 2,
            },
            connects: Vec::new(),
            connectors: Vec::new(),
        }
    }

    fn of_state(state: ConnectorState) -> MirrorView {
        let connector = ConnectorView {
            connect: "connect".to_owned(),
            name: "source".to_owned(),
            class: "MirrorSourceConnector".to_owned(),
            state,
            tasks: Vec::new(),
            config: Vec::new(),
        };
        MirrorView {
            connectors: vec![connector],
            ..view()
        }
    }

    #[test]
    fn a_connect_that_starts_or_rebalances_is_asked_again() {
        let connect = Answers::new(&[503, 409, 404], Ok(view()));
        assert_eq!(connect.look(), Ok(view()));
    }

    #[test]
    fn a_connect_that_never_settles_is_given_up_at_the_deadline_with_its_answer() {
        let connect = Answers::new(&[], Err(refused(409)));
        assert_eq!(connect.look(), Err(refused(409)));
        assert_eq!(connect.now_ms.get(), 1_000);
    }

    #[test]
    fn a_connector_between_two_workers_is_looked_at_again() {
        let between = Ok(of_state(ConnectorState::Unassigned));
        let stopped = Ok(of_state(ConnectorState::Stopped));
        let connect = Answers::of(vec![between.clone(), between.clone(), stopped.clone()]);
        assert_eq!(connect.look(), stopped);
        assert_eq!(Answers::of(vec![between.clone()]).look(), between);
    }

    #[test]
    fn another_answer_is_not_asked_for_twice() {
        let connect = Answers::new(&[500], Ok(view()));
        assert_eq!(connect.look(), Err(refused(500)));
    }
}
