//! containerd and its images (Debian's 1.6, CRI plugin's configuration of
//! version 2).

use std::path::Path;
use std::time::Duration;

use slackwater_image::{Config, Layout};

use super::super::network::NodeNetwork;
use super::first::First;
use super::write;
use crate::error::LabError;
use crate::wait;

/// Within the node's own `/run`.
pub(super) const SOCKET: &str = "/run/containerd/containerd.sock";

/// It listens within a second.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// The namespace that CRI's images are in.
const NAMESPACE: &str = "k8s.io";

/// busybox, which waits where nobody tells it otherwise: what holds a pod's
/// namespaces, and a shell for tests. (A name without a dot before its first
/// slash would be taken for one of a registry's.)
pub(crate) const BUSYBOX_IMAGE: &str = "lab.local/busybox:1";

/// Where Debian's busybox-static puts its one program.
const BUSYBOX: &str = "/bin/busybox";

/// What is found in it by its own name.
const APPLETS: [&str; 12] = [
    "cat", "echo", "env", "httpd", "id", "ls", "nc", "nslookup", "sh", "sleep", "sync", "wget",
];

/// The command line, and the files that it names.
pub(super) fn line(folder: &Path, network: &NodeNetwork) -> Result<Vec<String>, LabError> {
    let networks = folder.join("networks");
    std::fs::create_dir_all(&networks).map_err(LabError::io("create", &networks))?;
    let pods = serde_json::json!({
        "cniVersion": "0.4.0",
        "name": "pods",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "pods",
                "isGateway": true,
                // This machine has a route to them: they come with their own
                // addresses.
                "ipMasq": false,
                "hairpinMode": true,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": network.pods()}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": true}},
        ],
    });
    write(&networks.join("10-pods.conflist"), &pods.to_string())?;
    let config = format!(
        r#"version = 2
root = "{root}"
state = "/run/containerd"
[grpc]
  address = "{SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{BUSYBOX_IMAGE}"
  disable_apparmor = true
  # A container in a container may not lower it.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{networks}"
"#,
        root = folder.join("containerd").display(),
        networks = networks.display(),
    );
    let file = write(&folder.join("containerd.toml"), &config)?;
    Ok(vec!["containerd".to_owned(), "--config".to_owned(), file])
}

pub(super) fn wait(first: &First) -> Result<(), LabError> {
    wait::until("containerd", READY_LIMIT, || {
        let said = first.run(&["ctr", "--address", SOCKET, "version"]);
        Ok(said.is_ok().then_some(()))
    })
}

/// Takes an image in.
pub(super) fn import(first: &First, archive: &Path) -> Result<(), LabError> {
    let archive = archive.display().to_string();
    let words = [
        "ctr",
        "--address",
        SOCKET,
        "--namespace",
        NAMESPACE,
        "images",
        "import",
        &archive,
    ];
    first.run(&words).map(drop)
}

/// Every pod needs it. Its programs are found by their own names.
pub(super) fn import_busybox(first: &First, folder: &Path) -> Result<(), LabError> {
    let mut layout = Layout::create(&folder.join("busybox"))?;
    layout.layer(|layer| {
        layer.file(Path::new(BUSYBOX), Path::new(BUSYBOX))?;
        layer.open_directory(Path::new("/tmp"))?;
        APPLETS.iter().try_for_each(|name| {
            let at = Path::new("/bin").join(name);
            layer.link(&at, Path::new("busybox"))
        })
    })?;
    let script = "trap exit TERM; while :; do sleep 3600 & wait $!; done";
    let config = Config {
        entrypoint: [BUSYBOX, "sh", "-c", script].map(str::to_owned).to_vec(),
        ..Config::default()
    };
    let archive = folder.join("busybox.tar");
    layout
        .finish(&config, &[BUSYBOX_IMAGE])?
        .archive(&archive)?;
    import(first, &archive)
}
