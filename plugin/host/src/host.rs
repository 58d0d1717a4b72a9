//! The engine, and one run of a phase.

use std::path::PathBuf;
use std::time::Duration;

use slackwater_ports::{Failure, Outcome, Output};
use wasmtime::component::{Component, TypedFunc};
use wasmtime::{Cache, CacheConfig, Config, Engine, Store, Trap, UpdateDeadline};

use crate::bindings::slackwater::phase::types;
use crate::convert::Convert as _;
use crate::error::one_line;
use crate::limits::CALL_BYTES;
use crate::meter::{Meter, Stop, named};
use crate::state::State;
use crate::text::line;
use crate::ticker::Ticker;
use crate::{Entry, HostError, Limits, PhaseComponent, PhaseName, Ports, grants};

/// How the host is set up.
#[derive(Debug, Clone, Default)]
pub struct HostOptions {
    /// Where compiled components are kept, as an absolute path; it is made if
    /// it is not there. wasmtime keeps it small by itself. Code in it is run
    /// as it is: nobody else may be able to write to it. `None` compiles each
    /// time.
    pub cache_dir: Option<PathBuf>,
}

/// Runs phases. Cheap to keep, and several runs may go on at once.
#[derive(Debug, Clone)]
pub struct Host {
    engine: Engine,
    cache: Option<Cache>,
}

/// A run that came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhaseRun {
    /// What the phase said. Each text of it is one line without control
    /// characters, but for the outputs' values, which are as they came.
    pub ended: Result<Outcome, Failure>,
    /// Units of fuel: about one for each instruction. The same for the same
    /// component and the same answers.
    pub fuel_used: u64,
    /// From the request to the instance that is ready to be called.
    pub ready: Duration,
    /// From the first instruction to the last.
    pub wall: Duration,
}

type Ended = Result<types::Outcome, types::Failure>;

impl Host {
    /// Sets the engine up.
    ///
    /// # Errors
    /// `Cache` where the directory can't be used; `Engine` for a bug.
    pub fn new(options: HostOptions) -> Result<Self, HostError> {
        let cache = options.cache_dir.map(open_cache).transpose()?;
        let mut config = Config::new();
        config
            .consume_fuel(true)
            .epoch_interruption(true)
            // The same answers give the same run on every machine.
            .cranelift_nan_canonicalization(true)
            .relaxed_simd_deterministic(true)
            .cache(cache.clone());
        let engine =
            Engine::new(&config).map_err(|error| HostError::engine("set wasmtime up", &error))?;
        Ok(Self { engine, cache })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// How many components came from the cache and how many were compiled;
    /// `None` without a cache.
    pub fn cache_use(&self) -> Option<(usize, usize)> {
        let cache = self.cache.as_ref()?;
        Some((cache.cache_hits(), cache.cache_misses()))
    }

    /// Whether `component` can be this phase: it is compiled, its imports are
    /// held against the phase's grants, its exports against the world's.
    /// Nothing of it is run.
    ///
    /// # Errors
    /// `Invalid`, `NotGranted`.
    pub fn check(&self, phase: PhaseName, component: &PhaseComponent) -> Result<(), HostError> {
        let compiled = self.compile(phase, component)?;
        for entry in phase.entries() {
            if compiled.get_export_index(None, entry.export()).is_none() {
                return Err(no_export(phase, *entry));
            }
        }
        grants::linker(&self.engine, phase)?
            .instantiate_pre(&compiled)
            .map_err(|error| HostError::invalid(&error))?;
        Ok(())
    }

    /// The capabilities that a component imports, by their full names. Types
    /// are left out: they grant nothing.
    ///
    /// # Errors
    /// `Invalid`.
    pub fn imports(&self, component: &PhaseComponent) -> Result<Vec<String>, HostError> {
        let compiled = self.decode(component)?;
        Ok(grants::imports(&self.engine, &compiled))
    }

    /// Runs one export of a phase in a fresh instance, and waits for its end.
    /// It blocks: call it from a thread that may.
    ///
    /// # Errors
    /// `NoEntry`, `NoPort`, `NotGranted`, `Invalid` before anything is run;
    /// the limit that was hit, `Panicked` or `Trapped` after. A phase's own
    /// failure is no error here: see [`PhaseRun::ended`].
    pub fn run(
        &self,
        phase: PhaseName,
        entry: Entry,
        component: &PhaseComponent,
        ports: Ports,
        limits: Limits,
    ) -> Result<PhaseRun, HostError> {
        let preparing = Meter::start(limits);
        if !phase.entries().contains(&entry) {
            return Err(HostError::NoEntry { phase, entry });
        }
        ports.check(phase)?;
        let compiled = self.compile(phase, component)?;
        let linker = grants::linker(&self.engine, phase)?;

        let mut store = self.store(ports, limits)?;
        let _ticker = Ticker::start(&self.engine).map_err(|error| HostError::Engine {
            what: "start the thread that keeps the time",
            why: error.to_string(),
        })?;
        let instance = linker
            .instantiate(&mut store, &compiled)
            .map_err(|error| why_ended(error, phase, limits, &mut store, HostError::invalid))?;
        let Some(function) = instance.get_func(&mut store, entry.export()) else {
            return Err(no_export(phase, entry));
        };
        let function: TypedFunc<(), (Ended,)> = function
            .typed(&store)
            .map_err(|error| HostError::invalid(&error))?;
        let ready = preparing.elapsed();

        let (ended,) = function.call(&mut store, ()).map_err(|error| {
            why_ended(error, phase, limits, &mut store, |error| {
                HostError::Trapped {
                    phase,
                    trap: one_line(error),
                }
            })
        })?;
        let left = store
            .get_fuel()
            .map_err(|error| HostError::engine("read the fuel", &error))?;
        Ok(PhaseRun {
            ended: in_lines(ended),
            fuel_used: limits.fuel.saturating_sub(left),
            ready,
            wall: store.data().meter.elapsed(),
        })
    }

    fn compile(
        &self,
        phase: PhaseName,
        component: &PhaseComponent,
    ) -> Result<Component, HostError> {
        let compiled = self.decode(component)?;
        grants::check(&self.engine, phase, &compiled)?;
        Ok(compiled)
    }

    fn decode(&self, component: &PhaseComponent) -> Result<Component, HostError> {
        Component::from_binary(&self.engine, component.bytes())
            .map_err(|error| HostError::invalid(&error))
    }

    /// A store with all limits set. Its time starts now.
    fn store(&self, ports: Ports, limits: Limits) -> Result<Store<State>, HostError> {
        let mut store = Store::new(&self.engine, State::new(ports, Meter::start(limits)));
        store.limiter(|state| &mut state.meter);
        store
            .set_fuel(limits.fuel)
            .map_err(|error| HostError::engine("set the fuel", &error))?;
        store.set_hostcall_fuel(CALL_BYTES);
        // The epoch is the engine's, and other runs tick it too: so each tick
        // asks this run's own clock.
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|context| {
            context.data().meter.check_time()?;
            Ok(UpdateDeadline::Continue(1))
        });
        Ok(store)
    }
}

fn open_cache(dir: PathBuf) -> Result<Cache, HostError> {
    let mut config = CacheConfig::new();
    config.with_directory(&dir);
    Cache::new(config).map_err(|error| HostError::Cache {
        dir,
        why: one_line(&error),
    })
}

/// Which limit, panic or trap it was that ended a run; `otherwise` for what is
/// none of them.
fn why_ended(
    error: wasmtime::Error,
    phase: PhaseName,
    limits: Limits,
    store: &mut Store<State>,
    otherwise: impl FnOnce(&wasmtime::Error) -> HostError,
) -> HostError {
    if let Some(&stop) = error.downcast_ref::<Stop>() {
        return named(stop, phase, limits);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => HostError::OutOfFuel {
            phase,
            limit: limits.fuel,
        },
        Some(trap) => match store.data_mut().take_last_words() {
            Some(message) if *trap == Trap::UnreachableCodeReached => {
                HostError::Panicked { phase, message }
            }
            _ => HostError::Trapped {
                phase,
                trap: trap.to_string(),
            },
        },
        None => otherwise(&error),
    }
}

fn no_export(phase: PhaseName, entry: Entry) -> HostError {
    HostError::Invalid {
        why: format!("it does not export {entry}, which {phase} has"),
    }
}

/// What a phase said, as the lines that they have to be.
fn in_lines(ended: Ended) -> Result<Outcome, Failure> {
    let ended: Result<Outcome, Failure> = ended.convert();
    match ended {
        Ok(outcome) => Ok(Outcome {
            summary: line(&outcome.summary),
            outputs: outcome
                .outputs
                .into_iter()
                .map(|Output { key, value }| Output {
                    key: line(&key),
                    value,
                })
                .collect(),
        }),
        Err(failure) => Err(Failure {
            kind: failure.kind,
            reason: line(&failure.reason),
        }),
    }
}
