//! What becomes a text (Go's `fmt` and `encoding/json`; sprig, `strings.go`,
//! `defaults.go`).

use crate::{RenderError, Value};

type Made = Result<Value, RenderError>;

/// Sprig's text of a value: of nothing, too (`strings.go`, `strval`).
pub(super) fn plain(value: &Value) -> Result<String, RenderError> {
    value.printed(true)
}

pub(super) fn to_string(values: &[Value]) -> Made {
    plain(&values[0]).map(Value::text)
}

/// Between two of which neither is a text there is a space.
pub(super) fn print(values: &[Value]) -> Made {
    let is_text = |value: &Value| matches!(value, Value::Text(_));
    let mut out = String::new();
    for (number, value) in values.iter().enumerate() {
        if number > 0 && !is_text(value) && !is_text(&values[number - 1]) {
            out.push(' ');
        }
        out += &plain(value)?;
    }
    Ok(Value::text(out))
}

/// `%s`, `%d`, `%v`, `%q` and `%%`, without widths.
pub(super) fn printf(values: &[Value]) -> Made {
    let format = super::text(&values[0])?;
    let mut rest = values[1..].iter();
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let verb = chars.next();
        if verb == Some('%') {
            out.push('%');
            continue;
        }
        let Some(value) = rest.next() else {
            return Err(RenderError::not_known(format!(
                "{format:?} and too few values"
            )));
        };
        match (verb, value) {
            (Some('s'), Value::Text(text)) => out += text,
            (Some('d'), Value::Int(number) | Value::Int64(number)) => out += &number.to_string(),
            (Some('v'), value) => out += &plain(value)?,
            (Some('q'), Value::Text(text)) => out += &quoted(text)?,
            (_, value) => {
                let kind = value.kind();
                return Err(RenderError::not_known(format!("{format:?} and a {kind}")));
            }
        }
    }
    match rest.next() {
        None => Ok(Value::text(out)),
        Some(_) => Err(RenderError::not_known(format!(
            "{format:?} and more values"
        ))),
    }
}

pub(super) fn quote(values: &[Value]) -> Made {
    each(values, |value| quoted(&plain(value)?))
}

pub(super) fn squote(values: &[Value]) -> Made {
    each(values, |value| Ok(format!("'{}'", plain(value)?)))
}

/// Those that are there.
fn each(values: &[Value], how: impl Fn(&Value) -> Result<String, RenderError>) -> Made {
    let there = values.iter().filter(|value| **value != Value::Nil);
    let all: Result<Vec<String>, _> = there.map(how).collect();
    Ok(Value::text(all?.join(" ")))
}

/// (`strconv.Quote`), of printable ASCII, tabs and ends of lines.
fn quoted(text: &str) -> Result<String, RenderError> {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out += "\\\"",
            '\\' => out += "\\\\",
            '\n' => out += "\\n",
            '\r' => out += "\\r",
            '\t' => out += "\\t",
            ' '..='~' => out.push(c),
            other => return Err(RenderError::not_known(format!("a text with {other:?}"))),
        }
    }
    out.push('"');
    Ok(out)
}

pub(super) fn to_json(values: &[Value]) -> Made {
    let mut out = String::new();
    json(&values[0], &mut out)?;
    Ok(Value::text(out))
}

fn json(value: &Value, out: &mut String) -> Result<(), RenderError> {
    match value {
        Value::Nil => *out += "null",
        Value::Bool(is) => *out += &is.to_string(),
        Value::Int(number) | Value::Int64(number) => *out += &number.to_string(),
        Value::Float(_) => *out += &plain(value)?,
        Value::Text(text) => json_text(text, out)?,
        Value::List(all) => {
            out.push('[');
            for (number, one) in all.iter().enumerate() {
                if number > 0 {
                    out.push(',');
                }
                json(one, out)?;
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (number, (key, one)) in map.entries.iter().enumerate() {
                if number > 0 {
                    out.push(',');
                }
                json_text(key, out)?;
                out.push(':');
                json(one, out)?;
            }
            out.push('}');
        }
        Value::NilOf(kind) | Value::Struct(kind, _) => {
            return Err(RenderError::not_known(format!("a {kind}")));
        }
        Value::Unknown(what) => return Err(RenderError::not_known(what.to_string())),
    }
    Ok(())
}

/// Go also escapes what HTML would take for its own, and two ends of lines.
fn json_text(text: &str, out: &mut String) -> Result<(), RenderError> {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => *out += "\\\"",
            '\\' => *out += "\\\\",
            '\n' => *out += "\\n",
            '\r' => *out += "\\r",
            '\t' => *out += "\\t",
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => *out += &format!("\\u{:04x}", c as u32),
            // How these are written is another thing in each release.
            '\0'..=' ' | '\u{7f}' if c != ' ' => {
                return Err(RenderError::not_known(format!("a text with {c:?}")));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    Ok(())
}
