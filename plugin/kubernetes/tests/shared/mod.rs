//! One control plane for all tests of a program, each in a namespace of its
//! own.
#![allow(dead_code, reason = "each test program uses some of it")]

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

/// The connection of an account that may do `verbs` with a resource, and nothing
/// else.
pub(crate) fn account(
    namespace: &str,
    name: &str,
    group: &str,
    resource: &str,
    verbs: &[&str],
) -> ApiServer {
    let verbs = verbs.join(", ");
    plane()
        .apply(&format!(
            "
apiVersion: v1
kind: ServiceAccount
metadata: {{name: {name}, namespace: {namespace}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: {name}, namespace: {namespace}}}
rules: [{{apiGroups: ['{group}'], resources: [{resource}], verbs: [{verbs}]}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: {name}, namespace: {namespace}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: {name}}}
subjects: [{{kind: ServiceAccount, name: {name}, namespace: {namespace}}}]
"
        ))
        .unwrap();
    let kubeconfig = plane().kubeconfig_of(namespace, name).unwrap();
    ApiServer::connect(Some(&kubeconfig)).unwrap()
}
