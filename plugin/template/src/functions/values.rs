//! What is there, and what is taken where it is not (`text/template`, `funcs.go`; sprig,
//! `defaults.go`, `dict.go`).

use super::{text, wrong_type};
use crate::{Map, Of, RenderError, Value};

type Made = Result<Value, RenderError>;

pub(super) fn index(values: &[Value]) -> Made {
    let mut value = values[0].clone();
    if value == Value::Nil {
        return Err(RenderError::fails("there is nothing to look into"));
    }
    for key in &values[1..] {
        value = match &value {
            Value::Nil => return Err(RenderError::fails("there is nothing to look into")),
            Value::Map(map) => match map.entries.get(text(key)?) {
                Some(found) => found.clone(),
                None => nothing(map)?,
            },
            Value::List(all) => {
                let (Value::Int(at) | Value::Int64(at)) = key else {
                    return Err(wrong_type("a number", key));
                };
                let found = usize::try_from(*at).ok().and_then(|at| all.get(at));
                let outside = || RenderError::fails(format!("{at} is out of range"));
                found.cloned().ok_or_else(outside)?
            }
            other => return Err(RenderError::not_known(format!("a {}", other.kind()))),
        };
    }
    Ok(value)
}

/// What Go has for a key that is not there.
fn nothing(map: &Map) -> Made {
    match map.of {
        Of::Any => Ok(Value::Nil),
        Of::Text => Ok(Value::text("")),
        Of::Other => Err(RenderError::not_known("what a map of structs lacks")),
    }
}

pub(super) fn len(values: &[Value]) -> Made {
    let length = match &values[0] {
        Value::Text(text) => text.len(),
        Value::List(all) => all.len(),
        Value::Map(map) => map.entries.len(),
        other => {
            return Err(RenderError::fails(format!(
                "a {} has no length",
                other.kind()
            )));
        }
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// (`defaults.go`, `empty`)
fn empty(value: &Value) -> Result<bool, RenderError> {
    match value {
        Value::NilOf(kind) | Value::Struct(kind, _) => {
            Err(RenderError::not_known(format!("a {kind}")))
        }
        other => Ok(!other.is_true()),
    }
}

pub(super) fn default(values: &[Value]) -> Made {
    match values.get(1) {
        Some(given) if !empty(given)? => Ok(given.clone()),
        _ => Ok(values[0].clone()),
    }
}

pub(super) fn is_empty(values: &[Value]) -> Made {
    empty(&values[0]).map(Value::Bool)
}

pub(super) fn coalesce(values: &[Value]) -> Made {
    for value in values {
        if !empty(value)? {
            return Ok(value.clone());
        }
    }
    Ok(Value::Nil)
}

pub(super) fn ternary(values: &[Value]) -> Made {
    match &values[2] {
        Value::Bool(true) => Ok(values[0].clone()),
        Value::Bool(false) => Ok(values[1].clone()),
        other => Err(wrong_type("a bool", other)),
    }
}

pub(super) fn fail(values: &[Value]) -> Made {
    Err(RenderError::fails(text(&values[0])?))
}

/// Sprig's own maps are of anything.
fn dictionary(value: &Value) -> Result<&Map, RenderError> {
    match value {
        Value::Map(map) if map.of == Of::Any => Ok(map),
        // Some of what is nothing is a map without entries.
        Value::Nil => Err(RenderError::not_known("nothing")),
        other => Err(wrong_type("a map of anything", other)),
    }
}

pub(super) fn has_key(values: &[Value]) -> Made {
    let map = dictionary(&values[0])?;
    Ok(Value::Bool(map.entries.contains_key(text(&values[1])?)))
}
