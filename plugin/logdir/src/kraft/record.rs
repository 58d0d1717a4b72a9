//! One record: its frame, and which form its fields have.
//!
//! Source: `AbstractApiMessageSerde` (unsigned varints: frame version, api key,
//! version; then the message).

use crate::wire::{Cursor, WireError};

use super::body::Body;
use super::config::ConfigOf;
use super::error::{Malformed, MetadataError};
use super::kind::Kind;
use super::node::{self, BrokerChange, BrokerImage, ControllerImage};
use super::partition::{self, PartitionChange, PartitionImage};
use super::uuid::Uuid;

/// The only frame that Kafka reads and writes.
pub(super) const FRAME: u64 = 1;

/// Types are two bytes in Kafka, and not negative.
const MAX_API_KEY: u64 = i16::MAX as u64;

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Record<'b> {
    RegisterBroker(i32, BrokerImage),
    UnregisterBroker(i32),
    ChangeBroker(i32, BrokerChange),
    Topic(Uuid, &'b str),
    Partition(Uuid, u32, Box<PartitionImage>),
    ChangePartition(Uuid, u32, Box<PartitionChange>),
    RemoveTopic(Uuid),
    /// Of what, whose, key, and value or nothing.
    Config(ConfigOf, &'b str, &'b str, Option<&'b str>),
    Feature(&'b str, i16),
    Begin,
    End,
    Abort,
    RegisterController(i32, ControllerImage),
    ClearElr(&'b str),
    /// A configuration of something that is not kept.
    Nothing,
}

/// What a frame holds.
pub(super) enum Read<'b> {
    Known(Kind, Record<'b>),
    /// By its `apiKey`.
    Other(u16),
}

/// Reads a record's value.
pub(super) fn read(offset: u64, value: &[u8]) -> Result<Read<'_>, MetadataError> {
    let mut cursor = Cursor::new(value);
    let no_type = |why| MetadataError::NoType { offset, why };
    let frame = cursor.uvarint().map_err(no_type)?;
    if frame != FRAME {
        return Err(MetadataError::Frame { offset, frame });
    }
    let api_key = cursor.uvarint().map_err(no_type)?;
    if api_key > MAX_API_KEY {
        return Err(no_type(WireError::Varint));
    }
    let version = cursor.uvarint().map_err(no_type)?;
    let Some(kind) = Kind::of(api_key as u16) else {
        return Ok(Read::Other(api_key as u16));
    };
    if version > kind.newest_version() {
        return Err(MetadataError::Version {
            offset,
            kind,
            version,
        });
    }
    let mut body = Body::new(cursor, version);
    match fields(kind, &mut body).and_then(|record| body.end().map(|()| record)) {
        Ok(record) => Ok(Read::Known(kind, record)),
        Err(why) => Err(MetadataError::Malformed { offset, kind, why }),
    }
}

fn fields<'b>(kind: Kind, body: &mut Body<'b>) -> Result<Record<'b>, Malformed> {
    let record = match kind {
        Kind::RegisterBroker => {
            let (id, image) = node::broker(body)?;
            return Ok(Record::RegisterBroker(id, image));
        }
        Kind::RegisterController => {
            let (id, image) = node::controller(body)?;
            return Ok(Record::RegisterController(id, image));
        }
        Kind::BrokerRegistrationChange => {
            let (id, change) = node::change(body)?;
            return Ok(Record::ChangeBroker(id, change));
        }
        Kind::Partition => {
            let (topic, number, image) = partition::partition(body)?;
            return Ok(Record::Partition(topic, number, Box::new(image)));
        }
        Kind::PartitionChange => {
            let (topic, number, change) = partition::change(body)?;
            return Ok(Record::ChangePartition(topic, number, Box::new(change)));
        }
        Kind::UnregisterBroker => {
            let (id, _epoch) = (body.i32()?, body.i64()?);
            Record::UnregisterBroker(id)
        }
        Kind::FenceBroker | Kind::UnfenceBroker => {
            let (id, epoch) = (body.i32()?, body.i64()?);
            let change = BrokerChange {
                epoch,
                fenced: Some(kind == Kind::FenceBroker),
                ..BrokerChange::default()
            };
            Record::ChangeBroker(id, change)
        }
        Kind::Topic => {
            let name = body.text("name")?;
            Record::Topic(body.uuid()?, name)
        }
        Kind::RemoveTopic => Record::RemoveTopic(body.uuid()?),
        Kind::Config => config(body)?,
        Kind::FeatureLevel => Record::Feature(body.text("name")?, body.i16()?),
        Kind::ClearElr => Record::ClearElr(body.text("topic name")?),
        Kind::EndTransaction => Record::End,
        Kind::BeginTransaction | Kind::AbortTransaction => {
            body.tagged(|tag, field| Ok(tag == 0 && field.text_or_null().map(|_| true)?))?;
            return Ok(match kind {
                Kind::BeginTransaction => Record::Begin,
                _ => Record::Abort,
            });
        }
    };
    body.untagged()?;
    Ok(record)
}

fn config<'b>(body: &mut Body<'b>) -> Result<Record<'b>, Malformed> {
    let of = ConfigOf::of(body.i8()?);
    let (name, key) = (body.text("resource name")?, body.text("name")?);
    let value = body.text_or_null()?;
    Ok(match of {
        Some(of) => Record::Config(of, name, key, value),
        None => Record::Nothing,
    })
}
