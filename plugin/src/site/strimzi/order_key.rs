//! A component of the site's own in a ConfigMap of Slackwater's namespace, where pods read it.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use slackwater_kubernetes::{ApiServer, Place, Resource};

use super::home::home;
use crate::exit::Stop;
use crate::trimming::OrderKey;

/// That which numbers messages: the only entry of a ConfigMap's `binaryData`, as
/// `kubectl create configmap NAME --from-file=FILE` makes it.
///
/// # Errors
/// This program has no namespace; the ConfigMap is not there, or has no such entry.
pub fn order_key(kubeconfig: Option<&Path>, name: &str) -> Result<OrderKey, Stop> {
    let server = ApiServer::connect(kubeconfig).map_err(Stop::bad_input)?;
    let home = home(&server)?;
    let home = home.ok_or_else(|| {
        Stop::bad_input(format!(
            "configmap/{name} is looked for in Slackwater's own namespace, and this program runs in \
             none: name a file, or set SLACKWATER_NAMESPACE and SLACKWATER_IMAGE"
        ))
    })?;
    let place = Place::new(Resource::config_maps(), &home.namespace, name);
    let place = place.map_err(Stop::bad_input)?;
    let found = server.get(&place).map_err(Stop::failed)?;
    let found = found.ok_or_else(|| {
        Stop::bad_input(format!(
            "there is no {place}: kubectl create configmap {name} --namespace {} --from-file=FILE.wasm",
            home.namespace
        ))
    })?;
    let entries = found["binaryData"].as_object();
    let mut entries = entries.into_iter().flatten();
    let (Some((key, text)), None) = (entries.next(), entries.next()) else {
        return Err(Stop::bad_input(format!(
            "{place} has to have one component as its binaryData, and nothing else there"
        )));
    };
    let bytes = STANDARD.decode(text.as_str().unwrap_or_default());
    let bytes = bytes.map_err(|error| Stop::bad_input(format!("{place}: {key}: {error}")))?;
    Ok(OrderKey::new(format!("configmap/{name}"), &bytes))
}
