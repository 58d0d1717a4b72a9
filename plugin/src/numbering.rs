//! A component of the site's own that gives each message its number (the world
//! `order-key`), ready to be asked for those on volumes.

use slackwater_host::{Header, Host, HostError, HostOptions, Message, OrderKey, PhaseComponent};
use slackwater_logdir::Record;
use slackwater_point::SequenceAsked;
use slackwater_ports::PartitionId;
use slackwater_trim::{OrderAsked, SequenceOf};

/// By how much numbers of one partition may be out of order where nobody says it.
/// Several producers that draw numbers from one counter differ by what they have
/// under way, some thousands at most; and to look that much further back costs one
/// batch or two of each partition.
pub const DISORDER: u64 = 10_000;

/// What was checked, and the component, ready to be asked.
pub struct Numbers {
    key: OrderKey,
    /// What it is called by in words.
    name: String,
    sha256: String,
    stated: SequenceAsked,
}

impl Numbers {
    /// `bytes` is the component, or what could not be read of it.
    ///
    /// # Errors
    /// In words that name it: no component of that world.
    pub fn of(
        component: Result<PhaseComponent, HostError>,
        name: String,
        first: Option<u64>,
        disorder: u64,
    ) -> Result<Self, String> {
        let component = component.map_err(|error| match error {
            HostError::Invalid { why } => format!("{name} is not a component: {why}"),
            other => other.to_string(),
        })?;
        let host = Host::new(HostOptions { cache_dir: None }).map_err(|error| error.to_string())?;
        let key = host.order_key(&component);
        let key = key.map_err(|error| format!("{name} {error}"))?;
        Ok(Self {
            key,
            name,
            sha256: component.sha256().to_owned(),
            stated: SequenceAsked {
                first: first.map(place).transpose()?,
                disorder,
            },
        })
    }

    /// Asks the component for one record's.
    pub fn sequence(
        &self,
    ) -> impl Fn(&PartitionId, &Record<'_>) -> Result<Option<i64>, String> + Sync {
        |partition, record| self.number(partition, record)
    }

    /// The order that is asked for.
    pub fn asked<'f>(&'f self, of: SequenceOf<'f>) -> OrderAsked<'f> {
        OrderAsked::Sequence {
            of,
            component: &self.sha256,
            stated: self.stated,
        }
    }

    fn number(&self, partition: &PartitionId, record: &Record<'_>) -> Result<Option<i64>, String> {
        let names: Vec<_> = record
            .headers
            .iter()
            .map(|(name, _)| String::from_utf8_lossy(name))
            .collect();
        let headers = names.iter().zip(&record.headers);
        let headers: Vec<Header<'_>> = headers
            .map(|(name, (_, value))| Header {
                name,
                value: *value,
            })
            .collect();
        let message = Message {
            topic: &partition.topic,
            partition: partition.partition,
            offset: record.offset,
            timestamp_ms: Some(record.timestamp_ms).filter(|ms| *ms >= 0),
            key: record.key,
            value: record.value,
            headers: &headers,
        };
        let name = &self.name;
        let number = self.key.sequence(message);
        let number = number.map_err(|error| format!("{name} {error}"))?;
        let given = |number: u64| {
            let place = place(number);
            place.map_err(|why| format!("{name} gave it {number}, and {why}"))
        };
        number.map(given).transpose()
    }
}

/// A number's place in the order.
fn place(number: u64) -> Result<i64, String> {
    i64::try_from(number).map_err(|_| format!("no number is greater than {}", i64::MAX))
}
