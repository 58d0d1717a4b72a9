//! What an account has to be allowed, asked before anything is stopped or exchanged:
//! what a backup is refused in the middle was held for nothing, and a restore leaves a
//! mirror without its brokers.
//!
//! The API server is asked about each by a SelfSubjectAccessReview, which changes
//! nothing and which every account may make (`system:basic-user`). Where it may not,
//! nothing is said here, and a refusal is told when it comes.

use std::fmt;

use serde_json::json;
use slackwater_strimzi::ApiVersion;

use crate::lease::lease_name;
use crate::place::Resource;
use crate::{ApiError, ApiServer};

/// One thing that an account may have to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    verb: &'static str,
    resource: Resource,
    /// `exec`, or nothing.
    subresource: &'static str,
    /// Empty for what is in no namespace.
    namespace: String,
    /// Empty for any. Where a role names objects, that of another is no answer.
    name: String,
}

/// Those of a guard of a Kafka (`name`, in `namespace`).
pub fn rights_of_guard(namespace: &str, name: &str) -> Vec<Right> {
    let mut all = rights(namespace, &Resource::leases(), "", &["update"]);
    for lease in &mut all {
        lease.name = lease_name(name);
    }
    all.extend(rights(
        namespace,
        &Resource::config_maps(),
        "",
        &["get", "update"],
    ));
    all
}

/// Those of a backup of a Kafka (`name`, in `namespace`), by pods of Slackwater's `own`,
/// beside what finds the mirror and shows by itself before the stop; with `reads` also
/// what reads the snapshots, and with `secrets` what keeps those. (Which Secrets may be
/// read is often said by their names, and shows when they are.)
pub fn rights_of_backup(
    version: ApiVersion,
    (namespace, name): (&str, &str),
    own: &str,
    reads: bool,
    secrets: bool,
) -> Vec<Right> {
    let here = |resource: &Resource, verbs: &[&'static str]| rights(namespace, resource, "", verbs);
    let exec = |namespace: &str| rights(namespace, &Resource::pods(), "exec", &["get"]);
    let (documents, pods) = (Resource::config_maps(), Resource::pods());
    let mut all = rights_of_guard(namespace, name);
    all.extend(here(&documents, &["list", "create"]));
    // A guard that may not make the Lease tries until nobody waits for it any more.
    all.extend(here(&Resource::leases(), &["create"]));
    // What is kept takes the place of what may have been kept before.
    let copies = ["get", "create", "delete"];
    all.extend(rights(own, &documents, "", &copies));
    all.extend(here(&Resource::users(version), &["list"]));
    all.extend(here(&Resource::topics(version), &["list"]));
    if secrets {
        all.extend(rights(own, &Resource::secrets(), "", &copies));
    }
    all.extend(rights(own, &pods, "", &["get", "create"]));
    all.extend(exec(own));
    all.extend(here(&pods, &["get", "list"]));
    all.extend(exec(namespace));
    all.extend(here(&Resource::snapshots(), &["get", "list", "create"]));
    all.extend(rights(
        "",
        &Resource::snapshot_contents(),
        "",
        &["get", "patch"],
    ));
    // Whether what a flush told is of the volume that a claim has now.
    all.extend(here(&Resource::claims(), &["get"]));
    if reads {
        all.extend(here(&pods, &["create", "delete"]));
        all.extend(here(&Resource::claims(), &["create", "delete"]));
        all.extend(rights("", &Resource::volumes(), "", &["get", "patch"]));
    }
    all
}

/// Those of whoever has a pod of its own, in Slackwater's `own`, go on with what it can't
/// wait for.
pub fn rights_of_apart(own: &str) -> Vec<Right> {
    rights(own, &Resource::pods(), "", &["get", "create"])
}

/// These verbs of a resource.
pub(crate) fn rights(
    namespace: &str,
    resource: &Resource,
    subresource: &'static str,
    verbs: &[&'static str],
) -> Vec<Right> {
    let each = verbs.iter().map(|verb| Right {
        verb,
        resource: resource.clone(),
        subresource,
        namespace: namespace.to_owned(),
        name: String::new(),
    });
    each.collect()
}

/// That all of them are allowed to whoever asks, which is to be this account; `so_far`
/// tells, to whom it is not, what was not done yet.
///
/// # Errors
/// Some are not: all that are not, in one line; no answer.
pub fn must_be_allowed(
    server: &ApiServer,
    account: &str,
    rights: &[Right],
    so_far: &str,
) -> Result<(), ApiError> {
    let mut denied = Vec::new();
    for right in rights {
        if !is_allowed(server, right)? {
            denied.push(right.to_string());
        }
    }
    match denied.is_empty() {
        true => Ok(()),
        false => Err(ApiError::Denied {
            what: denied.join(", "),
            said: format!("of {account}; {so_far}"),
        }),
    }
}

fn is_allowed(server: &ApiServer, right: &Right) -> Result<bool, ApiError> {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": right.attributes()},
    });
    match server.review("selfsubjectaccessreviews", &review) {
        Ok(answer) => Ok(answer["status"]["allowed"] == true),
        Err(error @ (ApiError::Denied { .. } | ApiError::NotServed { .. })) => {
            tracing::debug!("{error}: whether it may {right} shows when it does");
            Ok(true)
        }
        Err(error) => Err(error),
    }
}

/// Those of them that are not allowed to a ServiceAccount, which somebody else asks for
/// by SubjectAccessReviews.
///
/// # Errors
/// He may not ask; no answer.
pub(crate) fn denied_to(
    server: &ApiServer,
    (namespace, account): (&str, &str),
    rights: &[Right],
) -> Result<Vec<String>, ApiError> {
    let mut denied = Vec::new();
    for right in rights {
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": format!("system:serviceaccount:{namespace}:{account}"),
                "groups": [
                    "system:serviceaccounts",
                    format!("system:serviceaccounts:{namespace}"),
                    "system:authenticated",
                ],
                "resourceAttributes": right.attributes(),
            },
        });
        if server.review("subjectaccessreviews", &review)?["status"]["allowed"] != true {
            denied.push(right.to_string());
        }
    }
    Ok(denied)
}

impl Right {
    fn attributes(&self) -> serde_json::Value {
        json!({
            "namespace": self.namespace,
            "verb": self.verb,
            "group": self.resource.group,
            "resource": self.resource.plural,
            "subresource": self.subresource,
            "name": self.name,
        })
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        if !self.subresource.is_empty() {
            write!(f, "/{}", self.subresource)?;
        }
        match self.namespace.is_empty() {
            true => Ok(()),
            false => write!(f, " in {}", self.namespace),
        }
    }
}
