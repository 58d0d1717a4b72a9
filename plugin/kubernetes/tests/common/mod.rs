//! One control plane for all tests of a program, each in a namespace of its
//! own.
#![allow(dead_code, reason = "each test program uses some of it")]

pub(crate) mod between;
pub(crate) mod operator;

use std::sync::OnceLock;

use slackwater_kubernetes::ApiServer;
use slackwater_lab::kubernetes::ControlPlane;

static PLANE: OnceLock<ControlPlane> = OnceLock::new();

/// It goes with the process.
pub(crate) fn plane() -> &'static ControlPlane {
    PLANE.get_or_init(|| ControlPlane::start("api").unwrap())
}

/// The administrator's connection.
pub(crate) fn server() -> ApiServer {
    ApiServer::connect(Some(plane().kubeconfig())).unwrap()
}

/// Makes it.
pub(crate) fn namespace(name: &str) -> String {
    plane().kubectl(&["create", "namespace", name]).unwrap();
    name.to_owned()
}

/// A Kafka of the name `mirror`.
pub(crate) fn mirror(namespace: &str) {
    plane()
        .apply(&format!(
            "
apiVersion: kafka.strimzi.io/v1
kind: Kafka
metadata: {{name: mirror, namespace: {namespace}}}
spec:
  kafka:
    listeners:
      - {{name: plain, port: 9092, type: internal, tls: false}}
"
        ))
        .unwrap();
}

/// The connection of an account that may do `verbs` with resources of a group,
/// and nothing else.
pub(crate) fn account(
    namespace: &str,
    name: &str,
    group: &str,
    resources: &[&str],
    verbs: &[&str],
) -> ApiServer {
    let mut rules = Vec::new();
    for resource in resources {
        rules.extend(verbs.iter().map(|verb| (group, *resource, *verb)));
    }
    account_of(namespace, name, &rules)
}

/// The same of rules: group, resource, verb. They hold in the whole cluster,
/// which is what resources without a namespace need.
pub(crate) fn account_of(namespace: &str, name: &str, rules: &[(&str, &str, &str)]) -> ApiServer {
    let rule = |(group, resource, verb): &(&str, &str, &str)| {
        format!("  - {{apiGroups: ['{group}'], resources: [{resource}], verbs: [{verb}]}}\n")
    };
    let rules: String = rules.iter().map(rule).collect();
    let whole = format!("{namespace}-{name}");
    plane()
        .apply(&format!(
            "
apiVersion: v1
kind: ServiceAccount
metadata: {{name: {name}, namespace: {namespace}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: {whole}}}
rules:
{rules}---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: {whole}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {whole}}}
subjects: [{{kind: ServiceAccount, name: {name}, namespace: {namespace}}}]
"
        ))
        .unwrap();
    let kubeconfig = plane().kubeconfig_of(namespace, name).unwrap();
    ApiServer::connect(Some(&kubeconfig)).unwrap()
}
