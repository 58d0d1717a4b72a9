//! Whole numbers (sprig, `numeric.go`, which has spf13's cast read texts).

use crate::{RenderError, Value};

type Made = Result<Value, RenderError>;

fn whole(value: &Value) -> Result<i64, RenderError> {
    match value {
        Value::Int(number) | Value::Int64(number) => Ok(*number),
        Value::Bool(is) => Ok(i64::from(*is)),
        Value::Text(text) => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            // A 0 before it is of another base; what is none is 0.
            match is_plain && (digits == "0" || !digits.starts_with('0')) {
                true => text.parse().map_err(|_| strange(value)),
                false => Err(strange(value)),
            }
        }
        other => Err(strange(other)),
    }
}

fn strange(value: &Value) -> RenderError {
    RenderError::not_known(match value {
        Value::Text(text) => format!("{text:?}"),
        other => format!("a {}", other.kind()),
    })
}

pub(super) fn int(values: &[Value]) -> Made {
    whole(&values[0]).map(Value::Int)
}

pub(super) fn int64(values: &[Value]) -> Made {
    whole(&values[0]).map(Value::Int64)
}

fn all(values: &[Value], begin: i64, step: impl Fn(i64, i64) -> Option<i64>) -> Made {
    let sum = values.iter().try_fold(begin, |sum, value| {
        let too_great = || RenderError::not_known("what comes out so great");
        step(sum, whole(value)?).ok_or_else(too_great)
    });
    sum.map(Value::Int64)
}

pub(super) fn add(values: &[Value]) -> Made {
    all(values, 0, i64::checked_add)
}

pub(super) fn mul(values: &[Value]) -> Made {
    all(values, 1, i64::checked_mul)
}

pub(super) fn sub(values: &[Value]) -> Made {
    all(&values[1..], whole(&values[0])?, i64::checked_sub)
}
