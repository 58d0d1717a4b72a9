//! What templates work on: Go's values, as far as it matters to a template of which kind
//! they are.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::RenderError;

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value: an interface that is nil, `null`.
    Nil,
    /// A pointer to a struct of this type that is nil.
    NilOf(&'static str),
    /// `bool`
    Bool(bool),
    /// `int`: what a template writes, what is counted.
    Int(i64),
    /// `int64`: what an object of the API server has.
    Int64(i64),
    /// `float64`
    Float(f64),
    /// `string`
    Text(Rc<str>),
    /// A slice.
    List(Rc<Vec<Value>>),
    /// A map by texts.
    Map(Map),
    /// A struct, by the name of its type.
    Struct(&'static str, Rc<BTreeMap<&'static str, Value>>),
    /// What is not there yet, as it is asked for.
    Unknown(Rc<str>),
}

/// A map, and of what.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// What it has.
    pub entries: Rc<BTreeMap<String, Value>>,
    /// Of what.
    pub of: Of,
}

/// The type of a map's values: what `index` gives for a key that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// `map[string]any`
    Any,
    /// `map[string]string`
    Text,
    /// Of something else.
    Other,
}

impl Value {
    /// A text.
    #[must_use]
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::Text(Rc::from(text.as_ref()))
    }

    /// A list.
    #[must_use]
    pub fn list(all: Vec<Value>) -> Self {
        Self::List(Rc::new(all))
    }

    /// A map.
    #[must_use]
    pub fn map(of: Of, entries: impl IntoIterator<Item = (String, Value)>) -> Self {
        Self::Map(Map {
            entries: Rc::new(entries.into_iter().collect()),
            of,
        })
    }

    /// A struct with these fields and no others.
    #[must_use]
    pub fn fields(
        name: &'static str,
        fields: impl IntoIterator<Item = (&'static str, Value)>,
    ) -> Self {
        Self::Struct(name, Rc::new(fields.into_iter().collect()))
    }

    /// As client-go reads an object: what is whole is an `int64`.
    #[must_use]
    pub fn of_object(value: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match value {
            Json::Null => Self::Nil,
            Json::Bool(is) => Self::Bool(*is),
            Json::Number(number) => number.as_i64().map_or_else(
                || Self::Float(number.as_f64().unwrap_or(f64::NAN)),
                Self::Int64,
            ),
            Json::String(text) => Self::text(text),
            Json::Array(all) => Self::list(all.iter().map(Self::of_object).collect()),
            Json::Object(all) => {
                let each = all.iter();
                Self::map(
                    Of::Any,
                    each.map(|(key, one)| (key.clone(), Self::of_object(one))),
                )
            }
        }
    }

    /// Go's word for its type.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::NilOf(name) | Self::Struct(name, _) => name,
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Int64(_) => "int64",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Unknown(_) => "what is not known",
        }
    }

    /// Whether `if` takes it (`text/template`, `exec.go`, `isTrue`).
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Self::Nil | Self::NilOf(_) | Self::Unknown(_) => false,
            Self::Bool(is) => *is,
            Self::Int(number) | Self::Int64(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(all) => !all.is_empty(),
            Self::Map(map) => !map.entries.is_empty(),
            Self::Struct(..) => true,
        }
    }

    /// A field of it, where a map that lacks it is an error (`exec.go`, `evalField`).
    pub(crate) fn field(&self, name: &str) -> Result<Self, RenderError> {
        let fails = |why: String| Err(RenderError::Fails(why));
        match self {
            Self::Nil => fails(format!("there is nothing of which {name} could be asked")),
            Self::NilOf(kind) => {
                fails(format!("there is no {kind} of which {name} could be asked"))
            }
            Self::Unknown(text) => Ok(Self::Unknown(format!("{text}.{name}").into())),
            Self::Map(map) => match map.entries.get(name) {
                Some(value) => Ok(value.clone()),
                None => fails(format!("map has no entry for key {name:?}")),
            },
            Self::Struct(kind, fields) => match fields.get(name) {
                Some(value) => Ok(value.clone()),
                None => fails(format!("{kind} has no field {name}")),
            },
            other => fails(format!("a {} has no field {name}", other.kind())),
        }
    }

    /// As Go prints it (`fmt`, `%v`); `None` where that is not known here.
    pub(crate) fn printed(&self, is_inside: bool) -> Result<String, RenderError> {
        Ok(match self {
            Self::Nil if is_inside => "<nil>".to_owned(),
            Self::Nil => "<no value>".to_owned(),
            Self::Bool(is) => is.to_string(),
            Self::Int(number) | Self::Int64(number) => number.to_string(),
            Self::Float(number) => float(*number)?,
            Self::Text(text) => text.to_string(),
            Self::Unknown(text) => marked(text),
            Self::List(all) => {
                let each: Result<Vec<_>, _> = all.iter().map(|one| one.printed(true)).collect();
                format!("[{}]", each?.join(" "))
            }
            Self::Map(map) => {
                let each: Result<Vec<_>, RenderError> = map
                    .entries
                    .iter()
                    .map(|(key, one)| Ok(format!("{key}:{}", one.printed(true)?)))
                    .collect();
                format!("map[{}]", each?.join(" "))
            }
            Self::NilOf(kind) | Self::Struct(kind, _) => {
                return Err(RenderError::not_known(format!("how a {kind} is printed")));
            }
        })
    }
}

/// What is not there yet, as it is shown.
pub(crate) fn marked(text: &str) -> String {
    format!("<<{text}>>")
}

/// Within these Go writes no exponent, and the digits are those of Rust.
fn float(number: f64) -> Result<String, RenderError> {
    let size = number.abs();
    match number == 0.0 || (1e-4..1e21).contains(&size) {
        true => Ok(number.to_string()),
        false => Err(RenderError::not_known(format!("how {number:e} is printed"))),
    }
}
