//! How clients get in, from resources and Secrets.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

use serde_json::{Value, json};
use slackwater_strimzi::{InSecret, Kafka, KafkaUser, MirrorMaker, Secrets, Trust};

fn meta(name: &str) -> Value {
    json!({
        "namespace": "kafka", "name": name, "uid": name, "resourceVersion": "1", "generation": 1,
    })
}

/// Three listeners, as status and spec have them.
fn kafka() -> Kafka {
    let told = |name: &str, port: u16, certificates: &[&str]| {
        json!({
            "name": name,
            "bootstrapServers": format!("mirror-kafka-bootstrap.kafka.svc:{port}"),
            "certificates": certificates,
        })
    };
    let object = json!({
        "metadata": meta("mirror"),
        "spec": {"kafka": {"listeners": [
            {"name": "outside", "type": "loadbalancer", "tls": true,
             "authentication": {"type": "tls"}},
            {"name": "plain", "type": "internal", "tls": false},
            {"name": "tls", "type": "internal", "tls": true, "authentication": {"type": "tls"}},
            {"name": "scram", "type": "internal", "tls": true,
             "authentication": {"type": "scram-sha-512"}},
        ]}},
        "status": {"listeners": [
            told("outside", 9095, &["OUT"]),
            told("plain", 9092, &[]),
            told("tls", 9093, &["CA"]),
            told("scram", 9094, &["CA", "CA2"]),
        ]},
    });
    Kafka::read(&object).unwrap()
}

fn user(authentication: Option<&str>) -> KafkaUser {
    let authentication = authentication.map(|kind| json!({"type": kind}));
    let object = json!({
        "metadata": meta("backup"),
        "spec": {"authentication": authentication},
        "status": {"username": "backup-name", "secret": "backup-secret"},
    });
    KafkaUser::read(&object).unwrap()
}

fn secrets() -> Secrets {
    let mut secrets = Secrets::default();
    for object in [
        // password, CRT, KEY; and a keystore, which is no text.
        json!({"metadata": {"name": "backup-secret"}, "data": {
            "password": "aHVudGVyMg==", "user.crt": "Q1JU", "user.key": "S0VZ", "user.p12": "//79",
        }}),
        // ONE, TWO, NONE
        json!({"metadata": {"name": "east-ca"}, "data": {
            "1.crt": "T05F", "2.crt": "VFdP", "3.key": "Tk9ORQ==",
        }}),
    ] {
        secrets.take(&object).unwrap();
    }
    secrets
}

fn properties(kafka: &Kafka, user: Option<&KafkaUser>) -> Vec<(String, String)> {
    let access = kafka.access(None, user).unwrap();
    access
        .properties(&secrets())
        .unwrap()
        .0
        .into_iter()
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let each = expected.iter();
    each.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn a_client_gets_in_by_the_listener_that_lets_such_a_user_in() {
    let kafka = kafka();
    assert_eq!(
        properties(&kafka, None),
        pairs(&[("security.protocol", "plaintext")])
    );
    let tls = user(Some("tls"));
    assert_eq!(
        properties(&kafka, Some(&tls)),
        pairs(&[
            ("security.protocol", "ssl"),
            ("ssl.ca.pem", "CA"),
            ("ssl.certificate.pem", "CRT"),
            ("ssl.key.pem", "KEY"),
        ])
    );
    let scram = user(Some("scram-sha-512"));
    assert_eq!(
        properties(&kafka, Some(&scram)),
        pairs(&[
            ("sasl.mechanism", "SCRAM-SHA-512"),
            ("sasl.password", "hunter2"),
            ("sasl.username", "backup-name"),
            ("security.protocol", "sasl_ssl"),
            ("ssl.ca.pem", "CA\nCA2"),
        ])
    );
    // The one that was named, though it is not for clients in the cluster.
    let outside = kafka.access(Some("outside"), Some(&tls)).unwrap();
    assert_eq!(outside.bootstrap[0].port, 9095);
}

#[test]
fn other_certificates_are_trusted_where_that_is_said_and_none_on_a_plain_listener() {
    let ours = [InSecret {
        secret: "east-ca".to_owned(),
        key: "*.crt".to_owned(),
    }];
    let told = |user: Option<&KafkaUser>| {
        let access = kafka().access(None, user).unwrap().trusting(&ours);
        access.properties(&secrets()).unwrap().0
    };
    let tls = user(Some("tls"));
    assert_eq!(told(Some(&tls))["ssl.ca.pem"], "ONE\nTWO");
    assert_eq!(told(None).get("ssl.ca.pem"), None);
    let none = kafka().access(None, Some(&tls)).unwrap().trusting(&[]);
    assert_eq!(none.properties(&secrets()).unwrap().0["ssl.ca.pem"], "CA");
}

#[test]
fn where_no_listener_lets_such_a_user_in_those_that_there_are_are_named() {
    let error = kafka()
        .access(None, Some(&user(Some("oauth"))))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "Kafka kafka/mirror has no listener with the authentication oauth: it has outside (tls), \
         plain (no authentication), tls (tls), scram (scram-sha-512)"
    );
    let error = kafka().access(Some("tls"), None).unwrap_err().to_string();
    assert!(
        error.contains("no listener tls without authentication"),
        "{error}"
    );
}

#[test]
fn a_source_is_reached_as_its_mirror_maker_reaches_it() {
    let maker = |source: Value| {
        let object = json!({
            "metadata": meta("feeder"),
            "spec": {
                "replicas": 1,
                "target": {"alias": "mirror", "bootstrapServers": "m:9092", "groupId": "g",
                    "configStorageTopic": "c", "offsetStorageTopic": "o", "statusStorageTopic": "s"},
                "mirrors": [{"source": source, "sourceConnector": {}}],
            },
        });
        MirrorMaker::read(&object)
    };
    let read = maker(json!({
        "alias": "east", "bootstrapServers": "east:9093",
        "tls": {"trustedCertificates": [{"secretName": "east-ca", "pattern": "*.crt"}]},
        "authentication": {"type": "scram-sha-256", "username": "mm",
            "passwordSecret": {"secretName": "backup-secret", "password": "password"}},
    }))
    .unwrap();
    let access = &read.feeds[0].source.access;
    let named: Vec<&str> = access.secrets().into_iter().collect();
    assert_eq!(named, ["backup-secret", "east-ca"]);
    let told = access.properties(&secrets()).unwrap().0;
    assert_eq!(told["ssl.ca.pem"], "ONE\nTWO");
    assert_eq!(told["sasl.mechanism"], "SCRAM-SHA-256");

    let open = maker(json!({"alias": "e", "bootstrapServers": "e:1", "tls": {}})).unwrap();
    assert_eq!(open.feeds[0].source.access.trust, Trust::System);
    // What is not known here is read, and told when it is needed.
    let other =
        json!({"alias": "e", "bootstrapServers": "e:1", "authentication": {"type": "oauth"}});
    let other = maker(other).unwrap();
    let error = other.feeds[0].source.access.properties(&secrets());
    let error = error.unwrap_err().to_string();
    assert!(
        error.starts_with("e:1 has the authentication oauth"),
        "{error}"
    );
    let half =
        json!({"alias": "e", "bootstrapServers": "e:1", "authentication": {"type": "plain"}});
    let error = maker(half).unwrap_err().to_string();
    assert!(
        error.contains("spec.mirrors[0].source.authentication.passwordSecret"),
        "{error}"
    );
}

#[test]
fn a_secret_that_is_not_there_or_lacks_a_key_is_named_and_none_is_ever_printed() {
    let access = kafka().access(None, Some(&user(Some("tls")))).unwrap();
    let error = access
        .properties(&Secrets::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("there is no user.crt in the Secret backup-secret"),
        "{error}"
    );
    let scram = user(Some("scram-sha-512"));
    let access = kafka().access(None, Some(&scram)).unwrap();
    let told = access.properties(&secrets()).unwrap();
    for text in [
        format!("{told:?}"),
        format!("{:?}", secrets()),
        format!("{access:?}"),
    ] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}
