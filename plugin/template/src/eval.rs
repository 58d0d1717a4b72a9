//! A template run on a value (Go's `text/template`, `exec.go`).

use std::rc::Rc;

use crate::functions;
use crate::tree::{Branch, Command, Node, Operand, Pipe};
use crate::{RenderError, Value};

/// More than a text in an object of the API server can be.
pub(crate) const MOST_BYTES: usize = 2 << 20;

/// The text, and what of it is not there yet.
pub(crate) fn render(nodes: &[Node], root: &Value) -> Result<(String, Vec<String>), RenderError> {
    let mut state = State {
        out: String::new(),
        unknown: Vec::new(),
        variables: vec![("$".to_owned(), root.clone())],
    };
    state.walk(nodes, root)?;
    Ok((state.out, state.unknown))
}

/// Whether what is around goes on.
enum Flow {
    On,
    Break,
    Continue,
}

struct State {
    out: String,
    unknown: Vec<String>,
    variables: Vec<(String, Value)>,
}

/// Argument that a pipe hands on.
type Last = Option<Value>;

impl State {
    fn walk(&mut self, nodes: &[Node], dot: &Value) -> Result<Flow, RenderError> {
        for node in nodes {
            let flow = match node {
                Node::Text(text) => {
                    self.write(text)?;
                    Flow::On
                }
                Node::Action(pipe) => {
                    let value = self.pipe(pipe, dot)?;
                    if pipe.variables.is_empty() {
                        if let Value::Unknown(text) = &value {
                            self.unknown.push(text.to_string());
                        }
                        self.write(&value.printed(false)?)?;
                    }
                    Flow::On
                }
                Node::If(branch) => self.branch(branch, dot, false)?,
                Node::With(branch) => self.branch(branch, dot, true)?,
                Node::Range(branch) => self.range(branch, dot)?,
                Node::Break => Flow::Break,
                Node::Continue => Flow::Continue,
                Node::Other(word) => {
                    return Err(RenderError::not_known(format!("{{{{ {word} }}}}")));
                }
            };
            if !matches!(flow, Flow::On) {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn write(&mut self, text: &str) -> Result<(), RenderError> {
        self.out += text;
        match self.out.len() > MOST_BYTES {
            true => Err(RenderError::not_known(format!(
                "a text of more than {MOST_BYTES} bytes"
            ))),
            false => Ok(()),
        }
    }

    fn branch(&mut self, branch: &Branch, dot: &Value, is_with: bool) -> Result<Flow, RenderError> {
        let depth = self.variables.len();
        let value = self.pipe(&branch.pipe, dot)?;
        known(&value, source(&branch.pipe))?;
        let inside = if is_with { &value } else { dot };
        let flow = match (value.is_true(), &branch.otherwise) {
            (true, _) => self.walk(&branch.then, inside),
            (false, Some(nodes)) => self.walk(nodes, dot),
            (false, None) => Ok(Flow::On),
        };
        self.variables.truncate(depth);
        flow
    }

    fn range(&mut self, branch: &Branch, dot: &Value) -> Result<Flow, RenderError> {
        let depth = self.variables.len();
        let value = self.pipe(&branch.pipe, dot)?;
        known(&value, source(&branch.pipe))?;
        let items: Vec<(Value, Value)> = match &value {
            Value::Nil => Vec::new(),
            Value::List(all) => {
                let numbers = (0..).map(Value::Int);
                numbers.zip(all.iter().cloned()).collect()
            }
            Value::Map(map) => {
                let each = map.entries.iter();
                each.map(|(key, one)| (Value::text(key), one.clone()))
                    .collect()
            }
            other => {
                let what = format!("a range over a {}", other.kind());
                return Err(match other {
                    // Since Go 1.24 it counts; before it failed.
                    Value::Int(_) | Value::Int64(_) => RenderError::not_known(what),
                    _ => RenderError::fails(format!("there can't be {what}")),
                });
            }
        };
        let inside = self.variables.len();
        let mut flow = Ok(Flow::On);
        for (key, one) in &items {
            match branch.pipe.variables.as_slice() {
                [] => {}
                [item] => self.set(item, one.clone(), &branch.pipe)?,
                [number, item, ..] => {
                    self.set(number, key.clone(), &branch.pipe)?;
                    self.set(item, one.clone(), &branch.pipe)?;
                }
            }
            let ended = self.walk(&branch.then, one);
            self.variables.truncate(inside);
            match ended {
                Ok(Flow::Break) => break,
                Ok(Flow::On | Flow::Continue) => {}
                Err(error) => {
                    flow = Err(error);
                    break;
                }
            }
        }
        if let (true, Some(nodes)) = (items.is_empty(), &branch.otherwise) {
            flow = self.walk(nodes, dot);
        }
        self.variables.truncate(depth);
        flow
    }

    /// A new one, or the last of the name.
    fn set(&mut self, name: &str, value: Value, pipe: &Pipe) -> Result<(), RenderError> {
        if !pipe.assigns {
            self.variables.push((name.to_owned(), value));
            return Ok(());
        }
        let found = self.variables.iter_mut().rev().find(|(one, _)| one == name);
        let none = || RenderError::fails(format!("there is no {name}"));
        found.ok_or_else(none)?.1 = value;
        Ok(())
    }

    fn pipe(&mut self, pipe: &Pipe, dot: &Value) -> Result<Value, RenderError> {
        let mut last: Last = None;
        for command in &pipe.commands {
            last = Some(self.command(command, dot, last)?);
        }
        let value = last.unwrap_or(Value::Nil);
        for name in &pipe.variables {
            self.set(name, value.clone(), pipe)?;
        }
        Ok(value)
    }

    fn command(
        &mut self,
        command: &Command,
        dot: &Value,
        last: Last,
    ) -> Result<Value, RenderError> {
        let first = &command.words[0];
        if let Operand::Function(name) = first {
            return self.call(name, command, dot, last);
        }
        if command.words.len() > 1 || last.is_some() {
            let source = &command.source;
            return Err(RenderError::fails(format!(
                "{source}: arguments are given to what is no function"
            )));
        }
        match first {
            Operand::Nil => Err(RenderError::fails("nil is not a command")),
            other => self.operand(other, dot),
        }
    }

    fn call(
        &mut self,
        name: &str,
        command: &Command,
        dot: &Value,
        last: Last,
    ) -> Result<Value, RenderError> {
        // What decides is the first that is so: those behind it are not looked at.
        let decides = match name {
            "and" => Some(false),
            "or" => Some(true),
            _ => None,
        };
        let before = match &last {
            Some(Value::Unknown(text)) => format!("{text} | "),
            _ => String::new(),
        };
        let whole = || Value::Unknown(Rc::from(format!("{before}{}", command.source)));
        let mut values = Vec::new();
        for word in &command.words[1..] {
            let value = self.operand(word, dot)?;
            if let Some(decides) = decides {
                if matches!(value, Value::Unknown(_)) {
                    return Ok(whole());
                }
                if value.is_true() == decides {
                    return Ok(value);
                }
            }
            values.push(value);
        }
        values.extend(last);
        if values
            .iter()
            .any(|value| matches!(value, Value::Unknown(_)))
        {
            return match functions::is_known(name) {
                true => Ok(whole()),
                false => Err(functions::not_known(name)),
            };
        }
        if decides.is_some() {
            let none = || RenderError::fails(format!("{name} has no arguments"));
            return values.pop().ok_or_else(none);
        }
        functions::call(name, &values)
    }

    fn operand(&mut self, operand: &Operand, dot: &Value) -> Result<Value, RenderError> {
        let along = |value: Value, fields: &[String]| {
            fields
                .iter()
                .try_fold(value, |value, name| value.field(name))
        };
        match operand {
            Operand::Dot => Ok(dot.clone()),
            Operand::Nil => Ok(Value::Nil),
            Operand::Bool(is) => Ok(Value::Bool(*is)),
            Operand::Int(number) => Ok(Value::Int(*number)),
            Operand::Float(number) => Ok(Value::Float(*number)),
            Operand::Text(text) => Ok(Value::text(text)),
            Operand::Literal(text) => Err(RenderError::not_known(text)),
            Operand::Field(fields) => along(dot.clone(), fields),
            Operand::Variable(name, fields) => {
                let found = self.variables.iter().rev().find(|(one, _)| one == name);
                let none = || RenderError::fails(format!("there is no {name}"));
                along(found.ok_or_else(none)?.1.clone(), fields)
            }
            Operand::Function(name) => {
                let command = Command {
                    words: vec![operand.clone()],
                    source: name.clone(),
                };
                self.call(name, &command, dot, None)
            }
            Operand::Chain(first, fields) => {
                let value = self.operand(first, dot)?;
                along(value, fields)
            }
            Operand::Pipe(pipe) => self.pipe(pipe, dot),
        }
    }
}

/// What decides has to be there.
fn known(value: &Value, of: &str) -> Result<(), RenderError> {
    match value {
        Value::Unknown(text) => Err(RenderError::Undecided(of.to_owned(), text.to_string())),
        _ => Ok(()),
    }
}

fn source(pipe: &Pipe) -> &str {
    pipe.commands
        .first()
        .map_or("", |command| command.source.as_str())
}
