//! etcd, the API server and the controllers of one Kubernetes.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::components::Components;
use super::credentials::{ADMIN, CONTROLLERS, Credentials};
use super::definitions::Definitions;
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
    run: Arc<RunDir>,
    ports: PortBlock,
}

impl ControlPlane {
    /// Brings it up, with the definitions of Strimzi's resources and of
    /// VolumeSnapshots.
    ///
    /// # Errors
    /// What could not be fetched, built or started.
    pub fn start(name: &str) -> Result<Self, LabError> {
        check_name(name)?;
        packages::ensure()?;
        let components = Components::ensure()?;
        let definitions = Definitions::ensure()?;
        sweep::sweep();
        let ports = PortBlock::take()?;
        let run = Arc::new(RunDir::make(name)?);
        let credentials = Credentials::make(&run.path().join("credentials"))?;
        let server = server(&ports);
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
            run,
            ports,
        };
        plane.start_api_server()?;
        let controllers = plane.credentials.kubeconfig(&CONTROLLERS, &server)?;
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
            .kubeconfig_of_token(&name, token, &server(&self.ports))
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
        let args = api_server_args(&self.run, &self.credentials, &self.ports);
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

    fn api_server(&self) -> std::sync::MutexGuard<'_, Option<Process>> {
        let locked = self.api_server.lock();
        locked.unwrap_or_else(PoisonError::into_inner)
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
        self.kubectl(&["wait", established, SERVED_LIMIT, "crd", "--all"])?;
        Ok(())
    }
}

/// Numbers in the block of ports.
const API: u16 = 0;
const ETCD: u16 = 1;
const ETCD_PEER: u16 = 2;

fn server(ports: &PortBlock) -> String {
    format!("https://127.0.0.1:{}", ports.port(API))
}

fn spawn(run: &RunDir, name: &str, line: &[String]) -> Result<Process, LabError> {
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

fn api_server_args(run: &RunDir, credentials: &Credentials, ports: &PortBlock) -> Vec<String> {
    let file = |name: &str| credentials.file(name).display().to_string();
    vec![
        format!("--etcd-servers=http://127.0.0.1:{}", ports.port(ETCD)),
        "--bind-address=127.0.0.1".to_owned(),
        "--advertise-address=127.0.0.1".to_owned(),
        // Loopback is no address for a Service's endpoint.
        "--endpoint-reconciler-type=none".to_owned(),
        format!("--secure-port={}", ports.port(API)),
        "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
        "--authorization-mode=RBAC".to_owned(),
        "--allow-privileged=true".to_owned(),
        format!("--cert-dir={}", run.path().join("certificates").display()),
        format!("--token-auth-file={}", file("tokens.csv")),
        format!("--client-ca-file={}", file("ca.crt")),
        format!("--tls-cert-file={}", file("server.crt")),
        format!("--tls-private-key-file={}", file("server.key")),
        format!("--service-account-key-file={}", file("accounts.pub")),
        format!(
            "--service-account-signing-key-file={}",
            file("accounts.key")
        ),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
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
