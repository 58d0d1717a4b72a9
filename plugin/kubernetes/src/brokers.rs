//! The nodes of a Kafka as the ports that tell which process each is and flush
//! what it writes to: its pods, and commands in them.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use slackwater_connect::Ran;
use slackwater_ports::{
    BrokerAnswer, BrokerProcess, BrokerProcesses, BrokerStart, Flushed, PortError, PortErrorKind,
    Seen, VolumeFlush,
};
use slackwater_strimzi::Claim;

use crate::clock::now_ms;
use crate::exec::exec_in;
use crate::flush_command::{self, failed, must_prove};
use crate::place::{Place, Resource};
use crate::{ApiError, ApiServer};

/// Kafka's container in a node's pod (`KafkaCluster.KAFKA_NAME`).
const CONTAINER: &str = "kafka";

/// For a flush. The mirror stands still meanwhile; its window is a minute by
/// default.
const FLUSH: Duration = Duration::from_secs(30);

/// For one ahead of it, which may have much to write: whatever it does not come to
/// say counts as an error of the volume's.
const AHEAD: Duration = Duration::from_secs(600);

/// The claims of a Kafka's nodes, in its pods.
#[derive(Clone)]
pub struct BrokerPods {
    server: ApiServer,
    namespace: String,
    cluster: String,
    claims: Vec<Claim>,
}

#[derive(Debug, Deserialize)]
struct RawPod {
    metadata: RawMeta,
    #[serde(default)]
    spec: RawSpec,
    #[serde(default)]
    status: RawStatus,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMeta {
    name: String,
    uid: String,
    deletion_timestamp: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct RawSpec {
    #[serde(default)]
    volumes: Vec<RawVolume>,
    #[serde(default)]
    containers: Vec<RawContainer>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawVolume {
    name: String,
    persistent_volume_claim: Option<RawClaim>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawClaim {
    claim_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawContainer {
    name: String,
    #[serde(default)]
    volume_mounts: Vec<RawMount>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMount {
    name: String,
    mount_path: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawStatus {
    #[serde(default)]
    container_statuses: Vec<RawContainerStatus>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawContainerStatus {
    name: String,
    #[serde(rename = "containerID")]
    container_id: Option<String>,
    #[serde(default)]
    restart_count: i64,
    #[serde(default)]
    state: RawState,
}

#[derive(Debug, Default, Deserialize)]
struct RawState {
    running: Option<RawRunning>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawRunning {
    started_at: Option<String>,
}

impl RawPod {
    /// Another text for another process: a container that is started again has
    /// another id, and a pod that is made again another uid.
    fn identity(&self) -> Result<String, String> {
        if self.metadata.deletion_timestamp.is_some() {
            return Err(format!("pod {} is being deleted", self.metadata.name));
        }
        let statuses = &mut self.status.container_statuses.iter();
        let running = statuses
            .find(|one| one.name == CONTAINER)
            .and_then(|one| Some((one, one.state.running.as_ref()?)));
        match running {
            Some((
                RawContainerStatus {
                    container_id: Some(id),
                    restart_count,
                    ..
                },
                RawRunning {
                    started_at: Some(started),
                },
            )) => Ok(format!(
                "pod {} container {id} restart {restart_count} started {started}",
                self.metadata.uid
            )),
            _ => Err(format!(
                "container {CONTAINER} of pod {} does not run",
                self.metadata.name
            )),
        }
    }

    /// Where a claim is mounted in its container.
    fn mount(&self, claim: &str) -> Option<&str> {
        let volume = self.spec.volumes.iter().find(|one| {
            let of = one.persistent_volume_claim.as_ref();
            of.is_some_and(|of| of.claim_name == claim)
        })?;
        let container = self.spec.containers.iter().find(|c| c.name == CONTAINER)?;
        let mount = container.volume_mounts.iter();
        let mount = mount.into_iter().find(|one| one.name == volume.name)?;
        Some(&mount.mount_path)
    }
}

impl BrokerPods {
    /// Nothing is asked yet.
    pub fn new(
        server: ApiServer,
        namespace: impl Into<String>,
        cluster: impl Into<String>,
        claims: Vec<Claim>,
    ) -> Self {
        Self {
            server,
            namespace: namespace.into(),
            cluster: cluster.into(),
            claims,
        }
    }

    /// The KafkaNodePools that have claims, and those of each; by name.
    pub fn pools(&self) -> BTreeMap<String, Vec<String>> {
        let mut pools: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for claim in &self.claims {
            let of = pools.entry(claim.pool.clone()).or_default();
            of.push(claim.name.clone());
        }
        pools
    }

    /// By name (`AbstractModel`: `strimzi.io/name` is `<cluster>-kafka` for all
    /// pools' pods).
    fn pods(&self) -> Result<BTreeMap<String, RawPod>, ApiError> {
        let labels = format!("strimzi.io/name={}-kafka", self.cluster);
        let found = self
            .server
            .list(&Resource::pods(), &self.namespace, &labels)?;
        let each = found.iter().map(|object| {
            let pod = RawPod::deserialize(object).map_err(|error| ApiError::Malformed {
                what: "read a Pod".to_owned(),
                said: error.to_string(),
            })?;
            Ok((pod.metadata.name.clone(), pod))
        });
        each.collect()
    }

    fn flush_one(&self, claim: &Claim, pod: Option<&RawPod>, within: Duration) -> Flushed {
        let started_ms = now_ms();
        let error = self.try_flush(claim, pod, within).err();
        Flushed {
            volume: claim.name.clone(),
            broker: claim.node,
            started_ms,
            ended_ms: now_ms().max(started_ms),
            method: "command".to_owned(),
            opened_ms: None,
            error,
        }
    }

    /// `sync -f` is syncfs(2), and tells an error that nobody was told before
    /// (`errseq_t`).
    fn try_flush(
        &self,
        claim: &Claim,
        pod: Option<&RawPod>,
        within: Duration,
    ) -> Result<(), String> {
        let mount = mount_of(claim, pod)?;
        let ran = self.run_in(claim, &flush_command::flush(mount), within)?;
        match ran.code {
            0 => must_prove(mount, &String::from_utf8_lossy(&ran.stdout)),
            code => Err(failed(mount, code, &ran.stderr)),
        }
    }

    fn run_in(&self, claim: &Claim, command: &[String], within: Duration) -> Result<Ran, String> {
        let place = Place::new(Resource::pods(), &self.namespace, &claim.pod)
            .map_err(|error| error.to_string())?;
        let ran = exec_in(&self.server, place, CONTAINER, command, within);
        ran.map_err(|error| error.to_string())
    }

    /// What a kernel told of a claim's volume is kept elsewhere by now, and needs not lie in
    /// its pod. Where it stays there it is told again.
    ///
    /// # Errors
    /// It could not be taken away.
    pub fn forget_told(&self, claim: &str) -> Result<(), String> {
        let found = self.claims.iter().find(|one| one.name == claim);
        let claim = found.ok_or_else(|| format!("there is no claim {claim}"))?;
        let pods = self.pods().map_err(|error| error.to_string())?;
        let mount = mount_of(claim, pods.get(&claim.pod))?;
        let ran = self.run_in(claim, &flush_command::forget(mount), FLUSH)?;
        match ran.code {
            0 => Ok(()),
            code => Err(failed(mount, code, &ran.stderr)),
        }
    }
}

/// Where a claim is mounted in the pod that has it.
fn mount_of<'p>(claim: &Claim, pod: Option<&'p RawPod>) -> Result<&'p str, String> {
    let pod = pod.ok_or_else(|| format!("there is no pod {}", claim.pod))?;
    pod.mount(&claim.name)
        .ok_or_else(|| format!("pod {} does not mount {}", claim.pod, claim.name))
}

impl BrokerProcesses for BrokerPods {
    fn broker_processes(&self) -> Seen<Vec<BrokerProcess>> {
        let pods = self.pods()?;
        let row = |claim: &Claim| {
            let of = pods.get(&claim.pod);
            let of = of.ok_or_else(|| format!("there is no pod {}", claim.pod));
            let identity = of.and_then(RawPod::identity);
            BrokerProcess {
                volume: claim.name.clone(),
                broker: claim.node,
                why: identity.as_ref().err().cloned(),
                identity: identity.ok(),
            }
        };
        Ok(self.claims.iter().map(row).collect())
    }
}

impl VolumeFlush for BrokerPods {
    fn flush(&self) -> Seen<Vec<Flushed>> {
        self.flush_within(FLUSH)
    }
}

impl BrokerPods {
    /// Ahead of the flush that counts: nobody waits for it.
    ///
    /// # Errors
    /// No answer.
    pub fn flush_ahead(&self) -> Seen<Vec<Flushed>> {
        self.flush_within(AHEAD)
    }

    fn flush_within(&self, within: Duration) -> Seen<Vec<Flushed>> {
        let pods = self.pods()?;
        let rows = thread::scope(|scope| {
            let each = self.claims.iter();
            let each: Vec<_> = each
                .map(|claim| scope.spawn(|| self.flush_one(claim, pods.get(&claim.pod), within)))
                .collect();
            let ended = each.into_iter().map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            ended.collect()
        });
        Ok(rows)
    }
}

impl BrokerStart for BrokerPods {
    fn start_brokers(&self) -> Seen<Vec<BrokerAnswer>> {
        Err(PortError::new(
            PortErrorKind::Unsupported,
            "its operator starts the brokers of a Kafka in Kubernetes",
        ))
    }
}
