//! Go's `text/template` with sprig's functions, as Kanister renders what stands in a
//! Blueprint (`pkg/param/render.go`): read whole, and run as far as it is known here.
//! What is not known is an error that names it: there is never another text than Go's.
//! (`tests/stand-ins/tests/templates.rs` holds it against Go's own.)
//!
//! What is not there yet (what a phase will put out) is [`Value::Unknown`]: whatever is
//! made of it is unknown, too, and shown as what it is made of; a template that would go
//! one way or another by it is an error.
//!
//! There is a crate, `gtmpl`: it knows neither sprig nor `missingkey=error`, is kept
//! passively, and answers where it does not know.
//!
//! Pure: texts and values in, texts out.

mod error;
mod eval;
mod functions;
pub mod kanister;
mod lex;
mod names;
mod parse;
mod tree;
mod value;

pub use error::{ParseError, RenderError};
pub use names::Names;
pub use value::{Map, Of, Value};

/// A template that Go would parse, too.
#[derive(Debug, Clone)]
pub struct Template {
    nodes: Vec<tree::Node>,
}

impl Template {
    /// Reads one that may call these functions.
    ///
    /// # Errors
    /// Go would not parse it.
    pub fn parse(text: &str, names: Names) -> Result<Self, ParseError> {
        let nodes = parse::parse(text, names)?;
        Ok(Self { nodes })
    }

    /// Runs it on this, with an error for a key that a map lacks.
    ///
    /// # Errors
    /// Go's own; what is not known here.
    pub fn render(&self, root: &Value) -> Result<String, RenderError> {
        self.noting(root).map(|(text, _)| text)
    }

    /// The same, and what of it is not there yet, as it is marked.
    ///
    /// # Errors
    /// As for [`Template::render`].
    pub fn noting(&self, root: &Value) -> Result<(String, Vec<String>), RenderError> {
        eval::render(&self.nodes, root)
    }
}
