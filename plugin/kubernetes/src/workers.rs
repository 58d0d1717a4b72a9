//! Pods of our own image: guards, and readers of snapshots. They are made, waited
//! for and deleted here; what they do is not known.
#![allow(
    clippy::disallowed_methods,
    reason = "the edge: it waits for what is being deleted"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use slackwater_store::RunId;

use crate::clock::Moment;
use crate::labels::{APP, RUN, SLACKWATER, runs_of};
use crate::place::{Place, Resource, label_value};
use crate::{ApiError, ApiServer};

/// The container of each of our pods, as Kanister calls it in those that it makes.
pub const CONTAINER: &str = "container";

/// What a pod is for.
pub(crate) const ROLE: &str = "app.kubernetes.io/component";

/// Where a pod's own namespace stands.
const NAMESPACE_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// Why a pod of ours is not there.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The API server has no answer.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// This program is in no pod.
    #[error("{0}: this program runs in no pod of its image, so say which it is")]
    NoHome(String),
    /// It will not run.
    #[error("{place} does not run: {why}")]
    NotRunning {
        /// Which.
        place: Box<Place>,
        /// As the kubelet or the scheduler says it.
        why: String,
    },
}

/// The image that this program is of, and how it is got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its name.
    pub image: String,
    /// `Always`, `IfNotPresent` or `Never`.
    pub pull: String,
    /// Names of Secrets that its registry asks for.
    pub pull_secrets: Vec<String>,
}

/// Where this program is at home: the namespace of its pods, and what they run
/// as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The namespace.
    pub namespace: String,
    /// The ServiceAccount.
    pub account: String,
    /// The image.
    pub program: Program,
    /// The pod that this is, if it is one.
    pub pod: Option<String>,
}

impl Home {
    /// That of the pod that this program runs in.
    ///
    /// # Errors
    /// It is in none; no answer.
    pub fn of_this_pod(server: &ApiServer) -> Result<Self, WorkerError> {
        let read = |path: &str| {
            std::fs::read_to_string(Path::new(path))
                .map(|text| text.trim().to_owned())
                .map_err(|error| WorkerError::NoHome(format!("can't read {path}: {error}")))
        };
        let namespace = read(NAMESPACE_FILE)?;
        // A pod's host name is its name, cut off (`truncatePodHostnameIfNeeded`):
        // longer ones say it.
        let name = match std::env::var("POD_NAME") {
            Ok(name) => name,
            Err(_) => read("/etc/hostname")?,
        };
        let place = Place::new(Resource::pods(), &namespace, &name)?;
        let pod = server.get(&place)?;
        let pod = pod.ok_or_else(|| WorkerError::NoHome(format!("there is no {place}")))?;
        let spec = &pod["spec"];
        let containers = spec["containers"].as_array().into_iter().flatten();
        let mut by_name = containers.clone().filter(|one| one["name"] == CONTAINER);
        let container = by_name.next().or_else(|| containers.clone().next());
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let image = container.and_then(|one| text(&one["image"]));
        let secrets = spec["imagePullSecrets"].as_array().into_iter().flatten();
        Ok(Self {
            account: text(&spec["serviceAccountName"]).unwrap_or_else(|| "default".to_owned()),
            program: Program {
                image: image
                    .ok_or_else(|| WorkerError::NoHome(format!("{place} names no image")))?,
                pull: container
                    .and_then(|one| text(&one["imagePullPolicy"]))
                    .unwrap_or_else(|| "IfNotPresent".to_owned()),
                pull_secrets: secrets.filter_map(|one| text(&one["name"])).collect(),
            },
            namespace,
            pod: Some(name),
        })
    }
}

/// What a pod is to do.
#[derive(Debug, Clone)]
pub struct Job {
    /// `guard`, `reader`, `trimmer`.
    pub role: &'static str,
    /// Its name ends so.
    pub suffix: String,
    /// What the program is told.
    pub args: Vec<String>,
    /// Whether it may talk to the API server: as which ServiceAccount.
    pub account: Option<String>,
    /// Claims that it mounts, and where.
    pub claims: BTreeMap<String, String>,
    /// Whether it may write to them.
    pub writes: bool,
    /// User and group that it runs as; else the image's.
    pub run_as: Option<(u32, u32)>,
    /// Where it may run, as a `NodeSelector`: where what it mounts may be.
    pub nodes: Option<Value>,
    /// It is ended after this time, whatever it does.
    pub most: Duration,
    /// Whether it is gone at once where its node is not ready, so that its like takes over,
    /// or its claims are free; others wait for their node as pods do, five minutes.
    pub leaves_at_once: bool,
}

/// The pods of one run in one namespace.
#[derive(Clone)]
pub struct Workers {
    server: ApiServer,
    namespace: String,
    run: RunId,
    program: Program,
}

impl Workers {
    /// Nothing is made yet.
    pub fn new(
        server: ApiServer,
        namespace: impl Into<String>,
        run: RunId,
        program: Program,
    ) -> Self {
        Self {
            server,
            namespace: namespace.into(),
            run,
            program,
        }
    }

    /// Deletes those of any run that have done what they were for, of one role.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn sweep(&self, role: &str) -> Result<(), WorkerError> {
        let labels = format!("{APP}={SLACKWATER},{ROLE}={role}");
        for pod in self
            .server
            .list(&Resource::pods(), &self.namespace, &labels)?
        {
            if let (true, Some(name)) = (has_ended(&pod), pod["metadata"]["name"].as_str()) {
                let place = Place::new(Resource::pods(), &self.namespace, name)?;
                self.server.delete(&place)?;
            }
        }
        Ok(())
    }

    /// Deletes all of this run.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn delete_all(&self) -> Result<(), WorkerError> {
        for place in self.places()? {
            self.server.delete(&place)?;
        }
        Ok(())
    }

    /// What those of this run are called, as `NAMESPACE/NAME`.
    ///
    /// # Errors
    /// No answer.
    pub fn names(&self) -> Result<Vec<String>, WorkerError> {
        Ok(self.places()?.iter().map(Place::words).collect())
    }

    /// Whether any of this run has not ended.
    ///
    /// # Errors
    /// No answer.
    pub fn any_lives(&self) -> Result<bool, WorkerError> {
        self.lives(&self.labels()?)
    }

    /// Whether one of this run that has this role has not ended.
    ///
    /// # Errors
    /// No answer.
    pub fn any_lives_as(&self, role: &str) -> Result<bool, WorkerError> {
        self.lives(&format!("{},{ROLE}={role}", self.labels()?))
    }

    fn lives(&self, labels: &str) -> Result<bool, WorkerError> {
        let found = self
            .server
            .list(&Resource::pods(), &self.namespace, labels)?;
        Ok(found.iter().any(|pod| !has_ended(pod)))
    }

    /// What all of this run have.
    fn labels(&self) -> Result<String, WorkerError> {
        let run = label_value(self.run.as_str())?;
        Ok(format!("{APP}={SLACKWATER},{ROLE},{RUN}={run}"))
    }

    fn places(&self) -> Result<Vec<Place>, WorkerError> {
        let labels = self.labels()?;
        let found = self
            .server
            .list_metadata(&Resource::pods(), &self.namespace, &labels)?;
        let names = found
            .iter()
            .filter_map(|pod| pod["metadata"]["name"].as_str());
        let places = names.map(|name| Place::new(Resource::pods(), &self.namespace, name));
        Ok(places.collect::<Result<_, _>>()?)
    }

    /// The runs of which there are any in this namespace.
    ///
    /// # Errors
    /// No answer.
    pub fn of_runs(server: &ApiServer, namespace: &str) -> Result<BTreeSet<String>, WorkerError> {
        Ok(runs_of(server, &Resource::pods(), namespace, &[ROLE])?)
    }

    /// Makes one. One that is there already is it, but for one that is being
    /// deleted: that is waited for.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn make(&self, job: &Job) -> Result<Place, WorkerError> {
        let place = self.place(&job.suffix)?;
        until_gone(&self.server, &place)?;
        match self.server.create(&place, &self.pod(&place, job)) {
            Ok(_) | Err(ApiError::Exists { .. }) => Ok(place),
            Err(error) if error.is_silence() && self.server.get(&place)?.is_some() => Ok(place),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether its container runs; an error where it is known that it will not.
    ///
    /// # Errors
    /// It has ended, or can't begin; no answer.
    pub fn runs(&self, place: &Place) -> Result<bool, WorkerError> {
        let not_running = |why: String| WorkerError::NotRunning {
            place: Box::new(place.clone()),
            why,
        };
        let Some(pod) = self.server.get(place)? else {
            return Err(not_running("it was deleted".to_owned()));
        };
        let status = &pod["status"];
        let container = &status["containerStatuses"][0];
        if let Some(ended) = container["state"]["terminated"].as_object() {
            let code = ended.get("exitCode").and_then(Value::as_i64);
            let said = ended.get("message").and_then(Value::as_str);
            return Err(not_running(format!(
                "it ended with {}: {}",
                code.unwrap_or(-1),
                said.unwrap_or_default().trim().replace('\n', " ")
            )));
        }
        let waiting = &container["state"]["waiting"];
        // What does not pass by itself (kubelet's `images` and `kuberuntime`).
        if let Some(
            why @ ("ErrImagePull"
            | "ImagePullBackOff"
            | "ErrImageNeverPull"
            | "InvalidImageName"
            | "CreateContainerConfigError"
            | "CreateContainerError"
            | "CrashLoopBackOff"),
        ) = waiting["reason"].as_str()
        {
            // What it ended with says why; that it waits to be started again does not.
            let ended = container["lastState"]["terminated"]["message"].as_str();
            let said = [ended, waiting["message"].as_str()];
            let said: Vec<String> = said
                .into_iter()
                .flatten()
                .map(|said| said.trim().replace('\n', " "))
                .collect();
            return Err(not_running(format!("{why}: {}", said.join(": "))));
        }
        if status["phase"] == "Failed" {
            let said = status["message"].as_str().unwrap_or("it failed");
            return Err(not_running(said.to_owned()));
        }
        Ok(container["state"]["running"].is_object())
    }

    /// Why it does not run yet, as the scheduler or the kubelet says it.
    pub fn why_not(&self, place: &Place) -> String {
        let Ok(Some(pod)) = self.server.get(place) else {
            return "it is not there".to_owned();
        };
        let conditions = pod["status"]["conditions"].as_array();
        let open = conditions.into_iter().flatten().find(|one| {
            one["status"] == "False" && one["message"].as_str().is_some_and(|text| !text.is_empty())
        });
        let said = open.and_then(|one| one["message"].as_str());
        said.unwrap_or("nobody says why").to_owned()
    }

    /// Deletes it at once.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn delete(&self, suffix: &str) -> Result<(), WorkerError> {
        Ok(self.server.delete(&self.place(suffix)?)?)
    }

    /// Where one is.
    ///
    /// # Errors
    /// A name that no pod can have.
    pub fn place(&self, suffix: &str) -> Result<Place, WorkerError> {
        let name = format!("slackwater-{}-{suffix}", self.run);
        Ok(Place::new(Resource::pods(), &self.namespace, &name)?)
    }

    fn pod(&self, place: &Place, job: &Job) -> Value {
        let run = label_value(self.run.as_str()).unwrap_or_default();
        let mut mounts = vec![json!({"name": "scratch", "mountPath": "/run/slackwater"})];
        let mut volumes = vec![json!({"name": "scratch", "emptyDir": {}})];
        for (at, (claim, path)) in job.claims.iter().enumerate() {
            let name = format!("volume-{at}");
            mounts.push(json!({"name": name, "mountPath": path, "readOnly": !job.writes}));
            volumes.push(json!({
                "name": name,
                "persistentVolumeClaim": {"claimName": claim},
            }));
        }
        let secrets = self.program.pull_secrets.iter();
        let secrets: Vec<Value> = secrets.map(|name| json!({"name": name})).collect();
        let mut tolerations = Vec::new();
        if job.nodes.is_some() {
            // Nodes for brokers alone are often tainted.
            tolerations.push(json!({"operator": "Exists", "effect": "NoSchedule"}));
        }
        let gone = |key: &str| {
            json!({
                "key": format!("node.kubernetes.io/{key}"),
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": 0,
            })
        };
        if job.leaves_at_once {
            tolerations.extend([gone("not-ready"), gone("unreachable")]);
        }
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": place.name(),
                "namespace": self.namespace,
                "labels": {APP: SLACKWATER, ROLE: job.role, RUN: run},
            },
            "spec": {
                "restartPolicy": "OnFailure",
                "serviceAccountName": job.account.clone().unwrap_or_else(|| "default".to_owned()),
                "automountServiceAccountToken": job.account.is_some(),
                "activeDeadlineSeconds": job.most.as_secs().max(1),
                "terminationGracePeriodSeconds": 60,
                "tolerations": tolerations,
                "imagePullSecrets": secrets,
                "affinity": {"nodeAffinity": match &job.nodes {
                    Some(nodes) => json!({
                        "requiredDuringSchedulingIgnoredDuringExecution": nodes,
                    }),
                    None => json!({}),
                }, "podAntiAffinity": {
                    "preferredDuringSchedulingIgnoredDuringExecution": [{
                        "weight": 100,
                        "podAffinityTerm": {
                            "topologyKey": "kubernetes.io/hostname",
                            "labelSelector": {"matchLabels": {ROLE: job.role, RUN: run}},
                        },
                    }],
                }},
                "securityContext": security(job.run_as),
                "containers": [{
                    "name": CONTAINER,
                    "image": self.program.image,
                    "imagePullPolicy": self.program.pull,
                    "args": job.args,
                    "env": [
                        {"name": "POD_NAME", "valueFrom": {
                            "fieldRef": {"fieldPath": "metadata.name"},
                        }},
                        {"name": "TMPDIR", "value": "/run/slackwater"},
                    ],
                    // What asks for nothing is the first to be evicted. A reader may be,
                    // and has to fit whatever limits its namespace has.
                    "resources": match &job.account {
                        Some(_) => json!({"requests": {"cpu": "10m", "memory": "64Mi"}}),
                        None => json!({}),
                    },
                    "terminationMessagePolicy": "FallbackToLogsOnError",
                    "volumeMounts": mounts,
                    "securityContext": {
                        "allowPrivilegeEscalation": false,
                        "readOnlyRootFilesystem": true,
                        "capabilities": {"drop": ["ALL"]},
                    },
                }],
                "volumes": volumes,
            },
        })
    }
}

/// As nobody, or as whom the brokers run: their volumes are theirs.
fn security(run_as: Option<(u32, u32)>) -> Value {
    let mut security = json!({
        "runAsNonRoot": run_as.is_none_or(|(uid, _)| uid != 0),
        "seccompProfile": {"type": "RuntimeDefault"},
    });
    if let Some((uid, gid)) = run_as {
        security["runAsUser"] = uid.into();
        security["runAsGroup"] = gid.into();
    }
    security
}

fn has_ended(pod: &Value) -> bool {
    let phase = pod["status"]["phase"].as_str();
    matches!(phase, Some("Succeeded" | "Failed"))
}

/// What is being deleted, a reader or a clone of an earlier reading, goes within
/// its grace period.
const GOES: Duration = Duration::from_secs(90);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// Waits where an object is being deleted until it is gone.
pub(crate) fn until_gone(server: &ApiServer, place: &Place) -> Result<(), ApiError> {
    let began = Moment::now();
    loop {
        let going = server
            .get(place)?
            .is_some_and(|object| object["metadata"]["deletionTimestamp"].is_string());
        if !going {
            return Ok(());
        }
        if began.elapsed() > GOES {
            return Err(ApiError::Timeout {
                what: format!("wait until {place} is gone"),
                within: GOES,
            });
        }
        std::thread::sleep(LOOK);
    }
}
