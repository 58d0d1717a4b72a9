//! Why a template is none, or can't be rendered.

/// Go would not parse it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the template {0}")]
pub struct ParseError(pub(crate) String);

/// It can't be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// Go ends with an error, too.
    #[error("{0}")]
    Fails(String),
    /// Go may know what to do.
    #[error("{0}, which is not known here: it is left to Kanister")]
    NotKnown(String),
    /// What it rests on comes while the action runs.
    #[error("what comes of {0} rests on what is not there before it runs: {1}")]
    Undecided(String, String),
}

impl RenderError {
    pub(crate) fn fails(why: impl Into<String>) -> Self {
        Self::Fails(why.into())
    }

    pub(crate) fn not_known(what: impl Into<String>) -> Self {
        Self::NotKnown(what.into())
    }
}
