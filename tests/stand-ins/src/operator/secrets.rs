//! The certificate authorities of a cluster, as Secrets that go with its Kafka
//! (`CaReconciler.java:166-219`; `CaProvider.java:148-183`; `KafkaResources.java:21-50`; seen:
//! deleting the Kafka deletes them), and what they sign: each node's certificate, and
//! those of users.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use slackwater_kubernetes::{ApiServer, Place};

use super::meta::{core, make, need, owner, secret};
use crate::StandInError;

/// Which of the two signs.
#[derive(Clone, Copy)]
pub(super) enum Authority {
    /// The nodes' certificates.
    Cluster,
    /// Users' ones.
    Clients,
}

/// A certificate and its key, PEM.
pub(super) struct Signed {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Authority {
    /// `Ca.java:202-207`, `caCommonName`
    fn name(self) -> &'static str {
        match self {
            Self::Cluster => "cluster-ca",
            Self::Clients => "clients-ca",
        }
    }

    /// `InternalCa.java:490-496`, `nextCaSubject`, without the number that keys have there
    fn params(self) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, self.name());
        name.push(DnType::OrganizationName, "io.strimzi");
        params
    }

    /// Its own certificate, as those know it who trust it.
    pub(super) fn certificate(
        self,
        server: &ApiServer,
        namespace: &str,
        cluster: &str,
    ) -> Result<String, StandInError> {
        read(
            server,
            namespace,
            &format!("{cluster}-{}-cert", self.name()),
            "ca.crt",
        )
    }

    /// Signs one for `name`, which is reached by these names (`InternalCa.java:226-264` and
    /// 325-368, `generateSignedCert`; of users without an organization: 250). The authority is
    /// put together again from its name and its key.
    pub(super) fn sign(
        self,
        server: &ApiServer,
        namespace: &str,
        cluster: &str,
        name: &str,
        hosts: Vec<String>,
    ) -> Result<Signed, StandInError> {
        let own = read(
            server,
            namespace,
            &format!("{cluster}-{}", self.name()),
            "ca.key",
        )?;
        let own = KeyPair::from_pem(&own).map_err(failed)?;
        let issuer = Issuer::new(self.params(), own);
        let mut params = CertificateParams::new(hosts).map_err(failed)?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        let subject = &mut params.distinguished_name;
        if let Self::Cluster = self {
            subject.push(DnType::OrganizationName, "io.strimzi");
        }
        subject.push(DnType::CommonName, name);
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = params.signed_by(&key, &issuer).map_err(failed)?;
        Ok(Signed {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }
}

/// What a Secret has at a key.
pub(super) fn read(
    server: &ApiServer,
    namespace: &str,
    secret: &str,
    key: &str,
) -> Result<String, StandInError> {
    let place = Place::new(core("secrets"), namespace, secret)?;
    let object = server.get(&place)?.unwrap_or_default();
    let text = crate::json::decoded(&object["data"][key]);
    text.ok_or_else(|| StandInError::Certificate(format!("{place} has no {key}")))
}

/// Makes those that are not there: what a restore brought back is kept
/// (`InternalCaProvider.java:63-78`; `InternalCa.java:429-488` and 498-506). There, an authority
/// without its key is made anew, and of one without its certificate this alone.
pub(super) fn ensure(server: &ApiServer, kafka: &Value) -> Result<(), StandInError> {
    let namespace = need(kafka, "/metadata/namespace")?;
    let cluster = need(kafka, "/metadata/name")?;
    for which in [Authority::Cluster, Authority::Clients] {
        let place = |end: &str| {
            let name = format!("{cluster}-{}{end}", which.name());
            Place::new(core("secrets"), &namespace, &name)
        };
        if server.get(&place("-cert")?)?.is_some() {
            for end in ["", "-cert"] {
                own(server, &place(end)?, kafka)?;
            }
            continue;
        }
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = which.params().self_signed(&key).map_err(failed)?;
        let made = |place: &Place, data: Value| {
            let mut made = secret(place, &cluster, kafka, &data);
            made["metadata"]["annotations"] = json!({"strimzi.io/ca-cert-generation": "0"});
            make(server, place, &made)
        };
        let (public, private) = (place("-cert")?, place("")?);
        let key = json!({"ca.key": key.serialize_pem()});
        made(&private, key)?;
        let certificate = json!({"ca.crt": certificate.pem()});
        made(&public, certificate)?;
    }
    Ok(())
}

/// One that was brought back without its owner goes with it again: what is there is made to
/// be as it would be made (`ResourceDiff.java`, which passes no owner over).
fn own(server: &ApiServer, place: &Place, kafka: &Value) -> Result<(), StandInError> {
    let owner = owner(kafka);
    if let Some(found) = server.get(place)?
        && found["metadata"]["ownerReferences"] != owner
    {
        server.merge(place, &json!({"metadata": {"ownerReferences": owner}}))?;
    }
    Ok(())
}

/// A node's own certificate, in a Secret that is called as its pod
/// (`KafkaCluster.java:1314-1402`, `generateCertificatesSecrets`). Subject alternative names as
/// there (1352-1356), but for the brokers' Service and the longest of the bootstrap one.
pub(super) fn ensure_of_node(
    server: &ApiServer,
    kafka: &Value,
    node: &str,
) -> Result<(), StandInError> {
    let namespace = need(kafka, "/metadata/namespace")?;
    let cluster = need(kafka, "/metadata/name")?;
    let place = Place::new(core("secrets"), &namespace, node)?;
    if server.get(&place)?.is_some() {
        return Ok(());
    }
    let bootstrap = format!("{cluster}-kafka-bootstrap");
    let host = format!("{node}.{cluster}-kafka-brokers.{namespace}.svc");
    let hosts = vec![
        bootstrap.clone(),
        format!("{bootstrap}.{namespace}"),
        format!("{bootstrap}.{namespace}.svc"),
        format!("{host}.cluster.local"),
        host,
    ];
    let name = format!("{cluster}-kafka");
    let signed = Authority::Cluster.sign(server, &namespace, &cluster, &name, hosts)?;
    let data = json!({
        format!("{node}.crt"): signed.certificate,
        format!("{node}.key"): signed.key,
    });
    make(server, &place, &secret(&place, &cluster, kafka, &data))?;
    Ok(())
}

fn failed(error: rcgen::Error) -> StandInError {
    StandInError::Certificate(error.to_string())
}
