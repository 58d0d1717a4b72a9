//! What is done, one at a time. A step that was done before is done again without
//! harm: whoever was cut short does not know how far he was.

use std::fmt;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Have a VolumeSnapshot of what is left of one that went with its namespace.
    FindSnapshot(String),
    /// Wait until a claim's snapshot can be restored from.
    AwaitSnapshot(String),
    /// Have the operator leave the Kafka alone, and note the restore on it.
    PauseKafka,
    /// The same, noting that it goes back.
    TurnBack,
    /// The same, noting that others restore the claims.
    StandAside,
    /// Pause the Kafka, note that others have restored the claims, and make volumes that
    /// were kept for that those of this run.
    TakeOver,
    /// Have the operator leave a KafkaMirrorMaker2 alone, and note on it that.
    PauseFeeder(String),
    /// Remove its workers: what they know is of the mirror as it was.
    RemoveWorkers(String),
    /// Remove StrimziPodSets, and wait until their pods are gone.
    RemoveNodes(Vec<String>),
    /// Wait for pods that are going.
    AwaitNoPods(Vec<String>),
    /// Have a claim's volume outlive it, and note on it how the claim was.
    KeepVolume(String),
    /// Delete a claim whose volume is kept.
    RemoveClaim(String),
    /// Make a claim from its snapshot.
    MakeClaim(String),
    /// Hold what lies on the volumes against the cut.
    ProveVolumes,
    /// Cut what lies on the volumes back to one point, and hold it against that.
    TrimVolumes,
    /// Make a Secret again.
    MakeSecret(String),
    /// Make a KafkaNodePool again.
    MakePool(String),
    /// Make the Kafka again, paused.
    MakeKafka,
    /// Give a KafkaNodePool its node ids.
    GiveNodeIds(String),
    /// Give the Kafka its cluster id: the last before it is unpaused.
    GiveClusterId,
    /// Let the nodes of a clone reach no node of another namespace.
    CloseOff,
    /// Have the operator look after the Kafka again.
    StartNodes,
    /// Wait until it is ready.
    AwaitReady,
    /// Hold the brokers' heads against the cut.
    ProveHeads,
    /// Take back what holds retention back.
    LetRetentionGo,
    /// Make a KafkaUser or a KafkaTopic again.
    MakeOther(String),
    /// Make a KafkaMirrorMaker2 again.
    MakeFeeder(String),
    /// Have the operator look after it again, with all connectors stopped where the
    /// mirror is another than before.
    StartFeeder(String),
    /// Start the connectors that copy, unless the source has deleted what they need.
    StartCopying,
    /// Wait until they have copied what was copied before, and start the others.
    StartCheckpoints,
    /// Take the notes away.
    Finish,
    /// Delete a claim that a restore made, with its volume.
    DropClaim(String),
    /// Make a claim for the volume that was kept.
    PutBackClaim(String),
    /// Leave all to whoever restores the claims.
    LeaveAside,
    /// Note that all volumes from before are back.
    NoteIsBack,
    /// Take the notes away, those on the volumes too.
    FinishBack,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FindSnapshot(claim) => {
                write!(
                    f,
                    "make a VolumeSnapshot of what is left of that of {claim}"
                )
            }
            Self::AwaitSnapshot(claim) => {
                write!(f, "wait until the snapshot of {claim} can be restored from")
            }
            Self::PauseKafka => f.write_str("pause the Kafka, and note on it what is done"),
            Self::TurnBack => f.write_str("pause the Kafka, and note on it that it goes back"),
            Self::StandAside => {
                f.write_str("pause the Kafka, and note on it that others restore its claims")
            }
            Self::TakeOver => f.write_str("note which run's backup others have restored"),
            Self::PauseFeeder(name) => write!(f, "pause KafkaMirrorMaker2 {name}"),
            Self::RemoveWorkers(name) => write!(f, "remove the workers of {name}"),
            Self::RemoveNodes(sets) => {
                write!(
                    f,
                    "remove StrimziPodSets {} and their pods",
                    sets.join(", ")
                )
            }
            Self::AwaitNoPods(pods) => write!(f, "wait until {} are gone", pods.join(", ")),
            Self::KeepVolume(claim) => write!(f, "have the volume of {claim} kept"),
            Self::RemoveClaim(claim) => write!(f, "delete claim {claim}; its volume stays"),
            Self::MakeClaim(claim) => write!(f, "make claim {claim} from its snapshot"),
            Self::ProveVolumes => f.write_str("hold what lies on the volumes against the cut"),
            Self::TrimVolumes => f.write_str("cut what lies on the volumes back to one point"),
            Self::MakeSecret(name) => write!(f, "make Secret {name} again"),
            Self::MakePool(name) => write!(f, "make KafkaNodePool {name} again"),
            Self::MakeKafka => f.write_str("make the Kafka again, paused"),
            Self::GiveNodeIds(name) => write!(f, "give KafkaNodePool {name} its node ids"),
            Self::GiveClusterId => f.write_str("give the Kafka its cluster id"),
            Self::CloseOff => f.write_str("let the clone's nodes reach none of another namespace"),
            Self::StartNodes => f.write_str("unpause the Kafka"),
            Self::AwaitReady => f.write_str("wait until the Kafka is ready"),
            Self::ProveHeads => f.write_str("hold the brokers' heads against the cut"),
            Self::LetRetentionGo => f.write_str("let retention delete again"),
            Self::MakeOther(what) => write!(f, "make {what} again"),
            Self::MakeFeeder(name) => write!(f, "make KafkaMirrorMaker2 {name} again"),
            Self::StartFeeder(name) => write!(f, "unpause KafkaMirrorMaker2 {name}"),
            Self::StartCopying => {
                f.write_str("start what copies, unless the source has deleted what it needs")
            }
            Self::StartCheckpoints => {
                f.write_str("start the checkpoint connectors once all is caught up")
            }
            Self::Finish | Self::FinishBack => f.write_str("take the notes away"),
            Self::DropClaim(claim) => write!(f, "delete claim {claim} and its volume"),
            Self::PutBackClaim(claim) => {
                write!(f, "make claim {claim} for the volume that was kept")
            }
            Self::LeaveAside => f.write_str("leave the claims to whoever restores them"),
            Self::NoteIsBack => f.write_str("note that the volumes from before are back"),
        }
    }
}
