//! Keys, certificates and tokens of one control plane. Valid for it alone: they
//! are made with it, and go with its directory.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use crate::error::LabError;

/// A user of the static token file, and the token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User {
    pub(crate) name: &'static str,
    token: &'static str,
    groups: &'static str,
}

/// May do everything.
pub(crate) const ADMIN: User = User {
    name: "admin",
    token: "admin-token",
    groups: "system:masters",
};

/// The controllers. They act with accounts of their own in no lab: which of them
/// may do what is not what is tested.
pub(crate) const CONTROLLERS: User = User {
    name: "system:kube-controller-manager",
    token: "controllers-token",
    groups: "system:masters",
};

/// Files that the components read.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    directory: PathBuf,
}

impl Credentials {
    /// Makes all of them in `directory`.
    pub(crate) fn make(directory: &Path) -> Result<Self, LabError> {
        fs::create_dir_all(directory).map_err(LabError::io("create", directory))?;
        let made = Self {
            directory: directory.to_owned(),
        };
        let failed = |error: rcgen::Error| LabError::Invalid(format!("no certificate: {error}"));

        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "lab");
        let key = KeyPair::generate().map_err(failed)?;
        let ca = CertifiedIssuer::self_signed(params, key).map_err(failed)?;
        made.write("ca.crt", &ca.pem())?;
        made.write("ca.key", &ca.key().serialize_pem())?;

        let names = ["localhost", "127.0.0.1", "kubernetes.default.svc"];
        let params = CertificateParams::new(names.map(str::to_owned)).map_err(failed)?;
        let key = KeyPair::generate().map_err(failed)?;
        let server = params.signed_by(&key, &ca).map_err(failed)?;
        made.write("server.crt", &server.pem())?;
        made.write("server.key", &key.serialize_pem())?;

        let accounts = KeyPair::generate().map_err(failed)?;
        made.write("accounts.key", &accounts.serialize_pem())?;
        made.write("accounts.pub", &accounts.public_key_pem())?;

        let line = |user: &User| {
            format!(
                "{},{},{},{}\n",
                user.token, user.name, user.name, user.groups
            )
        };
        made.write("tokens.csv", &[&ADMIN, &CONTROLLERS].map(line).concat())?;
        Ok(made)
    }

    /// One of its files.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// A kubeconfig of one of its users.
    pub(crate) fn kubeconfig(&self, user: &User, server: &str) -> Result<PathBuf, LabError> {
        self.kubeconfig_of_token(user.name, user.token, server)
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
