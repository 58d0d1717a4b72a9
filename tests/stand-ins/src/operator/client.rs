//! How a KafkaMirrorMaker2's clients get into a cluster
//! (`KafkaConnectConfigurationBuilder.java:75-203`; `KafkaMirrorMaker2Connectors.java:188-269`,
//! `addClusterToMirrorMaker2ConnectorConfig`).
//!
//! The real one has them read Secrets by a configuration provider; here what is in
//! them stands in the configuration itself. Not played: what a cluster's own `config` adds
//! to its connectors' (235-237), and TLS without certificates to trust (258-265).

use serde_json::Value;
use slackwater_kubernetes::ApiServer;

use super::meta::text;
use super::secrets;
use crate::StandInError;

/// Kafka's properties for a client of a cluster, as the resource describes it.
pub(super) fn properties(
    server: &ApiServer,
    namespace: &str,
    cluster: &Value,
) -> Result<Vec<(String, String)>, StandInError> {
    let read = |secret: &str, key: &str| secrets::read(server, namespace, secret, key);
    let mut told = Vec::new();
    let mut tell = |key: &str, value: String| told.push((key.to_owned(), value));
    let trusted = cluster["tls"]["trustedCertificates"].as_array();
    let login = &cluster["authentication"];
    let kind = text(login, "/type");
    let protocol = match (trusted.is_some(), kind == "scram-sha-512") {
        (false, false) => return Ok(Vec::new()),
        (false, true) => "SASL_PLAINTEXT",
        (true, false) => "SSL",
        (true, true) => "SASL_SSL",
    };
    tell("security.protocol", protocol.to_owned());
    if let Some(trusted) = trusted {
        let each = trusted
            .iter()
            .map(|one| read(text(one, "/secretName"), text(one, "/certificate")));
        let each = each.collect::<Result<Vec<_>, _>>()?;
        tell("ssl.truststore.type", "PEM".to_owned());
        tell("ssl.truststore.certificates", each.join("\n"));
    }
    match kind {
        "tls" => {
            let pair = &login["certificateAndKey"];
            let secret = text(pair, "/secretName");
            let certificate = read(secret, text(pair, "/certificate"))?;
            tell("ssl.keystore.type", "PEM".to_owned());
            tell("ssl.keystore.certificate.chain", certificate);
            tell("ssl.keystore.key", read(secret, text(pair, "/key"))?);
        }
        "scram-sha-512" => {
            let at = &login["passwordSecret"];
            let password = read(text(at, "/secretName"), text(at, "/password"))?;
            tell("sasl.mechanism", "SCRAM-SHA-512".to_owned());
            tell(
                "sasl.jaas.config",
                format!(
                    "org.apache.kafka.common.security.scram.ScramLoginModule required \
                     username=\"{}\" password=\"{password}\";",
                    text(login, "/username")
                ),
            );
        }
        _ => {}
    }
    Ok(told)
}
