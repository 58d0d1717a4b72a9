//! An API server that goes away and comes back.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

use slackwater_kubernetes::{ApiServer, ConfigMapRun, ConfigMapRuns, Marks};
use slackwater_lab::kubernetes::ControlPlane;
use slackwater_ports::{PortErrorKind, RunStore};
use slackwater_store::RunId;

#[test]
fn what_was_written_is_there_when_the_api_server_is_back_and_the_same_connection_finds_it() {
    let plane = ControlPlane::start("crash").unwrap();
    let server = ApiServer::connect(Some(plane.kubeconfig())).unwrap();
    plane.kubectl(&["create", "namespace", "one"]).unwrap();
    let runs = ConfigMapRuns::new(server, "one", |_| Marks::default());
    let run: RunId = "run".parse().unwrap();
    runs.create_run(&run, "first").unwrap();
    let handle = ConfigMapRun::new(runs, run);

    plane.kill_api_server();
    let silent = handle.load().unwrap_err();
    assert_eq!(silent.kind, PortErrorKind::Unreachable, "{silent}");
    assert!(
        silent
            .message
            .starts_with("can't get configmaps one/slackwater-run-run"),
        "{silent}"
    );
    assert!(handle.save(1, "second").is_err());

    plane.start_api_server().unwrap();
    assert_eq!(handle.load().unwrap().document, "first");
    assert_eq!(handle.save(1, "second").unwrap(), 2);
}
