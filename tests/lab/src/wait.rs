//! Waiting for something outside to become true, always with an end.
#![allow(
    clippy::disallowed_methods,
    reason = "an adapter at the edge: it waits for real processes"
)]

use std::time::{Duration, Instant};

use crate::error::LabError;

/// How long between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// Looks until `look` gives a value, or the limit is over. An error of `look`
/// ends the waiting: what may pass must be given as `Ok(None)`.
pub(crate) fn until<T>(
    what: &str,
    limit: Duration,
    mut look: impl FnMut() -> Result<Option<T>, LabError>,
) -> Result<T, LabError> {
    let started = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if started.elapsed() >= limit {
            return Err(LabError::Timeout {
                what: what.to_owned(),
                waited: limit,
            });
        }
        std::thread::sleep(LOOK);
    }
}

/// Measures the steps of something long, for people.
#[derive(Debug, Clone)]
pub struct Timings {
    started: Instant,
    steps: Vec<(String, Duration)>,
}

impl Timings {
    pub(crate) fn start() -> Self {
        Self {
            started: Instant::now(),
            steps: Vec::new(),
        }
    }

    /// Notes that a step was reached just now.
    pub(crate) fn reached(&mut self, step: &str) {
        self.steps.push((step.to_owned(), self.started.elapsed()));
    }

    /// Each step with the time from the start to its end.
    #[must_use]
    pub fn steps(&self) -> &[(String, Duration)] {
        &self.steps
    }
}

impl std::fmt::Display for Timings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (n, (step, at)) in self.steps.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            write!(f, "{comma}{step} {:.1} s", at.as_secs_f64())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_ends_with_the_name_of_what_was_waited_for() {
        let error = until("a broker", Duration::ZERO, || Ok(None::<()>)).unwrap_err();
        assert!(error.to_string().contains("a broker"));
    }

    #[test]
    fn waiting_ends_when_it_is_there() {
        let mut looks = 0;
        let found = until("it", Duration::from_secs(5), || {
            looks += 1;
            Ok((looks == 2).then_some(looks))
        });
        assert_eq!(found.unwrap(), 2);
    }
}
