//! The adapter against canned answers, over real sockets of this machine.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod canned;

use std::time::Duration;

use canned::{Canned, Reply};
use proptest::prelude::*;
use slackwater_connect::{BasicAuth, ConnectClusters, ConnectOptions, Selection};
use slackwater_ports::{
    ConnectorPosition as _, ConnectorRef, ConnectorState, MirrorLook as _, MirrorStart as _,
    MirrorStop as _, PartitionId, PortErrorKind, Target, Want,
};

const ROOT: &str = r#"{"version":"4.3.1","commit":"c","kafka_cluster_id":"id-1"}"#;
const LIST: &str = "/connectors?expand=info&expand=status";

fn options(server: &Canned) -> ConnectOptions {
    ConnectOptions::new("c", server.url(), Duration::from_secs(5))
}

fn clusters(server: &Canned) -> ConnectClusters {
    let selection = Selection {
        mirror_addresses: vec![("localhost".into(), 19092)],
        listed: Vec::new(),
        ignored: vec!["else".into()],
    };
    ConnectClusters::new(vec![options(server)], selection).unwrap()
}

fn source(name: &str) -> ConnectorRef {
    ConnectorRef {
        connect: "c".to_owned(),
        name: name.into(),
    }
}

fn connector(state: &str, tasks: &str, target: &str) -> String {
    format!(
        r#"{{"info":{{"name":"src","config":{{"connector.class":"MirrorSourceConnector",
        "target.cluster.bootstrap.servers":"{target}","topics":"blogs,items","empty":null,
        "source.cluster.sasl.jaas.config":"hush","target.cluster.ssl.key.password":"hush"}},
        "tasks":[],"type":"source"}},"status":{{"name":"src","connector":
        {{"state":"{state}","worker_id":"w:8083"}},"tasks":{tasks},"type":"source"}}}}"#
    )
}

/// A Connect cluster with one connector, `src`, and one that is not of Kafka.
fn usual(state: &str, tasks: &str, configured: &str) -> Canned {
    let other = r#"{"info":{"config":{"connector.class":"com.example.Sink"}},
        "status":{"connector":{"state":"RUNNING"},"tasks":[]}}"#;
    let list = format!(
        r#"{{"src":{},"jdbc":{other}}}"#,
        connector(state, tasks, "127.0.0.1:19092")
    );
    Canned::start([
        ("GET /", Reply::ok(ROOT)),
        (&format!("GET {LIST}"), Reply::ok(list)),
        ("GET /connectors", Reply::ok(r#"["jdbc","src"]"#)),
        ("GET /connectors/src/tasks", Reply::ok(configured)),
    ])
}

#[test]
fn a_look_shows_states_tasks_and_what_they_copy_without_credentials() {
    let tasks = r#"[{"id":0,"state":"FAILED","worker_id":"w:8083","trace":"first\n\tat second"}]"#;
    let configured = r#"[{"id":{"connector":"src","task":0},
        "config":{"task.assigned.partitions":"blogs-0,a-b-1"}}]"#;
    let server = usual("RUNNING", tasks, configured);
    let seen = clusters(&server).mirror().unwrap();
    assert_eq!(seen.connects[0].kafka_cluster_id, "id-1");
    assert!(seen.asked.is_well_formed());
    let [only] = &seen.connectors[..] else {
        panic!("not one connector: {:?}", seen.connectors);
    };
    assert_eq!(
        only.class,
        "org.apache.kafka.connect.mirror.MirrorSourceConnector"
    );
    assert_eq!(only.state, ConnectorState::Running);
    assert_eq!(only.tasks[0].state, ConnectorState::Failed);
    assert_eq!(only.tasks[0].trace.as_deref(), Some("first"));
    let copied = [PartitionId::new("blogs", 0), PartitionId::new("a-b", 1)];
    assert_eq!(only.tasks[0].assigned, copied);
    assert_eq!(only.get("topics"), Some("blogs,items"));
    assert!(!format!("{seen:?}").contains("hush"));
}

#[test]
fn a_stopped_connector_whose_tasks_are_still_there_shows_them() {
    let server = usual(
        "STOPPED",
        r#"[{"id":0,"state":"RUNNING","worker_id":"w"}]"#,
        "[]",
    );
    let seen = clusters(&server).mirror().unwrap();
    assert_eq!(seen.connectors[0].state, ConnectorState::Stopped);
    assert_eq!(seen.connectors[0].tasks.len(), 1);
    let gone = usual("STOPPED", "[]", "[]");
    let seen = clusters(&gone).mirror().unwrap();
    assert!(seen.connectors[0].tasks.is_empty());
}

#[test]
fn a_connector_of_another_mirror_refuses_the_look_unless_it_is_ignored() {
    let of = |name: &str| {
        let list = format!(r#"{{"{name}":{}}}"#, connector("RUNNING", "[]", "x:1"));
        Canned::start([
            ("GET /", Reply::ok(ROOT)),
            (&format!("GET {LIST}"), Reply::ok(list)),
            ("GET /connectors", Reply::ok(format!(r#"["{name}"]"#))),
        ])
    };
    let server = of("stranger");
    let error = clusters(&server).mirror().unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Refused);
    assert!(error.message.contains("stranger") && error.message.contains("connect[].ignore"));
    let server = of("else");
    assert!(clusters(&server).mirror().unwrap().connectors.is_empty());
}

#[test]
fn a_connector_that_the_configuration_lists_must_be_there() {
    let server = usual("RUNNING", "[]", "[]");
    let selection = Selection {
        listed: vec!["gone".into()],
        mirror_addresses: vec![("127.0.0.1".into(), 19092)],
        ..Selection::default()
    };
    let clusters = ConnectClusters::new(vec![options(&server)], selection).unwrap();
    let error = clusters.mirror().unwrap_err();
    assert!(error.message.contains("connector gone"));
}

#[test]
fn a_connector_that_has_no_status_yet_is_not_taken_for_absent() {
    let server = Canned::start([
        ("GET /", Reply::ok(ROOT)),
        (&format!("GET {LIST}"), Reply::ok("{}")),
        ("GET /connectors", Reply::ok(r#"["src"]"#)),
    ]);
    let error = clusters(&server).mirror().unwrap_err();
    assert_eq!(error.status, Some(404));
    assert!(error.message.contains("connector src"));
}

#[test]
fn all_stops_are_sent_at_once_and_each_has_its_own_answer() {
    // The server answers none of the two before it has read both.
    let server = Canned::start_gated(
        2,
        [
            ("PUT /connectors/a%20b/stop", Reply::status(202, "")),
            (
                "PUT /connectors/src/stop",
                Reply::status(
                    500,
                    r#"{"error_code":500,"message":"Error\u001b[1m writing\nx"}"#,
                ),
            ),
        ],
    );
    let answers = clusters(&server).stop(&[source("a b"), source("src")]);
    assert!(answers[0].accepted.is_ok());
    let error = answers[1].accepted.as_ref().unwrap_err();
    assert_eq!(
        (error.kind, error.status),
        (PortErrorKind::Refused, Some(500))
    );
    assert!(error.message.ends_with("answered 500: Error[1m writing"));
}

#[test]
fn a_start_puts_back_what_each_connector_was() {
    let server = Canned::start([
        ("PUT /connectors/a/resume", Reply::status(202, "")),
        ("PUT /connectors/b/pause", Reply::status(202, "")),
    ]);
    let want = |name, target| Want {
        connector: source(name),
        target,
    };
    let answers = clusters(&server).start(&[want("a", Target::Running), want("b", Target::Paused)]);
    assert!(answers.iter().all(|answer| answer.accepted.is_ok()));
}

#[test]
fn positions_are_those_of_the_alias_that_is_configured_now() {
    let body = r#"{"offsets":[
        {"partition":{"cluster":"src","partition":1,"topic":"items"},"offset":{"offset":12306}},
        {"partition":{"cluster":"old","partition":1,"topic":"items"},"offset":{"offset":7}},
        {"partition":{"cluster":"src","partition":2,"topic":"items"},"offset":null}]}"#;
    let server = Canned::start([
        (
            "GET /connectors/src/config",
            Reply::ok(r#"{"source.cluster.alias":"src"}"#),
        ),
        ("GET /connectors/src/offsets", Reply::ok(body)),
    ]);
    let seen = clusters(&server).positions(&source("src")).unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].partition, PartitionId::new("items", 1));
    assert_eq!(seen[0].offset, 12306);
}

#[test]
fn an_answer_that_is_held_back_is_a_timeout() {
    let server = Canned::start([("GET /", Reply::never())]);
    let options = ConnectOptions::new("c", server.url(), Duration::from_millis(100));
    let clusters = ConnectClusters::new(vec![options], Selection::default()).unwrap();
    let error = clusters.mirror().unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Timeout);
}

#[test]
fn an_answer_over_the_limit_is_malformed() {
    let body = vec![b' '; slackwater_connect::MAX_BODY as usize + 1];
    let server = Canned::start([("GET /", Reply::ok(body))]);
    let options = ConnectOptions::new("c", server.url(), Duration::from_secs(60));
    let clusters = ConnectClusters::new(vec![options], Selection::default()).unwrap();
    let error = clusters.mirror().unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Malformed);
    assert!(error.message.contains("limit"));
}

#[test]
fn where_nobody_listens_dedicated_mode_is_named() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let options = ConnectOptions::new("c", url, Duration::from_secs(5));
    let clusters = ConnectClusters::new(vec![options], Selection::default()).unwrap();
    let error = clusters.mirror().unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unreachable);
    assert!(error.message.contains("dedicated"));
}

#[test]
fn credentials_are_sent_and_never_follow_a_redirect() {
    let server = Canned::start([(
        "GET /",
        Reply::status(302, "").header("Location: http://127.0.0.1:1/"),
    )]);
    let mut options = options(&server);
    options.auth = Some(BasicAuth {
        user: "u".into(),
        password: "p".into(),
    });
    options.headers = vec![("X-Site".into(), "7".into())];
    let clusters = ConnectClusters::new(vec![options], Selection::default()).unwrap();
    let error = clusters.mirror().unwrap_err();
    assert_eq!(error.status, Some(302));
    let asked = server.asked().to_ascii_lowercase();
    assert!(asked.contains("authorization: basic dtpw"));
    assert!(asked.contains("x-site: 7"));
}

#[test]
fn a_connect_cluster_that_is_not_configured_is_an_error() {
    let server = usual("RUNNING", "[]", "[]");
    let elsewhere = ConnectorRef {
        connect: "d".to_owned(),
        name: "src".into(),
    };
    let error = clusters(&server).positions(&elsewhere).unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unsupported);
    assert!(ConnectClusters::new(Vec::new(), Selection::default()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn an_answer_of_any_bytes_is_an_error_in_one_line(
        list in any::<Vec<u8>>(), status in prop::sample::select(vec![200u16, 404, 409, 503]),
    ) {
        let server = Canned::start([
            ("GET /", Reply::ok(ROOT)),
            (&format!("GET {LIST}"), Reply::status(status, list)),
        ]);
        let error = clusters(&server).mirror().unwrap_err();
        prop_assert!(!error.message.chars().any(char::is_control));
    }

    #[test]
    fn a_connector_of_any_shape_is_seen_or_refused_in_one_line(
        state in "[A-Z\\x00-\\x1f]{0,8}", id in any::<i64>(), list in "[a-c,0-9-]{0,12}",
    ) {
        let state = serde_json::to_string(&state).unwrap();
        let state = state.trim_matches('"');
        let configured = format!(
            r#"[{{"id":{{"task":{id}}},"config":{{"task.assigned.partitions":"{list}"}}}}]"#
        );
        let server = usual(state, "[]", &configured);
        match clusters(&server).mirror() {
            Ok(seen) => prop_assert_eq!(i64::from(seen.connectors[0].tasks[0].id), id),
            Err(error) => prop_assert!(!error.message.chars().any(char::is_control)),
        }
    }
}
