//! What a template is made of.

/// A piece of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Text(String),
    Action(Pipe),
    If(Branch),
    With(Branch),
    Range(Branch),
    Break,
    Continue,
    /// `template` and `block`: parsed, and not run here.
    Other(&'static str),
}

/// A block that is run, or its other part is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Branch {
    pub(crate) pipe: Pipe,
    pub(crate) then: Vec<Node>,
    pub(crate) otherwise: Option<Vec<Node>>,
}

/// Commands, each given what the one before it made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pipe {
    /// Variables that get the value, with their `$`.
    pub(crate) variables: Vec<String>,
    /// Whether these are there already.
    pub(crate) assigns: bool,
    pub(crate) commands: Vec<Command>,
}

/// What is called or looked at, and its arguments.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Command {
    pub(crate) words: Vec<Operand>,
    /// As it is written.
    pub(crate) source: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    Dot,
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    /// A literal that is not read here.
    Literal(String),
    /// `.a.b`
    Field(Vec<String>),
    /// `$a.b`
    Variable(String, Vec<String>),
    Function(String),
    /// `(…).a.b`
    Chain(Box<Operand>, Vec<String>),
    Pipe(Pipe),
}
