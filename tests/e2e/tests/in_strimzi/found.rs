//! A cluster that somebody has, with Strimzi's own operator, a CSI driver, and perhaps
//! Kanister: what is there is said, and used.

use std::fs;
use std::path::Path;

use serde_json::Value;
use slackwater_stand_ins::{kafkas, maker};

use crate::ground::{kubectl, names, said, words_here};

/// By it `cargo xtask e2e` knows what it may delete.
pub(crate) const LABEL: &str = "slackwater.io/e2e";

/// Until both Kafkas are ready, their images pulled.
const READY: &str = "--timeout=900s";

/// See the module.
pub(crate) struct Found {
    pub(crate) kubeconfig: String,
    /// The namespace of Kanister's controller, where there is one, and kanctl.
    pub(crate) kanister: Option<String>,
}

impl Found {
    /// Looks what there is, and makes the same scene as in the lab.
    pub(crate) fn set_up(kubeconfig: String) -> Self {
        let mut found = Self {
            kubeconfig,
            kanister: None,
        };
        found.kanister = found.look();
        let class = found.class();
        let names = names();
        let label = format!("{LABEL}={}", mark());
        for space in [&names.space, &names.own] {
            // Never into what somebody has: it is deleted in the end.
            let made = found.all(&["create", "namespace", space]);
            made.expect("another --namespace-prefix");
            found.all(&["label", "namespace", space, &label]).unwrap();
        }
        found.apply(&found.base());
        found.must_have_the_image();
        found.apply(&kafkas(&names.space, &class, None, crate::SHAPE));
        found.wait(&["--for=condition=Ready", "kafka", "--all"]);
        for (source, topic) in crate::SHAPE.sources() {
            let create = format!("--create --if-not-exists --topic {topic} --partitions 4");
            let class = "org.apache.kafka.tools.TopicCommand";
            let tool = tool(source, "kafka-topics.sh", class, &create);
            let pod = ["exec", "source-single-0", "-c", "kafka", "--"];
            found.in_space(&[&pod[..], &["sh", "-c", &tool]].concat());
        }
        found.wait(&["--for=condition=Ready", "kafkauser", "--all"]);
        found.apply(&maker(&names.space, None, crate::SHAPE));
        found.wait(&["--for=condition=Ready", "kafkamirrormaker2", "--all"]);
        found
    }

    pub(crate) fn apply(&self, manifest: &str) {
        kubectl(
            &words_here(&self.kubeconfig),
            &["apply", "-f", "-"],
            Some(manifest),
        )
        .unwrap();
    }

    fn all(&self, args: &[&str]) -> Result<String, String> {
        kubectl(&words_here(&self.kubeconfig), args, None)
    }

    fn in_space(&self, args: &[&str]) -> String {
        self.all(&[&["-n", &names().space], args].concat()).unwrap()
    }

    fn wait(&self, args: &[&str]) {
        let words = [&["-n", &names().space, "wait", READY], args].concat();
        if let Err(why) = self.all(&words) {
            let said = self.in_space(&["get", "kafka,kafkamirrormaker2,pod", "-o", "wide"]);
            panic!(
                "{why}\n{said}\nsee whether Strimzi's operator watches the namespace {}",
                names().space
            );
        }
    }

    fn list(&self, what: &[&str]) -> Vec<Value> {
        let words = [&["get"], what, &["-o", "json"]].concat();
        let text = self.all(&words).unwrap_or_default();
        let mut list: Value = serde_json::from_str(&text).unwrap_or_default();
        match list["items"].take() {
            Value::Array(items) => items,
            _ => Vec::new(),
        }
    }

    /// Says what there is; gives Kanister's namespace, where it can be used.
    fn look(&self) -> Option<String> {
        let version = self.all(&["version"]).unwrap();
        println!("{}", version.trim());
        let mut kanister = None;
        for one in self.list(&["deployments", "--all-namespaces"]) {
            for container in one["spec"]["template"]["spec"]["containers"]
                .as_array()
                .unwrap()
            {
                let image = container["image"].as_str().unwrap_or_default();
                let namespace = one["metadata"]["namespace"].as_str().unwrap_or_default();
                let name = &one["metadata"]["name"];
                if image.contains("strimzi/operator") {
                    println!("Strimzi's operator: {name} in {namespace}, {image}");
                }
                if image.contains("kanister") && image.contains("controller") {
                    println!("Kanister: {name} in {namespace}, {image}");
                    kanister = Some(namespace.to_owned());
                }
            }
        }
        for class in self.list(&["volumesnapshotclasses"]) {
            println!(
                "VolumeSnapshotClass {} of {}",
                class["metadata"]["name"], class["driver"]
            );
        }
        let kanctl = std::process::Command::new("kanctl").arg("--help").output();
        match (&kanister, kanctl.is_ok()) {
            (Some(_), true) => kanister,
            (Some(_), false) => {
                println!("no kanctl on this machine: Kanister is not used");
                None
            }
            (None, _) => {
                println!("no Kanister in this cluster: blueprints are run by a small one");
                None
            }
        }
    }

    /// The StorageClass: what was said; else the default one, or the only one whose
    /// driver has a VolumeSnapshotClass.
    fn class(&self) -> String {
        if let Some(said) = said("STORAGE_CLASS") {
            return said;
        }
        let snapshots = self.list(&["volumesnapshotclasses"]);
        let drivers: Vec<&Value> = snapshots.iter().map(|one| &one["driver"]).collect();
        let classes = self.list(&["storageclasses"]);
        let mut fit: Vec<&Value> = classes
            .iter()
            .filter(|one| drivers.contains(&&one["provisioner"]))
            .collect();
        let key = "storageclass.kubernetes.io/is-default-class";
        fit.sort_by_key(|one| one["metadata"]["annotations"][key] != "true");
        let first = fit
            .first()
            .expect("a StorageClass whose driver has snapshots");
        let name = first["metadata"]["name"].as_str().unwrap().to_owned();
        println!("StorageClass {name}");
        name
    }

    /// The base, in namespaces of these tests.
    fn base(&self) -> String {
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../blueprints/base");
        let text = self
            .all(&["kustomize", &base.display().to_string()])
            .unwrap();
        let names = names();
        let kanister = self.kanister.as_deref().unwrap_or("kanister");
        let renamed = text
            .replace(
                "namespace: slackwater\n",
                &format!("namespace: {}\n", names.own),
            )
            .replace(
                "serviceaccounts:kanister",
                &format!("serviceaccounts:{kanister}"),
            );
        let mut all = String::new();
        for one in renamed.split("---\n") {
            let mut object: Value = serde_yaml::from_str(one).unwrap();
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            if object["kind"] == "Namespace" {
                object["metadata"]["name"] = names.own.as_str().into();
            } else if object["metadata"]["namespace"].is_null() {
                object["metadata"]["name"] = format!("{}{name}", names.prefix).into();
                object["metadata"]["labels"][LABEL] = mark().into();
            }
            if object["roleRef"]["kind"] == "ClusterRole" {
                let role = object["roleRef"]["name"].as_str().unwrap();
                object["roleRef"]["name"] = format!("{}{role}", names.prefix).into();
            }
            all += &format!("{object}\n---\n");
        }
        all
    }

    /// A pod says its version: else all that follows fails for want of it.
    fn must_have_the_image(&self) {
        let names = names();
        let own = |args: &[&str]| self.all(&[&["-n", &names.own], args].concat());
        let _ = own(&["delete", "pod", "image", "--ignore-not-found"]);
        self.apply(&crate::place::pod("image", "slackwater", &["version"]));
        let done = "--for=jsonpath={.status.phase}=Succeeded";
        let waited = own(&["wait", "pod", "image", done, "--timeout=180s"]);
        let said = own(&["describe", "pod", "image"]).unwrap_or_default();
        assert!(
            waited.is_ok(),
            "no pod of {} runs: build it by `cargo xtask image`, and have the nodes have it\n{said}",
            names.image
        );
        println!("{}", own(&["logs", "image"]).unwrap_or_default().trim());
        let _ = own(&["delete", "pod", "image"]);
    }

    /// Where the blueprint is to be, as the name that kanctl is told.
    pub(crate) fn blueprint(&self, kanister: &str) -> String {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../blueprints/kanister.yaml");
        let text = fs::read_to_string(file).unwrap();
        let mut object: Value = serde_yaml::from_str(&text).unwrap();
        let name = format!("{}slackwater", names().prefix);
        object["metadata"]["name"] = name.as_str().into();
        object["metadata"]["namespace"] = kanister.into();
        object["metadata"]["labels"][LABEL] = mark().into();
        self.apply(&object.to_string());
        name
    }
}

/// What tells what these tests made from what others did.
pub(crate) fn mark() -> String {
    said("MARK").unwrap_or_else(|| names().prefix.trim_end_matches('-').to_owned())
}

/// A command of Kafka's in a container: its script, or where there is none its class.
pub(crate) fn tool(kafka: &str, script: &str, class: &str, args: &str) -> String {
    let args = format!("--bootstrap-server {kafka}-kafka-bootstrap:9092 {args}");
    format!(
        "set -f; if test -x /opt/kafka/bin/{script}; then exec /opt/kafka/bin/{script} {args}; fi; \
         exec {} -Xmx128m {class} {args}",
        slackwater_lab::KAFKA_JAVA
    )
}
