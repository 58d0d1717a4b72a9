//! Brokers and controllers as they registered.
//!
//! Source: `RegisterBrokerRecord`, `BrokerRegistrationChangeRecord`,
//! `RegisterControllerRecord` and `ClusterDelta`. Which features and racks they
//! have is read past.

use super::body::Body;
use super::error::Malformed;
use super::uuid::Uuid;

/// Where a process listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// For example `EXTERNAL`.
    pub name: Box<str>,
    /// As it is advertised.
    pub host: Box<str>,
    /// As it is advertised.
    pub port: u16,
    /// The id of Kafka's `SecurityProtocol`: 0 `PLAINTEXT`, 1 `SSL`, 2
    /// `SASL_PLAINTEXT`, 3 `SASL_SSL`.
    pub protocol: i16,
}

/// A broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerImage {
    /// The controller gives a new one with each registration.
    pub epoch: i64,
    /// Each process chooses one.
    pub incarnation: Uuid,
    /// It may not lead, and clients don't see it.
    pub fenced: bool,
    /// It is on its way out, and leads nothing.
    pub in_controlled_shutdown: bool,
    /// Its log directories that are online; empty before Kafka 3.7.
    pub log_dirs: Box<[Uuid]>,
    /// Where it listens.
    pub listeners: Box<[Listener]>,
}

impl BrokerImage {
    pub(super) fn merge(&mut self, change: BrokerChange) {
        if let Some(fenced) = change.fenced {
            self.fenced = fenced;
        }
        if change.in_controlled_shutdown {
            self.in_controlled_shutdown = true;
        }
        if !change.log_dirs.is_empty() {
            self.log_dirs = change.log_dirs;
        }
    }
}

/// A controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControllerImage {
    /// Each process chooses one.
    pub incarnation: Uuid,
    /// Where it listens.
    pub listeners: Box<[Listener]>,
}

/// What changes of a broker, if it has this epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct BrokerChange {
    pub(super) epoch: i64,
    pub(super) fenced: Option<bool>,
    /// Only a new registration takes it back.
    pub(super) in_controlled_shutdown: bool,
    /// Empty where they don't change.
    pub(super) log_dirs: Box<[Uuid]>,
}

/// A `RegisterBrokerRecord`.
pub(super) fn broker(body: &mut Body<'_>) -> Result<(i32, BrokerImage), Malformed> {
    let id = body.i32()?;
    if body.version >= 2 {
        let _is_migrating_from_zookeeper = body.bool()?;
    }
    let (incarnation, epoch) = (body.uuid()?, body.i64()?);
    let listeners = listeners(body)?;
    features(body)?;
    let _rack = body.text_or_null()?;
    let mut read = BrokerImage {
        epoch,
        incarnation,
        fenced: body.bool()?,
        in_controlled_shutdown: body.version >= 1 && body.bool()?,
        log_dirs: Box::default(),
        listeners,
    };
    body.tagged(|tag, field| {
        match tag {
            0 => {
                field.since(3, tag)?;
                read.log_dirs = field.uuids("log directories")?;
            }
            1 => {
                field.since(4, tag)?;
                let _cordoned = field.uuids_or_null()?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok((id, read))
}

/// A `BrokerRegistrationChangeRecord`.
pub(super) fn change(body: &mut Body<'_>) -> Result<(i32, BrokerChange), Malformed> {
    let id = body.i32()?;
    let mut read = BrokerChange {
        epoch: body.i64()?,
        ..BrokerChange::default()
    };
    body.tagged(|tag, field| {
        match tag {
            0 => {
                read.fenced = match field.i8()? {
                    -1 => Some(false),
                    0 => None,
                    1 => Some(true),
                    other => return Err(unknown("fencing change", other)),
                }
            }
            1 => {
                field.since(1, tag)?;
                read.in_controlled_shutdown = match field.i8()? {
                    0 => false,
                    1 => true,
                    other => return Err(unknown("shutdown change", other)),
                }
            }
            2 => {
                field.since(2, tag)?;
                read.log_dirs = field.uuids("log directories")?;
            }
            3 => {
                field.since(3, tag)?;
                let _cordoned = field.uuids_or_null()?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok((id, read))
}

/// A `RegisterControllerRecord`.
pub(super) fn controller(body: &mut Body<'_>) -> Result<(i32, ControllerImage), Malformed> {
    let (id, incarnation) = (body.i32()?, body.uuid()?);
    let _ready_for_zookeeper_migration = body.bool()?;
    let listeners = listeners(body)?;
    features(body)?;
    body.untagged()?;
    let read = ControllerImage {
        incarnation,
        listeners,
    };
    Ok((id, read))
}

fn unknown(what: &'static str, value: i8) -> Malformed {
    Malformed::Value {
        what,
        value: value.into(),
    }
}

fn listeners(body: &mut Body<'_>) -> Result<Box<[Listener]>, Malformed> {
    let mut listeners = Vec::new();
    for _ in 0..body.count("listeners")? {
        listeners.push(Listener {
            name: body.text("listener name")?.into(),
            host: body.text("listener host")?.into(),
            port: body.u16()?,
            protocol: body.i16()?,
        });
        body.untagged()?;
    }
    Ok(listeners.into())
}

fn features(body: &mut Body<'_>) -> Result<(), Malformed> {
    for _ in 0..body.count("features")? {
        let _name = body.text("feature name")?;
        let (_least, _greatest) = (body.i16()?, body.i16()?);
        body.untagged()?;
    }
    Ok(())
}
