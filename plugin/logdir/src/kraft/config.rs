//! Configurations that were set at run time: of topics and of brokers. What a
//! broker's own file says, and defaults, are not in the metadata.
//!
//! One map holds them all: a map for each topic would take many times the
//! bytes of a topic that has one entry.

use std::collections::BTreeMap;
use std::fmt;

/// What is configured. Others (client metrics, groups, loggers) are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConfigOf {
    /// `ConfigResource.Type.TOPIC`
    Topic,
    /// `ConfigResource.Type.BROKER`
    Broker,
}

impl ConfigOf {
    pub(super) fn of(resource_type: i8) -> Option<Self> {
        match resource_type {
            2 => Some(Self::Topic),
            4 => Some(Self::Broker),
            _ => None,
        }
    }
}

type Key = (ConfigOf, Box<str>, Box<str>);

/// Values by kind, by the name of a topic or the id of a broker (the default
/// of all brokers is named ""), and by key.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Configs(BTreeMap<Key, Box<str>>);

impl Configs {
    /// The value of one key.
    pub fn get(&self, of: ConfigOf, name: &str, key: &str) -> Option<&str> {
        self.0.get(&(of, name.into(), key.into())).map(|v| &**v)
    }

    /// Keys and values of one topic or broker, sorted by key.
    pub fn of<'c>(
        &'c self,
        of: ConfigOf,
        name: &'c str,
    ) -> impl Iterator<Item = (&'c str, &'c str)> {
        self.0
            .range((of, name.into(), "".into())..)
            .take_while(move |((kind, named, _), _)| (*kind, &**named) == (of, name))
            .map(|((_, _, key), value)| (&**key, &**value))
    }

    /// Topics or brokers that have any, each as often as it has keys: kind,
    /// name, key and value, in this order.
    pub fn iter(&self) -> impl Iterator<Item = (ConfigOf, &str, &str, &str)> {
        self.0
            .iter()
            .map(|((of, name, key), value)| (*of, &**name, &**key, &**value))
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn set(&mut self, of: ConfigOf, name: &str, key: &str, value: Option<&str>) {
        let at = (of, name.into(), key.into());
        match value {
            Some(value) => drop(self.0.insert(at, value.into())),
            None => drop(self.0.remove(&at)),
        }
    }

    pub(super) fn remove_topic(&mut self, name: &str) {
        let keys: Vec<Box<str>> = self
            .of(ConfigOf::Topic, name)
            .map(|(key, _)| key.into())
            .collect();
        for key in keys {
            self.0.remove(&(ConfigOf::Topic, name.into(), key));
        }
    }
}

/// Without the values: passwords of listeners may be among them.
impl fmt::Debug for Configs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Configs {
        let mut configs = Configs::default();
        configs.set(ConfigOf::Topic, "t", "retention.ms", Some("1"));
        configs.set(ConfigOf::Topic, "t", "cleanup.policy", Some("compact"));
        configs.set(ConfigOf::Topic, "tt", "retention.ms", Some("2"));
        configs.set(ConfigOf::Broker, "", "log.cleaner.threads", Some("3"));
        configs.set(ConfigOf::Broker, "t", "ssl.key.password", Some("secret"));
        configs
    }

    #[test]
    fn a_topics_values_are_its_own() {
        let configs = some();
        let of: Vec<_> = configs.of(ConfigOf::Topic, "t").collect();
        assert_eq!(of, [("cleanup.policy", "compact"), ("retention.ms", "1")]);
        assert_eq!(configs.of(ConfigOf::Topic, "").count(), 0);
        let value = configs.get(ConfigOf::Broker, "", "log.cleaner.threads");
        assert_eq!(value, Some("3"));
    }

    #[test]
    fn a_removed_topic_takes_its_values_along() {
        let mut configs = some();
        configs.remove_topic("t");
        assert_eq!(configs.of(ConfigOf::Topic, "t").count(), 0);
        assert_eq!(configs.len(), 3);
    }

    #[test]
    fn a_null_value_deletes() {
        let mut configs = some();
        configs.set(ConfigOf::Topic, "tt", "retention.ms", None);
        assert_eq!(configs.of(ConfigOf::Topic, "tt").count(), 0);
        assert_eq!(configs.iter().count(), 4);
    }

    #[test]
    fn values_are_not_shown_where_something_is_logged() {
        assert!(!format!("{:?}", some()).contains("secret"));
    }
}
