//! Texts (sprig, `functions.go`, `strings.go`). Where bytes and characters differ,
//! some are for ASCII alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{count, text};
use crate::eval::MOST_BYTES;
use crate::{RenderError, Value};

type Made = Result<Value, RenderError>;

fn ascii(text: &str) -> Result<&str, RenderError> {
    match text.is_ascii() {
        true => Ok(text),
        false => Err(RenderError::not_known("a text beyond ASCII")),
    }
}

pub(super) fn upper(values: &[Value]) -> Made {
    Ok(Value::text(ascii(text(&values[0])?)?.to_ascii_uppercase()))
}

pub(super) fn lower(values: &[Value]) -> Made {
    Ok(Value::text(ascii(text(&values[0])?)?.to_ascii_lowercase()))
}

pub(super) fn trim(values: &[Value]) -> Made {
    let trimmed = ascii(text(&values[0])?)?;
    let is_space = |c| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}');
    Ok(Value::text(trimmed.trim_matches(is_space)))
}

pub(super) fn trim_prefix(values: &[Value]) -> Made {
    let (prefix, whole) = (text(&values[0])?, text(&values[1])?);
    Ok(Value::text(whole.strip_prefix(prefix).unwrap_or(whole)))
}

pub(super) fn trim_suffix(values: &[Value]) -> Made {
    let (suffix, whole) = (text(&values[0])?, text(&values[1])?);
    Ok(Value::text(whole.strip_suffix(suffix).unwrap_or(whole)))
}

pub(super) fn has_prefix(values: &[Value]) -> Made {
    let is = text(&values[1])?.starts_with(text(&values[0])?);
    Ok(Value::Bool(is))
}

pub(super) fn has_suffix(values: &[Value]) -> Made {
    let is = text(&values[1])?.ends_with(text(&values[0])?);
    Ok(Value::Bool(is))
}

pub(super) fn contains(values: &[Value]) -> Made {
    let is = text(&values[1])?.contains(text(&values[0])?);
    Ok(Value::Bool(is))
}

pub(super) fn replace(values: &[Value]) -> Made {
    let (old, new, whole) = (text(&values[0])?, text(&values[1])?, text(&values[2])?);
    must_fit(
        whole
            .len()
            .saturating_add(1)
            .saturating_mul(new.len().max(1)),
    )?;
    Ok(Value::text(whole.replace(old, new)))
}

pub(super) fn trunc(values: &[Value]) -> Made {
    let (most, whole) = (count(&values[0])?, ascii(text(&values[1])?)?);
    // sprig 2 slices with it as it is.
    let most = usize::try_from(most).map_err(|_| RenderError::fails("less than nothing"))?;
    Ok(Value::text(whole.get(..most).unwrap_or(whole)))
}

pub(super) fn repeat(values: &[Value]) -> Made {
    let (times, whole) = (count(&values[0])?, text(&values[1])?);
    let times = usize::try_from(times).map_err(|_| RenderError::fails("less than no times"))?;
    must_fit(times.saturating_mul(whole.len()))?;
    Ok(Value::text(whole.repeat(times)))
}

fn must_fit(bytes: usize) -> Result<(), RenderError> {
    match bytes > MOST_BYTES {
        true => Err(RenderError::not_known(format!(
            "more than {MOST_BYTES} bytes"
        ))),
        false => Ok(()),
    }
}

fn indented(values: &[Value]) -> Result<String, RenderError> {
    let (spaces, whole) = (count(&values[0])?, text(&values[1])?);
    let spaces = usize::try_from(spaces).map_err(|_| RenderError::fails("less than no spaces"))?;
    must_fit(spaces.saturating_mul(whole.matches('\n').count() + 1))?;
    let pad = " ".repeat(spaces);
    Ok(format!("{pad}{}", whole.replace('\n', &format!("\n{pad}"))))
}

pub(super) fn indent(values: &[Value]) -> Made {
    indented(values).map(Value::text)
}

pub(super) fn nindent(values: &[Value]) -> Made {
    Ok(Value::text(format!("\n{}", indented(values)?)))
}

pub(super) fn b64enc(values: &[Value]) -> Made {
    Ok(Value::text(STANDARD.encode(text(&values[0])?)))
}

/// What is none is not an error for sprig, but a text.
pub(super) fn b64dec(values: &[Value]) -> Made {
    let strange = || RenderError::not_known("what is no base64 of a text");
    let bytes = STANDARD.decode(text(&values[0])?).map_err(|_| strange())?;
    let decoded = String::from_utf8(bytes).map_err(|_| strange())?;
    Ok(Value::text(decoded))
}
