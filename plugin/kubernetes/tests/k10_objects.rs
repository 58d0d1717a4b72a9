//! What is looked at of a cluster with K10, on a real API server: where its policies lie, and
//! on which storage.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

mod common;

use slackwater_kubernetes::k10_objects;

use common::{account_of, mirror, namespace, plane, server};

const OPTED_IN: &str = "slackwater.io/mirror=true";
const CRD: &str = "crd/policies.config.kio.kasten.io";

const DEFINITION: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: policies.config.kio.kasten.io}
spec:
  group: config.kio.kasten.io
  scope: Namespaced
  names: {kind: Policy, plural: policies, singular: policy}
  versions:
    - name: v1alpha1
      served: true
      storage: true
      schema:
        openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
";

fn policy(namespace: &str, name: &str) -> String {
    format!(
        "
apiVersion: config.kio.kasten.io/v1alpha1
kind: Policy
metadata: {{name: {name}, namespace: {namespace}}}
"
    )
}

/// A claim of the mirror, and a class of storage that says how it is snapshotted.
fn storage(namespace: &str) -> String {
    format!(
        "
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: standard
  annotations: {{k10.kasten.io/volume-snapshot-class: fast}}
provisioner: csi.example.com
---
apiVersion: v1
kind: PersistentVolume
metadata: {{name: {namespace}-data}}
spec:
  accessModes: [ReadWriteOnce]
  capacity: {{storage: 1Gi}}
  claimRef: {{namespace: {namespace}, name: data-mirror-dual-0}}
  csi: {{driver: csi.example.com, volumeHandle: data}}
  persistentVolumeReclaimPolicy: Retain
  storageClassName: standard
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data-mirror-dual-0
  namespace: {namespace}
  labels: {{strimzi.io/cluster: mirror}}
spec:
  accessModes: [ReadWriteOnce]
  resources: {{requests: {{storage: 1Gi}}}}
  storageClassName: standard
  volumeName: {namespace}-data
"
    )
}

/// Lists policies in K10's namespace, and nowhere else.
const LISTS_THERE: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: lists-policies, namespace: kasten-io}
rules:
  - {apiGroups: [config.kio.kasten.io], resources: [policies], verbs: [list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: lists-policies, namespace: kasten-io}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: lists-policies}
subjects: [{kind: ServiceAccount, name: asker, namespace: kasten-io}]
";

#[test]
fn policies_that_lie_with_a_mirror_are_found_and_who_may_not_list_them_there_is_told() {
    let (k10, space) = (namespace("kasten-io"), namespace("with-policy"));
    mirror(&space);
    let label = ["label", "kafka", "mirror", "-n", &space, OPTED_IN];
    plane().kubectl(&label).unwrap();
    plane().apply(&storage(&space)).unwrap();
    let none = k10_objects(&server(), &k10, OPTED_IN).unwrap();
    assert!(none.policies.is_none());

    plane().apply(DEFINITION).unwrap();
    let wait = ["wait", "--for=condition=Established", CRD];
    plane().kubectl(&wait).unwrap();
    // That of a namespace without a mirror is none of ours.
    let elsewhere = namespace("without-mirror");
    for of in [&k10, &space, &elsewhere] {
        plane().apply(&policy(of, "daily")).unwrap();
    }
    let found = k10_objects(&server(), &k10, OPTED_IN).unwrap();
    let policies = found.policies.unwrap();
    let spaces: Vec<&str> = policies
        .iter()
        .map(|one| one["metadata"]["namespace"].as_str().unwrap())
        .collect();
    assert_eq!(spaces, [&k10, &space]);
    let [mirror] = found.mirrors.as_slice() else {
        panic!("{}", found.mirrors.len());
    };
    assert_eq!(
        mirror.volumes,
        [("csi.example.com".to_owned(), "standard".to_owned())]
    );
    let class = found
        .storage_classes
        .iter()
        .find(|one| one["metadata"]["name"] == "standard");
    let annotation = "k10.kasten.io/volume-snapshot-class";
    assert_eq!(
        class.unwrap()["metadata"]["annotations"][annotation],
        "fast"
    );
    let kafka = &found.kafkas[0]["metadata"];
    assert_eq!(kafka["labels"]["slackwater.io/mirror"], "true");

    let lists = ["kafkas", "kafkanodepools"].map(|what| ("kafka.strimzi.io", what, "list"));
    let asker = account_of(&k10, "asker", &lists);
    plane().apply(LISTS_THERE).unwrap();
    let Err(said) = k10_objects(&asker, &k10, OPTED_IN) else {
        panic!("it may list policies of {space}");
    };
    let denied = "may not list policies.config.kio.kasten.io in with-policy";
    assert!(said.to_string().contains(denied), "{said}");
}
