//! Which connectors feed this mirror.

use slackwater_ports::{PortError, PortErrorKind};

use crate::address::Address;
use crate::text;
use crate::wire::RawConfig;

const PACKAGE: &str = "org.apache.kafka.connect.mirror.";

/// MirrorMaker's connectors (KIP-382).
const CLASSES: [&str; 3] = ["MirrorSource", "MirrorCheckpoint", "MirrorHeartbeat"];

/// What the configuration says about connectors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The mirror's brokers as they advertise themselves, and its bootstrap.
    pub mirror_addresses: Vec<(String, u16)>,
    /// Names under `connect[].connectors`: these feed the mirror, whatever
    /// their configuration says.
    pub listed: Vec<String>,
    /// Names under `connect[].ignore`: MirrorMaker's, but of another mirror.
    pub ignored: Vec<String>,
}

/// What a connector is to this mirror.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It feeds it.
    Ours,
    /// Not MirrorMaker's, or ignored by name.
    NotOurs,
    /// MirrorMaker's, and nobody says whose: why the look is refused.
    Unknown(String),
}

/// The class in full, as Connect resolves it: an alias is the simple name,
/// with or without `Connector` (`PluginUtils.pluginAliases`).
pub(crate) fn full_class(class: &str) -> String {
    let simple = class.strip_prefix(PACKAGE).unwrap_or(class);
    let stem = simple.strip_suffix("Connector").unwrap_or(simple);
    if CLASSES.contains(&stem) {
        format!("{PACKAGE}{stem}Connector")
    } else {
        class.to_owned()
    }
}

pub(crate) fn is_mirror_maker(class: &str) -> bool {
    class.starts_with(PACKAGE)
}

impl Selection {
    /// What this connector is to the mirror, by its own configuration.
    pub(crate) fn role(&self, name: &str, config: &RawConfig) -> Role {
        let of = |key: &str| {
            config
                .get(key)
                .and_then(Option::as_deref)
                .unwrap_or_default()
        };
        if self.listed.iter().any(|listed| listed == name) {
            return Role::Ours;
        }
        if !is_mirror_maker(&full_class(of("connector.class"))) {
            return Role::NotOurs;
        }
        let target = of("target.cluster.bootstrap.servers");
        let ours = self.writes_to_the_mirror(target);
        let ignored = self.ignored.iter().any(|ignored| ignored == name);
        let name = text::line(name);
        match (ours, ignored) {
            (true, false) => Role::Ours,
            (false, true) => Role::NotOurs,
            (true, true) => Role::Unknown(format!(
                "connector {name} is under connect[].ignore but writes to this mirror ({}): \
                 take it off that list",
                text::line(target)
            )),
            (false, false) => Role::Unknown(format!(
                "connector {name} is MirrorMaker's and its target.cluster.bootstrap.servers \
                 ({}) is no address of the mirror: name it under connect[].connectors if it \
                 feeds this mirror, or under connect[].ignore if it does not",
                text::line(target)
            )),
        }
    }

    fn writes_to_the_mirror(&self, bootstrap: &str) -> bool {
        let targets = Address::list(bootstrap);
        self.mirror_addresses
            .iter()
            .map(|(host, port)| Address::new(host, *port))
            .any(|ours| targets.iter().any(|target| target.is(&ours)))
    }

    /// A refusal if a connector that the configuration names is not there.
    pub(crate) fn all_listed<'a>(
        &self,
        found: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<(), PortError> {
        let missing = |name: &&String| !found.clone().any(|found| found == name.as_str());
        match self.listed.iter().find(missing) {
            None => Ok(()),
            Some(name) => Err(PortError::new(
                PortErrorKind::Refused,
                format!(
                    "connector {name} is under connect[].connectors but on no Connect cluster: \
                     correct its name or take it off that list"
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(class: &str, target: &str) -> RawConfig {
        RawConfig::from([
            ("connector.class".into(), Some(class.into())),
            (
                "target.cluster.bootstrap.servers".into(),
                Some(target.into()),
            ),
        ])
    }

    fn selection() -> Selection {
        Selection {
            mirror_addresses: vec![("m1".into(), 9092), ("m2".into(), 9092)],
            listed: vec!["listed".into()],
            ignored: vec!["ignored".into()],
        }
    }

    #[test]
    fn a_class_is_known_by_its_full_name_and_by_both_aliases() {
        for class in ["MirrorSource", "MirrorSourceConnector"] {
            assert_eq!(full_class(class), format!("{PACKAGE}MirrorSourceConnector"));
        }
        assert!(!is_mirror_maker(&full_class(
            "com.example.MirrorSourceConnector"
        )));
    }

    #[test]
    fn a_connector_is_ours_by_address_or_by_name_and_else_refused() {
        let s = selection();
        assert_eq!(
            s.role("a", &config("MirrorSource", "x:1, m2:9092")),
            Role::Ours
        );
        assert_eq!(s.role("listed", &config("MirrorSource", "x:1")), Role::Ours);
        assert_eq!(
            s.role("ignored", &config("MirrorSource", "x:1")),
            Role::NotOurs
        );
        assert_eq!(
            s.role("a", &config("com.example.Sink", "m1:9092")),
            Role::NotOurs
        );
        let Role::Unknown(why) = s.role("stranger", &config("MirrorHeartbeat", "x:1")) else {
            panic!("a stranger was let in");
        };
        assert!(why.contains("stranger") && why.contains("connect[].ignore"));
        let both = s.role("ignored", &config("MirrorSource", "m1:9092"));
        assert!(matches!(both, Role::Unknown(why) if why.contains("writes to this mirror")));
    }
}
