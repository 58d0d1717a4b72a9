//! etcd, the API server and the controllers of one Kubernetes.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::components::Components;
use super::credentials::{ADMIN, CONTROLLERS, Credentials};
use super::definitions::{Definitions, Strimzi};
use super::network::{NodeNetwork, SERVICES};
use crate::builder::check_name;
use crate::command;
use crate::error::LabError;
use crate::ports::PortBlock;
use crate::process::Process;
use crate::run_dir::RunDir;
use crate::{packages, sweep, wait};

/// The API server answers after four seconds on an idle machine.
const READY_LIMIT: Duration = Duration::from_secs(90);

/// A definition is served a moment after it is accepted.
const SERVED_LIMIT: &str = "--timeout=60s";

/// A Kubernetes without nodes. All of it goes when it is dropped; the logs stay
/// when the thread panics.
#[derive(Debug)]
pub struct ControlPlane {
    // Fields drop in this order: the processes, then their directory.
    controllers: Option<Process>,
    api_server: Mutex<Option<Process>>,
    _etcd: Process,
    applied: AtomicU32,
    components: Components,
    credentials: Credentials,
    admin: PathBuf,
    /// The address that the API server listens on, and its URL.
    address: String,
    server: String,
    run: Arc<RunDir>,
    ports: PortBlock,
}

/// What a control plane stands on: a directory and ports that no other has.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) run: Arc<RunDir>,
    pub(crate) ports: PortBlock,
}

impl Ground {
    pub(crate) fn take(name: &str) -> Result<Self, LabError> {
        check_name(name)?;
        packages::ensure()?;
        sweep::sweep();
        Ok(Self {
            ports: PortBlock::take()?,
            run: Arc::new(RunDir::make(name)?),
        })
    }
}

impl ControlPlane {
    /// Brings it up, with the definitions of Strimzi's resources and of
    /// VolumeSnapshots.
    ///
    /// # Errors
    /// What could not be fetched, built or started.
    pub fn start(name: &str) -> Result<Self, LabError> {
        Self::start_at(Ground::take(name)?, None, Strimzi::V1)
    }

    /// The same with the definitions of another Strimzi.
    ///
    /// # Errors
    /// What could not be fetched, built or started.
    pub fn start_with(name: &str, strimzi: Strimzi) -> Result<Self, LabError> {
        Self::start_at(Ground::take(name)?, None, strimzi)
    }

    /// The same at the cable of a node.
    pub(crate) fn start_at(
        ground: Ground,
        network: Option<&NodeNetwork>,
        strimzi: Strimzi,
    ) -> Result<Self, LabError> {
        let components = Components::ensure()?;
        let definitions = Definitions::ensure(strimzi)?;
        let Ground { run, ports } = ground;
        let address = network.map_or("127.0.0.1".to_owned(), NodeNetwork::host);
        let mut addresses = vec![address.clone()];
        addresses.extend(network.map(NodeNetwork::node));
        let credentials = Credentials::make(&run.path().join("credentials"), &addresses)?;
        let server = format!("https://{address}:{}", ports.port(API));
        let admin = credentials.kubeconfig(&ADMIN, &server)?;
        let etcd = spawn(
            &run,
            "etcd",
            &components.line("etcd", &etcd_args(&run, &ports)),
        )?;
        let mut plane = Self {
            controllers: None,
            api_server: Mutex::new(None),
            _etcd: etcd,
            applied: AtomicU32::new(0),
            components,
            credentials,
            admin,
            address,
            server,
            run,
            ports,
        };
        plane.start_api_server()?;
        let controllers = plane.credentials.kubeconfig(&CONTROLLERS, &plane.server)?;
        let args = controller_args(&plane.credentials, &controllers);
        let line = plane.components.line("kube-controller-manager", &args);
        plane.controllers = Some(spawn(&plane.run, "controllers", &line)?);
        plane.define(&definitions)?;
        Ok(plane)
    }

    /// The administrator's kubeconfig.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.admin
    }

    /// A kubeconfig of a ServiceAccount, with its token.
    ///
    /// # Errors
    /// There is no such account.
    pub fn kubeconfig_of(&self, namespace: &str, account: &str) -> Result<PathBuf, LabError> {
        let token = self.kubectl(&["create", "token", account, "--namespace", namespace])?;
        let name = format!("{namespace}-{account}");
        let token = token.trim();
        self.credentials
            .kubeconfig_of_token(&name, token, &self.server)
    }

    /// Runs kubectl as the administrator, and gives what it printed.
    ///
    /// # Errors
    /// What it says.
    pub fn kubectl(&self, args: &[&str]) -> Result<String, LabError> {
        let mut kubectl = self.components.command("kubectl");
        kubectl.arg("--kubeconfig").arg(&self.admin).args(args);
        command::run_command(kubectl)
    }

    /// The program that is kubectl, and the word that has it be that.
    #[must_use]
    pub fn kubectl_words(&self) -> (std::ffi::OsString, String) {
        let kubectl = self.components.command("kubectl");
        let word = kubectl.get_args().next();
        let word = word.map_or(String::new(), |word| word.to_string_lossy().into_owned());
        (kubectl.get_program().to_owned(), word)
    }

    /// Makes or changes objects.
    ///
    /// # Errors
    /// What kubectl says.
    pub fn apply(&self, manifest: &str) -> Result<String, LabError> {
        let number = self.applied.fetch_add(1, Ordering::Relaxed);
        let path = self.run.path().join(format!("applied-{number}.yaml"));
        std::fs::write(&path, manifest).map_err(LabError::io("write", &path))?;
        self.kubectl(&["apply", "--filename", &path.display().to_string()])
    }

    /// Ends the API server, as a crash does.
    pub fn kill_api_server(&self) {
        if let Some(mut process) = self.api_server().take() {
            process.kill();
        }
    }

    /// Starts it, and waits until it answers.
    ///
    /// # Errors
    /// It does not.
    pub fn start_api_server(&self) -> Result<(), LabError> {
        let args = self.api_server_args();
        let line = self.components.line("kube-apiserver", &args);
        let process = spawn(&self.run, "api-server", &line)?;
        *self.api_server() = Some(process);
        wait::until("the API server", READY_LIMIT, || {
            if let Some(process) = self.api_server().as_mut() {
                process.check_alive()?;
            }
            let mut ask = self.components.command("kubectl");
            ask.arg("--kubeconfig").arg(&self.admin);
            ask.args(["get", "--raw", "/readyz"]).stderr(Stdio::null());
            Ok(command::run_command(ask).is_ok().then_some(()))
        })
    }

    /// Its own directory, which goes with it.
    #[must_use]
    pub fn run_dir(&self) -> &Path {
        self.run.path()
    }

    pub(crate) fn shared_run_dir(&self) -> Arc<RunDir> {
        Arc::clone(&self.run)
    }

    pub(crate) fn components(&self) -> &Components {
        &self.components
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The API server's URL.
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    fn api_server(&self) -> std::sync::MutexGuard<'_, Option<Process>> {
        let locked = self.api_server.lock();
        locked.unwrap_or_else(PoisonError::into_inner)
    }

    fn api_server_args(&self) -> Vec<String> {
        let file = |name: &str| self.credentials.file(name).display().to_string();
        let mut args = vec![
            format!("--etcd-servers=http://127.0.0.1:{}", self.ports.port(ETCD)),
            format!("--bind-address={}", self.address),
            format!("--advertise-address={}", self.address),
            format!("--secure-port={}", self.ports.port(API)),
            format!("--service-cluster-ip-range={SERVICES}"),
            "--authorization-mode=Node,RBAC".to_owned(),
            "--enable-admission-plugins=NodeRestriction".to_owned(),
            "--allow-privileged=true".to_owned(),
            format!(
                "--cert-dir={}",
                self.run.path().join("certificates").display()
            ),
            format!("--token-auth-file={}", file("tokens.csv")),
            format!("--client-ca-file={}", file("ca.crt")),
            format!("--tls-cert-file={}", file("server.crt")),
            format!("--tls-private-key-file={}", file("server.key")),
            format!("--kubelet-certificate-authority={}", file("ca.crt")),
            format!("--kubelet-client-certificate={}", file("client.crt")),
            format!("--kubelet-client-key={}", file("client.key")),
            "--kubelet-preferred-address-types=InternalIP".to_owned(),
            format!("--service-account-key-file={}", file("accounts.pub")),
            format!(
                "--service-account-signing-key-file={}",
                file("accounts.key")
            ),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        ];
        if self.address.starts_with("127.") {
            // Loopback is no address for a Service's endpoint.
            args.push("--endpoint-reconciler-type=none".to_owned());
        }
        args
    }

    fn define(&self, definitions: &Definitions) -> Result<(), LabError> {
        let files = definitions.files().iter();
        let files: Vec<String> = files.map(|file| file.display().to_string()).collect();
        // Server-side: the definition of Kafka is too long for the annotation
        // that a client-side apply leaves.
        let mut args = vec!["apply", "--server-side"];
        args.extend(files.iter().flat_map(|file| ["--filename", file.as_str()]));
        self.kubectl(&args)?;
        let established = "--for=condition=Established";
        // It gives up at once on one that has no conditions yet (`accessor error`).
        wait::until("definitions to be served", READY_LIMIT, || {
            match self.kubectl(&["wait", established, SERVED_LIMIT, "crd", "--all"]) {
                Ok(_) => Ok(Some(())),
                Err(error) if error.to_string().contains("accessor error") => Ok(None),
                Err(error) => Err(error),
            }
        })
    }
}

/// Numbers in the block of ports.
const API: u16 = 0;
const ETCD: u16 = 1;
const ETCD_PEER: u16 = 2;

/// Starts a component on this machine.
pub(crate) fn spawn(run: &RunDir, name: &str, line: &[String]) -> Result<Process, LabError> {
    let log = run.path().join(format!("logs/{name}.log"));
    Process::start(name, &[], line, run.path(), &log)
}

fn etcd_args(run: &RunDir, ports: &PortBlock) -> Vec<String> {
    let client = format!("http://127.0.0.1:{}", ports.port(ETCD));
    let peer = format!("http://127.0.0.1:{}", ports.port(ETCD_PEER));
    vec![
        format!("--data-dir={}", run.path().join("etcd").display()),
        // Nothing of it outlives the test.
        "--unsafe-no-fsync".to_owned(),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
    ]
}

fn controller_args(credentials: &Credentials, kubeconfig: &Path) -> Vec<String> {
    let file = |name: &str| credentials.file(name).display().to_string();
    vec![
        format!("--kubeconfig={}", kubeconfig.display()),
        "--leader-elect=false".to_owned(),
        // Its own port is nobody's.
        "--secure-port=0".to_owned(),
        format!("--root-ca-file={}", file("ca.crt")),
        format!(
            "--service-account-private-key-file={}",
            file("accounts.key")
        ),
    ]
}
