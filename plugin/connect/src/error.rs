//! What is wrong with the settings of a Connect cluster.

/// Settings that can't be used. What Connect answers is a `PortError`
/// instead.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No Connect cluster is configured.
    #[error("no Connect cluster is configured: name at least one under connect")]
    None,
    /// Not a URL that can be asked.
    #[error("{url:?} {why}")]
    Url {
        /// As typed, without what may be a password.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The certificate authority can't be read.
    #[error("ca of connect {url:?} {why}: give certificates in PEM")]
    Ca {
        /// Of which Connect.
        url: String,
        /// What is wrong with it.
        why: String,
    },
}
