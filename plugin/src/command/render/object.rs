//! The object that an action is for: as it is typed, in a file, and in the cluster.

use std::path::Path;
use std::str::FromStr;

use serde_json::Value;
use slackwater_kubernetes::{ApiServer, Makers, Place, Resource};
use slackwater_template::kanister::Kind;

use crate::command::lint::read;
use crate::config::yaml;
use crate::exit::Stop;

/// As it is typed.
#[derive(Debug, Clone)]
pub(super) enum RawObject {
    /// `KIND/NAMESPACE/NAME`, or `namespace/NAME`.
    Kind(&'static Short, String, String),
    /// `GROUP/VERSION/RESOURCE/NAMESPACE/NAME`, as kanctl's `--objects` has it.
    Resource([String; 5]),
}

/// A kind that has a short name here.
#[derive(Debug)]
pub(super) struct Short {
    name: &'static str,
    kind: Option<Kind>,
    group: &'static str,
    /// Of Strimzi's: the one that is served.
    version: Option<&'static str>,
    plural: &'static str,
}

const fn short(
    name: &'static str,
    kind: Option<Kind>,
    group: &'static str,
    version: Option<&'static str>,
    plural: &'static str,
) -> Short {
    Short {
        name,
        kind,
        group,
        version,
        plural,
    }
}

const STRIMZI: &str = "kafka.strimzi.io";

/// Kanister's own (`pkg/param/param.go`, `New`), and Strimzi's that matter here.
static KINDS: [Short; 8] = [
    short(
        "namespace",
        Some(Kind::Namespace),
        "",
        Some("v1"),
        "namespaces",
    ),
    short(
        "pvc",
        Some(Kind::Pvc),
        "",
        Some("v1"),
        "persistentvolumeclaims",
    ),
    short(
        "statefulset",
        Some(Kind::StatefulSet),
        "apps",
        Some("v1"),
        "statefulsets",
    ),
    short(
        "deployment",
        Some(Kind::Deployment),
        "apps",
        Some("v1"),
        "deployments",
    ),
    short(
        "deploymentconfig",
        Some(Kind::DeploymentConfig),
        "apps.openshift.io",
        Some("v1"),
        "deploymentconfigs",
    ),
    short("kafka", None, STRIMZI, None, "kafkas"),
    short("kafkanodepool", None, STRIMZI, None, "kafkanodepools"),
    short(
        "kafkamirrormaker2",
        None,
        STRIMZI,
        None,
        "kafkamirrormaker2s",
    ),
];

fn known() -> String {
    let names: Vec<&str> = KINDS.iter().map(|one| one.name).collect();
    names.join(", ")
}

/// Why it is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ObjectError {
    #[error(
        "no kind {0:?} is known by its name: say GROUP/VERSION/RESOURCE/NAMESPACE/NAME; known are \
         {known}",
        known = known()
    )]
    Kind(String),
    #[error(
        "{0:?} is neither KIND/NAMESPACE/NAME, nor namespace/NAME, nor \
         GROUP/VERSION/RESOURCE/NAMESPACE/NAME"
    )]
    Form(String),
}

impl FromStr for RawObject {
    type Err = ObjectError;

    fn from_str(text: &str) -> Result<Self, ObjectError> {
        let parts: Vec<&str> = text.split('/').collect();
        let kind = |name: &str| {
            let name = name.to_lowercase();
            let found = KINDS.iter().find(|one| one.name == name);
            found.ok_or(ObjectError::Kind(name))
        };
        let owned = |part: &str| part.to_owned();
        match parts.as_slice() {
            [name, of] if kind(name)?.kind == Some(Kind::Namespace) => {
                Ok(Self::Kind(kind(name)?, String::new(), owned(of)))
            }
            [name, namespace, of] => Ok(Self::Kind(kind(name)?, owned(namespace), owned(of))),
            [version, resource, namespace, of] => Ok(Self::Resource(
                ["", version, resource, namespace, of].map(str::to_owned),
            )),
            [group, version, resource, namespace, of] => Ok(Self::Resource(
                [*group, version, resource, namespace, of].map(str::to_owned),
            )),
            _ => Err(ObjectError::Form(text.to_owned())),
        }
    }
}

/// What is given to templates.
pub(super) struct Found {
    pub(super) object: Value,
    pub(super) kind: Option<Kind>,
}

impl RawObject {
    pub(super) fn fetch(&self, kubeconfig: Option<&Path>) -> Result<Found, Stop> {
        let server = ApiServer::connect(kubeconfig).map_err(Stop::bad_input)?;
        let (resource, namespace, name, kind) = match self {
            Self::Kind(short, namespace, name) => {
                let version = match short.version {
                    Some(version) => version.to_owned(),
                    None => {
                        let makers = Makers::discover(server.clone()).map_err(Stop::failed)?;
                        makers.version().as_str().to_owned()
                    }
                };
                let resource = Resource::of(short.group, &version, short.plural);
                (resource, namespace, name, short.kind)
            }
            // kanctl names no kind then.
            Self::Resource([group, version, plural, namespace, name]) => {
                let resource = Resource::typed(group, version, plural).map_err(Stop::bad_input)?;
                (resource, namespace, name, None)
            }
        };
        let place = match namespace.as_str() {
            "" => Place::cluster(resource, name),
            namespace => Place::new(resource, namespace, name),
        };
        let place = place.map_err(Stop::bad_input)?;
        let object = server.get(&place).map_err(Stop::failed)?;
        let missing = || {
            Stop::bad_input(format!(
                "there is no {place}: Kanister would begin no phase"
            ))
        };
        Ok(Found {
            object: object.ok_or_else(missing)?,
            kind,
        })
    }
}

/// The one object of a file.
pub(super) fn of_file(file: &Path) -> Result<Found, Stop> {
    let place = file.display();
    let documents = yaml::documents(&read(file)?)
        .map_err(|error| Stop::bad_input(format!("{place}: {error}")))?;
    let mut objects = documents.into_iter().filter(|one| !one.is_null());
    match (objects.next(), objects.next()) {
        (Some(object), None) if object["metadata"]["name"].is_string() => Ok(Found {
            kind: object["kind"].as_str().and_then(Kind::of_object),
            object,
        }),
        (Some(_), Some(_)) => Err(Stop::bad_input(format!(
            "{place}: there are several objects"
        ))),
        _ => Err(Stop::bad_input(format!(
            "{place}: there is no object with a name"
        ))),
    }
}

/// `Kafka NAMESPACE/NAME`
pub(super) fn words(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (kind, name) = (text(&object["kind"]), text(&object["metadata"]["name"]));
    match text(&object["metadata"]["namespace"]).as_str() {
        "" => format!("{kind} {name}"),
        namespace => format!("{kind} {namespace}/{name}"),
    }
}
