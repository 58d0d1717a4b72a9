//! The same adapter over curl: a real one, run on this machine, against canned
//! answers.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[allow(dead_code, reason = "each file uses its part of it")]
mod canned;

use std::process::Command;
use std::time::Duration;

use canned::{Canned, Reply};
use slackwater_connect::{ConnectClusters, Curl, Ran, Reach, Remote, Selection};
use slackwater_ports::{ConnectorRef, MirrorLook as _, MirrorStop as _, PortErrorKind};

/// Where the REST listens: here.
struct Here;

impl Remote for Here {
    fn run(&self, command: &[String], _most: Duration) -> Result<Ran, String> {
        let output = Command::new(&command[0])
            .args(&command[1..])
            .output()
            .map_err(|error| format!("{}: {error}", command[0]))?;
        Ok(Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}

fn clusters(url: String, timeout: Duration) -> ConnectClusters {
    let selection = Selection {
        mirror_addresses: vec![("localhost".into(), 19092)],
        listed: Vec::new(),
        ignored: Vec::new(),
    };
    let curl = Curl::new(Here, url);
    let reach = Reach {
        name: "c".to_owned(),
        endpoint: "pod feeder-0".to_owned(),
        timeout,
        transport: Box::new(curl),
    };
    ConnectClusters::over(vec![reach], selection).unwrap()
}

fn connector(name: &str) -> ConnectorRef {
    ConnectorRef {
        connect: "c".to_owned(),
        name: name.to_owned(),
    }
}

#[test]
fn a_look_is_the_same_over_curl() {
    let list = r#"{"east->mirror.MirrorSourceConnector":{"info":{"config":{
        "connector.class":"org.apache.kafka.connect.mirror.MirrorSourceConnector",
        "target.cluster.bootstrap.servers":"127.0.0.1:19092"}},
        "status":{"connector":{"state":"STOPPED","worker_id":"w"},"tasks":[]}}}"#;
    let names = r#"["east->mirror.MirrorSourceConnector"]"#;
    let server = Canned::start([
        (
            "GET /",
            Reply::ok(r#"{"version":"4.3.1","kafka_cluster_id":"id-1"}"#),
        ),
        ("GET /connectors?expand=info&expand=status", Reply::ok(list)),
        ("GET /connectors", Reply::ok(names)),
        (
            "GET /connectors/east-%3Emirror.MirrorSourceConnector/tasks",
            Reply::ok("[]"),
        ),
    ]);
    let view = clusters(server.url(), Duration::from_secs(5))
        .mirror()
        .unwrap();
    assert_eq!(view.connects[0].kafka_cluster_id, "id-1");
    assert_eq!(view.connects[0].endpoint, "pod feeder-0");
    assert_eq!(
        view.connectors[0].name,
        "east->mirror.MirrorSourceConnector"
    );
    assert!(view.connectors[0].tasks.is_empty());
}

#[test]
fn what_connect_refuses_over_curl_has_its_status_and_its_words() {
    let no = Reply::status(
        409,
        r#"{"error_code":409,"message":"rebalance in process"}"#,
    );
    let server = Canned::start([("PUT /connectors/a%2Fb/stop", no)]);
    let stopped = clusters(server.url(), Duration::from_secs(5)).stop(&[connector("a/b")]);
    let error = stopped[0].accepted.as_ref().unwrap_err();
    assert_eq!(
        (error.kind, error.status),
        (PortErrorKind::Refused, Some(409))
    );
    assert!(
        error.message.contains("rebalance in process"),
        "{}",
        error.message
    );
}

#[test]
fn nobody_there_is_told_by_curl() {
    let gone = {
        let server = Canned::start([]);
        server.url()
    };
    let error = clusters(gone, Duration::from_secs(5)).mirror().unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unreachable);
    assert!(
        error.message.contains("curl ended with 7"),
        "{}",
        error.message
    );
}
