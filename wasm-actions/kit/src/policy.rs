//! How MirrorMaker names its copies (`replication.policy.class`).

/// The two policies that ship with Kafka (`org.apache.kafka.connect.mirror`).
/// Another one names topics as it likes, so a mirror that has one is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Policy {
    /// `IdentityReplicationPolicy`: the same name.
    Identity,
    /// `DefaultReplicationPolicy`: the source's alias, a separator, the name.
    Default {
        /// `replication.policy.separator`
        separator: String,
    },
}

impl Policy {
    /// The policy of this class, if it is one of the two. Without a class it
    /// is the default one.
    pub fn of(class: Option<&str>, separator: Option<&str>) -> Option<Self> {
        let short = class.map(|class| class.rsplit('.').next().unwrap_or(class));
        match short {
            Some("IdentityReplicationPolicy") => Some(Policy::Identity),
            None | Some("DefaultReplicationPolicy") => Some(Policy::Default {
                separator: separator.unwrap_or(".").to_owned(),
            }),
            Some(_) => None,
        }
    }

    /// The copy's name.
    pub fn copy_of(&self, alias: &str, topic: &str) -> String {
        match self {
            // A heartbeat's topic keeps its prefix even there
            // (IdentityReplicationPolicy.formatRemoteTopic).
            Policy::Identity if topic == "heartbeats" => format!("{alias}.{topic}"),
            Policy::Identity => topic.to_owned(),
            Policy::Default { separator } => format!("{alias}{separator}{topic}"),
        }
    }

    /// The topic of which one of this name would be the copy; `None` where it can't be one.
    pub fn topic_of(&self, alias: &str, copy: &str) -> Option<String> {
        let of = match self {
            Policy::Identity if copy == format!("{alias}.heartbeats") => "heartbeats",
            Policy::Identity => copy,
            Policy::Default { separator } => copy.strip_prefix(alias)?.strip_prefix(separator)?,
        };
        Some(of.to_owned())
    }

    /// The separator of internal topics' names.
    pub fn separator(&self) -> &str {
        match self {
            Policy::Identity => ".",
            Policy::Default { separator } => separator,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_policy_prefixes_with_the_alias() {
        let policy = Policy::of(None, None).unwrap();
        assert_eq!(policy.copy_of("src", "blogs"), "src.blogs");
        assert_eq!(policy.topic_of("src", "other.blogs"), None);
    }

    #[test]
    fn what_a_copy_is_of_is_told_by_its_name_under_either_policy() {
        for class in [
            None,
            Some("org.apache.kafka.connect.mirror.IdentityReplicationPolicy"),
        ] {
            let policy = Policy::of(class, Some("-")).unwrap();
            for topic in ["blogs", "heartbeats", "a-b"] {
                let copy = policy.copy_of("src", topic);
                assert_eq!(policy.topic_of("src", &copy).as_deref(), Some(topic));
            }
        }
    }

    #[test]
    fn the_identity_policy_keeps_the_name_but_a_heartbeats() {
        let class = "org.apache.kafka.connect.mirror.IdentityReplicationPolicy";
        let policy = Policy::of(Some(class), None).unwrap();
        assert_eq!(policy.copy_of("src", "blogs"), "blogs");
        assert_eq!(policy.copy_of("src", "heartbeats"), "src.heartbeats");
    }

    #[test]
    fn a_policy_of_somebody_elses_is_not_guessed() {
        assert_eq!(Policy::of(Some("com.example.Mine"), None), None);
    }
}
