//! What stops and starts the brokers when the program's commands ask for it:
//! the lab's processes are children of the test, so it plays the service
//! manager.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{fs, thread};

use slackwater_lab::Broker;

use crate::{Scene, SceneError};

/// What the program runs: asks, and waits for the answer, which is the exit
/// code. It does not wait for ever: the program's own limit ends it.
const ASK: &str = "rm -f \"$1.done\"; touch \"$1.asked\"; \
                   while [ ! -e \"$1.done\" ]; do sleep 0.05; done; \
                   exit $(cat \"$1.done\")";

/// Between two looks for a request.
const LOOK: Duration = Duration::from_millis(20);

/// See the module.
pub struct Services<'a> {
    scene: &'a Scene,
    dir: PathBuf,
}

impl<'a> Services<'a> {
    /// Has the scene's runs stop and start the brokers; `more` is added to the
    /// configuration.
    ///
    /// # Errors
    /// A configuration that can't be written.
    pub fn set_up(scene: &'a Scene, more: &str) -> Result<Self, SceneError> {
        let dir = scene.lab.run_dir().join("services");
        fs::create_dir_all(&dir).map_err(SceneError::io("create", &dir))?;
        let ask = |what: &str| {
            let file = dir.join(what);
            format!("[sh, -c, '{ASK}', ask, \"{}-{{broker}}\"]", file.display())
        };
        scene.configure(&format!(
            "strategy: cold\ncold:\n  stop: {}\n  start: {}\n{more}",
            ask("stop"),
            ask("start")
        ))?;
        Ok(Self { scene, dir })
    }

    /// Serves while `work` goes on. `stop` stops a broker as it likes, and says
    /// whether the program is told that it is done.
    ///
    /// # Panics
    /// As `work` and `stop` do.
    pub fn during<T: Send>(
        &self,
        stop: impl Fn(&Broker) -> bool + Sync,
        work: impl FnOnce() -> T + Send,
    ) -> T {
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            for broker in self.scene.lab.mirror().brokers() {
                let (over, stop) = (&over, &stop);
                scope.spawn(move || {
                    while !over.load(Ordering::Relaxed) {
                        self.answer("stop", broker, |broker| stop(broker));
                        self.answer("start", broker, |broker| {
                            broker.check_alive().is_ok() || broker.start().is_ok()
                        });
                        thread::sleep(LOOK);
                    }
                });
            }
            let worked = thread::Builder::new().spawn_scoped(scope, work);
            let worked = worked.map(thread::ScopedJoinHandle::join);
            over.store(true, Ordering::Relaxed);
            match worked {
                Ok(Ok(worked)) => worked,
                Ok(Err(panic)) => std::panic::resume_unwind(panic),
                Err(error) => panic!("no thread can be started: {error}"),
            }
        })
    }

    /// Whether a stop of this broker was asked for.
    pub fn is_asked_to_stop(&self, broker: &Broker) -> bool {
        self.file("stop", broker, "asked").exists() || self.file("stop", broker, "done").exists()
    }

    fn file(&self, what: &str, broker: &Broker, state: &str) -> PathBuf {
        self.dir.join(format!("{what}-{}.{state}", broker.id()))
    }

    fn answer(&self, what: &str, broker: &Broker, act: impl Fn(&Broker) -> bool) {
        let asked = self.file(what, broker, "asked");
        if fs::remove_file(&asked).is_err() {
            return;
        }
        let code = if act(broker) { "0" } else { "1" };
        write_whole(&self.file(what, broker, "done"), code);
    }
}

/// Whoever waits for it must not read half of it.
fn write_whole(file: &Path, text: &str) {
    let partial = file.with_extension("partial");
    let written = fs::write(&partial, text).and_then(|()| fs::rename(&partial, file));
    if let Err(error) = written {
        eprintln!("can't write {}: {error}", file.display());
    }
}
