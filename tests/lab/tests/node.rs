//! A Kubernetes in which pods run.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
#![allow(
    clippy::disallowed_methods,
    reason = "what is waited for here is that processes end"
)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use slackwater_lab::kubernetes::Cluster;

/// A server of one file, its Service, and somebody beside it.
fn pods() -> String {
    format!(
        "
apiVersion: v1
kind: Pod
metadata: {{name: server, labels: {{app: server}}}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: server
      image: {image}
      imagePullPolicy: Never
      command: [sh, -c, 'echo here >/tmp/name; exec httpd -f -p 8080 -h /tmp']
      readinessProbe: {{tcpSocket: {{port: 8080}}, periodSeconds: 1}}
---
apiVersion: v1
kind: Service
metadata: {{name: server}}
spec:
  selector: {{app: server}}
  ports: [{{port: 80, targetPort: 8080}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: client}}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{{name: client, image: '{image}', imagePullPolicy: Never}}]
",
        image = Cluster::BUSYBOX
    )
}

mod needs_root {
    use super::*;

    #[test]
    fn pods_run_find_each_other_by_name_and_are_reached_from_this_machine() {
        let cluster = Cluster::start("node-pods").unwrap();
        let plane = cluster.plane();
        plane.apply(&pods()).unwrap();
        let ready = [
            "wait",
            "--for=condition=Ready",
            "pod",
            "--all",
            "--timeout=60s",
        ];
        plane.kubectl(&ready).unwrap();
        let exec = |words: &[&str]| plane.kubectl(&[&["exec", "client", "--"], words].concat());
        let said = exec(&["wget", "-qO-", "http://server.default.svc/name"]);
        assert_eq!(said.unwrap(), "here\n");
        // As every pod does that talks to the API.
        let connect = "nc -w 5 kubernetes.default.svc 443 </dev/null";
        exec(&["sh", "-c", connect]).unwrap();
        let address = ["get", "pod", "server", "-o", "jsonpath={.status.podIP}"];
        let address = plane.kubectl(&address).unwrap();
        TcpStream::connect((address.as_str(), 8080)).unwrap();
        let logs = plane.kubectl(&["logs", "client"]).unwrap();
        assert_eq!(logs, "");

        let run = plane.run_dir().to_owned();
        drop(cluster);
        assert!(left_of(&run).is_empty(), "{:?}", left_of(&run));
    }

    #[test]
    fn a_cluster_whose_owner_is_killed_leaves_nothing() {
        let mut owner = Command::new(env!("CARGO_BIN_EXE_slackwater-lab"))
            .args(["kubernetes", "--node", "--name", "node-killed"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(owner.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        let kubeconfig = line.trim().strip_prefix("export KUBECONFIG=").unwrap();
        let run = Path::new(kubeconfig).ancestors().nth(2).unwrap().to_owned();
        assert!(!left_of(&run).is_empty());
        owner.kill().unwrap();
        owner.wait().unwrap();
        for _ in 0..300 {
            if left_of(&run).is_empty() {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("{:?}", left_of(&run));
    }
}

/// What there is of a cluster on this machine: its directory, control groups,
/// processes.
fn left_of(run: &Path) -> Vec<String> {
    let name = run.file_name().unwrap().to_str().unwrap();
    let mut left = Vec::new();
    if run.exists() {
        left.push(run.display().to_string());
    }
    let roots = fs::read_dir("/sys/fs/cgroup").unwrap().flatten();
    let roots = roots.map(|one| one.path()).chain(["/sys/fs/cgroup".into()]);
    let groups = roots.map(|root| root.join(name)).filter(|one| one.exists());
    left.extend(groups.map(|one| one.display().to_string()));
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let line = fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
        if line.contains(&run.display().to_string()) && !line.contains("janitor") {
            left.push(line.replace('\0', " "));
        }
    }
    left
}
