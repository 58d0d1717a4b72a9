//! Kanister's functions and their arguments, of release 0.119.0 (`RequiredArgs` and
//! `Arguments` in `pkg/function`): those that a Blueprint of this project may use.

/// A function.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) required: &'static [&'static str],
    pub(crate) optional: &'static [&'static str],
}

const fn function(
    name: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
) -> Function {
    Function {
        name,
        required,
        optional,
    }
}

/// What is checked. Others are Kanister's own business: `kanctl validate blueprint`
/// knows all.
pub(crate) const FUNCTIONS: [Function; 7] = [
    function(
        "KubeTask",
        &["image", "command"],
        &["namespace", "podOverride", "podAnnotations", "podLabels"],
    ),
    function("KubeExec", &["namespace", "pod", "command"], &["container"]),
    function(
        "KubeExecAll",
        &["namespace", "pods", "containers", "command"],
        &[],
    ),
    function(
        "KubeOps",
        &["operation"],
        &["spec", "namespace", "objectReference"],
    ),
    function(
        "ScaleWorkload",
        &["replicas"],
        &["namespace", "name", "kind", "waitForReady"],
    ),
    function("WaitV2", &["timeout", "conditions"], &[]),
    function(
        "CreateCSISnapshot",
        &["pvc", "namespace", "snapshotClass"],
        &["name", "labels"],
    ),
];

/// The other functions of that release (`FuncName` in `pkg/function`), and those that older
/// ones had. A name that is none of them fails when the action begins.
pub(crate) const OTHERS: [&str; 29] = [
    "BackupData",
    "BackupDataAll",
    "BackupDataStats",
    "BackupDataUsingKopiaServer",
    "CheckRepository",
    "CopyVolumeData",
    "CreateCSISnapshotStatic",
    "CreateRDSSnapshot",
    "CreateVolumeFromSnapshot",
    "CreateVolumeSnapshot",
    "DeleteCSISnapshot",
    "DeleteCSISnapshotContent",
    "DeleteData",
    "DeleteDataAll",
    "DeleteDataUsingKopiaServer",
    "DeleteRDSSnapshot",
    "DeleteVolumeSnapshot",
    "DescribeBackups",
    "ExportRDSSnapshotToLocation",
    "LocationDelete",
    "MultiContainerRun",
    "PrepareData",
    "RestoreCSISnapshot",
    "RestoreData",
    "RestoreDataAll",
    "RestoreDataUsingKopiaServer",
    "RestoreRDSSnapshot",
    "Wait",
    "WaitForSnapshotCompletion",
];
