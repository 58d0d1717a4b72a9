//! A Kafka's listeners, and who may do what there
//! (`KafkaBrokerConfigurationBuilder.java:278-302` and 389-521).

use serde_json::{Value, json};

use super::internal;
use super::meta::{need, text};
use crate::StandInError;

/// Where a broker's own certificate lies in its pod, with its key in one file; and
/// the authority of its clients.
pub(super) const KEY_STORE: &str = "/tmp/keystore.pem";
pub(super) const CLIENTS_CA: &str = "/opt/kafka/clients-ca/ca.crt";

/// One of `spec.kafka.listeners`, of type `internal`.
pub(super) struct Listener {
    name: String,
    pub(super) port: u64,
    tls: bool,
    /// `tls`, `scram-sha-512`
    authentication: Option<String>,
}

/// All of them, in their order.
pub(super) fn of(kafka: &Value) -> Result<Vec<Listener>, StandInError> {
    let all = kafka["spec"]["kafka"]["listeners"].as_array();
    let each = all.into_iter().flatten().map(|one| {
        let kind = text(one, "/authentication/type");
        Ok(Listener {
            name: need(one, "/name")?,
            port: one["port"].as_u64().unwrap_or_default(),
            tls: one["tls"] == true,
            authentication: (!kind.is_empty()).then(|| kind.to_owned()),
        })
    });
    each.collect()
}

impl Listener {
    /// `ListenersUtils.java:197-199`, `identifier`, as properties have it
    /// (`KafkaBrokerConfigurationBuilder.java:281`).
    pub(super) fn id(&self) -> String {
        format!("{}-{}", self.name.to_ascii_uppercase(), self.port)
    }

    fn is_sasl(&self) -> bool {
        self.authentication.as_deref() == Some("scram-sha-512")
    }

    /// Kafka's `SecurityProtocol` (453-456, `getSecurityProtocol`).
    pub(super) fn protocol(&self) -> &'static str {
        match (self.tls, self.is_sasl()) {
            (false, false) => "PLAINTEXT",
            (false, true) => "SASL_PLAINTEXT",
            (true, false) => "SSL",
            (true, true) => "SASL_SSL",
        }
    }

    /// What of a broker's configuration is about it (389-443, `configureTlsOnListener` and
    /// `configureAuthentication`).
    pub(super) fn properties(&self) -> Vec<String> {
        let mut told = Vec::new();
        let mut tell = |key: &str, value: &str| {
            let id = self.id().to_ascii_lowercase();
            told.push(format!("listener.name.{id}.{key}={value}"));
        };
        if self.tls {
            tell("ssl.keystore.type", "PEM");
            tell("ssl.keystore.location", KEY_STORE);
        }
        match self.authentication.as_deref() {
            Some("tls") => {
                tell("ssl.client.auth", "required");
                tell("ssl.truststore.type", "PEM");
                tell("ssl.truststore.location", CLIENTS_CA);
            }
            Some("scram-sha-512") => {
                let module = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
                tell("sasl.enabled.mechanisms", "SCRAM-SHA-512");
                tell("scram-sha-512.sasl.jaas.config", module);
            }
            _ => {}
        }
        told
    }

    /// As `status.listeners` has it (`KafkaListenersReconciler.java:290-305` and 879-907).
    pub(super) fn status(&self, host: &str, authority: &str) -> Value {
        let mut status = json!({
            "name": self.name,
            "addresses": [{"host": host, "port": self.port}],
            "bootstrapServers": format!("{host}:{}", self.port),
        });
        if self.tls {
            status["certificates"] = json!([authority]);
        }
        status
    }

    /// Of the bootstrap Service and the brokers' one (`ListenersUtils.java:217-227`, where `plain`
    /// and `tls` on their usual ports have names of their own).
    pub(super) fn service_port(&self) -> Value {
        json!({"name": format!("tcp-{}", self.name), "port": self.port})
    }
}

/// What of each node's configuration says who may do what (`simple`:
/// `KafkaAuthorizationSimple.java:32-34`). Nodes and the operator may do all
/// (`KafkaBrokerConfigurationBuilder.java:472-521`, `withAuthorization`).
pub(super) fn authorization(kafka: &Value, cluster: &str) -> Vec<String> {
    let asked = &kafka["spec"]["kafka"]["authorization"];
    if text(asked, "/type") != "simple" {
        return Vec::new();
    }
    let named = asked["superUsers"].as_array().into_iter().flatten();
    let named = named.filter_map(Value::as_str);
    let mut users: Vec<String> = named.map(|name| format!("User:{name}")).collect();
    users.push(format!("User:{}", internal::principal(cluster)));
    vec![
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer".to_owned(),
        format!("super.users={}", users.join(";")),
    ]
}
