//! What the operator's pods are made of.

use slackwater_lab::kubernetes::Cluster;
pub(crate) use slackwater_lab::{KAFKA_IMAGE, KAFKA_JAVA as JAVA};

use crate::StandInError;

/// Takes the image in.
pub(crate) fn import(cluster: &Cluster) -> Result<(), StandInError> {
    let folder = cluster.folder();
    let written = slackwater_lab::kafka_image(&folder.join("kafka-image"))?;
    let archive = folder.join("kafka-image.tar");
    written
        .archive(&archive)
        .map_err(slackwater_lab::LabError::from)?;
    Ok(cluster.import(&archive)?)
}
