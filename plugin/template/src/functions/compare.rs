//! Comparisons (`text/template`, `funcs.go`).

use crate::{RenderError, Value};

type Made = Result<Value, RenderError>;

pub(super) fn not(values: &[Value]) -> Made {
    Ok(Value::Bool(!values[0].is_true()))
}

/// Whether the first is one of the others.
pub(super) fn eq(values: &[Value]) -> Made {
    let (one, others) = (&values[0], &values[1..]);
    if others.is_empty() {
        return Err(RenderError::fails("there is nothing to compare with"));
    }
    for other in others {
        if is_same(one, other)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

pub(super) fn ne(values: &[Value]) -> Made {
    is_same(&values[0], &values[1]).map(|is| Value::Bool(!is))
}

fn is_same(one: &Value, other: &Value) -> Result<bool, RenderError> {
    match (one, other) {
        (Value::Bool(one), Value::Bool(other)) => Ok(one == other),
        (Value::Text(one), Value::Text(other)) => Ok(one == other),
        (Value::Float(one), Value::Float(other)) => Ok(one == other),
        (Value::Nil, Value::Nil) => Ok(true),
        (Value::Nil, other) | (other, Value::Nil) if is_basic(other) => Ok(false),
        _ => match (whole(one), whole(other)) {
            (Some(one), Some(other)) => Ok(one == other),
            _ => Err(incomparable(one, other)),
        },
    }
}

fn is_basic(value: &Value) -> bool {
    use Value::{Bool, Float, Int, Int64, Text};
    matches!(value, Bool(_) | Text(_) | Float(_) | Int(_) | Int64(_))
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) | Value::Int64(number) => Some(*number),
        _ => None,
    }
}

/// Go compares some of these, and fails at others.
fn incomparable(one: &Value, other: &Value) -> RenderError {
    let (one_kind, other_kind) = (one.kind(), other.kind());
    let both = is_basic(one) && is_basic(other);
    match both {
        true => RenderError::fails(format!(
            "a {one_kind} can't be compared with a {other_kind}"
        )),
        false => RenderError::not_known(format!("a {one_kind} and a {other_kind}")),
    }
}

fn is_less(one: &Value, other: &Value) -> Result<bool, RenderError> {
    match (one, other) {
        (Value::Text(one), Value::Text(other)) => Ok(one < other),
        (Value::Float(one), Value::Float(other)) => Ok(one < other),
        (Value::Bool(_), Value::Bool(_)) => Err(RenderError::fails("a bool is not less or more")),
        _ => match (whole(one), whole(other)) {
            (Some(one), Some(other)) => Ok(one < other),
            _ => Err(incomparable(one, other)),
        },
    }
}

pub(super) fn lt(values: &[Value]) -> Made {
    is_less(&values[0], &values[1]).map(Value::Bool)
}

fn is_not_more(values: &[Value]) -> Result<bool, RenderError> {
    Ok(is_less(&values[0], &values[1])? || is_same(&values[0], &values[1])?)
}

pub(super) fn le(values: &[Value]) -> Made {
    is_not_more(values).map(Value::Bool)
}

pub(super) fn gt(values: &[Value]) -> Made {
    is_not_more(values).map(|is| Value::Bool(!is))
}

pub(super) fn ge(values: &[Value]) -> Made {
    is_less(&values[0], &values[1]).map(|is| Value::Bool(!is))
}
