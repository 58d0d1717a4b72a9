//! A cluster with a mirror in it, and Slackwater installed as its manifests say.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use slackwater_cut::Cut;
use slackwater_stand_ins::{SPACE, Scene};

/// Slackwater's own namespace.
pub(crate) const OWN: &str = "slackwater";

/// That of the program.
pub(crate) const IMAGE: &str = "lab.local/slackwater:1";

/// See the module.
pub(crate) struct Place {
    pub(crate) scene: Scene,
    tasks: usize,
}

/// What a pod printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i64,
    pub(crate) said: String,
}

/// One test at a time.
pub(crate) fn turn() -> MutexGuard<'static, Place> {
    static PLACE: OnceLock<Mutex<Place>> = OnceLock::new();
    let place = PLACE.get_or_init(|| Mutex::new(Place::set_up()));
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Place {
    fn set_up() -> Self {
        let scene = Scene::start("in-strimzi").unwrap();
        let cluster = scene.cluster();
        let folder = cluster.folder();
        let program = slackwater_e2e::program().unwrap();
        let archive = slackwater_e2e::image(&program, &folder, IMAGE).unwrap();
        cluster.import(&archive).unwrap();
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../blueprints/base");
        let base = base.display().to_string();
        cluster.plane().kubectl(&["apply", "-k", &base]).unwrap();
        Self { scene, tasks: 0 }
    }

    /// Runs the program as a KubeTask does: a pod in Slackwater's namespace, waited
    /// for, read and deleted.
    pub(crate) fn task(&mut self, args: &[&str]) -> Ran {
        self.tasks += 1;
        let name = format!("task-{}", self.tasks);
        let plane = self.scene.cluster().plane();
        plane.apply(&pod(&name, args)).unwrap();
        let own = |args: &[&str]| plane.kubectl(&[&["-n", OWN], args].concat());
        let ended = "jsonpath={.status.containerStatuses[0].state.terminated.exitCode}";
        let wait = format!("--for={ended}");
        let waited = own(&["wait", &wait, "pod", &name, "--timeout=300s"]);
        let said = own(&["logs", &name]).unwrap_or_default();
        let code = own(&["get", "pod", &name, "-o", ended]).unwrap_or_default();
        assert!(waited.is_ok(), "{args:?} does not end: {said}");
        own(&["delete", "pod", &name, "--grace-period=0", "--wait=false"]).unwrap();
        Ran {
            code: code.trim().parse().unwrap_or(-1),
            said,
        }
    }

    /// Produces to the source.
    pub(crate) fn produce(&self, records: usize) {
        let command = format!(
            "set -f; exec {} -Xmx128m org.apache.kafka.tools.VerifiableProducer \
             --bootstrap-server source-kafka-bootstrap:9092 --topic items --max-messages {records}",
            slackwater_lab::KAFKA_JAVA
        );
        let words = ["sh", "-c", &command];
        self.scene.exec("source-single-0", "kafka", &words).unwrap();
    }

    /// The cut of a run, as it lies there.
    pub(crate) fn cut(&self, run: &str) -> Cut {
        let name = format!("configmap/slackwater-{run}-run");
        let object = self.scene.object(&name).unwrap();
        Cut::parse(object["data"]["document"].as_str().unwrap()).unwrap()
    }

    /// What is shown of a run, for whoever reads the test's output.
    pub(crate) fn show(&self, run: &str) {
        let name = format!("configmap/slackwater-{run}-run");
        let object = self.scene.object(&name).unwrap();
        let file = self.scene.cluster().folder().join("cut.json");
        fs::write(&file, object["data"]["document"].as_str().unwrap()).unwrap();
        let mut program = Command::new(slackwater_e2e::program().unwrap());
        let shown = program.args(["cut", "show"]).arg(file).output().unwrap();
        println!("{}", String::from_utf8_lossy(&shown.stdout));
    }

    /// Copies of a run's cut in Slackwater's own namespace.
    pub(crate) fn copies(&self, run: &str) -> Vec<String> {
        let label = format!("slackwater.io/run={run}");
        let args = ["get", "configmap", "-n", OWN, "-l", &label, "-o", "name"];
        let names = self.scene.cluster().plane().kubectl(&args).unwrap();
        names.lines().map(str::to_owned).collect()
    }

    /// Names of objects of the Kafka's namespace that begin so.
    pub(crate) fn names(&self, what: &str, begin: &str) -> Vec<String> {
        let all = self.list(what);
        let names = all
            .iter()
            .filter_map(|one| one["metadata"]["name"].as_str());
        let ours = names.filter(|name| name.starts_with(begin));
        ours.map(str::to_owned).collect()
    }

    /// Waits for it, for a minute.
    pub(crate) fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        for _ in 0..120 {
            if is_so() {
                return;
            }
            thread::sleep(Duration::from_millis(500));
        }
        panic!("waited in vain for {what}");
    }

    /// Objects of the Kafka's namespace.
    pub(crate) fn list(&self, what: &str) -> Vec<Value> {
        let text = self.scene.kubectl(&["get", what, "-o", "json"]).unwrap();
        let mut list: Value = serde_json::from_str(&text).unwrap();
        match list["items"].take() {
            Value::Array(items) => items,
            _ => Vec::new(),
        }
    }
}

impl Ran {
    /// With this code; the output of a phase.
    pub(crate) fn output(&self, key: &str) -> String {
        let lines = self.said.lines();
        let of = lines.filter_map(|line| line.split_once("###Phase-output###: "));
        let mut of = of.filter_map(|(_, json)| serde_json::from_str::<Value>(json).ok());
        let found = of.find(|one| one["key"] == key);
        let found = found.unwrap_or_else(|| panic!("no output {key}: {}", self.said));
        found["value"].as_str().unwrap().to_owned()
    }

    /// Must have ended so.
    pub(crate) fn expect(self, code: i64) -> Self {
        assert_eq!(self.code, code, "{}", self.said);
        self
    }
}

/// The Kafka that is backed up.
pub(crate) fn mirror() -> String {
    format!("{SPACE}/mirror")
}

fn pod(name: &str, args: &[&str]) -> String {
    format!(
        "
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: {OWN}}}
spec:
  restartPolicy: Never
  serviceAccountName: slackwater
  automountServiceAccountToken: true
  terminationGracePeriodSeconds: 0
  securityContext: {{runAsNonRoot: true, seccompProfile: {{type: RuntimeDefault}}}}
  containers:
    - name: container
      image: {IMAGE}
      imagePullPolicy: Never
      args: {args:?}
      securityContext:
        allowPrivilegeEscalation: false
        capabilities: {{drop: [ALL]}}
"
    )
}
