//! Keys, certificates and tokens of one control plane. Valid for it alone: they
//! are made with it, and go with its directory.

use std::fs::{self, File, Permissions};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use super::network::API_SERVICE;
use crate::error::LabError;
use crate::jars::hex;

/// A user of the static token file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User {
    pub(crate) name: &'static str,
    groups: &'static str,
}

/// May do everything.
pub(crate) const ADMIN: User = User {
    name: "admin",
    groups: "system:masters",
};

/// The controllers. They act with accounts of their own in no lab: which of them
/// may do what is not what is tested.
pub(crate) const CONTROLLERS: User = User {
    name: "system:kube-controller-manager",
    groups: "system:masters",
};

/// Binds pods to nodes.
pub(crate) const SCHEDULER: User = User {
    name: "system:kube-scheduler",
    groups: "",
};

/// The one node's kubelet, which may see what its own pods need.
pub(crate) const NODE: User = User {
    name: "system:node:node",
    groups: "system:nodes",
};

/// Watches Services.
pub(crate) const PROXY: User = User {
    name: "system:kube-proxy",
    groups: "",
};

const USERS: [User; 5] = [ADMIN, CONTROLLERS, SCHEDULER, NODE, PROXY];

/// Files that the components read.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    directory: PathBuf,
    /// What each user's token begins with. The kubelet runs containers as root:
    /// nobody else on this machine may guess one.
    secret: String,
}

impl Credentials {
    /// Makes all of them in `directory`, for servers at these addresses.
    pub(crate) fn make(directory: &Path, addresses: &[String]) -> Result<Self, LabError> {
        fs::create_dir_all(directory).map_err(LabError::io("create", directory))?;
        fs::set_permissions(directory, Permissions::from_mode(0o700))
            .map_err(LabError::io("close", directory))?;
        let made = Self {
            directory: directory.to_owned(),
            secret: secret()?,
        };
        let failed = |error: rcgen::Error| LabError::Invalid(format!("no certificate: {error}"));

        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "lab");
        let key = KeyPair::generate().map_err(failed)?;
        let ca = CertifiedIssuer::self_signed(params, key).map_err(failed)?;
        made.write("ca.crt", &ca.pem())?;
        made.write("ca.key", &ca.key().serialize_pem())?;

        let names = ["localhost", "kubernetes.default.svc", API_SERVICE].map(str::to_owned);
        let names = [&names, addresses].concat();
        let params = CertificateParams::new(names).map_err(failed)?;
        let key = KeyPair::generate().map_err(failed)?;
        let server = params.signed_by(&key, &ca).map_err(failed)?;
        made.write("server.crt", &server.pem())?;
        made.write("server.key", &key.serialize_pem())?;

        // As whom the API server asks the kubelet.
        let mut params = CertificateParams::default();
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, "api-server");
        name.push(DnType::OrganizationName, ADMIN.groups);
        let key = KeyPair::generate().map_err(failed)?;
        let client = params.signed_by(&key, &ca).map_err(failed)?;
        made.write("client.crt", &client.pem())?;
        made.write("client.key", &key.serialize_pem())?;

        let accounts = KeyPair::generate().map_err(failed)?;
        made.write("accounts.key", &accounts.serialize_pem())?;
        made.write("accounts.pub", &accounts.public_key_pem())?;

        let line = |user: &User| {
            let User { name, groups } = user;
            format!("{},{name},{name},\"{groups}\"\n", made.token(user))
        };
        made.write("tokens.csv", &USERS.each_ref().map(line).concat())?;
        Ok(made)
    }

    fn token(&self, user: &User) -> String {
        format!("{}-{}", self.secret, user.name.replace(':', "-"))
    }

    /// One of its files.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// A kubeconfig of one of its users.
    pub(crate) fn kubeconfig(&self, user: &User, server: &str) -> Result<PathBuf, LabError> {
        self.kubeconfig_of_token(user.name, &self.token(user), server)
    }

    /// A kubeconfig of whoever has this token.
    pub(crate) fn kubeconfig_of_token(
        &self,
        name: &str,
        token: &str,
        server: &str,
    ) -> Result<PathBuf, LabError> {
        let config = serde_json::json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "lab", "cluster": {
                "server": server,
                "certificate-authority": self.file("ca.crt"),
            }}],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": name}}],
            "current-context": "lab",
        });
        let file = format!("{}.kubeconfig", name.replace(':', "-"));
        // JSON is YAML.
        self.write(&file, &config.to_string())?;
        Ok(self.file(&file))
    }

    fn write(&self, name: &str, text: &str) -> Result<(), LabError> {
        let path = self.file(name);
        fs::write(&path, text).map_err(LabError::io("write", &path))
    }
}

fn secret() -> Result<String, LabError> {
    let source = Path::new("/dev/urandom");
    let mut bytes = [0; 16];
    File::open(source)
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(LabError::io("read", source))?;
    Ok(hex(&bytes))
}
