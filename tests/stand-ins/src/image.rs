//! What the operator's pods are made of.

use slackwater_lab::kubernetes::Cluster;
pub(crate) use slackwater_lab::{KAFKA_IMAGE, KAFKA_JAVA as JAVA};

use crate::StandInError;

/// Takes the image in.
pub(crate) fn import(cluster: &Cluster) -> Result<(), StandInError> {
    let folder = cluster.folder();
    let layout = folder.join("kafka-image");
    let archive = folder.join("kafka-image.tar");
    let written = slackwater_lab::kafka_image(&layout)?;
    written
        .archive(&archive)
        .map_err(slackwater_lab::LabError::from)?;
    cluster.import(&archive)?;
    // Three times the same, of which the node keeps one: the disk is for volumes.
    // What stays goes with the cluster.
    let _ = std::fs::remove_dir_all(&layout);
    let _ = std::fs::remove_file(&archive);
    Ok(())
}
