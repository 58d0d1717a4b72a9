//! Lists (sprig, `list.go`, `strings.go`).

use super::{print, text};
use crate::{RenderError, Value};

type Made = Result<Value, RenderError>;

/// What is no list is one of itself.
pub(super) fn join(values: &[Value]) -> Made {
    let separator = text(&values[0])?;
    let all = match &values[1] {
        Value::List(all) => all.as_slice(),
        Value::Nil => &[],
        other => std::slice::from_ref(other),
    };
    let there = all.iter().filter(|one| **one != Value::Nil);
    let texts: Result<Vec<String>, _> = there.map(print::plain).collect();
    Ok(Value::text(texts?.join(separator)))
}

pub(super) fn split(values: &[Value]) -> Made {
    let (separator, whole) = (text(&values[0])?, text(&values[1])?);
    if separator.is_empty() {
        return Err(RenderError::not_known("a text without a separator"));
    }
    Ok(Value::list(
        whole.split(separator).map(Value::text).collect(),
    ))
}

pub(super) fn list(values: &[Value]) -> Made {
    Ok(Value::list(values.to_vec()))
}

fn all(value: &Value) -> Result<&[Value], RenderError> {
    match value {
        Value::List(all) => Ok(all),
        other => Err(RenderError::fails(format!("a {} is no list", other.kind()))),
    }
}

pub(super) fn first(values: &[Value]) -> Made {
    Ok(all(&values[0])?.first().cloned().unwrap_or(Value::Nil))
}

pub(super) fn last(values: &[Value]) -> Made {
    Ok(all(&values[0])?.last().cloned().unwrap_or(Value::Nil))
}

/// Nothing where there is nothing.
pub(super) fn rest(values: &[Value]) -> Made {
    match all(&values[0])? {
        [] => Err(RenderError::not_known("an empty list")),
        [_, rest @ ..] => Ok(Value::list(rest.to_vec())),
    }
}
