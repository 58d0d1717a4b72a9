//! After a round: what an operator, or whoever looks after brokers and Connect,
//! would do, until the mirror runs as a whole again.

use std::thread;
use std::time::{Duration, Instant};

use slackwater_e2e::{Scene, SceneError};
use slackwater_lab::Connector;

use crate::fault::Victim;
use crate::hand::Hand;
use crate::soak::Soak;
use crate::stops::Look;

/// After a run has ended, for the mirror to be free and to run as a whole
/// again: brokers that were killed take 20 s, Connect 10 s.
const HEALED: Duration = Duration::from_secs(120);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// What of a state does not last this long is no state.
const LASTING: Duration = Duration::from_secs(2);

impl Soak<'_> {
    /// Waits until nobody holds the mirror. The last resort is what an
    /// operator would do.
    pub(crate) fn wait_free(&self, broken: &mut Vec<String>) -> Result<(), SceneError> {
        let began = Instant::now();
        let mut hold = String::new();
        while began.elapsed() < HEALED {
            let status = self.scene.run(&["status", "--runs", "1"])?;
            let first = status.stdout.lines().next().unwrap_or_default();
            if first.contains("nobody holds") {
                return Ok(());
            }
            hold = format!("{first}{}", status.stderr.trim());
            thread::sleep(LOOK);
        }
        let resumed = self.scene.run(&["resume"])?;
        let what = format!("{hold}; by hand: {:?} {}", resumed.code, resumed.cause());
        broken.push(format!("the mirror is held for good: {what}"));
        Ok(())
    }

    /// Starts what has died of the fault, as an operator does, and waits until
    /// all of it runs.
    pub(crate) fn heal(&self, hand: &Hand<'_>, broken: &mut Vec<String>) -> Result<(), SceneError> {
        let (lab, began) = (&self.scene.lab, Instant::now());
        let mut runs_since = None;
        while began.elapsed() < HEALED {
            for id in 1..=3 {
                hand.start_if_dead(Victim::Broker(id))?;
            }
            hand.start_if_dead(Victim::Connect)?;
            if self.watch.last() == Some(Look::Runs) {
                let since = *runs_since.get_or_insert_with(Instant::now);
                if since.elapsed() > LASTING {
                    lab.mirror().wait_full_isr()?;
                    return Ok(());
                }
            } else {
                runs_since = None;
                restart_failed(self.scene);
            }
            thread::sleep(LOOK);
        }
        broken.push(format!(
            "the mirror does not run again: {:?}",
            self.watch.last()
        ));
        Ok(())
    }
}

/// A task that FAILED is started by whoever looks after Connect.
fn restart_failed(scene: &Scene) {
    let connect = scene.lab.connect();
    for connector in Connector::ALL {
        let failed = connect.status(connector.name()).is_ok_and(|status| {
            let mut states = status.tasks.iter().chain([&status.connector]);
            states.any(|state| state == "FAILED")
        });
        // One that can't be started now is tried again.
        if failed && connect.restart_failed(connector.name()).is_ok() {
            println!("    {} had failed: started again", connector.name());
        }
    }
}
