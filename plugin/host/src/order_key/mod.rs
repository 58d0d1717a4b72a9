//! An order key: a component of a site's own that gives each record its number. It
//! is hosted as the phases are, with the same engine, and granted nothing at all.
//!
//! Records are many: an instance is kept from one to the next, and there are as many
//! as threads ask at once. Fuel is for each record anew. A key that was ended once is
//! not asked again.

mod bindings;
mod error;
mod limits;

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store, Trap};

pub use bindings::{Header, Message};
pub use error::OrderKeyError;

use crate::error::one_line;
use crate::limits::TABLE_ENTRIES;
use crate::meter::{Meter, Stop};
use crate::{Host, HostError, Limits, PhaseComponent, grants};

/// So many ticks of the engine that they never pass: fuel ends a key, which can't
/// wait for anything.
const NO_EPOCH: u64 = 1 << 62;

/// A key that can be asked, from several threads at once.
pub struct OrderKey {
    engine: Engine,
    pre: bindings::OrderKeyPre<Meter>,
    limits: Limits,
    /// Instances that nobody asks just now.
    idle: Mutex<Vec<Instance>>,
}

struct Instance {
    store: Store<Meter>,
    key: bindings::OrderKey,
}

impl Host {
    /// Takes a component for an order key: it is compiled, and one instance is made.
    ///
    /// # Errors
    /// It is none, wants something, is of another world, or ends as it is made.
    pub fn order_key(&self, component: &PhaseComponent) -> Result<OrderKey, OrderKeyError> {
        let engine = self.engine();
        let compiled = Component::from_binary(engine, component.bytes()).map_err(|error| {
            OrderKeyError::NotAComponent {
                why: one_line(&error),
            }
        })?;
        if let Some(import) = grants::imports(engine, &compiled).into_iter().next() {
            return Err(OrderKeyError::Wants { import });
        }
        let other = |error: wasmtime::Error| OrderKeyError::OtherWorld {
            why: one_line(&error),
        };
        let pre = Linker::new(engine)
            .instantiate_pre(&compiled)
            .map_err(other)?;
        let key = OrderKey {
            engine: engine.clone(),
            pre: bindings::OrderKeyPre::new(pre).map_err(other)?,
            limits: Limits {
                fuel: limits::FUEL,
                memory_bytes: limits::MEMORY_BYTES,
                wall: Duration::MAX,
            },
            idle: Mutex::default(),
        };
        let first = key.instance()?;
        key.keep(first);
        Ok(key)
    }
}

impl OrderKey {
    /// The number of a record; `None` where it has no place in the order.
    ///
    /// # Errors
    /// The limit that was hit, or the trap.
    pub fn sequence(&self, message: Message<'_>) -> Result<Option<u64>, OrderKeyError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut instance = idle.map_or_else(|| self.instance(), Ok)?;
        self.fuel(&mut instance.store)?;
        let answer = instance.key.call_sequence(&mut instance.store, message);
        let number = answer.map_err(|error| {
            self.why_ended(&error, |error| OrderKeyError::Trapped {
                trap: one_line(error),
            })
        })?;
        self.keep(instance);
        Ok(number)
    }

    fn keep(&self, instance: Instance) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(instance);
    }

    fn instance(&self) -> Result<Instance, OrderKeyError> {
        let mut store = Store::new(&self.engine, Meter::start(self.limits));
        store.limiter(|meter| meter);
        store.set_epoch_deadline(NO_EPOCH);
        self.fuel(&mut store)?;
        let made = self.pre.instantiate(&mut store);
        let key = made.map_err(|error| {
            self.why_ended(&error, |error| OrderKeyError::OtherWorld {
                why: one_line(error),
            })
        })?;
        Ok(Instance { store, key })
    }

    fn fuel(&self, store: &mut Store<Meter>) -> Result<(), HostError> {
        store
            .set_fuel(self.limits.fuel)
            .map_err(|error| HostError::engine("set the fuel", &error))
    }

    fn why_ended(
        &self,
        error: &wasmtime::Error,
        otherwise: impl FnOnce(&wasmtime::Error) -> OrderKeyError,
    ) -> OrderKeyError {
        match (error.downcast_ref::<Stop>(), error.downcast_ref::<Trap>()) {
            (Some(Stop::Memory), _) => OrderKeyError::OutOfMemory {
                limit: self.limits.memory_bytes,
            },
            (Some(Stop::TableEntries), _) => OrderKeyError::OutOfRoom {
                what: "entries in a table",
                limit: TABLE_ENTRIES,
            },
            (_, Some(Trap::OutOfFuel)) => OrderKeyError::OutOfFuel {
                limit: self.limits.fuel,
            },
            (_, Some(trap)) => OrderKeyError::Trapped {
                trap: trap.to_string(),
            },
            _ => otherwise(error),
        }
    }
}

impl fmt::Debug for OrderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OrderKey")
    }
}
