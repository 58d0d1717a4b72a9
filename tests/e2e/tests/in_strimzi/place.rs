//! A cluster with a mirror in it, and Slackwater installed as its manifests say.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use slackwater_cut::{Cut, State};
use slackwater_e2e::send_signal;
use slackwater_stand_ins::Scene;

use crate::found::{Found, tool};
use crate::ground::{Ground, names};

/// See the module.
pub(crate) struct Place {
    pub(crate) ground: Ground,
    tasks: usize,
}

/// What a pod printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i64,
    pub(crate) said: String,
}

/// See [`Place::freeze`].
pub(crate) struct Frozen(Vec<u32>);

impl Drop for Frozen {
    fn drop(&mut self) {
        for pid in &self.0 {
            send_signal("CONT", *pid);
        }
    }
}

/// Between two looks at what is waited for: most are a kubectl, which is a quarter of a
/// second of a core.
const LOOK: Duration = Duration::from_secs(1);

/// One of the mirror's claims.
pub(crate) const CLAIM: &str = "data-mirror-dual-1";

/// One test at a time.
pub(crate) fn turn() -> MutexGuard<'static, Place> {
    static PLACE: OnceLock<Mutex<Place>> = OnceLock::new();
    let place = PLACE.get_or_init(|| Mutex::new(Place::set_up()));
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Place {
    fn set_up() -> Self {
        if let Some(cluster) = slackwater_stand_ins::Found::said() {
            let ground = Ground::Found(Found::set_up(cluster));
            return Self { ground, tasks: 0 };
        }
        let scene = Scene::of("in-strimzi", crate::SHAPE).unwrap();
        let cluster = scene.cluster();
        let folder = cluster.folder();
        let program = slackwater_e2e::program().unwrap();
        let archive = slackwater_e2e::image(&program, &folder, &names().image).unwrap();
        cluster.import(&archive).unwrap();
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../blueprints/base");
        let base = base.display().to_string();
        cluster.plane().kubectl(&["apply", "-k", &base]).unwrap();
        let ground = Ground::Lab(Box::new(scene));
        Self { ground, tasks: 0 }
    }

    /// The lab's, for what only its stand-ins do: tests that need one are in modules
    /// `needs_stand_ins`.
    pub(crate) fn lab(&self) -> &Scene {
        match &self.ground {
            Ground::Lab(scene) => scene,
            Ground::Found(_) => panic!("this is done by stand-ins alone"),
        }
    }

    /// The namespace of Kanister's controller.
    pub(crate) fn kanister(&self) -> &str {
        match &self.ground {
            Ground::Found(Found {
                kanister: Some(namespace),
                ..
            }) => namespace,
            _ => "kanister",
        }
    }

    /// kubectl.
    pub(crate) fn kubectl(&self, args: &[&str]) -> Result<String, String> {
        self.ground.kubectl(args)
    }

    /// kubectl in Slackwater's own namespace.
    pub(crate) fn own(&self, args: &[&str]) -> Result<String, String> {
        self.kubectl(&[&["-n", &names().own], args].concat())
    }

    /// kubectl in the Kafka's namespace.
    pub(crate) fn space(&self, args: &[&str]) -> Result<String, String> {
        self.kubectl(&[&["-n", &names().space], args].concat())
    }

    /// An object of the Kafka's namespace, as `kind/name`.
    pub(crate) fn object(&self, what: &str) -> Value {
        let text = self.space(&["get", what, "-o", "json"]).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Runs a command in a container.
    pub(crate) fn exec(
        &self,
        pod: &str,
        container: &str,
        words: &[&str],
    ) -> Result<String, String> {
        self.space(&[&["exec", pod, "-c", container, "--"], words].concat())
    }

    /// What Connect answers to a GET.
    pub(crate) fn connect(&self, path: &str) -> Result<Value, String> {
        self.connect_of("feeder", path)
    }

    /// The same of another KafkaMirrorMaker2.
    fn connect_of(&self, maker: &str, path: &str) -> Result<Value, String> {
        let url = format!("http://localhost:8083{path}");
        let component = format!("{maker}-mirrormaker2");
        let words = ["curl", "-s", &url];
        let text = self.exec(&format!("{component}-0"), &component, &words)?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    /// The API server would take it.
    pub(crate) fn dry_run(&self, object: &Value) {
        let words = self.ground.kubectl_words();
        let apply = ["apply", "--dry-run=server", "-f", "-"];
        crate::ground::kubectl(&words, &apply, Some(&object.to_string())).unwrap();
    }

    /// What stands in the resource that feeds the mirror.
    pub(crate) fn feeder(&self) -> Value {
        self.object("kafkamirrormaker2/feeder")["spec"].clone()
    }

    /// What is said of the mirror in its ConfigMap.
    pub(crate) fn about(&self) -> String {
        let object = self.object("configmap/mirror-slackwater");
        let text = object["data"]["mirror.yaml"].as_str();
        text.unwrap().to_owned()
    }

    /// Says something else of it.
    pub(crate) fn set_about(&self, text: &str) {
        let data = json!({"data": {"mirror.yaml": text}}).to_string();
        let patch = ["patch", "configmap/mirror-slackwater", "--type=merge", "-p"];
        self.space(&[&patch[..], &[&data]].concat()).unwrap();
    }

    /// By Connect's own word.
    pub(crate) fn is_running(&self) -> bool {
        self.is_running_by("feeder")
    }

    /// What this KafkaMirrorMaker2 has.
    pub(crate) fn is_running_by(&self, maker: &str) -> bool {
        let Ok(view) = self.connect_of(maker, "/connectors?expand=status") else {
            return false;
        };
        let text = view.to_string();
        text.contains("RUNNING") && !text.contains("STOPPED")
    }

    /// Whether a run was given up.
    pub(crate) fn is_void(&self, run: &str) -> bool {
        matches!(self.cut(run).state, State::Void { .. })
    }

    /// That nothing is held any more: the mirror runs, and its resources say what
    /// they said before.
    pub(crate) fn must_be_let_go(&self, feeder: &Value) {
        self.until("the mirror to run", || self.is_running());
        assert_eq!(self.feeder(), *feeder);
        for what in ["kafka/mirror", "kafkamirrormaker2/feeder"] {
            self.until("notes to be gone", || {
                let notes = self.object(what)["metadata"]["annotations"].to_string();
                let ours = ["/held", "/paused", "/listeners", "pause-reconciliation"];
                !ours.iter().any(|key| notes.contains(key))
            });
        }
    }

    /// Runs the program as a KubeTask does: a pod in Slackwater's namespace, waited
    /// for, read and deleted.
    pub(crate) fn task(&mut self, args: &[&str]) -> Ran {
        self.task_as("slackwater", args)
    }

    /// With a window for a machine that has much to do: pods take what they take to start.
    pub(crate) fn in_its_time<T>(&mut self, of: impl FnOnce(&mut Self) -> T) -> T {
        let about = self.about();
        self.set_about(&format!("{about}limits: {{window: 180s}}\n"));
        let done = of(self);
        self.set_about(&about);
        done
    }

    /// A backup that proves what is required and warns of nothing, by its run.
    pub(crate) fn backup(&mut self) -> String {
        let done = self.task(&["backup", "--kafka", &mirror(), "-o", "json"]);
        let done = done.expect(0);
        assert!(!done.said.contains("warning"), "{}", done.said);
        let begin = done.said.find('{').unwrap();
        let cut: Value = serde_json::from_str(&done.said[begin..]).unwrap();
        cut["runId"].as_str().unwrap().to_owned()
    }

    /// Runs the program so as another ServiceAccount.
    pub(crate) fn task_as(&mut self, account: &str, args: &[&str]) -> Ran {
        let name = self.begin(account, args);
        self.ended(&name, args)
    }

    /// The same of a pod that was begun.
    pub(crate) fn ended(&self, name: &str, args: &[&str]) -> Ran {
        let own = |args: &[&str]| self.own(args);
        let ended = "jsonpath={.status.containerStatuses[0].state.terminated.exitCode}";
        let wait = format!("--for={ended}");
        let waited = own(&["wait", &wait, "pod", name, "--timeout=900s"]);
        let said = own(&["logs", name]).unwrap_or_default();
        let code = own(&["get", "pod", name, "-o", ended]).unwrap_or_default();
        assert!(waited.is_ok(), "{args:?} does not end: {said}");
        own(&["delete", "pod", name, "--grace-period=0", "--wait=false"]).unwrap();
        Ran {
            code: code.trim().parse().unwrap_or(-1),
            said,
        }
    }

    /// The same, and nobody waits for it: the pod's name.
    pub(crate) fn begin(&mut self, account: &str, args: &[&str]) -> String {
        self.tasks += 1;
        let name = format!("task-{}", self.tasks);
        self.ground.apply(&pod(&name, account, args));
        name
    }

    /// What a pod that runs has said so far.
    pub(crate) fn said(&self, name: &str) -> String {
        self.own(&["logs", name]).unwrap_or_default()
    }

    /// A pod of the mirror's namespace does nothing, and answers nobody, until this is dropped.
    pub(crate) fn freeze(&self, name: &str) -> Frozen {
        self.lab();
        let pod = self.object(&format!("pod/{name}"));
        let processes = processes_of(pod["metadata"]["uid"].as_str().unwrap());
        assert!(!processes.is_empty());
        for pid in &processes {
            assert!(send_signal("STOP", *pid));
        }
        Frozen(processes)
    }

    /// Ends a pod as the loss of its node does: its program does nothing more.
    pub(crate) fn kill(&self, name: &str) {
        self.lab();
        let text = self.own(&["get", "pod", name, "-o", "json"]).unwrap();
        let pod: Value = serde_json::from_str(&text).unwrap();
        let processes = processes_of(pod["metadata"]["uid"].as_str().unwrap());
        assert!(!processes.is_empty(), "{name} has ended");
        for pid in processes {
            send_signal("KILL", pid);
        }
        let words = ["delete", "pod", name, "--grace-period=0", "--force"];
        self.own(&words).unwrap();
    }

    /// Every record of the source is on the mirror, once, in order.
    pub(crate) fn must_be_equal(&mut self) {
        let kafka = mirror();
        let mut said = String::new();
        for _ in 0..20 {
            let ran = self.task(&["compare", "--kafka", &kafka]);
            if ran.code == 0 {
                println!("{}", ran.said);
                return;
            }
            said = ran.said;
        }
        panic!("{said}");
    }

    /// As deleting the namespace does, but for the source, which is in it.
    pub(crate) fn delete_mirror(&self) {
        self.delete_kafka();
        self.delete(&["volumesnapshot", "--all"]);
        self.delete(&["configmap", "-l", "slackwater.io/run"]);
    }

    /// The mirror's resources and claims; what its backups left stays.
    pub(crate) fn delete_kafka(&self) {
        self.delete_all_but_claims();
        self.delete(&["pvc", "-l", "strimzi.io/cluster=mirror"]);
    }

    /// The mirror's resources, of which claims need not go with them (`deleteClaim`).
    pub(crate) fn delete_all_but_claims(&self) {
        self.delete(&["kafkamirrormaker2", "feeder", "--ignore-not-found"]);
        self.delete(&["kafka", "mirror", "--ignore-not-found"]);
        self.delete(&["kafkanodepool", "dual", "--ignore-not-found"]);
        self.until("the certificates to be gone", || {
            self.names("secret", "mirror-cluster-ca").is_empty()
        });
    }

    fn delete(&self, what: &[&str]) {
        self.space(&[&["delete"], what].concat()).unwrap();
    }

    /// What `kafka-topics.sh` prints of a Kafka.
    pub(crate) fn topics(&self, kafka: &str, args: &str) -> String {
        let class = "org.apache.kafka.tools.TopicCommand";
        self.kafka_tool(kafka, "kafka-topics.sh", class, args)
    }

    /// What one of Kafka's own tools prints of a Kafka.
    pub(crate) fn kafka_tool(&self, kafka: &str, script: &str, class: &str, args: &str) -> String {
        let words = ["sh", "-c", &tool(kafka, script, class, args)];
        self.exec("source-single-0", "kafka", &words).unwrap()
    }

    /// The last run that was begun.
    pub(crate) fn newest(&self) -> String {
        let names =
            "jsonpath={range .items[*]}{.metadata.labels.slackwater\\.io/run}{\"\\n\"}{end}";
        let all = self
            .space(&["get", "configmap", "-l", "slackwater.io/run", "-o", names])
            .unwrap();
        let began = |run: &&str| run.rsplit('-').nth(1).map(str::to_owned);
        // Not what stood in the place of one before.
        let runs = all.lines().filter(|run| !run.contains("-was-"));
        runs.max_by_key(began).unwrap().to_owned()
    }

    /// The cut of a run, as it lies there.
    pub(crate) fn cut(&self, run: &str) -> Cut {
        let name = format!("configmap/slackwater-{run}-run");
        let object = self.object(&name);
        Cut::parse(object["data"]["document"].as_str().unwrap()).unwrap()
    }

    /// What is shown of a run, for whoever reads the test's output.
    pub(crate) fn show(&self, run: &str) {
        let name = format!("configmap/slackwater-{run}-run");
        let object = self.object(&name);
        let file = std::env::temp_dir().join(format!("slackwater-{run}.json"));
        fs::write(&file, object["data"]["document"].as_str().unwrap()).unwrap();
        let mut program = Command::new(slackwater_e2e::program().unwrap());
        let shown = program.args(["cut", "show"]).arg(&file).output().unwrap();
        println!("{}", String::from_utf8_lossy(&shown.stdout));
        let _ = fs::remove_file(file);
    }

    /// Copies of a run's cut in Slackwater's own namespace.
    pub(crate) fn copies(&self, run: &str) -> Vec<String> {
        let label = format!("slackwater.io/run={run}");
        let names = self
            .own(&["get", "configmap", "-l", &label, "-o", "name"])
            .unwrap();
        names.lines().map(str::to_owned).collect()
    }

    /// The volumes that the mirror's claims have.
    pub(crate) fn volumes(&self) -> BTreeSet<String> {
        let claims = self.list("pvc");
        let ours = claims
            .iter()
            .filter(|one| one["metadata"]["labels"]["strimzi.io/cluster"] == "mirror");
        let names = ours.filter_map(|one| one["spec"]["volumeName"].as_str());
        names.map(str::to_owned).collect()
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

    /// Waits for it, for two minutes: most takes seconds on a machine that is idle.
    pub(crate) fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        self.within(2, what, is_so);
    }

    /// Waits for it, for so many minutes.
    pub(crate) fn within(&self, minutes: u64, what: &str, is_so: impl Fn() -> bool) {
        let end = Instant::now() + Duration::from_secs(60 * minutes);
        loop {
            if is_so() {
                return;
            }
            if Instant::now() >= end {
                break;
            }
            thread::sleep(LOOK);
        }
        panic!("waited in vain for {what}");
    }

    /// An event with this reason names the run, or soon does: it comes behind what it tells of.
    pub(crate) fn must_have_told(&self, reason: &str, run: &str) {
        self.within(1, &format!("{reason} of {run} to be told"), || {
            let events = self.list("event");
            let mut of_it = events.iter().filter(|one| one["reason"] == reason);
            of_it.any(|one| one["message"].to_string().contains(run))
        });
    }

    /// Objects of the Kafka's namespace.
    pub(crate) fn list(&self, what: &str) -> Vec<Value> {
        let text = self.space(&["get", what, "-o", "json"]).unwrap();
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
    format!("{}/mirror", names().space)
}

/// One of the program, as the example has it.
pub(crate) fn pod(name: &str, account: &str, args: &[&str]) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/by-hand.yaml");
    let mut pod: Value = serde_yaml::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    pod["metadata"]["name"] = name.into();
    pod["metadata"]["namespace"] = names().own.as_str().into();
    pod["spec"]["serviceAccountName"] = account.into();
    pod["spec"]["terminationGracePeriodSeconds"] = 0.into();
    let container = &mut pod["spec"]["containers"][0];
    container["image"] = names().image.as_str().into();
    container["imagePullPolicy"] = match names().prefix.as_str() {
        "" => "Never",
        _ => "IfNotPresent",
    }
    .into();
    container["args"] = args.into();
    pod.to_string()
}

/// By the cgroup that a pod's containers are in.
fn processes_of(uid: &str) -> Vec<u32> {
    let id = uid.replace('-', "_");
    let all = fs::read_dir("/proc").unwrap().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let ours = pids.filter(|pid: &u32| {
        let group = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
        group.contains(uid) || group.contains(&id)
    });
    ours.collect()
}
