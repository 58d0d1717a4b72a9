//! KafkaUsers (the user operator: `KafkaUserOperator.java:239-445`, `createOrUpdate`): a Secret
//! with what a client presents, and in Kafka what it may do.
//!
//! Kafka's own commands tell it so, in a broker's pod. Not played: quotas, a
//! Secret of its own choosing, a renewal of certificates, rules that deny, a user that is
//! paused or deleted (209-226; `UserControllerLoop.java:106-111`), and that Kafka is told again
//! what it has lost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use slackwater_kubernetes::{ApiServer, Place, Pods};

use super::internal::CLIENT;
use super::kafka_pod::REPLICATION;
use super::meta::{
    self, CLUSTER, KIND, NAME, condition, core, is_going, make, need, put_status, strimzi, text,
};
use super::secrets::Authority;
use crate::StandInError;
use crate::image::JAVA;

/// A Java for each of some commands, on a busy machine.
const COMMANDS: Duration = Duration::from_secs(120);

/// What was told to Kafka already, by the uids of Kafka and user: the generation,
/// and its rules.
pub(super) type Told = BTreeMap<String, (u64, BTreeSet<Rule>)>;

pub(super) fn reconcile(server: &ApiServer, told: &mut Told) -> Result<(), StandInError> {
    for user in server.list(&strimzi("kafkausers"), "", "")? {
        if !is_going(&user) {
            reconcile_one(server, &user, told)?;
        }
    }
    Ok(())
}

fn reconcile_one(server: &ApiServer, user: &Value, told: &mut Told) -> Result<(), StandInError> {
    let namespace = need(user, "/metadata/namespace")?;
    let name = need(user, "/metadata/name")?;
    let cluster = need(user, "/metadata/labels/strimzi.io~1cluster")?;
    let kafka = server.get(&Place::new(strimzi("kafkas"), &namespace, &cluster)?)?;
    let Some(kafka) = kafka.filter(|one| one["status"]["listeners"].is_array()) else {
        return Ok(());
    };
    let id = [&kafka, user]
        .map(|one| text(one, "/metadata/uid"))
        .join("/");
    let generation = user["metadata"]["generation"].as_u64().unwrap_or(0);
    let before = match told.get(&id) {
        Some((of, _)) if *of == generation => return Ok(()),
        Some((_, rules)) => rules.clone(),
        None => BTreeSet::new(),
    };
    let is_tls = text(user, "/spec/authentication/type") == "tls";
    let secret = secret(server, user, &namespace, &cluster, is_tls)?;
    // (`KafkaUserModel.java:452-479`, `getUserName`)
    let principal = match is_tls {
        true => format!("CN={name}"),
        false => name.clone(),
    };
    let wanted = rules(user);
    let mut commands = acls("--remove --force", &principal, before.difference(&wanted));
    commands.extend(acls("--add", &principal, wanted.difference(&before)));
    if !is_tls && !told.contains_key(&id) {
        let password = crate::json::decoded(&secret["data"]["password"]).unwrap_or_default();
        commands.push(format!(
            "{JAVA} -Xmx64m kafka.admin.ConfigCommand {} --alter --entity-type users --entity-name {name} \
             --add-config SCRAM-SHA-512=[password={password}]",
            there()
        ));
    }
    in_broker(server, &namespace, &cluster, &commands)?;
    told.insert(id, (generation, wanted));
    let status = json!({
        "conditions": condition("Ready"),
        "observedGeneration": generation,
        "username": principal,
        "secret": name,
    });
    let place = Place::new(strimzi("kafkausers"), &namespace, &name)?;
    Ok(put_status(server, &place, user, &status)?)
}

/// One that is there is taken as it is: whoever has a copy of it goes on
/// (`KafkaUserModel.java:194-215`, `generateSecret`; 347-377, `maybeGeneratePassword`). But a
/// certificate of another authority is made anew (259-280).
fn secret(
    server: &ApiServer,
    user: &Value,
    namespace: &str,
    cluster: &str,
    is_tls: bool,
) -> Result<Value, StandInError> {
    let name = need(user, "/metadata/name")?;
    let place = Place::new(core("secrets"), namespace, &name)?;
    let found = server.get(&place)?;
    let is_foreign = |found: &Value| -> Result<bool, StandInError> {
        let ours = Authority::Clients.certificate(server, namespace, cluster)?;
        let theirs = crate::json::decoded(&found["data"]["ca.crt"]);
        Ok(is_tls && theirs.as_deref() != Some(&ours))
    };
    if found.as_ref().map_or(Ok(true), is_foreign)? {
        let data = match is_tls {
            true => {
                let clients = Authority::Clients;
                let signed = clients.sign(server, namespace, cluster, &name, Vec::new())?;
                json!({
                    "ca.crt": clients.certificate(server, namespace, cluster)?,
                    "user.crt": signed.certificate,
                    "user.key": signed.key,
                })
            }
            false => {
                let password: String = std::iter::repeat_with(fastrand::alphanumeric)
                    .take(32)
                    .collect();
                json!({"password": password})
            }
        };
        let object = meta::secret(&place, cluster, user, &data);
        match found {
            None => make(server, &place, &object)?,
            Some(_) => drop(server.merge(&place, &json!({"stringData": object["stringData"]}))?),
        }
    }
    Ok(server.get(&place)?.unwrap_or_default())
}

/// What a rule is about: type, pattern and name of resources, and one operation.
type Rule = (String, &'static str, String, String);

/// `SimpleAclRule.java:144-156`, `fromCrd`
fn rules(user: &Value) -> BTreeSet<Rule> {
    let rules = user["spec"]["authorization"]["acls"].as_array();
    let each = rules.into_iter().flatten().flat_map(|rule| {
        let pattern = match text(rule, "/resource/patternType") {
            "prefix" => "prefixed",
            _ => "literal",
        };
        let operations = rule["operations"].as_array().into_iter().flatten();
        operations.filter_map(Value::as_str).map(move |operation| {
            (
                text(rule, "/resource/type").to_owned(),
                pattern,
                text(rule, "/resource/name").to_owned(),
                operation.to_owned(),
            )
        })
    });
    each.collect()
}

/// `AclCommand` starts a Java: one for all rules that differ in resources alone. (There, what
/// differs is told, too: `SimpleAclOperator.java:188-218`, `internalUpdate`.)
fn acls<'r>(what: &str, principal: &str, rules: impl Iterator<Item = &'r Rule>) -> Vec<String> {
    let mut operations: BTreeMap<(&str, &str, &str), BTreeSet<&str>> = BTreeMap::new();
    for (kind, pattern, name, operation) in rules {
        let of = operations.entry((kind, pattern, name)).or_default();
        of.insert(operation);
    }
    let mut resources: BTreeMap<(&str, BTreeSet<&str>), Vec<String>> = BTreeMap::new();
    for ((kind, pattern, name), operations) in operations {
        let of = resources.entry((pattern, operations)).or_default();
        of.push(match kind {
            "cluster" => "--cluster".to_owned(),
            "transactionalId" => format!("--transactional-id {name}"),
            kind => format!("--{kind} {name}"),
        });
    }
    let each = resources
        .into_iter()
        .map(|((pattern, operations), resources)| {
            let operations = operations.into_iter();
            let operations: String = operations
                .map(|one| format!("--operation {one} "))
                .collect();
            format!(
                "{JAVA} -Xmx64m org.apache.kafka.tools.AclCommand {} {what} --allow-principal \
                 User:{principal} {operations}{} --resource-pattern-type {pattern}",
                there(),
                resources.join(" ")
            )
        });
    each.collect()
}

/// How a tool gets to the broker in whose pod it runs.
fn there() -> String {
    format!("--bootstrap-server localhost:{REPLICATION} --command-config {CLIENT}")
}

/// One after another, until one fails.
fn in_broker(
    server: &ApiServer,
    namespace: &str,
    cluster: &str,
    commands: &[String],
) -> Result<(), StandInError> {
    if commands.is_empty() {
        return Ok(());
    }
    let labels = format!(
        "{CLUSTER}={cluster},{KIND}=Kafka,{NAME}={cluster}-kafka,strimzi.io/broker-role=true"
    );
    let pods = Pods::new(server.clone(), namespace, labels, "kafka".to_owned());
    // No shell makes anything of a `*`.
    let script = format!("set -ef; {}", commands.join(" && "));
    let ran = pods.exec(&["sh".to_owned(), "-c".to_owned(), script], COMMANDS);
    let ran = ran.map_err(|error| StandInError::User(error.to_string()))?;
    match ran.code {
        0 => Ok(()),
        code => Err(StandInError::User(format!(
            "{code}: {} {}",
            String::from_utf8_lossy(&ran.stdout),
            ran.stderr
        ))),
    }
}
