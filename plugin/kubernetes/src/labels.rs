//! What is put on every object that is made, so that it can be selected; and whose
//! objects there are by it.

use std::collections::BTreeSet;

use crate::place::Resource;
use crate::{ApiError, ApiServer};

/// Whose it is: the label, and its value.
pub(crate) const APP: &str = "app.kubernetes.io/name";
pub(crate) const SLACKWATER: &str = "slackwater";

/// Which run's.
pub(crate) const RUN: &str = "slackwater.io/run";

/// The same, on what a clone of it is made of: whoever deletes a run's snapshots, with
/// what the storage has, never finds these.
pub(crate) const CLONE: &str = "slackwater.io/clone-of-run";

/// Of Strimzi's: with a Kafka's name, on what its operator makes (`ResourceLabels`).
pub(crate) const CLUSTER: &str = "strimzi.io/cluster";

/// The runs of which there are any of a resource, in a namespace, with these labels
/// beside their run's.
pub(crate) fn runs_of(
    server: &ApiServer,
    resource: &Resource,
    namespace: &str,
    labels: &[&str],
) -> Result<BTreeSet<String>, ApiError> {
    let mut wanted = format!("{APP}={SLACKWATER},{RUN}");
    for label in labels {
        wanted += &format!(",{label}");
    }
    let found = server.list_metadata(resource, namespace, &wanted)?;
    let runs = found
        .iter()
        .filter_map(|one| one["metadata"]["labels"][RUN].as_str());
    Ok(runs.map(str::to_owned).collect())
}
