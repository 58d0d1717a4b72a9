//! Holds a run in its window, between the seal and the flush of the volumes,
//! so that a test can do something to the world there.

use std::path::PathBuf;
use std::time::Duration;
use std::{fs, thread};

use crate::{Scene, SceneError, wait_until};

/// What flushes a volume: says that it was asked, waits until it may, and
/// flushes. It waits for 25 s: a flush may take 30.
const FLUSH: &str = "touch \"$1\"; n=0; \
                     while [ ! -e \"$2\" ] && [ $n -lt 250 ]; do sleep 0.1; n=$((n+1)); done; \
                     sync -f \"$3\"";

/// What a run may take to get there.
const REACHED: Duration = Duration::from_secs(120);

/// See the module.
#[derive(Debug)]
pub struct Interlude {
    begun: PathBuf,
    over: PathBuf,
}

impl Interlude {
    /// Has the next run of this scene wait there.
    ///
    /// # Errors
    /// A configuration that can't be written.
    pub fn set_up(scene: &Scene) -> Result<Self, SceneError> {
        let at = |name: &str| scene.lab.run_dir().join(name);
        let (begun, over) = (at("interlude-begun"), at("interlude-over"));
        for file in [&begun, &over] {
            if file.exists() {
                fs::remove_file(file).map_err(SceneError::io("remove", file))?;
            }
        }
        scene.rewrite(|text| {
            let brokers = scene.lab.mirror().brokers().iter();
            brokers.fold(text.to_owned(), |text, broker| {
                let path = broker.mount_point().display();
                let flush = format!(
                    "path: {path}, flush: [sh, -c, '{FLUSH}', flush, {}, {}, {path}]}}",
                    begun.display(),
                    over.display()
                );
                text.replace(&format!("path: {path}}}"), &flush)
            })
        })?;
        Ok(Self { begun, over })
    }

    /// Runs `run`, and `act` while it waits.
    ///
    /// # Errors
    /// A run that did not get there.
    ///
    /// # Panics
    /// As `run` and `act` do.
    pub fn during<T: Send, U>(
        self,
        run: impl FnOnce() -> T + Send,
        act: impl FnOnce() -> U,
    ) -> Result<(T, U), SceneError> {
        thread::scope(|scope| {
            let running = scope.spawn(run);
            wait_until("the run to be in its window", REACHED, || {
                self.begun.exists() || running.is_finished()
            })?;
            if !self.begun.exists() {
                let what = "the run ended before its volumes were flushed".to_owned();
                return Err(SceneError::Unexpected(what));
            }
            let acted = act();
            fs::write(&self.over, "").map_err(SceneError::io("write", &self.over))?;
            let ran = running
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok((ran, acted))
        })
    }
}
