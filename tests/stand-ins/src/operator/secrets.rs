//! The certificate authorities of a cluster, as Secrets that go with its Kafka
//! (`io.strimzi.operator.cluster.model.AbstractModel`, `ClusterCa`,
//! `ClientsCa`; seen: deleting the Kafka deletes them).

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};
use serde_json::{Value, json};
use slackwater_kubernetes::{ApiServer, Place};

use super::meta::{CLUSTER, core, make, need, owner};
use crate::StandInError;

/// Makes those that are not there: what a restore brought back is kept.
pub(super) fn ensure(server: &ApiServer, kafka: &Value) -> Result<(), StandInError> {
    let namespace = need(kafka, "/metadata/namespace")?;
    let cluster = need(kafka, "/metadata/name")?;
    for which in ["cluster", "clients"] {
        let place = |end: &str| {
            let name = format!("{cluster}-{which}-ca{end}");
            Place::new(core("secrets"), &namespace, &name)
        };
        if server.get(&place("-cert")?)?.is_some() {
            continue;
        }
        let (certificate, key) = authority(&format!("{which}-ca"))?;
        let secret = |place: &Place, data: Value| {
            json!({
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {
                    "name": place.name(),
                    "namespace": namespace,
                    "labels": {CLUSTER: cluster},
                    "annotations": {"strimzi.io/ca-cert-generation": "0"},
                    "ownerReferences": owner(kafka),
                },
                "stringData": data,
            })
        };
        let (public, private) = (place("-cert")?, place("")?);
        make(server, &private, &secret(&private, json!({"ca.key": key})))?;
        make(
            server,
            &public,
            &secret(&public, json!({"ca.crt": certificate})),
        )?;
    }
    Ok(())
}

fn authority(name: &str) -> Result<(String, String), StandInError> {
    let failed = |error: rcgen::Error| StandInError::Certificate(error.to_string());
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params
        .distinguished_name
        .push(DnType::OrganizationName, "io.strimzi");
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = params.self_signed(&key).map_err(failed)?;
    Ok((certificate.pem(), key.serialize_pem()))
}
