//! Kasten K10 around a blueprint that is bound to resources.
//!
//! Its order is that of its documentation (kanister/reference/phase-lifecycle):
//! manifests and claims are found first, and never again; then, resource by resource,
//! backupPrehook, the snapshots of its claims, backupPosthook, so many resources at a time
//! (`limiter.workloadSnapshotsPerAction`). What a backupPrehook names by an artifact
//! `lateCapture…` is captured as it is behind it (kanister/reference/late-capture).
//! Claims are a resource's whose pods mount them, by the owners of these up to the
//! topmost that a blueprint is bound to; that is told by its field engineers, and not in
//! the documentation. There is no hook where one fails, and what of a backup is done
//! then: the resources that were begun go on, others are not begun, and there is no
//! restore point. Artifacts are kept with it, and handed to the hooks of a restore
//! (kanister/reference/blueprint-schema).
#![allow(
    clippy::disallowed_methods,
    reason = "the edge: what it plays takes its time"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use serde_json::{Map, Value};
use slackwater_stand_ins::{Ask, Runner};

use crate::ground::names;
use crate::k10_restore_point::{How, RestorePoint, capture};
use crate::k10_stand_in::{documents, is_ready, snapshot};
use crate::kanister::teller;
use crate::place::{Place, mirror};

/// What a backup leaves.
pub(crate) struct Backup {
    pub(crate) point: RestorePoint,
    /// Of each pool, what its hooks put out.
    pub(crate) artifacts: BTreeMap<String, Map<String, Value>>,
    /// Names of VolumeSnapshots.
    pub(crate) snapshots: Vec<String>,
}

/// Where in its order it is, for whoever looks at the world then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Now {
    /// The hook before a pool's snapshots is done.
    Joined,
    /// The snapshots are ready.
    Snapped,
    /// The hook behind them is done.
    Left,
}

/// The image is in the blueprint: a binding gives no options. On a machine that has more to
/// do than this, seven pools take longer than the window that is meant for K10.
fn blueprint() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../blueprints/k10-bound-hooks.yaml");
    let text = std::fs::read_to_string(file).unwrap();
    let action = "            - backupPrehook\n";
    let window = format!("{action}            - --window\n            - '3600'\n");
    assert_eq!(text.matches(action).count(), 1);
    text.replace("slackwater.io/slackwater:0.1.0", &names().image)
        .replace(action, &window)
}

/// Opts all pools of the mirror in, with nothing of an earlier test's.
pub(crate) fn opted_in(place: &mut Place) {
    place.task(&["resume", "--kafka", &mirror()]);
    place.until("the mirror to run", || place.is_running());
    let of = "strimzi.io/cluster=mirror";
    let label = [
        "label",
        "kafkanodepool",
        "-l",
        of,
        "slackwater.io/mirror=true",
    ];
    place
        .space(&[&label[..], &["--overwrite"]].concat())
        .unwrap();
    place.produce(100);
}

/// How many runs there are that were not given up: K10 may have had to begin anew.
pub(crate) fn runs(place: &Place) -> usize {
    let all = place.list("configmap");
    let phase = "slackwater.io/phase";
    all.iter()
        .map(|one| &one["metadata"])
        .filter(|one| {
            one["name"]
                .as_str()
                .is_some_and(|name| name.ends_with("-run"))
        })
        .filter(|one| one["labels"][phase] != "void")
        .count()
}

/// Runs a hook of a pool; its artifacts, or what it failed by.
pub(crate) fn hook(
    place: &Place,
    action: &str,
    pool: &str,
    artifacts: &Map<String, Value>,
) -> Result<Map<String, Value>, String> {
    let kubectl = teller(place);
    let runner = Runner::new(&kubectl, "kanister", &blueprint()).unwrap();
    let ask = Ask {
        object: place.object(&format!("kafkanodepool/{pool}")),
        artifacts: artifacts.clone(),
        ..Ask::default()
    };
    let done = runner.run(action, &ask, |_| ()).unwrap();
    println!("{action} of {pool}: {:?}", done.error());
    match done.error() {
        Some(why) => Err(why),
        None => {
            let artifacts = &done.status()["actions"][0]["artifacts"];
            Ok(artifacts.as_object().cloned().unwrap_or_default())
        }
    }
}

/// So often K10 may run a hook of a backup's again that failed (kanister/hooks, of those
/// of policies); where it is meant to end well, what else this machine has to do may have
/// had a broker not answer in time.
const TRIES: usize = 5;

/// Runs the hook before a pool's snapshots, which is to end well.
pub(crate) fn joined(place: &Place, pool: &str) -> Result<Map<String, Value>, String> {
    let none = Map::new();
    let mut done = hook(place, "backupPrehook", pool, &none);
    for _ in 1..TRIES {
        if done.is_ok() {
            break;
        }
        done = hook(place, "backupPrehook", pool, &none);
    }
    done
}

/// The mirror's pools that the binding takes, and the claims of each: by pods, what these
/// mount, and their owners.
pub(crate) fn workloads(place: &Place) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pod in place.list("pod") {
        let Some(pool) = topmost(place, &pod) else {
            continue;
        };
        let volumes = pod["spec"]["volumes"].as_array().cloned();
        for volume in volumes.unwrap_or_default() {
            let claim = volume["persistentVolumeClaim"]["claimName"].as_str();
            let of = all.entry(pool.clone()).or_default();
            of.extend(claim.map(str::to_owned));
        }
    }
    all
}

/// Pod, StrimziPodSet, KafkaNodePool.
fn topmost(place: &Place, pod: &Value) -> Option<String> {
    let owner = |object: &Value, kind: &str| {
        let owners = object["metadata"]["ownerReferences"].as_array()?;
        let one = owners.iter().find(|one| one["kind"] == kind)?;
        one["name"].as_str().map(str::to_owned)
    };
    let set = owner(pod, "StrimziPodSet")?;
    let set = place.object(&format!("strimzipodset/{set}"));
    let pool = owner(&set, "KafkaNodePool")?;
    is_bound(&place.object(&format!("kafkanodepool/{pool}"))).then_some(pool)
}

/// By the conditions of the binding that is shipped, all of which are to hold.
fn is_bound(pool: &Value) -> bool {
    let binding = documents("blueprints/k10-binding.yaml").remove(0);
    let all = binding["spec"]["resources"]["matchAll"]
        .as_array()
        .unwrap()
        .clone();
    all.iter().all(|one| {
        let (what, condition) = one.as_object().unwrap().iter().next().unwrap();
        let key = condition["key"].as_str().unwrap_or_default();
        let values = condition["values"].as_array().cloned().unwrap_or_default();
        let found = &pool["metadata"][what][key];
        match (what.as_str(), condition["operator"].as_str().unwrap()) {
            ("type", "In") => values.iter().any(|one| {
                one["group"] == "kafka.strimzi.io" && one["resource"] == "kafkanodepools"
            }),
            ("labels", "In") => values.contains(found),
            ("annotations", "DoesNotExist") => found.is_null(),
            other => panic!("{other:?} is not played"),
        }
    })
}

/// The snapshots of a pool's claims, at once.
pub(crate) fn snapshots(place: &Place, of: &str, claims: &[String]) -> Vec<String> {
    let name = |claim: &String| format!("k10-csi-snap-{of}-{claim}");
    let names: Vec<String> = claims.iter().map(name).collect();
    for (claim, name) in claims.iter().zip(&names) {
        snapshot(place, name, claim);
    }
    for name in &names {
        place.until("a snapshot to be ready", || is_ready(place, name));
    }
    names
}

/// A backup, so many pools at a time; `look` is called between its steps.
pub(crate) fn backup(
    place: &Place,
    of: &str,
    limit: usize,
    look: &(dyn Fn(Now, &str) + Sync),
) -> Result<Backup, String> {
    let point = capture(place);
    let todo: Vec<(String, Vec<String>)> = workloads(place).into_iter().collect();
    let backup = Mutex::new(Backup {
        point,
        artifacts: BTreeMap::new(),
        snapshots: Vec::new(),
    });
    let none = Map::new();
    let failed = in_turns(&todo, limit, &|(pool, claims)| {
        let late = joined(place, pool)?;
        look(Now::Joined, pool);
        for (_, one) in late
            .iter()
            .filter(|(name, _)| name.starts_with("lateCapture"))
        {
            let text = |key: &str| one["keyValue"][key].as_str().unwrap().to_owned();
            assert_eq!(text("namespace"), names().space);
            assert_eq!(text("apiVersion"), "v1");
            let mut backup = backup.lock().unwrap();
            let (group, resource) = (text("group"), text("resource"));
            backup.point.late(place, &group, &resource, &text("name"));
        }
        let made = snapshots(place, of, claims);
        look(Now::Snapped, pool);
        let mut artifacts = hook(place, "backupPosthook", pool, &none)?;
        look(Now::Left, pool);
        artifacts.extend(late);
        let mut backup = backup.lock().unwrap();
        backup.artifacts.insert(pool.clone(), artifacts);
        backup.snapshots.extend(made);
        Ok(())
    });
    match failed {
        None => Ok(backup.into_inner().unwrap()),
        Some(why) => Err(why),
    }
}

/// Some at a time, in their order; after one that failed no other is begun. What the first
/// of those failed by.
pub(crate) fn in_turns<T: Sync>(
    todo: &[T],
    limit: usize,
    act: &(dyn Fn(&T) -> Result<(), String> + Sync),
) -> Option<String> {
    let next = Mutex::new((0, None::<String>));
    let work = || loop {
        let one = {
            let mut next = next.lock().unwrap();
            let one = todo.get(next.0).filter(|_| next.1.is_none());
            next.0 += 1;
            one
        };
        let Some(one) = one else { return };
        if let Err(why) = act(one) {
            next.lock().unwrap().1.get_or_insert(why);
        }
    };
    thread::scope(|scope| {
        for _ in 0..limit {
            scope.spawn(work);
        }
    });
    next.into_inner().unwrap().1
}

impl Backup {
    /// The run that all pools' artifacts name.
    pub(crate) fn run(&self) -> String {
        let of = |one: &Map<String, Value>| one["mirrorCut"]["keyValue"]["run"].clone();
        let runs: Vec<Value> = self.artifacts.values().map(of).collect();
        assert!(runs.windows(2).all(|two| two[0] == two[1]), "{runs:?}");
        runs[0].as_str().unwrap().to_owned()
    }

    /// Restores the claims of one pool, which are gone.
    pub(crate) fn restore(&self, place: &Place, of: &str, claims: &[String]) {
        let how = How {
            into: &names().space,
            snapshot_of: &|claim| match claims.iter().any(|one| one == claim) {
                true => format!("k10-csi-snap-{of}-{claim}"),
                false => String::new(),
            },
            class: None,
            with_status: false,
        };
        self.point.restore(place, &how);
    }
}
