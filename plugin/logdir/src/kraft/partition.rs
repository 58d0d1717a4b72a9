//! A partition as the controller has it, and what changes of it.
//!
//! Source: `PartitionRecord`, `PartitionChangeRecord` and
//! `PartitionRegistration.merge`.

use super::body::Body;
use super::error::{Contradiction, Malformed};
use super::uuid::Uuid;

/// See the module. Broker ids throughout.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartitionImage {
    /// Where it is to be, the preferred leader first.
    pub replicas: Box<[i32]>,
    /// The log directory of each replica, in their order. Empty where none was
    /// ever assigned (KIP-858); see the constants of [`Uuid`] for single ones.
    pub directories: Box<[Uuid]>,
    /// Those in sync.
    pub isr: Box<[i32]>,
    /// Those that a reassignment takes away.
    pub removing: Box<[i32]>,
    /// Those that a reassignment brings.
    pub adding: Box<[i32]>,
    /// Out of sync, and known to have all that was committed (KIP-966).
    pub elr: Box<[i32]>,
    /// The last of those that were in sync or in `elr`.
    pub last_known_elr: Box<[i32]>,
    /// `None` while it has none.
    pub leader: Option<i32>,
    /// An unclean election made the leader, and it has not recovered yet.
    pub recovering: bool,
    /// Grows with each leader.
    pub leader_epoch: i32,
    /// Grows with each change.
    pub partition_epoch: i32,
}

impl PartitionImage {
    /// The log directory of this broker's replica; `None` where it has none,
    /// or where no directory was ever assigned.
    pub fn directory(&self, broker: i32) -> Option<Uuid> {
        let at = self.replicas.iter().position(|one| *one == broker)?;
        self.directories.get(at).copied()
    }

    pub(super) fn has_elr(&self) -> bool {
        !self.elr.is_empty() || !self.last_known_elr.is_empty()
    }

    /// Makes a change, or nothing of it.
    pub(super) fn merge(&mut self, change: PartitionChange) -> Result<(), Contradiction> {
        let replicas = change.replicas.as_ref().unwrap_or(&self.replicas).len();
        let directories = change.directories.as_ref().unwrap_or(&self.directories);
        if !directories.is_empty() && directories.len() != replicas {
            return Err(Contradiction::Directories {
                directories: directories.len(),
                replicas,
            });
        }
        set(&mut self.replicas, change.replicas);
        set(&mut self.directories, change.directories);
        set(&mut self.isr, change.isr);
        set(&mut self.removing, change.removing);
        set(&mut self.adding, change.adding);
        set(&mut self.elr, change.elr);
        set(&mut self.last_known_elr, change.last_known_elr);
        set(&mut self.recovering, change.recovering);
        if let Some(leader) = change.leader {
            self.leader = leader;
            self.leader_epoch = self.leader_epoch.wrapping_add(1);
        }
        self.partition_epoch = self.partition_epoch.wrapping_add(1);
        Ok(())
    }

    /// Gives up what KIP-966 knows: a change like any other.
    pub(super) fn clear_elr(&mut self) {
        self.elr = Box::default();
        self.last_known_elr = Box::default();
        self.partition_epoch = self.partition_epoch.wrapping_add(1);
    }
}

fn set<T>(field: &mut T, change: Option<T>) {
    if let Some(change) = change {
        *field = change;
    }
}

/// What a change names; `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PartitionChange {
    pub(super) replicas: Option<Box<[i32]>>,
    pub(super) directories: Option<Box<[Uuid]>>,
    pub(super) isr: Option<Box<[i32]>>,
    pub(super) removing: Option<Box<[i32]>>,
    pub(super) adding: Option<Box<[i32]>>,
    pub(super) elr: Option<Box<[i32]>>,
    pub(super) last_known_elr: Option<Box<[i32]>>,
    pub(super) leader: Option<Option<i32>>,
    pub(super) recovering: Option<bool>,
}

/// A `PartitionRecord`.
pub(super) fn partition(body: &mut Body<'_>) -> Result<(Uuid, u32, PartitionImage), Malformed> {
    let (number, topic) = (body.partition()?, body.uuid()?);
    let mut read = PartitionImage {
        replicas: body.ids("replicas")?,
        isr: body.ids("isr")?,
        removing: body.ids("removing replicas")?,
        adding: body.ids("adding replicas")?,
        leader: leader(body.i32()?)?,
        leader_epoch: body.i32()?,
        partition_epoch: body.i32()?,
        ..PartitionImage::default()
    };
    if body.version >= 1 {
        read.directories = assigned(body.uuids("directories")?);
        matching(&read.directories, &read.replicas)?;
    }
    body.tagged(|tag, field| {
        match tag {
            0 => read.recovering = recovering(field.i8()?)?,
            1 => {
                field.since(2, tag)?;
                read.elr = field.ids_or_null()?.unwrap_or_default();
            }
            2 => {
                field.since(2, tag)?;
                read.last_known_elr = field.ids_or_null()?.unwrap_or_default();
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok((topic, number, read))
}

/// A `PartitionChangeRecord`.
pub(super) fn change(body: &mut Body<'_>) -> Result<(Uuid, u32, PartitionChange), Malformed> {
    let (number, topic) = (body.partition()?, body.uuid()?);
    let mut read = PartitionChange::default();
    body.tagged(|tag, field| {
        match tag {
            0 => read.isr = field.ids_or_null()?,
            1 => {
                read.leader = match field.i32()? {
                    -2 => None,
                    other => Some(leader(other)?),
                }
            }
            2 => read.replicas = field.ids_or_null()?,
            3 => read.removing = field.ids_or_null()?,
            4 => read.adding = field.ids_or_null()?,
            5 => {
                read.recovering = match field.i8()? {
                    -1 => None,
                    other => Some(recovering(other)?),
                }
            }
            6 | 7 => {
                field.since(2, tag)?;
                let ids = field.ids_or_null()?;
                match tag {
                    6 => read.elr = ids,
                    _ => read.last_known_elr = ids,
                }
            }
            8 => {
                field.since(1, tag)?;
                read.directories = field.uuids_or_null()?.map(assigned);
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    if let (Some(directories), Some(replicas)) = (&read.directories, &read.replicas) {
        matching(directories, replicas)?;
    }
    Ok((topic, number, read))
}

fn leader(value: i32) -> Result<Option<i32>, Malformed> {
    match value {
        -1 => Ok(None),
        0.. => Ok(Some(value)),
        _ => Err(Malformed::Value {
            what: "leader",
            value: value.into(),
        }),
    }
}

fn recovering(value: i8) -> Result<bool, Malformed> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Malformed::Value {
            what: "leader recovery state",
            value: value.into(),
        }),
    }
}

/// Directories of which not one is assigned are none: Kafka makes as many of
/// them as there are replicas, whenever it looks.
fn assigned(directories: Box<[Uuid]>) -> Box<[Uuid]> {
    match directories.iter().all(|one| *one == Uuid::MIGRATING) {
        true => Box::default(),
        false => directories,
    }
}

fn matching(directories: &[Uuid], replicas: &[i32]) -> Result<(), Malformed> {
    match directories.is_empty() || directories.len() == replicas.len() {
        true => Ok(()),
        false => Err(Malformed::Directories {
            directories: directories.len(),
            replicas: replicas.len(),
        }),
    }
}
